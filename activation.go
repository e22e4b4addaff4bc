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
			z[j] = sigmoid(z[j])
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

// sigmoid computes 1/(1+eˣ) of x = −z, faster than by math.Exp and to within 3
// units in the last place. With x = k·ln 2/64 + r and k whole, r is at
// most ½·ln 2/64, so small that 6 terms of the exponential series Σ rⁱ/i! are
// exact to the last bits; and eˣ = 2^(k/64)·eʳ, where the fraction of k/64 is
// looked up and its whole part added to the exponent.
func sigmoid(z float64) float64 {
	x := -z
	switch {
	case x > 709: // eˣ would be beyond float64
		return 0
	case x < -40: // eˣ vanishes beside 1
		return 1
	}
	// Numbers around 1.5·2⁵² have no room for fractions: the sum is rounded to a
	// whole number, which then stands in its last bits.
	const whole = 3 << 51
	shifted := x*(64/math.Ln2) + whole
	k := shifted - whole
	r := x - k*(ln2High/64) - k*(ln2Low/64)
	series := r + r*r*((1./2+r*(1./6))+r*r*(1./24+r*(1./120))) // without its 1
	n := math.Float64bits(shifted)
	power := math.Float64frombits(roots[n%64] + n/64<<52)
	return 1 / (1 + (power + power*series))
}

// ln 2 in two parts, the first so short that a whole number below 2²¹ times it
// is exact.
const ln2High, ln2Low = 0x1.62e42feep-1, 0x1.a39ef35793c76p-33

// roots[i] is 2^(i/64), as its bits.
var roots = func() (roots [64]uint64) {
	for i := range roots {
		roots[i] = math.Float64bits(math.Exp2(float64(i) / 64))
	}
	return roots
}()

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
