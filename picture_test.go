package nn

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"slices"
	"testing"
)

// pictured returns a layer of so many neurons with the given weights.
func pictured(neurons int, weights ...float64) *Layer {
	return &Layer{Weights: &Matrix{Rows: len(weights) / neurons, Cols: neurons, Data: weights}, Biases: make([]float64, neurons)}
}

// weightAt returns the colour of input i of a sheet of one neuron and one row.
func weightAt(img *image.RGBA, inputs, i int) color.RGBA {
	return img.RGBAAt((2*i+1)*img.Rect.Dx()/(2*inputs), img.Rect.Dy()/2)
}

func TestPositiveWeightsAreRedNegativeBlueZeroWhite(t *testing.T) {
	img := pictured(1, 2, -2, 0, math.NaN()).Picture(4)
	for i, want := range []color.RGBA{{200, 16, 32, 255}, {16, 64, 200, 255}, {255, 255, 255, 255}, {255, 255, 255, 255}} {
		if got := weightAt(img, 4, i); got != want {
			t.Errorf("weight %d is %v, want %v", i, got, want)
		}
	}
}

func TestWeaklyWeightedInputsArePaler(t *testing.T) {
	img := pictured(1, 1, 2, 3, 4).Picture(4)
	for i := range 3 {
		if weak, strong := weightAt(img, 4, i), weightAt(img, 4, i+1); weak.G <= strong.G {
			t.Errorf("weight %d is %v, %d is %v, want it paler", i+1, weak, i+2, strong)
		}
	}
}

func TestNeuronsOfALayerShareOneScale(t *testing.T) {
	img := pictured(2, 1, 4).Picture(1) // neurons of one input each, side by side
	if weak, strong := weightAt(img, 2, 0), weightAt(img, 2, 1); weak.G <= strong.G {
		t.Errorf("1 is %v beside 4, which is %v, want it paler", weak, strong)
	}
}

func TestOneWeightInAHundredDoesNotBleachTheOthers(t *testing.T) {
	weights := make([]float64, 100)
	for i := range weights {
		weights[i] = 1
	}
	weights[99] = 1000
	if got, want := weightAt(pictured(1, weights...).Picture(100), 100, 0), (color.RGBA{200, 16, 32, 255}); got != want {
		t.Errorf("the ordinary weight is %v, want %v", got, want)
	}
}

func TestThreeWeightsInAHundredDoBleachTheOthers(t *testing.T) {
	weights := slices.Repeat([]float64{1}, 100)
	weights[97], weights[98], weights[99] = 1000, 1000, 1000
	if got := weightAt(pictured(1, weights...).Picture(100), 100, 0); got.G < 250 {
		t.Errorf("the ordinary weight is %v, want it almost white", got)
	}
}

func TestSheetIsANearSquareGrid(t *testing.T) {
	for _, c := range []struct{ neurons, inputs, width, columns, rows, zoom int }{
		{16, 784, 28, 4, 4, 6}, {10, 16, 4, 4, 3, 32}, {1, 1, 1, 1, 1, 32}, {3, 6, 3, 2, 2, 32}, {1000, 784, 28, 32, 32, 1},
	} {
		img := New(random(1), c.inputs, c.neurons).Layers[0].Picture(c.width)
		width, height := c.columns*(c.width*c.zoom+3)+3, c.rows*(c.inputs/c.width*c.zoom+3)+3
		if got, want := img.Rect, image.Rect(0, 0, width, height); got != want {
			t.Errorf("%d neurons of %d inputs: %v, want %v", c.neurons, c.inputs, got, want)
		}
	}
}

func TestPictureOfAWidthThatDoesNotFit(t *testing.T) {
	l := New(random(1), 10, 2).Layers[0]
	for _, width := range []int{3, 20} {
		mustPanic(t, func() { l.Picture(width) }, "picture", "width", "10")
	}
	mustPanic(t, func() { l.Picture(0) }, "width 0", "10")
	mustPanic(t, func() { l.Picture(-5) }, "width -5", "10")
	mustPanic(t, func() { new(Layer).Picture(1) }, "no weights")
}

func TestPictureOfAnInputThatDoesNotFit(t *testing.T) {
	mustPanic(t, func() { New(random(1), 2, 1).Picture(make([]float64, 3)) }, "3", "2")
}

// oddNetworks are valid ones that are hard to draw.
func oddNetworks() (all []*Network) {
	for _, sizes := range [][]int{{1, 1}, {2, 4, 1}, {784, 16, 16, 10}, {784, 1000, 10}, {33, 65, 1000}, {49, 64}, {100000, 2}} {
		all = append(all, New(random(1), sizes...))
	}
	deep := []int{2}
	for range 2000 {
		deep = append(deep, 2)
	}
	all = append(all, New(random(1), deep...))
	for _, v := range []float64{0, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, 5e-324} {
		for _, f := range []Activation{Sigmoid, Tanh, ReLU} {
			n := New(random(1), 64, 5, 3)
			for _, l := range n.Layers {
				l.Activation = f
				for k := range l.Weights.Data {
					l.Weights.Data[k] = v
				}
			}
			all = append(all, n)
		}
	}
	return all
}

func TestOddNetworksStayInsideOfTheFrame(t *testing.T) {
	for _, n := range oddNetworks() {
		for _, v := range []float64{1, -1, math.NaN(), math.Inf(1), math.MaxFloat64} {
			input := make([]float64, n.inputs())
			for i := range input {
				input[i] = v
			}
			img := n.Picture(input)
			if img.Rect != image.Rect(0, 0, 900, 600) {
				t.Fatalf("%d inputs: %v, want 900×600", n.inputs(), img.Rect)
			}
			for k := range 900 {
				for _, at := range []image.Point{{k, 0}, {k, 599}, {0, k * 599 / 899}, {899, k * 599 / 899}} {
					if got := img.RGBAAt(at.X, at.Y); got != night {
						t.Fatalf("%d inputs of %v: the border has %v at %v", n.inputs(), v, got, at)
					}
				}
			}
		}
	}
}

func TestOddWeightsAreDrawn(t *testing.T) {
	for _, n := range oddNetworks() {
		for _, l := range n.Layers[:min(2, len(n.Layers))] {
			for k, b := range l.Picture(1).Pix {
				if k%4 == 3 && b != 255 {
					t.Fatalf("%d inputs: byte %d is %d, want no transparency", l.Weights.Rows, k, b)
				}
			}
		}
	}
}

func TestPicturesAreReproducible(t *testing.T) {
	n, input := New(random(1), 784, 16, 16, 10), make([]float64, 784)
	Synthetic(random(2), 1).Example(0, input, make([]float64, 10))
	if !bytes.Equal(n.Picture(input).Pix, n.Picture(input).Pix) {
		t.Error("two pictures of a network differ")
	}
	if l := n.Layers[0]; !bytes.Equal(l.Picture(28).Pix, l.Picture(28).Pix) {
		t.Error("two pictures of a layer differ")
	}
}

// lightOf returns the brightness of the only neuron, in the middle of its disc.
func lightOf(n *Network, input float64) uint8 { return n.Picture([]float64{input}).RGBAAt(820, 300).G }

func TestDiscsAreBrighterForHigherActivations(t *testing.T) {
	n := New(random(1), 1, 1)
	n.Layers[0].Weights.Data[0] = 8
	last := lightOf(n, -1)
	if last > 20 {
		t.Errorf("almost no activation has brightness %d, want it dark", last)
	}
	for _, input := range []float64{-0.3, 0, 0.3, 1} {
		light := lightOf(n, input)
		if light <= last {
			t.Errorf("input %v has brightness %d, want above %d", input, light, last)
		}
		last = light
	}
	if last < 250 {
		t.Errorf("almost full activation has brightness %d, want it white", last)
	}
}

// count returns how many pixels have a colour.
func count(img *image.RGBA, c color.RGBA) (n int) {
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if img.RGBAAt(x, y) == c {
				n++
			}
		}
	}
	return n
}

func TestWinnerHasARing(t *testing.T) {
	n := New(random(1), 1, 10)
	n.Layers[0].Weights.Data[7] = 100
	img := n.Picture([]float64{1})
	if got, want := img.RGBAAt(820+17+4, 300+54*5/2), gold; got != want { // neuron 7 is 2.5 places below the middle
		t.Errorf("beside the disc of 7 there is %v, want %v", got, want)
	}
	if single := count(New(random(1), 1, 1).Picture([]float64{1}), gold); single > 0 {
		t.Errorf("the only output has a ring of %d pixels, although it cannot win", single)
	}
}

func TestOfMoreThan64NeuronsTheFirstAndLastTwelveAreShown(t *testing.T) {
	if got := len(column(0, 100, make([]float64, 64), false)); got != 64 {
		t.Errorf("%d of 64 neurons are shown", got)
	}
	discs := column(0, 100, make([]float64, 65), false)
	if len(discs) != 24 || discs[0].neuron != 0 || discs[11].neuron != 11 || discs[12].neuron != 53 || discs[23].neuron != 64 {
		t.Errorf("%d of 65 neurons are shown: %v", len(discs), discs)
	}
}

func TestActivationsBeyond1AreShownFromTheLowestToTheHighest(t *testing.T) {
	for _, c := range []struct{ a, light []float64 }{
		{[]float64{1, 8}, []float64{1. / 8, 1}},
		{[]float64{-1, 1, 0}, []float64{0, 1, 0.5}},
		{[]float64{0.25, 0.5}, []float64{0.25, 0.5}},
	} {
		for i, d := range column(0, 100, c.a, false) {
			if d.light != c.light[i] {
				t.Errorf("of %v activation %d has the light %v, want %v", c.a, i, d.light, c.light[i])
			}
		}
	}
}

func TestMoreThan32InputsThatMakeASquareAreAPicture(t *testing.T) {
	input := make([]float64, 49)
	input[1] = 1 // in the second column of the first row, which is 32 pixels wide
	img := New(random(1), 49, 1).Picture(input)
	if lit, below := img.RGBAAt(36+48, 188+16), img.RGBAAt(36+16, 188+48); lit != white || below != (color.RGBA{0, 0, 0, 255}) {
		t.Errorf("the lit pixel is %v, the one in the other direction %v", lit, below)
	}
	for inputs, black := range map[int]bool{25: false, 36: true, 50: false} {
		img := New(random(1), inputs, 1).Picture(make([]float64, inputs))
		if got := img.RGBAAt(200, 230) == (color.RGBA{0, 0, 0, 255}); got != black {
			t.Errorf("%d inputs as a picture: %v, want %v", inputs, got, black)
		}
	}
}

func TestFromAPictureTheSixStrongestWiresAreShown(t *testing.T) {
	n, input := New(random(1), 49, 1), make([]float64, 49)
	for row := range 7 { // a wire for each row of the picture, each stronger than the one above
		input[7*row] = 1
	}
	for k := range n.Layers[0].Weights.Data {
		n.Layers[0].Weights.Data[k] = 1 + float64(k)/100
	}
	img, wires := n.Picture(input), 0
	for y := 187; y < 413; y++ { // just beside the picture's edge
		if img.RGBAAt(266, y) != night && img.RGBAAt(266, y-1) == night {
			wires++
		}
	}
	if wires != 6 {
		t.Errorf("%d wires, want 6", wires)
	}
}

func TestAWireIsAsStrongAsWhatItCarries(t *testing.T) {
	l := pictured(1, 5, -2, 3)
	got := wires(l, column(0, 100, []float64{0, 1, 0.5}, false), column(100, 100, []float64{0}, false), 3)
	for i, want := range []float64{0, 0.75, 1} { // |5·0|, |3·½|, |−2·1|
		if got[i].strength != want {
			t.Errorf("wire %d has the strength %v, want %v", i, got[i].strength, want)
		}
	}
}

func TestWiresAreColouredByTheirSign(t *testing.T) {
	n := New(random(1), 1, 1)
	for weight, red := range map[float64]bool{1: true, -1: false} {
		n.Layers[0].Weights.Data[0] = weight
		if c := n.Picture([]float64{1}).RGBAAt(450, 300); (c.R > c.B) != red || c.R == c.B {
			t.Errorf("the wire of weight %v is %v, want red: %v", weight, c, red)
		}
	}
}
