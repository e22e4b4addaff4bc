package nn

import (
	"fmt"
	"math"
)

// Activation is the function σ that squashes a neuron's weighted sum z into
// its activation a = σ(z).
type Activation uint8

// The activation functions. The zero value is Sigmoid, the network's own.
//
//	Sigmoid  σ(z) = 1/(1+e⁻ᶻ)    in (0, 1)    slope σ′(z) = a·(1−a)
//	Tanh     σ(z) = tanh z        in (−1, 1)   slope σ′(z) = 1−a²
//	ReLU     σ(z) = max(0, z)     in [0, ∞)    slope σ′(z) = 1 where a > 0, else 0
//
// Far from zero the first two round to the ends of their ranges. Sigmoid is
// finite for any z but NaN: 0 at −∞, 1 at +∞.
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

// squash replaces each weighted sum z by its activation σ(z).
func (f Activation) squash(z []float64) {
	switch f {
	case Sigmoid:
		for j := sigmoidVector(z); j < len(z); j++ {
			z[j] = 1 / (1 + math.Exp(-z[j]))
		}
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

// mulSlope multiplies each delta by the slope σ′(z), which all three functions
// know from their result a = σ(z) alone.
func (f Activation) mulSlope(delta, a []float64) {
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
