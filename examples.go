package nn

import "fmt"

// Examples is what a network learns from and is tested on: pairs of an input
// and the target, the output that the network should give for it.
//
// [Samples], [*Images] and [Distorted] are Examples. To use data of your own
// where it lies, implement the two methods.
type Examples interface {
	// Len returns the number of examples, which stays the same while they are
	// in use.
	Len() int
	// Example writes example i, 0 ≤ i < Len(), into input and target and fills
	// both whole. Their lengths are the network's inputs and outputs; if the
	// example does not fit it panics. What it writes depends on i alone, and
	// it may be called from several goroutines at once. It returns or panics;
	// a panic reaches the caller of Epoch or Evaluate, but its stack only if
	// GOMAXPROCS is 1.
	Example(i int, input, target []float64)
}

// Samples are Examples held in memory, each a pair of input and target. The
// exclusive or, for a network of two inputs and one output:
//
//	xor := nn.Samples{
//		{{0, 0}, {0}},
//		{{0, 1}, {1}},
//		{{1, 0}, {1}},
//		{{1, 1}, {0}},
//	}
type Samples [][2][]float64

// Len returns the number of samples.
func (s Samples) Len() int { return len(s) }

// Example copies sample i into input and target. It panics if their lengths
// differ from the sample's.
func (s Samples) Example(i int, input, target []float64) {
	if len(s[i][0]) != len(input) || len(s[i][1]) != len(target) {
		panic(fmt.Sprintf("nn: sample %d has %d inputs and %d targets for a network of %d inputs and %d outputs",
			i, len(s[i][0]), len(s[i][1]), len(input), len(target)))
	}
	copy(input, s[i][0])
	copy(target, s[i][1])
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
