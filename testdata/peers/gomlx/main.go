// GoMLX with its backend in pure Go, float32: the gradient by its automatic
// differentiation, a mini-batch and all parameters in, the new parameters out.
package main

import (
	"math/rand/v2"

	"github.com/gomlx/gomlx/backends/simplego"
	. "github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"peers/mnist"
)

// forward takes x and the weights and biases of each layer in turn.
func forward(nodes []*Node) *Node {
	a := nodes[0]
	for p := nodes[1:]; len(p) > 0; p = p[2:] {
		a = Sigmoid(Add(Dot(a, p[0]), p[1]))
	}
	return a
}

// step takes the targets and what forward takes, and returns the new parameters.
func step(nodes []*Node) []*Node {
	targets, nodes := nodes[0], nodes[1:]
	cost := DivScalar(ReduceAllSum(Square(Sub(forward(nodes), targets))), 2*float64(mnist.Batch))
	parameters := nodes[1:]
	var updated []*Node
	for i, gradient := range Gradient(cost, parameters...) {
		updated = append(updated, Sub(parameters[i], MulScalar(gradient, mnist.Rate)))
	}
	return updated
}

func main() {
	backend, err := simplego.New("ops_sequential,dotgeneral_small") // its fastest way here, on one thread
	if err != nil {
		panic(err)
	}
	train, test := mnist.Load[float32]("train"), mnist.Load[float32]("t10k")
	r := rand.New(rand.NewPCG(1, 2))
	var parameters []*tensors.Tensor
	for l, c := range mnist.Sizes[1:] {
		n := mnist.Sizes[l]
		parameters = append(parameters,
			tensors.FromFlatDataAndDimensions(mnist.Weights[float32](r, n, c), n, c),
			tensors.FromFlatDataAndDimensions(make([]float32, c), 1, c))
	}
	arguments := func(first ...*tensors.Tensor) (all []any) {
		for _, t := range append(first, parameters...) {
			all = append(all, t)
		}
		return all
	}
	pixels, targets := make([]float32, mnist.Batch*784), make([]float32, mnist.Batch*10)
	steps := MustNewExec(backend, step)
	mnist.Say("gomlx", "epoch s", mnist.Best(3, func() {
		mnist.Epoch(r, func(batch []int) {
			train.Copy(pixels, targets, batch)
			parameters = steps.MustExec(arguments(
				tensors.FromFlatDataAndDimensions(targets, mnist.Batch, 10),
				tensors.FromFlatDataAndDimensions(pixels, mnist.Batch, 784))...)
		})
	}))
	predict := MustNewExec(backend, forward)
	all := tensors.FromFlatDataAndDimensions(test.Pixels, 10000, 784)
	mnist.Say("gomlx", "accuracy after 3 %", test.Accuracy(tensors.MustCopyFlatData[float32](predict.MustExec1(arguments(all)...))))
	mnist.Say("gomlx", "10,000 at once /s", 1e4/mnist.Best(10, func() { predict.MustExec1(arguments(all)...) }))
	mnist.Say("gomlx", "one prediction µs", mnist.Best(3, func() {
		for i := range 2000 {
			one := tensors.FromFlatDataAndDimensions(test.Pixels[i*784:][:784], 1, 784)
			predict.MustExec1(arguments(one)...)
		}
	})/2000*1e6)
}
