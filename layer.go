package nn

// Layer is a layer of neurons and the wires that lead into it. With n inputs
// and c neurons:
//
//	a' = σ(a·W + b)
type Layer struct {
	Weights    *Matrix    // W, n×c: row i holds the strengths of the wires that leave input i
	Biases     []float64  // b, one for each neuron: the negative of its threshold
	Activation Activation // σ
}

// forward computes the activations of a mini-batch of m examples from those
// of the layer before: out = σ(in·W + b), in m×n, out m×c, the biases added
// to every row.
func (l *Layer) forward(out, in *Matrix) {
	out.Mul(in, l.Weights)
	for i := range out.Rows {
		z := out.Row(i)
		for j, b := range l.Biases {
			z[j] += b
		}
	}
	l.Activation.squash(out.Data)
}

// backward carries the error over the wires back to the layer before, whose
// activations are in: deltaIn = (delta·Wᵀ) ⊙ σ′, delta m×c, deltaIn m×n. The
// slope σ′ is that of the layer before, below.
func (l *Layer) backward(deltaIn, delta, in *Matrix, below Activation) {
	deltaIn.MulT(delta, l.Weights)
	below.mulSlope(deltaIn.Data, in.Data)
}
