//go:build goexperiment.simd && go1.27 && !go1.28 && amd64

package nn

import (
	"math"
	"math/bits"
	"simd"
	"simd/archsimd"
)

// The loops of kernels.go for all columns that fill a vector, four vectors side
// by side at a time where there are so many columns, or two, so that they need
// not wait for each other's sums. At the end of a row the second of two ends
// where the row does and may overlap the first; both are computed from what was
// there before, so the overlap is stored twice, the same. Each function says how
// many columns it did: none where the processor has no vectors.

// part is the n elements from i on. With their capacity given, they take fewer
// instructions than w[i:] does.
func part(w []float64, i, n int) []float64 { return w[i : i+n : i+n] }

// leaveVectors empties the upper parts of the vector registers. As long as they
// hold something, every scalar instruction has to wait for what was in its
// register before, and takes several times as long.
func leaveVectors() {
	if simd.VectorBitSize() > 128 {
		archsimd.ClearAVXUpperBits()
	}
}

func addRowsVector(sum []float64, index []int32, value, w []float64) (done int) {
	if simd.Emulated() {
		return 0
	}
	var zero simd.Float64s
	n, lanes := len(sum), zero.Len()
	value = value[:len(index)]
	a := 0
	for ; a+4*lanes <= n; a += 4 * lanes {
		sumA, sumB := simd.LoadFloat64s(sum[a:]), simd.LoadFloat64s(sum[a+lanes:])
		sumC, sumD := simd.LoadFloat64s(sum[a+2*lanes:]), simd.LoadFloat64s(sum[a+3*lanes:])
		for k, i := range index {
			row, v := part(w, int(i)*n+a, 4*lanes), simd.BroadcastFloat64s(value[k])
			sumA = v.MulAdd(simd.LoadFloat64s(row), sumA)
			sumB = v.MulAdd(simd.LoadFloat64s(row[lanes:]), sumB)
			sumC = v.MulAdd(simd.LoadFloat64s(row[2*lanes:]), sumC)
			sumD = v.MulAdd(simd.LoadFloat64s(row[3*lanes:]), sumD)
		}
		sumA.Store(sum[a:])
		sumB.Store(sum[a+lanes:])
		sumC.Store(sum[a+2*lanes:])
		sumD.Store(sum[a+3*lanes:])
	}
	for ; a+2*lanes <= n; a += 2 * lanes {
		sumA, sumB := simd.LoadFloat64s(sum[a:]), simd.LoadFloat64s(sum[a+lanes:])
		for k, i := range index {
			row, v := part(w, int(i)*n+a, 2*lanes), simd.BroadcastFloat64s(value[k])
			sumA = v.MulAdd(simd.LoadFloat64s(row), sumA)
			sumB = v.MulAdd(simd.LoadFloat64s(row[lanes:]), sumB)
		}
		sumA.Store(sum[a:])
		sumB.Store(sum[a+lanes:])
	}
	if a+lanes <= n {
		b := n - lanes
		sumA, sumB := simd.LoadFloat64s(sum[a:]), simd.LoadFloat64s(sum[b:])
		for k, i := range index {
			at, v := int(i)*n, simd.BroadcastFloat64s(value[k])
			sumA = v.MulAdd(simd.LoadFloat64s(part(w, at+a, lanes)), sumA)
			sumB = v.MulAdd(simd.LoadFloat64s(part(w, at+b, lanes)), sumB)
		}
		sumA.Store(sum[a:])
		sumB.Store(sum[b:])
		a = n
	}
	leaveVectors()
	return a
}

func addOuterVector(w []float64, c float64, index []int32, value, d []float64) (done int) {
	if simd.Emulated() {
		return 0
	}
	var zero simd.Float64s
	n, lanes := len(d), zero.Len()
	value = value[:len(index)]
	factor := simd.BroadcastFloat64s(c)
	a := 0
	for ; a+4*lanes <= n; a += 4 * lanes {
		dA, dB := factor.Mul(simd.LoadFloat64s(d[a:])), factor.Mul(simd.LoadFloat64s(d[a+lanes:]))
		dC, dD := factor.Mul(simd.LoadFloat64s(d[a+2*lanes:])), factor.Mul(simd.LoadFloat64s(d[a+3*lanes:]))
		for k, i := range index {
			row, v := part(w, int(i)*n+a, 4*lanes), simd.BroadcastFloat64s(value[k])
			rowA, rowB := v.MulAdd(dA, simd.LoadFloat64s(row)), v.MulAdd(dB, simd.LoadFloat64s(row[lanes:]))
			rowC, rowD := v.MulAdd(dC, simd.LoadFloat64s(row[2*lanes:])), v.MulAdd(dD, simd.LoadFloat64s(row[3*lanes:]))
			rowA.Store(row)
			rowB.Store(row[lanes:])
			rowC.Store(row[2*lanes:])
			rowD.Store(row[3*lanes:])
		}
	}
	for ; a+2*lanes <= n; a += 2 * lanes {
		dA, dB := factor.Mul(simd.LoadFloat64s(d[a:])), factor.Mul(simd.LoadFloat64s(d[a+lanes:]))
		for k, i := range index {
			row, v := part(w, int(i)*n+a, 2*lanes), simd.BroadcastFloat64s(value[k])
			rowA, rowB := v.MulAdd(dA, simd.LoadFloat64s(row)), v.MulAdd(dB, simd.LoadFloat64s(row[lanes:]))
			rowA.Store(row)
			rowB.Store(row[lanes:])
		}
	}
	if a+lanes <= n {
		b := n - lanes
		dA, dB := factor.Mul(simd.LoadFloat64s(d[a:])), factor.Mul(simd.LoadFloat64s(d[b:]))
		for k, i := range index {
			i, v := int(i)*n, simd.BroadcastFloat64s(value[k])
			rowA, rowB := v.MulAdd(dA, simd.LoadFloat64s(part(w, i+a, lanes))), v.MulAdd(dB, simd.LoadFloat64s(part(w, i+b, lanes)))
			rowA.Store(part(w, i+a, lanes))
			rowB.Store(part(w, i+b, lanes))
		}
		a = n
	}
	leaveVectors()
	return a
}

func addRowsOf4Vector(sum *[4][]float64, index []int32, value *[4][]float64, w []float64) (done int) {
	if simd.Emulated() {
		return 0
	}
	var zero simd.Float64s
	n, lanes := len(sum[0]), zero.Len()
	s0, s1, s2, s3 := sum[0][:n], sum[1][:n], sum[2][:n], sum[3][:n]
	v0, v1, v2, v3 := value[0][:len(index)], value[1][:len(index)], value[2][:len(index)], value[3][:len(index)]
	a := 0
	for ; a+lanes <= n; a += 2 * lanes {
		b := min(a+lanes, n-lanes)
		sumA0, sumB0 := simd.LoadFloat64s(s0[a:]), simd.LoadFloat64s(s0[b:])
		sumA1, sumB1 := simd.LoadFloat64s(s1[a:]), simd.LoadFloat64s(s1[b:])
		sumA2, sumB2 := simd.LoadFloat64s(s2[a:]), simd.LoadFloat64s(s2[b:])
		sumA3, sumB3 := simd.LoadFloat64s(s3[a:]), simd.LoadFloat64s(s3[b:])
		for k, i := range index {
			at := int(i) * n
			rowA, rowB := simd.LoadFloat64s(part(w, at+a, lanes)), simd.LoadFloat64s(part(w, at+b, lanes))
			v := simd.BroadcastFloat64s(v0[k])
			sumA0, sumB0 = v.MulAdd(rowA, sumA0), v.MulAdd(rowB, sumB0)
			v = simd.BroadcastFloat64s(v1[k])
			sumA1, sumB1 = v.MulAdd(rowA, sumA1), v.MulAdd(rowB, sumB1)
			v = simd.BroadcastFloat64s(v2[k])
			sumA2, sumB2 = v.MulAdd(rowA, sumA2), v.MulAdd(rowB, sumB2)
			v = simd.BroadcastFloat64s(v3[k])
			sumA3, sumB3 = v.MulAdd(rowA, sumA3), v.MulAdd(rowB, sumB3)
		}
		sumA0.Store(s0[a:])
		sumB0.Store(s0[b:])
		sumA1.Store(s1[a:])
		sumB1.Store(s1[b:])
		sumA2.Store(s2[a:])
		sumB2.Store(s2[b:])
		sumA3.Store(s3[a:])
		sumB3.Store(s3[b:])
	}
	leaveVectors()
	return min(a, n)
}

func addOuterOf4Vector(w []float64, c float64, index []int32, value, d *[4][]float64) (done int) {
	if simd.Emulated() {
		return 0
	}
	var zero simd.Float64s
	n, lanes := len(d[0]), zero.Len()
	d0, d1, d2, d3 := d[0][:n], d[1][:n], d[2][:n], d[3][:n]
	v0, v1, v2, v3 := value[0][:len(index)], value[1][:len(index)], value[2][:len(index)], value[3][:len(index)]
	factor := simd.BroadcastFloat64s(c)
	a := 0
	for ; a+lanes <= n; a += 2 * lanes {
		b := min(a+lanes, n-lanes)
		dA0, dB0 := factor.Mul(simd.LoadFloat64s(d0[a:])), factor.Mul(simd.LoadFloat64s(d0[b:]))
		dA1, dB1 := factor.Mul(simd.LoadFloat64s(d1[a:])), factor.Mul(simd.LoadFloat64s(d1[b:]))
		dA2, dB2 := factor.Mul(simd.LoadFloat64s(d2[a:])), factor.Mul(simd.LoadFloat64s(d2[b:]))
		dA3, dB3 := factor.Mul(simd.LoadFloat64s(d3[a:])), factor.Mul(simd.LoadFloat64s(d3[b:]))
		for k, i := range index {
			at := int(i) * n
			rowA, rowB := simd.LoadFloat64s(part(w, at+a, lanes)), simd.LoadFloat64s(part(w, at+b, lanes))
			v := simd.BroadcastFloat64s(v0[k])
			rowA, rowB = v.MulAdd(dA0, rowA), v.MulAdd(dB0, rowB)
			v = simd.BroadcastFloat64s(v1[k])
			rowA, rowB = v.MulAdd(dA1, rowA), v.MulAdd(dB1, rowB)
			v = simd.BroadcastFloat64s(v2[k])
			rowA, rowB = v.MulAdd(dA2, rowA), v.MulAdd(dB2, rowB)
			v = simd.BroadcastFloat64s(v3[k])
			rowA, rowB = v.MulAdd(dA3, rowA), v.MulAdd(dB3, rowB)
			rowA.Store(part(w, at+a, lanes))
			rowB.Store(part(w, at+b, lanes))
		}
	}
	leaveVectors()
	return min(a, n)
}

// fillVector begins to fill a list, eight elements at a time, where the
// processor can pack those of a vector that are not zero (AVX-512).
func fillVector(l *inkList, row []float64, k int) (n, next int) {
	if !archsimd.X86.AVX512() {
		return 0, k
	}
	zero := archsimd.BroadcastFloat64x8(0)
	columns := archsimd.LoadInt32x8Array(&[8]int32{0, 1, 2, 3, 4, 5, 6, 7})
	for ; k+8 <= len(row) && n+8 <= len(l.index); k += 8 {
		v := archsimd.LoadFloat64x8(part(row, k, 8))
		lit := v.NotEqual(zero).ToBits()
		v.Compress(archsimd.Mask64x8FromBits(lit)).Store(l.value[n : n+8 : n+8])
		column := columns.Add(archsimd.BroadcastInt32x8(int32(k)))
		column.Compress(archsimd.Mask32x8FromBits(lit)).Store(l.index[n : n+8 : n+8])
		n += bits.OnesCount8(lit)
	}
	archsimd.ClearAVXUpperBits()
	return n, k
}

// sigmoidVector computes 1/(1+eˣ) of x = −z, to within 3 units in the last
// place. With x = k·ln 2 + r and k whole, r is at most ½·ln 2, so small that 14
// terms of the exponential series Σ rⁱ/i! are exact to the last bits; and
// eˣ = 2ᵏ·eʳ, where 2ᵏ is the float64 with exponent k.
//
// In vectors of 256 bits that takes longer than sigmoid does one by one.
func sigmoidVector(z []float64) (done int) {
	if simd.Emulated() || simd.VectorBitSize() < 512 {
		return 0
	}
	var zero simd.Float64s
	n, lanes := len(z), zero.Len()
	if n < lanes {
		part, _ := simd.LoadFloat64sPart(z)
		sigmoidOf(part).StorePart(z)
		leaveVectors()
		return n
	}
	last := simd.LoadFloat64s(z[n-lanes:]) // before the one beside it overwrites a part
	a := 0
	for ; a+2*lanes <= n; a += 2 * lanes {
		sigmoidOf(simd.LoadFloat64s(z[a:])).Store(z[a:])
		sigmoidOf(simd.LoadFloat64s(z[a+lanes:])).Store(z[a+lanes:])
	}
	if a+lanes <= n {
		sigmoidOf(simd.LoadFloat64s(z[a:])).Store(z[a:])
	}
	sigmoidOf(last).Store(z[n-lanes:])
	leaveVectors()
	return n
}

func sigmoidOf(z simd.Float64s) simd.Float64s {
	x := z.Neg().Max(simd.BroadcastFloat64s(expLeast)).Min(simd.BroadcastFloat64s(expMost))
	shifted := x.MulAdd(simd.BroadcastFloat64s(math.Log2E), simd.BroadcastFloat64s(whole))
	k := shifted.Sub(simd.BroadcastFloat64s(whole))
	r := k.MulAdd(simd.BroadcastFloat64s(-ln2High), x)
	r = k.MulAdd(simd.BroadcastFloat64s(-ln2Low), r)
	e := simd.BroadcastFloat64s(1. / 6227020800)
	for _, inverseFactorial := range [...]float64{1. / 479001600, 1. / 39916800, 1. / 3628800, 1. / 362880, 1. / 40320, 1. / 5040, 1. / 720, 1. / 120, 1. / 24, 1. / 6, 1. / 2, 1, 1} {
		e = e.MulAdd(r, simd.BroadcastFloat64s(inverseFactorial))
	}
	one := simd.BroadcastFloat64s(1)
	power := shifted.ToBits().ShiftAllLeft(52).Add(one.ToBits()).BitsToFloat64()
	sigmoid := one.Div(power.MulAdd(e, one))
	return sigmoid.IfElse(z.Equal(z), z) // NaN stays NaN, which Max and Min may lose
}

const (
	// Beyond these the sigmoid is 0 or 1, and k would not fit an exponent.
	expMost, expLeast = 710, -708

	whole = 3 << 51 // rounds, as in sigmoid
)
