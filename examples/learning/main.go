// Learning shows how a network finds its parameters. A cost says how wrong its
// answers are. The gradient of the cost says which way is up, and each step goes
// a little way in the opposite direction.
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

// The exclusive or is 1 if the two inputs differ. No straight line separates the
// ones from the zeros, so a single neuron cannot compute it.
var xor = nn.Samples{
	{{0, 0}, {0}},
	{{0, 1}, {1}},
	{{1, 0}, {1}},
	{{1, 1}, {0}},
}

func run(w io.Writer) error {
	r := rand.New(rand.NewPCG(1, 2))
	net := nn.New(r, 2, 4, 1)

	// The cost depends on all parameters: C = ½(a − t)², the mean over the examples.
	cost := func() float64 { return net.Evaluate(xor, nn.Quadratic).Cost }
	fmt.Fprintf(w, "XOR, %d parameters, before learning: cost %.4f\n\n", net.Parameters(), cost())
	decisions(w, net)

	// The derivative with respect to a weight w says how fast C changes with w:
	// ∂C/∂w ≈ (C(w+ε) − C(w−ε)) / 2ε.
	weight := &net.Layers[1].Weights.Data[0]
	derivative := func() float64 {
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
	first := *weight - 4*derivative()
	for range 5 {
		d, before := derivative(), cost()
		*weight -= 4 * d
		fmt.Fprintf(w, "∂C/∂w = %+.4f, so w becomes %+.4f: cost %.6f → %.6f\n", d, *weight, before, cost())
	}

	// SGD takes the same step for all weights and biases at once. It computes all
	// derivatives in one pass through the network and back: backpropagation.
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
			fmt.Fprintf(w, "   1 epoch: that weight is now %+.6f, by its derivative %+.6f\n", net.Layers[1].Weights.Data[0], first)
		}
	}
	fmt.Fprintf(w, "\nAfter learning, %d of 4 are right:\n\n", net.Evaluate(xor, nn.Quadratic).Correct)
	decisions(w, net)
	return nil
}

// decisions draws the output for inputs in the square [0, 1]²: blank is 0, █ is 1.
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
