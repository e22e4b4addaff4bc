package nn

import "math"

// The kernels are the inner loops, where nearly all of the time goes. Each has
// one name and two bodies: a portable one here, whose name ends in Loop, and
// one for vectors in kernels_simd.go. The build chooses (kernels_portable.go).
//
// A sum must have the same bits however its work is divided. Where a number has
// two paths, the conversion float64(x*y) rounds the product on both: without it
// a compiler may fuse x*y+z on one path only.

// addRowsLoop adds the rows of w named by index, each times its value, to sum:
//
//	sum[j] += Σₖ value[k]·w[index[k]][j]
//
// The rows of w are down apart. Four rows at a time load and store the sum once.
// Slices are cut to one length so that the compiler drops the bounds checks.
func addRowsLoop(sum []float64, index []int32, value, w []float64, down int) {
	value = value[:len(index)]
	k := 0
	for ; k+3 < len(index); k += 4 {
		v0, v1, v2, v3 := value[k], value[k+1], value[k+2], value[k+3]
		w0 := w[int(index[k])*down:][:len(sum)]
		w1 := w[int(index[k+1])*down:][:len(sum)]
		w2 := w[int(index[k+2])*down:][:len(sum)]
		w3 := w[int(index[k+3])*down:][:len(sum)]
		for j := range sum {
			sum[j] += (v0*w0[j] + v1*w1[j]) + (v2*w2[j] + v3*w3[j])
		}
	}
	for ; k < len(index); k++ {
		add(sum, value[k], w[int(index[k])*down:])
	}
}

// addOuterLoop adds delta, times c and a value, to each row of w named by index:
//
//	w[index[k]][j] += c·value[k]·delta[j]
func addOuterLoop(w []float64, down int, c float64, index []int32, value, delta []float64) {
	value = value[:len(index)]
	k := 0
	for ; k+3 < len(index); k += 4 {
		v0, v1, v2, v3 := c*value[k], c*value[k+1], c*value[k+2], c*value[k+3]
		w0 := w[int(index[k])*down:][:len(delta)]
		w1 := w[int(index[k+1])*down:][:len(delta)]
		w2 := w[int(index[k+2])*down:][:len(delta)]
		w3 := w[int(index[k+3])*down:][:len(delta)]
		for j, d := range delta {
			w0[j] += float64(v0 * d)
			w1[j] += float64(v1 * d)
			w2[j] += float64(v2 * d)
			w3[j] += float64(v3 * d)
		}
	}
	for ; k < len(index); k++ {
		v, row := c*value[k], w[int(index[k])*down:][:len(delta)]
		for j, d := range delta {
			row[j] += float64(v * d)
		}
	}
}

// addProduct adds c·a·b to m. Where b is wide or transposed it goes block by
// block, each a copy of blockDepth rows and blockWidth columns of b, which stays
// in the processor's first cache while all rows of a pass by.
func addProduct(m *Matrix, c float64, a, b factor) {
	if b.right == 1 && m.Cols <= copyAbove {
		addBlock(m.Data, m.Rows, m.Cols, c, a, b.data, b.down, m.Cols)
		return
	}
	var block [blockDepth * blockWidth]float64
	for j := 0; j < m.Cols; j += blockWidth {
		width := min(blockWidth, m.Cols-j)
		for k := 0; k < a.cols; k += blockDepth {
			depth := min(blockDepth, a.cols-k)
			for i := range depth {
				row, at := block[i*blockWidth:][:width], (k+i)*b.down+j*b.right
				for e := range row {
					row[e] = b.data[at]
					at += b.right
				}
			}
			part := factor{a.data[k*a.right:], a.down, a.right, depth}
			addBlock(m.Data[j:], m.Rows, m.Cols, c, part, block[:], blockWidth, width)
		}
	}
}

const blockWidth, blockDepth = 16, 32

// addBlockLoop adds c·a·b to width columns of rows rows of m. The rows of m
// are down apart and those of b are bDown apart. Like addRowsLoop, it takes four
// rows of b at a time.
func addBlockLoop(m []float64, rows, down int, c float64, a factor, b []float64, bDown, width int) {
	for i := range rows {
		sum, row := m[i*down:][:width], a.data[i*a.down:]
		k := 0
		for ; k+3 < a.cols; k += 4 {
			at := k * a.right
			v0, v1, v2, v3 := c*row[at], c*row[at+a.right], c*row[at+2*a.right], c*row[at+3*a.right]
			b0 := b[k*bDown:][:len(sum)]
			b1 := b[(k+1)*bDown:][:len(sum)]
			b2 := b[(k+2)*bDown:][:len(sum)]
			b3 := b[(k+3)*bDown:][:len(sum)]
			for j := range sum {
				sum[j] += (v0*b0[j] + v1*b1[j]) + (v2*b2[j] + v3*b3[j])
			}
		}
		for ; k < a.cols; k++ {
			add(sum, c*row[k*a.right], b[k*bDown:])
		}
	}
}

// add adds c·y to x.
func add(x []float64, c float64, y []float64) {
	y = y[:len(x)]
	for i := range x {
		x[i] += c * y[i]
	}
}

// compressLoop writes the elements of x that are not zero to value and their
// positions, counted from first, to index. It returns their number. x may be
// value. The first loop finds the groups of four that are not all zero.
func compressLoop(index []int32, value, x []float64, first int) (n int) {
	for len(x) > 0 {
		var groups [16]int32
		part := x[:min(64, len(x))]
		found, k := 0, 0
		for ; k+4 <= len(part); k += 4 {
			v := (*[4]float64)(part[k:])
			groups[found&15] = int32(k)
			found += notZero(math.Float64bits(v[0]) | math.Float64bits(v[1]) | math.Float64bits(v[2]) | math.Float64bits(v[3]))
		}
		for _, k := range groups[:found] {
			for i, v := range (*[4]float64)(part[k:]) {
				index[n], value[n] = int32(first+i)+k, v
				n += notZero(math.Float64bits(v))
			}
		}
		for ; k < len(part); k++ {
			index[n], value[n] = int32(first+k), part[k]
			n += notZero(math.Float64bits(part[k]))
		}
		x, first = x[len(part):], first+len(part)
	}
	return n
}

// notZero returns 1, or 0 for the bits of 0 and −0. It has no branch, because a
// processor cannot predict where a digit's strokes begin and end.
func notZero(bits uint64) int {
	bits <<= 1 // without the sign
	return int((bits | -bits) >> 63)
}

func sigmoidsLoop(z []float64) {
	for j := range z {
		z[j] = sigmoid(z[j])
	}
}

// exp returns eˣ to within 2 units in the last place, faster than [math.Exp].
// It is 0 below −708, where a float64 begins to lose digits, and ∞ above 709.
//
// With x = k·ln 2/64 + r for a whole k, eˣ = 2^(k/64)·eʳ. The fraction of k/64
// is looked up and its whole part added to the exponent. |r| is at most
// ½·ln 2/64, so small that 6 terms of the series Σ rⁱ/i! are exact to the last
// bits.
func exp(x float64) float64 {
	switch {
	case x > 709:
		return math.Inf(1)
	case x < -708:
		return 0
	}
	shifted := x*(64/math.Ln2) + whole
	k := shifted - whole
	r := x - k*(ln2High/64) - k*(ln2Low/64)
	series := r + r*r*((1./2+r*(1./6))+r*r*(1./24+r*(1./120))) // without its 1
	n := math.Float64bits(shifted)
	power := math.Float64frombits(roots[n%64] + n/64<<52)
	return power + power*series
}

// whole is 1.5·2⁵². A float64 of this size has no room for a fraction, so
// adding it rounds to a whole number, which then stands in the last bits.
const whole = 3 << 51

// ln 2 in two parts. The first is so short that its product with a whole number
// below 2²¹ is exact.
const ln2High, ln2Low = 0x1.62e42feep-1, 0x1.a39ef35793c76p-33

// roots[i] is 2^(i/64), as its bits.
var roots = func() (roots [64]uint64) {
	for i := range roots {
		roots[i] = math.Float64bits(math.Exp2(float64(i) / 64))
	}
	return roots
}()
