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
//	CrossEntropy  C = −Σⱼ tⱼ·ln aⱼ + (1−tⱼ)·ln(1−aⱼ)
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
// An SGD belongs to the network it first trained, remembers its velocity and
// keeps its room for the work; it must not be copied once used, nor used by
// two goroutines at once.
type SGD struct {
	Rate     float64    // η, the length of a step. 0 learns nothing, so that a falling rate may end there
	Batch    int        // m, the examples in a mini-batch. 0 means 10
	Momentum float64    // μ, the share of the last step that the next one repeats, from 0 to below 1
	Decay    float64    // λ, how fast weights shrink: W −= η·λ·W at each step. Biases do not
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
//	for epoch := range 30 {
//		sgd.Rate = 0.5 * float64(30-epoch) / 30
//		cost, err := sgd.Epoch(net, train)
//		…
//	}
//
// If the cost is no longer a finite number Epoch returns an error before it
// makes that update: the rate is too high, or the data or the network already
// contains such a number.
//
// Same seed, same build, same machine: the same bits, whatever GOMAXPROCS is.
//
// Epoch panics if there is no example or an example does not fit the network,
// if a field of s is out of its range (Rate, Decay: finite, 0 or more), if
// Cost is CrossEntropy and the output layer not Sigmoid, and if s was used for
// another network before.
func (s *SGD) Epoch(n *Network, data Examples) (cost float64, err error) {
	s.prepare(n, mustHaveSome(data))
	for i := range s.order {
		s.order[i] = i
	}
	if s.Rand != nil {
		s.Rand.Shuffle(len(s.order), func(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] })
	}
	size, sum := s.batch(), 0.0
	for first := 0; first < len(s.order); first += size {
		batch := s.order[first:min(first+size, len(s.order))]
		cost, err := s.step(data, batch)
		if err != nil {
			return cost, fmt.Errorf("%w, after %d of %d examples", err, first, len(s.order))
		}
		sum += cost * float64(len(batch))
	}
	return sum / float64(len(s.order)), nil
}

// step makes one update from the mean gradient of a mini-batch, given by the
// indices of its examples, and returns their mean cost before it.
func (s *SGD) step(data Examples, batch []int) (cost float64, err error) {
	p := s.pass
	s.resize(len(batch))
	for i, j := range batch {
		p.load(i, data, j)
	}
	p.forward(s.net)
	for i := range p.size {
		cost += s.Cost.of(p.output().Row(i), p.targets.Row(i))
	}
	cost /= float64(p.size)
	if math.IsNaN(cost) || math.IsInf(cost, 0) {
		return cost, fmt.Errorf("nn: the cost is %v", cost)
	}
	s.backward()
	s.update()
	return cost, nil
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
//	Wₗ −= η/m · Aₗ₋₁ᵀ·Δₗ         bₗ −= η/m · ΣΔₗ
//
// Without momentum no gradient is ever stored. With it, the step V is:
//
//	V = μ·V − η/m · Aₗ₋₁ᵀ·Δₗ     Wₗ += V
func (s *SGD) update() {
	p := s.pass
	c := -s.Rate / float64(p.size)
	in := p.input
	for i, l := range s.net.Layers {
		if s.Decay > 0 {
			scale(l.Weights.Data, 1-s.Rate*s.Decay)
		}
		to := l
		if s.velocity != nil {
			to = s.velocity.Layers[i]
			scale(to.Weights.Data, s.Momentum)
			scale(to.Biases, s.Momentum)
		}
		to.Weights.AddTMul(c, in, s.deltas[i])
		for j := range s.deltas[i].Rows {
			add(to.Biases, c, s.deltas[i].Row(j))
		}
		if s.velocity != nil {
			add(l.Weights.Data, 1, to.Weights.Data)
			add(l.Biases, 1, to.Biases)
		}
		in = p.activations[i]
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
	}
	s.self, s.net = s, n
	if size := min(s.batch(), count); s.pass == nil || s.pass.targets.Cols != n.outputs() || cap(s.pass.targets.Data) < size*n.outputs() {
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
