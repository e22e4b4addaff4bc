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
// Each kernel computes two vectors of columns side by side, so that neither
// waits for the other's sums, and what is left in single vectors, the last of
// which may be partial.
//
// No scalar floating-point instruction may stand between vector ones, and the
// upper parts of the vector registers must be cleared at the end (leaveVectors).
// A scalar instruction keeps the upper part of its register, and so waits for
// the last vector instruction that wrote it.

// copyAbove is the number of columns above which a product copies its right
// factor.
const copyAbove = 32

func leaveVectors() {
	if simd.VectorBitSize() > 128 {
		archsimd.ClearAVXUpperBits()
	}
}

// at returns the n numbers of x from i on. With their capacity given, they take
// fewer instructions than x[i:] does.
func at(x []float64, i, n int) []float64 { return x[i : i+n : i+n] }

func addRows(sum []float64, index []int32, value, w []float64) {
	if simd.Emulated() {
		addRowsLoop(sum, index, value, w)
		return
	}
	n, lanes := len(sum), simd.Float64s{}.Len()
	value = value[:len(index)]
	j := 0
	for ; j+2*lanes <= n; j += 2 * lanes {
		sumA, sumB := simd.LoadFloat64s(sum[j:]), simd.LoadFloat64s(sum[j+lanes:])
		k := 0
		for ; k+3 < len(index); k += 4 {
			row, v := at(w, int(index[k])*n+j, 2*lanes), simd.BroadcastFloat64s(value[k])
			a0, b0 := v.Mul(simd.LoadFloat64s(row)), v.Mul(simd.LoadFloat64s(row[lanes:]))
			row, v = at(w, int(index[k+1])*n+j, 2*lanes), simd.BroadcastFloat64s(value[k+1])
			a0, b0 = simd.LoadFloat64s(row).MulAdd(v, a0), simd.LoadFloat64s(row[lanes:]).MulAdd(v, b0)
			row, v = at(w, int(index[k+2])*n+j, 2*lanes), simd.BroadcastFloat64s(value[k+2])
			a1, b1 := v.Mul(simd.LoadFloat64s(row)), v.Mul(simd.LoadFloat64s(row[lanes:]))
			row, v = at(w, int(index[k+3])*n+j, 2*lanes), simd.BroadcastFloat64s(value[k+3])
			a1, b1 = simd.LoadFloat64s(row).MulAdd(v, a1), simd.LoadFloat64s(row[lanes:]).MulAdd(v, b1)
			sumA, sumB = sumA.Add(a0.Add(a1)), sumB.Add(b0.Add(b1))
		}
		for ; k < len(index); k++ {
			row, v := at(w, int(index[k])*n+j, 2*lanes), simd.BroadcastFloat64s(value[k])
			sumA = simd.LoadFloat64s(row).MulAdd(v, sumA)
			sumB = simd.LoadFloat64s(row[lanes:]).MulAdd(v, sumB)
		}
		sumA.Store(sum[j:])
		sumB.Store(sum[j+lanes:])
	}
	for ; j < n; j += lanes {
		width := min(lanes, n-j)
		sumA, _ := simd.LoadFloat64sPart(at(sum, j, width))
		for k, i := range index {
			row, _ := simd.LoadFloat64sPart(at(w, int(i)*n+j, width))
			sumA = row.MulAdd(simd.BroadcastFloat64s(value[k]), sumA)
		}
		sumA.StorePart(at(sum, j, width))
	}
	leaveVectors()
}

func addOuter(w []float64, c float64, index []int32, value, d []float64) {
	if simd.Emulated() {
		addOuterLoop(w, c, index, value, d)
		return
	}
	n, lanes := len(d), simd.Float64s{}.Len()
	value = value[:len(index)]
	factor := simd.BroadcastFloat64s(c)
	j := 0
	for ; j+2*lanes <= n; j += 2 * lanes {
		dA, dB := factor.Mul(simd.LoadFloat64s(d[j:])), factor.Mul(simd.LoadFloat64s(d[j+lanes:]))
		for k, i := range index {
			row, v := at(w, int(i)*n+j, 2*lanes), simd.BroadcastFloat64s(value[k])
			v.MulAdd(dA, simd.LoadFloat64s(row)).Store(row)
			v.MulAdd(dB, simd.LoadFloat64s(row[lanes:])).Store(row[lanes:])
		}
	}
	for ; j < n; j += lanes {
		width := min(lanes, n-j)
		dA, _ := simd.LoadFloat64sPart(at(d, j, width))
		dA = factor.Mul(dA)
		for k, i := range index {
			row := at(w, int(i)*n+j, width)
			old, _ := simd.LoadFloat64sPart(row)
			dA.MulAdd(simd.BroadcastFloat64s(value[k]), old).StorePart(row)
		}
	}
	leaveVectors()
}

func addBlock(m []float64, rows, down int, c float64, a factor, b []float64, bDown, width int) {
	if simd.Emulated() {
		addBlockLoop(m, rows, down, c, a, b, bDown, width)
		return
	}
	lanes := simd.Float64s{}.Len()
	factor := simd.BroadcastFloat64s(c)
	j := 0
	for ; j+2*lanes <= width; j += 2 * lanes {
		i := 0
		for ; i+4 <= rows; i += 4 {
			a0, a1, a2, a3 := a.data[i*a.down:], a.data[(i+1)*a.down:], a.data[(i+2)*a.down:], a.data[(i+3)*a.down:]
			var s00, s01, s10, s11, s20, s21, s30, s31 simd.Float64s
			k, row := 0, b[j:]
			for left := a.cols; ; left-- {
				b0, b1 := simd.LoadFloat64s(row), simd.LoadFloat64s(row[lanes:])
				v := simd.BroadcastFloat64s(a0[k])
				s00, s01 = v.MulAdd(b0, s00), v.MulAdd(b1, s01)
				v = simd.BroadcastFloat64s(a1[k])
				s10, s11 = v.MulAdd(b0, s10), v.MulAdd(b1, s11)
				v = simd.BroadcastFloat64s(a2[k])
				s20, s21 = v.MulAdd(b0, s20), v.MulAdd(b1, s21)
				v = simd.BroadcastFloat64s(a3[k])
				s30, s31 = v.MulAdd(b0, s30), v.MulAdd(b1, s31)
				if left == 1 {
					break
				}
				k, row = k+a.right, row[bDown:]
			}
			m0, m1 := at(m, i*down+j, 2*lanes), at(m, (i+1)*down+j, 2*lanes)
			m2, m3 := at(m, (i+2)*down+j, 2*lanes), at(m, (i+3)*down+j, 2*lanes)
			factor.MulAdd(s00, simd.LoadFloat64s(m0)).Store(m0)
			factor.MulAdd(s01, simd.LoadFloat64s(m0[lanes:])).Store(m0[lanes:])
			factor.MulAdd(s10, simd.LoadFloat64s(m1)).Store(m1)
			factor.MulAdd(s11, simd.LoadFloat64s(m1[lanes:])).Store(m1[lanes:])
			factor.MulAdd(s20, simd.LoadFloat64s(m2)).Store(m2)
			factor.MulAdd(s21, simd.LoadFloat64s(m2[lanes:])).Store(m2[lanes:])
			factor.MulAdd(s30, simd.LoadFloat64s(m3)).Store(m3)
			factor.MulAdd(s31, simd.LoadFloat64s(m3[lanes:])).Store(m3[lanes:])
		}
		for ; i < rows; i++ {
			row, out := a.data[i*a.down:], at(m, i*down+j, 2*lanes)
			var s0, s1 simd.Float64s
			for k := range a.cols {
				v, b := simd.BroadcastFloat64s(row[k*a.right]), at(b, k*bDown+j, 2*lanes)
				s0, s1 = simd.LoadFloat64s(b).MulAdd(v, s0), simd.LoadFloat64s(b[lanes:]).MulAdd(v, s1)
			}
			factor.MulAdd(s0, simd.LoadFloat64s(out)).Store(out)
			factor.MulAdd(s1, simd.LoadFloat64s(out[lanes:])).Store(out[lanes:])
		}
	}
	for ; j < width; j += lanes {
		width := min(lanes, width-j)
		for i := range rows {
			row, out := a.data[i*a.down:], at(m, i*down+j, width)
			var s simd.Float64s
			for k := range a.cols {
				b, _ := simd.LoadFloat64sPart(at(b, k*bDown+j, width))
				s = b.MulAdd(simd.BroadcastFloat64s(row[k*a.right]), s)
			}
			old, _ := simd.LoadFloat64sPart(out)
			factor.MulAdd(s, old).StorePart(out)
		}
	}
	leaveVectors()
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
	if simd.Emulated() {
		sigmoidsLoop(z)
		return
	}
	lanes := simd.Float64s{}.Len()
	for ; len(z) >= lanes; z = z[lanes:] {
		sigmoidOf(simd.LoadFloat64s(z)).Store(z)
	}
	if len(z) > 0 {
		part, _ := simd.LoadFloat64sPart(z)
		sigmoidOf(part).StorePart(z)
	}
	leaveVectors()
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
