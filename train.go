package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
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
	velocity *Network
	passes   []*pass // one for each core that takes part
	crew     *crew
	order    []int    // the examples of an epoch
	data     Examples // during an epoch
	batch    []int    // the mini-batch, a part of order

	// The two shares of a core in a mini-batch, as values that are made once:
	// each new one would be an allocation.
	learn, change func(core int)
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
// Cost is CrossEntropy and the output layer not Sigmoid, if two layers share
// parameters, and if s was used for another network, or one with layers of other
// sizes, before.
func (s *SGD) Epoch(n *Network, data Examples) (cost float64, err error) {
	if s.data != nil {
		panic("nn: SGD is in the middle of an epoch, need one SGD for each goroutine")
	}
	s.prepare(n, mustHaveSome(data))
	s.data = data
	defer func() { s.data, s.batch = nil, nil }()
	for i := range s.order {
		s.order[i] = i
	}
	if s.Rand != nil {
		s.Rand.Shuffle(len(s.order), func(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] })
	}
	s.crew = gather(len(s.passes))
	defer s.crew.dismiss()
	size, count := s.batchSize(), len(s.order)
	for first := 0; first < count; first += size {
		batch := s.order[first:min(first+size, count)]
		mean := s.gradient(batch)
		if !finite(mean) {
			return mean, fmt.Errorf("nn: the cost is %v, after %d of %d examples", mean, first, count)
		}
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

// gradient runs a mini-batch, given by the indices of its examples, forward and
// backward, each core its share of the examples, and returns their mean cost.
// What is left in the passes, activations and deltas, is the gradient in
// factors.
func (s *SGD) gradient(batch []int) (cost float64) {
	s.batch = batch
	s.crew.do(s.learn)
	for _, p := range s.passes {
		for _, c := range p.costs[:p.size] {
			cost += c / float64(len(batch))
		}
	}
	return cost
}

// learnShare is one core's share of gradient.
func (s *SGD) learnShare(core int) {
	share := (len(s.batch) + len(s.passes) - 1) / len(s.passes)
	from, to := min(core*share, len(s.batch)), min((core+1)*share, len(s.batch))
	s.passes[core].learn(s.net, s.data, s.batch[from:to], s.Cost)
}

// learn computes the activations, costs and deltas of some examples.
func (p *pass) learn(n *Network, data Examples, batch []int, cost Cost) {
	p.resize(len(batch))
	if images, ok := data.(*Images); ok {
		images.prefetch(batch)
	}
	for i, j := range batch {
		p.load(i, data, j)
	}
	p.forward(n)
	for i := range p.size {
		p.costs[i] = cost.of(p.output().Row(i), p.targets.Row(i))
	}
	p.backward(n, cost)
}

// backward computes every layer's Δ = ∂C/∂Z, the last one first. Row i is
// example i's.
//
//	Δ_L = (A_L − T) ⊙ σ′(Z_L)          cross-entropy: Δ_L = A_L − T
//	Δₗ = (Δₗ₊₁·Wₗ₊₁ᵀ) ⊙ σ′(Zₗ)
func (p *pass) backward(n *Network, cost Cost) {
	last := len(n.Layers) - 1
	cost.delta(p.deltas[last].Data, p.output().Data, p.targets.Data, n.last().Activation)
	for l := last; l > 0; l-- {
		n.Layers[l].backward(p.deltas[l-1], p.deltas[l], p.activations[l-1], n.Layers[l-1].Activation)
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
// Decay shrinks the weights first. Each core takes some rows of the weights and
// adds up the examples in their order, so that it does not matter how many
// cores there are.
func (s *SGD) update() { s.crew.do(s.change) }

// updateShare is one core's share of update.
func (s *SGD) updateShare(core int) {
	for l := range s.net.Layers {
		near := max(1, 1<<15/s.net.Layers[l].Weights.Cols) // rows that stay in a core's cache for the whole mini-batch
		lo, hi := s.cut(l, core), s.cut(l, core+1)
		for ; lo < hi; lo += near {
			s.updateRows(l, lo, min(lo+near, hi))
		}
	}
}

// cut returns the first row of layer l's weights that is not for the cores
// before this one. The first layer is cut where a share of the ink lies, on the
// average of some examples: most of it is in the middle.
func (s *SGD) cut(l, core int) int {
	rows, cores := s.net.Layers[l].Weights.Rows, len(s.passes)
	if l > 0 || core == 0 || core == cores {
		return rows * core / cores
	}
	const some = 16
	sum, n := 0, 0
	for i := range min(some, s.passes[0].size) {
		if index, _ := s.passes[0].input.ink.row(i); len(index) > 0 {
			sum += int(index[len(index)*core/cores])
			n++
		}
	}
	if n == 0 {
		return 0 // all black: nothing to share
	}
	return sum / n
}

// updateRows updates rows lo to hi of layer l's weights; with the first row go
// the biases.
func (s *SGD) updateRows(l, lo, hi int) {
	layer, m := s.net.Layers[l], len(s.batch)
	weights := layer.Weights.Data[lo*layer.Weights.Cols : hi*layer.Weights.Cols]
	if s.Decay > 0 {
		scale(weights, 1-s.Rate*s.Decay)
	}
	if s.velocity == nil {
		s.addGradient(layer, -s.Rate/float64(m), l, lo, hi)
		return
	}
	v := s.velocity.Layers[l]
	velocity := v.Weights.Data[lo*v.Weights.Cols : hi*v.Weights.Cols]
	scale(velocity, s.Momentum)
	if lo == 0 {
		scale(v.Biases, s.Momentum)
	}
	s.addGradient(v, 1/float64(m), l, lo, hi)
	add(weights, -s.Rate, velocity)
	if lo == 0 {
		add(layer.Biases, -s.Rate, v.Biases)
	}
}

// addGradient adds c times the gradient of layer l, summed over the mini-batch,
// to rows lo to hi of to: W += c·Aₗ₋₁ᵀ·Δₗ and, with the first row, b += c·ΣΔₗ.
func (s *SGD) addGradient(to *Layer, c float64, l, lo, hi int) {
	for _, p := range s.passes {
		in := p.input
		if l > 0 {
			in = p.activations[l-1]
		}
		to.Weights.addTMul(c, in, p.deltas[l], lo, hi)
		if lo == 0 {
			for i := range p.size {
				add(to.Biases, c, p.deltas[l].Row(i))
			}
		}
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
	case s.passes != nil && !s.passes[0].fits(n):
		panic("nn: the sizes of the network's layers have changed since this SGD first trained it")
	}
	if s.net == nil {
		mustNotShare(n)
	}
	s.self, s.net = s, n
	s.learn, s.change = s.learnShare, s.updateShare
	cores, size := 1, min(s.batchSize(), count)
	if size*n.Parameters() >= worthSharing {
		cores = min(runtime.GOMAXPROCS(0), size)
	}
	if share := (size + cores - 1) / cores; len(s.passes) != cores || cap(s.passes[0].costs) < share {
		s.passes = nil
		for range cores {
			s.passes = append(s.passes, newPass(n, share).forTraining())
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

// mustNotShare panics if layers share parameters: cores update them at once.
func mustNotShare(n *Network) {
	owner := map[*float64]int{}
	for i, l := range n.Layers {
		for _, p := range []*float64{&l.Weights.Data[0], &l.Biases[0]} {
			if other, shared := owner[p]; shared {
				panic(fmt.Sprintf("nn: layers %d and %d share parameters", other, i))
			}
			owner[p] = i
		}
	}
}

func (s *SGD) batchSize() int {
	if s.Batch == 0 {
		return 10
	}
	return s.Batch
}

// worthSharing is the number of weights, times examples in a mini-batch, from
// which several cores are faster than one in spite of having to meet twice.
const worthSharing = 1 << 20
