package nn

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"
)

// Distorted are images drawn a little differently, as [Examples]: each is
// turned, scaled, shifted, sheared, bent and drawn with a thinner or thicker
// pen, all by chance and a little, so that it remains the digit that its label
// says. A network that sees its examples in a new form in each epoch cannot
// learn them by heart and has to learn what does not change
// (Simard, Steinkraus and Platt, Best Practices for Convolutional Neural
// Networks Applied to Visual Document Analysis, 2003):
//
//	for epoch := range epochs {
//		cost, err := sgd.Epoch(net, nn.Distorted{Images: train, Seed: uint64(epoch), Strength: 1})
//		…
//	}
//
// How image i is distorted depends on Seed, i and Strength alone. At Strength 1
// it is turned by up to ±8°, scaled by up to ±8 % in each direction, sheared by
// up to ±0.15, shifted by up to ±1 pixel and bent by waves up to ±0.8 pixels
// high; and its greys are made darker or lighter by up to 80 of 255, which makes
// white strokes thinner or thicker by a part of a pixel. Each is drawn evenly
// from its range. Other strengths multiply the ranges.
type Distorted struct {
	Images   *Images
	Seed     uint64
	Strength float64 // from 0, which leaves the images as they are, to 2
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
	input, target := make([]float64, len(img.Pix)), make([]float64, d.Images.Classes)
	d.Example(i, input, target)
	for k, v := range input {
		img.Pix[k] = byte(math.Round(255 * v))
	}
	return img
}

// readSparse writes what Example does, the input as a sparse row.
//
// It goes through the pixels of the result and asks for each where it comes
// from: a place between four pixels of the source, whose greys are mixed by how
// near they are (bilinear interpolation). Places are counted in 65,536ths of a
// pixel, so that a step from one to the next is two additions.
func (d Distorted) readSparse(i int, input *sparseRow, target []float64) {
	d.Images.target(i, input.cols, target)
	width, height := d.Images.Width, d.Images.Height
	v := d.variation(i, width, height)

	// four[line*stride+column] is a pixel of the source, framed in black, and its
	// neighbours to the right, below, and below to the right, 16 bits for each, so
	// that one multiplication does two of them.
	stride := width + 2
	var room [32 * 32]uint64
	four := room[:]
	if size := stride * (height + 1); size > len(room) {
		four = make([]uint64, size)
	}
	left, right, top, bottom := width, 0, height, 0 // the box of the ink
	x0, y0 := 0, 0
	for steps := d.Images.image(i); len(steps) >= 2; steps = steps[2:] {
		for x0 += int(steps[0]); x0 >= width; x0 -= width {
			y0++
		}
		at, grey := y0*stride+x0, uint64(steps[1])
		four[at] |= grey << 48
		four[at+1] |= grey << 32
		four[at+stride] |= grey << 16
		four[at+stride+1] |= grey
		left, right, top, bottom = min(left, x0), max(right, x0+1), min(top, y0), y0+1
	}
	left, right, top, bottom = v.box(left, right, top, bottom, width, height)

	index, value := input.full()
	n := 0
	for y := top; y < bottom; y++ {
		fromX, fromY := v.from(left, y)
		fromX += v.waveX[y%period]
		sx, sy := int(65536*(fromX+1)), int(65536*(fromY+1))
		stepX, stepY := int(65536*v.xx), int(65536*v.yx)
		for x := left; x < right; x, sx, sy = x+1, sx+stepX, sy+stepY {
			sy := sy + v.waveY[uint(x)%period]
			column, line := sx>>16, sy>>16
			if uint(column) > uint(width) || uint(line) > uint(height) {
				continue
			}
			shareX, shareY := uint64(sx>>8&255), uint64(sy>>8&255) // of the right and of the lower neighbours, of 256
			mixed := four[line*stride+column]
			if mixed == 0 {
				continue
			}
			mixed = mixed&0xffffffff*(256-shareY) + mixed>>32*shareY
			grey := int((mixed&0xffff*(256-shareX) + mixed>>16*shareX) >> 16)
			// (grey−thinner)·gain, not below 0 and not above 255: the shifts make a
			// mask of a sign, because branches at every border of the ink, which no
			// processor can foresee, would take longer than all the rest.
			grey -= v.thinner
			grey = (grey &^ (grey >> 31)) * v.gain >> 8
			grey = (grey | (255-grey)>>31) & 255
			index[n], value[n] = int32(y*width+x), greys[grey]
			n += lit(byte(grey))
		}
	}
	input.cut(n)
}

// period is the length of the waves, in pixels.
const period = 32

// A variation is how one image is distorted. The colour of a pixel at (x, y) is
// that of (xx·x + xy·y + x0, yx·x + yy·y + y0) in the source, moved along by a
// wave; its grey g becomes (g−thinner)·gain/256.
type variation struct {
	xx, xy, x0, yx, yy, y0 float64
	waveX                  [period]float64 // pixels, for each y, and again every 32
	waveY                  [period]int     // 65,536ths of a pixel, for each x
	bend                   float64         // the highest of both waves, in pixels
	thinner, gain          int
}

func (d Distorted) variation(i, width, height int) (v variation) {
	if !(d.Strength >= 0 && d.Strength <= 2) {
		panic(fmt.Sprintf("nn: Distorted.Strength is %v, need from 0 to 2", d.Strength))
	}
	var source rand.PCG
	source.Seed(d.Seed, uint64(i))
	even := func(limit float64) float64 { // from −limit to limit
		return limit * (float64(source.Uint64()>>11)/(1<<52) - 1)
	}
	s := d.Strength
	sin, cos := math.Sincos(s * even(8*math.Pi/180))
	wide, high, shear := 1+s*even(0.08), 1+s*even(0.08), s*even(0.15)
	v.xx, v.xy = wide*cos, wide*(shear*cos-sin)
	v.yx, v.yy = high*sin, high*(shear*sin+cos)
	middleX, middleY := float64(width-1)/2, float64(height-1)/2 // which stays where it is but for the shift
	v.x0 = middleX - v.xx*middleX - v.xy*middleY + s*even(1)
	v.y0 = middleY - v.yx*middleX - v.yy*middleY + s*even(1)
	wave := func(height float64, at func(k int, h float64)) {
		sin, cos := math.Sincos(even(math.Pi))
		turnSin, turnCos := math.Sincos(2 * math.Pi / period)
		for k := range period {
			at(k, height*sin)
			sin, cos = sin*turnCos+cos*turnSin, cos*turnCos-sin*turnSin
		}
	}
	bendX, bendY := s*even(0.8), s*even(0.8)
	wave(bendX, func(k int, h float64) { v.waveX[k] = h })
	wave(bendY, func(k int, h float64) { v.waveY[k] = int(65536 * h) })
	v.bend = max(math.Abs(bendX), math.Abs(bendY))
	change := int(s * even(80))
	v.thinner = max(0, change)
	v.gain = 256 * 255 / (255 - max(change, -change))
	return v
}

// from returns where the colour of pixel (x, y) comes from, without the waves.
func (v *variation) from(x, y int) (fromX, fromY float64) {
	return v.xx*float64(x) + v.xy*float64(y) + v.x0, v.yx*float64(x) + v.yy*float64(y) + v.y0
}

// box returns the box, inside the image, that the ink in a box of the source
// can get into.
func (v *variation) box(left, right, top, bottom, width, height int) (int, int, int, int) {
	det := v.xx*v.yy - v.xy*v.yx
	reach := 1 + v.bend
	lowX, highX, lowY, highY := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, fromX := range [...]float64{float64(left) - reach, float64(right-1) + reach} {
		for _, fromY := range [...]float64{float64(top) - reach, float64(bottom-1) + reach} {
			x := (v.yy*(fromX-v.x0) - v.xy*(fromY-v.y0)) / det
			y := (v.xx*(fromY-v.y0) - v.yx*(fromX-v.x0)) / det
			lowX, highX, lowY, highY = min(lowX, x), max(highX, x), min(lowY, y), max(highY, y)
		}
	}
	return max(0, int(math.Ceil(lowX))), min(width, int(highX)+1), max(0, int(math.Ceil(lowY))), min(height, int(highY)+1)
}
