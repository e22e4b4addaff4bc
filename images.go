package nn

import (
	"encoding/binary"
	"fmt"
	"image"
	"slices"
)

// Images are labelled grey pictures as [Examples]: the input is each pixel
// divided by 255, row by row from the top left, 0 for black (the paper, in
// MNIST) and 1 for white (the ink); the target is 1 at the label and 0
// elsewhere.
//
// Of a picture only the pixels that are not black are kept, each as two bytes,
// so that nobody has to look for them again: MNIST's 60,000 take 18 MB, where
// their pixels would take 47 MB and the inputs as float64 376 MB. A set of your
// own begins empty and grows by [Images.Add]:
//
//	mine := &nn.Images{Width: 28, Height: 28, Classes: 10}
//
// Once there are images in it, a set is copied by [Images.Slice] alone.
type Images struct {
	Width, Height int    // of every image: not to be changed once there is one
	Classes       int    // labels are 0 … Classes−1
	Labels        []byte // one an image

	// Image i is steps[start[i]:start[i+1]], two bytes for each pixel that is
	// not black: how far it is from the one before, or from the first pixel,
	// and its grey. Where a byte cannot hold the way, black steps of 255
	// shorten it.
	steps []byte
	start []int

	size  int     // pixels of an image
	self  *Images // once it has grown
	found []int32 // room for Add
}

// Add appends a picture and its label. It panics if there are not
// Width·Height pixels, the label is not below Classes, or d is a copy of another
// set by assignment.
func (d *Images) Add(pixels []byte, label byte) {
	if d.Width < 1 || d.Height < 1 || len(pixels) != d.Width*d.Height {
		panic(fmt.Sprintf("nn: %d pixels for an image of %d×%d", len(pixels), d.Width, d.Height))
	}
	if len(d.start) == 0 {
		d.start, d.size = []int{0}, len(pixels)
	}
	if d.self != nil && d.self != d {
		panic("nn: Images were copied after Add, need Slice")
	}
	d.self = d
	d.mustBeAsAdded()
	if int(label) >= d.Classes {
		panic(fmt.Sprintf("nn: label %d, need below %d", label, d.Classes))
	}
	if room := 2 * len(pixels); cap(d.steps)-len(d.steps) < room { // a step is two bytes and at least one pixel long
		d.steps = slices.Grow(d.steps, len(d.steps)+room)
	}
	steps := d.steps[len(d.steps):cap(d.steps)]
	at, n := 0, 0
	for _, k := range d.find(pixels) {
		for ; int(k)-at > 255; at += 255 {
			steps[n], steps[n+1] = 255, 0
			n += 2
		}
		steps[n], steps[n+1] = byte(int(k)-at), pixels[k]
		n += 2
		at = int(k)
	}
	d.steps = d.steps[:len(d.steps)+n]
	d.start = append(d.start, len(d.steps))
	d.Labels = append(d.Labels, label)
}

// reserve makes room for the rest of count images, once an eighth of them are
// there to estimate it from. Doubling would leave up to half of the room empty.
func (d *Images) reserve(count int) {
	n, room := d.Len(), 2*d.Width*d.Height
	if n > count/8 && cap(d.steps)-len(d.steps) < room {
		rest := (len(d.steps)/n + 1) * (count - n)
		d.steps = slices.Grow(d.steps, rest+rest/32+room)
	}
}

// find returns where the pixels are that are not black. It writes down every
// place but goes on to the next line of its list only if there is ink, because
// a branch at each border of the ink, which no processor can foresee, would
// take longer than all the rest.
func (d *Images) find(pixels []byte) []int32 {
	if len(d.found) < len(pixels) {
		d.found = make([]int32, len(pixels))
	}
	found, n, k := d.found, 0, 0
	for ; k+8 <= len(pixels); k += 8 {
		eight := (*[8]byte)(pixels[k:])
		if binary.LittleEndian.Uint64(eight[:]) == 0 {
			continue
		}
		for i, p := range eight {
			found[n] = int32(k + i)
			n += lit(p)
		}
	}
	for ; k < len(pixels); k++ {
		found[n] = int32(k)
		n += lit(pixels[k])
	}
	return found[:n]
}

// lit is 1, or 0 for a black pixel.
func lit(p byte) int { return int((uint(p) + 255) >> 8) }

// Len returns the number of images.
func (d *Images) Len() int { return len(d.Labels) }

// Example writes the input and target of image i. It panics if the input is
// not Width·Height long, the target not Classes long, or the label not below
// Classes.
func (d *Images) Example(i int, input, target []float64) {
	d.target(i, len(input), target)
	clear(input)
	at := 0
	for steps := d.image(i); len(steps) > 0; steps = steps[2:] {
		at += int(steps[0])
		input[at] = greys[steps[1]]
	}
}

// A lister can write an example's input by what is not zero in it, which is
// what training and bulk prediction make of any input.
type lister interface {
	list(i int, x *ink, row int, target []float64)
}

// list writes what Example does, the input as a row of x.
func (d *Images) list(i int, x *ink, row int, target []float64) {
	d.target(i, x.cols, target)
	index, value := x.room(row)
	at, n := 0, 0
	for steps := d.image(i); len(steps) >= 2; steps = steps[2:] {
		at += int(steps[0])
		index[n], value[n] = int32(at), greys[steps[1]]
		n += lit(steps[1])
	}
	x.count[row] = int32(n)
}

// prefetch brings the images of a mini-batch near the processor. Shuffled ones
// lie far apart in memory; asked for at once they arrive together, instead of
// being waited for one by one.
//
//go:noinline
func (d *Images) prefetch(batch []int) (touched byte) {
	for _, i := range batch {
		steps := d.image(i)
		touched += d.Labels[i]
		for at := 0; at < len(steps); at += 64 { // a cache line
			touched += steps[at]
		}
	}
	return touched // otherwise the compiler would see that nothing is needed
}

// greys[p] is p/255.
var greys = func() (greys [256]float64) {
	for p := range greys {
		greys[p] = float64(p) / 255
	}
	return greys
}()

func (d *Images) target(i, inputs int, target []float64) {
	if inputs != d.Width*d.Height || len(target) != d.Classes {
		panic(fmt.Sprintf("nn: images of %d×%d in %d classes for a network of %d inputs and %d outputs",
			d.Width, d.Height, d.Classes, inputs, len(target)))
	}
	label := int(d.Labels[i])
	if label >= d.Classes {
		panic(fmt.Sprintf("nn: label %d of image %d, need below %d", label, i, d.Classes))
	}
	clear(target)
	target[label] = 1
}

// image returns the steps of image i.
func (d *Images) image(i int) []byte {
	d.mustBeAsAdded()
	return d.steps[d.start[i]:d.start[i+1]]
}

// mustBeAsAdded panics if Labels, Width or Height no longer fit the images.
func (d *Images) mustBeAsAdded() {
	if len(d.Labels)+1 != len(d.start) {
		panic(fmt.Sprintf("nn: %d labels for %d images", len(d.Labels), max(0, len(d.start)-1)))
	}
	if d.Width < 1 || d.Width*d.Height != d.size {
		panic(fmt.Sprintf("nn: images of %d×%d that were added with %d pixels", d.Width, d.Height, d.size))
	}
}

// Image returns image i, as a copy.
func (d *Images) Image(i int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, d.Width, d.Height))
	at := 0
	for steps := d.image(i); len(steps) > 0; steps = steps[2:] {
		at += int(steps[0])
		img.Pix[at] = steps[1]
	}
	return img
}

// Slice returns images i to j, j excluded: to keep a part for validation. It
// shares memory with d. It panics if there are no such images.
func (d *Images) Slice(i, j int) *Images {
	if i < 0 || j < i || j > d.Len() {
		panic(fmt.Sprintf("nn: images %d to %d of %d", i, j, d.Len()))
	}
	s := Images{Width: d.Width, Height: d.Height, Classes: d.Classes, size: d.size}
	if i == j {
		return &s
	}
	d.mustBeAsAdded()
	s.Labels = d.Labels[i:j:j]
	s.start = d.start[i : j+1 : j+1]
	s.steps = d.steps[:d.start[j]:d.start[j]]
	return &s
}
