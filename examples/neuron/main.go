// Neuron shows what a single neuron does. This one finds a horizontal bar in
// pictures of 28×28 pixels; its weights and its bias are set by hand.
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
	// of 16·4 pixels adds up to 16·4 · 1/16 = 4.
	layer := &nn.Layer{Weights: nn.NewMatrix(784, 1), Biases: []float64{0}, Activation: nn.Sigmoid}
	weights := layer.Weights.Data
	fill(weights, 6, 22, 4, 12, -1./16)
	fill(weights, 6, 22, 6, 10, +1./16)
	fmt.Fprintf(w, "The weights of one neuron: █ is +1/16, - is −1/16, elsewhere 0.\n\n")
	for y := 4; y < 24; y += 2 {
		fmt.Fprintf(w, "%s|\n", line(weights, y, 16))
	}

	// The threshold: the neuron is to fire only if the sum is above 1. A bias of
	// −1 moves the middle of the sigmoid there: σ(1 − 1) = σ(0) = ½.
	layer.Biases[0] = -1
	net := &nn.Network{Layers: []*nn.Layer{layer}}

	var bar, seven, faint, low, vertical, blob [784]float64
	fill(bar[:], 6, 22, 6, 10, 1)
	fill(seven[:], 6, 22, 6, 10, 1)
	for y := 10; y < 24; y++ {
		fill(seven[:], 23-y/2, 27-y/2, y, y+1, 1)
	}
	fill(faint[:], 6, 22, 6, 10, 0.2)
	fill(low[:], 6, 22, 18, 22, 1)
	fill(vertical[:], 12, 16, 4, 24, 1)
	fill(blob[:], 6, 22, 4, 16, 1)
	show := func(name string, a []float64) {
		sum := 0. // w₁a₁ + w₂a₂ + … + w₇₈₄a₇₈₄
		for i := range a {
			sum += weights[i] * a[i]
		}
		z := sum + layer.Biases[0]
		activation := 1 / (1 + math.Exp(-z)) // σ(z) = 1/(1+e⁻ᶻ)
		verdict := "silent"
		if activation > 0.5 {
			verdict = "FIRES"
		}
		beside := map[int]string{
			8:  name + ": " + verdict,
			12: fmt.Sprintf("weighted sum w₁a₁ + w₂a₂ + …  %6.2f", sum),
			14: fmt.Sprintf("sum + bias                    %6.2f", z),
			16: fmt.Sprintf("activation σ(sum + bias)      %6.4f", activation),
			18: fmt.Sprintf("nn.Network.Predict returns    %6.4f", net.Predict(a)[0]),
		}
		fmt.Fprintln(w)
		for y := 4; y < 24; y += 2 {
			fmt.Fprintln(w, strings.TrimRight(line(a, y, 1)+"|  "+beside[y], " "))
		}
	}
	show("the bar", bar[:])
	show("a 7 starts with the bar", seven[:])
	show("a faint bar: above 0, but not above 1", faint[:])
	show("a bar where the weights are 0", low[:])
	show("a vertical bar crosses weights of both signs", vertical[:])
	show("a blob: its edges cancel the bar", blob[:])
}

// fill sets columns x0 to x1 of rows y0 to y1; x1 and y1 are excluded.
func fill(a []float64, x0, x1, y0, y1 int, value float64) {
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			a[y*28+x] = value
		}
	}
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
