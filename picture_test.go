package nn

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"slices"
	"testing"
)

// pictured returns a layer with the given number of neurons and weights.
func pictured(neurons int, weights ...float64) *Layer {
	return &Layer{Weights: &Matrix{Rows: len(weights) / neurons, Cols: neurons, Data: weights}, Biases: make([]float64, neurons)}
}

// weightAt returns the colour of weight i in a picture with all weights in one row.
func weightAt(img *image.RGBA, inputs, i int) color.RGBA {
	return img.RGBAAt((2*i+1)*img.Rect.Dx()/(2*inputs), img.Rect.Dy()/2)
}

func TestPositiveWeightsAreRedNegativeBlueZeroWhite(t *testing.T) {
	img := pictured(1, 0.5, -0.5, 0, math.NaN()).Picture(4)
	for i, want := range []color.RGBA{{200, 16, 32, 255}, {16, 64, 200, 255}, {255, 255, 255, 255}, {255, 255, 255, 255}} {
		if got := weightAt(img, 4, i); got != want {
			t.Errorf("weight %d is %v, want %v", i, got, want)
		}
	}
}

func TestSmallerWeightsArePaler(t *testing.T) {
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

func TestOneLargeWeightInAHundredLeavesTheOthersInFullColour(t *testing.T) {
	weights := make([]float64, 100)
	for i := range weights {
		weights[i] = 1
	}
	weights[99] = 1000
	for _, i := range []int{0, 99} {
		if got, want := weightAt(pictured(1, weights...).Picture(100), 100, i), (color.RGBA{200, 16, 32, 255}); got != want {
			t.Errorf("weight %d is %v, want %v", i, got, want)
		}
	}
}

func TestMoreThanOneLargeWeightInAHundredMakeTheOthersPale(t *testing.T) {
	for inputs, large := range map[int]int{100: 2, 99: 1} {
		weights := slices.Repeat([]float64{1}, inputs)
		for i := range large {
			weights[inputs-1-i] = 1000
		}
		if got := weightAt(pictured(1, weights...).Picture(inputs), inputs, 0); got.G < 250 {
			t.Errorf("beside %d of %d the ordinary weight is %v, want it almost white", large, inputs, got)
		}
	}
}

func TestEachWeightHasItsPlaceInTheTileOfItsNeuron(t *testing.T) {
	const inputs, neurons, width, zoom = 6, 5, 3, 32 // tiles of 3×2 weights, 3 in a row
	for i := range inputs {
		for j := range neurons {
			weights := make([]float64, inputs*neurons)
			weights[i*neurons+j] = 1
			img := pictured(neurons, weights...).Picture(width)
			if got, want := img.RGBAAt(2, 2), (color.RGBA{90, 90, 90, 255}); got != want {
				t.Fatalf("the gap between the tiles is %v, want the grey %v", got, want)
			}
			left, top := 3+j%3*(3*zoom+3)+i%width*zoom, 3+j/3*(2*zoom+3)+i/width*zoom
			want := image.Rect(left, top, left+zoom, top+zoom)
			for y := range img.Rect.Max.Y {
				for x := range img.Rect.Max.X {
					if inside := (image.Point{x, y}).In(want); inside != (img.RGBAAt(x, y) == color.RGBA{200, 16, 32, 255}) {
						t.Fatalf("the weight from input %d to neuron %d: pixel (%d, %d) is %v, red is wanted in %v alone", i, j, x, y, img.RGBAAt(x, y), want)
					}
				}
			}
		}
	}
}

func TestTilesFormANearSquareGrid(t *testing.T) {
	for _, c := range []struct{ neurons, inputs, width, columns, rows, zoom int }{
		{16, 784, 28, 4, 4, 6}, {10, 16, 4, 4, 3, 32}, {1, 1, 1, 1, 1, 32}, {3, 6, 3, 2, 2, 32}, {1000, 784, 28, 32, 32, 1}, {1, 360, 360, 1, 1, 2}, {1, 103, 103, 1, 1, 6}, {1, 360, 1, 1, 1, 2},
	} {
		img := New(random(1), c.inputs, c.neurons).Layers[0].Picture(c.width)
		width, height := c.columns*(c.width*c.zoom+3)+3, c.rows*(c.inputs/c.width*c.zoom+3)+3
		if got, want := img.Rect, image.Rect(0, 0, width, height); got != want {
			t.Errorf("%d neurons of %d inputs: %v, want %v", c.neurons, c.inputs, got, want)
		}
	}
}

func TestPictureOfAWidthThatDoesNotDivideTheInputsPanics(t *testing.T) {
	l := New(random(1), 10, 2).Layers[0]
	for _, width := range []int{3, 20} {
		mustPanic(t, func() { l.Picture(width) }, "picture", "width", "10")
	}
	mustPanic(t, func() { l.Picture(0) }, "width 0", "10")
	mustPanic(t, func() { l.Picture(-5) }, "width -5", "10")
}

// oddLayers returns valid layers that are hard to draw.
func oddLayers() (all []*Layer) {
	for _, sizes := range [][]int{{1, 1}, {2, 4, 1}, {784, 16, 16, 10}, {784, 1000, 10}, {33, 65, 1000}, {49, 64}, {100000, 2}} {
		all = append(all, New(random(1), sizes...).Layers...)
	}
	for _, v := range []float64{0, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, 5e-324} {
		for _, l := range New(random(1), 64, 5, 3).Layers {
			for k := range l.Weights.Data {
				l.Weights.Data[k] = v
			}
			all = append(all, l)
		}
	}
	return all
}

func TestOddWeightsAreDrawn(t *testing.T) {
	for _, l := range oddLayers() {
		for k, b := range l.Picture(1).Pix {
			if k%4 == 3 && b != 255 {
				t.Fatalf("%d inputs: byte %d is %d, want no transparency", l.Weights.Rows, k, b)
			}
		}
	}
}

func TestInfiniteWeightsHaveTheFullColour(t *testing.T) {
	img := pictured(1, math.Inf(1), math.Inf(-1), 1).Picture(3)
	for i, want := range []color.RGBA{{200, 16, 32, 255}, {16, 64, 200, 255}, {255, 255, 255, 255}} {
		if got := weightAt(img, 3, i); got != want {
			t.Errorf("weight %d is %v, want %v", i, got, want)
		}
	}
}

func TestPicturesAreReproducible(t *testing.T) {
	l := New(random(1), 784, 16).Layers[0]
	if !bytes.Equal(l.Picture(28).Pix, l.Picture(28).Pix) {
		t.Error("two pictures of a layer differ")
	}
}
