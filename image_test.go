package nn

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// A drawn is an image whose pixels are computed. It panics if it is asked for one
// outside its bounds.
type drawn struct {
	bounds image.Rectangle
	at     func(x, y int) color.Color
}

func (d drawn) ColorModel() color.Model { return color.NRGBA64Model }
func (d drawn) Bounds() image.Rectangle { return d.bounds }
func (d drawn) At(x, y int) color.Color {
	if !(image.Point{x, y}).In(d.bounds) {
		panic("asked for a pixel outside")
	}
	return d.at(x-d.bounds.Min.X, y-d.bounds.Min.Y)
}

// enlarged returns the amount of ink at any place of an enlarged picture, from the
// nearest pixel or interpolated between the four nearest.
func enlarged(img *image.Gray, times float64, smooth bool) func(x, y float64) float64 {
	at := func(x, y int) float64 { return float64(img.GrayAt(x, y).Y) / 255 }
	return func(x, y float64) float64 {
		x, y = x/times, y/times
		if !smooth {
			return at(int(math.Floor(x)), int(math.Floor(y)))
		}
		fx, fy := math.Floor(x-0.5), math.Floor(y-0.5)
		tx, ty := x-0.5-fx, y-0.5-fy
		i, j := int(fx), int(fy)
		return (1-ty)*((1-tx)*at(i, j)+tx*at(i+1, j)) + ty*((1-tx)*at(i, j+1)+tx*at(i+1, j+1))
	}
}

// A scene is what a camera sees of a digit.
type scene struct {
	times      float64                    // enlarged so many times
	smooth     bool                       // interpolated
	canvas     float64                    // so many times larger than the digit's picture
	left, top  float64                    // the digit's place in the canvas, 0 to 1
	paper, ink [3]float64                 // colours, 0 to 1
	light      func(x, y float64) float64 // at a place from (0, 0) to (1, 1)
	noise      float64
	r          *rand.Rand
}

func (s scene) shoot(img *image.Gray) *image.NRGBA {
	if s.canvas == 0 {
		s.canvas = 1
	}
	picture := s.times * 28
	side := int(math.Round(picture * s.canvas))
	x0, y0 := math.Round((float64(side)-picture)*s.left), math.Round((float64(side)-picture)*s.top)
	ink := enlarged(img, s.times, s.smooth)
	photo := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := 0; i < side*side; i++ {
		x, y := float64(i%side)+0.5, float64(i/side)+0.5
		v := ink(x-x0, y-y0)
		light := 1.0
		if s.light != nil {
			light = s.light(x/float64(side), y/float64(side))
		}
		noise := 0.0
		if s.noise > 0 {
			noise = s.noise * s.r.NormFloat64()
		}
		for c := range 3 {
			p := light*((1-v)*s.paper[c]+v*s.ink[c]) + noise
			photo.Pix[4*i+c] = byte(255*min(1, max(0, p)) + 0.5)
		}
		photo.Pix[4*i+3] = 255
	}
	return photo
}

var (
	black, whitePaper = [3]float64{0, 0, 0}, [3]float64{1, 1, 1}
	blue, cream       = [3]float64{0.1, 0.15, 0.5}, [3]float64{0.98, 0.95, 0.84}
	chalk, board      = [3]float64{0.93, 0.94, 0.9}, [3]float64{0.12, 0.33, 0.22}
	pencil, grey      = [3]float64{0.45, 0.45, 0.47}, [3]float64{0.8, 0.8, 0.78}
)

// scenes are the ways in which real digits are shown to FromImage. size is a
// factor from 2 to 20.
var scenes = []struct {
	name string
	of   func(size float64, r *rand.Rand) scene
}{
	{"untouched", func(float64, *rand.Rand) scene { return scene{times: 1, paper: black, ink: whitePaper} }},
	{"inverted", func(float64, *rand.Rand) scene { return scene{times: 1, paper: whitePaper, ink: black} }},
	{"enlarged, nearest", func(size float64, _ *rand.Rand) scene { return scene{times: size, paper: black, ink: whitePaper} }},
	{"enlarged, bilinear", func(size float64, _ *rand.Rand) scene {
		return scene{times: size, smooth: true, paper: black, ink: whitePaper}
	}},
	{"shifted in a canvas", func(size float64, r *rand.Rand) scene {
		return scene{times: min(size, 10), smooth: true, canvas: 1 + 2*r.Float64(), left: r.Float64(), top: r.Float64(), paper: black, ink: whitePaper}
	}},
	{"blue on cream", func(size float64, _ *rand.Rand) scene {
		return scene{times: size, smooth: true, paper: cream, ink: blue}
	}},
	{"chalk on a board", func(size float64, _ *rand.Rand) scene {
		return scene{times: size, smooth: true, paper: board, ink: chalk}
	}},
	{"uneven light, noise", func(size float64, r *rand.Rand) scene {
		return scene{times: size, smooth: true, paper: whitePaper, ink: black, light: sun(r), noise: 0.03, r: r}
	}},
	{"pencil on grey paper", func(size float64, r *rand.Rand) scene {
		return scene{times: size, smooth: true, paper: grey, ink: pencil, light: sun(r), noise: 0.01, r: r}
	}},
	{"all of it, blue", func(size float64, r *rand.Rand) scene {
		return scene{times: max(4, min(size, 10)), smooth: true, canvas: 1 + r.Float64(), left: r.Float64(), top: r.Float64(),
			paper: cream, ink: blue, light: sun(r), noise: 0.03, r: r}
	}},
	{"all of it, chalk", func(size float64, r *rand.Rand) scene {
		return scene{times: max(4, min(size, 10)), smooth: true, canvas: 1 + r.Float64(), left: r.Float64(), top: r.Float64(),
			paper: board, ink: chalk, light: sun(r), noise: 0.03, r: r}
	}},
}

// sun returns light that falls from 100 % to 50 % in some direction.
func sun(r *rand.Rand) func(x, y float64) float64 {
	sin, cos := math.Sincos(2 * math.Pi * r.Float64())
	return func(x, y float64) float64 {
		return 0.75 + 0.25*((x-0.5)*cos+(y-0.5)*sin)/(math.Abs(sin)/2+math.Abs(cos)/2)
	}
}

// skeleton reduces the ink of a square picture to lines of one pixel (Zhang and
// Suen, A fast parallel algorithm for thinning digital patterns, 1984).
func skeleton(ink []bool, side int) {
	for changed := true; changed; {
		changed = false
		for turn := range 2 {
			var gone []int
			for i := range ink {
				x, y := i%side, i/side
				if !ink[i] || x == 0 || y == 0 || x == side-1 || y == side-1 {
					continue
				}
				p := [9]bool{ink[i-side], ink[i-side+1], ink[i+1], ink[i+side+1], ink[i+side], ink[i+side-1], ink[i-1], ink[i-side-1], ink[i-side]}
				neighbours, rises := 0, 0
				for k := range 8 {
					if p[k] {
						neighbours++
					}
					if !p[k] && p[k+1] {
						rises++
					}
				}
				north, east, south, west := p[0], p[2], p[4], p[6]
				open := !(east && south && (north || west))
				if turn == 1 {
					open = !(north && west && (east || south))
				}
				if neighbours >= 2 && neighbours <= 6 && rises == 1 && open {
					gone = append(gone, i)
				}
			}
			for _, i := range gone {
				ink[i] = false
				changed = true
			}
		}
	}
}

// thinned draws a digit as thin lines on a square canvas.
func thinned(img *image.Gray, canvas, line int) *image.Gray {
	const side = 280
	at := enlarged(img, side/28, true)
	ink := make([]bool, side*side)
	for i := range ink {
		ink[i] = at(float64(i%side)+0.5, float64(i/side)+0.5) > 0.4
	}
	skeleton(ink, side)
	picture := image.NewGray(image.Rect(0, 0, canvas, canvas))
	for i, there := range ink {
		x, y := i%side*canvas/side, i/side*canvas/side
		step := (canvas-1)/side + 1 // closes the gaps between the enlarged points
		for k := 0; there && k < (line+step-1)*(line+step-1); k++ {
			dx, dy := k%(line+step-1), k/(line+step-1)
			picture.SetGray(x+dx, y+dy, color.Gray{255})
		}
	}
	return picture
}

// TestFromImageReadsAsWellAsTheOriginal shows the purpose of FromImage: photos of
// real digits are read as well as the digits themselves.
func TestFromImageReadsAsWellAsTheOriginal(t *testing.T) {
	train, test := mnist(t)
	if testing.Short() {
		t.Skip("prepares thousands of pictures")
	}
	const images = 1000
	test = test.Slice(images, 2*images)
	// A network with more neurons than Pretrained has shows what the preparation loses, and little else.
	net := New(random(1), 784, 64, 10)
	sgd := &SGD{Cost: CrossEntropy}
	for epoch := range 6 {
		sgd.Rate = 0.5 * float64(6-epoch) / 6
		if _, err := sgd.Epoch(net, Distorted{Images: train, Seed: uint64(epoch), Strength: 1}); err != nil {
			t.Fatal(err)
		}
	}
	check := func(name string, images int, loss float64, shoot func(i int) image.Image) {
		var right atomic.Int64
		var done sync.WaitGroup
		for part := range runtime.GOMAXPROCS(0) {
			done.Go(func() {
				for i := part; i < images; i += runtime.GOMAXPROCS(0) {
					input, ok := FromImage(shoot(i))
					if ok && net.Classify(input) == int(test.Labels[i]) {
						right.Add(1)
					}
				}
			})
		}
		done.Wait()
		before := 100 * net.Evaluate(test.Slice(0, images), Quadratic).Accuracy()
		accuracy := 100 * float64(right.Load()) / float64(images)
		t.Logf("%-21s %.2f %%, without FromImage and untouched %.2f %%: %+.2f", name, accuracy, before, accuracy-before)
		if accuracy < before-loss {
			t.Errorf("%s: %.2f %%, which is more than %v below %.2f", name, accuracy, loss, before)
		}
	}
	for _, scene := range scenes {
		check(scene.name, images, 1, func(i int) image.Image {
			r := random(uint64(i))
			size := math.Round(2 * math.Pow(10, r.Float64())) // 2 to 20
			return scene.of(size, r).shoot(test.Image(i))
		})
	}
	// A digit that is redrawn with a thin pen has changed a little.
	check("lines of 3 in 280", images/2, 2, func(i int) image.Image { return thinned(test.Image(i), 280, 3) })
	check("lines of 4 in 1000", images/2, 2, func(i int) image.Image { return thinned(test.Image(i), 1000, 1) })
}

// zero is a digit that is easy to draw: a ring of ink on paper.
func zero(paper, ink color.Color) image.Image {
	return drawn{image.Rect(0, 0, 90, 120), func(x, y int) color.Color {
		if d := math.Hypot(float64(x-45)*1.5, float64(y-60)); d > 35 && d < 47 {
			return ink
		}
		return paper
	}}
}

// mustBeAlike checks that two inputs differ little: in no pixel by more than
// tolerance.
func mustBeAlike(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) || len(got) != 784 {
		t.Fatalf("%s: %d inputs, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.Abs(got[i]-want[i]) > tolerance {
			t.Fatalf("%s: input %d is %.3f, want %.3f", what, i, got[i], want[i])
		}
	}
}

func mustRead(t *testing.T, img image.Image) []float64 {
	t.Helper()
	input, ok := FromImage(img)
	if !ok {
		t.Fatal("no ink found")
	}
	mustBePrepared(t, input)
	return input
}

// mustBePrepared checks what holds for everything that FromImage returns.
func mustBePrepared(t *testing.T, input []float64) {
	t.Helper()
	if len(input) != 784 {
		t.Fatalf("%d inputs", len(input))
	}
	var mass, x, y, peak float64
	left, top, right, bottom := 28, 28, 0, 0
	for i, v := range input {
		if !(v >= 0 && v <= 1) {
			t.Fatalf("input %d is %v", i, v)
		}
		mass, x, y, peak = mass+v, x+v*float64(i%28), y+v*float64(i/28), max(peak, v)
		if v > 0 {
			left, top, right, bottom = min(left, i%28), min(top, i/28), max(right, i%28+1), max(bottom, i/28+1)
		}
	}
	if peak != 1 {
		t.Fatalf("the most ink is %v, want 1", peak)
	}
	if side := max(right-left, bottom-top); side < 19 || side > 20 { // a first or last row may hold a trace of ink
		t.Errorf("ink of %d×%d pixels, want a longer side of 20", right-left, bottom-top)
	}
	x, y = x/mass, y/mass
	if math.Abs(x-14) > 0.51 && left > 0 && right < 28 || math.Abs(y-14) > 0.51 && top > 0 && bottom < 28 {
		t.Errorf("centre of mass at pixel (%.2f, %.2f), want (14, 14) or ink at the border", x, y)
	}
}

func TestFromImageLeavesMNISTAlmostAlone(t *testing.T) {
	_, test := mnist(t)
	input, target := make([]float64, 784), make([]float64, 10)
	const images = 1000
	alone := 0
	for i := range images {
		test.Example(i, input, target)
		difference := 0.0
		for k, v := range mustRead(t, test.Image(i)) {
			difference += math.Abs(v - input[k])
		}
		if difference < 0.05*100 { // of about 100 pixels of ink
			alone++
		}
	}
	t.Logf("%d of %d differ by less than 5 %% of their ink", alone, images)
	if alone < images*9/10 {
		t.Errorf("only %d of %d come out almost as they were", alone, images)
	}
}

func TestFromImageTakesAnyColours(t *testing.T) {
	want := mustRead(t, zero(color.White, color.Black))
	for name, img := range map[string]image.Image{
		"inverted":                  zero(color.Black, color.White),
		"faint":                     zero(color.Gray{200}, color.Gray{150}),
		"16 bits":                   zero(color.Gray16{60000}, color.Gray16{20000}),
		"red on white":              zero(color.White, color.NRGBA{200, 30, 30, 255}),
		"yellow on blue":            zero(color.NRGBA{20, 30, 120, 255}, color.NRGBA{250, 240, 80, 255}),
		"black on transparent":      zero(color.Transparent, color.Black),
		"white on transparent":      zero(color.Transparent, color.White),
		"grey on transparent":       zero(color.NRGBA{255, 0, 0, 0}, color.Gray{90}),
		"half transparent":          zero(color.White, color.NRGBA{0, 0, 0, 128}),
		"half on transparent":       zero(color.Transparent, color.NRGBA{0, 0, 0, 128}),
		"half white on transparent": zero(color.Transparent, color.NRGBA{255, 255, 255, 128}),
	} {
		mustBeAlike(t, name, mustRead(t, img), want, 0.02)
	}
}

func TestFromImageTakesAnyImageType(t *testing.T) {
	source := zero(color.White, color.Black)
	want := mustRead(t, source)
	b := source.Bounds()
	palette := image.NewPaletted(b, color.Palette{color.Black, color.White})
	for _, img := range []draw.Image{image.NewGray(b), image.NewGray16(b), image.NewRGBA(b), image.NewRGBA64(b),
		image.NewNRGBA(b), image.NewNRGBA64(b), image.NewCMYK(b), palette} {
		draw.Draw(img, b, source, b.Min, draw.Src)
		mustBeAlike(t, fmt.Sprintf("%T", img), mustRead(t, img), want, 0.02)
	}

	large := image.NewNRGBA(image.Rect(-50, -70, 300, 300))
	part := b.Add(image.Pt(-20, 30))
	draw.Draw(large, part, source, b.Min, draw.Src)
	draw.Draw(large, image.Rect(200, 200, 300, 300), image.Black, image.Point{}, draw.Src) // must not be seen
	mustBeAlike(t, "part of an image", mustRead(t, large.SubImage(part)), want, 0)
}

func TestFromImageFindsTheDigitAnywhere(t *testing.T) {
	source := zero(color.White, color.Black)
	want := mustRead(t, source)
	for _, at := range []image.Point{{0, 0}, {70, 0}, {0, 79}, {33, 41}, {70, 79}} {
		canvas := image.NewGray(image.Rect(0, 0, 160, 199))
		draw.Draw(canvas, canvas.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(canvas, source.Bounds().Add(at), source, image.Point{}, draw.Src)
		canvas.SetGray(80, 1, color.Gray{40}) // specks of dust
		canvas.SetGray(2, 190, color.Gray{})
		mustBeAlike(t, fmt.Sprint("at ", at), mustRead(t, canvas), want, 0.02)
	}
}

func TestFromImageOfPaperHasNoInk(t *testing.T) {
	r := random(1)
	noisy := image.NewGray(image.Rect(0, 0, 300, 200))
	for i := range noisy.Pix {
		noisy.Pix[i] = byte(200 + 10*r.NormFloat64())
	}
	shaded := drawn{image.Rect(0, 0, 300, 200), func(x, y int) color.Color { return color.Gray{byte(100 + x/3 + y/5)} }}
	for name, img := range map[string]image.Image{
		"no pixel":       image.NewGray(image.Rectangle{}),
		"no row":         image.NewGray(image.Rect(3, 3, 9, 3)),
		"one pixel":      image.NewGray(image.Rect(0, 0, 1, 1)),
		"one light":      drawn{image.Rect(7, 7, 8, 8), func(x, y int) color.Color { return color.White }},
		"black":          image.NewGray(image.Rect(0, 0, 28, 28)),
		"grey":           drawn{image.Rect(0, 0, 99, 13), func(x, y int) color.Color { return color.Gray{77} }},
		"transparent":    image.NewNRGBA(image.Rect(0, 0, 50, 50)),
		"half a colour":  drawn{image.Rect(0, 0, 9, 9), func(x, y int) color.Color { return color.NRGBA{9, 80, 200, 128} }},
		"without end":    image.White,
		"beyond numbers": drawn{image.Rectangle{image.Pt(math.MinInt, math.MinInt), image.Pt(math.MaxInt, math.MaxInt)}, nil},
		"of MaxInt":      drawn{image.Rect(0, 0, math.MaxInt, 1), func(x, y int) color.Color { return color.White }},
		"to MaxInt":      drawn{image.Rect(math.MaxInt-30, math.MaxInt-40, math.MaxInt, math.MaxInt), func(x, y int) color.Color { return color.White }},
		"noise":          noisy,
		"shaded":         shaded,
	} {
		if input, ok := FromImage(img); ok || input != nil {
			t.Errorf("%s: finds ink", name)
		}
	}
	mustPanic(t, func() { FromImage(nil) }, "FromImage", "nil")
}

// papers draws a kind of paper without a digit, in random sizes and strengths.
var papers = map[string]func(r *rand.Rand, width, height float64) func(x, y float64) float64{
	"noise": func(r *rand.Rand, _, _ float64) func(x, y float64) float64 {
		noise := 0.15 * r.Float64()
		return func(x, y float64) float64 { return 0.7 + noise*r.NormFloat64() }
	},
	"gradient": func(r *rand.Rand, width, height float64) func(x, y float64) float64 {
		light := sun(r)
		return func(x, y float64) float64 { return light(x/width, y/height) }
	},
	"ruled": func(r *rand.Rand, width, height float64) func(x, y float64) float64 {
		gap, slope, depth := height/(5+5*r.Float64()), 0.04*r.NormFloat64(), 0.2+0.4*r.Float64()
		return func(x, y float64) float64 {
			if math.Mod(y+slope*x+100*gap, gap) < 2 {
				return 0.9 - depth
			}
			return 0.9
		}
	},
	"shadow": func(r *rand.Rand, width, height float64) func(x, y float64) float64 {
		sin, cos := math.Sincos(2 * math.Pi * r.Float64())
		depth, soft := 0.2+0.3*r.Float64(), (0.02+0.1*r.Float64())*width
		return func(x, y float64) float64 {
			return 0.9 - depth/(1+math.Exp((cos*(x-width/2)+sin*(y-height/2))/soft))
		}
	},
}

func TestFromImageOfPaperWithoutADigitHasRarelyInk(t *testing.T) {
	const images = 25
	found, all := 0, 0
	for kind, paper := range papers {
		inked := 0
		for i := range images {
			r := random(uint64(i))
			img := image.NewGray(image.Rect(0, 0, 120+r.IntN(100), 120+r.IntN(100)))
			level := paper(r, float64(img.Rect.Dx()), float64(img.Rect.Dy()))
			for k := range img.Pix {
				img.Pix[k] = byte(255 * min(1, max(0, level(float64(k%img.Stride), float64(k/img.Stride)))))
			}
			if _, ok := FromImage(img); ok {
				inked++
			}
		}
		t.Logf("%s: ink in %d of %d", kind, inked, images)
		found, all = found+inked, all+images
	}
	if found > all/20 {
		t.Errorf("ink in %d of %d papers, want at most 5 %%", found, all)
	}
}

// with returns an image with something drawn over it: what at gives, or nothing.
func with(img image.Image, at func(x, y int) color.Color) image.Image {
	return drawn{img.Bounds(), func(x, y int) color.Color {
		if c := at(x, y); c != nil {
			return c
		}
		return img.At(x, y)
	}}
}

func TestFromImageLeavesOutWhatIsNotTheDigit(t *testing.T) {
	clean := zero(color.White, color.Black)
	want := mustRead(t, clean)
	for what, at := range map[string]func(x, y int) color.Color{
		"the edge of a desk": func(x, y int) color.Color {
			if y < 7 {
				return color.Gray{60}
			}
			return nil
		},
		"a frame": func(x, y int) color.Color {
			if x == 0 || y == 0 || x == 89 || y == 119 {
				return color.Black
			}
			return nil
		},
		"a dark corner": func(x, y int) color.Color {
			if x+y < 18 {
				return color.Gray{20}
			}
			return nil
		},
		"pale lines": func(x, y int) color.Color {
			if _, g, _, _ := clean.At(x, y).RGBA(); y%20 == 4 && g > 0 {
				return color.Gray{190}
			}
			return nil
		},
		"pale squares": func(x, y int) color.Color {
			if _, g, _, _ := clean.At(x, y).RGBA(); (y%24 == 4 || x%24 == 6) && g > 0 {
				return color.Gray{190}
			}
			return nil
		},
	} {
		mustBeAlike(t, what, mustRead(t, with(clean, at)), want, 0.3)
	}
}

func TestFromImageReadsATightCrop(t *testing.T) {
	ring := image.NewGray(image.Rect(0, 0, 90, 120))
	draw.Draw(ring, ring.Rect, zero(color.White, color.Black), image.Point{}, draw.Src)
	crop := ring.SubImage(image.Rect(14, 13, 77, 108))
	mustBeAlike(t, "cropped to the ink", mustRead(t, crop), mustRead(t, ring), 0.25)
}

// TestFromImageReadsPaleColours shows ink that differs from paper in one colour,
// and hardly in brightness, in uneven light. All colours have the same grain.
func TestFromImageReadsPaleColours(t *testing.T) {
	plain := nine(false, 0, white)
	for name, ink := range map[string][3]float64{"cyan": {0.75, 1, 1}, "magenta": {1, 0.75, 1}, "yellow": {1, 1, 0.75}} {
		r := random(1)
		light := sun(r)
		photo := image.NewNRGBA(plain.Rect)
		for i, v := range plain.Pix {
			grain := 0.02 * r.NormFloat64()
			for c := range 3 {
				level := 0.95 * light(float64(i%90)/90, float64(i/90)/120)
				if v == 0 {
					level *= ink[c]
				}
				photo.Pix[4*i+c] = byte(math.Round(255 * min(1, max(0, level+grain))))
			}
			photo.Pix[4*i+3] = 255
		}
		t.Run(name, func(t *testing.T) {
			got, want := mustRead(t, photo), mustRead(t, plain)
			mustLookLike(t, got, want, 16)
			if got, want := Pretrained().Classify(got), Pretrained().Classify(want); got != want {
				t.Errorf("reads %d, in black ink %d", got, want)
			}
		})
	}
}

func TestFromImageReadsLargeInk(t *testing.T) {
	for name, inside := range map[string]func(x, y float64) bool{
		"a disc":             func(x, y float64) bool { return math.Hypot(x-140, y-140) < 100 },
		"all but the border": func(x, y float64) bool { return max(math.Abs(x-140), math.Abs(y-140)) < 125 },
	} {
		for _, colours := range [][2]color.Gray{{{255}, {0}}, {{0}, {255}}, {{255}, {244}}} {
			input := mustRead(t, drawn{image.Rect(0, 0, 280, 280), func(x, y int) color.Color {
				if inside(float64(x)+0.5, float64(y)+0.5) {
					return colours[1]
				}
				return colours[0]
			}})
			if input[14*28+14] < 0.8 || input[13*28+13] < 0.8 {
				t.Errorf("%s, ink %v: no ink in its middle", name, colours[1])
			}
		}
	}
}

func TestFromImageShowsEachStep(t *testing.T) {
	var steps []string
	img := zero(color.White, color.Black)
	input, ok := FromImage(img, func(step string, picture *image.Gray) {
		steps = append(steps, step)
		if picture.Rect.Empty() {
			t.Errorf("%s is empty", step)
		}
	})
	if want := []string{"grey", "paper evened", "ink", "cleaned", "28×28"}; !ok || !slices.Equal(steps, want) {
		t.Errorf("shows %q, want %q", steps, want)
	}
	mustBeSame(t, "with steps", input, mustRead(t, img))
}

func TestFromImageLeavesOutSpecksAndFaintSmudges(t *testing.T) {
	paper, ink := color.Gray{230}, color.Gray{20}
	clean := mustRead(t, zero(paper, ink))
	for what, soil := range map[string]struct {
		width, height int
		colour        color.Gray
	}{
		"a speck":        {4, 4, color.Gray{20}},
		"a faint smudge": {14, 30, color.Gray{140}},
	} {
		soiled := drawn{image.Rect(0, 0, 90, 120), func(x, y int) color.Color {
			if x < soil.width && y < soil.height {
				return soil.colour
			}
			return zero(paper, ink).At(x, y)
		}}
		mustBeAlike(t, what, mustRead(t, soiled), clean, 0.1)
	}
}

func TestFromImageTakesAnyShape(t *testing.T) {
	for _, size := range []image.Point{{3, 3}, {2, 9}, {1, 40}, {40, 1}, {7000, 3}, {5, 9000}, {1201, 999}} {
		img := drawn{image.Rectangle{Max: size}, func(x, y int) color.Color {
			if x >= size.X/3 && x <= size.X/2 && y >= size.Y/3 && y <= size.Y/2 {
				return color.Black
			}
			return color.White
		}}
		mustRead(t, img)
	}
}

func TestFromImageMakesThinLinesAsWideAsMNISTs(t *testing.T) {
	for _, side := range []int{28, 100, 280, 1000} {
		line := drawn{image.Rect(0, 0, side, side), func(x, y int) color.Color {
			if x >= side/2 && x < side/2+max(1, side/300) && y > side/10 && y < side-side/10 {
				return color.Black
			}
			return color.White
		}}
		mass := 0.0
		for _, v := range mustRead(t, line) {
			mass += v
		}
		if width := mass / 20; width < 1.2 || width > 3 {
			t.Errorf("on a canvas of %d: a width of %.2f, want 1.2 to 3", side, width)
		}
	}
}

func TestFromImageIsSafeFromManyGoroutines(t *testing.T) {
	img := zero(color.White, color.Black)
	want := mustRead(t, img)
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			input, _ := FromImage(img)
			mustBeSame(t, "at once", input, want)
		})
	}
	done.Wait()
}

// gray draws a picture from the brightness at the middle of each pixel, 0 to 1.
func gray(width, height int, brightness func(x, y float64) float64) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		v := brightness(float64(i%width)+0.5, float64(i/width)+0.5)
		img.Pix[i] = byte(math.Round(255 * min(1, max(0, v))))
	}
	return img
}

// inNine reports whether a place is in the ink of a 9 of 56×94 pixels that begins
// at (0, 0).
func inNine(x, y float64) bool {
	d := math.Hypot(x-28, y-28)
	return d > 18 && d < 28 || x > 46 && x < 56 && y > 28 && y < 94
}

// nine draws the 9 in the middle of 90×120 pixels, or 160×160 if wide, over the
// brightness of the paper.
func nine(wide bool, ink float64, paper func(x, y float64) float64) *image.Gray {
	width, height := 90, 120
	if wide {
		width, height = 160, 160
	}
	return gray(width, height, func(x, y float64) float64 {
		if inNine(x-float64(width-56)/2, y-float64(height-94)/2) {
			return ink
		}
		return paper(x, y)
	})
}

func white(x, y float64) float64 { return 1 }

func inBox(x, y, left, top, right, bottom float64) bool {
	return x > left && x < right && y > top && y < bottom
}

// unlike returns by how much ink two inputs differ, in full pixels.
func unlike(a, b []float64) float64 {
	difference := 0.0
	for i, v := range a {
		difference += math.Abs(v - b[i])
	}
	return difference
}

// mustLookLike checks that two inputs differ by the ink of few pixels.
func mustLookLike(t *testing.T, got, want []float64, pixels float64) {
	t.Helper()
	if d := unlike(got, want); d > pixels {
		t.Errorf("differs by the ink of %.1f pixels, want at most %v", d, pixels)
	}
}

// TestFromImageReadsTheDigitAlone draws a 9 as photos and scans show it. The input
// must be that of the 9 in black ink on white paper.
func TestFromImageReadsTheDigitAlone(t *testing.T) {
	r := random(1)
	plain, wide := nine(false, 0, white), nine(true, 0, white)
	ink := func(img *image.Gray, x, y float64) bool { return img.GrayAt(int(x), int(y)).Y == 0 }
	for name, img := range map[string]*image.Gray{
		"in noise and uneven light": gray(90, 120, func(x, y float64) float64 {
			v := 0.08 * r.NormFloat64()
			if ink(plain, x, y) {
				return v
			}
			return v + 0.5 + 0.45*x/90
		}),
		"under a lamp": nine(false, 0.1, func(x, y float64) float64 {
			return 0.45 + 0.55*math.Exp(-math.Pow((x-70)/35, 2)-math.Pow((y-30)/35, 2))
		}),
		"4 % darker than its paper": nine(false, 0.955, white),
		"on squares of 8 pixels": nine(true, 0, func(x, y float64) float64 {
			if int(y)%8 == 4 || int(x)%8 == 1 {
				return 0.65
			}
			return 1
		}),
		"on wide lines": nine(true, 0, func(x, y float64) float64 {
			if int(y)%24 < 3 {
				return 0.65
			}
			return 1
		}),
		"on lines with grain": nine(true, 0, func(x, y float64) float64 {
			if int(y)%24 == 1 {
				return 0.65 + 0.05*r.NormFloat64()
			}
			return 1
		}),
		"with dust": nine(false, 0, func(x, y float64) float64 {
			if inBox(x, y, 3, 4, 8, 10) {
				return 0
			}
			return 1
		}),
		"with a pale smudge": nine(false, 0, func(x, y float64) float64 {
			if inBox(x, y, 2, 3, 16, 25) {
				return 0.6
			}
			return 1
		}),
	} {
		t.Run(name, func(t *testing.T) {
			clean := plain
			if img.Rect.Dx() > 90 {
				clean = wide
			}
			mustLookLike(t, mustRead(t, img), mustRead(t, clean), 16)
		})
	}
}

func TestFromImageReadsACropAsWithAMargin(t *testing.T) {
	box := func(x, y, width, height, round float64) bool { // in a box with round corners
		dx, dy := max(0, math.Abs(x)-width/2+round), max(0, math.Abs(y)-height/2+round)
		return math.Hypot(dx, dy) < round
	}
	for name, crop := range map[string]struct {
		width, height int
		ink           func(x, y float64) bool // (0, 0) is the middle
	}{
		"a 0 at four sides": {90, 120, func(x, y float64) bool { return box(x, y, 90, 120, 8) && !box(x, y, 60, 90, 8) }},
		"a 0 at three sides": {90, 120, func(x, y float64) bool {
			return box(x, y-4, 90, 112, 30) && !box(x, y-4, 66, 88, 18)
		}},
		"a 1 at the bottom": {100, 100, func(x, y float64) bool {
			return inBox(x, y, -25, 40, 10, 60) || y > -35 && math.Abs(x-10+(y-10)*0.3) < 5
		}},
		"a slanted 1 from top to bottom": {61, 120, func(x, y float64) bool { return math.Abs(x+y*0.15) < 1.5 }},
		"a small 1 from top to bottom":   {25, 24, func(x, y float64) bool { return math.Abs(x) < 1.6 }},
		"a 9 with dust":                  {56, 94, func(x, y float64) bool { return inNine(x+28, y+47) || math.Hypot(x, y+19) < 3 }},
	} {
		cropped := func(margin int) *image.Gray {
			return gray(crop.width+2*margin, crop.height+2*margin, func(x, y float64) float64 {
				x, y = x-float64(margin), y-float64(margin)
				w, h := float64(crop.width), float64(crop.height)
				if inBox(x, y, 0, 0, w, h) && crop.ink(x-w/2, y-h/2) {
					return 0
				}
				return 1
			})
		}
		t.Run(name, func(t *testing.T) {
			mustLookLike(t, mustRead(t, cropped(0)), mustRead(t, cropped(crop.height/5)), 10)
		})
	}
}

func TestFromImageOfPaperWithAShadowOrLinesHasNoInk(t *testing.T) {
	for name, paper := range map[string]struct {
		side int
		at   func(x, y float64) float64
	}{
		"a stain of 2 %": {120, func(x, y float64) float64 {
			if inNine(x-30, y-15) {
				return 0.977
			}
			return 1
		}},
		"two lines": {120, func(x, y float64) float64 {
			if int(y) == 40 || int(y) == 80 {
				return 0
			}
			return 1
		}},
		"two lines side by side": {120, func(x, y float64) float64 {
			if int(y) == 56 || int(y) == 64 {
				return 0
			}
			return 1
		}},
		"a thumb": {160, func(x, y float64) float64 {
			if math.Hypot(x-14, y-60) < 20 {
				return 0
			}
			return 1
		}},
		"shadows of the frame": {120, func(x, y float64) float64 {
			if x < 10 && y > 25 || y > 110 && x < 95 {
				return 0.4
			}
			return 1
		}},
		"an edge of light": {100, func(x, y float64) float64 {
			if x+0.4*y < 62 {
				return 0.6
			}
			return 1
		}},
		"the edge of a desk in a small picture": {30, func(x, y float64) float64 {
			if y < 3 {
				return 0
			}
			return 1
		}},
	} {
		if _, ok := FromImage(gray(paper.side, paper.side, paper.at)); ok {
			t.Errorf("%s: finds ink", name)
		}
	}
}

func TestFromImageKeepsThePaleEdgesOfASmallDigit(t *testing.T) {
	for _, times := range []float64{1, 2} {
		input := mustRead(t, gray(28*int(times), 28*int(times), func(x, y float64) float64 {
			x, y = x/times, y/times
			switch {
			case !inBox(x, y, 11, 4, 16, 24):
				return 1
			case x < 12: // too pale
				return 0.955
			case x < 15:
				return 0
			}
			return 0.93
		}))
		for x, want := range map[int]float64{11: 0, 12: 0, 13: 1, 14: 1, 15: 1, 16: 0.07} {
			if v := input[14*28+x]; math.Abs(v-want) > 0.02 {
				t.Errorf("%v times: column %d is %.2f, want %v", times, x, v, want)
			}
		}
	}
}

func TestFromImageKeepsASmallStroke(t *testing.T) {
	alone := mustRead(t, nine(false, 0, white))
	for _, ink := range []float64{0, 0.4} {
		input := mustRead(t, nine(false, 0, func(x, y float64) float64 {
			if inBox(x, y, 32, 3, 58, 10) {
				return ink
			}
			return 1
		}))
		if unlike(input, alone) < 10 {
			t.Errorf("a stroke of brightness %v is left out", ink)
		}
	}
}

func TestFromImageKeepsASmallStrokeBesideADarkEdge(t *testing.T) {
	read := func(edge float64) []float64 {
		return mustRead(t, nine(true, 0, func(x, y float64) float64 {
			if y < edge || inBox(x, y, 115, 60, 124, 69) {
				return 0
			}
			return 1
		}))
	}
	mustLookLike(t, read(20), read(0), 2)
}

func TestFromImageReadsASmallDigitBesideMuchElse(t *testing.T) {
	thin := func(x, y float64) bool { return inNine(2*(x-95), 2*(y-60)) }
	want := mustRead(t, gray(160, 160, func(x, y float64) float64 {
		if thin(x, y) {
			return 0
		}
		return 1
	}))
	for name, other := range map[string]func(x, y float64) bool{
		"a dark thing at the frame": func(x, y float64) bool { return math.Hypot(x-34.6, y-80) < 35 },
		"lines as dark as it": func(x, y float64) bool {
			return int(y) == 20 || int(y) == 36 || int(y) == 52 || int(y) == 116 || int(y) == 132
		},
	} {
		t.Run(name, func(t *testing.T) {
			mustLookLike(t, mustRead(t, gray(160, 160, func(x, y float64) float64 {
				if thin(x, y) || other(x, y) {
					return 0
				}
				return 1
			})), want, 5)
		})
	}
}

func TestFromImageRemovesLinesInASmallPicture(t *testing.T) {
	one := func(lines float64) image.Image {
		return gray(56, 56, func(x, y float64) float64 {
			switch {
			case inBox(x, y, 25, 8, 30, 48):
				return 0
			case int(y)%10 == 4:
				return lines
			}
			return 1
		})
	}
	mustLookLike(t, mustRead(t, one(0.65)), mustRead(t, one(1)), 5)
}

func TestFromImageReadsPencilInUnevenLight(t *testing.T) {
	ink := func(x, y float64) bool {
		d := math.Hypot((x-45)*1.5, y-60)
		return d > 35 && d < 47 || inBox(x, y, 42, 70, 50, 107)
	}
	shade := func(x, y float64) float64 { return 0.2 + 0.8*x/90 }
	lamp := func(x, y float64) float64 { return 0.5 + 0.5*math.Exp(-math.Pow(x/45-2, 2)-math.Pow(y/45, 2)) }
	picture := func(pencil, paper func(x, y float64) float64) image.Image {
		return gray(90, 120, func(x, y float64) float64 {
			if ink(x, y) {
				return pencil(x, y)
			}
			return paper(x, y)
		})
	}
	want := mustRead(t, picture(func(x, y float64) float64 { return 0 }, white))
	t.Run("shade", func(t *testing.T) {
		img := picture(func(x, y float64) float64 { return 0.1 }, shade)
		mustLookLike(t, mustRead(t, img), want, 16)
	})
	t.Run("lamp", func(t *testing.T) {
		img := picture(func(x, y float64) float64 { return 0.6 * lamp(x, y) }, lamp)
		mustLookLike(t, mustRead(t, img), want, 16)
	})
}

func TestFromImageReadsABlurredDigit(t *testing.T) {
	blurred := func(by float64) image.Image {
		return gray(200, 200, func(x, y float64) float64 {
			paper, all := 0.0, 0.0
			for dy := -by; dy <= by; dy++ {
				for dx := -by; dx <= by; dx++ {
					if all++; !inNine((x+dx-50)/1.8, (y+dy-15)/1.8) {
						paper++
					}
				}
			}
			return paper / all
		})
	}
	mustLookLike(t, mustRead(t, blurred(7)), mustRead(t, blurred(0)), 15)
}

func TestFromImageReadsABoldStrokeInNoise(t *testing.T) {
	r := random(1)
	bold := func(noise float64) image.Image {
		return gray(120, 120, func(x, y float64) float64 {
			v := noise * r.NormFloat64()
			if inBox(x, y, 55, 23, 105, 113) {
				return v + 0.1
			}
			return v + 0.9
		})
	}
	mustLookLike(t, mustRead(t, bold(0.09)), mustRead(t, bold(0)), 16)
}

func TestFromImageShowsLittleNoiseInTheInk(t *testing.T) {
	r := random(1)
	FromImage(nine(true, 0, func(x, y float64) float64 { return 0.9 + 0.05*r.NormFloat64() }), func(step string, picture *image.Gray) {
		if step != "ink" {
			return
		}
		specks := 0
		for i, v := range picture.Pix {
			if x, y := float64(i%160), float64(i/160); v > 0 && !inBox(x, y, 50, 30, 110, 130) {
				specks++
			}
		}
		if specks > 30 {
			t.Errorf("%d pixels of paper are ink, want at most 30", specks)
		}
	})
}

func TestFromImageMakesLinesTwoPixelsWideOnlyIfTheyAreThin(t *testing.T) {
	for _, line := range []struct{ width, want float64 }{{2, 2}, {3, 2}, {5, 2}, {7.5, 1.5}, {9, 1.8}} {
		mass := 0.0
		for _, v := range mustRead(t, gray(150, 150, func(x, y float64) float64 {
			return math.Abs(math.Hypot(x-75, y-75)-50+line.width/2) - line.width/2
		})) {
			mass += v
		}
		radius := 10 - line.want/2
		if width := mass / (2 * math.Pi * radius); math.Abs(width-line.want) > 0.2 {
			t.Errorf("a ring of %v pixels in 100: a width of %.2f, want %v", line.width, width, line.want)
		}
	}
}

func TestFromImageReadsFinePrint(t *testing.T) {
	dots := drawn{image.Rect(0, 0, 720, 960), func(x, y int) color.Color {
		if (x+y)%2 == 0 {
			return color.White
		}
		return zero(color.White, color.Black).At(x/8, y/8)
	}}
	mustBeAlike(t, "printed in dots", mustRead(t, dots), mustRead(t, zero(color.White, color.Gray{128})), 0.3)
}

func TestFromImageTakesATransparentFrameForPaper(t *testing.T) {
	card := zero(color.White, color.Black)
	want := mustRead(t, card)
	mustBeAlike(t, "a card", mustRead(t, with(card, func(x, y int) color.Color {
		if min(x, y, 89-x, 119-y) < 2 {
			return color.Transparent
		}
		return nil
	})), want, 0.02)

	disc := func(paper color.Color) image.Image {
		return drawn{image.Rect(0, 0, 100, 100), func(x, y int) color.Color {
			if math.Hypot(float64(x)-49.5, float64(y)-49.5) < 44 {
				return color.Black
			}
			return paper
		}}
	}
	mustBeAlike(t, "ink on most of it", mustRead(t, disc(color.Transparent)), mustRead(t, disc(color.White)), 0.02)
}

// TestFromImageShowsBrightness shows black ink on coloured paper. Each colour
// has a grain of its own, as a camera's, and the brightness has least.
func TestFromImageShowsALightPlaceAsPaper(t *testing.T) {
	img := nine(true, 0, func(x, y float64) float64 {
		if inBox(x, y, 120, 10, 140, 30) {
			return 0.8
		}
		return 0.6
	})
	FromImage(img, func(step string, picture *image.Gray) {
		if v := picture.GrayAt(130, 20).Y; step == "paper evened" && v > 20 {
			t.Errorf("a light place of the paper is %d of 255, want nearly black as the paper", v)
		}
	})
}

func TestFromImageShowsBrightness(t *testing.T) {
	paper, r := [3]float64{230, 200, 170}, random(1)
	img, plain := image.NewNRGBA(image.Rect(0, 0, 90, 120)), nine(false, 0, white)
	for i, v := range plain.Pix {
		for c, level := range paper {
			img.Pix[4*i+c] = byte(min(255, max(0, level*float64(v)/255+8*r.NormFloat64())))
		}
		img.Pix[4*i+3] = 255
	}
	FromImage(img, func(step string, picture *image.Gray) {
		if step != "grey" {
			return
		}
		sum := 0.0
		for _, v := range picture.Pix[:8*90] { // above the digit
			sum += float64(v)
		}
		if mean, want := sum/(8*90), 0.299*230+0.587*200+0.114*170; math.Abs(mean-want) > 3 {
			t.Errorf("the paper is %.1f, want %.1f", mean, want)
		}
	})
}

func FuzzFromImage(f *testing.F) {
	f.Add([]byte{0, 255, 0, 0, 255, 0, 0, 255, 0}, byte(3), false)
	f.Add([]byte{9, 9, 9, 9, 9, 9, 200, 9, 9, 9, 9, 9}, byte(12), false)
	f.Add([]byte{0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0}, byte(2), true)
	f.Add(Synthetic(random(1), 1).Image(0).Pix, byte(28), false)
	f.Fuzz(func(t *testing.T, pix []byte, width byte, colour bool) {
		w := max(1, int(width)) // surplus pixels are ignored
		var img image.Image
		if colour {
			h := len(pix) / 4 / w
			img = &image.NRGBA{Pix: pix, Stride: 4 * w, Rect: image.Rect(-5, 3, w-5, h+3)}
		} else {
			h := len(pix) / w
			img = &image.Gray{Pix: pix, Stride: w, Rect: image.Rect(7, -9, w+7, h-9)}
		}
		var input []float64
		var ok bool
		// FromImage keeps at most 200×200 pixels of an image of any size.
		if got := allocated(func() { input, ok = FromImage(img) }); got > 16<<20 {
			t.Errorf("%d bytes allocated", got)
		}
		again, okAgain := FromImage(img)
		if ok != okAgain || ok != (input != nil) {
			t.Fatalf("ok is %v, then %v, of %d inputs", ok, okAgain, len(input))
		}
		if ok {
			mustBePrepared(t, input)
			mustBeSame(t, "again", again, input)
		}
	})
}

func BenchmarkFromImage(b *testing.B) {
	for _, size := range []image.Point{{28, 28}, {300, 300}, {4000, 3000}} {
		digit := enlarged(Synthetic(random(1), 1).Image(0), float64(min(size.X, size.Y))/28, true)
		gray := image.NewGray(image.Rectangle{Max: size})
		photo := image.NewYCbCr(gray.Rect, image.YCbCrSubsampleRatio420)
		for i := range gray.Pix {
			gray.Pix[i] = byte(255 * digit(float64(i%size.X)+0.5, float64(i/size.X)+0.5))
		}
		copy(photo.Y, gray.Pix)
		for i := range photo.Cb {
			photo.Cb[i], photo.Cr[i] = 100, 140 // a colour
		}
		for _, img := range []image.Image{gray, photo} {
			b.Run(fmt.Sprintf("%dx%d/%T", size.X, size.Y, img), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					FromImage(img)
				}
			})
		}
	}
}
