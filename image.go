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
	whole := &raster{width: r.width, height: r.height, pix: slices.Clone(r.pix)}
	if !r.findInk() {
		if false {
			return nil, false
		}
		r = whole.padded()
		if r == nil || !r.findInk() {
			return nil, false
		}
		r = r.cut((r.width-whole.width)/2, (r.height-whole.height)/2, whole.width, whole.height)
	}
	if true {
		r.removeLines()
	}
	r.removeSpecks()
	if r.bounds().Empty() {
		return nil, false
	}
	r.sharpen()
	r.thicken()
	return r.normalized().pix, true
}

// A raster is a picture in preparation, row by row.
type raster struct {
	width, height int
	pix           []float64
	score         float64
}

func blank(width, height int) *raster {
	return &raster{width: width, height: height, pix: make([]float64, width*height)}
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
	w, h := (b.Dx()-1)/cell+1, (b.Dy()-1)/cell+1
	rs := [4]*raster{blank(w, h), blank(w, h), blank(w, h), blank(w, h)}
	opacity := make([]float64, w*h)
	grey, opaque := 0.0, 0.0 // sums
	for i := range opacity {
		left, top := b.Min.X+i%w*cell, b.Min.Y+i/w*cell
		right, bottom := left+min(cell, b.Max.X-left), top+min(cell, b.Max.Y-top)
		var R, G, B, A, n uint64
		for y := top; y < bottom; y += stepY {
			for x := left; x < right; x += stepX {
				c := at(x, y) // its colour is multiplied by its opacity
				R += uint64(c.R)
				G += uint64(c.G)
				B += uint64(c.B)
				A += uint64(c.A)
				n += 0xffff
			}
		}
		rs[0].pix[i] = (0.299*float64(R) + 0.587*float64(G) + 0.114*float64(B)) / float64(n)
		rs[1].pix[i] = float64(R) / float64(n)
		rs[2].pix[i] = float64(G) / float64(n)
		rs[3].pix[i] = float64(B) / float64(n)
		opacity[i] = float64(A) / float64(n)
		grey += rs[0].pix[i]
		opaque += opacity[i]
	}
	// Paper fills the transparent parts: white under dark ink, black under light
	// ink. If they are less than a tenth, such as the corners of a card, the rest
	// is paper and ink already, and its mean is the least conspicuous filling.
	paper := grey / max(opaque, 1e-9)
	if opaque < 0.9*float64(len(opacity)) {
		paper = 1 - math.Round(paper)
	}
	var best *raster
	most_ := 0.0
	if true {
		for k, r := range rs {
			for i, a := range opacity {
				r.pix[i] += (1 - a) * paper
			}
			g := &raster{width: w, height: h, pix: slices.Clone(r.pix)}
			g.findInk()
			c := g.score
			if k > 0 {
				c /= 1
			}
			if k == 0 || c > most_ {
				best, most_ = r, c
			}
		}
		return best
	}
	for k, r := range rs {
		for i, a := range opacity {
			r.pix[i] += (1 - a) * paper
		}
		g := &raster{width: w, height: h, pix: slices.Clone(r.pix)}
		g.subtractPaper(g.pix, math.Inf(1))
		for i, v := range g.pix {
			g.pix[i] = math.Abs(v)
		}
		c := fullInk(g.pix) / (quantile(g.pix, len(g.pix)/2) + 0.03)
		if k > 0 {
			c /= 1
		}
		if k == 0 || c > most_ {
			best, most_ = r, c
		}

	}
	return best
}

// findInk turns grey levels into ink, from 0 for paper of any brightness to 1
// for full ink, and reports whether there is any. Ink is what differs from the
// paper around it, and paper is what is not ink. Each is found from the other in
// turn; at first ink is what differs from the mean of everything around it.
func (r *raster) findInk() bool {
	grey, guess := slices.Clone(r.pix), slices.Clone(r.pix)
	(&raster{width: r.width, height: r.height, pix: guess}).subtractPaper(guess, math.Inf(1))
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
	r.score = full / (noise + 0.03)
	for i, v := range r.pix {
		distance[i] = -v
	}
	if full < 1./32 || full < 2*faintest || full < 1.5*fullInk(distance) {
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
	inner := []bool{false}
	for start, v := range r.pix {
		if v < 1e-9 || piece[start] > 0 {
			continue
		}
		piece[start] = len(masses)
		queue, mass, peak, in := []int{start}, 0.0, 0.0, true
		contact, outline, steep, box := 0.0, 0.0, 0.0, image.Rectangle{}
		for k := 0; k < len(queue); k++ {
			i := queue[k]
			mass += r.pix[i]
			peak = max(peak, r.pix[i])
			x, y := i%r.width, i/r.width
			in = in && x > 0 && y > 0 && x < r.width-1 && y < r.height-1
			box = box.Union(image.Rect(x, y, x+1, y+1))
			for _, n := range [4][2]int{{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}} {
				if n[0] < 0 || n[1] < 0 || n[0] >= r.width || n[1] >= r.height {
					contact++
				} else if o := r.pix[n[1]*r.width+n[0]]; o < 1e-9 {
					outline++
				} else {
					steep = max(steep, math.Abs(r.pix[i]-o))
				}
			}
			for ny := max(0, y-1); ny < min(r.height, y+2); ny++ {
				for nx := max(0, x-1); nx < min(r.width, x+2); nx++ {
					if j := ny*r.width + nx; r.pix[j] >= 1e-9 && piece[j] == 0 {
						piece[j] = len(masses)
						queue = append(queue, j)
					}
				}
			}
		}
		if peak < 0.5 || min(r.width, r.height) >= 16 && contact > 0.8*outline {
			mass = 0
		}
		if width := 2 * float64(len(queue)) / (outline * math.Pi / 4); width > 0.4*float64(max(box.Dx(), box.Dy())) && steep < 0.08 {
			mass = 0
		}
		masses = append(masses, mass)
		inner = append(inner, in)
	}
	if true {
		most, mostInner := 0.0, 0.0
		for k, m := range masses {
			most = max(most, m)
			if inner[k] {
				mostInner = max(mostInner, m)
			}
		}
		if mostInner >= 0.05*most {
			for k := range masses {
				if !inner[k] {
					masses[k] = 0
				}
			}
		}
	}
	least := max(1e-9, slices.Max(masses)/30)
	keep := make([]bool, len(r.pix))
	for i, k := range piece {
		if k > 0 && masses[k] >= least {
			x, y := i%r.width, i/r.width
			for ny := max(0, y-2); ny < min(r.height, y+2+1); ny++ {
				for nx := max(0, x-2); nx < min(r.width, x+2+1); nx++ {
					keep[ny*r.width+nx] = true
				}
			}
		}
	}
	for i := range keep {
		if !keep[i] || piece[i] > 0 && masses[piece[i]] < least {
			r.pix[i] = 0
		}
	}
}

func (r *raster) cut(x, y, w, h int) *raster {
	c := blank(w, h)
	for i := range h {
		copy(c.pix[i*w:][:w], r.pix[(y+i)*r.width+x:])
	}
	return c
}

func (r *raster) padded() *raster {
	// Otsu
	low, high := slices.Min(r.pix), slices.Max(r.pix)
	if high-low < 1./32 {
		return nil
	}
	var count, sum [64]float64
	total, all, sq := 0.0, 0.0, 0.0
	for _, v := range r.pix {
		k := min(63, int((v-low)/(high-low)*64))
		count[k]++
		sum[k] += v
		total += v
		all++
		sq += v * v
	}
	variance := sq/all - total/all*total/all
	n, t, best, cut := 0.0, 0.0, 0.0, 0
	var levels [2]float64
	for k := range 63 {
		n += count[k]
		t += sum[k]
		if n == 0 || n == all {
			continue
		}
		a, b := t/n, (total-t)/(all-n)
		if between := n / all * (1 - n/all) * (b - a) * (b - a); between > best {
			best, cut, levels = between, k, [2]float64{a, b}
		}
	}
	if best < 0.85*variance {
		return nil
	}
	border := 0
	bn := 0
	for i, v := range r.pix {
		if x, y := i%r.width, i/r.width; x == 0 || y == 0 || x == r.width-1 || y == r.height-1 {
			bn++
			if min(63, int((v-low)/(high-low)*64)) > cut {
				border++
			}
		}
	}
	paper := levels[0]
	if 2*border > bn {
		paper = levels[1]
	}
	pad := max(r.width, r.height)/4 + 2
	p := blank(r.width+2*pad, r.height+2*pad)
	for i := range p.pix {
		p.pix[i] = paper
	}
	for y := range r.height {
		copy(p.pix[(y+pad)*p.width+pad:], r.pix[y*r.width:][:r.width])
	}
	return p
}

func (r *raster) removeLines() {
	if min(r.width, r.height) < 50 {
		return
	}
	gone := make([]bool, len(r.pix))
	onLine := make([]bool, len(r.pix))
	lines := 0
	for turn := range 2 {
		w, h, dx, dy := r.width, r.height, 1, r.width
		if turn == 1 {
			w, h, dx, dy = h, w, dy, dx
		}
		tilt := int(0.1 * float64(w))
		last := -100
		at := func(x, y int) float64 {
			if y < 0 || y >= h {
				return 0
			}
			return r.pix[x*dx+y*dy]
		}
		for y := -tilt; y < h+tilt; y++ {
			for end := y - tilt; end <= y+tilt; end++ {
				hits, n, miss, thick, level := 0, 0, 0, 0, 0.0
				x := 0
				for ; x < w && miss <= int(0.15*float64(w)); x++ {
					yy := y + (end-y)*x/max(1, w-1)
					if yy < 0 || yy >= h {
						continue
					}
					n++
					v := max(at(x, yy), at(x, yy-1), at(x, yy+1))
					if v > 0.1 {
						hits++
						level += min(v, 1)
						if at(x, yy-4) > 0.5*v || at(x, yy+4) > 0.5*v {
							thick++
						}
					} else {
						miss++
					}
				}
				if x < w || n < w/3 || 2*thick > hits || float64(miss) > 0.15*float64(n) {
					continue
				}
				level /= float64(hits)
				if mid := (y + end) / 2; mid > last+3 {
					lines++
					last = mid
				}
				for x := range w {
					yy := y + (end-y)*x/max(1, w-1)
					for k := max(0, yy-2); k < min(h, yy+3); k++ {
						i := x*dx + k*dy
						onLine[i] = true
						if level < 0.5 && r.pix[i] < 1.5*level && !(true && at(x, yy-3) > 0.1 && at(x, yy+3) > 0.1) {
							gone[i] = true
						}
					}
				}
			}
		}
	}
	all, rest := 0.0, 0.0
	for i, g := range gone {
		all += r.pix[i]
		if !onLine[i] {
			rest += r.pix[i]
		}
		if g {
			r.pix[i] = 0
		}
	}
	if lines >= 3 && rest < 0.15*all {
		clear(r.pix)
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
