package nn

import (
	"encoding/binary"
	"fmt"
	"image"
	"slices"
)

// digitSide is the side of the square, in pixels, that MNIST's digits fit.
const digitSide = 20

// Images are labelled grey pictures as [Examples]. The input of an image is its
// pixels divided by 255, row by row from the top left: 0 for black (the paper,
// in MNIST) and 1 for white (the stroke). The target is 1 at the label and 0
// elsewhere.
//
// Only pixels that are not black are stored, in two bytes each. MNIST's 60,000
// images take 18 MB, where all their pixels would take 47 MB and the inputs as
// float64 376 MB. A set of your own begins empty and grows by [Images.Add]:
//
//	mine := &nn.Images{Width: 28, Height: 28, Classes: 10}
//
// A set with images in it must not be copied by assignment: use [Images.Slice].
type Images struct {
	Width, Height int    // of every image; they must not change once there is one
	Classes       int    // labels are 0 … Classes−1
	Labels        []byte // one an image

	// Image i is packed[start[i]:start[i+1]]. A pixel that is not black is two
	// bytes: its distance from the one before, or from the first pixel of the
	// image, and its grey. A distance above 255 is divided by black pixels.
	packed []byte
	start  []int

	size   int     // pixels of an image
	found  []int32 // buffer of Add
	noCopy noCopy
}

// Add appends a picture and its label. It panics if the number of pixels is not
// Width·Height or the label is not below Classes.
func (d *Images) Add(pixels []byte, label byte) {
	if d.Width < 1 || d.Height < 1 || len(pixels) != d.Width*d.Height {
		panic(fmt.Sprintf("nn: %d pixels for an image of %d×%d", len(pixels), d.Width, d.Height))
	}
	if int(label) >= d.Classes {
		panic(fmt.Sprintf("nn: label %d, need below %d", label, d.Classes))
	}
	if len(d.start) == 0 {
		d.start, d.size = []int{0}, len(pixels)
	}
	d.mustBeAsAdded()
	most := 2 * len(pixels) // bytes: a packed pixel takes two and stands for at least one
	if cap(d.packed)-len(d.packed) < most {
		d.packed = slices.Grow(d.packed, len(d.packed)+most)
	}
	packed := d.packed[len(d.packed):cap(d.packed)]
	at, n := 0, 0
	for _, k := range d.find(pixels) {
		for ; int(k)-at > 255; at += 255 {
			packed[n], packed[n+1] = 255, 0
			n += 2
		}
		packed[n], packed[n+1] = byte(int(k)-at), pixels[k]
		n += 2
		at = int(k)
	}
	d.packed = d.packed[:len(d.packed)+n]
	d.start = append(d.start, len(d.packed))
	d.Labels = append(d.Labels, label)
}

// reserve grows the capacity for count images, once an eighth of them are there
// to estimate it from. Growth by doubling would leave up to half of it unused.
func (d *Images) reserve(count int) {
	n, most := d.Len(), 2*d.Width*d.Height
	if n > count/8 && cap(d.packed)-len(d.packed) < most {
		rest := (len(d.packed)/n + 1) * (count - n)
		d.packed = slices.Grow(d.packed, rest+rest/32+most)
	}
}

// find returns the positions of the pixels that are not black. It writes every
// position and moves on only where the pixel is not black: a branch at each
// edge of a stroke, which a processor cannot predict, would take longer.
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

// lit returns 1, or 0 for a black pixel.
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
	for packed := d.image(i); len(packed) > 0; packed = packed[2:] {
		at += int(packed[0])
		input[at] = greys[packed[1]]
	}
}

// readSparse writes what Example does, the input as a sparse row.
func (d *Images) readSparse(i int, input *sparseRow, target []float64) {
	d.target(i, input.cols, target)
	index, value := input.full()
	at, n := 0, 0
	for packed := d.image(i); len(packed) >= 2; packed = packed[2:] {
		at += int(packed[0])
		index[n], value[n] = int32(at), greys[packed[1]]
		n += lit(packed[1])
	}
	input.cut(n)
}

// prefetch reads a byte of every cache line of some images, and so has the
// memory deliver them at once. Shuffled images lie far apart, and readSparse
// would wait for each of them.
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
	return sum // a result keeps the compiler from dropping the reads
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

// image returns the packed pixels of image i.
func (d *Images) image(i int) []byte {
	d.mustBeAsAdded()
	return d.packed[d.start[i]:d.start[i+1]]
}

// mustBeAsAdded panics if Labels, Width or Height do not fit the images that
// were added.
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
	for packed := d.image(i); len(packed) > 0; packed = packed[2:] {
		at += int(packed[0])
		img.Pix[at] = packed[1]
	}
	return img
}

// Slice returns images i to j, j excluded, for instance to hold back a part for
// validation. It shares memory with d. It panics if i or j is out of range.
func (d *Images) Slice(i, j int) *Images {
	if i < 0 || j < i || j > d.Len() {
		panic(fmt.Sprintf("nn: images %d to %d of %d", i, j, d.Len()))
	}
	s := &Images{Width: d.Width, Height: d.Height, Classes: d.Classes, size: d.size}
	if i == j {
		return s
	}
	d.mustBeAsAdded()
	s.Labels = d.Labels[i:j:j]
	s.start = d.start[i : j+1 : j+1]
	s.packed = d.packed[:d.start[j]:d.start[j]]
	return s
}
