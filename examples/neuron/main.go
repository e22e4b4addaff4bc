// Neuron shows what a single neuron does, and why a network has layers. One
// neuron finds a horizontal bar in pictures of 28×28 pixels. Then two neurons
// find strokes, and a third finds the 7 that they make. All weights and biases
// are set by hand.
//
//	go run ./examples/neuron
package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/nn13002/nn"
)

func main() { run(os.Stdout) }

func run(w io.Writer) {
	// The weights: white pixels in the bar count for it, white pixels in the
	// rows around it count against it, and the others do not count. A whole bar
	// of 16·4 pixels adds up to 16·4 · 1/16 = 4. The threshold: the neuron fires
	// if the sum is above 1. A bias of −1 moves the middle of the sigmoid there:
	// σ(1 − 1) = σ(0) = ½.
	weights, bias := barOf(-1./16, 1./16), -1.0
	net := &nn.Network{Layers: []*nn.Layer{{Weights: nn.NewMatrix(784, 1), Biases: []float64{bias}, Activation: nn.Sigmoid}}}
	copy(net.Layers[0].Weights.Data, weights)
	fmt.Fprintf(w, "The weights of one neuron: █ is +1/16, - is −1/16, elsewhere 0.\n\n")
	for y := 4; y < 24; y += 2 {
		fmt.Fprintf(w, "%s|\n", line(weights, y, 16))
	}

	show := func(name string, a []float64) {
		sum := 0. // w₁a₁ + w₂a₂ + … + w₇₈₄a₇₈₄
		for i := range a {
			sum += weights[i] * a[i]
		}
		activation := 1 / (1 + math.Exp(-(sum + bias))) // σ(z) = 1/(1+e⁻ᶻ)
		beside := map[int]string{
			8:  name + ": " + map[bool]string{false: "silent", true: "FIRES"}[activation > 0.5],
			12: fmt.Sprintf("weighted sum w₁a₁ + w₂a₂ + …  %6.2f", sum),
			14: fmt.Sprintf("sum + bias                    %6.2f", sum+bias),
			16: fmt.Sprintf("activation σ(sum + bias)      %6.4f", activation),
			18: fmt.Sprintf("nn.Network.Predict returns    %6.4f", net.Predict(a)[0]),
		}
		fmt.Fprintln(w)
		for y := 4; y < 24; y += 2 {
			fmt.Fprintln(w, strings.TrimRight(line(a, y, 1)+"|  "+beside[y], " "))
		}
	}
	bar, slant := barOf(0, 1), slantOf(0, 1)
	seven, equals := fill(slantOf(0, 1), 6, 22, 6, 10, 1), fill(barOf(0, 1), 6, 22, 18, 22, 1)
	show("the bar", bar)
	show("a 7 starts with the bar", seven)
	show("a faint bar: above 0, but not above 1", barOf(0, 0.2))
	show("a bar where the weights are 0", fill(make([]float64, 784), 6, 22, 18, 22, 1))
	show("a vertical bar crosses weights of both signs", fill(make([]float64, 784), 12, 16, 4, 24, 1))
	show("a blob: its edges cancel the bar", fill(make([]float64, 784), 6, 22, 4, 16, 1))

	// Why layers: the neurons of one layer find strokes, and a neuron of the next
	// layer finds what the strokes make. Its inputs should be almost 0 or almost 1,
	// so the weights and the bias of the bar neuron are now four times as large.
	// To the third neuron both strokes add up to 8 + 8 = 16 and one alone to 8: its
	// threshold of 12 lies between them.
	barWeights, slantWeights := barOf(-0.25, 0.25), slantOf(-0.25, 0.25)
	strokes := &nn.Layer{Weights: nn.NewMatrix(784, 2), Biases: []float64{-4, -4}, Activation: nn.Sigmoid}
	for i := range barWeights {
		copy(strokes.Weights.Row(i), []float64{barWeights[i], slantWeights[i]})
	}
	digit := &nn.Layer{Weights: nn.NewMatrix(2, 1), Biases: []float64{-12}, Activation: nn.Sigmoid}
	copy(digit.Weights.Data, []float64{8, 8})
	net = &nn.Network{Layers: []*nn.Layer{strokes, digit}}
	fmt.Fprintf(w, "\nWhy layers: two neurons find strokes, weights ±0.25, bias −4. A third finds\nthe 7 that they make, weights 8 and 8, bias −12.\n\n")
	for y := 4; y < 24; y += 2 {
		fmt.Fprintf(w, "%s|%s|\n", line(barWeights, y, 4), line(slantWeights, y, 4))
	}
	fmt.Fprintf(w, "\npicture    bar neuron  slant neuron  7 neuron\n")
	for i, a := range [][]float64{seven, bar, slant, equals} {
		out := net.Activations(a)
		fmt.Fprintf(w, "%-10s%11.2f%14.2f%10.2f\n", []string{"a 7", "the bar", "the slant", "an ="}[i], out[1][0], out[1][1], out[2][0])
	}
}

// fill sets columns x0 to x1 of rows y0 to y1 and returns a; x1 and y1 are excluded.
func fill(a []float64, x0, x1, y0, y1 int, value float64) []float64 {
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			a[y*28+x] = value
		}
	}
	return a
}

// barOf returns a bar of one value, with two rows of another above and below it.
func barOf(around, value float64) []float64 {
	return fill(fill(make([]float64, 784), 6, 22, 4, 12, around), 6, 22, 6, 10, value)
}

// slantOf returns the slanted stroke of a 7, with two columns on each side of it.
func slantOf(around, value float64) []float64 {
	a := make([]float64, 784)
	for y := 10; y < 24; y++ {
		fill(fill(a, 21-y/2, 29-y/2, y, y+1, around), 23-y/2, 27-y/2, y, y+1, value)
	}
	return a
}

// line draws rows y and y+1 as one line of text. A character is the mean of two
// pixels. The margin of 4 pixels around MNIST's digits is left out.
func line(a []float64, y int, scale float64) (text string) {
	for x := 4; x < 24; x++ {
		mean := scale * (a[y*28+x] + a[(y+1)*28+x]) / 2
		text += string([]rune("- ░▒▓█")[1+int(math.Round(max(-1, 4*mean)))])
	}
	return text
}
