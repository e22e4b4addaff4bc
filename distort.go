package nn

import (
	"fmt"
	"image"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"slices"
)

// Distorted are images with random distortions, as [Examples], so small that the
// labels stay true. A network that sees every image in a new form in each epoch
// cannot memorize them and has to learn what does not change (Simard, Steinkraus
// and Platt, Best Practices for Convolutional Neural Networks Applied to Visual
// Document Analysis, 2003):
//
//	for epoch := range epochs {
//		cost, err := sgd.Epoch(net, nn.Distorted{Images: train, Seed: uint64(epoch), Strength: 1})
//		…
//	}
//
// The distortion of image i depends only on Seed, i and Strength. At Strength 1
// an image is rotated by up to ±8°, scaled by up to ±8 % in each direction,
// sheared by up to ±0.15, shifted by up to ±1 pixel and bent by waves up to ±0.8
// pixels high. Its greys become darker or lighter by up to 80 of 255, which makes
// white strokes thinner or thicker by a fraction of a pixel. All values are
// uniformly distributed. Other strengths multiply the ranges.
type Distorted struct {
	Images   *Images
	Seed     uint64
	Strength float64 // from 0, which leaves the images unchanged, to 2
}

// Len returns the number of images.
func (d Distorted) Len() int { return d.Images.Len() }

// Example writes the input and target of image i, distorted. It panics where
// [Images.Example] does, and if Strength is not from 0 to 2.
func (d Distorted) Example(i int, input, target []float64) {
	row := newSparseRow(len(input))
	d.readSparse(i, &row, target)
	clear(input)
	for k, at := range row.index {
		input[at] = row.value[k]
	}
}

// Image returns image i, distorted. It panics if Strength is not from 0 to 2.
func (d Distorted) Image(i int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, d.Images.Width, d.Images.Height))
	row := newSparseRow(len(img.Pix))
	d.readSparse(i, &row, make([]float64, d.Images.Classes))
	for k, at := range row.index {
		img.Pix[at] = byte(math.Round(255 * row.value[k]))
	}
	return img
}

// readSparse does what Example does, with the input as a sparse row. It maps
// each pixel of the result to a place in the source and interpolates between the
// four pixels around it (bilinear interpolation). Places are fixed-point, in
// 65,536ths of a pixel: the step to the next one is two additions.
func (d Distorted) readSparse(i int, input *sparseRow, target []float64) {
	d.Images.target(i, input.cols, target)
	width, height := d.Images.Width, d.Images.Height
	v := d.distortion(i, width, height)
	var small [32 * 32]uint32 // enough for MNIST, on the stack
	pairs, bounds := d.pairs(small[:0], i)
	stride := width + 1
	box := v.reach(bounds).Intersect(image.Rect(0, 0, width, height))

	index, value := input.full()
	n, stepX, stepY := 0, int(65536*v.xx), int(65536*v.yx)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		x := float64(box.Min.X)
		sx := int(65536 * (v.xx*x + v.xy*float64(y) + v.x0 + v.waveX[y%period] + 1))
		sy := int(65536 * (v.yx*x + v.yy*float64(y) + v.y0 + 1))
		for x := box.Min.X; x < box.Max.X; x, sx, sy = x+1, sx+stepX, sy+stepY {
			sy := sy + v.waveY[uint(x)%period]
			column, line := sx>>16, sy>>16
			if uint(column) > uint(width) || uint(line) > uint(height) {
				continue
			}
			fractionX, fractionY := uint32(sx>>8&255), uint32(sy>>8&255) // in 256ths
			at := line*stride + column
			mixed := pairs[at]*(256-fractionY) + pairs[at+stride]*fractionY
			grey := int((mixed&0xffff*(256-fractionX)+mixed>>16*fractionX)>>16) - v.offset
			// Masks clamp grey·gain/256 to 0…255. Branches would often be mispredicted.
			grey = (grey &^ (grey >> 31)) * v.gain >> 8
			grey = (grey | (255-grey)>>31) & 255
			index[n], value[n] = int32(y*width+x), greys[grey]
			n += nonzero(byte(grey))
		}
	}
	input.cut(n)
}

// pairs returns image i with a border of black pixels, and the bounds of what is
// not black. A pair is a pixel and its right neighbour, 16 bits each: one
// multiplication does both.
func (d Distorted) pairs(buffer []uint32, i int) (pairs []uint32, bounds image.Rectangle) {
	width, height := d.Images.Width, d.Images.Height
	stride, size := width+1, (width+1)*(height+2)
	pairs = slices.Grow(buffer, size)[:size]
	left, right, top, bottom := width, 0, height, 0
	x, y := 0, 0
	for packed := d.Images.image(i); len(packed) >= 2; packed = packed[2:] {
		for x += int(packed[0]); x >= width; x -= width {
			y++
		}
		at, grey := (y+1)*stride+x, uint32(packed[1])
		pairs[at] |= grey << 16
		pairs[at+1] |= grey
		left, right, top, bottom = min(left, x), max(right, x+1), min(top, y), y+1
	}
	return pairs, image.Rect(left, top, right, bottom)
}

const period = 32 // of the waves, in pixels

// A distortion maps pixel (x, y) to the place
// (xx·x + xy·y + x0 + waveX[y], yx·x + yy·y + y0 + waveY[x]) of the source, and
// a grey level g to (g−offset)·gain/256.
type distortion struct {
	xx, xy, x0, yx, yy, y0 float64
	waveX                  [period]float64 // pixels
	waveY                  [period]int     // 65,536ths of a pixel
	bend                   float64         // the height of the higher wave, in pixels
	offset, gain           int
}

func (d Distorted) distortion(i, width, height int) (v distortion) {
	if !(d.Strength >= 0 && d.Strength <= 2) {
		panic(fmt.Sprintf("nn: Distorted.Strength is %v, need from 0 to 2", d.Strength))
	}
	var source rand.PCG
	source.Seed(d.Seed, uint64(i))
	uniform := func(limit float64) float64 { // from −limit to limit
		return limit * (float64(source.Uint64()>>11)/(1<<52) - 1)
	}
	s := d.Strength
	sin, cos := math.Sincos(s * uniform(8*math.Pi/180))
	wide, high, shear := 1+s*uniform(0.08), 1+s*uniform(0.08), s*uniform(0.15)
	v.xx, v.xy = wide*cos, wide*(shear*cos-sin)
	v.yx, v.yy = high*sin, high*(shear*sin+cos)
	centreX, centreY := float64(width-1)/2, float64(height-1)/2 // only shifted
	v.x0 = centreX - v.xx*centreX - v.xy*centreY + s*uniform(1)
	v.y0 = centreY - v.yx*centreX - v.yy*centreY + s*uniform(1)
	bendX, bendY := s*uniform(0.8), s*uniform(0.8)
	v.bend = max(math.Abs(bendX), math.Abs(bendY))
	turn := cmplx.Rect(1, 2*math.Pi/period)
	phaseX, phaseY := cmplx.Rect(1, uniform(math.Pi)), cmplx.Rect(1, uniform(math.Pi))
	for k := range period {
		v.waveX[k], v.waveY[k] = bendX*imag(phaseX), int(65536*(bendY*imag(phaseY)))
		phaseX, phaseY = phaseX*turn, phaseY*turn
	}
	change := int(s * uniform(80))
	v.offset = max(0, change)
	v.gain = 256 * 255 / (255 - max(change, -change))
	return v
}

// reach returns a box around the pixels that a box of the source can reach.
func (v *distortion) reach(source image.Rectangle) image.Rectangle {
	fromX := float64(source.Min.X+source.Max.X-1)/2 - v.x0
	fromY := float64(source.Min.Y+source.Max.Y-1)/2 - v.y0
	halfX, halfY := float64(source.Dx()+1)/2+v.bend, float64(source.Dy()+1)/2+v.bend
	det := v.xx*v.yy - v.xy*v.yx
	x, dx := (v.yy*fromX-v.xy*fromY)/det, (v.yy*halfX+math.Abs(v.xy)*halfY)/det
	y, dy := (v.xx*fromY-v.yx*fromX)/det, (v.xx*halfY+math.Abs(v.yx)*halfX)/det
	return image.Rect(int(math.Ceil(x-dx)), int(math.Ceil(y-dy)), int(x+dx)+1, int(y+dy)+1)
}
