package nn

import (
	"fmt"
	"math"
)

// Matrix is a dense matrix of float64, stored row by row.
//
// The network is made of three products: [Matrix.Mul] runs it forward,
// [Matrix.MulT] carries the error backward, [Matrix.AddTMul] updates the
// weights. The first and the last pass over what is zero in a, as four fifths
// of the pixels of a handwritten digit are, and so take 0·∞ and 0·NaN for 0.
type Matrix struct {
	Rows, Cols int
	Data       []float64 // element (i, j) is Data[i*Cols+j]

	// ink, where it is set, lists what is not zero. A mini-batch of pictures on
	// its way into a network is only ever kept as the list of its lit pixels
	// and has no Data.
	ink *ink
}

// NewMatrix returns a matrix of zeros. It panics if a dimension is below 1 or
// an int cannot hold the number of bytes.
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

// rowsOf4 returns rows i to i+3.
func (m *Matrix) rowsOf4(i int) [4][]float64 {
	return [4][]float64{m.Row(i), m.Row(i + 1), m.Row(i + 2), m.Row(i + 3)}
}

// Mul sets m = a·b, for m of r×c, a of r×n and b of n×c:
//
//	m[i][j] = Σₖ a[i][k]·b[k][j]
//
// Row i of the result is the sum of the rows of b, each as strong as the
// element of a that points to it. m must not share memory with a or b. Mul panics
// if the shapes do not fit, or if m.Data begins where a's or b's does.
func (m *Matrix) Mul(a, b *Matrix) {
	if m.Rows != a.Rows || m.Cols != b.Cols || a.Cols != b.Rows {
		panic(fmt.Sprintf("nn: Mul sets %d×%d to %d×%d times %d×%d", m.Rows, m.Cols, a.Rows, a.Cols, b.Rows, b.Cols))
	}
	m.mustNotBe(a, b)
	clear(m.Data)
	if a.ink != nil {
		for i := 0; i < a.Rows; {
			index, value := a.ink.row(i)
			if values, full := a.ink.fullRows(i, a.Rows); full {
				sums := m.rowsOf4(i)
				addRowsOf4(&sums, index, &values, b.Data)
				i += 4
			} else {
				addRows(m.Row(i), index, value, b.Data)
				i++
			}
		}
		return
	}
	var list inkList
	for i := range a.Rows {
		row, sum := a.Row(i), m.Row(i)
		for k := 0; k < len(row); {
			k = list.fill(row, k)
			addRows(sum, list.index[:list.n], list.value[:list.n], b.Data)
		}
	}
}

// MulT sets m = a·bᵀ, for m of r×c, a of r×n and b of c×n:
//
//	m[i][j] = Σₖ a[i][k]·b[j][k]
//
// It panics where [Matrix.Mul] does.
func (m *Matrix) MulT(a, b *Matrix) {
	if m.Rows != a.Rows || m.Cols != b.Rows || a.Cols != b.Cols {
		panic(fmt.Sprintf("nn: MulT sets %d×%d to %d×%d times the transpose of %d×%d", m.Rows, m.Cols, a.Rows, a.Cols, b.Rows, b.Cols))
	}
	m.mustNotBe(a, b)
	clear(m.Data)
	var tile [64 * 16]float64 // of bᵀ, small enough to stay near the processor
	for j := 0; j < b.Rows; j += 16 {
		width := min(16, b.Rows-j)
		for k := 0; k < b.Cols; k += 64 {
			height := min(64, b.Cols-k)
			for jj := range width {
				for kk, v := range b.Row(j + jj)[k : k+height] {
					tile[kk*width+jj] = v
				}
			}
			i := 0
			for ; i+4 <= a.Rows; i += 4 {
				sums, values := m.rowsOf4(i), a.rowsOf4(i)
				for e := range sums {
					sums[e], values[e] = sums[e][j:j+width], values[e][k:k+height]
				}
				addRowsOf4(&sums, everyOf64[:height], &values, tile[:height*width])
			}
			for ; i < a.Rows; i++ {
				addRows(m.Row(i)[j:j+width], everyOf64[:height], a.Row(i)[k:k+height], tile[:height*width])
			}
		}
	}
}

// everyOf64 lists 64 elements, none left out.
var everyOf64 = func() (list [64]int32) {
	for k := range list {
		list[k] = int32(k)
	}
	return list
}()

// AddTMul adds c·aᵀ·b to m, for m of n×c, a of r×n and b of r×c:
//
//	m[k][j] += c · Σᵢ a[i][k]·b[i][j]
//
// It panics where [Matrix.Mul] does.
func (m *Matrix) AddTMul(c float64, a, b *Matrix) {
	if m.Rows != a.Cols || m.Cols != b.Cols || a.Rows != b.Rows {
		panic(fmt.Sprintf("nn: AddTMul adds to %d×%d the transpose of %d×%d times %d×%d", m.Rows, m.Cols, a.Rows, a.Cols, b.Rows, b.Cols))
	}
	m.mustNotBe(a, b)
	m.addTMul(c, a, b, 0, m.Rows)
}

// addTMul is AddTMul for the rows of m from lo to hi, hi excluded. Every row
// sees the rows of a in their order, so that it does not matter who adds it.
func (m *Matrix) addTMul(c float64, a, b *Matrix, lo, hi int) {
	if a.ink != nil {
		for i := 0; i < a.Rows; {
			index, value := a.ink.rowBetween(i, lo, hi)
			if values, full := a.ink.fullRows(i, a.Rows); full {
				for e := range values {
					values[e] = values[e][lo:hi]
				}
				deltas := b.rowsOf4(i)
				addOuterOf4(m.Data, c, index, &values, &deltas)
				i += 4
			} else {
				addOuter(m.Data, c, index, value, b.Row(i))
				i++
			}
		}
		return
	}
	var list inkList
	for i := range a.Rows {
		row := a.Row(i)[:hi]
		for k := lo; k < hi; {
			k = list.fill(row, k)
			addOuter(m.Data, c, list.index[:list.n], list.value[:list.n], b.Row(i))
		}
	}
}

func (m *Matrix) mustNotBe(a, b *Matrix) {
	if shares(m, a) || shares(m, b) {
		panic("nn: a matrix product cannot be stored in one of its own factors")
	}
}

func shares(m, a *Matrix) bool {
	return m == a || len(m.Data) > 0 && len(a.Data) > 0 && &m.Data[0] == &a.Data[0]
}
