package nn

import "slices"

// A sparseRow is a row of the input matrix A₀, given by its elements that are
// not zero. About 150 of the 784 pixels of a handwritten digit are not black,
// so a product with sparse rows takes a fifth of the time of a dense one.
//
// Only inputs are sparse. A product with them skips zeros, so it counts 0·∞ and
// 0·NaN as 0. The activations of hidden layers are dense.
type sparseRow struct {
	cols   int
	index  []int32 // the columns of the elements, ascending
	value  []float64
	blocks []int32 // block b of the columns begins at index[blocks[b]]
}

func newSparseRow(cols int) sparseRow {
	return sparseRow{cols: cols, index: make([]int32, cols), value: make([]float64, cols)}
}

// full returns the row with all columns, to be written and then cut.
func (r *sparseRow) full() (index []int32, value []float64) {
	return r.index[:r.cols], r.value[:r.cols]
}

// cut makes the first n of the columns that full returned the row's elements.
func (r *sparseRow) cut(n int) { r.index, r.value = r.index[:n], r.value[:n] }

// divide divides the row into blocks of size columns.
func (r *sparseRow) divide(size int) {
	r.blocks = append(r.blocks[:0], 0)
	for col := size; col < r.cols; col += size {
		k, _ := slices.BinarySearch(r.index, int32(col))
		r.blocks = append(r.blocks, int32(k))
	}
	r.blocks = append(r.blocks, int32(len(r.index)))
}

// mulSparse sets m = a·b, for m of r×c, a of r rows and b of n×c.
func (m *Matrix) mulSparse(a []sparseRow, b *Matrix) {
	clear(m.Data)
	for i := range a {
		addRows(m.Row(i), a[i].index, a[i].value, b.Data, b.Cols)
	}
}

// addTMulSparse adds c·aᵀ·b to the rows of m that belong to a block of a's
// columns, for m of n×c, a of r divided rows and b of r×c.
func (m *Matrix) addTMulSparse(c float64, a []sparseRow, b *Matrix, block int) {
	for i := range a {
		lo, hi := a[i].blocks[block], a[i].blocks[block+1]
		addOuter(m.Data, m.Cols, c, a[i].index[lo:hi], a[i].value[lo:hi], b.Row(i))
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
			addRows(z, index[:four], value[:four], w.Data, w.Cols)
			copy(index[:], index[four:n])
			n = copy(value[:], value[four:n])
		}
	}
	addRows(z, index[:n], value[:n], w.Data, w.Cols)
}
