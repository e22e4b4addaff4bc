package nn

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
)

// SGD trains a network by stochastic gradient descent: it takes a few examples,
// a mini-batch, and moves every parameter a small step in the direction in
// which their mean cost falls most steeply. The fields may be changed between
// epochs.
//
// An SGD belongs to the network of its first step: it keeps the velocity of its
// parameters, and buffers of 12 bytes per input and example of a mini-batch. It
// must not be copied after its first use, nor used by two goroutines at once.
type SGD struct {
	Rate     float64    // η, the learning rate. It may fall to 0, where nothing changes, but must begin above
	Batch    int        // m, the number of examples in a mini-batch. 0 means 10
	Momentum float64    // μ, the part of the velocity that is kept at each step, from 0 to below 1
	Decay    float64    // λ: weights, but not biases, shrink by η·λ·W at each step. η·λ must be far below 1
	Cost     Cost       // Quadratic unless set
	Rand     *rand.Rand // shuffles the examples before each epoch. If nil, a source of a fixed seed does

	noCopy   noCopy
	net      *Network   // the network it belongs to
	velocity *Network   // V, nil without momentum
	fixed    *rand.Rand // shuffles where Rand is nil
	order    []int      // of the examples in an epoch
	batch    *miniBatch // the current one
	workers  workers

	// The two phases of a step, bound once so that a step allocates nothing.
	backpropagation, descent func(piece int)
}

// A noCopy makes go vet report copies of the struct that contains it.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

// Epoch takes one [SGD.Step] for each mini-batch of the examples, the last of
// which may be smaller. It returns the mean cost over the examples, each measured
// before its mini-batch's step; Decay is not part of it. The loop over epochs
// is the caller's, and the place for schedules, progress and early stopping:
//
//	sgd := &nn.SGD{Batch: 10, Cost: nn.CrossEntropy, Rand: r}
//	for epoch := range 30 {
//		sgd.Rate = 0.5 * float64(30-epoch) / 30 // for sigmoid layers
//		cost, err := sgd.Epoch(net, train)
//		…
//	}
//
// Epoch returns an error when Step does, and if a parameter is not a finite
// number after the last step. It panics if there is no example, and where Step
// does.
//
// Same seed, same build, same machine: the same bits, whatever GOMAXPROCS is.
func (s *SGD) Epoch(n *Network, data Examples) (cost float64, err error) {
	count := mustHaveSome(data)
	if s.Batch < 0 {
		panic(fmt.Sprintf("nn: SGD.Batch is %d, need 1 or more, or 0 for 10", s.Batch))
	}
	size, order := cmp.Or(s.Batch, 10), s.shuffle(count)
	for first := 0; first < count; first += size {
		batch := order[first:min(first+size, count)]
		mean, err := s.Step(n, data, batch)
		if err != nil {
			return mean, fmt.Errorf("%w, after %d of %d examples", err, first, count)
		}
		cost += mean * (float64(len(batch)) / float64(count))
	}
	if layer, v := n.notFinite(); layer >= 0 {
		return cost, fmt.Errorf("nn: a parameter of layer %d is %v, after %d of %d examples", layer, v, count, count)
	}
	return cost, nil
}

// shuffle returns the numbers of the examples in the random order of an epoch.
func (s *SGD) shuffle(count int) []int {
	if len(s.order) != count {
		s.order = make([]int, count)
	}
	for i := range s.order {
		s.order[i] = i
	}
	if s.fixed == nil {
		s.fixed = rand.New(rand.NewPCG(1, 2))
	}
	cmp.Or(s.Rand, s.fixed).Shuffle(count, func(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] })
	return s.order
}

// Step takes one step of gradient descent with a mini-batch: the examples of
// data that batch lists by their numbers, in an order of the caller's. It returns
// their mean cost before the step.
//
// If the cost is not a finite number Step changes nothing and returns an error:
// the learning rate is too high, or the data or the network already contains
// such a number. An infinite input, or a rate that is too high, can leave
// parameters that are not finite without an error; Epoch looks for them.
//
// Step panics if batch is empty, if Example does (for an example that is not there, or
// does not fit the network), if a field of s is out of its range (Rate, Decay: finite,
// 0 or more), if Rate is 0 at the first step, if the Cost or a target does not suit
// the output layer (see [Cost] and [Activation]), and if s belongs to another
// network, or to this one with layers of other sizes.
func (s *SGD) Step(n *Network, data Examples, batch []int) (cost float64, err error) {
	s.prepare(n, data, batch)
	b := s.batch
	s.workers.do(b.cores, (len(batch)+pieceSize-1)/pieceSize, s.backpropagation) // forward, cost, backward
	for _, c := range b.costs {
		cost += c / float64(len(batch))
	}
	if !finite(cost) {
		return cost, fmt.Errorf("nn: the cost is %v: the learning rate is too high, or the data or the network contains such a number", cost)
	}
	s.workers.do(b.cores, len(b.blocks), s.descent) // W −= η/m·AᵀΔ, b −= η/m·ΣΔ
	return cost, nil
}

const pieceSize = 32 // examples

// backpropagate computes the activations, costs and deltas of a piece of the
// mini-batch:
//
//	forward    Aₗ = σ(Aₗ₋₁·Wₗ + bₗ)
//	output     Δ_L = (A_L − T) ⊙ σ′(Z_L)          cross-entropy: Δ_L = A_L − T
//	backward   Δₗ = (Δₗ₊₁·Wₗ₊₁ᵀ) ⊙ σ′(Zₗ)
func (s *SGD) backpropagate(piece int) {
	b, lo := s.batch, piece*pieceSize
	hi := min(lo+pieceSize, len(b.examples))
	b.load(lo, hi)
	b.forward(s.net, lo, hi)
	b.measure(s.net, s.Cost, lo, hi)
	b.backward(s.net, s.Cost, lo, hi)
}

// descend moves a block of a layer's parameters against their gradient:
//
//	W −= η/m · Aᵀ·Δ            b −= η/m · ΣΔ
//
// A is m×n, the activations of the layer before; Δ is m×c. The gradient itself
// is never stored. With momentum, a velocity V adds up the gradients of past
// steps and of this one:
//
//	V = μ·V + 1/m · Aᵀ·Δ       W −= η·V
//
// A row of weights belongs to one block, which adds the examples in their
// order: the result does not depend on how the rows are divided. The code counts
// layers from 0: activations[l-1] is the input of layer l.
func (s *SGD) descend(piece int) {
	block := s.batch.blocks[piece]
	l, lo, hi := block.layer, block.lo, block.hi
	layer, delta, m := s.net.Layers[l], s.batch.deltas[l], float64(len(s.batch.examples))
	weights := layer.Weights.rows(lo, hi).Data
	scale(weights, 1-s.Rate*s.Decay)
	into, c := layer, -s.Rate/m // c·Aᵀ·Δ is added to the weights, or to their velocity
	if s.velocity != nil {
		into, c = s.velocity.Layers[l], 1/m
		scale(into.Weights.rows(lo, hi).Data, s.Momentum)
	}
	if l == 0 {
		into.Weights.addTMulSparse(c, s.batch.inputs, delta, block.number)
	} else {
		into.Weights.addTMul(c, s.batch.activations[l-1], delta, lo, hi)
	}
	if s.velocity != nil {
		add(weights, -s.Rate, into.Weights.rows(lo, hi).Data)
	}
	if lo == 0 {
		s.descendBiases(layer, into, c, delta)
	}
}

// descendBiases does for all biases of a layer what descend does for weights.
func (s *SGD) descendBiases(layer, into *Layer, c float64, delta *Matrix) {
	if s.velocity != nil {
		scale(into.Biases, s.Momentum)
	}
	for i := range delta.Rows {
		add(into.Biases, c, delta.Row(i))
	}
	if s.velocity != nil {
		add(layer.Biases, -s.Rate, into.Biases)
	}
}

// scale multiplies x by c.
func scale(x []float64, c float64) {
	if c == 1 {
		return
	}
	for i := range x {
		x[i] *= c
	}
}

// prepare checks the arguments of a step and makes what it needs.
func (s *SGD) prepare(n *Network, data Examples, batch []int) {
	s.check(n, data, batch)
	if s.net == nil {
		s.net, s.backpropagation, s.descent = n, s.backpropagate, s.descend
	}
	if s.batch == nil || len(batch) > cap(s.batch.costs) {
		s.batch = newMiniBatch(n, len(batch))
	}
	s.batch.set(n, data, batch)
	if s.Momentum == 0 {
		s.velocity = nil
	} else if s.velocity == nil {
		s.velocity = n.Clone()
		for _, l := range s.velocity.Layers {
			clear(l.Weights.Data)
			clear(l.Biases)
		}
	}
}

func (s *SGD) check(n *Network, data Examples, batch []int) {
	n.check()
	s.Cost.mustSuit(n)
	switch {
	case !(s.Rate >= 0) || math.IsInf(s.Rate, 1):
		panic(fmt.Sprintf("nn: SGD.Rate is %v, need a finite number from 0", s.Rate))
	case !(s.Decay >= 0) || math.IsInf(s.Decay, 1):
		panic(fmt.Sprintf("nn: SGD.Decay is %v, need a finite number from 0", s.Decay))
	case !(s.Momentum >= 0 && s.Momentum < 1):
		panic(fmt.Sprintf("nn: SGD.Momentum is %v, need from 0 to below 1", s.Momentum))
	case s.Rate == 0 && s.net == nil:
		panic("nn: SGD.Rate is 0 at the first step, need above 0 to learn anything")
	case data == nil:
		panic("nn: the examples are nil, need at least 1")
	case len(batch) == 0:
		panic("nn: mini-batch of 0 examples, need at least 1")
	case s.net != nil && s.net != n:
		panic("nn: SGD belongs to another network, need one SGD for each")
	case s.batch != nil && !s.batch.fits(n):
		panic("nn: the sizes of the network's layers have changed since the first step of this SGD")
	}
}
