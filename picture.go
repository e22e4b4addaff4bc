package nn

import (
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"
	"strconv"
)

// Picture returns what the neurons of a layer look for: the weights of each as
// a picture of so many columns, row by row from the top left as the inputs
// are, and all of them in one sheet, ⌈√c⌉ beside each other for c neurons. Red
// is a positive weight, blue a negative one, white none. The first layer of a
// network that reads images of 28×28 pixels wants a width of 28.
//
// One scale serves the whole layer, so that neurons can be compared: the full
// colours stand for the 99th percentile of the absolute weights and all beyond
// it, because a few strong wires would otherwise bleach the rest. A NaN counts
// as 0. Picture panics if the inputs do not fill rows of that width.
func (l *Layer) Picture(width int) *image.RGBA {
	(&Network{Layers: []*Layer{l}}).check()
	w := l.Weights
	if width < 1 || w.Rows%width != 0 {
		panic(fmt.Sprintf("nn: picture of width %d for a layer of %d inputs", width, w.Rows))
	}
	sizes := make([]float64, len(w.Data))
	for k, x := range w.Data {
		sizes[k] = math.Abs(drawable(x))
	}
	slices.Sort(sizes)
	full := max(math.SmallestNonzeroFloat64, sizes[(99*len(sizes)+99)/100-1])

	const gap = 3
	height, columns := w.Rows/width, int(math.Ceil(math.Sqrt(float64(w.Cols))))
	rows := (w.Cols + columns - 1) / columns
	zoom := max(1, min(32, 720/max(columns*width, rows*height)))
	img := paper(columns*(zoom*width+gap)+gap, rows*(zoom*height+gap)+gap, color.RGBA{90, 90, 90, 255})
	for k, x := range w.Data {
		i, j := k/w.Cols, k%w.Cols // from input i to neuron j
		x = drawable(x)
		tone := color.RGBA{200, 16, 32, 255}
		if x < 0 {
			tone = color.RGBA{16, 64, 200, 255}
		}
		fill(img, gap+j%columns*(zoom*width+gap)+i%width*zoom, gap+j/columns*(zoom*height+gap)+i/width*zoom, zoom,
			mix(white, tone, min(1, math.Abs(x)/full)))
	}
	return img
}

var (
	white    = color.RGBA{255, 255, 255, 255}
	night    = color.RGBA{14, 17, 24, 255}
	rim      = color.RGBA{150, 156, 168, 255}
	gold     = color.RGBA{255, 200, 40, 255}
	positive = color.RGBA{255, 84, 72, 255}
	negative = color.RGBA{72, 146, 255, 255}
)

// Picture returns the network at work on an input, in 900×600 pixels: each
// neuron a disc, from dark for an activation of 0 to white for 1 (if a layer's
// activations leave that range, from its lowest to its highest), and the wires
// between them, red for a positive weight and blue for a negative one, the
// stronger the more they carry: |weight·activation|, compared with the most in
// the layer. A ring marks the largest output, if it is among those shown.
//
// More than 32 inputs that make a square are shown as a picture, from which
// each neuron gets its six strongest wires only. Of more than 64 neurons in a
// layer the first and last twelve are shown. A NaN counts as 0. Picture panics
// if the input is not as long as the network has inputs.
func (n *Network) Picture(input []float64) *image.RGBA {
	all := n.Activations(input)
	winner := n.class(all[len(all)-1])
	side := int(math.Sqrt(float64(len(input))))
	square := len(input) > 32 && side*side == len(input)
	left, right := 70.0, 820.0
	if square {
		left = 260 // the edge of the picture, where its wires begin
	}
	gap := (right - left) / float64(len(n.Layers))
	columns := make([][]disc, len(all))
	for i, a := range all {
		columns[i] = column(left+float64(i)*gap, gap, a, square && i == 0)
	}

	img := paper(900, 600, night)
	for i, l := range n.Layers {
		most := len(columns[i])
		if square && i == 0 {
			most = 6
		}
		for _, w := range wires(l, columns[i], columns[i+1], most) {
			line(img, w.from, w.to, 0.7+2*w.strength, w.tone, 0.08+0.87*w.strength)
		}
	}
	if square {
		const size = 224
		draw.Draw(img, image.Rect(34, 186, 262, 414), image.NewUniform(rim), image.Point{}, draw.Src)
		for k := range size * size {
			x, y := k%size, k/size
			img.SetRGBA(36+x, 188+y, mix(color.RGBA{0, 0, 0, 255}, white, columns[0][y*side/size*side+x*side/size].light))
		}
		columns[0] = nil
	}
	for i, discs := range columns {
		for _, d := range discs {
			if i == len(n.Layers) && n.outputs() > 1 {
				zoom, tone := 1+int(d.radius/6), rim
				if d.neuron == winner {
					tone = gold
					dot(img, d.point, d.radius+2+1.5*float64(zoom), gold)
					dot(img, d.point, d.radius+2, night)
				}
				number(img, int(d.x+d.radius)+4+4*zoom, int(d.y)-5*zoom/2, zoom, tone, d.neuron)
			}
			dot(img, d.point, d.radius, rim)
			dot(img, d.point, d.radius-1.2, mix(night, white, d.light))
		}
		if 0 < len(discs) && len(discs) < len(all[i]) {
			for y := 295.0; y <= 305; y += 5 {
				dot(img, point{discs[0].x, y}, 1.5, rim)
			}
		}
	}
	return img
}

// A disc is a neuron as it is shown.
type disc struct {
	point
	radius            float64
	neuron            int
	activation, light float64 // the light is from 0 to 1
}

// column arranges the neurons of a layer below each other, with a hole in the
// middle if there are more than 64; the pixels of a picture are at its edge.
func column(x, gap float64, a []float64, square bool) (discs []disc) {
	const first = 12
	slots := len(a)
	if len(a) > 64 && !square {
		slots = first + 1 + first
	}
	pitch := min(100, 540/float64(slots))
	low, high := 0.0, 1.0
	for _, v := range a {
		low, high = min(low, drawable(v)), max(high, drawable(v))
	}
	for slot := range slots {
		neuron := slot
		if slots < len(a) && slot >= first {
			neuron = len(a) - slots + slot
			if slot == first {
				continue
			}
		}
		y := 300 + pitch*(float64(slot)-float64(slots-1)/2)
		if square {
			side := int(math.Sqrt(float64(slots)))
			y = 188 + 224*(float64(slot/side)+0.5)/float64(side)
		}
		v := drawable(a[neuron])
		discs = append(discs, disc{point{x, y}, min(17, 0.4*pitch, 0.3*gap), neuron, v, (v - low) / (high - low)})
	}
	return discs
}

// A wire is as strong as what it carries, from 0 to 1.
type wire struct {
	from, to point
	strength float64
	tone     color.RGBA
}

// wires returns the wires between neurons that are shown, for each neuron at
// most so many, the strongest last so that no other hides them.
func wires(l *Layer, from, to []disc, most int) (all []wire) {
	weaker := func(a, b wire) int { return cmp.Compare(a.strength, b.strength) }
	for _, t := range to {
		var own []wire
		for _, f := range from {
			w, tone := drawable(l.Weights.Row(f.neuron)[t.neuron]), positive
			if w < 0 {
				tone = negative
			}
			own = append(own, wire{f.point, t.point, math.Abs(w * f.activation), tone})
		}
		slices.SortStableFunc(own, weaker)
		all = append(all, own[max(0, len(own)-most):]...)
	}
	slices.SortStableFunc(all, weaker)
	strongest := max(math.SmallestNonzeroFloat64, all[len(all)-1].strength)
	for i := range all {
		all[i].strength /= strongest
	}
	return all
}

// drawable returns a number whose product with another one is finite.
func drawable(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return max(-1e150, min(1e150, x))
}

func paper(width, height int, c color.RGBA) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return img
}

func fill(img *image.RGBA, x, y, size int, c color.RGBA) {
	draw.Draw(img, image.Rect(x, y, x+size, y+size), image.NewUniform(c), image.Point{}, draw.Src)
}

// mix returns the colour that is part t, from 0 to 1, of the way from a to b.
func mix(a, b color.RGBA, t float64) color.RGBA {
	part := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + t*(float64(b)-float64(a)))) }
	return color.RGBA{part(a.R, b.R), part(a.G, b.G), part(a.B, b.B), 255}
}

// cover paints over a part of a pixel, all of it from 1 and nothing below 0:
// so edges become smooth.
func cover(img *image.RGBA, x, y int, c color.RGBA, part float64) {
	img.SetRGBA(x, y, mix(img.RGBAAt(x, y), c, max(0, min(1, part))))
}

func dot(img *image.RGBA, at point, radius float64, c color.RGBA) {
	for y := int(at.y - radius - 1); y <= int(at.y+radius+1); y++ {
		for x := int(at.x - radius - 1); x <= int(at.x+radius+1); x++ {
			cover(img, x, y, c, radius+0.5-math.Hypot(float64(x)+0.5-at.x, float64(y)+0.5-at.y))
		}
	}
}

// line draws from left to right, one pixel column after the other.
func line(img *image.RGBA, from, to point, pen float64, c color.RGBA, opacity float64) {
	slope := (to.y - from.y) / (to.x - from.x)
	upright := math.Hypot(1, slope) // what a distance from the line is in a column
	reach := (pen/2 + 0.5) * upright
	top, bottom := min(from.y, to.y)-pen, max(from.y, to.y)+pen
	for x := int(from.x); x < int(to.x); x++ {
		middle := from.y + slope*(float64(x)+0.5-from.x)
		for y := int(max(top, middle-reach)); y <= int(min(bottom, middle+reach)); y++ {
			off := math.Abs(float64(y)+0.5-middle) / upright
			cover(img, x, y, c, opacity*max(0, min(1, pen/2+0.5-off)))
		}
	}
}

// digits have 3×5 pixels: an octal digit is a row, a bit a pixel.
var digits = [10]uint16{0o75557, 0o26227, 0o71747, 0o71717, 0o55711, 0o74717, 0o74757, 0o71122, 0o75757, 0o75717}

func number(img *image.RGBA, x, y, zoom int, c color.RGBA, n int) {
	for i, digit := range strconv.Itoa(n) {
		for bit := range 15 {
			if digits[digit-'0']>>(14-bit)&1 == 1 {
				fill(img, x+zoom*(4*i+bit%3), y+zoom*(bit/3), zoom, c)
			}
		}
	}
}
