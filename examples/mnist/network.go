package main

import (
	"cmp"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	"github.com/nn13002/nn"
)

var (
	black    = color.RGBA{0, 0, 0, 255}
	night    = color.RGBA{14, 17, 24, 255}
	rim      = color.RGBA{150, 156, 168, 255}
	gold     = color.RGBA{255, 200, 40, 255}
	positive = color.RGBA{255, 84, 72, 255}
	negative = color.RGBA{72, 146, 255, 255}
)

// Inputs that are an image are drawn as one, in a square of imageSide pixels
// with its top left corner at (imageLeft, imageTop).
const imageLeft, imageTop, imageSide = 36, 188, 224

// networkPicture draws a network at work on an input, in 900×600 pixels. Each
// neuron is a disc, dark for an activation of 0 and white for 1, or for the
// lowest and the highest of a layer whose activations leave this range. The
// outputs are numbered if there are several, and the largest has a ring.
//
// A connection is red if its weight is positive and blue if it is negative. Its
// strength is |weight·activation|, relative to the largest of its layer: a
// stronger connection is wider and more opaque.
//
// More than 32 inputs that make a square are drawn as an image, and only the
// six strongest connections from it to each neuron are shown. Of a layer of
// more than 64 neurons the first and the last twelve are shown. NaN counts
// as 0.
func networkPicture(net *nn.Network, input []float64) *image.RGBA {
	activations := net.Activations(input)
	outputs, winner := len(activations[len(net.Layers)]), net.Classify(input)
	side := int(math.Sqrt(float64(len(input))))
	isImage := len(input) > 32 && side*side == len(input)

	left, right := 70.0, 820.0
	if isImage {
		left = imageLeft + imageSide
	}
	gap := (right - left) / float64(len(net.Layers))
	columns := make([][]disc, len(activations))
	for i, a := range activations {
		columns[i] = column(left+float64(i)*gap, gap, a)
	}
	if isImage {
		columns[0] = pixels(left, side, input)
	}

	img := paper(900, 600, night)
	for i, l := range net.Layers {
		limit := len(columns[i])
		if isImage && i == 0 {
			limit = 6
		}
		for _, c := range connections(l, columns[i], columns[i+1], limit) {
			line(img, c.from, c.to, 0.7+2*c.strength, c.tone, 0.08+0.87*c.strength)
		}
	}
	if isImage {
		drawInput(img, columns[0], side)
		columns[0] = nil
	}
	for i, discs := range columns {
		for _, d := range discs {
			if i == len(net.Layers) && outputs > 1 {
				drawLabel(img, d, d.neuron == winner)
			}
			dot(img, d.point, d.radius, rim)
			dot(img, d.point, d.radius-1.2, mix(night, white, d.light))
		}
		if 0 < len(discs) && len(discs) < len(activations[i]) {
			for y := 295.0; y <= 305; y += 5 { // an ellipsis for the neurons left out
				dot(img, point{discs[0].x, y}, 1.5, rim)
			}
		}
	}
	return img
}

// drawInput draws the inputs as an image with a frame.
func drawInput(img *image.RGBA, inputs []disc, side int) {
	square := image.Rect(imageLeft, imageTop, imageLeft+imageSide, imageTop+imageSide)
	fill(img, square.Inset(-2), rim, 1)
	for y := range imageSide {
		for x := range imageSide {
			input := inputs[y*side/imageSide*side+x*side/imageSide]
			img.SetRGBA(imageLeft+x, imageTop+y, mix(black, white, input.light))
		}
	}
}

// drawLabel writes the number of a neuron beside its disc, and draws a ring
// around the winner.
func drawLabel(img *image.RGBA, d disc, winner bool) {
	zoom, tone := 1+int(d.radius/6), rim
	if winner {
		tone = gold
		dot(img, d.point, d.radius+2+1.5*float64(zoom), gold)
		dot(img, d.point, d.radius+2, night)
	}
	label := fmt.Sprint(d.neuron)
	text(img, int(d.x+d.radius)+4+4*zoom+textWidth(label, zoom)/2, int(d.y), zoom, tone, label)
}

// A disc is a neuron as it is drawn.
type disc struct {
	point
	radius     float64
	neuron     int     // its index in the layer
	activation float64 // finite
	light      float64 // the brightness, from 0 to 1
}

// column places the neurons of a layer one below another, at a distance of gap
// from the next layer. If there are more than 64, it leaves out the middle ones.
func column(x, gap float64, a []float64) (discs []disc) {
	const ends = 12 // how many neurons of a long layer are shown at each end
	places, omitted := len(a), 0
	if len(a) > 64 {
		places = ends + 1 + ends
		omitted = len(a) - places
	}
	pitch := min(100, 540/float64(places))
	light := brightness(a)
	for place := range places {
		if omitted > 0 && place == ends {
			continue
		}
		neuron := place
		if place > ends {
			neuron += omitted
		}
		y := 300 + pitch*(float64(place)-float64(places-1)/2)
		discs = append(discs, disc{point{x, y}, min(17, 0.4*pitch, 0.3*gap), neuron, finite(a[neuron]), light[neuron]})
	}
	return discs
}

// pixels places each input of an image where its connections begin: at the edge
// of the image, x, and at the height of its row.
func pixels(x float64, side int, a []float64) (discs []disc) {
	light := brightness(a)
	for i, v := range a {
		y := imageTop + imageSide*(float64(i/side)+0.5)/float64(side)
		discs = append(discs, disc{point{x, y}, 0, i, finite(v), light[i]})
	}
	return discs
}

// brightness maps the activations of a layer to 0 … 1: from the lowest to the
// highest if any lies outside this range.
func brightness(a []float64) []float64 {
	low, high := 0.0, 1.0
	for _, v := range a {
		low, high = min(low, finite(v)), max(high, finite(v))
	}
	light := make([]float64, len(a))
	for i, v := range a {
		light[i] = (finite(v) - low) / (high - low)
	}
	return light
}

// A connection leads from a neuron to one of the next layer.
type connection struct {
	from, to point
	strength float64 // from 0 to 1
	tone     color.RGBA
}

// connections returns the connections between the neurons that are drawn: for
// each neuron in to, its strongest ones, at most limit of them. They are sorted
// by strength, so that the strongest are drawn over the others.
func connections(l *nn.Layer, from, to []disc, limit int) (all []connection) {
	weaker := func(a, b connection) int { return cmp.Compare(a.strength, b.strength) }
	for _, t := range to {
		var own []connection
		for _, f := range from {
			w, tone := finite(l.Weights.Row(f.neuron)[t.neuron]), positive
			if w < 0 {
				tone = negative
			}
			own = append(own, connection{f.point, t.point, math.Abs(w * f.activation), tone})
		}
		slices.SortStableFunc(own, weaker)
		all = append(all, own[max(0, len(own)-limit):]...)
	}
	slices.SortStableFunc(all, weaker)
	strongest := max(math.SmallestNonzeroFloat64, all[len(all)-1].strength)
	for i := range all {
		all[i].strength /= strongest
	}
	return all
}

// finite limits x to ±1e150, so that the product of two such numbers is finite.
// NaN becomes 0.
func finite(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return max(-1e150, min(1e150, x))
}
