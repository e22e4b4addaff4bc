package nn

// A miniBatch is the data that flows through a network: m examples, forward and
// back. Row i of each matrix belongs to example i and depends on no other row,
// so several cores can work on one mini-batch, each on rows of its own.
type miniBatch struct {
	data     Examples
	examples []int // the numbers of the m examples

	inputs      []sparseRow // A₀, m×784
	targets     *Matrix     // T, m×10
	activations []*Matrix   // A₁ … A_L: m×16, m×16, m×10
	deltas      []*Matrix   // Δ₁ … Δ_L, of the same shapes
	costs       []float64   // C of each example

	// The elements of the inputs, those of a piece back to back, so that the update
	// reads them faster.
	index []int32
	value []float64

	division // of the work
}

// newMiniBatch returns a mini-batch with the capacity for m examples.
func newMiniBatch(n *Network, m int) *miniBatch {
	b := &miniBatch{
		inputs:  make([]sparseRow, m),
		targets: NewMatrix(m, n.outputs()),
		costs:   make([]float64, m),
		index:   make([]int32, m*n.inputs()),
		value:   make([]float64, m*n.inputs()),
	}
	for i := range b.inputs {
		b.inputs[i].cols = n.inputs()
	}
	for _, l := range n.Layers {
		b.activations = append(b.activations, NewMatrix(m, len(l.Biases)))
		b.deltas = append(b.deltas, NewMatrix(m, len(l.Biases)))
	}
	return b
}

// fits reports whether the mini-batch was made for layers of n's sizes.
func (b *miniBatch) fits(n *Network) bool {
	if len(b.activations) != len(n.Layers) || b.inputs[0].cols != n.inputs() {
		return false
	}
	for i, l := range n.Layers {
		if b.activations[i].Cols != len(l.Biases) {
			return false
		}
	}
	return true
}

// set points the mini-batch at examples of data, which must fit its capacity.
func (b *miniBatch) set(n *Network, data Examples, examples []int) {
	m := len(examples)
	b.data, b.examples = data, examples
	b.inputs, b.costs = b.inputs[:m], b.costs[:m]
	for _, matrices := range [...][]*Matrix{{b.targets}, b.activations, b.deltas} {
		for _, x := range matrices {
			x.Rows, x.Data = m, x.Data[:m*x.Cols]
		}
	}
	b.divide(n, m)
}

// output returns A_L.
func (b *miniBatch) output() *Matrix { return b.activations[len(b.activations)-1] }

// load reads examples lo to hi, hi excluded.
func (b *miniBatch) load(lo, hi int) {
	if images, ok := b.data.(*Images); ok {
		images.prefetch(b.examples[lo:hi])
	}
	at := lo * b.inputs[lo].cols
	for i := lo; i < hi; i++ {
		input, target := &b.inputs[i], b.targets.Row(i)
		input.index, input.value = b.index[at:at], b.value[at:at]
		switch data := b.data.(type) {
		case *Images:
			data.readSparse(b.examples[i], input, target)
		case Distorted:
			data.readSparse(b.examples[i], input, target)
		default:
			index, value := input.full()
			data.Example(b.examples[i], value, target)
			input.cut(compress(index, value, value, 0))
		}
		input.divide(b.blockSize)
		at += len(input.index)
	}
}

// forward computes A₁ … A_L of rows lo to hi, hi excluded.
func (b *miniBatch) forward(n *Network, lo, hi int) {
	for i, l := range n.Layers {
		out := b.activations[i].rows(lo, hi)
		if i == 0 {
			l.forwardSparse(out, b.inputs[lo:hi])
		} else {
			l.forward(out, b.activations[i-1].rows(lo, hi))
		}
	}
}

// measure computes the costs of rows lo to hi, hi excluded.
func (b *miniBatch) measure(n *Network, cost Cost, lo, hi int) {
	σ := n.last().Activation
	for i := lo; i < hi; i++ {
		cost.mustAllow(b.targets.Row(i), b.examples[i], σ)
		b.costs[i] = cost.of(b.output().Row(i), b.targets.Row(i), σ)
	}
}

// backward computes Δ_L … Δ₁ of rows lo to hi, hi excluded.
func (b *miniBatch) backward(n *Network, cost Cost, lo, hi int) {
	last := len(n.Layers) - 1
	output, target := b.activations[last].rows(lo, hi), b.targets.rows(lo, hi)
	cost.delta(b.deltas[last].rows(lo, hi).Data, output.Data, target.Data, n.Layers[last].Activation)
	for i := last; i > 0; i-- {
		in, before := b.activations[i-1].rows(lo, hi), n.Layers[i-1].Activation
		n.Layers[i].backward(b.deltas[i-1].rows(lo, hi), b.deltas[i].rows(lo, hi), in, before)
	}
}
