// Plain is the whole algorithm in plain loops, each beside its formula: a
// network of 784, 16, 16 and 10 neurons learns to read handwritten digits.
// LEARNING.md derives the formulas, as do chapters 1 and 2 of Michael Nielsen's
// book Neural Networks and Deep Learning. Package nn computes the same with
// matrices, and faster.
//
//	go run ./examples/plain
package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/nn13002/nn"
)

const learningRate, batchSize = 3.0, 10 // η and m

func main() { run(os.Stdout) }

func run(w io.Writer) {
	r := rand.New(rand.NewPCG(1, 2))
	train, test, err := nn.LoadMNIST("") // go run ./examples/mnist downloads it
	if err != nil {
		fmt.Fprintf(w, "%v\nLearning from synthetic digits instead:\n", err)
		train, test = nn.Synthetic(r, 4000), nn.Synthetic(r, 1000)
	}
	net := newNetwork(r, 784, 16, 16, 10)
	for epoch := range 3 {
		net.learn(train, r.Perm(train.Len()))
		fmt.Fprintf(w, "epoch %d: accuracy %.2f %%\n", epoch+1, 100*net.accuracy(test))
	}
}

type network struct { // layers 0 and 1 are hidden, layer 2 is the output
	weights [][][]float64 // weights[l][i][j] leads from input i to neuron j of layer l
	biases  [][]float64   // biases[l][j] is the bias of neuron j of layer l
}

// newNetwork returns a network with random weights and biases of 0.
func newNetwork(r *rand.Rand, sizes ...int) (net network) {
	for l, inputs := range sizes[:3] {
		net.weights = append(net.weights, make([][]float64, inputs))
		net.biases = append(net.biases, make([]float64, sizes[l+1]))
		for i := range inputs {
			for range sizes[l+1] { // the more inputs, the smaller the weights: σ is flat where z is large
				net.weights[l][i] = append(net.weights[l][i], r.NormFloat64()/math.Sqrt(float64(inputs)))
			}
		}
	}
	return net
}

// forward returns all activations: those at [l] go into layer l, those at [l+1] come out of it.
func (net *network) forward(input []float64) [][]float64 {
	activations := [][]float64{input, nil, nil, nil}
	for l := range 3 {
		for j, z := range net.biases[l] { // z begins as the bias b
			for i, a := range activations[l] {
				z += net.weights[l][i][j] * a // z = Σ wᵢaᵢ + b
			}
			a := 1 / (1 + math.Exp(-z)) // a = σ(z) = 1/(1+e⁻ᶻ)
			activations[l+1] = append(activations[l+1], a)
		}
	}
	return activations
}

// backpropagate returns δ = ∂C/∂z of all neurons, from the last layer back to
// the first. C = ½ Σ (a−t)² is the cost of the output a for the target t.
func (net *network) backpropagate(activations [][]float64, target []float64) [][]float64 {
	deltas := make([][]float64, 3)
	for j, a := range activations[3] {
		deltas[2] = append(deltas[2], (a-target[j])*a*(1-a)) // δ = (a−t)·σ′(z), where σ′(z) = a·(1−a)
	}
	for l := 1; l >= 0; l-- {
		for i, a := range activations[l+1] {
			sum := 0.0
			for j, delta := range deltas[l+1] {
				sum += net.weights[l+1][i][j] * delta
			}
			deltas[l] = append(deltas[l], sum*a*(1-a)) // δₗ = (Σ w·δₗ₊₁)·σ′(z)
		}
	}
	return deltas
}

// update takes a step against the gradient: the mean of ∂C/∂w = a·δ and ∂C/∂b = δ over the examples x.
func (net *network) update(activations, deltas [][][]float64) {
	step := learningRate / float64(len(deltas)) // η/m
	for x := range deltas {
		for l := range 3 {
			for j, delta := range deltas[x][l] {
				for i, a := range activations[x][l] {
					net.weights[l][i][j] -= step * a * delta // w −= η/m · Σ a·δ
				}
				net.biases[l][j] -= step * delta // b −= η/m · Σ δ
			}
		}
	}
}

// learn passes once over the images, in the given order: one epoch.
func (net *network) learn(images *nn.Images, order []int) {
	for batch := range slices.Chunk(order, batchSize) {
		var activations, deltas [][][]float64 // [x][l][j]: of example x, layer l, neuron j
		for x, i := range batch {
			input, target := make([]float64, 784), make([]float64, 10)
			images.Example(i, input, target)
			activations = append(activations, net.forward(input))
			deltas = append(deltas, net.backpropagate(activations[x], target))
		}
		net.update(activations, deltas)
	}
}

// accuracy returns the share of images whose label has the largest output.
func (net *network) accuracy(images *nn.Images) (share float64) {
	input, target := make([]float64, 784), make([]float64, 10)
	for i, label := range images.Labels {
		images.Example(i, input, target)
		if output := net.forward(input)[3]; output[label] == slices.Max(output) {
			share += 1 / float64(images.Len())
		}
	}
	return share
}
