package nn

import (
	"fmt"
	"math"
)

// Activation is the function σ that turns a neuron's weighted sum z into its
// activation a = σ(z).
type Activation uint8

// The activation functions. The zero value is Sigmoid.
//
//	Sigmoid  σ(z) = 1/(1+e⁻ᶻ)    in (0, 1)    σ′(z) = a·(1−a)
//	Tanh     σ(z) = tanh z        in (−1, 1)   σ′(z) = 1−a²
//	ReLU     σ(z) = max(0, z)     in [0, ∞)    σ′(z) = 1 where a > 0, else 0
//
// Far from zero the first two round to the ends of their ranges: Sigmoid is 0
// at −∞ and 1 at +∞. The activation of NaN is NaN.
const (
	Sigmoid Activation = iota
	Tanh
	ReLU
)

var activationNames = [...]string{Sigmoid: "sigmoid", Tanh: "tanh", ReLU: "relu"}

// String returns the function's name: sigmoid, tanh or relu.
func (f Activation) String() string {
	if int(f) < len(activationNames) {
		return activationNames[f]
	}
	return fmt.Sprintf("Activation(%d)", uint8(f))
}

// sigmoid is accurate to 3 units in the last place, as exp is to 2.
func sigmoid(z float64) float64 { return 1 / (1 + exp(-z)) }

// apply replaces each weighted sum z by its activation σ(z).
func (f Activation) apply(z []float64) {
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
	}
}

// mulDerivative multiplies each delta by σ′(z). All three derivatives can be
// computed from the activation a = σ(z) alone.
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
