// Pictures draws sigmoid.png and product.png, which README.md shows, and
// three.png, a digit for examples/recognize:
//
//	go run ./testdata/pictures testdata/pictures
package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nn13002/nn"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run ./testdata/pictures folder")
	}
	for name, img := range map[string]image.Image{"sigmoid.png": sigmoid(), "product.png": products(), "three.png": three()} {
		f, err := os.Create(filepath.Join(os.Args[1], name))
		if err != nil {
			log.Fatal(err)
		}
		if err := png.Encode(f, img); err != nil {
			log.Fatal(err)
		}
		if err := f.Close(); err != nil {
			log.Fatal(err)
		}
	}
}

var (
	white = color.RGBA{255, 255, 255, 255}
	black = color.RGBA{0, 0, 0, 255}
	pale  = color.RGBA{222, 225, 230, 255}
	grey  = color.RGBA{150, 156, 168, 255}
	dark  = color.RGBA{50, 54, 62, 255}
	green = color.RGBA{18, 120, 86, 255}
	red   = color.RGBA{200, 16, 32, 255}
	blue  = color.RGBA{16, 64, 200, 255}
)

// sigmoid draws the activation of a neuron above its weighted sum: with a bias
// of −1, σ(sum − 1), it is ½ at the threshold of 1. Without a bias, σ(sum) is ½
// at 0; that curve is grey.
func sigmoid() image.Image {
	const left, right, top, bottom = 70, 730, 40, 300
	img := paper(760, 370)
	across := func(sum float64) float64 { return left + (sum+6)/12*(right-left) } // from −6 to 6
	down := func(a float64) float64 { return bottom - a*(bottom-top) }
	for _, a := range []float64{0, 0.5, 1} {
		fill(img, left, int(down(a)), right, int(down(a))+1, pale)
		text(img, left-30, int(down(a)), 2, dark, fmt.Sprint(a))
	}
	for sum := -6.0; sum <= 6; sum++ {
		fill(img, int(across(sum)), bottom, int(across(sum))+1, bottom+6, dark)
		text(img, int(across(sum)), bottom+18, 2, dark, fmt.Sprint(sum))
	}
	for y := top; y < bottom; y += 12 {
		fill(img, int(across(1))-1, y, int(across(1))+1, y+7, red)
	}
	text(img, int(across(1)), top-20, 2, red, "threshold 1")
	text(img, (left+right)/2, bottom+46, 2, dark, "weighted sum")
	text(img, int(across(-2.9)), int(down(0.58)), 2, grey, "no bias")
	text(img, int(across(4)), int(down(0.7)), 2, green, "bias -1")
	for _, curve := range []struct {
		bias  float64
		width float64
		shade color.RGBA
	}{{0, 2, grey}, {-1, 4, green}} {
		for x := left; x < right; x++ {
			a := 1 / (1 + math.Exp(-((float64(x)+0.5-left)/(right-left)*12 - 6 + curve.bias)))
			slope := a * (1 - a) * (bottom - top) * 12 / (right - left) // σ′ in pixels
			for y := top - 5; y < bottom+5; y++ {
				distance := math.Abs(float64(y)+0.5-down(a)) / math.Hypot(1, slope)
				cover(img, x, y, curve.shade, curve.width/2+0.5-distance)
			}
		}
	}
	return img
}

// products draws a neuron's weights, a 7 and the product of each weight and its
// pixel, whose sum is the weighted sum: above for the bar neuron of
// examples/neuron, below for a neuron of nn.Pretrained.
func products() image.Image {
	bar, seven := make([]float64, 784), make([]float64, 784)
	rectangle(bar, 6, 22, 4, 12, -1./16)
	rectangle(bar, 6, 22, 6, 10, +1./16)
	rectangle(seven, 6, 22, 6, 10, 1)
	for y := 10; y < 24; y++ {
		rectangle(seven, 23-y/2, 27-y/2, y, y+1, 1)
	}

	digits := nn.Synthetic(rand.New(rand.NewPCG(7, 1)), 100)
	written, target := make([]float64, 784), make([]float64, 10)
	digits.Example(slices.Index(digits.Labels, 7), written, target)
	const neuron = 3 // it looks for a stroke in the upper right
	learned := make([]float64, 784)
	for i := range learned {
		learned[i] = nn.Pretrained().Layers[0].Weights.Row(i)[neuron]
	}

	img := paper(760, 560)
	row(img, 20, bar, seven)
	row(img, 290, learned, written)
	return img
}

// three draws a 3 in dark ink on paper.
func three() image.Image {
	digits := nn.Synthetic(rand.New(rand.NewPCG(7, 1)), 100)
	ink, target := make([]float64, 784), make([]float64, 10)
	digits.Example(slices.Index(digits.Labels, 3), ink, target)
	img := paper(300, 300)
	for i, v := range ink {
		x, y := 38+8*(i%28), 38+8*(i/28)
		fill(img, x, y, x+8, y+8, mix(white, dark, v))
	}
	return img
}

// row draws weights × picture = product.
func row(img *image.RGBA, top int, weights, picture []float64) {
	product, sizes, sum := make([]float64, 784), make([]float64, 784), 0.
	for i := range product {
		product[i] = weights[i] * picture[i]
		sum += product[i]
		sizes[i] = math.Abs(weights[i])
	}
	slices.Sort(sizes)
	largest := sizes[784*99/100] // but for a hundredth of them, as in Layer.Picture
	const side = 7 * 28
	signed := func(v float64) color.RGBA {
		if v < 0 {
			return mix(white, blue, min(1, -v/largest))
		}
		return mix(white, red, min(1, v/largest))
	}
	for k, tile := range []struct {
		name   string
		values []float64
		shade  func(float64) color.RGBA
	}{
		{"weights", weights, signed},
		{"picture", picture, func(v float64) color.RGBA { return mix(black, white, v) }},
		{fmt.Sprintf("product, sum %.2f", sum), product, signed},
	} {
		left := 20 + k*(side+66)
		fill(img, left-2, top-2, left+side+2, top+side+2, grey)
		for i, v := range tile.values {
			x, y := left+7*(i%28), top+7*(i/28)
			fill(img, x, y, x+7, y+7, tile.shade(v))
		}
		text(img, left+side/2, top+side+24, 2, dark, tile.name)
		if k < 2 {
			text(img, left+side+33, top+side/2, 4, dark, []string{"x", "="}[k])
		}
	}
}

func rectangle(a []float64, x0, x1, y0, y1 int, value float64) {
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			a[y*28+x] = value
		}
	}
}

func paper(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	fill(img, 0, 0, width, height, white)
	return img
}

// mix returns the colour that is part t, from 0 to 1, of the way from a to b.
func mix(a, b color.RGBA, t float64) color.RGBA {
	part := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + t*(float64(b)-float64(a)))) }
	return color.RGBA{part(a.R, b.R), part(a.G, b.G), part(a.B, b.B), 255}
}

// cover paints over a pixel; an opacity of 1 or more hides what was there.
func cover(img *image.RGBA, x, y int, c color.RGBA, opacity float64) {
	img.SetRGBA(x, y, mix(img.RGBAAt(x, y), c, max(0, min(1, opacity))))
}

func fill(img *image.RGBA, x0, y0, x1, y1 int, c color.RGBA) {
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			img.SetRGBA(x, y, c)
		}
	}
}

// text writes s with its centre at (x, y).
func text(img *image.RGBA, x, y, zoom int, c color.RGBA, s string) {
	x -= (4*len(s) - 1) * zoom / 2
	y -= 5 * zoom / 2
	for i := range len(s) {
		k := strings.IndexByte(letters, s[i])
		for bit := range 15 {
			if k >= 0 && glyphs[k]>>(14-bit)&1 == 1 {
				left, top := x+zoom*(4*i+bit%3), y+zoom*(bit/3)
				fill(img, left, top, left+zoom, top+zoom, c)
			}
		}
	}
}

// letters are the characters that have a glyph; any other is a space.
const letters = "0123456789.-,=xabcdeghilmnoprstuw"

// A glyph has 3×5 pixels. Each octal digit is a row, and each of its bits is a
// pixel.
var glyphs = [len(letters)]uint16{
	0o75557, 0o26227, 0o71747, 0o71717, 0o55711, 0o74717, 0o74757, 0o71122, 0o75757, 0o75717, 0o00002, 0o00700, 0o00024, 0o07070, 0o00525,
	0o25755, 0o65656, 0o34443, 0o65556, 0o74647, 0o34553, 0o55755, 0o72227, 0o44447, 0o57755, 0o65555, 0o25552, 0o65644, 0o65655, 0o34216, 0o72222, 0o55557, 0o55575,
}
