package nn

import (
	"fmt"
	"math"
	"slices"
)

// Activation is the function σ that turns a neuron's weighted sum z into its
// activation a = σ(z).
type Activation uint8

// The activation functions. The zero value is Sigmoid.
//
//	Sigmoid  σ(z) = 1/(1+e⁻ᶻ)    in (0, 1)    σ′(z) = a·(1−a)
//	Tanh     σ(z) = tanh z        in (−1, 1)   σ′(z) = 1−a²
//	ReLU     σ(z) = max(0, z)     in [0, ∞)    σ′(z) = 1 where a > 0, else 0
//	Linear   σ(z) = z             in (−∞, ∞)   σ′(z) = 1
//	Softmax  σ(z)ⱼ = e^zⱼ/Σₖe^zₖ  in (0, 1)    only with CrossEntropy, where no σ′ is needed
//
// An output cannot leave the range of its function. Training and Evaluate panic if a
// target does: data that hold other numbers need a Linear output layer. Softmax
// is for the output layer only: its activations sum to 1, the probabilities of
// classes that exclude each other, and so must the targets of an example.
//
// Far from zero Sigmoid and Tanh round to the ends of their ranges: Sigmoid is 0
// at −∞ and 1 at +∞. Softmax of +∞ is NaN. The activation of NaN is NaN.
const (
	Sigmoid Activation = iota
	Tanh
	ReLU
	Linear
	Softmax
)

var activationNames = [...]string{Sigmoid: "sigmoid", Tanh: "tanh", ReLU: "relu", Linear: "linear", Softmax: "softmax"}

// String returns the function's name: sigmoid, tanh, relu, linear or softmax.
func (f Activation) String() string {
	if int(f) < len(activationNames) {
		return activationNames[f]
	}
	return fmt.Sprintf("Activation(%d)", uint8(f))
}

// sigmoid is accurate to 3 units in the last place, as exp is to 2.
func sigmoid(z float64) float64 { return 1 / (1 + exp(-z)) }

// apply replaces each weighted sum z by its activation σ(z). Each row of z holds
// the sums of one example.
func (f Activation) apply(rows *Matrix) {
	z := rows.Data
	switch f {
	case Sigmoid:
		sigmoids(z) // sigmoid of each, in kernels.go
	case Tanh:
		for j := range z {
			z[j] = math.Tanh(z[j])
		}
	case ReLU:
		for j := range z {
			z[j] = max(0, z[j])
		}
	case Linear:
	case Softmax:
		for i := range rows.Rows {
			softmax(rows.Row(i))
		}
	default:
		panic(fmt.Sprintf("nn: %v is no activation, need one of %v", f, activationNames))
	}
}

// softmax replaces the sums z by e^zⱼ/Σₖe^zₖ. The largest sum is subtracted from
// all, which changes no quotient: no power is then above 1.
func softmax(z []float64) {
	largest, sum := slices.Max(z), 0.0
	for j := range z {
		z[j] = exp(z[j] - largest)
		sum += z[j]
	}
	for j := range z {
		z[j] /= sum
	}
}

// mulDerivative multiplies each delta by σ′(z), which follows from the
// activation a = σ(z) alone. Linear's is 1 and Softmax's never needed.
func (f Activation) mulDerivative(delta, a []float64) {
	delta = delta[:len(a)]
	switch f {
	case Sigmoid:
		for j, a := range a {
			delta[j] *= a * (1 - a)
		}
	case Tanh:
		for j, a := range a {
			delta[j] *= 1 - a*a
		}
	case ReLU:
		for j, a := range a {
			if a <= 0 {
				delta[j] = 0
			}
		}
	}
}
