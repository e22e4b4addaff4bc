// Gonum's mat package: the whole mini-batch as a matrix, float64.
package main

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"peers/mnist"
)

type network struct {
	weights, gradients  []*mat.Dense
	biases              [][]float64
	activations, deltas []*mat.Dense // one row an example
}

// hold makes room for m examples.
func (n *network) hold(m int) {
	n.activations, n.deltas = nil, nil
	for _, size := range mnist.Sizes[1:] {
		n.activations = append(n.activations, mat.NewDense(m, size, nil))
		n.deltas = append(n.deltas, mat.NewDense(m, size, nil))
	}
}

func (n *network) forward(in mat.Matrix) (out *mat.Dense) {
	for l, w := range n.weights {
		out = n.activations[l]
		out.Mul(in, w)
		for i := range out.RawMatrix().Rows {
			row := out.RawRowView(i)
			for j, b := range n.biases[l] {
				row[j] = 1 / (1 + math.Exp(-(row[j] + b)))
			}
		}
		in = out
	}
	return out
}

func (n *network) step(x *mat.Dense, targets []float64) {
	output, m := n.forward(x), float64(mnist.Batch)
	delta := n.deltas[2].RawMatrix().Data
	for k, a := range output.RawMatrix().Data {
		delta[k] = (a - targets[k]) * a * (1 - a)
	}
	for l := 2; l > 0; l-- {
		n.deltas[l-1].Mul(n.deltas[l], n.weights[l].T())
		delta := n.deltas[l-1].RawMatrix().Data
		for k, a := range n.activations[l-1].RawMatrix().Data {
			delta[k] *= a * (1 - a)
		}
	}
	for l, in := range append([]*mat.Dense{x}, n.activations[:2]...) {
		n.gradients[l].Mul(in.T(), n.deltas[l])
		n.gradients[l].Scale(mnist.Rate/m, n.gradients[l])
		n.weights[l].Sub(n.weights[l], n.gradients[l])
		for i := range mnist.Batch {
			for j, d := range n.deltas[l].RawRowView(i) {
				n.biases[l][j] -= mnist.Rate / m * d
			}
		}
	}
}

func main() {
	train, test := mnist.Load[float64]("train"), mnist.Load[float64]("t10k")
	r := rand.New(rand.NewPCG(1, 2))
	n := &network{}
	for l, c := range mnist.Sizes[1:] {
		inputs := mnist.Sizes[l]
		n.weights = append(n.weights, mat.NewDense(inputs, c, mnist.Weights[float64](r, inputs, c)))
		n.gradients = append(n.gradients, mat.NewDense(inputs, c, nil))
		n.biases = append(n.biases, make([]float64, c))
	}
	n.hold(mnist.Batch)
	x, targets := mat.NewDense(mnist.Batch, 784, nil), make([]float64, mnist.Batch*10)
	mnist.Say("gonum", "epoch s", mnist.Best(5, func() {
		mnist.Epoch(r, func(batch []int) {
			train.Copy(x.RawMatrix().Data, targets, batch)
			n.step(x, targets)
		})
	}))
	all := mat.NewDense(10000, 784, test.Pixels)
	n.hold(10000)
	mnist.Say("gonum", "accuracy after 5 %", test.Accuracy(n.forward(all).RawMatrix().Data))
	mnist.Say("gonum", "10,000 at once /s", 1e4/mnist.Best(10, func() { n.forward(all) }))
	n.hold(1)
	mnist.Say("gonum", "one prediction µs", mnist.Best(3, func() {
		for i := range 2000 {
			n.forward(all.Slice(i, i+1, 0, 784))
		}
	})/2000*1e6)
}
