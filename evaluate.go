package nn

import "math"

// PredictAll returns what [Network.Predict] returns for every example, one a
// row. It works on all cores, and panics if there is no example.
func (n *Network) PredictAll(data Examples) *Matrix {
	n.check()
	outputs := NewMatrix(mustHaveSome(data), n.outputs())
	n.forwardAll(data, outputs.Rows, func(first int, b *miniBatch) {
		copy(outputs.Data[first*outputs.Cols:], b.output().Data)
	})
	return outputs
}

// Evaluation is how well a network does on examples.
type Evaluation struct {
	Count     int     // examples
	Correct   int     // examples that Classify gives the class of their target
	Cost      float64 // the mean cost of an example
	Confusion [][]int // Confusion[target][answer] counts examples; the diagonal sums to Correct
}

// Accuracy returns the share of the examples that is classified correctly,
// from 0 to 1.
func (e Evaluation) Accuracy() float64 { return float64(e.Correct) / float64(e.Count) }

// Evaluate compares the network's answers to all examples with their targets.
// The class of a target is found as [Network.Classify] finds that of an output.
// Evaluate works on all cores, and the result has the same bits for any number
// of them. It panics if there is no example, and where [SGD.Epoch] would for
// the cost.
func (n *Network) Evaluate(data Examples, cost Cost) Evaluation {
	n.check()
	cost.mustSuit(n)
	e := Evaluation{Count: mustHaveSome(data), Confusion: make([][]int, max(2, n.outputs()))}
	answers := make([]struct{ target, answer int }, e.Count)
	costs := make([]float64, e.Count)
	n.forwardAll(data, e.Count, func(first int, b *miniBatch) {
		b.measure(n, cost, 0, len(b.examples))
		copy(costs[first:], b.costs)
		for i := range b.targets.Rows {
			output, target := b.output().Row(i), b.targets.Row(i)
			answers[first+i].target, answers[first+i].answer = n.class(target), n.class(output)
		}
	})
	for i := range e.Confusion {
		e.Confusion[i] = make([]int, len(e.Confusion))
	}
	for i, a := range answers {
		e.Confusion[a.target][a.answer]++
		e.Cost += costs[i] / float64(e.Count)
		if a.target == a.answer {
			e.Correct++
		}
	}
	return e
}

// forwardAll runs all examples through the network, a mini-batch at a time, and
// shows each to visit, with the number of its first example. It visits
// mini-batches on all cores at once.
func (n *Network) forwardAll(data Examples, count int, visit func(first int, b *miniBatch)) {
	const size = 16
	numbers := make([]int, count)
	for i := range numbers {
		numbers[i] = i
	}
	free := make(chan *miniBatch, cores()) // one for each core
	for range cap(free) {
		free <- newMiniBatch(n, min(size, count))
	}
	new(workers).do(cap(free), (count+size-1)/size, func(piece int) {
		b := <-free
		defer func() { free <- b }()
		first, m := piece*size, min(size, count-piece*size)
		b.set(n, data, numbers[first:first+m])
		b.load(0, m)
		b.forward(n, 0, m)
		visit(first, b)
	})
}

// class returns the class that an output, or a target, stands for.
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
