//go:build goexperiment.simd && go1.27 && !go1.28 && amd64

package nn

import (
	"math"
	"math/bits"
	"simd"
	"simd/archsimd"
)

// The kernels for vectors, 2 to 8 numbers wide, as the processor has them. A
// processor without vectors runs the portable bodies.
//
// A product computes two vectors of columns side by side, so that neither waits
// for the other's sums. Where a row ends, addRows and addBlock let the second
// begin d columns after the first, fewer than a vector has: what overlaps is
// computed twice from the same numbers. Less than a vector is left to the
// portable body. addOuter has a loop for partial vectors instead, as a constant
// distance between the two makes it faster.
//
// No scalar floating-point instruction may stand between vector ones, and the
// upper parts of the vector registers must be cleared at the end (leaveVectors).
// A scalar instruction keeps the upper part of its register, and so waits for
// the last vector instruction that wrote it.

// copyAbove is the number of columns above which a product copies its right
// factor.
const copyAbove = 256

func leaveVectors() {
	if simd.VectorBitSize() > 128 {
		archsimd.ClearAVXUpperBits()
	}
}

// at returns the n numbers of x from i on. With their capacity given, they take
// fewer instructions than x[i:] does.
func at(x []float64, i, n int) []float64 { return x[i : i+n : i+n] }

func addRows(sum []float64, index []int32, value, w []float64, down int) {
	n, lanes, j := len(sum), simd.Float64s{}.Len(), 0
	value = value[:len(index)]
	for ; !simd.Emulated() && j+lanes <= n; j += 2 * lanes {
		d := min(lanes, n-lanes-j)
		sumA, sumB := simd.LoadFloat64s(sum[j:]), simd.LoadFloat64s(sum[j+d:])
		k := 0
		for ; k+3 < len(index); k += 4 {
			row, v := at(w, int(index[k])*down+j, d+lanes), simd.BroadcastFloat64s(value[k])
			a0, b0 := v.Mul(simd.LoadFloat64s(row)), v.Mul(simd.LoadFloat64s(row[d:]))
			row, v = at(w, int(index[k+1])*down+j, d+lanes), simd.BroadcastFloat64s(value[k+1])
			a0, b0 = simd.LoadFloat64s(row).MulAdd(v, a0), simd.LoadFloat64s(row[d:]).MulAdd(v, b0)
			row, v = at(w, int(index[k+2])*down+j, d+lanes), simd.BroadcastFloat64s(value[k+2])
			a1, b1 := v.Mul(simd.LoadFloat64s(row)), v.Mul(simd.LoadFloat64s(row[d:]))
			row, v = at(w, int(index[k+3])*down+j, d+lanes), simd.BroadcastFloat64s(value[k+3])
			a1, b1 = simd.LoadFloat64s(row).MulAdd(v, a1), simd.LoadFloat64s(row[d:]).MulAdd(v, b1)
			sumA, sumB = sumA.Add(a0.Add(a1)), sumB.Add(b0.Add(b1))
		}
		for ; k < len(index); k++ {
			row, v := at(w, int(index[k])*down+j, d+lanes), simd.BroadcastFloat64s(value[k])
			sumA, sumB = simd.LoadFloat64s(row).MulAdd(v, sumA), simd.LoadFloat64s(row[d:]).MulAdd(v, sumB)
		}
		sumA.Store(sum[j:])
		sumB.Store(sum[j+d:])
	}
	leaveVectors()
	if j < n {
		addRowsLoop(sum[j:], index, value, w[j:], down)
	}
}

func addOuter(w []float64, down int, c float64, index []int32, value, delta []float64) {
	if simd.Emulated() {
		addOuterLoop(w, down, c, index, value, delta)
		return
	}
	n, lanes, j := len(delta), simd.Float64s{}.Len(), 0
	value = value[:len(index)]
	factor := simd.BroadcastFloat64s(c)
	for ; j+2*lanes <= n; j += 2 * lanes {
		deltaA, deltaB := factor.Mul(simd.LoadFloat64s(delta[j:])), factor.Mul(simd.LoadFloat64s(delta[j+lanes:]))
		for k, i := range index {
			row, v := at(w, int(i)*down+j, 2*lanes), simd.BroadcastFloat64s(value[k])
			v.MulAdd(deltaA, simd.LoadFloat64s(row)).Store(row)
			v.MulAdd(deltaB, simd.LoadFloat64s(row[lanes:])).Store(row[lanes:])
		}
	}
	for ; j < n; j += lanes {
		width := min(lanes, n-j)
		part, _ := simd.LoadFloat64sPart(delta[j : j+width])
		part = factor.Mul(part)
		for k, i := range index {
			row := at(w, int(i)*down+j, width)
			old, _ := simd.LoadFloat64sPart(row)
			part.MulAdd(simd.BroadcastFloat64s(value[k]), old).StorePart(row)
		}
	}
	leaveVectors()
}

// addBlock keeps the sums of four rows in registers.
func addBlock(m []float64, rows, down int, c float64, a factor, b []float64, bDown, width int) {
	lanes, j := simd.Float64s{}.Len(), 0
	factor := simd.BroadcastFloat64s(c)
	for ; !simd.Emulated() && j+lanes <= width; j += 2 * lanes {
		d, i := min(lanes, width-lanes-j), 0
		for ; i+4 <= rows; i += 4 {
			a0, a1, a2, a3 := a.data[i*a.down:], a.data[(i+1)*a.down:], a.data[(i+2)*a.down:], a.data[(i+3)*a.down:]
			var sum0A, sum0B, sum1A, sum1B, sum2A, sum2B, sum3A, sum3B simd.Float64s
			for k := range a.cols {
				row := at(b, k*bDown+j, d+lanes)
				rowA, rowB, k := simd.LoadFloat64s(row), simd.LoadFloat64s(row[d:]), k*a.right
				v := simd.BroadcastFloat64s(a0[k])
				sum0A, sum0B = v.MulAdd(rowA, sum0A), v.MulAdd(rowB, sum0B)
				v = simd.BroadcastFloat64s(a1[k])
				sum1A, sum1B = v.MulAdd(rowA, sum1A), v.MulAdd(rowB, sum1B)
				v = simd.BroadcastFloat64s(a2[k])
				sum2A, sum2B = v.MulAdd(rowA, sum2A), v.MulAdd(rowB, sum2B)
				v = simd.BroadcastFloat64s(a3[k])
				sum3A, sum3B = v.MulAdd(rowA, sum3A), v.MulAdd(rowB, sum3B)
			}
			addSums(at(m, i*down+j, d+lanes), d, factor, sum0A, sum0B)
			addSums(at(m, (i+1)*down+j, d+lanes), d, factor, sum1A, sum1B)
			addSums(at(m, (i+2)*down+j, d+lanes), d, factor, sum2A, sum2B)
			addSums(at(m, (i+3)*down+j, d+lanes), d, factor, sum3A, sum3B)
		}
		for ; i < rows; i++ {
			a0 := a.data[i*a.down:]
			var sumA, sumB simd.Float64s
			for k := range a.cols {
				row, v := at(b, k*bDown+j, d+lanes), simd.BroadcastFloat64s(a0[k*a.right])
				sumA, sumB = simd.LoadFloat64s(row).MulAdd(v, sumA), simd.LoadFloat64s(row[d:]).MulAdd(v, sumB)
			}
			addSums(at(m, i*down+j, d+lanes), d, factor, sumA, sumB)
		}
	}
	leaveVectors()
	if j < width {
		addBlockLoop(m[j:], rows, down, c, a, b[j:], bDown, width-j)
	}
}

func addSums(row []float64, d int, c, sumA, sumB simd.Float64s) {
	rowA := c.MulAdd(sumA, simd.LoadFloat64s(row))
	rowB := c.MulAdd(sumB, simd.LoadFloat64s(row[d:]))
	rowA.Store(row)
	rowB.Store(row[d:])
}

// compress packs eight numbers at a time on a processor with AVX-512.
func compress(index []int32, value, x []float64, first int) (n int) {
	k := 0
	if archsimd.X86.AVX512() {
		var zero archsimd.Float64x8
		columns := archsimd.LoadInt32x8Array(&firstEight)
		for ; k+8 <= len(x); k += 8 {
			v := archsimd.LoadFloat64x8(at(x, k, 8))
			lit := v.NotEqual(zero).ToBits()
			v.Compress(archsimd.Mask64x8FromBits(lit)).Store(at(value, n, 8))
			column := columns.Add(archsimd.BroadcastInt32x8(int32(first + k)))
			column.Compress(archsimd.Mask32x8FromBits(lit)).Store(index[n : n+8 : n+8])
			n += bits.OnesCount8(lit)
		}
		archsimd.ClearAVXUpperBits()
	}
	return n + compressLoop(index[n:], value[n:], x[k:], first+k)
}

var firstEight = [8]int32{0, 1, 2, 3, 4, 5, 6, 7}

func sigmoids(z []float64) {
	lanes := simd.Float64s{}.Len()
	for ; !simd.Emulated() && len(z) > 0; z = z[min(lanes, len(z)):] {
		part, _ := simd.LoadFloat64sPart(z)
		sigmoidOf(part).StorePart(z)
	}
	leaveVectors()
	sigmoidsLoop(z)
}

// sigmoidOf returns 1/(1+e⁻ᶻ). With x = −z = k·ln 2 + r for a whole k, eˣ is
// 2ᵏ·eʳ, and eʳ is the exponential series up to r¹³, by Horner's rule.
func sigmoidOf(z simd.Float64s) simd.Float64s {
	constant := func(i int) simd.Float64s { return simd.LoadFloat64s(constants[i][:]) }
	one := constant(0)
	x := z.Neg().Max(constant(1)).Min(constant(2))
	shifted := x.MulAdd(constant(3), constant(4))
	k := shifted.Sub(constant(4))
	r := k.MulAdd(constant(5), x)
	r = k.MulAdd(constant(6), r)
	e := constant(7)
	for i := 8; i < len(constants); i++ {
		e = e.MulAdd(r, constant(i))
	}
	e = e.MulAdd(r, one).MulAdd(r, one)
	power := shifted.ToBits().ShiftAllLeft(52).Add(one.ToBits()).BitsToFloat64()
	sigmoid := one.Div(power.MulAdd(e, one))
	return sigmoid.IfElse(z.Equal(z), z) // Max and Min may lose NaN
}

// constants are those of sigmoidOf, each in every lane: to broadcast one takes
// longer than to load it.
var constants = func() (lanes [19][8]float64) {
	for i, c := range [...]float64{
		1,
		-708, 710, // beyond them the sigmoid is 1 or 0, and k would not fit an exponent
		math.Log2E, whole, // as in exp
		-ln2High, -ln2Low,
		1. / 6227020800, 1. / 479001600, 1. / 39916800, 1. / 3628800, 1. / 362880, 1. / 40320,
		1. / 5040, 1. / 720, 1. / 120, 1. / 24, 1. / 6, 1. / 2,
	} {
		for lane := range lanes[i] {
			lanes[i][lane] = c
		}
	}
	return lanes
}()
