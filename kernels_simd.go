//go:build goexperiment.simd && go1.27 && !go1.28 && amd64

package nn

import (
	"math"
	"math/bits"
	"simd"
	"simd/archsimd"
)

// The loops of kernels.go for all columns that fill a vector, four vectors at a
// time and then two. At the end of a row the second of two ends where the row
// does and may overlap the first; both are computed from what was there before,
// so the overlap is stored twice, the same. Each says how many columns it did:
// none where the processor has no vectors.

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
	for ; a+lanes <= n; a += 2 * lanes {
		b := min(a+lanes, n-lanes)
		sumA, sumB := simd.LoadFloat64s(sum[a:]), simd.LoadFloat64s(sum[b:])
		for k, i := range index {
			at, v := int(i)*n, simd.BroadcastFloat64s(value[k])
			sumA = v.MulAdd(simd.LoadFloat64s(part(w, at+a, lanes)), sumA)
			sumB = v.MulAdd(simd.LoadFloat64s(part(w, at+b, lanes)), sumB)
		}
		sumA.Store(sum[a:])
		sumB.Store(sum[b:])
	}
	leaveVectors()
	return min(a, n)
}

func addOuterVector(w []float64, c float64, index []int32, value, d []float64) (done int) {
	if simd.Emulated() {
		return 0
	}
	var zero simd.Float64s
	n, lanes := len(d), zero.Len()
	value = value[:len(index)]
	a := 0
	for ; a+4*lanes <= n; a += 4 * lanes {
		c := simd.BroadcastFloat64s(c)
		dA, dB := c.Mul(simd.LoadFloat64s(d[a:])), c.Mul(simd.LoadFloat64s(d[a+lanes:]))
		dC, dD := c.Mul(simd.LoadFloat64s(d[a+2*lanes:])), c.Mul(simd.LoadFloat64s(d[a+3*lanes:]))
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
	for ; a+lanes <= n; a += 2 * lanes {
		b := min(a+lanes, n-lanes)
		c := simd.BroadcastFloat64s(c)
		dA, dB := c.Mul(simd.LoadFloat64s(d[a:])), c.Mul(simd.LoadFloat64s(d[b:]))
		for k, i := range index {
			i, v := int(i)*n, simd.BroadcastFloat64s(value[k])
			rowA, rowB := v.MulAdd(dA, simd.LoadFloat64s(part(w, i+a, lanes))), v.MulAdd(dB, simd.LoadFloat64s(part(w, i+b, lanes)))
			rowA.Store(part(w, i+a, lanes))
			rowB.Store(part(w, i+b, lanes))
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
func sigmoidVector(z []float64) (done int) {
	if simd.Emulated() {
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

	// Numbers around 1.5·2⁵² have no room for fractions: a sum with this one is
	// rounded to a whole number, which then stands in its last bits.
	whole = 3 << 51

	// ln 2 in two parts, the first so short that k times it is exact.
	ln2High, ln2Low = 0x1.62e42fefa38p-1, 0x1.ef35793c7673p-45
)
