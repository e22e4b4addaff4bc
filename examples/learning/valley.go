package main

import (
	"fmt"
	"io"
)

// One neuron with a single input reads x = 1. Its bias is −1, and its output is
// to be ½.
func valleyOutput(weight float64) float64 { return σ(weight*1 - 1) }

// valleyCost is C = ½(a−t)².
func valleyCost(weight float64) float64 {
	a := valleyOutput(weight)
	return (a - 0.5) * (a - 0.5) / 2
}

// valleySlope is dC/dw, measured by moving the weight a little to either side.
func valleySlope(weight float64) float64 {
	const nudge = 0.001
	return (valleyCost(weight+nudge) - valleyCost(weight-nudge)) / (2 * nudge)
}

const valleyStart, valleyRate = 3.0, 10.0

func valley(w io.Writer) error {
	fmt.Fprintf(w, "    w  output a    cost C\n")
	for weight := -3; weight <= 5; weight++ {
		fmt.Fprintf(w, "%5d %9.4f %9.4f\n", weight, valleyOutput(float64(weight)), valleyCost(float64(weight)))
	}

	right, left := valleyCost(3.1), valleyCost(2.9)
	fmt.Fprintf(w, "\nThe slope at w = 3: (C(3.1) - C(2.9)) / 0.2 = (%.5f - %.5f) / 0.2 = %.4f\n", right, left, (right-left)/0.2)

	fmt.Fprintf(w, "\nSteps w -= η·slope with η = %.0f:\n\n    w     slope    cost C\n", valleyRate)
	weight := valleyStart
	for range 8 {
		fmt.Fprintf(w, "%5.2f %9.4f %9.4f\n", weight, valleySlope(weight), valleyCost(weight))
		weight -= valleyRate * valleySlope(weight)
	}

	fmt.Fprintf(w, "\nThe same start and other rates: w at each step\n\n")
	for _, rate := range []float64{1, 10, 100, 300} {
		fmt.Fprintf(w, "η = %3.0f", rate)
		weight := valleyStart
		for range 7 {
			fmt.Fprintf(w, " %7.2f", weight)
			weight -= rate * valleySlope(weight)
		}
		fmt.Fprintf(w, "   cost %.4f\n", valleyCost(weight))
	}
	return nil
}
