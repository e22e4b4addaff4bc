package nn

import "fmt"

// Layer is a layer of c neurons with n inputs each:
//
//	a' = σ(a·W + b)
type Layer struct {
	Weights    *Matrix    // W, n×c: column j holds the weights of neuron j
	Biases     []float64  // b, one per neuron
	Activation Activation // σ
}

// forward computes the activations of m examples from those of the layer
// before: out = σ(in·W + b), for in of m×n and out of m×c.
func (l *Layer) forward(out, in *Matrix) {
	out.Mul(in, l.Weights)
	l.activate(out)
}

// forwardSparse is forward for the first layer, whose inputs are sparse.
func (l *Layer) forwardSparse(out *Matrix, in []sparseRow) {
	out.mulSparse(in, l.Weights)
	l.activate(out)
}

// forwardInput is forward for a single input of the network, which is dense but
// usually full of zeros.
func (l *Layer) forwardInput(out, in *Matrix) {
	if len(l.Biases) != l.Weights.Cols {
		panic(fmt.Sprintf("nn: layer of %d neurons with %d biases", l.Weights.Cols, len(l.Biases)))
	}
	mulRow(out.Data, in.Data, l.Weights)
	l.activate(out)
}

// activate adds the biases to each row of z and applies σ.
func (l *Layer) activate(z *Matrix) {
	for i := range z.Rows {
		row := z.Row(i)
		for j, b := range l.Biases {
			row[j] += b
		}
	}
	l.Activation.apply(z)
}

// backward carries the deltas of m examples back to the layer before: in are
// that layer's activations, before is its activation function.
//
//	deltaIn = (delta·Wᵀ) ⊙ σ′, for delta of m×c and deltaIn of m×n
func (l *Layer) backward(deltaIn, delta, in *Matrix, before Activation) {
	deltaIn.mulT(delta, l.Weights)
	before.mulDerivative(deltaIn.Data, in.Data)
}
