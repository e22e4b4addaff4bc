package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Network is a feedforward network: the activations of each layer are the
// inputs of the next. It holds the parameters and nothing else. Any number of
// goroutines may read a network at once (Predict, Classify, Activations,
// PredictAll, Evaluate, Clone, Save), as long as none trains or changes it.
//
// Inputs and parameters of magnitude up to 1e150 give finite outputs of sigmoid
// and tanh layers. The activations of ReLU layers have no limit and can grow
// from layer to layer. A weighted sum of ±∞ saturates sigmoid and tanh, and one
// that is NaN gives NaN. Where products beyond float64 cancel, the sum may be
// either. An input of 0 adds nothing to a sum, even if its weight is not finite.
// None of this panics; [SGD.Epoch] returns an error.
//
// A Network may be put together by hand. Each layer needs a bias for each column
// of its weights, and a row of weights for each neuron of the layer before.
// Methods panic if the layers do not fit. Predict, Classify and Activations look at
// shapes alone, Parameters and Clone at nothing.
type Network struct {
	Layers []*Layer // the inputs are no layer, as they have no parameters
}

// New returns a network of sigmoid layers with random weights. The first size
// is the number of inputs, each further one the number of a layer's neurons:
// New(r, 784, 16, 16, 10) is the network that reads digits. It panics if r is
// nil, if there are fewer than two sizes, or if a size is below 1.
//
// The weights of a neuron with n inputs are drawn from the normal distribution
// of mean 0 and variance 1/n; its bias is 0. Its weighted sum then varies about
// as much as one input, so that the sigmoid neither saturates nor answers alike
// for all inputs (LeCun, Bottou, Orr and Müller, Efficient BackProp, 1998,
// section 4.6). A [ReLU] layer needs variance 2/n (He, Zhang, Ren and Sun,
// Delving Deep into Rectifiers, 2015): multiply its Weights.Data by √2.
func New(r *rand.Rand, sizes ...int) *Network {
	if r == nil {
		panic("nn: New needs a random source, got nil")
	}
	if len(sizes) < 2 {
		panic(fmt.Sprintf("nn: New needs the inputs and at least one layer, got %d sizes", len(sizes)))
	}
	n := new(Network)
	for i, neurons := range sizes[1:] {
		l := &Layer{Weights: NewMatrix(sizes[i], neurons), Biases: make([]float64, neurons)}
		scale := 1 / math.Sqrt(float64(sizes[i]))
		for k := range l.Weights.Data {
			l.Weights.Data[k] = scale * r.NormFloat64()
		}
		n.Layers = append(n.Layers, l)
	}
	return n
}

// Parameters returns the number of weights and biases: 13,002 for
// 784-16-16-10.
func (n *Network) Parameters() int {
	sum := 0
	for _, l := range n.Layers {
		sum += len(l.Weights.Data) + len(l.Biases)
	}
	return sum
}

// String returns, for example, "784-16-16-10 sigmoid, 13002 parameters". It lists
// activation functions that differ, as in "784-16-10 relu-softmax, 12730
// parameters", and panics if the layers do not fit.
func (n *Network) String() string {
	n.check()
	sizes, names := fmt.Sprint(n.inputs()), []string{}
	for _, l := range n.Layers {
		sizes += fmt.Sprintf("-%d", len(l.Biases))
		names = append(names, l.Activation.String())
	}
	if distinct := slices.Compact(slices.Clone(names)); len(distinct) == 1 {
		names = distinct
	}
	return fmt.Sprintf("%s %s, %d parameters", sizes, strings.Join(names, "-"), n.Parameters())
}

// Clone returns a copy that shares nothing with n: to keep the best network
// so far, or to look at one while the original goes on learning.
func (n *Network) Clone() *Network {
	c := new(Network)
	for _, l := range n.Layers {
		w := &Matrix{l.Weights.Rows, l.Weights.Cols, slices.Clone(l.Weights.Data)}
		c.Layers = append(c.Layers, &Layer{w, slices.Clone(l.Biases), l.Activation})
	}
	return c
}

// Predict returns the activations of the last layer for an input. For digits
// they are ten numbers from 0 to 1: how much the picture looks like a 0, like a
// 1, and so on. They are separate answers and need not sum to 1, unless the layer
// is [Softmax]. The largest says how sure the network is: with slices.Max and
// slices.Index one call gives both the confidence and the digit. Predict panics
// if the length of the input is not the network's number of inputs.
func (n *Network) Predict(input []float64) []float64 {
	n.mustTake(input)
	output := make([]float64, n.outputs())
	n.predict(output, input)
	return output
}

// Classify returns the class that the network assigns to an input: the index of
// the largest output, and the first one if several are largest. NaN is never
// the largest. A network with a single output distinguishes two classes: 1 if
// the output is at least 0.5 (Tanh: 0), else 0. Numbers, to which a [Linear] layer
// is fitted, have no class. Classify panics where Predict does.
func (n *Network) Classify(input []float64) int {
	n.mustTake(input)
	var buffer [32]float64
	output := sized(&buffer, n.outputs())
	n.predict(output, input)
	return n.class(output)
}

// Activations returns the activations of every neuron for an input, layer by
// layer: first a copy of the input, last what Predict returns. For 784-16-16-10
// they are 826 numbers. Activations panics where Predict does.
func (n *Network) Activations(input []float64) [][]float64 {
	n.mustTake(input)
	all := [][]float64{slices.Clone(input)}
	for i, l := range n.Layers {
		all = append(all, make([]float64, len(l.Biases)))
		n.activate(i, all[i+1], all[i])
	}
	return all
}

// predict fills output with the activations of the last layer. Hidden layers of
// few neurons need no memory but the stack.
func (n *Network) predict(output, input []float64) {
	var buffers [2][32]float64
	in := input
	for i, l := range n.Layers {
		out := output
		if i < len(n.Layers)-1 {
			out = sized(&buffers[i%2], len(l.Biases))
		}
		n.activate(i, out, in)
		in = out
	}
}

// sized returns n numbers, in the buffer if they fit.
func sized(buffer *[32]float64, n int) []float64 {
	if n > len(buffer) {
		return make([]float64, n)
	}
	return buffer[:n]
}

// activate computes the activations of layer i from those before it.
func (n *Network) activate(i int, out, in []float64) {
	a, before := Matrix{1, len(out), out}, Matrix{1, len(in), in}
	if i == 0 {
		n.Layers[i].forwardInput(&a, &before)
	} else {
		n.Layers[i].forward(&a, &before)
	}
}

// notFinite returns the layer and the value of a parameter that is infinite or
// NaN, or −1 if there is none.
func (n *Network) notFinite() (layer int, value float64) {
	for i, l := range n.Layers {
		for _, parameters := range [...][]float64{l.Weights.Data, l.Biases} {
			for _, v := range parameters {
				if !finite(v) {
					return i, v
				}
			}
		}
	}
	return -1, 0
}

func (n *Network) inputs() int  { return n.Layers[0].Weights.Rows }
func (n *Network) outputs() int { return len(n.last().Biases) }
func (n *Network) last() *Layer { return n.Layers[len(n.Layers)-1] }

func (n *Network) mustTake(input []float64) {
	if len(n.Layers) == 0 {
		panic("nn: network of 0 layers, need at least 1")
	}
	if len(input) != n.inputs() {
		panic(fmt.Sprintf("nn: input of %d numbers for a network of %d inputs", len(input), n.inputs()))
	}
}

// check panics unless the layers fit together.
func (n *Network) check() {
	if len(n.Layers) == 0 {
		panic("nn: network of 0 layers, need at least 1")
	}
	before := 0
	for i, l := range n.Layers {
		if l == nil || l.Weights == nil {
			panic(fmt.Sprintf("nn: layer %d is nil or has no weights", i))
		}
		w := l.Weights
		if w.Rows < 1 || w.Cols < 1 || len(w.Data)%w.Cols != 0 || len(w.Data)/w.Cols != w.Rows {
			panic(fmt.Sprintf("nn: layer %d has %d×%d weights in %d numbers", i, w.Rows, w.Cols, len(w.Data)))
		}
		if i > 0 && w.Rows != before || w.Cols != len(l.Biases) {
			panic(fmt.Sprintf("nn: layer %d has %d×%d weights for %d inputs and %d biases", i, w.Rows, w.Cols, before, len(l.Biases)))
		}
		if int(l.Activation) >= len(activationNames) {
			panic(fmt.Sprintf("nn: layer %d has %v, need one of %v", i, l.Activation, activationNames))
		}
		if l.Activation == Softmax && i < len(n.Layers)-1 {
			panic(fmt.Sprintf("nn: layer %d of %d is softmax, only the last layer may be", i, len(n.Layers)))
		}
		before = w.Cols
	}
}
