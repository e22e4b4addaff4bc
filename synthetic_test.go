package nn

import (
	"bytes"
	"cmp"
	"image"
	"math"
	"slices"
	"testing"
)

func TestSyntheticSameSeedSameBytes(t *testing.T) {
	a, b := Synthetic(random(1), 100), Synthetic(random(1), 100)
	if !bytes.Equal(a.packed, b.packed) || !bytes.Equal(a.Labels, b.Labels) {
		t.Error("two sets of the same seed differ")
	}
}

func TestSyntheticSeedsDiffer(t *testing.T) {
	if bytes.Equal(Synthetic(random(1), 100).packed, Synthetic(random(2), 100).packed) {
		t.Error("seeds 1 and 2 give the same pixels")
	}
}

func TestSyntheticNoTwoAlike(t *testing.T) {
	d := Synthetic(random(1), 2000)
	seen := map[string]int{}
	for i := range d.Len() {
		picture := string(d.Image(i).Pix)
		if j, ok := seen[picture]; ok {
			t.Fatalf("images %d and %d are the same", j, i)
		}
		seen[picture] = i
	}
}

func TestSyntheticClassesAreEquallyFrequent(t *testing.T) {
	d := Synthetic(random(1), 5000)
	var count [10]int
	for _, label := range d.Labels {
		count[label]++
	}
	for digit, n := range count {
		if n < 400 || n > 600 { // 500 ± 4.7 standard deviations
			t.Errorf("%d of 5000 images are a %d, want about 500", n, digit)
		}
	}
}

func TestSyntheticHasAsMuchInkAsMNIST(t *testing.T) {
	d := Synthetic(random(1), 2000)
	dark := 0
	for i := range d.Len() {
		dark += bytes.Count(d.Image(i).Pix, []byte{0})
	}
	if share := 1 - float64(dark)/float64(784*d.Len()); share < 0.15 || share > 0.23 {
		t.Errorf("%.3f of the pixels are not zero, want 0.15 to 0.23", share)
	}
}

func TestSyntheticFills20Pixels(t *testing.T) {
	d := Synthetic(random(1), 2000)
	for i := range d.Len() {
		left, right, top, bottom := 28, 0, 28, 0
		for k, v := range d.Image(i).Pix {
			if v > 0 {
				left, right = min(left, k%28), max(right, k%28+1)
				top, bottom = min(top, k/28), max(bottom, k/28+1)
			}
		}
		if side := max(right-left, bottom-top); side < 19 || side > 20 {
			t.Errorf("image %d, a %d: ink of %d×%d pixels, want a longer side of 20", i, d.Labels[i], right-left, bottom-top)
		}
	}
}

func TestSyntheticIsCentredByMass(t *testing.T) {
	d := Synthetic(random(1), 2000)
	for i := range d.Len() {
		var mass, x, y float64
		for k, v := range d.Image(i).Pix {
			mass += float64(v)
			x += float64(v) * float64(k%28)
			y += float64(v) * float64(k/28)
		}
		x, y = x/mass, y/mass
		if math.Abs(x-14) > 0.5+1e-9 || math.Abs(y-14) > 0.5+1e-9 {
			t.Errorf("image %d, a %d: centre of mass at pixel (%.2f, %.2f), want (14, 14) to half a pixel", i, d.Labels[i], x, y)
		}
	}
}

// How wide a digit is in a part of its height tells the ways to write it apart.
func TestSyntheticWritesDigitsInSeveralWays(t *testing.T) {
	d := Synthetic(random(1), 5000)
	for _, c := range []struct {
		what     string
		digit    byte
		from, to float64 // the part of its height
		width    int     // more pixels than it has there without
	}{
		{"flag", 1, 0.2, 0.5, 7},
		{"base line", 1, 0.9, 1, 8},
		{"bar", 7, 0.4, 0.7, 9},
		{"hooked tail", 9, 0.8, 1, 8},
	} {
		with, count := 0.0, 0.0
		for i, label := range d.Labels {
			if label != c.digit {
				continue
			}
			img := d.Image(i)
			all := boundsOf(img, 0, 28)
			from, to := c.from*float64(all.Dy()), c.to*float64(all.Dy())
			count++
			if boundsOf(img, all.Min.Y+int(from), all.Min.Y+int(to)).Dx() > c.width {
				with++
			}
		}
		if share := with / count; share < 0.2 || share > 0.7 {
			t.Errorf("%.2f of the digits %d have a %s, want 0.2 to 0.7", share, c.digit, c.what)
		}
	}
}

// boundsOf returns the bounds of what is bright in rows from to to, to excluded.
func boundsOf(img *image.Gray, from, to int) (b image.Rectangle) {
	for y := from; y < to; y++ {
		for x := range 28 {
			if img.Pix[y*28+x] > 127 {
				b = b.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return b
}

func TestSyntheticDigitsCanBeLearned(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for a second")
	}
	r := random(1)
	n := New(r, 784, 16, 16, 10)
	train := Synthetic(r, 10000)
	sgd := &SGD{Rate: 3, Batch: 10, Rand: r}
	for range 5 {
		if _, err := sgd.Epoch(n, train); err != nil {
			t.Fatal(err)
		}
	}
	if accuracy := n.Evaluate(Synthetic(r, 2000), Quadratic).Accuracy(); accuracy < 0.9 {
		t.Errorf("reads %.1f %% of fresh digits, want at least 90", 100*accuracy)
	}
}

func TestSyntheticDigitsAreNeitherMirroredNorTurned(t *testing.T) {
	if accuracy := Pretrained().Evaluate(Synthetic(random(1), 500), Quadratic).Accuracy(); accuracy < 0.9 {
		t.Errorf("Pretrained reads %.1f %% of them, want at least 90", 100*accuracy)
	}
}

// A line and a pen of 8 make a picture of 20×8 pixels, its corners black because
// the ends are round.
func TestADigitIsMadeSmallerByTheWidthOfItsPen(t *testing.T) {
	var line []point
	for i := range 101 {
		line = append(line, point{3 + float64(i)/10, 7})
	}
	for k, v := range paint(line, 8) {
		x, y := k%28, k/28
		inside := x >= 5 && x < 25 && y >= 11 && y < 19
		corner := (x == 5 || x == 24) && (y == 11 || y == 18)
		if (v > 0) != (inside && !corner) || v < 255 && x > 8 && x < 21 && y > 11 && y < 18 {
			t.Errorf("pixel (%d, %d) is %d", x, y, v)
		}
	}
}

func TestCurvesAreCatmullAndRoms(t *testing.T) {
	a, b, c, d := point{0, 1}, point{2, 5}, point{7, 3}, point{8, -4}
	path := appendCurve(nil, a, b, c, d)
	if len(path) != 11 || path[10] != c { // 2·√29 is 10.8
		t.Fatalf("%d points, want 11 of which the last is %v: %v", len(path), c, path)
	}
	for i, got := range path {
		u := float64(i+1) / 11 // Barry and Goldman's pyramid of linear interpolations, with knots at −1, 0, 1 and 2
		mix := func(p, q point, from, to float64) point {
			s := (u - from) / (to - from)
			return point{p.x + s*(q.x-p.x), p.y + s*(q.y-p.y)}
		}
		ab, bc, cd := mix(a, b, -1, 0), mix(b, c, 0, 1), mix(c, d, 1, 2)
		want := mix(mix(ab, bc, -1, 1), mix(bc, cd, 0, 2), 0, 1)
		mustBeClose(t, "point", []float64{got.x, got.y}, []float64{want.x, want.y}, 1e-12)
	}
}

// A stroke turns a little from one place of the pen to the next, except at its
// corners and where the curve hardly moves.
func TestHandwrittenZerosAreSmooth(t *testing.T) {
	for seed := range uint64(50) {
		path := handwrite(random(seed), 0)
		for i := 2; i < len(path); i++ {
			before := point{path[i-1].x - path[i-2].x, path[i-1].y - path[i-2].y}
			after := point{path[i].x - path[i-1].x, path[i].y - path[i-1].y}
			turn := math.Atan2(before.x*after.y-before.y*after.x, before.x*after.x+before.y*after.y)
			if math.Abs(turn) > 1.2 {
				t.Errorf("seed %d: turns by %.2f at place %d of %d", seed, turn, i, len(path))
			}
			if step := math.Hypot(after.x, after.y); step > 1 {
				t.Errorf("seed %d: place %d of %d is %.2f pixels from the one before", seed, i, len(path), step)
			}
		}
	}
}

// Hands differ in how they lean, stretch and turn what they write. The numbers are
// the mean and the standard deviation of a measure of the path.
func TestHandsDiffer(t *testing.T) {
	top := func(p, q point) int { return cmp.Compare(p.y, q.y) }
	left := func(p, q point) int { return cmp.Compare(p.x, q.x) }
	for what, c := range map[string]struct {
		digit     byte
		measure   func(path []point) float64
		mean, dev float64
	}{
		"lean of a 1": {1, func(path []point) float64 {
			high, low := slices.MinFunc(path, top), slices.MaxFunc(path, top)
			return (high.x - low.x) / (low.y - high.y)
		}, 0.146, 0.260},
		"tilt of a 7's upper line": {7, func(path []point) float64 { return math.Atan2(path[20].y-path[3].y, path[20].x-path[3].x) }, -0.068, 0.210},
		"height of a 0":            {0, func(path []point) float64 { return slices.MaxFunc(path, top).y - slices.MinFunc(path, top).y }, 20.59, 1.416},
		"logarithm of a 0's width": {0, func(path []point) float64 {
			return math.Log(slices.MaxFunc(path, left).x - slices.MinFunc(path, left).x)
		}, 2.685, 0.294},
		"distance of a 0's ends": {0, func(path []point) float64 {
			return math.Hypot(path[0].x-path[len(path)-1].x, path[0].y-path[len(path)-1].y)
		}, 3.80, 2.85},
		"centre of a 0, as a part of its height": {0, func(path []point) float64 {
			sum := 0.0
			for _, p := range path {
				sum += p.y
			}
			high, low := slices.MinFunc(path, top).y, slices.MaxFunc(path, top).y
			return (sum/float64(len(path)) - high) / (low - high)
		}, 0.488, 0.0321},
	} {
		const hands = 2000
		sum, squares := 0.0, 0.0
		for seed := range uint64(hands) {
			x := c.measure(handwrite(random(seed), c.digit))
			sum, squares = sum+x, squares+x*x
		}
		mean := sum / hands
		dev := math.Sqrt(squares/hands - mean*mean)
		if math.Abs(mean-c.mean) > 0.1*c.dev || math.Abs(dev/c.dev-1) > 0.08 {
			t.Errorf("%s: mean %.4f, standard deviation %.4f, want %v and %v", what, mean, dev, c.mean, c.dev)
		}
	}
}

func TestPensDifferInWidth(t *testing.T) {
	d, sum, squares, ones := Synthetic(random(1), 2000), 0.0, 0.0, 0.0
	for i, label := range d.Labels {
		if label == 1 { // its middle row crosses one line, a little aslant
			width := 0.0
			for _, v := range d.Image(i).Pix[14*28 : 15*28] {
				width += float64(v) / 255
			}
			sum, squares, ones = sum+math.Log(width), squares+math.Log(width)*math.Log(width), ones+1
		}
	}
	mean := sum / ones
	if dev := math.Sqrt(squares/ones - mean*mean); math.Exp(mean) < 2.7 || math.Exp(mean) > 3.2 || dev < 0.3 || dev > 0.42 {
		t.Errorf("lines are %.2f pixels wide, their logarithm has a standard deviation of %.3f; want 2.7 to 3.2 and 0.30 to 0.42", math.Exp(mean), dev)
	}
}

func TestSyntheticPanicsOnMisuse(t *testing.T) {
	mustPanic(t, func() { Synthetic(nil, 1) }, "nil")
	mustPanic(t, func() { Synthetic(random(1), 0) }, "0 synthetic images", "at least 1")
	mustPanic(t, func() { Synthetic(random(1), -3) }, "-3 synthetic images", "at least 1")
}

func BenchmarkSynthetic(b *testing.B) {
	const images = 1000
	r := random(1)
	for b.Loop() {
		Synthetic(r, images)
	}
	b.ReportMetric(images*float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
