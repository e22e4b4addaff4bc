// Story compares the hope with the facts. The hope is that the neurons of one
// hidden layer find strokes, and those of the other larger parts of a digit.
//
//	go run ./examples/story
package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/nn13002/nn"
)

func main() { run(os.Stdout) }

func run(w io.Writer) {
	net := nn.Pretrained()
	digits := nn.Synthetic(rand.New(rand.NewPCG(1, 2)), 2000)
	accuracy := 100 * net.Evaluate(digits, nn.Quadratic).Accuracy()
	fmt.Fprintf(w, "The hope: each hidden neuron finds a stroke or a larger part, so it is active\nfor the digits that contain it. The facts, from %d synthetic digits, of which\nthe network reads %.1f %%:\n\n", digits.Len(), accuracy)

	// mean[l][j][d] is the mean activation of neuron j in hidden layer l for digit d.
	var mean [2][16][10]float64
	var count [10]float64
	for _, label := range digits.Labels {
		count[label]++
	}
	input, target := make([]float64, 784), make([]float64, 10)
	for i, label := range digits.Labels {
		digits.Example(i, input, target)
		activations := net.Activations(input)
		for l := range mean {
			for j, a := range activations[l+1] {
				mean[l][j][label] += a / count[label]
			}
		}
	}

	var order []int // the neurons of the first layer, the most important first
	for l := range mean {
		fmt.Fprintf(w, "hidden layer %d   active on average for   most for   accuracy lost without it\n", l+1)
		var lost [16]float64
		active, minor := 0, 0
		for j, m := range mean[l] {
			list := ""
			for d, a := range m {
				if a > 0.5 {
					list += fmt.Sprint(d)
					active++
				} else {
					list += "·"
				}
			}
			// With outgoing weights of 0, a neuron has no effect on the next layer.
			without := net.Clone()
			clear(without.Layers[l+1].Weights.Row(j))
			lost[j] = accuracy - 100*without.Evaluate(digits, nn.Quadratic).Accuracy()
			if lost[j] < 1 {
				minor++
			}
			most := slices.Index(m[:], slices.Max(m[:]))
			fmt.Fprintf(w, "neuron %2d       %12s %16d %+18.1f points\n", j+1, list, most, lost[j])
			if l == 0 {
				order = append(order, j)
			}
		}
		if l == 0 {
			slices.SortFunc(order, func(i, j int) int { return cmp.Compare(lost[j], lost[i]) })
		}
		fmt.Fprintf(w, "A neuron is active for %.1f of 10 digits on average. Without one, the network\nloses %.1f to %.1f points; %d of 16 neurons cost less than one point.\n\n",
			float64(active)/16, slices.Min(lost[:]), slices.Max(lost[:]), minor)
	}

	// The weights of a first-layer neuron, as a picture, show what it looks for.
	// The two outermost rows and columns on each side are left out.
	shown := []int{order[0], order[7], order[15]}
	weights := net.Layers[0].Weights
	scale := 0. // the mean absolute weight
	for _, v := range weights.Data {
		scale += math.Abs(v) / float64(len(weights.Data))
	}
	fmt.Fprintf(w, "The weights of neurons %d, %d and %d, whose loss costs the most accuracy, an\naverage amount and the least. ▒ and █ are positive weights, - and = negative\nones: at least 1 and 2 times the mean absolute weight.\n\n", shown[0]+1, shown[1]+1, shown[2]+1)
	for y := 2; y < 26; y += 2 {
		for _, j := range shown {
			for x := 2; x < 26; x++ { // a character is the mean of two pixels
				v := (weights.Data[(y*28+x)*16+j] + weights.Data[((y+1)*28+x)*16+j]) / 2 / scale
				fmt.Fprint(w, string([]rune("=- ▒█")[int(max(-2, min(2, v)))+2]))
			}
			fmt.Fprint(w, "|")
		}
		fmt.Fprintln(w)
	}
}
