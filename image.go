package nn

import (
	"image"
	"image/color"
	"math"
	"slices"
)

// FromImage prepares a photo, a scan or a drawing of one digit as MNIST's digits
// were prepared. It returns the 784 inputs for a network trained on them, row by
// row, 0 for paper and 1 for ink. If there is no ink, it returns nil and false.
//
// MNIST's makers scaled each digit to fit a square of 20×20 pixels, kept its
// proportions, anti-aliased its edges, and placed its centre of mass in the
// middle of 28×28 pixels (LeCun, Cortes and Burges, The MNIST database of
// handwritten digits). Before FromImage does the same, it separates the ink from
// the paper by brightness: dark on light or light on dark. It removes uneven
// light, noise, texture and specks of dust. Transparent parts count as paper.
// Lines far thinner than MNIST's are widened to the width of its thin ones.
//
// The image should show the digit with a margin of paper: the edge of a desk is
// read as ink, and a digit that fills the image leaves no paper to compare with.
// Ink of less than 1 % of the pixels, or of 20 in a large image, counts as specks.
//
// The image may have any size. The result depends only on its pixels. FromImage
// may be called from several goroutines at once if they may all read the image.
func FromImage(img image.Image) (input []float64, ok bool) {
	if img == nil {
		panic("nn: FromImage needs an image, got nil")
	}
	if b := img.Bounds(); b.Empty() || b.Dx() < 1 || b.Dy() < 1 { // below 1: the size overflows an int
		return nil, false
	}
	r := newRaster(img)
	if !r.findInk() {
		return nil, false
	}
	r.removeSpecks()
	r.sharpen()
	r.thicken()
	return r.normalized().pix, true
}

// A raster is a picture in preparation, row by row.
type raster struct {
	width, height int
	pix           []float64
}

func blank(width, height int) *raster {
	return &raster{width, height, make([]float64, width*height)}
}

// newRaster returns the grey levels of an image, from 0 for black to 1 for white,
// reduced to at most 200 pixels a side: enough for a digit that is small in its
// picture, and few enough to be fast. A pixel is the mean of a cell of the image,
// or of at most 16×16 samples of it.
func newRaster(img image.Image) *raster {
	const most, samples = 200, 16
	at := func(x, y int) color.RGBA64 { return color.RGBA64Model.Convert(img.At(x, y)).(color.RGBA64) }
	if img, ok := img.(image.RGBA64Image); ok { // allocates nothing
		at = img.RGBA64At
	}
	b := img.Bounds()
	cell := (max(b.Dx(), b.Dy())-1)/most + 1
	stepX, stepY := (min(cell, b.Dx())-1)/samples+1, (min(cell, b.Dy())-1)/samples+1
	r := blank((b.Dx()-1)/cell+1, (b.Dy()-1)/cell+1)
	opacity := make([]float64, len(r.pix))
	grey, opaque := 0.0, 0.0 // sums
	for i := range r.pix {
		left, top := b.Min.X+i%r.width*cell, b.Min.Y+i/r.width*cell
		right, bottom := left+min(cell, b.Max.X-left), top+min(cell, b.Max.Y-top)
		light, alpha, n := 0.0, 0.0, 0.0
		for y := top; y < bottom; y += stepY {
			for x := left; x < right; x += stepX {
				c := at(x, y) // its colour is multiplied by its opacity
				light += 0.299*float64(c.R) + 0.587*float64(c.G) + 0.114*float64(c.B)
				alpha += float64(c.A)
				n += 0xffff
			}
		}
		r.pix[i], opacity[i] = light/n, alpha/n
		grey += r.pix[i]
		opaque += opacity[i]
	}
	// Paper fills the transparent parts: white under dark ink, black under light
	// ink. If they are less than a tenth, such as the corners of a card, the rest
	// is paper and ink already, and its mean is the least conspicuous filling.
	paper := grey / max(opaque, 1e-9)
	if opaque < 0.9*float64(len(r.pix)) {
		paper = 1 - math.Round(paper)
	}
	for i, a := range opacity {
		r.pix[i] += (1 - a) * paper
	}
	return r
}

// findInk turns grey levels into ink, from 0 for paper of any brightness to 1
// for full ink, and reports whether there is any. Ink is what differs from the
// paper around it, and paper is what is not ink. Each is found from the other in
// turn; at first ink is what differs from the mean of everything around it.
func (r *raster) findInk() bool {
	grey, guess := slices.Clone(r.pix), slices.Clone(r.pix)
	(&raster{r.width, r.height, guess}).subtractPaper(guess, math.Inf(1))
	skew := 0.0
	for _, v := range guess {
		skew += v * v * v
	}
	dark := skew < 0 // ink is scarce and differs much from the rest
	if dark {
		for i := range r.pix {
			r.pix[i], guess[i] = 1-r.pix[i], -guess[i]
		}
	}
	for range 4 {
		r.subtractPaper(guess, fullInk(guess)/4)
		guess = r.pix
	}
	if dark { // ink absorbs a fraction of the light that falls on the paper
		for i, v := range r.pix {
			r.pix[i] /= max(0.1, grey[i]+v)
		}
	}
	full := fullInk(r.pix)
	distance := make([]float64, len(r.pix))
	for i, v := range r.pix {
		distance[i] = math.Abs(v)
	}
	noise := 1.48 * quantile(distance, len(distance)/2) // the standard deviation, from the median
	faintest := max(full/25, 3.5*noise)
	if full < 1./32 || full < 2*faintest {
		return false
	}
	for i, v := range r.pix {
		r.pix[i] = min(1, v/full)
		if v < faintest {
			r.pix[i] = 0
		}
	}
	return true
}

// subtractPaper subtracts from each pixel the mean of the paper around it, up to
// a quarter of the picture away. Paper is where the guess is at most the limit.
func (r *raster) subtractPaper(guess []float64, limit float64) {
	// sum[y][x] is the sum of the paper above y and left of x (a summed-area table):
	// the sum in a rectangle takes four of them. count is the number of pixels.
	w := r.width + 1
	sum, count := make([]float64, w*(r.height+1)), make([]float64, w*(r.height+1))
	for y := range r.height {
		rowSum, rowCount := 0.0, 0.0
		for x := range r.width {
			if i := y*r.width + x; guess[i] <= limit {
				rowSum += r.pix[i]
				rowCount++
			}
			at := (y+1)*w + x + 1
			sum[at], count[at] = sum[at-w]+rowSum, count[at-w]+rowCount
		}
	}
	reach := max(2, max(r.width, r.height)/4)
	for y := range r.height {
		top, bottom := max(0, y-reach)*w, min(r.height, y+reach+1)*w
		for x := range r.width {
			left, right := max(0, x-reach), min(r.width, x+reach+1)
			in := func(t []float64) float64 {
				return t[bottom+right] - t[bottom+left] - t[top+right] + t[top+left]
			}
			paper, n := in(sum), in(count)
			if n == 0 { // inside a large blot: the mean of all paper
				paper, n = sum[len(sum)-1], max(1, count[len(count)-1])
			}
			r.pix[y*r.width+x] -= paper / n
		}
	}
}

// fullInk returns one of the largest values. The very largest may be a speck.
func fullInk(pix []float64) float64 {
	return quantile(pix, len(pix)-1-min(len(pix)/100, 20))
}

// quantile returns the value of a rank, from 0, to a thousandth of the range.
func quantile(pix []float64, rank int) float64 {
	low, high := slices.Min(pix), slices.Max(pix)
	const steps = 1000
	scale := max(math.SmallestNonzeroFloat64, (high-low)/steps)
	var count [steps + 1]int
	for _, v := range pix {
		count[min(steps, int((v-low)/scale))]++
	}
	k := 0
	for ; rank >= count[k]; k++ {
		rank -= count[k]
	}
	return low + float64(k)*scale
}

// removeSpecks removes connected pieces of ink that are small compared with the
// largest, and those that are noise, which comes nowhere near full ink.
func (r *raster) removeSpecks() {
	piece := make([]int, len(r.pix)) // the piece of each pixel, from 1
	masses := []float64{0}
	for start, v := range r.pix {
		if v == 0 || piece[start] > 0 {
			continue
		}
		piece[start] = len(masses)
		queue, mass, peak := []int{start}, 0.0, 0.0
		for k := 0; k < len(queue); k++ {
			i := queue[k]
			mass += r.pix[i]
			peak = max(peak, r.pix[i])
			x, y := i%r.width, i/r.width
			for ny := max(0, y-1); ny < min(r.height, y+2); ny++ {
				for nx := max(0, x-1); nx < min(r.width, x+2); nx++ {
					if j := ny*r.width + nx; r.pix[j] > 0 && piece[j] == 0 {
						piece[j] = len(masses)
						queue = append(queue, j)
					}
				}
			}
		}
		if peak < 0.5 {
			mass = 0
		}
		masses = append(masses, mass)
	}
	least := slices.Max(masses) / 30
	for i, k := range piece {
		if masses[k] < least {
			r.pix[i] = 0
		}
	}
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
	wide := blank(r.width+2*reach, r.height+2*reach)
	for i, v := range r.pix {
		if v == 0 {
			continue
		}
		for dy := -reach; dy <= reach; dy++ {
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
	framed := blank(r.width+1, r.height+2) // paper above, below and between the rows
	for y := range r.height {
		copy(framed.pix[(y+1)*framed.width+1:], r.pix[y*r.width:][:r.width])
	}
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
