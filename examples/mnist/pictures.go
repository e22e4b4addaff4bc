package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nn13002/nn"
)

// writePictures shows what the network has learned, in four files of a folder.
func writePictures(dir string, out *screen, net *nn.Network, test *nn.Images, distort float64, result nn.Evaluation, accuracies, costs []float64) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	input, target := make([]float64, test.Width*test.Height), make([]float64, test.Classes)
	for i := range test.Len() {
		test.Example(i, input, target)
		if net.Classify(input) == int(test.Labels[i]) {
			break // the first that is read rightly
		}
	}
	out.line("")
	for _, p := range []struct {
		name, what string
		img        image.Image
	}{
		{"weights.png", "what each neuron of the first layer looks for", net.Layers[0].Picture(test.Width)},
		{"network.png", "the network reading a digit", net.Picture(input)},
		{"confusion.png", "which digit got which answer", confusion(result.Confusion)},
		{"curve.png", "how it learned", curves(accuracies, costs)},
		{"distorted.png", "what -distort makes of ten digits", distorted(test, distort)},
	} {
		name := filepath.Join(dir, p.name)
		if err := writePNG(name, p.img); err != nil {
			return err
		}
		out.line("Picture: %s, %s", name, p.what)
	}
	return nil
}

// distorted shows an image of each class, and beside it what training with a
// strength, or 1 if none is given, makes of it.
func distorted(images *nn.Images, strength float64) image.Image {
	if strength == 0 {
		strength = 1
	}
	const variants, zoom, gap = 9, 2, 4
	img := paper((variants+1)*(zoom*images.Width+gap)+3*gap, images.Classes*(zoom*images.Height+gap)+gap)
	for class := range images.Classes {
		i := slices.Index(images.Labels, byte(class))
		for k := range variants + 1 {
			if i < 0 {
				break
			}
			d, x := nn.Distorted{Images: images}, gap
			if k > 0 {
				d, x = nn.Distorted{Images: images, Seed: uint64(k), Strength: strength}, 3*gap
			}
			at := image.Pt(x+k*(zoom*images.Width+gap), gap+class*(zoom*images.Height+gap))
			digit := d.Image(i)
			for y := range zoom * images.Height {
				for x := range zoom * images.Width {
					img.Set(at.X+x, at.Y+y, color.Gray{255 - digit.GrayAt(x/zoom, y/zoom).Y})
				}
			}
		}
	}
	return img
}

func writePNG(name string, img image.Image) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := png.Encode(f, img); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

var (
	white  = color.RGBA{255, 255, 255, 255}
	ink    = color.RGBA{50, 54, 62, 255}
	faint  = color.RGBA{245, 246, 248, 255}
	pale   = color.RGBA{222, 225, 230, 255}
	green  = color.RGBA{18, 120, 86, 255}
	orange = color.RGBA{214, 84, 16, 255}
)

// confusion shades each pair of digit and answer by the logarithm of its
// count, so that rare mistakes are seen beside a thousand right answers.
func confusion(counts [][]int) image.Image {
	const cell, left, top = 48, 96, 64
	side := cell * len(counts)
	img := paper(left+side+24, top+side+24)
	text(img, left+side/2, 22, 2, ink, "answer")
	text(img, 40, top+side/2, 2, ink, "digit")
	most := 1
	for _, row := range counts {
		for _, count := range row {
			most = max(most, count)
		}
	}
	for digit, row := range counts {
		middle := digit*cell + cell/2
		text(img, left+middle, top-14, 3, ink, fmt.Sprint(digit))
		text(img, left-14, top+middle, 3, ink, fmt.Sprint(digit))
		for answer, count := range row {
			tone := orange
			if answer == digit {
				tone = green
			}
			at := image.Pt(left+answer*cell, top+digit*cell)
			shade := math.Log1p(float64(count)) / math.Log1p(float64(most))
			area := image.Rect(0, 0, cell-1, cell-1).Add(at)
			fill(img, area, faint, 1)
			fill(img, area, tone, shade)
			if count > 0 {
				number := ink
				if shade > 0.5 {
					number = white
				}
				text(img, at.X+cell/2, at.Y+cell/2, 2, number, fmt.Sprint(count))
			}
		}
	}
	return img
}

// curves shows how test accuracy and training cost change from epoch to epoch.
func curves(accuracies, costs []float64) image.Image {
	img := paper(760, 630)
	percent := make([]float64, len(accuracies))
	for i, a := range accuracies {
		percent[i] = 100 * a
	}
	curve(img, image.Rect(80, 50, 730, 280), "test accuracy in %", percent, green)
	curve(img, image.Rect(80, 350, 730, 580), "training cost", costs, orange)
	text(img, 405, 614, 2, ink, "epoch")
	return img
}

// curve draws one value an epoch, with axes and their numbers around the frame.
func curve(img *image.RGBA, frame image.Rectangle, title string, values []float64, c color.RGBA) {
	text(img, (frame.Min.X+frame.Max.X)/2, frame.Min.Y-22, 2, c, title)
	low, high := values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	step := tick(max(high-low, 1e-3*math.Abs(high), 1e-9), 5)
	low, high = step*math.Floor(low/step), step*math.Ceil(high/step)
	if high == low {
		high += step
	}
	height := func(v float64) float64 {
		return float64(frame.Max.Y) - (v-low)/(high-low)*float64(frame.Dy())
	}
	decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	for i := range int(math.Round((high-low)/step)) + 1 {
		v := low + float64(i)*step
		y := int(height(v))
		fill(img, image.Rect(frame.Min.X, y, frame.Max.X, y+1), pale, 1)
		number := fmt.Sprintf("%.*f", decimals, v)
		text(img, frame.Min.X-10-4*len(number), y, 2, ink, number)
	}

	last := len(values)
	across := func(epoch float64) float64 {
		return float64(frame.Min.X) + 14 + (epoch-1)/float64(max(1, last-1))*float64(frame.Dx()-28)
	}
	every := max(1, int(tick(float64(last), 10)))
	for epoch := 1; epoch <= last; epoch++ {
		if epoch == 1 || epoch%every == 0 {
			x := int(across(float64(epoch)))
			fill(img, image.Rect(x, frame.Max.Y, x+1, frame.Max.Y+5), ink, 1)
			text(img, x, frame.Max.Y+14, 2, ink, fmt.Sprint(epoch))
		}
	}
	fill(img, image.Rect(frame.Min.X, frame.Min.Y, frame.Min.X+1, frame.Max.Y), ink, 1)
	fill(img, image.Rect(frame.Min.X, frame.Max.Y, frame.Max.X, frame.Max.Y+1), ink, 1)

	const r = 3.0
	for i, v := range values {
		x, y := across(float64(i+1)), height(v)
		if i > 0 {
			line(img, across(float64(i)), height(values[i-1]), x, y, c)
		}
		if last <= 60 {
			fill(img, image.Rect(int(x-r), int(y-r), int(x+r+1), int(y+r+1)), c, 1)
		}
	}
}

// tick returns the step of 1, 2 or 5 times a power of ten that cuts a span
// into the most parts that are not too many.
func tick(span float64, parts int) float64 {
	least := span / float64(parts)
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= least {
			return m * power
		}
	}
	return 10 * power
}

func paper(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	fill(img, img.Rect, white, 1)
	return img
}

// fill lays a colour over an area; opacity goes from 0 to 1.
func fill(img *image.RGBA, area image.Rectangle, c color.RGBA, opacity float64) {
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + opacity*(float64(b)-float64(a)))) }
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			p := img.RGBAAt(x, y)
			img.SetRGBA(x, y, color.RGBA{mix(p.R, c.R), mix(p.G, c.G), mix(p.B, c.B), 255})
		}
	}
}

// line draws from left to right, two pixels thick; at its edges it covers
// parts of pixels, so that it looks smooth.
func line(img *image.RGBA, x0, y0, x1, y1 float64, c color.RGBA) {
	slope := (y1 - y0) / (x1 - x0)
	upright := math.Hypot(1, slope)
	for x := int(x0); x < int(x1); x++ {
		middle := y0 + slope*(float64(x)+0.5-x0)
		for y := int(middle - 2*upright); y <= int(middle+2*upright); y++ {
			d := math.Abs(float64(y)+0.5-middle) / upright
			fill(img, image.Rect(x, y, x+1, y+1), c, max(0, min(1, 1.5-d)))
		}
	}
}

// text writes around a middle, in the glyphs below.
func text(img *image.RGBA, x, y, zoom int, c color.RGBA, s string) {
	x -= (4*len(s) - 1) * zoom / 2
	y -= 5 * zoom / 2
	for i := range len(s) {
		k := strings.IndexByte(letters, s[i])
		for bit := range 15 {
			if k >= 0 && glyphs[k]>>(14-bit)&1 == 1 {
				left, top := x+zoom*(4*i+bit%3), y+zoom*(bit/3)
				fill(img, image.Rect(left, top, left+zoom, top+zoom), c, 1)
			}
		}
	}
}

// A glyph has 3×5 pixels: an octal digit is a row, a bit a pixel. There are
// those that the pictures need; what is missing is a space.
const letters = "0123456789.%-acdeghinoprstuwy"

var glyphs = [len(letters)]uint16{
	0o75557, 0o26227, 0o71747, 0o71717, 0o55711, 0o74717, 0o74757, 0o71122, 0o75757, 0o75717, 0o00002, 0o51245, 0o00700,
	0o25755, 0o34443, 0o65556, 0o74647, 0o34553, 0o55755, 0o72227, 0o65555, 0o25552, 0o65644, 0o65655, 0o34216, 0o72222, 0o55557, 0o55575, 0o55222,
}
