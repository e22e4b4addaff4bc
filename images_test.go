package nn

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// pictures returns a set of the given pictures, all of class 0.
func pictures(width, height int, all ...[]byte) *Images {
	d := &Images{Width: width, Height: height, Classes: 1}
	for _, pixels := range all {
		d.Add(pixels, 0)
	}
	return d
}

// lonely returns a picture that is black except for the given pixels.
func lonely(size int, places ...int) []byte {
	pixels := make([]byte, size)
	for i, k := range places {
		pixels[k] = byte(i + 1)
	}
	return pixels
}

func TestPicturesComeBackAsTheyWere(t *testing.T) {
	noise := make([]byte, 40*50)
	for i := range noise {
		noise[i] = byte(rand.IntN(256) * rand.IntN(2))
	}
	all := [][]byte{
		lonely(2000), lonely(2000, 0), lonely(2000, 1999), lonely(2000, 0, 1999),
		lonely(2000, 255), lonely(2000, 256), lonely(2000, 257), lonely(2000, 3, 3+255, 3+2*255+1, 3+5*255),
		bytes.Repeat([]byte{255}, 2000), noise, lonely(2000, 7, 8, 9, 15, 16, 17, 1990, 1992),
	}
	d := pictures(40, 50, all...)
	input, target := make([]float64, 2000), make([]float64, 1)
	row := newSparseRow(2000)
	for i, want := range all {
		if got := d.Image(i).Pix; !bytes.Equal(got, want) {
			t.Errorf("picture %d comes back as %v", i, got)
		}
		d.Example(i, input, target)
		for k, p := range want {
			if input[k] != float64(p)/255 {
				t.Fatalf("picture %d: input %d is %v for a pixel of %d", i, k, input[k], p)
			}
		}
		dense := sparse(&Matrix{1, 2000, input})[0]
		d.readSparse(i, &row, target)
		if !slices.Equal(row.index, dense.index) || !slices.Equal(row.value, dense.value) {
			t.Fatalf("picture %d as a sparse row is %v at %v, want %v at %v", i, row.value, row.index, dense.value, dense.index)
		}
	}
}

func TestExampleIsPixelsOver255AndOneHot(t *testing.T) {
	d := &Images{Width: 2, Height: 1, Classes: 3}
	d.Add([]byte{9, 9}, 0)
	d.Add([]byte{0, 51}, 2)
	input, target := []float64{5, 5}, []float64{5, 5, 5}
	d.Example(1, input, target)
	mustBeSame(t, "input", input, []float64{0, 0.2})
	mustBeSame(t, "target", target, []float64{0, 0, 1})
}

func TestImagesTakeTwoBytesForEachPixelThatIsNotBlack(t *testing.T) {
	d := Synthetic(random(1), 1000)
	pixels := 0 // that are not black
	for i := range d.Len() {
		pixels += 784 - bytes.Count(d.Image(i).Pix, []byte{0})
	}
	if got := len(d.packed); got > 2*pixels+2*d.Len() {
		t.Errorf("%d bytes for %d pixels that are not black", got, pixels)
	}
	for place, want := range map[int]int{0: 2, 255: 2, 256: 4, 599: 6} { // black pixels behind it take none
		if got := len(pictures(600, 1, lonely(600, place)).packed); got != want {
			t.Errorf("%d bytes for a pixel after %d black ones, want %d", got, place, want)
		}
	}
}

func TestADigitsCentreOfMassComesToTheMiddleAsNearAsItFits(t *testing.T) {
	for _, c := range []struct {
		length int
		centre float64
		margin int
	}{{20, 10, 4}, {20, 9.4, 5}, {20, 12.4, 2}, {20, 0.5, 8}, {20, 20, 0}, {7, 3, 11}, {7, 0, 14}, {28, 9, 0}, {28, 14, 0}} {
		if got := margin(c.length, c.centre); got != c.margin {
			t.Errorf("%d pixels with their centre at %v begin at %d, want %d", c.length, c.centre, got, c.margin)
		}
	}
}

func TestImageIsACopy(t *testing.T) {
	d := Synthetic(random(1), 1)
	d.Image(0).Pix[400] = 77
	if d.Image(0).Pix[400] == 77 {
		t.Error("changing what Image returned changes the image")
	}
	if b := d.Image(0).Bounds(); b.Dx() != 28 || b.Dy() != 28 {
		t.Errorf("bounds %v", b)
	}
}

func TestSliceIsAPart(t *testing.T) {
	d := Synthetic(random(1), 6)
	part := d.Slice(2, 5).Slice(1, 3)
	if part.Len() != 2 || part.Labels[0] != d.Labels[3] || !bytes.Equal(part.Image(1).Pix, d.Image(4).Pix) {
		t.Errorf("%d images, the first a %d", part.Len(), part.Labels[0])
	}
	if part.Labels[0] = 9 - part.Labels[0]; d.Labels[3] != part.Labels[0] {
		t.Error("the part does not share memory with the whole")
	}
	last, label := d.Image(5).Pix, d.Labels[5]
	for _, grey := range []byte{9, 0} {
		part := part.Slice(0, 2)
		part.Add(bytes.Repeat([]byte{grey}, 784), 7)
		if part.Len() != 3 || !bytes.Equal(d.Image(5).Pix, last) || d.Labels[5] != label {
			t.Errorf("adding an image of grey %d to a part changes the whole", grey)
		}
	}
}

func TestSliceOfNothingIsEmptyAndCanGrow(t *testing.T) {
	for name, d := range map[string]*Images{"an empty set": {Width: 2, Height: 1, Classes: 3}, "a set of one": pictures(2, 1, []byte{1, 2})} {
		d.Classes = 3
		part := d.Slice(0, 0)
		part.Add([]byte{3, 4}, 2)
		if part.Len() != 1 || part.Image(0).Pix[1] != 4 {
			t.Errorf("%s: %d images", name, part.Len())
		}
	}
}

// The images of these two are black, whatever the embedded type has.

type blackImages struct{ *Images }

func (b blackImages) Example(i int, input, target []float64) {
	b.Images.Example(i, input, target)
	clear(input)
}

type blackDistorted struct{ Distorted }

func (b blackDistorted) Example(i int, input, target []float64) {
	b.Distorted.Example(i, input, target)
	clear(input)
}

func TestATypeThatEmbedsImagesIsObeyed(t *testing.T) {
	digits := Synthetic(random(1), 40)
	n := New(random(2), 784, 16, 16, 10)
	want := n.Predict(make([]float64, 784))
	for name, black := range map[string]Examples{
		"Images":    blackImages{digits},
		"Distorted": blackDistorted{Distorted{digits, 1, 1}},
	} {
		all := n.PredictAll(black)
		for i := range all.Rows {
			mustBeSame(t, name+": outputs", all.Row(i), want)
		}
		trained := n.Clone()
		if _, err := (&SGD{Rate: 3}).Epoch(trained, black); err != nil {
			t.Fatal(err)
		}
		mustBeSame(t, name+": first layer's weights", trained.Layers[0].Weights.Data, n.Layers[0].Weights.Data)
	}
}

func TestImagesPanicOnMisuse(t *testing.T) {
	d := Synthetic(random(1), 3)
	mustPanic(t, func() { d.Example(0, make([]float64, 783), make([]float64, 10)) }, "28×28", "783 inputs")
	mustPanic(t, func() { d.Example(0, make([]float64, 784), make([]float64, 9)) }, "10 classes", "9 outputs")
	mustPanic(t, func() { d.Add(make([]byte, 783), 0) }, "783 pixels", "28×28")
	mustPanic(t, func() { d.Add(make([]byte, 784), 10) }, "label 10", "below 10")
	for _, size := range [][2]int{{-2, -1}, {0, 5}, {5, 0}} {
		words := fmt.Sprintf("%d pixels for an image of %d×%d", size[0]*size[1], size[0], size[1])
		mustPanic(t, func() {
			(&Images{Width: size[0], Height: size[1], Classes: 3}).Add(make([]byte, size[0]*size[1]), 0)
		}, words)
	}
	mustPanic(t, func() { (&Images{Width: 28, Height: 28}).Add(make([]byte, 784), 0) }, "label 0, need below 0", "set Classes")
	d.Labels[1] = 10
	mustPanic(t, func() { d.Example(1, make([]float64, 784), make([]float64, 10)) }, "label 10", "image 1")
	d.Labels = d.Labels[:2]
	mustPanic(t, func() { d.Image(1) }, "2 labels", "3 images")
	mustPanic(t, func() { d.Slice(0, 1) }, "2 labels", "3 images")
	mustPanic(t, func() { (&SGD{Rate: 1}).Epoch(New(random(1), 784, 10), d) }, "2 labels", "3 images")
	mustPanic(t, func() { (&Images{Width: 1, Height: 1, Classes: 1, Labels: []byte{0}}).Image(0) }, "1 labels", "0 images")
	for _, c := range [][2]int{{-1, 2}, {2, 1}, {0, 4}} {
		mustPanic(t, func() { Synthetic(random(1), 3).Slice(c[0], c[1]) }, fmt.Sprintf("%d to %d of 3", c[0], c[1]))
	}
	turned := pictures(2, 2, []byte{1, 2, 3, 4})
	turned.Width, turned.Height = -2, -2
	mustPanic(t, func() { Distorted{turned, 1, 1}.Image(0) }, "-2×-2", "4 pixels")
	resized := Synthetic(random(1), 3)
	resized.Width = 14
	mustPanic(t, func() { resized.Image(0) }, "14×28", "784 pixels")
	mustPanic(t, func() { resized.Add(make([]byte, 14*28), 0) }, "14×28", "784 pixels")
	mustPanic(t, func() { (&SGD{Rate: 1}).Epoch(New(random(1), 14*28, 10), resized) }, "14×28", "784 pixels")
}

func FuzzImages(f *testing.F) {
	f.Add(7, []byte{1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9})
	f.Add(1, make([]byte, 1000))
	f.Add(2, lonely(2000, 0, 900, 1999))
	f.Fuzz(func(t *testing.T, width int, pixels []byte) {
		if width < 1 || len(pixels) < width {
			return
		}
		pixels = pixels[:len(pixels)/width*width]
		if got := pictures(width, len(pixels)/width, pixels).Image(0).Pix; !bytes.Equal(got, pixels) {
			t.Errorf("%v comes back as %v", pixels, got)
		}
	})
}
