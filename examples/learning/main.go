// Learning shows how a network finds its parameters. Its networks are so small
// that every number can be checked by hand; beside the numbers found by hand it
// prints those of nn.SGD. LEARNING.md explains each step.
//
//	go run ./examples/learning [-pictures folder]
package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/nn13002/nn"
)

func main() {
	pictures := flag.String("pictures", "", "`folder` to write two pictures to")
	flag.Parse()
	err := run(os.Stdout)
	if err == nil && *pictures != "" {
		err = writePictures(*pictures)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "learning:", err)
		os.Exit(1)
	}
}

func run(w io.Writer) error {
	for i, section := range []struct {
		title string
		print func(io.Writer) error
	}{
		{"The valley: the cost of one neuron against its weight", valley},
		{"The chain rule: a chain of single neurons", chain},
		{"The sum over paths: one neuron before two", fork},
		{"A layer of two neurons: the first step of 2-2-1", twoTwoOne},
		{"A mini-batch: the mean of two examples", miniBatch},
		{"Sure and wrong: quadratic cost and cross-entropy", costs},
		{"A network of 17 parameters learns the exclusive or", xor},
	} {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "== %d. %s\n\n", i+1, section.title)
		if err := section.print(w); err != nil {
			return err
		}
	}
	return nil
}

// σ maps a weighted sum to a number from 0 to 1.
func σ(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// layer returns a layer of sigmoid neurons. Row i of weights leads from input i
// to each neuron.
func layer(weights [][]float64, biases ...float64) *nn.Layer {
	l := &nn.Layer{Weights: nn.NewMatrix(len(weights), len(biases)), Biases: biases}
	for i, row := range weights {
		copy(l.Weights.Row(i), row)
	}
	return l
}

// A slope is a parameter of a network, and ∂C/∂p as found by hand.
type slope struct {
	name      string
	parameter *float64
	byHand    float64
}

// step moves every parameter against its slope, p − η·∂C/∂p with η = 1, and
// prints the result beside that of nn.SGD with the same examples.
func step(w io.Writer, net *nn.Network, examples nn.Samples, slopes []slope) error {
	fmt.Fprintf(w, "%8s  %9s  %9s  %18s  %9s\n", "", "before", "∂C/∂", "after, by hand", "by nn.SGD")
	before := make([]float64, len(slopes))
	for i, s := range slopes {
		before[i] = *s.parameter
	}
	all := make([]int, examples.Len())
	for i := range all {
		all[i] = i
	}
	cost, err := (&nn.SGD{Rate: 1}).Step(net, examples, all)
	for i, s := range slopes {
		fmt.Fprintf(w, "%8s  %9.4f  %9.4f  %18.4f  %9.4f\n", s.name, before[i], s.byHand, before[i]-s.byHand, *s.parameter)
	}
	fmt.Fprintf(w, "the cost falls from %.4f to %.4f\n", cost, net.Evaluate(examples, nn.Quadratic).Cost)
	return err
}
