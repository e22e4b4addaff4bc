// Gonum's mat package: the whole mini-batch as a matrix, float64.
package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"gonum.org/v1/gonum/mat"
)

func load(name string, skip int) []byte {
	f, err := os.Open(filepath.Join(os.Getenv("MNIST_DIR"), name))
	if err != nil {
		panic(err)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		panic(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	return b[skip:]
}

var sizes = []int{784, 16, 16, 10}

type net struct {
	w    []*mat.Dense
	b    [][]float64
	a, d []*mat.Dense
}

func sig(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

func (n *net) forward(x mat.Matrix) {
	for l, w := range n.w {
		n.a[l].Mul(x, w)
		r, c := n.a[l].Dims()
		for i := range r {
			row := n.a[l].RawRowView(i)
			for j := range c {
				row[j] = sig(row[j] + n.b[l][j])
			}
		}
		x = n.a[l]
	}
}

func say(figure string, value float64) {
	fmt.Printf("%-12s width=%-5d batch=%-5d %-22s %.6g\n", "gonum", 16, 10, figure, value)
}

func main() {
	xb, y := load("train-images-idx3-ubyte.gz", 16), load("train-labels-idx1-ubyte.gz", 8)
	tb, ty := load("t10k-images-idx3-ubyte.gz", 16), load("t10k-labels-idx1-ubyte.gz", 8)
	r := rand.New(rand.NewPCG(1, 2))
	n := &net{}
	mk := func(m int) {
		n.a, n.d = nil, nil
		for _, s := range sizes[1:] {
			n.a = append(n.a, mat.NewDense(m, s, nil))
			n.d = append(n.d, mat.NewDense(m, s, nil))
		}
	}
	for l := range 3 {
		w := mat.NewDense(sizes[l], sizes[l+1], nil)
		w.Apply(func(_, _ int, _ float64) float64 { return r.NormFloat64() / math.Sqrt(float64(sizes[l])) }, w)
		n.w = append(n.w, w)
		n.b = append(n.b, make([]float64, sizes[l+1]))
	}
	const m = 10
	mk(m)
	x := mat.NewDense(m, 784, nil)
	g := []*mat.Dense{mat.NewDense(784, 16, nil), mat.NewDense(16, 16, nil), mat.NewDense(16, 10, nil)}
	p := r.Perm(60000)
	best := math.Inf(1)
	for range 5 {
		r.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
		t := time.Now()
		for b := 0; b < 60000; b += m {
			for i := range m {
				row := x.RawRowView(i)
				for k, v := range xb[p[b+i]*784:][:784] {
					row[k] = float64(v) / 255
				}
			}
			n.forward(x)
			for i := range m {
				a, d := n.a[2].RawRowView(i), n.d[2].RawRowView(i)
				for j := range a {
					t := 0.0
					if j == int(y[p[b+i]]) {
						t = 1
					}
					d[j] = (a[j] - t) * a[j] * (1 - a[j])
				}
			}
			for l := 2; l > 0; l-- {
				n.d[l-1].Mul(n.d[l], n.w[l].T())
				for i := range m {
					a, d := n.a[l-1].RawRowView(i), n.d[l-1].RawRowView(i)
					for j := range a {
						d[j] *= a[j] * (1 - a[j])
					}
				}
			}
			for l := range 3 {
				in := mat.Matrix(x)
				if l > 0 {
					in = n.a[l-1]
				}
				g[l].Mul(in.T(), n.d[l])
				g[l].Scale(3.0/m, g[l])
				n.w[l].Sub(n.w[l], g[l])
				for i := range m {
					for j, d := range n.d[l].RawRowView(i) {
						n.b[l][j] -= 3.0 / m * d
					}
				}
			}
		}
		best = min(best, time.Since(t).Seconds())
	}
	say("epoch s", best)
	tx := mat.NewDense(10000, 784, nil)
	for i, v := range tb {
		tx.RawMatrix().Data[i] = float64(v) / 255
	}
	mk(10000)
	t := time.Now()
	for range 5 {
		n.forward(tx)
	}
	say("10,000 at once /s", 5e4/time.Since(t).Seconds())
	ok := 0
	for i := range 10000 {
		a, best := n.a[2].RawRowView(i), 0
		for j := range a {
			if a[j] > a[best] {
				best = j
			}
		}
		if best == int(ty[i]) {
			ok++
		}
	}
	say("accuracy after 5 %", float64(ok)/100)
	mk(1)
	t = time.Now()
	for i := range 10000 {
		n.forward(tx.Slice(i, i+1, 0, 784))
	}
	say("one prediction µs", time.Since(t).Seconds()*100)
}
