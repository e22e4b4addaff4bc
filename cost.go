package nn

import (
	"fmt"
	"math"
)

// Cost measures how far an output a is from its target t: 0 for a perfect
// answer, more for a worse one. Learning is making the mean cost small.
type Cost uint8

// The cost functions, for one example, summed over its outputs j. The zero
// value is Quadratic.
//
//	Quadratic     C = ½ Σⱼ (aⱼ−tⱼ)²
//	CrossEntropy  C = −Σⱼ [tⱼ·ln aⱼ + (1−tⱼ)·ln(1−aⱼ)]
//
// CrossEntropy needs a [Sigmoid] output layer and targets from 0 to 1. Its delta
// lacks the factor σ′, so that a neuron that is sure and wrong learns fast
// (Nielsen, Neural Networks and Deep Learning, chapter 3). Where a sigmoid is
// rounded to 0 or 1, a logarithm counts as −100, as in PyTorch's BCELoss.
const (
	Quadratic Cost = iota
	CrossEntropy
)

// of returns the cost of output a for target t.
func (c Cost) of(a, t []float64) (sum float64) {
	for j := range a {
		if c == Quadratic {
			sum += (a[j] - t[j]) * (a[j] - t[j]) / 2
		} else {
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
	if c == CrossEntropy && n.last().Activation != Sigmoid {
		panic(fmt.Sprintf("nn: CrossEntropy needs a sigmoid output layer, this one is %v", n.last().Activation))
	}
}
