package nn

import (
	"fmt"
	"math"
)

// Cost measures how far an output a is from its target t: little or nothing for
// a perfect answer, more for a worse one. Learning is making the mean cost small.
type Cost uint8

// The cost functions, for one example, summed over its outputs j. The zero
// value is Quadratic.
//
//	Quadratic     C = ½ Σⱼ (aⱼ−tⱼ)²
//	CrossEntropy  C = −Σⱼ [tⱼ·ln aⱼ + (1−tⱼ)·ln(1−aⱼ)]  of a Sigmoid output layer
//	              C = −Σⱼ tⱼ·ln aⱼ                      of a Softmax output layer
//
// CrossEntropy needs one of these two layers, Quadratic any but [Softmax]. Targets must
// be in the range of the layer's [Activation], ends included, and for Softmax sum to 1.
//
// The delta of CrossEntropy lacks the factor σ′, so that a confidently wrong neuron
// learns fast (Nielsen, Neural Networks and Deep Learning, chapter 3).
// A logarithm below −100 counts as −100, as in PyTorch's BCELoss.
const (
	Quadratic Cost = iota
	CrossEntropy
)

var costNames = [...]string{Quadratic: "quadratic", CrossEntropy: "cross-entropy"}

// String returns the cost's name: quadratic or cross-entropy.
func (c Cost) String() string {
	if int(c) < len(costNames) {
		return costNames[c]
	}
	return fmt.Sprintf("Cost(%d)", uint8(c))
}

// of returns the cost of output a for target t. The output layer applies σ.
func (c Cost) of(a, t []float64, σ Activation) (sum float64) {
	for j := range a {
		switch {
		case c == Quadratic:
			sum += (a[j] - t[j]) * (a[j] - t[j]) / 2
		case σ == Softmax:
			sum -= t[j] * max(-100, math.Log(a[j]))
		default:
			sum -= t[j]*max(-100, math.Log(a[j])) + (1-t[j])*max(-100, math.Log(1-a[j]))
		}
	}
	return sum
}

// delta sets delta = ∂C/∂z for the weighted sums z of the output layer:
// (a−t) ⊙ σ′(z). For cross-entropy σ′ cancels out and a−t remains.
func (c Cost) delta(delta, a, t []float64, σ Activation) {
	delta, t = delta[:len(a)], t[:len(a)]
	for j := range a {
		delta[j] = a[j] - t[j]
	}
	if c == Quadratic {
		σ.mulDerivative(delta, a)
	}
}

func (c Cost) mustSuit(n *Network) {
	if c > CrossEntropy {
		panic(fmt.Sprintf("nn: cost %d, need Quadratic or CrossEntropy", c))
	}
	σ := n.last().Activation
	if c == CrossEntropy && σ != Sigmoid && σ != Softmax || c == Quadratic && σ == Softmax {
		panic(fmt.Sprintf("nn: cost %v for %v outputs: CrossEntropy needs Sigmoid or Softmax, Softmax needs CrossEntropy", c, σ))
	}
}

// ranges are the least and the greatest output of each activation function.
var ranges = [...][2]float64{Sigmoid: {0, 1}, Tanh: {-1, 1}, ReLU: {0, math.Inf(1)}, Linear: {math.Inf(-1), math.Inf(1)}, Softmax: {0, 1}}

// mustAllow panics if no output could ever equal the target t of example i. NaN passes, and the cost is NaN.
func (c Cost) mustAllow(t []float64, i int, σ Activation) {
	least, most, sum := ranges[σ][0], ranges[σ][1], 0.0
	for j, v := range t {
		if v < least || v > most {
			panic(fmt.Sprintf("nn: target %d of example %d is %v, the %v cost of a %v output needs it from %v to %v: "+
				"for other numbers, set Activation of the last layer to nn.Linear and Cost to nn.Quadratic", j, i, v, c, σ, least, most))
		}
		sum += v
	}
	if σ == Softmax && math.Abs(sum-1) > 1e-4 {
		panic(fmt.Sprintf("nn: the targets of example %d sum to %v, Softmax needs 1", i, sum))
	}
}
