// Gorgonia, float32: its tape machine runs forward and its automatic
// differentiation backward, and its solver updates the parameters.
package main

import (
	"fmt"
	"math/rand/v2"

	_ "go4.org/unsafe/assume-no-moving-gc" // the release that Gorgonia asks for does not start under Go 1.26
	. "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"peers/mnist"
)

// matrix returns a matrix that shares memory with its values. Gorgonia takes
// two of the same name and shape for one.
func matrix(g *ExprGraph, name string, rows, cols int, values []float32) *Node {
	t := tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(values))
	return NewMatrix(g, Float32, WithShape(rows, cols), WithName(name), WithValue(t))
}

// network returns the outputs for m examples and the nodes of the parameters:
// the weights and biases of each layer in turn.
func network(m int, pixels []float32, parameters [][]float32) (out *Node, nodes Nodes) {
	g := NewGraph()
	out = matrix(g, "x", m, 784, pixels)
	for l, c := range mnist.Sizes[1:] {
		w := matrix(g, fmt.Sprint("weights", l), mnist.Sizes[l], c, parameters[2*l])
		b := matrix(g, fmt.Sprint("biases", l), 1, c, parameters[2*l+1])
		nodes = append(nodes, w, b)
		out = Must(Sigmoid(Must(BroadcastAdd(Must(Mul(out, w)), b, nil, []byte{0}))))
	}
	return out, nodes
}

func main() {
	train, test := mnist.Load[float32]("train"), mnist.Load[float32]("t10k")
	r := rand.New(rand.NewPCG(1, 2))
	var parameters [][]float32
	for l, c := range mnist.Sizes[1:] {
		parameters = append(parameters, mnist.Weights[float32](r, mnist.Sizes[l], c), make([]float32, c))
	}

	pixels, targets := make([]float32, mnist.Batch*784), make([]float32, mnist.Batch*10)
	output, nodes := network(mnist.Batch, pixels, parameters)
	t := matrix(output.Graph(), "targets", mnist.Batch, 10, targets)
	cost := Must(Sum(Must(Square(Must(Sub(output, t)))))) // twice the cost, so half the rate
	if _, err := Grad(cost, nodes...); err != nil {
		panic(err)
	}
	machine := NewTapeMachine(output.Graph(), BindDualValues(nodes...))
	solver := NewVanillaSolver(WithLearnRate(mnist.Rate/2), WithBatchSize(mnist.Batch))
	run := func(m VM) {
		if err := m.RunAll(); err != nil {
			panic(err)
		}
		m.Reset()
	}
	mnist.Say("gorgonia", "epoch s", mnist.Best(5, func() {
		mnist.Epoch(r, func(batch []int) {
			train.Copy(pixels, targets, batch)
			run(machine)
			if err := solver.Step(NodesToValueGrads(nodes)); err != nil {
				panic(err)
			}
		})
	}))

	outputs, _ := network(10000, test.Pixels, parameters)
	all := NewTapeMachine(outputs.Graph())
	mnist.Say("gorgonia", "10,000 at once /s", 1e4/mnist.Best(10, func() { run(all) }))
	mnist.Say("gorgonia", "accuracy after 5 %", test.Accuracy(outputs.Value().Data().([]float32)))
	output, _ = network(1, pixels[:784], parameters)
	one := NewTapeMachine(output.Graph())
	mnist.Say("gorgonia", "one prediction µs", mnist.Best(3, func() {
		for i := range 2000 {
			copy(pixels, test.Pixels[i*784:][:784])
			run(one)
		}
	})/2000*1e6)
}
