package nn

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
)

func TestDistortedByNothingIsTheImagesThemselves(t *testing.T) {
	for _, size := range [][2]int{{28, 28}, {5, 3}, {1, 1}, {70, 40}} {
		width, height := size[0], size[1]
		images, r := &Images{Width: width, Height: height, Classes: 3}, random(1)
		for i := range 20 {
			pixels := make([]byte, width*height)
			for k := range pixels {
				if r.IntN(3) == 0 {
					pixels[k] = byte(r.IntN(256))
				}
			}
			images.Add(pixels, byte(i%3))
		}
		input, want := make([]float64, width*height), make([]float64, width*height)
		target, wantTarget := make([]float64, 3), make([]float64, 3)
		for i := range images.Len() {
			Distorted{Images: images, Seed: 7}.Example(i, input, target)
			images.Example(i, want, wantTarget)
			mustBeSame(t, fmt.Sprintf("%d×%d, image %d", width, height, i), input, want)
			mustBeSame(t, "target", target, wantTarget)
			if got := (Distorted{Images: images, Seed: 7}).Image(i); !bytes.Equal(got.Pix, images.Image(i).Pix) {
				t.Errorf("%d×%d, image %d: %v, want %v", width, height, i, got.Pix, images.Image(i).Pix)
			}
		}
	}
}

func TestDistortedDependsOnSeedAndIndexAlone(t *testing.T) {
	images := Synthetic(random(1), 40)
	d := Distorted{Images: images, Seed: 5, Strength: 1}
	example := func(d Distorted, i int) []float64 {
		input := make([]float64, 784)
		d.Example(i, input, make([]float64, 10))
		return input
	}
	want := make([][]float64, images.Len())
	for i := range want {
		want[i] = example(d, i)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := len(want) - 1; i >= 0; i-- {
				mustBeSame(t, fmt.Sprintf("image %d, asked for again", i), example(d, i), want[i])
			}
		})
	}
	all.Wait()
	d.Seed++
	for i := range want {
		same := true
		for k, v := range example(d, i) {
			same = same && v == want[i][k]
		}
		if same {
			t.Errorf("image %d is the same with another seed", i)
		}
	}
}

func TestDistortedStaysNearTheImage(t *testing.T) {
	images := Synthetic(random(1), 500)
	centre := func(pixels []byte) (mass, x, y float64) {
		for k, v := range pixels {
			mass += float64(v)
			x += float64(v) * float64(k%28)
			y += float64(v) * float64(k/28)
		}
		return mass, x / mass, y / mass
	}
	ratios := 0.0
	for i := range images.Len() {
		mass, x, y := centre(images.Image(i).Pix)
		massD, xD, yD := centre(Distorted{Images: images, Seed: 1, Strength: 1}.Image(i).Pix)
		if math.Abs(xD-x) > 2.5 || math.Abs(yD-y) > 2.5 {
			t.Errorf("image %d: the centre of mass moved from (%.1f, %.1f) to (%.1f, %.1f)", i, x, y, xD, yD)
		}
		if massD < 0.4*mass || massD > 2*mass {
			t.Errorf("image %d: the mass changed from %v to %v", i, mass, massD)
		}
		ratios += massD / mass / float64(images.Len())
	}
	if ratios < 0.9 || ratios > 1.1 {
		t.Errorf("on average the mass becomes %.2f times as large, want about the same", ratios)
	}
}

func TestDistortedOfABlackImageIsBlack(t *testing.T) {
	images := &Images{Width: 28, Height: 28, Classes: 1}
	images.Add(make([]byte, 784), 0)
	for seed := range uint64(100) {
		for k, v := range (Distorted{Images: images, Seed: seed, Strength: 2}).Image(0).Pix {
			if v != 0 {
				t.Fatalf("seed %d: pixel %d is %d", seed, k, v)
			}
		}
	}
}

// from returns the place in the source of pixel (x, y), without the waves.
func (v *distortion) from(x, y int) (fromX, fromY float64) {
	return v.xx*float64(x) + v.xy*float64(y) + v.x0, v.yx*float64(x) + v.yy*float64(y) + v.y0
}

// TestDistortedInterpolatesBetweenFourPixels computes in floating point and
// pixel by pixel what readSparse does in whole numbers and two at a time.
func TestDistortedInterpolatesBetweenFourPixels(t *testing.T) {
	images, r := Synthetic(random(1), 40), random(2)
	for range 5 { // grey to the border
		pixels := make([]byte, 784)
		for k := range pixels {
			pixels[k] = byte(r.IntN(256))
		}
		images.Add(pixels, 0)
	}
	for _, strength := range []float64{0.3, 1, 2} {
		d := Distorted{Images: images, Seed: 4, Strength: strength}
		for i := range images.Len() {
			v, source, got := d.distortion(i, 28, 28), images.Image(i), d.Image(i)
			for k, g := range got.Pix {
				x, y := k%28, k/28
				fromX, fromY := v.from(x, y)
				fromX, fromY = fromX+v.waveX[y%period], fromY+float64(v.waveY[x%period])/65536
				left, top := math.Floor(fromX), math.Floor(fromY)
				grey := 0.0
				for _, corner := range [][2]float64{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
					share := (1 - math.Abs(left+corner[0]-fromX)) * (1 - math.Abs(top+corner[1]-fromY))
					grey += share * float64(source.GrayAt(int(left+corner[0]), int(top+corner[1])).Y) // 0 outside
				}
				want := min(255, max(0, grey-float64(v.offset))*float64(v.gain)/256)
				if math.Abs(want-float64(g)) > 6 { // two roundings of a 256th, and then up to 2.7 times brighter
					t.Fatalf("strength %v, image %d: pixel (%d, %d) is %d, want %.1f", strength, i, x, y, g, want)
				}
			}
		}
	}
}

// TestDistortedUsesItsWholeRangesAndNoMore compares the largest distortions with
// the documented ranges.
func TestDistortedUsesItsWholeRangesAndNoMore(t *testing.T) {
	for _, strength := range []float64{0.5, 1, 2} {
		d := Distorted{Strength: strength}
		var turn, wide, high, shear, shiftX, shiftY, bendX, bendY, darker, brighter float64
		for i := range 20000 {
			v := d.distortion(i, 29, 29)
			det := v.xx*v.yy - v.xy*v.yx            // wide·high
			angle := math.Asin(2*v.yx*v.xx/det) / 2 // yx·xx is wide·high·sin·cos
			sin, cos := math.Sincos(angle)
			turn = max(turn, math.Abs(angle))
			wide, high = max(wide, v.xx/cos), max(high, det*cos/v.xx)
			shear = max(shear, math.Abs((v.xy/(v.xx/cos)+sin)/cos))
			x, y := v.from(14, 14)
			shiftX, shiftY = max(shiftX, math.Abs(x-14)), max(shiftY, math.Abs(y-14))
			bendX, bendY = max(bendX, slices.Max(v.waveX[:])), max(bendY, float64(slices.Max(v.waveY[:]))/65536)
			if v.offset > 0 {
				darker = max(darker, float64(v.offset)+1) // rounded down
			} else {
				brighter = max(brighter, 255-256*255/float64(v.gain)+1)
			}
		}
		for _, c := range []struct {
			what      string
			got, want float64
		}{
			{"rotated", turn, 8 * math.Pi / 180 * strength},
			{"scaled across", wide - 1, 0.08 * strength},
			{"scaled down", high - 1, 0.08 * strength},
			{"sheared", shear, 0.15 * strength},
			{"shifted across", shiftX, 1 * strength},
			{"shifted down", shiftY, 1 * strength},
			{"bent across", bendX, 0.8 * strength},
			{"bent down", bendY, 0.8 * strength},
			{"darkened", darker, 80 * strength},
			{"brightened", brighter, 80 * strength},
		} {
			if c.got > 1.001*c.want || c.got < 0.99*c.want {
				t.Errorf("strength %v: %s by up to %v, want %v", strength, c.what, c.got, c.want)
			}
		}
	}
}

func TestDistortedBendsByWavesOf32Pixels(t *testing.T) {
	for i := range 100 {
		v := Distorted{Strength: 1}.distortion(i, 28, 28)
		var waveY [period]float64
		for k, y := range v.waveY {
			waveY[k] = float64(y) / 65536
		}
		high := 0.0
		for _, wave := range [][period]float64{v.waveX, waveY} {
			for k, got := range wave {
				sin, cos := math.Sincos(2 * math.Pi * float64(k) / 32)
				if want := wave[0]*cos + wave[8]*sin; math.Abs(got-want) > 1e-4 {
					t.Fatalf("image %d: the wave is %v at pixel %d, want %v", i, got, k, want)
				}
			}
			high = max(high, math.Hypot(wave[0], wave[8]))
		}
		if math.Abs(v.bend-high) > 1e-4 {
			t.Errorf("image %d: bent by up to %v, the higher wave is %v", i, v.bend, high)
		}
	}
}

func TestDistortedTrainsWithTheSameBitsAsItsExamples(t *testing.T) {
	d := Distorted{Images: Synthetic(random(1), 300), Seed: 3, Strength: 1}
	a, b := New(random(2), 784, 8, 10), New(random(2), 784, 8, 10)
	if _, err := (&SGD{Rate: 1}).Epoch(a, d); err != nil {
		t.Fatal(err)
	}
	if _, err := (&SGD{Rate: 1}).Epoch(b, plain{d}); err != nil {
		t.Fatal(err)
	}
	mustBeSame(t, "parameters", values(a), values(b))
}

// TestPretrainedReadsDistortedDigitsBetterThanThePlainRecipe shows the purpose of
// training on distorted digits: reading handwriting that is not MNIST's own.
func TestPretrainedReadsDistortedDigitsBetterThanThePlainRecipe(t *testing.T) {
	train, test := mnist(t)
	if testing.Short() {
		t.Skip("trains for 30 epochs and prepares thousands of pictures")
	}
	r := random(1)
	simple, best := New(r, 784, 16, 16, 10), Pretrained()
	sgd := &SGD{Rate: 3, Batch: 10, Rand: r}
	for range 30 {
		if _, err := sgd.Epoch(simple, train); err != nil {
			t.Fatal(err)
		}
	}
	compare := func(name string, examples Examples) {
		a, b := simple.Evaluate(examples, Quadratic).Accuracy(), best.Evaluate(examples, Quadratic).Accuracy()
		t.Logf("%-45s plain recipe %.2f %%, Pretrained %.2f %%", name, 100*a, 100*b)
		if b <= a {
			t.Errorf("%s: the plain recipe reads %.2f %%, Pretrained %.2f %%", name, 100*a, 100*b)
		}
	}
	compare("as they are", test)
	for _, strength := range []float64{1, 2} {
		compare(fmt.Sprintf("rotated, bent, thinner or thicker: strength %v", strength), Distorted{Images: test, Seed: 99, Strength: strength})
	}
	for _, scene := range scenes {
		if scene.name == "untouched" {
			continue
		}
		photos := &Images{Width: 28, Height: 28, Classes: 10}
		for i := range 1000 {
			r := random(uint64(i))
			digit := Distorted{Images: test, Seed: 99, Strength: 1}.Image(i)
			input, ok := FromImage(scene.of(6, r).shoot(digit))
			if !ok {
				continue
			}
			pixels := make([]byte, 784)
			for k, v := range input {
				pixels[k] = byte(math.Round(255 * v))
			}
			photos.Add(pixels, test.Labels[i])
		}
		compare("strength 1, "+scene.name+", by FromImage", photos)
	}
}

func TestDistortedMisuse(t *testing.T) {
	images := Synthetic(random(1), 1)
	for _, strength := range []float64{-0.1, 2.1, math.NaN(), math.Inf(1)} {
		mustPanic(t, func() { Distorted{Images: images, Strength: strength}.Image(0) }, "Strength", fmt.Sprint(strength), "2")
	}
	mustPanic(t, func() { Distorted{Images: images}.Example(0, make([]float64, 783), make([]float64, 10)) }, "28×28", "783")
}

func BenchmarkDistorted(b *testing.B) {
	name, train, _ := data(b)
	b.Run(name, func(b *testing.B) {
		row, target := newSparseRow(784), make([]float64, 10)
		b.ResetTimer()
		for i := range b.N {
			Distorted{Images: train, Seed: 1, Strength: 1}.readSparse(i%train.Len(), &row, target)
		}
		imagesPerSecond(b, 1)
	})
}

func TestDistortionsAreUniformlyDistributed(t *testing.T) {
	const images = 20000
	below := map[string]int{} // half of the range
	for i := range images {
		v := Distorted{Strength: 1}.distortion(i, 29, 29)
		det := v.xx*v.yy - v.xy*v.yx
		x, y := v.from(14, 14)
		for what, share := range map[string]float64{
			"rotated":        math.Asin(2*v.yx*v.xx/det) / 2 / (8 * math.Pi / 180),
			"shifted across": x - 14,
			"shifted down":   y - 14,
			"bent across":    math.Hypot(v.waveX[0], v.waveX[8]) / 0.8,
			"made brighter":  (255 - 256*255/float64(v.gain)) / 80,
		} {
			if math.Abs(share) < 0.5 {
				below[what]++
			}
		}
	}
	for what, count := range below {
		if share := float64(count) / images; math.Abs(share-0.5) > 0.02 {
			t.Errorf("%s by less than half of the range: %.3f of the images, want 0.5", what, share)
		}
	}
}
