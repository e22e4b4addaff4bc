// Package nn is a feedforward neural network to read and to use: the classic
// 784-16-16-10 sigmoid network that reads handwritten digits, and whatever is
// needed to train it, in pure Go with no dependencies.
//
// A picture of 28×28 pixels comes in as 784 numbers from 0 (black) to 1
// (white). Two hidden layers of 16 neurons follow, then ten neurons, one for
// each digit. A neuron takes the activations a of the layer before, each over
// a wire of strength w, adds its bias b (the negative of the threshold that it
// must pass to light up), and squashes the sum into 0 … 1:
//
//	a' = σ(w₁a₁ + w₂a₂ + … + wₙaₙ + b)    σ(z) = 1/(1+e⁻ᶻ)
//
// That makes 784·16 + 16·16 + 16·10 = 12,960 weights and 16 + 16 + 10 = 42
// biases: 13,002 numbers to find. Finding them is called learning. This
// program learns from MNIST's 60,000 digits and reads one it has never seen:
//
//	train, test, err := nn.LoadMNIST("")
//	…
//	r := rand.New(rand.NewPCG(1, 2))
//	net := nn.New(r, 784, 16, 16, 10)
//	sgd := &nn.SGD{Rate: 3, Batch: 10, Rand: r}
//	for range 30 {
//		cost, err := sgd.Epoch(net, train)
//		…
//	}
//	input, target := make([]float64, 784), make([]float64, 10)
//	test.Example(0, input, target)
//	digit := net.Classify(input) // test.Labels[0], it is to be hoped
//
// # How a mini-batch flows
//
// A mini-batch of m examples is a matrix A₀ of m×784, one example a row.
// Weights are stored inputs × neurons, so a layer is a product of matrices:
//
//	forward    Zₗ = Aₗ₋₁·Wₗ + bₗ          Aₗ = σ(Zₗ)            layer.go
//	cost       C = ½‖A_L − T‖², the mean over the batch        train.go
//	output     Δ_L = (A_L − T) ⊙ σ′(Z_L)                       train.go
//	backward   Δₗ = (Δₗ₊₁·Wₗ₊₁ᵀ) ⊙ σ′(Zₗ)                      layer.go
//	update     Wₗ −= η/m · Aₗ₋₁ᵀ·Δₗ       bₗ −= η/m · ΣΔₗ       train.go
//
// The names are those of Michael Nielsen's book Neural Networks and Deep
// Learning, chapters 1 and 2, with rows for his columns.
//
// Read the files in this order: matrix.go, activation.go, layer.go,
// network.go, train.go; then examples.go, images.go, distort.go, mnist.go and
// synthetic.go for what it learns from, and image.go, safetensors.go,
// picture.go and pretrained.go for what becomes of it.
package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
)

// Network is a feedforward network: each layer's activations are the inputs
// of the next. It holds the parameters and nothing else, so any number of
// goroutines may read one network at once (Predict, Classify, Activations,
// PredictAll, Evaluate, Clone), as long as none trains or changes it.
//
// Inputs and parameters up to 1e150 in size give finite outputs of sigmoid and
// tanh layers, which answer any weighted sum in their range; the activations of
// ReLU layers have no limit and grow from layer to layer. Where a sum is beyond
// float64, sigmoid and tanh are at the end of their range; ∞−∞ and what is not a
// number in the data make NaN of every neuron that they reach. An input of 0
// reaches none, whatever its weights are. None of this panics; [SGD.Epoch]
// returns an error.
//
// A Network put together by hand works like one from [New] if its layers fit:
// every method panics if there is no layer, if a layer has not one bias for
// each column of its weights, or not one row of weights for each neuron of
// the layer before.
type Network struct {
	Layers []*Layer // without the inputs, which have no parameters
}

// New returns a network of sigmoid layers with random weights. The first size
// is the number of inputs, each further one that of a layer's neurons: New(r,
// 784, 16, 16, 10) is the network that reads digits. It panics if r is nil,
// if there are fewer than two sizes, or a size is below 1.
//
// A weight is drawn from the normal distribution of mean 0 and variance 1/n,
// n being the inputs of its neuron; a bias is 0. A weighted sum then varies
// about as much as one input does, however many inputs there are: not so much
// that the sigmoid is saturated and its slope, the engine of learning, gone,
// and not so little that all neurons answer alike (LeCun, Bottou, Orr and
// Müller, Efficient BackProp, 1998, section 4.6). A [ReLU] layer silences half
// of its neurons and needs variance 2/n to make up for it (He, Zhang, Ren and
// Sun, Delving Deep into Rectifiers, 2015): multiply its Weights.Data by √2.
func New(r *rand.Rand, sizes ...int) *Network {
	if r == nil {
		panic("nn: New needs a random source, got nil")
	}
	if len(sizes) < 2 {
		panic(fmt.Sprintf("nn: New needs the inputs and at least one layer, got %d sizes", len(sizes)))
	}
	n := new(Network)
	for i, neurons := range sizes[1:] {
		inputs := sizes[i]
		l := &Layer{Weights: NewMatrix(inputs, neurons), Biases: make([]float64, neurons)}
		scale := 1 / math.Sqrt(float64(inputs))
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
	n.check()
	sum := 0
	for _, l := range n.Layers {
		sum += len(l.Weights.Data) + len(l.Biases)
	}
	return sum
}

// Clone returns a copy that shares nothing with n: to keep the best network
// so far, or to look at one while its original goes on learning.
func (n *Network) Clone() *Network {
	n.check()
	c := new(Network)
	for _, l := range n.Layers {
		w := NewMatrix(l.Weights.Rows, l.Weights.Cols)
		copy(w.Data, l.Weights.Data)
		c.Layers = append(c.Layers, &Layer{w, append([]float64(nil), l.Biases...), l.Activation})
	}
	return c
}

// Predict returns the activations of the last layer for an input: for digits,
// ten numbers from 0 to 1, how much the picture looks like a 0, like a 1, and
// so on. They are ten separate answers and need not sum to 1. Predict panics
// if the input is not as long as the network has inputs.
func (n *Network) Predict(input []float64) []float64 {
	n.check()
	output := make([]float64, n.outputs())
	n.predict(output, input)
	return output
}

// Classify returns the class that the network sees in an input: the index of
// the largest output, the first if there are several; NaN is never the
// largest. A network with a single output tells two classes apart: 1 if the
// output is at least 0.5 (Tanh: 0), else 0. Classify panics if the input is
// not as long as the network has inputs.
func (n *Network) Classify(input []float64) int {
	n.check()
	var room [narrow]float64
	output := room[:]
	if n.outputs() > narrow {
		output = make([]float64, n.outputs())
	}
	output = output[:n.outputs()]
	n.predict(output, input)
	return n.class(output)
}

// narrow is the width up to which a prediction needs no memory but the stack.
const narrow = 32

// predict runs one input through all layers, the last of which fills output.
func (n *Network) predict(output, input []float64) {
	n.mustTake(input)
	var room [2][narrow]float64
	in := Matrix{Rows: 1, Cols: len(input), Data: input}
	for i, l := range n.Layers {
		out := Matrix{Rows: 1, Cols: len(l.Biases)}
		switch {
		case i == len(n.Layers)-1:
			out.Data = output
		case out.Cols <= narrow:
			out.Data = room[i%2][:out.Cols]
		default:
			out.Data = make([]float64, out.Cols)
		}
		l.forward(&out, &in)
		in = out
	}
}

// class is the class that an output, or a target, stands for.
func (n *Network) class(output []float64) int {
	if len(output) == 1 {
		threshold := 0.5
		if n.last().Activation == Tanh {
			threshold = 0
		}
		if output[0] >= threshold {
			return 1
		}
		return 0
	}
	best, largest := 0, math.Inf(-1)
	for j, a := range output {
		if a > largest {
			best, largest = j, a
		}
	}
	return best
}

// Activations returns the activations of every neuron for an input, layer by
// layer: first a copy of the input, last what Predict returns. For 784-16-16-10
// that are 826 numbers. It panics if the input is not as long as the network
// has inputs.
func (n *Network) Activations(input []float64) [][]float64 {
	n.check()
	n.mustTake(input)
	all := [][]float64{append([]float64(nil), input...)}
	for i, l := range n.Layers {
		in := Matrix{Rows: 1, Cols: len(all[i]), Data: all[i]}
		out := NewMatrix(1, len(l.Biases))
		l.forward(out, &in)
		all = append(all, out.Data)
	}
	return all
}

// PredictAll returns what Predict returns for every example, one a row. It
// works on all cores, and panics if there is no example.
func (n *Network) PredictAll(data Examples) *Matrix {
	n.check()
	count := mustHaveSome(data)
	outputs := NewMatrix(count, n.outputs())
	n.forAll(data, count, func(p *pass, first int) {
		copy(outputs.Data[first*outputs.Cols:], p.output().Data)
	})
	return outputs
}

// Evaluation is how well a network does on examples.
type Evaluation struct {
	Count     int     // examples
	Correct   int     // examples that Classify gives the class of their target
	Cost      float64 // the mean cost of an example
	Confusion [][]int // Confusion[target][answer] counts examples; its diagonal sums to Correct
}

// Accuracy returns the share of the examples that is classified correctly,
// from 0 to 1.
func (e Evaluation) Accuracy() float64 { return float64(e.Correct) / float64(e.Count) }

// Evaluate runs all examples through the network and compares its answers
// with their targets; the class of a target is found as Classify finds that
// of an output. It works on all cores, and the result is the same to the last
// bit for any number of them. It panics if there is no example, and where
// [SGD.Epoch] would for the cost.
func (n *Network) Evaluate(data Examples, cost Cost) Evaluation {
	n.check()
	cost.mustSuit(n)
	count := mustHaveSome(data)
	classes := max(2, n.outputs())
	answers := make([]struct{ target, answer int }, count)
	costs := make([]float64, count)
	n.forAll(data, count, func(p *pass, first int) {
		for i := range p.size {
			output, target := p.output().Row(i), p.targets.Row(i)
			answers[first+i].target, answers[first+i].answer = n.class(target), n.class(output)
			costs[first+i] = cost.of(output, target)
		}
	})
	e := Evaluation{Count: count, Confusion: make([][]int, classes)}
	for i := range e.Confusion {
		e.Confusion[i] = make([]int, classes)
	}
	for i, a := range answers {
		e.Confusion[a.target][a.answer]++
		e.Cost += costs[i] / float64(count)
		if a.target == a.answer {
			e.Correct++
		}
	}
	return e
}

// A pass is a mini-batch of m examples on its way through a network.
type pass struct {
	size        int       // the examples in it, m or fewer
	input       *Matrix   // A₀, m×784
	targets     *Matrix   // T, m×10
	activations []*Matrix // A₁ … A_L: m×16, m×16, m×10
	deltas      []*Matrix // Δ₁ … Δ_L, of the same shapes, for training
	costs       []float64 // of each example, for training
	dense       []float64 // room for one example's input
}

func newPass(n *Network, m int) *pass {
	p := &pass{
		size:    m,
		input:   &Matrix{Rows: m, Cols: n.inputs(), ink: newInk(m, n.inputs())},
		targets: NewMatrix(m, n.outputs()),
	}
	for i, l := range n.Layers {
		a := NewMatrix(m, len(l.Biases))
		if i < len(n.Layers)-1 {
			a.ink = newInk(m, a.Cols)
		}
		p.activations = append(p.activations, a)
	}
	return p
}

// fits tells whether the network's layers are those that newPass saw.
func (p *pass) fits(n *Network) bool {
	if len(p.activations) != len(n.Layers) || p.input.Cols != n.inputs() {
		return false
	}
	for i, l := range n.Layers {
		if p.activations[i].Cols != len(l.Biases) {
			return false
		}
	}
	return true
}

func (p *pass) output() *Matrix { return p.activations[len(p.activations)-1] }

// resize makes the pass one of m examples, m being no more than newPass made
// room for.
func (p *pass) resize(m int) {
	if p.size == m {
		return
	}
	p.size = m
	p.input.Rows = m
	setRows(p.targets, m)
	for _, a := range p.activations {
		setRows(a, m)
	}
	for _, d := range p.deltas {
		setRows(d, m)
	}
}

// forTraining adds room for deltas and costs.
func (p *pass) forTraining() *pass {
	for _, a := range p.activations {
		p.deltas = append(p.deltas, NewMatrix(a.Rows, a.Cols))
	}
	p.costs = make([]float64, p.input.Rows)
	return p
}

func setRows(x *Matrix, m int) { x.Rows, x.Data = m, x.Data[:m*x.Cols] }

// load puts example j of data into row i.
func (p *pass) load(i int, data Examples, j int) {
	if images, ok := data.(lister); ok {
		images.list(j, p.input.ink, i, p.targets.Row(i))
		return
	}
	if p.dense == nil {
		p.dense = make([]float64, p.input.Cols)
	}
	data.Example(j, p.dense, p.targets.Row(i))
	p.input.ink.set(i, p.dense)
}

// forward computes A₁ … A_L from A₀.
func (p *pass) forward(n *Network) {
	in := p.input
	for i, l := range n.Layers {
		l.forward(p.activations[i], in)
		in = p.activations[i]
		if in.ink != nil {
			for j := range p.size {
				in.ink.set(j, in.Row(j))
			}
		}
	}
}

// forAll runs all examples through the network, a mini-batch at a time, and
// shows each to visit, together with the index of its first example. Batches
// are visited on all cores at once.
func (n *Network) forAll(data Examples, count int, visit func(p *pass, first int)) {
	const size = 16
	var next atomic.Int64
	cores := gather(min(runtime.GOMAXPROCS(0), (count+size-1)/size))
	defer cores.dismiss()
	cores.do(func(int) {
		p := newPass(n, min(size, count))
		for {
			first := int(next.Add(size)) - size
			if first >= count {
				return
			}
			p.resize(min(size, count-first))
			for i := range p.size {
				p.load(i, data, first+i)
			}
			p.forward(n)
			visit(p, first)
		}
	})
}

func (n *Network) inputs() int  { return n.Layers[0].Weights.Rows }
func (n *Network) outputs() int { return len(n.last().Biases) }
func (n *Network) last() *Layer { return n.Layers[len(n.Layers)-1] }

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
		if l.Activation > ReLU {
			panic(fmt.Sprintf("nn: layer %d has %v, need Sigmoid, Tanh or ReLU", i, l.Activation))
		}
		before = w.Cols
	}
}

func (n *Network) mustTake(input []float64) {
	if len(input) != n.inputs() {
		panic(fmt.Sprintf("nn: input of %d numbers for a network of %d inputs", len(input), n.inputs()))
	}
}

func mustHaveSome(data Examples) int {
	if data == nil {
		panic("nn: the examples are nil, need at least 1")
	}
	count := data.Len()
	if count < 1 {
		panic(fmt.Sprintf("nn: %d examples, need at least 1", count))
	}
	return count
}
