package nn

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"
)

// Picture draws the weights of a layer, one tile for each neuron. A tile shows
// the weights in the order of the inputs, row by row, width of them in a row:
// 28 for a layer that reads images of 28×28 pixels. The tiles of c neurons
// form a grid of ⌈√c⌉ columns. A positive weight is red, a negative one is
// blue, and 0 is white.
//
// All tiles use the same scale, so neurons can be compared. The full colour
// stands for the 99th percentile of the absolute weights and for everything
// above it; otherwise a few large weights would leave the others almost white.
// NaN counts as 0. Picture panics if width does not divide the number of inputs.
func (l *Layer) Picture(width int) *image.RGBA {
	w := l.Weights
	if width < 1 || w.Rows%width != 0 {
		panic(fmt.Sprintf("nn: picture of width %d for a layer of %d inputs", width, w.Rows))
	}
	sizes := make([]float64, len(w.Data)) // |w|, finite
	for k, x := range w.Data {
		if !math.IsNaN(x) {
			sizes[k] = min(math.Abs(x), 1e150)
		}
	}
	sorted := slices.Sorted(slices.Values(sizes))
	full := max(math.SmallestNonzeroFloat64, sorted[(99*len(sorted)+99)/100-1])

	const gap = 3 // between the tiles
	height, columns := w.Rows/width, int(math.Ceil(math.Sqrt(float64(w.Cols))))
	rows := (w.Cols + columns - 1) / columns
	zoom := max(1, min(32, 720/max(columns*width, rows*height)))
	img := image.NewRGBA(image.Rect(0, 0, columns*(zoom*width+gap)+gap, rows*(zoom*height+gap)+gap))
	paint := func(area image.Rectangle, c color.Color) {
		draw.Draw(img, area, image.NewUniform(c), image.Point{}, draw.Src)
	}
	paint(img.Rect, color.Gray{90})
	for k, x := range w.Data {
		i, j := k/w.Cols, k%w.Cols // from input i to neuron j
		c := color.RGBA{200, 16, 32, 255}
		if x < 0 {
			c = color.RGBA{16, 64, 200, 255}
		}
		left := gap + j%columns*(zoom*width+gap) + i%width*zoom
		top := gap + j/columns*(zoom*height+gap) + i/width*zoom
		t := min(1, sizes[k]/full) // of the way from white to c
		part := func(c uint8) uint8 { return uint8(math.Round(255 + t*(float64(c)-255))) }
		paint(image.Rect(left, top, left+zoom, top+zoom), color.RGBA{part(c.R), part(c.G), part(c.B), 255})
	}
	return img
}
