package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Cost measures how far an output a is from its target t: 0 for a perfect
// answer, more the worse it is. Learning is making the mean cost small.
type Cost uint8

// The cost functions, for one example, summed over its outputs j. The zero
// value is Quadratic.
//
//	Quadratic     C = ½ Σⱼ (aⱼ−tⱼ)²
//	CrossEntropy  C = −Σⱼ [tⱼ·ln aⱼ + (1−tⱼ)·ln(1−aⱼ)]
//
// CrossEntropy goes with a [Sigmoid] output layer and targets from 0 to 1. A
// wrong answer costs it more, and its delta lacks the sigmoid's slope, so that
// a neuron that is sure and wrong learns fast instead of slowly (Nielsen,
// Neural Networks and Deep Learning, chapter 3). Where a sigmoid is rounded to
// 0 or 1, a logarithm counts as −100 and not as −∞, as in PyTorch's BCELoss.
const (
	Quadratic Cost = iota
	CrossEntropy
)

// of returns the cost of output a for target t.
func (c Cost) of(a, t []float64) float64 {
	t = t[:len(a)]
	sum := 0.0
	if c == Quadratic {
		for j := range a {
			sum += (a[j] - t[j]) * (a[j] - t[j])
		}
		return sum / 2
	}
	for j := range a {
		sum -= t[j]*max(-100, math.Log(a[j])) + (1-t[j])*max(-100, math.Log(1-a[j]))
	}
	return sum
}

// delta sets delta = ∂C/∂z, how the cost changes with the weighted sums z of
// the output layer: (a−t) ⊙ σ′(z), or a−t alone for cross-entropy, where the
// slope cancels against the logarithms'.
func (c Cost) delta(delta, a, t []float64, σ Activation) {
	delta, t = delta[:len(a)], t[:len(a)]
	for j := range a {
		delta[j] = a[j] - t[j]
	}
	if c == Quadratic {
		σ.mulSlope(delta, a)
	}
}

func (c Cost) mustSuit(n *Network) {
	if c > CrossEntropy {
		panic(fmt.Sprintf("nn: cost %d, need Quadratic or CrossEntropy", c))
	}
	if c == CrossEntropy && n.last().Activation != Sigmoid {
		panic(fmt.Sprintf("nn: CrossEntropy needs a sigmoid output layer, this one is %v", n.last().Activation))
	}
}

// SGD trains a network by stochastic gradient descent: it looks at a few
// examples, a mini-batch, and moves every parameter a small step in the
// direction in which their mean cost falls most steeply. The fields may be
// changed between epochs.
//
// An SGD belongs to the network it first trained, with the layers that it had
// then: it remembers their velocity and keeps its room for the work, 12 bytes
// for each input of each example of a mini-batch. It must not be copied once
// used, nor used by two goroutines at once.
type SGD struct {
	Rate     float64    // η, the length of a step. 0 learns nothing, so that a falling rate may end there
	Batch    int        // m, the examples in a mini-batch. 0 means 10
	Momentum float64    // μ, the share of the velocity that lasts from step to step, from 0 to below 1
	Decay    float64    // λ, how fast weights shrink: W −= η·λ·W at each step. η·λ is to be far below 1. Biases do not shrink
	Cost     Cost       // Quadratic unless set
	Rand     *rand.Rand // shuffles the examples before each epoch. nil: they come in their order

	self     *SGD
	net      *Network // the network that the rest belongs to
	pass     *pass
	deltas   []*Matrix // Δ₁ … Δ_L, of the shapes of the activations
	velocity *Network
	order    []int // the examples of an epoch
}

// Epoch makes one pass over all examples in mini-batches, the last of which
// may be smaller, and returns the mean cost of an example, measured before
// the update that it led to. Decay is not part of it. The loop around it is
// the caller's, and the place for schedules, progress, cancellation and early
// stopping:
//
//	sgd := &nn.SGD{Batch: 10, Cost: nn.CrossEntropy, Rand: r}
//	for epoch := range 30 {
//		sgd.Rate = 0.5 * float64(30-epoch) / 30 // for sigmoid layers
//		cost, err := sgd.Epoch(net, train)
//		…
//	}
//
// If the cost is no longer a finite number Epoch returns an error before it
// makes that update: the rate is too high, or the data or the network already
// contains such a number. It also returns an error if an update, the last one
// perhaps, has left such a number in the network.
//
// Same seed, same build, same machine: the same bits, whatever GOMAXPROCS is.
//
// Epoch panics if there is no example or an example does not fit the network,
// if a field of s is out of its range (Rate, Decay: finite, 0 or more), if
// Cost is CrossEntropy and the output layer not Sigmoid, and if s was used for
// another network, or one with layers of other sizes, before.
func (s *SGD) Epoch(n *Network, data Examples) (cost float64, err error) {
	s.prepare(n, mustHaveSome(data))
	for i := range s.order {
		s.order[i] = i
	}
	if s.Rand != nil {
		s.Rand.Shuffle(len(s.order), func(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] })
	}
	size, count := s.batch(), len(s.order)
	for first := 0; first < count; first += size {
		batch := s.order[first:min(first+size, count)]
		mean := s.forward(data, batch)
		if !finite(mean) {
			return mean, fmt.Errorf("nn: the cost is %v, after %d of %d examples", mean, first, count)
		}
		s.backward()
		s.update()
		cost += mean * (float64(len(batch)) / float64(count))
	}
	for i, l := range n.Layers {
		for _, parameters := range [][]float64{l.Weights.Data, l.Biases} {
			for _, v := range parameters {
				if !finite(v) {
					return cost, fmt.Errorf("nn: a parameter of layer %d is %v, after the %d examples", i, v, count)
				}
			}
		}
	}
	return cost, nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// forward runs a mini-batch, given by the indices of its examples, through the
// network and returns the mean cost of an example.
func (s *SGD) forward(data Examples, batch []int) (cost float64) {
	p := s.pass
	s.resize(len(batch))
	if images, ok := data.(*Images); ok {
		images.prefetch(batch)
	}
	for i, j := range batch {
		p.load(i, data, j)
	}
	p.forward(s.net)
	for i := range p.size {
		cost += s.Cost.of(p.output().Row(i), p.targets.Row(i)) / float64(p.size)
	}
	return cost
}

// backward computes every layer's Δ = ∂C/∂Z, the last one first. Row i is
// example i's.
//
//	Δ_L = (A_L − T) ⊙ σ′(Z_L)          cross-entropy: Δ_L = A_L − T
//	Δₗ = (Δₗ₊₁·Wₗ₊₁ᵀ) ⊙ σ′(Zₗ)
func (s *SGD) backward() {
	p, layers := s.pass, s.net.Layers
	last := len(layers) - 1
	s.Cost.delta(s.deltas[last].Data, p.output().Data, p.targets.Data, layers[last].Activation)
	for l := last; l > 0; l-- {
		layers[l].backward(s.deltas[l-1], s.deltas[l], p.activations[l-1], layers[l-1].Activation)
	}
}

// update moves the parameters against the gradient, whose parts are products
// of what went forward and what came back:
//
//	Wₗ −= η/m · Aₗ₋₁ᵀ·Δₗ            bₗ −= η/m · ΣΔₗ
//
// Without momentum no gradient is ever stored. With it, a velocity V adds up
// gradients old and new, and v does the same for the biases:
//
//	V = μ·V + 1/m · Aₗ₋₁ᵀ·Δₗ        Wₗ −= η·V
//
// Decay shrinks the weights first.
func (s *SGD) update() {
	p := s.pass
	in := p.input
	for i, l := range s.net.Layers {
		if s.Decay > 0 {
			scale(l.Weights.Data, 1-s.Rate*s.Decay)
		}
		if s.velocity == nil {
			l.descend(-s.Rate/float64(p.size), in, s.deltas[i])
		} else {
			v := s.velocity.Layers[i]
			scale(v.Weights.Data, s.Momentum)
			scale(v.Biases, s.Momentum)
			v.descend(1/float64(p.size), in, s.deltas[i])
			add(l.Weights.Data, -s.Rate, v.Weights.Data)
			add(l.Biases, -s.Rate, v.Biases)
		}
		in = p.activations[i]
	}
}

// descend adds c times the gradient, summed over the mini-batch: W += c·inᵀ·Δ
// and b += c·ΣΔ.
func (l *Layer) descend(c float64, in, delta *Matrix) {
	l.Weights.AddTMul(c, in, delta)
	for i := range delta.Rows {
		add(l.Biases, c, delta.Row(i))
	}
}

// scale multiplies x by c.
func scale(x []float64, c float64) {
	for i := range x {
		x[i] *= c
	}
}

// add adds c·y to x.
func add(x []float64, c float64, y []float64) {
	y = y[:len(x)]
	for i := range x {
		x[i] += c * y[i]
	}
}

// prepare checks s and makes room for an epoch over count examples.
func (s *SGD) prepare(n *Network, count int) {
	n.check()
	s.Cost.mustSuit(n)
	switch {
	case !(s.Rate >= 0) || math.IsInf(s.Rate, 1):
		panic(fmt.Sprintf("nn: SGD.Rate is %v, need a finite number from 0", s.Rate))
	case !(s.Decay >= 0) || math.IsInf(s.Decay, 1):
		panic(fmt.Sprintf("nn: SGD.Decay is %v, need a finite number from 0", s.Decay))
	case !(s.Momentum >= 0 && s.Momentum < 1):
		panic(fmt.Sprintf("nn: SGD.Momentum is %v, need from 0 to below 1", s.Momentum))
	case s.Batch < 0:
		panic(fmt.Sprintf("nn: SGD.Batch is %d, need 1 or more, or 0 for 10", s.Batch))
	case s.self != nil && s.self != s:
		panic("nn: SGD was copied after its first use")
	case s.net != nil && s.net != n:
		panic("nn: SGD trained another network before, need one for each")
	case s.pass != nil && !s.pass.fits(n):
		panic("nn: the sizes of the network's layers have changed since this SGD first trained it")
	}
	s.self, s.net = s, n
	if size := min(s.batch(), count); s.pass == nil || cap(s.pass.targets.Data) < size*n.outputs() {
		s.pass = newPass(n, size)
		s.deltas = nil
		for _, a := range s.pass.activations {
			s.deltas = append(s.deltas, NewMatrix(size, a.Cols))
		}
	}
	if s.Momentum == 0 {
		s.velocity = nil
	} else if s.velocity == nil {
		s.velocity = n.Clone()
		for _, l := range s.velocity.Layers {
			clear(l.Weights.Data)
			clear(l.Biases)
		}
	}
	if len(s.order) != count {
		s.order = make([]int, count)
	}
}

func (s *SGD) batch() int {
	if s.Batch == 0 {
		return 10
	}
	return s.Batch
}

// resize makes the room for a mini-batch one for m examples.
func (s *SGD) resize(m int) {
	s.pass.resize(m)
	for _, d := range s.deltas {
		setRows(d, m)
	}
}
