package nn

import (
	"fmt"
	"math"
	"math/big"
	"testing"
)

// row makes a matrix of one row of z, which it shares.
func row(z []float64) *Matrix { return &Matrix{1, len(z), z} }

func TestActivationsOfKnownSums(t *testing.T) {
	for _, c := range []struct {
		f    Activation
		z, a float64
	}{
		{Sigmoid, 0, 0.5}, {Sigmoid, math.Log(3), 0.75}, {Sigmoid, -math.Log(3), 0.25},
		{Tanh, 0, 0}, {Tanh, math.Log(2), 0.6}, {Tanh, -math.Log(2), -0.6},
		{ReLU, 2.5, 2.5}, {ReLU, 0, 0}, {ReLU, -3, 0},
		{Linear, 2.5, 2.5}, {Linear, 0, 0}, {Linear, -3, -3},
	} {
		z := []float64{c.z}
		c.f.apply(row(z))
		mustBeClose(t, c.f.String(), z, []float64{c.a}, 1e-15)
	}
}

func TestSigmoidIsFiniteForAnySum(t *testing.T) {
	for _, c := range []struct{ z, a float64 }{
		{math.Inf(1), 1}, {math.MaxFloat64, 1}, {1e300, 1}, {750, 1}, {40, 1},
		{math.Inf(-1), 0}, {-math.MaxFloat64, 0}, {-1e300, 0}, {-750, 0},
		{5e-324, 0.5}, {-5e-324, 0.5}, {math.Copysign(0, -1), 0.5},
	} {
		z := []float64{c.z}
		Sigmoid.apply(row(z))
		if z[0] != c.a {
			t.Errorf("σ(%v) = %v, want %v", c.z, z[0], c.a)
		}
	}
	for x := -800.0; x <= 800; x += 0.37 {
		z := []float64{x}
		Sigmoid.apply(row(z))
		if !(z[0] >= 0 && z[0] <= 1) {
			t.Fatalf("σ(%v) = %v, want it from 0 to 1", x, z[0])
		}
	}
}

func TestSigmoidIsExactToThreeUnitsInTheLastPlace(t *testing.T) {
	z := make([]float64, 0, 160001)
	for x := -40.0; x <= 40; x += 0.0005 {
		z = append(z, x)
	}
	a := append([]float64(nil), z...)
	Sigmoid.apply(row(a))
	worst := 0.0
	for j, x := range z {
		// In 200 bits, from the exponential series of −x/64, squared six times.
		small, term, sum := wide(-x/64), wide(1), wide(1)
		for i := range 30 {
			term.Mul(term, small)
			term.Quo(term, wide(float64(i+1)))
			sum.Add(sum, term)
		}
		for range 6 {
			sum.Mul(sum, sum)
		}
		want := wide(1)
		want.Quo(want, sum.Add(sum, wide(1)))
		exact, _ := want.Float64()
		off, _ := want.Sub(want, wide(a[j])).Float64()
		worst = max(worst, math.Abs(off)/(math.Nextafter(exact, 2)-exact))
	}
	if t.Logf("off by at most %.2f units", worst); worst > 3 {
		t.Errorf("σ is off by %v units in the last place", worst)
	}
}

func TestExpIsExactToTwoUnitsInTheLastPlace(t *testing.T) {
	worst := 0.0
	for x := -708.0; x <= 709; x += 0.0731 {
		// In 200 bits, from the exponential series of x/2048, squared eleven times.
		small, term, want := wide(x/2048), wide(1), wide(1)
		for i := range 40 {
			term.Mul(term, small)
			term.Quo(term, wide(float64(i+1)))
			want.Add(want, term)
		}
		for range 11 {
			want.Mul(want, want)
		}
		exact, _ := want.Float64()
		off, _ := want.Sub(want, wide(exp(x))).Float64()
		worst = max(worst, math.Abs(off)/(math.Nextafter(exact, math.Inf(1))-exact))
	}
	if t.Logf("off by at most %.2f units", worst); worst > 2 {
		t.Errorf("exp is off by %v units in the last place", worst)
	}
}

func TestExpBeyondItsRange(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct{ x, want float64 }{
		{0, 1}, {math.Copysign(0, -1), 1}, {5e-324, 1}, {math.Nextafter(709, 710), inf}, {1e300, inf}, {inf, inf}, {math.Nextafter(-708, -709), 0}, {-1e300, 0}, {-inf, 0},
	} {
		if got := exp(c.x); got != c.want {
			t.Errorf("exp(%v) = %v, want %v", c.x, got, c.want)
		}
	}
	for _, x := range []float64{709, -708} {
		if got, want := exp(x), math.Exp(x); math.Abs(got/want-1) > 1e-15 {
			t.Errorf("exp(%v) = %v, want %v", x, got, want)
		}
	}
	if got := exp(math.NaN()); !math.IsNaN(got) {
		t.Errorf("exp(NaN) = %v", got)
	}
}

func wide(x float64) *big.Float { return big.NewFloat(x).SetPrec(200) }

func TestSigmoidOfAnyLengthIsTheSame(t *testing.T) {
	for n := range 40 {
		z := make([]float64, n)
		for j := range z {
			z[j] = float64(j) - 20.5
		}
		Sigmoid.apply(row(z))
		for j := range z {
			if want := 1 / (1 + math.Exp(20.5-float64(j))); math.Abs(z[j]-want) > 1e-15 {
				t.Errorf("%d sums: σ(%v) = %v, want %v", n, float64(j)-20.5, z[j], want)
			}
		}
	}
}

func TestSoftmaxOfKnownSums(t *testing.T) {
	third := 1. / 3
	for _, c := range []struct{ z, a []float64 }{
		{[]float64{0}, []float64{1}},
		{[]float64{0, math.Log(3)}, []float64{0.25, 0.75}},
		{[]float64{5, 5, 5}, []float64{third, third, third}},
		{[]float64{1e300, 1e300, -1e300}, []float64{0.5, 0.5, 0}},
		{[]float64{-1000, -1000 + math.Log(3)}, []float64{0.25, 0.75}},
		{[]float64{math.Inf(-1), 0}, []float64{0, 1}},
	} {
		a := append([]float64(nil), c.z...)
		Softmax.apply(row(a))
		mustBeClose(t, fmt.Sprint("softmax of ", c.z), a, c.a, 1e-13)
	}
}

func TestSoftmaxIsAppliedToEachRowAlone(t *testing.T) {
	z := &Matrix{2, 2, []float64{0, math.Log(3), 1000, 1000}}
	Softmax.apply(z)
	mustBeClose(t, "two rows", z.Data, []float64{0.25, 0.75, 0.5, 0.5}, 1e-15)
}

func TestSoftmaxOfNumbersThatAreNotFinite(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		z := []float64{1, bad, 2}
		if Softmax.apply(row(z)); !math.IsNaN(z[1]) {
			t.Errorf("softmax of %v is %v, want NaN", bad, z[1])
		}
	}
}

func TestNaNStaysNaN(t *testing.T) {
	for f := range Linear + 1 {
		z := []float64{math.NaN()}
		if f.apply(row(z)); !math.IsNaN(z[0]) {
			t.Errorf("%v of NaN is %v", f, z[0])
		}
	}
}

func TestTheDerivativeIsTheActivationsSlope(t *testing.T) {
	const h = 1e-6
	for f := range Linear + 1 {
		for _, x := range []float64{-3, -0.5, 0.25, 2} {
			z := []float64{x - h, x, x + h}
			f.apply(row(z))
			derivative := []float64{1}
			f.mulDerivative(derivative, z[1:2])
			mustBeClose(t, f.String(), derivative, []float64{(z[2] - z[0]) / (2 * h)}, 1e-9)
		}
	}
}

func TestAnUnknownActivationPanics(t *testing.T) {
	mustPanic(t, func() { Activation(7).apply(row([]float64{1})) }, "Activation(7)", "sigmoid")
}

func TestActivationNames(t *testing.T) {
	for f, name := range map[Activation]string{Sigmoid: "sigmoid", Tanh: "tanh", ReLU: "relu", Linear: "linear", Softmax: "softmax", 5: "Activation(5)", 7: "Activation(7)"} {
		if f.String() != name {
			t.Errorf("Activation %d is called %s, want %s", uint8(f), f, name)
		}
	}
}
