package nn

import "slices"

// A sparseRow is a row of the input matrix A₀, given by its elements that are
// not zero. About 150 of the 784 pixels of a handwritten digit are not black,
// so a product with sparse rows takes a fifth of the time of a dense one.
//
// Only inputs are sparse. A product with them skips zeros, so it counts 0·∞ and
// 0·NaN as 0. The activations of hidden layers are dense.
type sparseRow struct {
	index []int32 // the columns, ascending
	value []float64
}

// newSparseRows returns m rows, each with the capacity for all of its columns.
func newSparseRows(m, cols int) []sparseRow {
	rows, index, value := make([]sparseRow, m), make([]int32, m*cols), make([]float64, m*cols)
	for i := range rows {
		lo, hi := i*cols, (i+1)*cols
		rows[i] = sparseRow{index[lo:lo:hi], value[lo:lo:hi]}
	}
	return rows
}

// cols returns the number of columns.
func (r *sparseRow) cols() int { return cap(r.index) }

// full returns the row with all columns, to be written and then cut.
func (r *sparseRow) full() (index []int32, value []float64) {
	return r.index[:cap(r.index)], r.value[:cap(r.value)]
}

// cut makes the first n of the columns that full returned the row's elements.
func (r *sparseRow) cut(n int) { r.index, r.value = r.index[:n], r.value[:n] }

// between returns the elements in columns lo to hi, hi excluded.
func (r *sparseRow) between(lo, hi int) (index []int32, value []float64) {
	index, value = r.index, r.value
	if lo > 0 {
		k, _ := slices.BinarySearch(index, int32(lo))
		index, value = index[k:], value[k:]
	}
	if hi < r.cols() {
		k, _ := slices.BinarySearch(index, int32(hi))
		index, value = index[:k], value[:k]
	}
	return index, value
}

// mulSparse sets m = a·b, for m of r×c, a of r rows and b of n×c.
func (m *Matrix) mulSparse(a []sparseRow, b *Matrix) {
	clear(m.Data)
	for i := range a {
		addRows(m.Row(i), a[i].index, a[i].value, b.Data)
	}
}

// addTMulSparse adds c·aᵀ·b to rows lo to hi of m, hi excluded, for m of n×c,
// a of r rows and b of r×c.
func (m *Matrix) addTMulSparse(c float64, a []sparseRow, b *Matrix, lo, hi int) {
	for i := range a {
		index, value := a[i].between(lo, hi)
		addOuter(m.Data, c, index, value, b.Row(i))
	}
}

// mulRow sets z = x·w for a single input x. It lists the elements that are not
// zero in parts, so that the list fits the stack. The length of each part but
// the last is a multiple of four, as addRows sums four rows at a time: the
// result has the same bits as mulSparse's.
func mulRow(z, x []float64, w *Matrix) {
	var index [128]int32
	var value [128]float64
	clear(z)
	n := 0
	for k := 0; k < len(x); k += 64 {
		n += compress(index[n:], value[n:], x[k:min(k+64, len(x))], k)
		if n >= 64 {
			four := n &^ 3
			addRows(z, index[:four], value[:four], w.Data)
			copy(index[:], index[four:n])
			n = copy(value[:], value[four:n])
		}
	}
	addRows(z, index[:n], value[:n], w.Data)
}
