package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nn13002/nn"
)

// network returns a network of the given sizes with random weights.
func network(sizes ...int) *nn.Network { return nn.New(rand.New(rand.NewPCG(1, 0)), sizes...) }

func TestPictureOfAnInputThatDoesNotFitPanics(t *testing.T) {
	defer func() {
		message := fmt.Sprint(recover())
		if !strings.HasPrefix(message, "nn: ") || !strings.Contains(message, "3") || !strings.Contains(message, "2") {
			t.Errorf("panics with %q, want nn: and both sizes", message)
		}
	}()
	networkPicture(network(2, 1), make([]float64, 3))
}

// oddNetworks returns valid networks that are hard to draw.
func oddNetworks() (all []*nn.Network) {
	for _, sizes := range [][]int{{1, 1}, {2, 4, 1}, {784, 16, 16, 10}, {784, 1000, 10}, {33, 65, 1000}, {49, 64}, {100000, 2}} {
		all = append(all, network(sizes...))
	}
	deep := []int{2}
	for range 2000 {
		deep = append(deep, 2)
	}
	all = append(all, network(deep...))
	for _, v := range []float64{0, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, 5e-324} {
		for _, f := range []nn.Activation{nn.Sigmoid, nn.Tanh, nn.ReLU} {
			net := network(64, 5, 3)
			for _, l := range net.Layers {
				l.Activation = f
				for k := range l.Weights.Data {
					l.Weights.Data[k] = v
				}
			}
			all = append(all, net)
		}
	}
	return all
}

func TestOddNetworksStayInsideTheFrame(t *testing.T) {
	for _, net := range oddNetworks() {
		for _, v := range []float64{1, -1, math.NaN(), math.Inf(1), math.MaxFloat64} {
			input := make([]float64, net.Layers[0].Weights.Rows)
			for i := range input {
				input[i] = v
			}
			img := networkPicture(net, input)
			if img.Rect != image.Rect(0, 0, 900, 600) {
				t.Fatalf("%d inputs: %v, want 900×600", len(input), img.Rect)
			}
			for k := range 900 {
				for _, at := range []image.Point{{k, 0}, {k, 599}, {0, k * 599 / 899}, {899, k * 599 / 899}} {
					if got := img.RGBAAt(at.X, at.Y); got != night {
						t.Fatalf("%d inputs of %v: the border is %v at %v", len(input), v, got, at)
					}
				}
			}
		}
	}
}

func TestNetworkPicturesAreReproducible(t *testing.T) {
	net, input := network(784, 16, 16, 10), make([]float64, 784)
	nn.Synthetic(rand.New(rand.NewPCG(2, 0)), 1).Example(0, input, make([]float64, 10))
	if !bytes.Equal(networkPicture(net, input).Pix, networkPicture(net, input).Pix) {
		t.Error("two pictures of a network differ")
	}
}

// lightOf returns the brightness of the only neuron, in the middle of its disc.
func lightOf(net *nn.Network, input float64) uint8 {
	return networkPicture(net, []float64{input}).RGBAAt(820, 300).G
}

func TestDiscsAreBrighterForHigherActivations(t *testing.T) {
	net := network(1, 1)
	net.Layers[0].Weights.Data[0] = 8
	last := lightOf(net, -1)
	if last > 20 {
		t.Errorf("an activation of almost 0 has brightness %d, want it dark", last)
	}
	for _, input := range []float64{-0.3, 0, 0.3, 1} {
		light := lightOf(net, input)
		if light <= last {
			t.Errorf("input %v has brightness %d, want above %d", input, light, last)
		}
		last = light
	}
	if last < 250 {
		t.Errorf("an activation of almost 1 has brightness %d, want it white", last)
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

func TestLargestOutputHasARing(t *testing.T) {
	net := network(1, 10)
	net.Layers[0].Weights.Data[7] = 100
	img := networkPicture(net, []float64{1})
	if got, want := img.RGBAAt(820+17+4, 300+54*5/2), gold; got != want { // neuron 7 is 2.5 places below the middle
		t.Errorf("beside the disc of 7 there is %v, want %v", got, want)
	}
}

func TestSingleOutputHasNoRing(t *testing.T) {
	if got := count(networkPicture(network(1, 1), []float64{1}), gold); got > 0 {
		t.Errorf("a ring of %d pixels, want none", got)
	}
}

func TestOfMoreThan64NeuronsTheFirstAndLastTwelveAreShown(t *testing.T) {
	if got := len(column(0, 100, make([]float64, 64))); got != 64 {
		t.Errorf("%d of 64 neurons are shown", got)
	}
	discs := column(0, 100, make([]float64, 65))
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
		for i, d := range column(0, 100, c.a) {
			if d.light != c.light[i] {
				t.Errorf("activation %d of %v has the light %v, want %v", i, c.a, d.light, c.light[i])
			}
		}
	}
}

func TestMoreThan32InputsThatMakeASquareAreAnImage(t *testing.T) {
	input := make([]float64, 49)
	input[1] = 1 // in the second column of the first row, which is 32 pixels wide
	img := networkPicture(network(49, 1), input)
	if lit, below := img.RGBAAt(36+48, 188+16), img.RGBAAt(36+16, 188+48); lit != white || below != black {
		t.Errorf("the lit pixel is %v, the one in the other direction %v", lit, below)
	}
	for inputs, want := range map[int]bool{25: false, 36: true, 50: false} {
		img := networkPicture(network(inputs, 1), make([]float64, inputs))
		if got := img.RGBAAt(200, 230) == black; got != want {
			t.Errorf("%d inputs as an image: %v, want %v", inputs, got, want)
		}
	}
}

func TestFromAnImageTheSixStrongestConnectionsAreShown(t *testing.T) {
	net, input := network(49, 1), make([]float64, 49)
	for row := range 7 { // a connection from each row of the image, each stronger than the one above
		input[7*row] = 1
	}
	for k := range net.Layers[0].Weights.Data {
		net.Layers[0].Weights.Data[k] = 1 + float64(k)/100
	}
	img, shown := networkPicture(net, input), 0
	for y := 187; y < 413; y++ { // just beside the edge of the image
		if img.RGBAAt(266, y) != night && img.RGBAAt(266, y-1) == night {
			shown++
		}
	}
	if shown != 6 {
		t.Errorf("%d connections, want 6", shown)
	}
}

func TestStrengthOfAConnectionIsWeightTimesActivation(t *testing.T) {
	l := &nn.Layer{Weights: &nn.Matrix{Rows: 3, Cols: 1, Data: []float64{5, -2, 3}}, Biases: []float64{0}}
	got := connections(l, column(0, 100, []float64{0, 1, 0.5}), column(100, 100, []float64{0}), 3)
	for i, want := range []float64{0, 0.75, 1} { // |5·0|, |3·½|, |−2·1|
		if got[i].strength != want {
			t.Errorf("connection %d has the strength %v, want %v", i, got[i].strength, want)
		}
	}
}

func TestColourOfAConnectionIsTheSignOfItsWeight(t *testing.T) {
	net := network(1, 1)
	for weight, red := range map[float64]bool{1: true, -1: false} {
		net.Layers[0].Weights.Data[0] = weight
		if c := networkPicture(net, []float64{1}).RGBAAt(450, 300); (c.R > c.B) != red || c.R == c.B {
			t.Errorf("the connection of weight %v is %v, want red: %v", weight, c, red)
		}
	}
}
