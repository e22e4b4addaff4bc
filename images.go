package nn

import (
	"encoding/binary"
	"fmt"
	"image"
	"math"
	"slices"
)

const digitSide = 20 // MNIST's digits fit a square of 20×20 pixels

// margin returns the space before a digit of the given length in 28 pixels. Its
// centre of mass comes to pixel 14, as in MNIST, or as near to it as it fits.
func margin(length int, centre float64) int {
	return max(0, min(28-length, int(math.Round(14-centre))))
}

// Images are labelled grayscale images, as [Examples]. The input is the pixels
// divided by 255, row by row from the top left: 0 is black, MNIST's background,
// and 1 is white, its strokes. The target is 1 at the label and 0 elsewhere.
//
// Only pixels that are not black are stored, in two bytes each: MNIST's 60,000
// images take 18 MB, where all pixels would take 47 MB and float64 inputs 376 MB.
// A set of your own starts empty and grows by [Images.Add]:
//
//	mine := &nn.Images{Width: 28, Height: 28, Classes: 10}
//
// A set with images in it must not be copied by assignment: use [Images.Slice].
type Images struct {
	Width, Height int    // of every image; they must not change once there is one
	Classes       int    // labels are 0 … Classes−1
	Labels        []byte // one for each image

	// Image i is packed[start[i]:start[i+1]]. A pixel that is not black is two
	// bytes: its distance from the previous one, or from the first pixel of the
	// image, and its grey level. Black pixels split a distance above 255.
	packed []byte
	start  []int
	size   int // pixels of an image
	noCopy noCopy
}

// Add appends an image and its label. It panics if the number of pixels is not
// Width·Height or the label is not below Classes.
func (d *Images) Add(pixels []byte, label byte) {
	if d.Width < 1 || d.Height < 1 || len(pixels) != d.Width*d.Height {
		panic(fmt.Sprintf("nn: %d pixels for an image of %d×%d", len(pixels), d.Width, d.Height))
	}
	if int(label) >= d.Classes {
		panic(fmt.Sprintf("nn: label %d, need below %d: set Classes to more than the highest label", label, d.Classes))
	}
	if len(d.start) == 0 {
		d.start, d.size = []int{0}, len(pixels)
	}
	d.mustBeAsAdded()
	n, gap := len(d.packed), 0
	packed := slices.Grow(d.packed, 2*len(pixels))[:n+2*len(pixels)]
	for eight := range slices.Chunk(pixels, 8) {
		if len(eight) == 8 && binary.LittleEndian.Uint64(eight) == 0 {
			gap += 8
			continue
		}
		// Every pixel is written, but n advances only past one that is not black. A
		// branch would be mispredicted at every edge of a stroke.
		for _, p := range eight {
			for ; gap > 255 && p > 0; gap -= 255 {
				packed[n], packed[n+1] = 255, 0
				n += 2
			}
			packed[n+1], packed[n] = p, byte(gap)
			n += 2 * nonzero(p)
			gap = 1 + gap*(1-nonzero(p))
		}
	}
	d.packed = packed[:n]
	d.start = append(d.start, n)
	d.Labels = append(d.Labels, label)
}

// reserve grows the capacity to count images, once an eighth of them are there to
// estimate it from. Repeated growth would leave a part of it unused.
func (d *Images) reserve(count int) {
	n, most := d.Len(), 2*d.Width*d.Height
	if n > count/8 && cap(d.packed)-len(d.packed) < most {
		rest := (len(d.packed)/n + 1) * (count - n)
		d.packed = slices.Grow(d.packed, rest+rest/32+most)
	}
}

// nonzero returns 0 if p is 0, and 1 otherwise, without a branch.
func nonzero(p byte) int { return int((uint(p) + 255) >> 8) }

// Len returns the number of images.
func (d *Images) Len() int { return len(d.Labels) }

// Example writes the input and target of image i. It panics if their lengths are
// not Width·Height and Classes, or if the label is not below Classes.
func (d *Images) Example(i int, input, target []float64) {
	d.target(i, len(input), target)
	clear(input)
	at := 0
	for packed := d.image(i); len(packed) > 0; packed = packed[2:] {
		at += int(packed[0])
		input[at] = greys[packed[1]]
	}
}

// readSparse does what Example does, with the input as a sparse row.
func (d *Images) readSparse(i int, input *sparseRow, target []float64) {
	d.target(i, input.cols, target)
	index, value := input.full()
	at, n := 0, 0
	for packed := d.image(i); len(packed) >= 2; packed = packed[2:] {
		at += int(packed[0])
		index[n], value[n] = int32(at), greys[packed[1]]
		n += nonzero(packed[1])
	}
	input.cut(n)
}

// prefetch reads a byte of every cache line of some images, so that they come from
// memory together. Shuffled images lie far apart: readSparse would wait for each.
//
//go:noinline
func (d *Images) prefetch(images []int) (sum byte) {
	for _, i := range images {
		sum += d.Labels[i]
		packed := d.image(i)
		for at := 0; at < len(packed); at += 64 {
			sum += packed[at]
		}
	}
	return sum // without a result the compiler would remove the reads
}

// greys[p] is p/255.
var greys = func() (greys [256]float64) {
	for p := range greys {
		greys[p] = float64(p) / 255
	}
	return greys
}()

// target writes the target of image i and checks the lengths.
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

// image returns the packed pixels of image i.
func (d *Images) image(i int) []byte {
	d.mustBeAsAdded()
	return d.packed[d.start[i]:d.start[i+1]]
}

// mustBeAsAdded panics if Labels, Width or Height do not fit the images added.
func (d *Images) mustBeAsAdded() {
	if len(d.Labels)+1 != len(d.start) {
		panic(fmt.Sprintf("nn: %d labels for %d images", len(d.Labels), max(0, len(d.start)-1)))
	}
	if d.Width < 1 || d.Width*d.Height != d.size {
		panic(fmt.Sprintf("nn: images of %d×%d that were added with %d pixels", d.Width, d.Height, d.size))
	}
}

// Image returns a copy of image i.
func (d *Images) Image(i int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, d.Width, d.Height))
	at := 0
	for packed := d.image(i); len(packed) > 0; packed = packed[2:] {
		at += int(packed[0])
		img.Pix[at] = packed[1]
	}
	return img
}

// Slice returns images i to j, j excluded, for example to hold back some for
// validation. They share memory with d. Slice panics if i or j is out of range.
func (d *Images) Slice(i, j int) *Images {
	if i < 0 || j < i || j > d.Len() {
		panic(fmt.Sprintf("nn: images %d to %d of %d", i, j, d.Len()))
	}
	s := &Images{Width: d.Width, Height: d.Height, Classes: d.Classes, size: d.size}
	if i < j {
		d.mustBeAsAdded()
		s.Labels = d.Labels[i:j:j]
		s.start = d.start[i : j+1 : j+1]
		s.packed = d.packed[:d.start[j]:d.start[j]]
	}
	return s
}
