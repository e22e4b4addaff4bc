package nn

import (
	"math"
	"slices"
)

// ink is a matrix by what is not zero in it: 150 of a digit's 784 pixels. To
// find them takes about as long as the first layer of 16 neurons does with
// them, so they are listed once for both ways, forward and update.
//
// Row i has count[i] elements that are not zero; number k of them stands in
// column index[i*cols+k] and is value[i*cols+k], columns ascending.
type ink struct {
	cols  int
	count []int32
	index []int32
	value []float64
}

func newInk(rows, cols int) *ink {
	return &ink{cols, make([]int32, rows), make([]int32, rows*cols), make([]float64, rows*cols)}
}

func (x *ink) row(i int) (index []int32, value []float64) {
	at, n := i*x.cols, int(x.count[i])
	return x.index[at : at+n], x.value[at : at+n]
}

// room returns what row i may fill, before its count is set.
func (x *ink) room(i int) (index []int32, value []float64) {
	at := i * x.cols
	return x.index[at : at+x.cols], x.value[at : at+x.cols]
}

// fullRows returns the values of rows i to i+3, if there are so many rows and
// none of these has a zero, as with the activations of sigmoid layers.
func (x *ink) fullRows(i, rows int) (value [4][]float64, full bool) {
	if i+4 > rows {
		return value, false
	}
	for e, n := range x.count[i : i+4] {
		if int(n) < x.cols {
			return value, false
		}
		_, value[e] = x.row(i + e)
	}
	return value, true
}

// rowBetween is row i in the columns from lo to hi, hi excluded.
func (x *ink) rowBetween(i, lo, hi int) (index []int32, value []float64) {
	index, value = x.row(i)
	if lo > 0 {
		k, _ := slices.BinarySearch(index, int32(lo))
		index, value = index[k:], value[k:]
	}
	if hi < x.cols {
		k, _ := slices.BinarySearch(index, int32(hi))
		index, value = index[:k], value[:k]
	}
	return index, value
}

// set lists a dense row as row i.
func (x *ink) set(i int, row []float64) {
	n := 0
	index, value := x.room(i)
	for k, v := range row {
		index[n], value[n] = int32(k), v
		n += notZero(math.Float64bits(v))
	}
	x.count[i] = int32(n)
}

// inkList is room for a part of a row, short enough for the stack.
type inkList struct {
	n     int
	index [128]int32
	value [128]float64
}

// fill lists what is not zero in row from column k on until the list is full
// or the row ends, and returns the column to go on with. A full list is a
// multiple of four long, so that the parts add up as the whole row does
// (addRows).
func (l *inkList) fill(row []float64, k int) int {
	n, k := fillVector(l, row, k)
	for k < len(row) && n+64 <= len(l.index) {
		to := min(k+64, len(row))
		n, k = l.window(n, row[:to], k), to
	}
	if k < len(row) {
		if extra := n % 4; extra > 0 {
			k = int(l.index[n-extra])
		}
		n &^= 3
	}
	l.n = n
	return k
}

// window lists what is not zero in row from column k on, 64 columns at most,
// behind the first n. It first finds the groups of four that are not all zero.
func (l *inkList) window(n int, row []float64, k int) int {
	var groups [16]int32
	lit := 0
	for ; k+4 <= len(row); k += 4 {
		v := (*[4]float64)(row[k:])
		groups[lit&15] = int32(k)
		lit += notZero(math.Float64bits(v[0]) | math.Float64bits(v[1]) | math.Float64bits(v[2]) | math.Float64bits(v[3]))
	}
	for _, k := range groups[:lit] {
		for i, v := range (*[4]float64)(row[k:]) {
			l.index[n&127], l.value[n&127] = k+int32(i), v
			n += notZero(math.Float64bits(v))
		}
	}
	for ; k < len(row); k++ {
		l.index[n&127], l.value[n&127] = int32(k), row[k]
		n += notZero(math.Float64bits(row[k]))
	}
	return n
}

// notZero is 1, or 0 for the bits of 0 and −0, without a branch: where the ink
// of a picture begins and ends is nothing that a processor can guess.
func notZero(bits uint64) int {
	bits <<= 1 // without the sign
	return int((bits | -bits) >> 63)
}
