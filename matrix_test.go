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
		got.mulT(a, b)
		naiveMulT(want, a, b)
		mustBeClose(t, fmt.Sprintf("%d×%d times transposed %d×%d", m, n, c, n), got.Data, want.Data, 1e-12)
	})
}

func TestAddTMulEqualsTripleLoop(t *testing.T) {
	forShapes(t, func(t *testing.T, r *rand.Rand, m, n, c int, zeros float64) {
		a, b := randomMatrix(r, m, n, zeros), randomMatrix(r, m, c, 0)
		got := randomMatrix(r, n, c, 0)
		want := &Matrix{Rows: n, Cols: c, Data: append([]float64(nil), got.Data...)}
		got.addTMul(-0.3, a, b, 0, n)
		naiveAddTMul(want, -0.3, a, b)
		mustBeClose(t, fmt.Sprintf("transposed %d×%d times %d×%d", m, n, m, c), got.Data, want.Data, 1e-12)
	})
}

// sparse returns the rows of a dense matrix as sparse ones.
func sparse(m *Matrix) []sparseRow {
	rows := make([]sparseRow, m.Rows)
	for i := range rows {
		rows[i] = newSparseRow(m.Cols)
		index, value := rows[i].full()
		rows[i].cut(compress(index, value, m.Row(i), 0))
		rows[i].divide(m.Cols)
	}
	return rows
}

func TestSparseProductsEqualTripleLoop(t *testing.T) {
	forShapes(t, func(t *testing.T, r *rand.Rand, m, n, c int, zeros float64) {
		a, w, d := randomMatrix(r, m, n, zeros), randomMatrix(r, n, c, 0), randomMatrix(r, m, c, 0)
		got, want := randomMatrix(r, m, c, 0), NewMatrix(m, c)
		got.mulSparse(sparse(a), w)
		naiveMul(want, a, w)
		mustBeClose(t, fmt.Sprintf("sparse %d×%d times %d×%d", m, n, n, c), got.Data, want.Data, 1e-12)

		got = randomMatrix(r, n, c, 0)
		want = &Matrix{Rows: n, Cols: c, Data: append([]float64(nil), got.Data...)}
		got.addTMulSparse(-0.3, sparse(a), d, 0)
		naiveAddTMul(want, -0.3, a, d)
		mustBeClose(t, fmt.Sprintf("transposed sparse %d×%d times %d×%d", m, n, m, c), got.Data, want.Data, 1e-12)
	})
}

func TestASingleInputGivesTheSameBitsAsASparseRow(t *testing.T) {
	forShapes(t, func(t *testing.T, r *rand.Rand, _, n, c int, zeros float64) {
		x, w := randomMatrix(r, 1, n, zeros), randomMatrix(r, n, c, 0)
		got, want := randomMatrix(r, 1, c, 0), NewMatrix(1, c)
		mulRow(got.Data, x.Data, w)
		want.mulSparse(sparse(x), w)
		mustBeSame(t, fmt.Sprintf("1×%d times %d×%d", n, n, c), got.Data, want.Data)
	})
}

func TestABlockOfASparseProductUpdatesItsRowsAlone(t *testing.T) {
	r := random(1)
	a, d := sparse(randomMatrix(r, 3, 10, 0)), randomMatrix(r, 3, 2, 0)
	for i := range a {
		a[i].divide(4)
	}
	for block, rows := range [][2]int{{0, 4}, {4, 8}, {8, 10}} {
		m := NewMatrix(10, 2)
		m.addTMulSparse(1, a, d, block)
		for i := range m.Rows {
			if changed := m.Row(i)[0] != 0; changed != (rows[0] <= i && i < rows[1]) {
				t.Errorf("block %d of 4 rows, row %d is changed: %v", block, i, changed)
			}
		}
	}
}

func TestProductsInSharesOfTheRowsGiveTheSameBits(t *testing.T) {
	cuts := [][2]int{{0, 1}, {1, 100}, {100, 257}, {257, 300}}
	for _, c := range []int{1, 2, 3, 5, 8, 10, 16, 17, 31, 40} {
		r := rand.New(rand.NewPCG(4, 4))
		a, d, w := randomMatrix(r, 10, 300, 0.5), randomMatrix(r, 10, c, 0), randomMatrix(r, 10, c, 0)
		update, updateSparse := NewMatrix(300, c), NewMatrix(300, c)
		update.addTMul(0.1, a, d, 0, 300)
		updateSparse.addTMulSparse(0.1, sparse(a), d, 0)
		got, gotSparse := NewMatrix(300, c), NewMatrix(300, c)
		for _, cut := range cuts {
			got.addTMul(0.1, a, d, cut[0], cut[1])
		}
		rows := sparse(a)
		for i := range rows {
			rows[i].divide(77)
		}
		for block := range 4 {
			gotSparse.addTMulSparse(0.1, rows, d, block)
		}
		mustBeSame(t, "aᵀ·b", got.Data, update.Data)
		mustBeSame(t, "sparse aᵀ·b", gotSparse.Data, updateSparse.Data)

		tall := randomMatrix(r, 300, 10, 0)
		forward, backward := NewMatrix(300, c), NewMatrix(300, c)
		forward.Mul(tall, w)
		wT := randomMatrix(r, c, 10, 0)
		backward.mulT(tall, wT)
		got, gotSparse = NewMatrix(300, c), NewMatrix(300, c)
		for _, cut := range cuts {
			got.rows(cut[0], cut[1]).Mul(tall.rows(cut[0], cut[1]), w)
			gotSparse.rows(cut[0], cut[1]).mulT(tall.rows(cut[0], cut[1]), wT)
		}
		mustBeSame(t, "a·b", got.Data, forward.Data)
		mustBeSame(t, "a·bᵀ", gotSparse.Data, backward.Data)
	}
}

func TestSparseRowsKeepNaNAndInfinity(t *testing.T) {
	a, b := NewMatrix(1, 3), NewMatrix(3, 1)
	copy(b.Data, []float64{1, 1, 1})
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		a.Data[1] = v
		m := NewMatrix(1, 1)
		m.mulSparse(sparse(a), b)
		if got := m.Data[0]; got != v && !(math.IsNaN(got) && math.IsNaN(v)) {
			t.Errorf("0·1 + %v·1 + 0·1 = %v", v, got)
		}
	}
}

func TestSparseProductsSkipZerosAndDenseOnesDoNot(t *testing.T) {
	nan := &Matrix{Rows: 1, Cols: 1, Data: []float64{math.NaN()}}
	negative := math.Copysign(0, -1)
	for _, zero := range []float64{0, negative} {
		a := &Matrix{Rows: 1, Cols: 2, Data: []float64{zero, 1}}
		m := NewMatrix(2, 1)
		if m.addTMulSparse(1, sparse(a), nan, 0); m.Data[0] != 0 || !math.IsNaN(m.Data[1]) {
			t.Errorf("sparse aᵀ·b with %v: %v, want 0 and NaN", zero, m.Data)
		}
		one, x := NewMatrix(1, 1), &Matrix{Rows: 1, Cols: 1, Data: []float64{zero}}
		if one.mulSparse(sparse(x), nan); one.Data[0] != 0 {
			t.Errorf("sparse a·b with %v: %v, want 0", zero, one.Data[0])
		}
		if mulRow(one.Data, x.Data, nan); one.Data[0] != 0 {
			t.Errorf("a single input of %v: %v, want 0", zero, one.Data[0])
		}
		if one.Mul(x, nan); !math.IsNaN(one.Data[0]) {
			t.Errorf("a·b: %v, want NaN", one.Data[0])
		}
	}
}

func TestARowIsCompressedInPlace(t *testing.T) {
	r := random(7)
	for n := range 300 {
		for _, zeros := range []float64{0, 0.5, 0.8, 1} {
			x := randomMatrix(r, 1, n+1, zeros).Data
			for k, v := range x {
				if v == 0 && r.IntN(2) == 0 {
					x[k] = math.Copysign(0, -1)
				}
			}
			var want []float64
			index, full := make([]int32, len(x)), append([]float64(nil), x...)
			for _, v := range x {
				if v != 0 {
					want = append(want, v)
				}
			}
			count := compress(index, x, x, 1000)
			mustBeSame(t, "values", x[:count], want)
			for k, at := range index[:count] {
				if full[at-1000] != want[k] || k > 0 && index[k-1] >= at {
					t.Fatalf("%d columns: element %d stands at %d", n+1, k, at)
				}
			}
		}
	}
}

func TestMulPanicsIfShapesDoNotFit(t *testing.T) {
	mustPanic(t, func() { NewMatrix(2, 3).Mul(NewMatrix(2, 4), NewMatrix(5, 3)) }, "2×3", "2×4", "5×3")
	mustPanic(t, func() { NewMatrix(2, 3).Mul(NewMatrix(2, 5), NewMatrix(4, 3)) }, "2×3", "2×5", "4×3")
	for _, m := range []*Matrix{NewMatrix(1, 3), NewMatrix(3, 3), NewMatrix(2, 2), NewMatrix(2, 4)} {
		mustPanic(t, func() { m.Mul(NewMatrix(2, 4), NewMatrix(4, 3)) }, fmt.Sprintf("%d×%d to", m.Rows, m.Cols), "2×4", "4×3")
	}
}

func TestMulPanicsIfStoredInAFactor(t *testing.T) {
	m, a := NewMatrix(3, 3), NewMatrix(3, 3)
	mustPanic(t, func() { m.Mul(m, a) }, "one of its factors")
	mustPanic(t, func() { m.Mul(a, m) }, "one of its factors")
	mustPanic(t, func() { m.Mul(&Matrix{Rows: 3, Cols: 3, Data: m.Data}, a) }, "one of its factors")
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
	benchmarkProduct(b, func(x, w, d, z *Matrix) { z.mulT(d, w) })
}

func BenchmarkMulTNaive(b *testing.B) {
	benchmarkProduct(b, func(x, w, d, z *Matrix) { naiveMulT(z, d, w) })
}

func BenchmarkAddTMul(b *testing.B) {
	benchmarkProduct(b, func(x, w, d, z *Matrix) { w.addTMul(1e-9, x, d, 0, 784) })
}

func BenchmarkAddTMulNaive(b *testing.B) {
	benchmarkProduct(b, func(x, w, d, z *Matrix) { naiveAddTMul(w, 1e-9, x, d) })
}
