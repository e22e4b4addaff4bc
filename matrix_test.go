package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// The naive triple loops: oracle of the three products, and their partner in
// the benchmarks.

func naiveMul(m, a, b *Matrix) {
	for i := range m.Rows {
		for j := range m.Cols {
			sum := 0.0
			for k := range a.Cols {
				sum += a.Data[i*a.Cols+k] * b.Data[k*b.Cols+j]
			}
			m.Data[i*m.Cols+j] = sum
		}
	}
}

func naiveMulT(m, a, b *Matrix) {
	for i := range m.Rows {
		for j := range m.Cols {
			sum := 0.0
			for k := range a.Cols {
				sum += a.Data[i*a.Cols+k] * b.Data[j*b.Cols+k]
			}
			m.Data[i*m.Cols+j] = sum
		}
	}
}

func naiveAddTMul(m *Matrix, c float64, a, b *Matrix) {
	for k := range m.Rows {
		for j := range m.Cols {
			sum := 0.0
			for i := range a.Rows {
				sum += a.Data[i*a.Cols+k] * b.Data[i*b.Cols+j]
			}
			m.Data[k*m.Cols+j] += c * sum
		}
	}
}

// randomMatrix returns a matrix of normal numbers, a share of them zero.
func randomMatrix(r *rand.Rand, rows, cols int, zeros float64) *Matrix {
	m := NewMatrix(rows, cols)
	for i := range m.Data {
		if r.Float64() >= zeros {
			m.Data[i] = r.NormFloat64()
		}
	}
	return m
}

// shapes are the widths at which a kernel changes its way: around the groups
// of four and eight, the list's 128, and the article's own.
var shapes = []int{1, 2, 3, 4, 5, 7, 8, 9, 10, 16, 17, 31, 33, 64, 127, 128, 129, 784}

func forShapes(t *testing.T, check func(t *testing.T, r *rand.Rand, m, n, c int, zeros float64)) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, m := range []int{1, 3, 10} {
		for _, n := range shapes {
			for _, c := range shapes[:len(shapes)-1] {
				for _, zeros := range []float64{0, 0.8, 1} {
					check(t, r, m, n, c, zeros)
				}
			}
		}
	}
}

func mustBeClose(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

func mustBeSame(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range want {
		if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
			t.Fatalf("%s: element %d is %v, want the same bits as %v", what, i, got[i], want[i])
		}
	}
}

// mustPanic checks that f panics with a message that begins with "nn: " and
// contains each of the words.
func mustPanic(t *testing.T, f func(), words ...string) {
	t.Helper()
	defer func() {
		t.Helper()
		message, ok := recover().(string)
		if !ok || !strings.HasPrefix(message, "nn: ") {
			t.Errorf("panics with %q, want a message that begins with nn:", message)
		}
		for _, word := range words {
			if !strings.Contains(message, word) {
				t.Errorf("panics with %q, want %q in it", message, word)
			}
		}
	}()
	f()
}

func TestMulEqualsTripleLoop(t *testing.T) {
	forShapes(t, func(t *testing.T, r *rand.Rand, m, n, c int, zeros float64) {
		a, b := randomMatrix(r, m, n, zeros), randomMatrix(r, n, c, 0)
		got, want := randomMatrix(r, m, c, 0), NewMatrix(m, c)
		got.Mul(a, b)
		naiveMul(want, a, b)
		mustBeClose(t, fmt.Sprintf("%d×%d times %d×%d", m, n, n, c), got.Data, want.Data, 1e-12)
	})
}

func TestMulTEqualsTripleLoop(t *testing.T) {
	forShapes(t, func(t *testing.T, r *rand.Rand, m, n, c int, zeros float64) {
		a, b := randomMatrix(r, m, n, zeros), randomMatrix(r, c, n, 0)
		got, want := randomMatrix(r, m, c, 0), NewMatrix(m, c)
		got.MulT(a, b)
		naiveMulT(want, a, b)
		mustBeClose(t, fmt.Sprintf("%d×%d times transposed %d×%d", m, n, c, n), got.Data, want.Data, 1e-12)
	})
}

func TestAddTMulEqualsTripleLoop(t *testing.T) {
	forShapes(t, func(t *testing.T, r *rand.Rand, m, n, c int, zeros float64) {
		a, b := randomMatrix(r, m, n, zeros), randomMatrix(r, m, c, 0)
		got := randomMatrix(r, n, c, 0)
		want := &Matrix{Rows: n, Cols: c, Data: append([]float64(nil), got.Data...)}
		got.AddTMul(-0.3, a, b)
		naiveAddTMul(want, -0.3, a, b)
		mustBeClose(t, fmt.Sprintf("transposed %d×%d times %d×%d", m, n, m, c), got.Data, want.Data, 1e-12)
	})
}

func TestListedInputsGiveTheSameBitsAsDenseOnes(t *testing.T) {
	forShapes(t, func(t *testing.T, r *rand.Rand, m, n, c int, zeros float64) {
		dense, w, d := randomMatrix(r, m, n, zeros), randomMatrix(r, n, c, 0), randomMatrix(r, m, c, 0)
		listed := &Matrix{Rows: m, Cols: n, ink: newInk(m, n)}
		for i := range m {
			listed.ink.set(i, dense.Row(i))
		}
		got, want := NewMatrix(m, c), NewMatrix(m, c)
		got.Mul(listed, w)
		want.Mul(dense, w)
		mustBeSame(t, "Mul", got.Data, want.Data)
		gotW, wantW := randomMatrix(rand.New(rand.NewPCG(3, 3)), n, c, 0), randomMatrix(rand.New(rand.NewPCG(3, 3)), n, c, 0)
		gotW.AddTMul(0.7, listed, d)
		wantW.AddTMul(0.7, dense, d)
		mustBeSame(t, "AddTMul", gotW.Data, wantW.Data)
	})
}

func TestAddTMulInSharesOfTheRowsGivesTheSameBits(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	a, d := randomMatrix(r, 10, 300, 0.5), randomMatrix(r, 10, 16, 0)
	listed := &Matrix{Rows: 10, Cols: 300, ink: newInk(10, 300)}
	for i := range 10 {
		listed.ink.set(i, a.Row(i))
	}
	want := NewMatrix(300, 16)
	want.AddTMul(0.1, a, d)
	for _, in := range []*Matrix{a, listed} {
		got := NewMatrix(300, 16)
		for _, cut := range [][2]int{{0, 1}, {1, 100}, {100, 257}, {257, 300}} {
			got.addTMul(0.1, in, d, cut[0], cut[1])
		}
		mustBeSame(t, "in four shares", got.Data, want.Data)
	}
}

func TestNaNAndInfinityAreNotTakenForInk(t *testing.T) {
	a, b := NewMatrix(1, 3), NewMatrix(3, 1)
	copy(b.Data, []float64{1, 1, 1})
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		a.Data[1] = v
		m := NewMatrix(1, 1)
		m.Mul(a, b)
		if got := m.Data[0]; got != v && !(math.IsNaN(got) && math.IsNaN(v)) {
			t.Errorf("0·1 + %v·1 + 0·1 = %v", v, got)
		}
	}
}

func TestMulAndAddTMulPassOverZerosAndMulTDoesNot(t *testing.T) {
	nan := &Matrix{Rows: 1, Cols: 1, Data: []float64{math.NaN()}}
	a := &Matrix{Rows: 1, Cols: 2, Data: []float64{0, 1}}
	m := NewMatrix(2, 1)
	if m.AddTMul(1, a, nan); m.Data[0] != 0 || !math.IsNaN(m.Data[1]) {
		t.Errorf("AddTMul: %v, want 0 and NaN", m.Data)
	}
	zero, one := NewMatrix(1, 1), NewMatrix(1, 1)
	if one.Mul(zero, nan); one.Data[0] != 0 {
		t.Errorf("Mul: %v, want 0", one.Data[0])
	}
	if one.MulT(zero, nan); !math.IsNaN(one.Data[0]) {
		t.Errorf("MulT: %v, want NaN", one.Data[0])
	}
}

func TestProductsPanicIfShapesDoNotFit(t *testing.T) {
	m, a, b := NewMatrix(2, 3), NewMatrix(2, 4), NewMatrix(5, 3)
	mustPanic(t, func() { m.Mul(a, b) }, "2×3", "2×4", "5×3")
	mustPanic(t, func() { m.MulT(a, b) }, "2×3", "2×4", "5×3")
	mustPanic(t, func() { m.AddTMul(1, a, b) }, "2×3", "2×4", "5×3")
}

func TestProductsPanicIfStoredInAFactor(t *testing.T) {
	m, a := NewMatrix(3, 3), NewMatrix(3, 3)
	mustPanic(t, func() { m.Mul(m, a) }, "own factors")
	mustPanic(t, func() { m.MulT(a, m) }, "own factors")
	mustPanic(t, func() { m.AddTMul(1, m, m) }, "own factors")
	mustPanic(t, func() { m.Mul(&Matrix{Rows: 3, Cols: 3, Data: m.Data}, a) }, "own factors")
}

func TestNewMatrixPanicsOnSizesThatCannotBe(t *testing.T) {
	mustPanic(t, func() { NewMatrix(0, 3) }, "0×3")
	mustPanic(t, func() { NewMatrix(3, -1) }, "3×-1")
	mustPanic(t, func() { NewMatrix(math.MaxInt/2, 3) }, "×3", "at most")
}

func TestNewMatrixPanicsOnMoreThanAnIntCanCount(t *testing.T) {
	mustPanic(t, func() { NewMatrix(math.MaxInt/8+1, 1) }, fmt.Sprint(math.MaxInt/8+1))
	mustPanic(t, func() { NewMatrix(math.MaxInt/16+1, 2) }, "×2")
	mustPanic(t, func() { NewMatrix(math.MaxInt, math.MaxInt) }, fmt.Sprint(math.MaxInt))
}

func TestRowSharesMemoryAndCannotGrowIntoTheNext(t *testing.T) {
	m := NewMatrix(2, 3)
	m.Row(1)[2] = 7
	if m.Data[5] != 7 {
		t.Errorf("Data[5] is %v after Row(1)[2] = 7", m.Data[5])
	}
	if _ = append(m.Row(0), 9); m.Data[3] != 0 {
		t.Errorf("appending to row 0 changed row 1")
	}
}

// Where four examples have no zero, each row of the weights is loaded once for
// all of them. That must not change a bit: whether an example is one of four
// depends on how many cores there are.
func TestExamplesTakenFourAtATimeGiveTheSameBitsAsOneByOne(t *testing.T) {
	for _, width := range []int{1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 15, 16, 17, 20, 24, 28, 31, 33, 40} {
		const inputs = 21
		r := random(uint64(width))
		weights, input, delta := make([]float64, inputs*width), NewMatrix(7, inputs), NewMatrix(7, width)
		for i := range weights {
			weights[i] = r.NormFloat64()
		}
		for i := range input.Data {
			input.Data[i] = 0.01 + r.Float64()
		}
		for i := range delta.Data {
			delta.Data[i] = r.NormFloat64()
		}
		sum := func(rows int) (forward, update []float64) {
			w := &Matrix{Rows: inputs, Cols: width, Data: append([]float64(nil), weights...)}
			for i := 0; i < 7; i += rows {
				rows := min(rows, 7-i)
				in := &Matrix{Rows: rows, Cols: inputs, ink: newInk(rows, inputs)}
				for e := range rows {
					in.ink.set(e, input.Row(i+e))
				}
				out := NewMatrix(rows, width)
				out.Mul(in, &Matrix{Rows: inputs, Cols: width, Data: weights})
				forward = append(forward, out.Data...)
				w.AddTMul(-0.3, in, &Matrix{Rows: rows, Cols: width, Data: delta.Data[i*width : (i+rows)*width]})
			}
			return forward, w.Data
		}
		forward, update := sum(7)
		forward1, update1 := sum(1)
		mustBeSame(t, fmt.Sprintf("%d neurons: sums", width), forward, forward1)
		mustBeSame(t, fmt.Sprintf("%d neurons: weights", width), update, update1)
	}
}

// benchmarkProduct runs a product at the first layer's size: 10 examples, 784
// inputs of which a fifth is not zero, 16 neurons.
func benchmarkProduct(b *testing.B, product func(x, w, d, z *Matrix)) {
	r := rand.New(rand.NewPCG(1, 1))
	x, w := randomMatrix(r, 10, 784, 0.81), randomMatrix(r, 784, 16, 0)
	d, z := randomMatrix(r, 10, 16, 0), NewMatrix(10, 784)
	for b.Loop() {
		product(x, w, d, z)
	}
}

func BenchmarkMul(b *testing.B) {
	benchmarkProduct(b, func(x, w, d, z *Matrix) { d.Mul(x, w) })
}

func BenchmarkMulNaive(b *testing.B) {
	benchmarkProduct(b, func(x, w, d, z *Matrix) { naiveMul(d, x, w) })
}

func BenchmarkMulT(b *testing.B) {
	benchmarkProduct(b, func(x, w, d, z *Matrix) { z.MulT(d, w) })
}

func BenchmarkMulTNaive(b *testing.B) {
	benchmarkProduct(b, func(x, w, d, z *Matrix) { naiveMulT(z, d, w) })
}

func BenchmarkAddTMul(b *testing.B) {
	benchmarkProduct(b, func(x, w, d, z *Matrix) { w.AddTMul(1e-9, x, d) })
}

func BenchmarkAddTMulNaive(b *testing.B) {
	benchmarkProduct(b, func(x, w, d, z *Matrix) { naiveAddTMul(w, 1e-9, x, d) })
}
