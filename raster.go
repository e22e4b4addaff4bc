package nn

import (
	"image"
	"math"
	"slices"
)

// A raster is a picture in preparation, row by row.
type raster struct {
	width, height int
	pix           []float64
}

func blank(width, height int) *raster {
	return &raster{width, height, make([]float64, width*height)}
}

// framed returns a copy with a margin without ink on each side.
func (r *raster) framed(margin int) *raster {
	f := blank(r.width+2*margin, r.height+2*margin)
	for y := range r.height {
		copy(f.pix[(y+margin)*f.width+margin:], r.pix[y*r.width:][:r.width])
	}
	return f
}

// gray returns the raster as an image, 0 as black and 1 as white.
func (r *raster) gray() *image.Gray {
	img := image.NewGray(image.Rect(0, 0, r.width, r.height))
	for i, v := range r.pix {
		img.Pix[i] = byte(math.Round(255 * min(1, max(0, v))))
	}
	return img
}

// sharpen makes edges up to three times steeper if the digit has more than 40
// pixels: a lens, an enlargement or a worn pen has blurred them. In a smaller
// digit the grey levels show where an edge is.
func (r *raster) sharpen() {
	b := r.bounds()
	steeper := min(3, max(1, float64(max(b.Dx(), b.Dy()))/(2*digitSide)))
	for i, v := range r.pix {
		r.pix[i] = min(1, max(0, 0.5+steeper*(v-0.5)))
	}
}

// thicken redraws lines that would be thinner than 1.2 pixels in the square of
// 20×20 with a round pen, so that they become 2 pixels wide. MNIST's are 2 to 3.
func (r *raster) thicken() {
	b := r.bounds()
	length, width := float64(max(b.Dx(), b.Dy())), r.lineWidth()
	if width >= 1.2/digitSide*length {
		return
	}
	// The length grows with the width: (width+2·pen)/(length+2·pen) = 2/20.
	pen := (2./digitSide*length - width) / (2 - 2*2./digitSide) // its radius
	reach := int(math.Ceil(pen))
	wide := r.framed(reach)
	for i, v := range r.pix {
		for dy := -reach; v > 0 && dy <= reach; dy++ {
			for dx := -reach; dx <= reach; dx++ {
				at := &wide.pix[(i/r.width+reach+dy)*wide.width+i%r.width+reach+dx]
				*at = max(*at, v*min(1, pen+1-math.Hypot(float64(dx), float64(dy))))
			}
		}
	}
	*r = *wide
}

// lineWidth estimates the width of the lines. Their area is length times width,
// and their outline, where the ink rises and falls, about twice the length.
func (r *raster) lineWidth() float64 {
	framed := r.framed(1)
	area, outline := 0.0, 0.0
	for i, v := range framed.pix[:len(framed.pix)-framed.width] {
		area += v
		outline += math.Hypot(framed.pix[i+1]-v, framed.pix[i+framed.width]-v)
	}
	return 2 * area / outline
}

// bounds returns the smallest rectangle that contains all ink.
func (r *raster) bounds() (b image.Rectangle) {
	for i, v := range r.pix {
		if v > 0 {
			x, y := i%r.width, i/r.width
			b = b.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	return b
}

// normalized returns the ink scaled to a longer side of 20 pixels, in a picture
// of 28×28 with the centre of mass in the middle. A pixel is the mean of the area
// that it covers, so edges are anti-aliased; the one with most ink becomes 1.
func (r *raster) normalized() *raster {
	b := r.bounds()
	side := float64(max(b.Dx(), b.Dy())) / digitSide // of the area for a pixel
	pixels := func(length int) int { return min(digitSide, int(math.Ceil(float64(length)/side))) }
	small := blank(pixels(b.Dx()), pixels(b.Dy()))
	var mass, massX, massY float64
	for i := range small.pix {
		column, line := i%small.width, i/small.width
		left, top := float64(b.Min.X)+float64(column)*side, float64(b.Min.Y)+float64(line)*side
		for y := int(top); y < min(b.Max.Y, int(math.Ceil(top+side))); y++ {
			for x := int(left); x < min(b.Max.X, int(math.Ceil(left+side))); x++ {
				small.pix[i] += r.pix[y*r.width+x] * overlap(x, left, side) * overlap(y, top, side)
			}
		}
		mass += small.pix[i]
		massX += small.pix[i] * float64(column)
		massY += small.pix[i] * float64(line)
	}
	picture := blank(28, 28)
	left, top := margin(small.width, massX/mass), margin(small.height, massY/mass)
	peak := slices.Max(small.pix)
	for i, v := range small.pix {
		picture.pix[(top+i/small.width)*28+left+i%small.width] = v / peak
	}
	return picture
}

// overlap returns how much of pixel x lies between from and from+length.
func overlap(x int, from, length float64) float64 {
	return max(0, min(float64(x)+1, from+length)-max(float64(x), from))
}

// A histogram counts values in steps of a thousandth of their range.
type histogram struct {
	low, scale float64 // scale is the number of steps in 1
	count      [steps + 1]int
}

const steps = 1000

func newHistogram(pix []float64) *histogram {
	low, high := pix[0], pix[0]
	for _, v := range pix { // faster than min and max, which look for NaN
		if v < low {
			low = v
		} else if v > high {
			high = v
		}
	}
	h := &histogram{low: low, scale: steps / max(high-low, 1e-9)}
	for _, v := range pix {
		h.count[min(steps, int((v-low)*h.scale+0.5))]++
	}
	return h
}

// value returns the value of a step, from 0.
func (h *histogram) value(step int) float64 { return h.low + float64(step)/h.scale }

// quantile returns the value of a rank, from 0.
func (h *histogram) quantile(rank int) float64 {
	k := 0
	for ; rank >= h.count[k]; k++ {
		rank -= h.count[k]
	}
	return h.value(k)
}

// fullInk returns one of the largest values. The very largest may be a speck.
func fullInk(pix []float64) float64 {
	return newHistogram(pix).quantile(len(pix) - 1 - min(len(pix)/100, 20))
}
