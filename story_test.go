package nn

import (
	"math"
	"testing"
)

// benchmarks.md tells how training became fast, step by step. The first step is
// examples/plain and the last ones are the library. Those between are here: the
// same gradient descent, with simpler products of matrices.

type products struct {
	name    string
	mul     func(m, a, b *Matrix)                    // m = a·b
	addTMul func(m *Matrix, c float64, a, b *Matrix) // m += c·aᵀ·b
}

var story = []products{
	{"matrices", naiveMul, naiveAddTMul},
	byRows("rows", false),
	byRows("zeros-skipped", true),
}

// byRows returns products that add whole rows of b, so that the inner loop runs
// along memory. An element of a that is 0 can be skipped, and a row with it.
func byRows(name string, skipZeros bool) products {
	mul := func(m, a, b *Matrix) {
		clear(m.Data)
		for i := range a.Rows {
			for k, v := range a.Row(i) {
				if v != 0 || !skipZeros {
					add(m.Row(i), v, b.Row(k))
				}
			}
		}
	}
	addTMul := func(m *Matrix, c float64, a, b *Matrix) {
		for i := range a.Rows {
			for k, v := range a.Row(i) {
				if v != 0 || !skipZeros {
					add(m.Row(k), c*v, b.Row(i))
				}
			}
		}
	}
	return products{name, mul, addTMul}
}

// epoch is SGD.Epoch with these products, for the quadratic cost and
// mini-batches of 10 examples in the given order.
func (p products) epoch(n *Network, data Examples, order []int, rate float64) {
	const m = 10
	target := NewMatrix(m, n.outputs())
	a, delta := []*Matrix{NewMatrix(m, n.inputs())}, []*Matrix{nil}
	for _, layer := range n.Layers {
		a = append(a, NewMatrix(m, layer.Weights.Cols))
		delta = append(delta, NewMatrix(m, layer.Weights.Cols))
	}
	last := len(n.Layers)
	for ; len(order) >= m; order = order[m:] {
		for i, example := range order[:m] {
			data.Example(example, a[0].Row(i), target.Row(i))
		}
		for l, layer := range n.Layers { // A = σ(A·W + b)
			out := a[l+1]
			p.mul(out, a[l], layer.Weights)
			for j, z := range out.Data {
				out.Data[j] = 1 / (1 + math.Exp(-(z + layer.Biases[j%out.Cols])))
			}
		}
		for j, a := range a[last].Data { // Δ = (A − T) ⊙ σ′(Z)
			delta[last].Data[j] = (a - target.Data[j]) * a * (1 - a)
		}
		for l := last - 1; l > 0; l-- { // Δ = (Δ·Wᵀ) ⊙ σ′(Z)
			naiveMulT(delta[l], delta[l+1], n.Layers[l].Weights)
			for j, a := range a[l].Data {
				delta[l].Data[j] *= a * (1 - a)
			}
		}
		for l, layer := range n.Layers { // W −= η/m·Aᵀ·Δ, b −= η/m·ΣΔ
			p.addTMul(layer.Weights, -rate/m, a[l], delta[l+1])
			for i := range m {
				add(layer.Biases, -rate/m, delta[l+1].Row(i))
			}
		}
	}
}

func TestTheStepsOfTheStoryComputeWhatTheLibraryDoes(t *testing.T) {
	train := Synthetic(random(1), 500)
	start := New(random(2), 784, 16, 16, 10)
	library, sgd := start.Clone(), &SGD{Rate: 3}
	if _, err := sgd.Epoch(library, train); err != nil {
		t.Fatal(err)
	}
	for _, p := range story {
		n := start.Clone()
		p.epoch(n, train, sgd.order, sgd.Rate)
		mustBeClose(t, p.name, values(n), values(library), 1e-9)
	}
}

func BenchmarkStory(b *testing.B) {
	name, train, _ := data(b)
	for _, p := range story {
		b.Run(p.name+"/"+name, func(b *testing.B) {
			r := random(1)
			n := New(r, 784, 16, 16, 10)
			b.ResetTimer()
			for range b.N {
				p.epoch(n, train, r.Perm(train.Len()), 3)
			}
			imagesPerSecond(b, train.Len())
		})
	}
}
