package main

import (
	"fmt"
	"io"

	"github.com/nn13002/nn"
)

// twoTwoOne takes the first step of a network with two inputs, two hidden
// neurons and one output. w[i][j] leads from input i to hidden neuron j, v[j]
// from hidden neuron j to the output.
func twoTwoOne(w io.Writer) error {
	x, t := []float64{1, 0.5}, 1.0
	weights, b := [][]float64{{1, -1}, {-2, 2}}, []float64{0, 1}
	v, c := []float64{2, -1}, 0.0
	net := &nn.Network{Layers: []*nn.Layer{layer(weights, b[0], b[1]), layer([][]float64{{v[0]}, {v[1]}}, c)}}

	var h [2]float64 // forward
	for j := range h {
		h[j] = σ(weights[0][j]*x[0] + weights[1][j]*x[1] + b[j])
	}
	a := σ(v[0]*h[0] + v[1]*h[1] + c)

	delta := (a - t) * a * (1 - a) // backward
	var hidden [2]float64
	for j := range hidden {
		hidden[j] = delta * v[j] * h[j] * (1 - h[j])
	}

	fmt.Fprintf(w, "x₁ = 1, x₂ = 0.5, t = 1\n")
	fmt.Fprintf(w, "hidden 1: w₁₁ = 1, w₂₁ = -2, b₁ = 0   hidden 2: w₁₂ = -1, w₂₂ = 2, b₂ = 1\n")
	fmt.Fprintf(w, "output:   v₁ = 2, v₂ = -1, c = 0\n\n")
	fmt.Fprintf(w, "forward   h₁ = %.4f   h₂ = %.4f   a = %.4f   C = %.4f\n", h[0], h[1], a, (a-t)*(a-t)/2)
	fmt.Fprintf(w, "backward  δ = %.4f   δ₁ = %.4f   δ₂ = %.4f\n\n", delta, hidden[0], hidden[1])
	first, last := net.Layers[0], net.Layers[1]
	return step(w, net, nn.Samples{{x, {t}}}, []slope{
		{"w₁₁", &first.Weights.Data[0], x[0] * hidden[0]},
		{"w₂₁", &first.Weights.Data[2], x[1] * hidden[0]},
		{"b₁", &first.Biases[0], hidden[0]},
		{"w₁₂", &first.Weights.Data[1], x[0] * hidden[1]},
		{"w₂₂", &first.Weights.Data[3], x[1] * hidden[1]},
		{"b₂", &first.Biases[1], hidden[1]},
		{"v₁", &last.Weights.Data[0], h[0] * delta},
		{"v₂", &last.Weights.Data[1], h[1] * delta},
		{"c", &last.Biases[0], delta},
	})
}

// costs compares the two cost functions on one neuron that should answer 1.
func costs(w io.Writer) error {
	fmt.Fprintf(w, "One neuron, t = 1. δ by hand, and as nn.SGD moves the bias:\n\n")
	fmt.Fprintf(w, "                quadratic             cross-entropy\n")
	fmt.Fprintf(w, "%4s %7s  %9s %9s   %9s %9s\n", "z", "a", "(a-t)·σ'", "nn.SGD", "a-t", "nn.SGD")
	examples := nn.Samples{{{0}, {1}}} // an input of 0: the weight adds nothing, and z is the bias
	bias := func(z float64, cost nn.Cost, steps int) (float64, error) {
		net := &nn.Network{Layers: []*nn.Layer{layer([][]float64{{0}}, z)}}
		sgd := &nn.SGD{Rate: 1, Cost: cost}
		for range steps {
			if _, err := sgd.Step(net, examples, []int{0}); err != nil {
				return 0, err
			}
		}
		return net.Layers[0].Biases[0], nil
	}
	for _, z := range []float64{-5, -2, 0, 2} {
		a := σ(z)
		quadratic, err := bias(z, nn.Quadratic, 1)
		if err != nil {
			return err
		}
		entropy, err := bias(z, nn.CrossEntropy, 1)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%4.0f %7.4f  %9.4f %9.4f   %9.4f %9.4f\n", z, a, (a-1)*a*(1-a), z-quadratic, a-1, z-entropy)
	}
	fmt.Fprintln(w)
	for _, cost := range []struct {
		name string
		nn.Cost
	}{{"quadratic", nn.Quadratic}, {"cross-entropy", nn.CrossEntropy}} {
		steps := 0
		for z := -5.0; z < 0; steps++ {
			var err error
			if z, err = bias(-5, cost.Cost, steps+1); err != nil {
				return err
			}
		}
		fmt.Fprintf(w, "%s: from z = -5 the answer passes ½ after %d steps\n", cost.name, steps)
	}
	return nil
}
