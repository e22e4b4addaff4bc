package nn

import (
	"fmt"
	"math"
)

// Matrix is a dense matrix of float64, stored row by row.
//
// A network needs three products: a·b to run forward, a·bᵀ to carry the deltas
// backward, and aᵀ·b to update the weights.
type Matrix struct {
	Rows, Cols int
	Data       []float64 // element (i, j) is Data[i*Cols+j]
}

// NewMatrix returns a matrix of zeros. It panics if a dimension is below 1 or
// the size in bytes exceeds an int.
func NewMatrix(rows, cols int) *Matrix {
	if rows < 1 || cols < 1 || rows > math.MaxInt/8/cols {
		panic(fmt.Sprintf("nn: matrix of %d×%d, need at least 1×1 and at most %d elements", rows, cols, math.MaxInt/8))
	}
	return &Matrix{Rows: rows, Cols: cols, Data: make([]float64, rows*cols)}
}

// Row returns row i. It shares memory with m.
func (m *Matrix) Row(i int) []float64 {
	return m.Data[i*m.Cols : (i+1)*m.Cols : (i+1)*m.Cols]
}

// rows returns rows lo to hi, hi excluded, as a matrix that shares memory with m.
func (m *Matrix) rows(lo, hi int) *Matrix {
	return &Matrix{hi - lo, m.Cols, m.Data[lo*m.Cols : hi*m.Cols]}
}

// Mul sets m = a·b, for m of r×c, a of r×n and b of n×c:
//
//	m[i][j] = Σₖ a[i][k]·b[k][j]
//
// It panics if the shapes do not fit, or if m shares its first element with a
// or b.
func (m *Matrix) Mul(a, b *Matrix) {
	if m.Rows != a.Rows || m.Cols != b.Cols || a.Cols != b.Rows {
		panic(fmt.Sprintf("nn: Mul sets %d×%d to %d×%d times %d×%d", m.Rows, m.Cols, a.Rows, a.Cols, b.Rows, b.Cols))
	}
	if &m.Data[0] == &a.Data[0] || &m.Data[0] == &b.Data[0] {
		panic("nn: Mul cannot store a product in one of its factors")
	}
	clear(m.Data)
	addProduct(m, 1, a.factor(), b.factor())
}

// mulT sets m = a·bᵀ, for m of r×c, a of r×n and b of c×n:
//
//	m[i][j] = Σₖ a[i][k]·b[j][k]
func (m *Matrix) mulT(a, b *Matrix) {
	clear(m.Data)
	addProduct(m, 1, a.factor(), b.factor().transposed())
}

// addTMul adds c·aᵀ·b to m, for m of n×c, a of r×n and b of r×c:
//
//	m[k][j] += c · Σᵢ a[i][k]·b[i][j]
//
// It computes rows lo to hi of m, hi excluded.
func (m *Matrix) addTMul(c float64, a, b *Matrix, lo, hi int) {
	addProduct(m.rows(lo, hi), c, a.factor().transposed().rowsFrom(lo), b.factor())
}

// A factor is a matrix in a product, as it is or transposed: element (i, j) is
// data[i*down+j*right].
type factor struct {
	data        []float64
	down, right int
	cols        int
}

func (m *Matrix) factor() factor { return factor{m.Data, m.Cols, 1, m.Cols} }

func (f factor) transposed() factor {
	return factor{f.data, f.right, f.down, len(f.data) / f.cols}
}

func (f factor) rowsFrom(lo int) factor {
	f.data = f.data[lo*f.down:]
	return f
}

// finite reports whether x is neither infinite nor NaN.
func finite(x float64) bool { return !math.IsInf(x, 0) && !math.IsNaN(x) }
