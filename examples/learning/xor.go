package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/nn13002/nn"
)

// The exclusive or is 1 if the two inputs differ. No straight line separates the
// ones from the zeros, so a single neuron cannot compute it.
var exclusiveOr = nn.Samples{
	{{0, 0}, {0}},
	{{0, 1}, {1}},
	{{1, 0}, {1}},
	{{1, 1}, {0}},
}

func xor(w io.Writer) error {
	r := rand.New(rand.NewPCG(1, 2))
	net := nn.New(r, 2, 4, 1)
	cost := func() float64 { return net.Evaluate(exclusiveOr, nn.Quadratic).Cost }
	fmt.Fprintf(w, "Before: cost %.4f\n\n", cost())
	decisions(w, net)

	// The gradient check: what nn.SGD subtracts at rate 1 is the slope of the cost.
	stepped := net.Clone()
	if _, err := (&nn.SGD{Rate: 1}).Step(stepped, exclusiveOr, []int{0, 1, 2, 3}); err != nil {
		return err
	}
	equal, after := 0, parameters(stepped)
	for i, p := range parameters(net) {
		const nudge = 1e-5
		value := *p
		*p = value + nudge
		up := cost()
		*p = value - nudge
		down := cost()
		*p = value
		if math.Abs((up-down)/(2*nudge)-(value-*after[i])) < 1e-9 {
			equal++
		}
	}
	fmt.Fprintf(w, "\nGradient check: nudging and nn.SGD agree to 9 decimals for %d of %d parameters\n\n", equal, net.Parameters())

	sgd := &nn.SGD{Rate: 4, Batch: 4, Rand: r}
	for epoch := range 2001 {
		if epoch%250 == 0 {
			bar := strings.Repeat("█", int(math.Round(300*cost())))
			fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%4d epochs  cost %.4f  %s", epoch, cost(), bar), " "))
		}
		if _, err := sgd.Epoch(net, exclusiveOr); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "\nAfter: %d of 4 are right\n\n", net.Evaluate(exclusiveOr, nn.Quadratic).Correct)
	decisions(w, net)
	return nil
}

func parameters(net *nn.Network) (all []*float64) {
	for _, l := range net.Layers {
		for k := range l.Weights.Data {
			all = append(all, &l.Weights.Data[k])
		}
		for j := range l.Biases {
			all = append(all, &l.Biases[j])
		}
	}
	return all
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
