// Learning shows a network find its parameters: a cost says how wrong it is,
// the slope of the cost which way is down, and each step goes a little down.
//
//	go run ./examples/learning
package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/nn13002/nn"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "learning:", err)
		os.Exit(1)
	}
}

// The exclusive or: 1 where the two inputs differ. No straight line parts
// the ones from the zeros, so one neuron alone cannot compute it.
var xor = nn.Samples{
	{{0, 0}, {0}},
	{{0, 1}, {1}},
	{{1, 0}, {1}},
	{{1, 1}, {0}},
}

func run(w io.Writer) error {
	r := rand.New(rand.NewPCG(1, 2))
	net := nn.New(r, 2, 4, 1)

	// The cost of all parameters: C = ½(a − t)², the mean over the examples.
	cost := func() float64 { return net.Evaluate(xor, nn.Quadratic).Cost }
	fmt.Fprintf(w, "XOR, %d parameters, before learning: cost %.4f\n\n", net.Parameters(), cost())
	decisions(w, net)

	// The slope with respect to one weight w is how much C changes when w does:
	// ∂C/∂w ≈ (C(w+ε) − C(w−ε)) / 2ε.
	weight := &net.Layers[1].Weights.Data[0]
	slope := func() float64 {
		const epsilon = 1e-4
		before := *weight
		*weight = before + epsilon
		up := cost()
		*weight = before - epsilon
		down := cost()
		*weight = before
		return (up - down) / (2 * epsilon)
	}
	start := net.Clone()
	fmt.Fprintf(w, "\nOne weight alone, 5 steps w −= η·∂C/∂w with η = 4:\n")
	first := *weight - 4*slope()
	for range 5 {
		s, before := slope(), cost()
		*weight -= 4 * s
		fmt.Fprintf(w, "slope %+.4f, so w becomes %+.4f: cost %.6f → %.6f\n", s, *weight, before, cost())
	}

	// SGD takes the same step for all weights and biases at once. It knows all
	// slopes from one pass through the network and back: backpropagation.
	net = start
	sgd := &nn.SGD{Rate: 4, Batch: len(xor), Rand: r}
	fmt.Fprintf(w, "\nAll %d at once, with nn.SGD, from the same start:\n", net.Parameters())
	for epoch := range 2001 {
		if epoch%250 == 0 {
			bar := strings.Repeat("█", int(math.Round(300*cost())))
			fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%4d epochs  cost %.4f  %s", epoch, cost(), bar), " "))
		}
		if _, err := sgd.Epoch(net, xor); err != nil {
			return err
		}
		if epoch == 0 {
			fmt.Fprintf(w, "   1 epoch: the weight from above is %+.6f, by its slope %+.6f\n", net.Layers[1].Weights.Data[0], first)
		}
	}
	fmt.Fprintf(w, "\nAfter learning, %d of 4 are right:\n\n", net.Evaluate(xor, nn.Quadratic).Correct)
	decisions(w, net)
	return nil
}

// decisions draws the output over the square [0, 1]², blank for 0 and █ for 1.
func decisions(w io.Writer, net *nn.Network) {
	for row := range 12 {
		line := ""
		for column := range 24 {
			a := net.Predict([]float64{float64(column) / 23, float64(11-row) / 11})[0]
			line += string([]rune(" ░▒▓█")[int(math.Round(4*a))])
		}
		left := map[int]string{0: "(0,1) → 1", 11: "(0,0) → 0"}[row]
		right := map[int]string{0: " (1,1) → 0", 11: " (1,0) → 1"}[row]
		fmt.Fprintf(w, "%9s |%s|%s\n", left, line, right)
	}
}
