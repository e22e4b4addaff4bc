// Layers shows a whole network at work: 784 inputs, two hidden layers of 16
// neurons, 10 outputs and 13,002 parameters. It prints a picture as the numbers
// that enter the network, and shows that a layer is a product of matrices.
//
//	go run ./examples/layers
package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/nn13002/nn"
)

func main() { run(os.Stdout) }

func run(w io.Writer) {
	r := rand.New(rand.NewPCG(7, 1))
	net := nn.New(r, 784, 16, 16, 10)
	digits := nn.Synthetic(r, 1)
	input, target := make([]float64, 784), make([]float64, 10)
	digits.Example(0, input, target)

	// The picture as numbers. An activation is a number from 0 for black to 1 for
	// white. Here a digit stands for nine times as much: 4 is 0.44, and 9 is 1.
	fmt.Fprintf(w, "A picture is 28×28 = 784 activations, here from 0 for black to 9 for white:\n\n")
	for row := range slices.Chunk(input, 28) {
		text := ""
		for _, a := range row {
			text += fmt.Sprintf(" %.0f", 9*a)
		}
		fmt.Fprintln(w, text[1:])
	}

	// A neuron has one weight for each neuron of the layer before, and one bias.
	neurons, weights, biases := len(input), 0, 0
	fmt.Fprintf(w, "\ninputs  %3d neurons\n", len(input))
	for i, layer := range net.Layers {
		n, c := layer.Weights.Rows, layer.Weights.Cols
		fmt.Fprintf(w, "layer %d %3d neurons  %3d·%d = %6d weights  %2d biases\n", i+1, c, n, c, n*c, c)
		neurons, weights, biases = neurons+c, weights+n*c, biases+c
	}
	fmt.Fprintf(w, "in all  %d neurons  %14d weights  %d biases: %d parameters\n", neurons, weights, biases, weights+biases)
	fmt.Fprintf(w, "net.Parameters() = %d\n\n", net.Parameters())

	// One layer, computed neuron by neuron: zⱼ = Σᵢ aᵢ·wᵢⱼ + bⱼ.
	layer := net.Layers[0]
	loops := make([]float64, 16)
	for j := range loops {
		for i, a := range input {
			loops[j] += a * layer.Weights.Data[i*16+j]
		}
		loops[j] += layer.Biases[j]
	}

	// The same as a product of matrices: Z = A·W + b. The picture is a matrix A of
	// 1×784. Row i of W holds the weights of input i, one for each neuron.
	a, z := nn.NewMatrix(1, 784), nn.NewMatrix(1, 16)
	copy(a.Data, input)
	z.Mul(a, layer.Weights)
	for j, b := range layer.Biases {
		z.Data[j] += b
	}

	// The same once more, computed by the network, including σ.
	activations := net.Activations(input)
	fmt.Fprintln(w, "The first layer      zⱼ in two loops   Z = A·W + b   σ(zⱼ)   net.Activations")
	equal := 0
	for j := range loops {
		sigma := 1 / (1 + math.Exp(-z.Data[j]))
		if math.Abs(z.Data[j]-loops[j]) < 1e-12 && math.Abs(sigma-activations[1][j]) < 1e-12 {
			equal++
		}
		if j < 4 {
			fmt.Fprintf(w, "neuron %2d  %25.6f %13.6f %7.4f %10.4f\n", j+1, loops[j], z.Data[j], sigma, activations[1][j])
		}
	}
	fmt.Fprintf(w, "and so on: %d of 16 neurons agree to 12 decimals\n\n", equal)

	fmt.Fprintf(w, "%-30s%-16s%-16s%s\n", "a₀: the picture", "a₁", "a₂", "a₃: the answer")
	for row := range 16 {
		text := strings.Repeat(" ", 28)
		if row < 14 { // a character is the mean of two pixels, one above the other
			text = ""
			for x := range 28 {
				mean := (input[2*row*28+x] + input[(2*row+1)*28+x]) / 2
				text += string([]rune(" ░▒▓█")[int(math.Round(4*mean))])
			}
		}
		for _, layer := range activations[1:] {
			if row < len(layer) {
				bar := strings.Repeat("█", int(math.Round(8*layer[row])))
				text += fmt.Sprintf("  %.2f %-9s", layer[row], bar)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(text, " "))
	}
	sum := 0.
	for _, a := range activations[3] {
		sum += a
	}
	fmt.Fprintf(w, "\nThe ten outputs add up to %.2f and not to 1: they are no probabilities.\n", sum)
	fmt.Fprintf(w, "The picture shows a %d, the network says %d: its parameters are still random.\n", digits.Labels[0], net.Classify(input))
}
