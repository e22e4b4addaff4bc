package nn

import (
	"fmt"
	"math"
)

// PredictAll returns what [Network.Predict] returns for every example, one
// per row. It works on all cores, and panics if there is no example.
func (n *Network) PredictAll(data Examples) *Matrix {
	n.check()
	outputs := NewMatrix(mustHaveSome(data), n.outputs())
	n.forwardAll(data, outputs.Rows, func(first int, b *miniBatch) {
		copy(outputs.Data[first*outputs.Cols:], b.output().Data)
	})
	return outputs
}

// Evaluation is how well a network does on examples.
//
// A network with a [Linear] output layer is fitted to numbers, which have no
// classes: Correct is 0, Confusion nil, all shares are NaN, and only the cost counts.
type Evaluation struct {
	Count     int     // examples
	Correct   int     // examples that Classify gives the class of their target
	Cost      float64 // the mean cost of an example
	Confusion [][]int // Confusion[target][answer] counts examples; the diagonal sums to Correct
}

// Accuracy returns the share of the examples that is classified correctly,
// from 0 to 1. It is NaN for a [Linear] output layer.
func (e Evaluation) Accuracy() float64 {
	if e.Confusion == nil {
		return math.NaN()
	}
	return float64(e.Correct) / float64(e.Count)
}

// Precision returns the share of the examples answered with the class that
// belong to it, from 0 to 1. It is NaN if no answer is the class, as for a [Linear]
// output layer.
func (e Evaluation) Precision(class int) float64 {
	if e.Confusion == nil {
		return math.NaN()
	}
	answers := 0
	for _, row := range e.Confusion {
		answers += row[class]
	}
	return float64(e.Confusion[class][class]) / float64(answers)
}

// Recall returns the share of the examples of the class that are answered with
// it, from 0 to 1. It is NaN if no target is the class, as for a [Linear] output
// layer.
func (e Evaluation) Recall(class int) float64 {
	if e.Confusion == nil {
		return math.NaN()
	}
	targets := 0
	for _, count := range e.Confusion[class] {
		targets += count
	}
	return float64(e.Confusion[class][class]) / float64(targets)
}

// String returns the accuracy, the cost and the confusion matrix as text of
// several lines.
func (e Evaluation) String() string {
	if e.Confusion == nil {
		return fmt.Sprintf("cost %.4g (%d examples)", e.Cost, e.Count)
	}
	s := fmt.Sprintf("accuracy %.2f %% (%d of %d examples), cost %.4g\n", 100*e.Accuracy(), e.Correct, e.Count, e.Cost)
	s += "confusion matrix (rows: the target, columns: the answer):\n     "
	for class := range e.Confusion {
		s += fmt.Sprintf(" %5d", class)
	}
	for class, row := range e.Confusion {
		s += fmt.Sprintf("\n%5d", class)
		for _, count := range row {
			s += fmt.Sprintf(" %5d", count)
		}
	}
	return s
}

// Evaluate compares the network's answers to all examples with their targets.
// The class of a target is found as [Network.Classify] finds that of an output.
// Evaluate works on all cores, and the result has the same bits for any number
// of them. The confusion matrix of c outputs has c² ints.
//
// It panics if there is no example, where [SGD.Epoch] would for the cost or a target,
// and if the target of a single output is exactly the threshold between its two
// classes: 0.5, or 0 for [Tanh], whose targets are −1 and 1. A NaN in a target does
// not panic: the cost is NaN, and the NaN counts as less than any number.
func (n *Network) Evaluate(data Examples, cost Cost) Evaluation {
	n.check()
	cost.mustSuit(n)
	e := Evaluation{Count: mustHaveSome(data)}
	linear := n.last().Activation == Linear
	answers := make([]struct{ target, answer int }, e.Count)
	costs := make([]float64, e.Count)
	n.forwardAll(data, e.Count, func(first int, b *miniBatch) {
		b.measure(n, cost, 0, len(b.examples))
		copy(costs[first:], b.costs)
		for i := range b.targets.Rows {
			output, target := b.output().Row(i), b.targets.Row(i)
			if len(target) == 1 && target[0] == n.threshold() && !linear {
				panic(fmt.Sprintf("nn: the target of example %d is %v, which is the threshold between the classes of a %v output, need a target below or above it",
					first+i, target[0], n.last().Activation))
			}
			answers[first+i].target, answers[first+i].answer = n.class(target), n.class(output)
		}
	})
	for _, c := range costs {
		e.Cost += c / float64(e.Count)
	}
	if linear {
		return e
	}
	e.Confusion = make([][]int, max(2, n.outputs()))
	for i := range e.Confusion {
		e.Confusion[i] = make([]int, len(e.Confusion))
	}
	for _, a := range answers {
		e.Confusion[a.target][a.answer]++
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
	if len(output) == 1 && output[0] >= n.threshold() {
		return 1
	}
	best, largest := 0, math.Inf(-1)
	for j, a := range output {
		if a > largest {
			best, largest = j, a
		}
	}
	return best
}

// threshold returns where class 1 begins for a network with a single output.
func (n *Network) threshold() float64 {
	if n.last().Activation == Tanh {
		return 0
	}
	return 0.5
}
