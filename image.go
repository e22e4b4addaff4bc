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
// the paper, dark on light or light on dark, by brightness or by colour. It
// removes uneven light, noise, texture, the lines of ruled paper, shadows and
// specks of dust. Transparent parts count as paper. Lines far thinner than
// MNIST's are widened to the width of its thin ones.
//
// The image should show the digit with a margin of paper: ink at the frame is
// left out if there is other ink. Ink of less than 1 % of the pixels, or of 20 in
// a large image, counts as specks. The digit must be upright. [image.Decode] does
// not turn a photo as its EXIF orientation says.
//
// To see why a digit is misread, pass a function: FromImage calls show with the
// picture after each step, which is called grey, paper evened, ink, cleaned or
// 28×28. In the first two, paper and ink have their own brightness. In the others,
// ink is white. If there is no ink, the last steps are missing.
//
// The image may have any size. The result depends only on its pixels. FromImage
// may be called from several goroutines at once if they may all read the image. It
// panics if img is nil.
func FromImage(img image.Image, show ...func(step string, picture *image.Gray)) (input []float64, ok bool) {
	if img == nil {
		panic("nn: FromImage needs an image, got nil")
	}
	if b := img.Bounds(); b.Empty() || b.Dx() < 1 || b.Dy() < 1 { // below 1: the size overflows an int
		return nil, false
	}
	step := func(name string, r *raster) {
		for _, show := range show {
			show(name, r.gray())
		}
	}
	r := newRaster(img)
	step("grey", r)
	_, noise, balance := r.evenPaper()
	if noise > 1./7 {
		return nil, false
	}
	step("paper evened", r)
	for i, v := range r.pix {
		r.pix[i] = min(1, v)
		if v < max(1./25, 3.5*noise) {
			r.pix[i] = 0
		}
	}
	step("ink", r)
	r.removeLines()
	if !r.clean(balance > 0.7 && min(r.width, r.height) >= 50) {
		return nil, false
	}
	r.sharpen()
	r.thicken()
	step("cleaned", r)
	r = r.normalized()
	step("28×28", r)
	return r.pix, true
}

// newRaster returns an image reduced to at most 200 pixels a side: enough for a
// digit that is small in its picture, and few enough to be fast. A pixel is the
// mean of a cell of the image, or of at most 8×8 samples of it, from 0 for black
// to 1 for white. It is the brightness, or the red, green or blue if ink stands
// out most there: a pale ink differs from paper in its colour.
func newRaster(img image.Image) *raster {
	const most, samples = 200, 8
	at := func(x, y int) color.RGBA64 { return color.RGBA64Model.Convert(img.At(x, y)).(color.RGBA64) }
	if img, ok := img.(image.RGBA64Image); ok { // allocates nothing
		at = img.RGBA64At
	}
	b := img.Bounds()
	cell := (max(b.Dx(), b.Dy())-1)/most + 1
	stepX, stepY := (min(cell, b.Dx())-1)/samples+1, (min(cell, b.Dy())-1)/samples+1
	w, h := (b.Dx()-1)/cell+1, (b.Dy()-1)/cell+1
	brightness := [3]float64{0.299, 0.587, 0.114}
	mix := func(c color.RGBA64, weights [3]float64) float64 {
		return weights[0]*float64(c.R) + weights[1]*float64(c.G) + weights[2]*float64(c.B)
	}
	colours := make([]color.RGBA64, w*h) // multiplied by their opacity
	coloured, grey, opaque := false, 0.0, 0.0
	for i := range colours {
		left, top := i%w*cell, i/w*cell
		var red, green, blue, alpha, n uint32
		for y := 0; y < min(cell, b.Dy()-top); y += stepY {
			for x := 0; x < min(cell, b.Dx()-left); x += stepX {
				c := at(b.Min.X+left+x, b.Min.Y+top+y)
				red += uint32(c.R)
				green += uint32(c.G)
				blue += uint32(c.B)
				alpha += uint32(c.A)
				n++
			}
		}
		c := color.RGBA64{uint16(red / n), uint16(green / n), uint16(blue / n), uint16(alpha / n)}
		colours[i], coloured = c, coloured || c.R != c.G || c.G != c.B
		grey += mix(c, brightness)
		opaque += float64(c.A)
	}
	// Paper fills the transparent parts: white under dark ink, black under light
	// ink. If they are less than a tenth, such as the corners of a card, the rest
	// is paper and ink already, and its mean is the least conspicuous filling.
	paper := grey / max(opaque, 1e-9)
	if opaque < 0.9*0xffff*float64(len(colours)) {
		paper = 1 - math.Round(paper)
	}
	channel := func(weights [3]float64, step int) *raster { // each step-th pixel of it
		r := blank((w-1)/step+1, (h-1)/step+1)
		for i := range r.pix {
			c := colours[i/r.width*step*w+i%r.width*step]
			r.pix[i] = (mix(c, weights) + paper*float64(0xffff-c.A)) / 0xffff
		}
		return r
	}
	weights, best := brightness, 0.0
	for _, each := range [][3]float64{brightness, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}} {
		if !coloured {
			break
		}
		full, noise, _ := channel(each, 1+max(w, h)/70).evenPaper() // few pixels are enough to compare
		if contrast := 1 / (noise + 0.03/full); contrast > best {   // 0.03: noise is not known exactly
			weights, best = each, contrast
		}
	}
	return channel(weights, 1)
}

// evenPaper turns grey levels into differences from the paper around, 0 for paper
// of any brightness and 1 for full ink. Each is found from the other in turn; at
// first ink is what differs from the mean of everything around it, or from the paper
// of a clear picture. It returns the grey levels between paper and full ink, and the
// noise of the paper as a fraction of them. The balance is 1 if as much is lighter
// than its surroundings as is darker, as at an edge of light.
func (r *raster) evenPaper() (full, noise, balance float64) {
	grey, guess := slices.Clone(r.pix), slices.Clone(r.pix)
	table := make([][2]float64, (r.width+1)*(r.height+1))
	(&raster{r.width, r.height, guess}).subtractPaper(guess, math.Inf(1), table)
	skew := 0.0
	for _, v := range guess {
		skew += v * v * v
	}
	deepest, highest := -newHistogram(guess).quantile(min(len(guess)/100, 20)), fullInk(guess)
	balance = min(deepest, highest) / max(deepest, highest, 1e-9)
	dark := skew < 0 // ink is scarce and differs much from the rest
	if paper, ink, clear := r.clearPaper(); clear {
		dark = paper > ink
		for i, v := range r.pix {
			guess[i] = v - paper
		}
	}
	if dark {
		for i := range r.pix {
			r.pix[i], guess[i] = 1-r.pix[i], -guess[i]
		}
	}
	for range 3 {
		r.subtractPaper(guess, fullInk(guess)/4, table)
		guess = r.pix
	}
	if dark { // ink absorbs a fraction of the light that falls on the paper
		for i, v := range r.pix {
			r.pix[i] /= max(0.1, grey[i]+v)
		}
	}
	full = fullInk(r.pix)
	distance := grey[:0]
	for _, v := range r.pix {
		if v < full/4 {
			distance = append(distance, math.Abs(v))
		}
	}
	if full < 1./32 || len(distance) == 0 {
		return max(full, 1e-9), 1, balance
	}
	for i := range r.pix {
		r.pix[i] /= full
	}
	return full, 1.48 * newHistogram(distance).quantile(len(distance)/2) / full, balance // the standard deviation, from the median
}

// clearPaper returns the levels of paper and ink if most pixels are near one of two
// levels. Paper is the level of nearly the whole frame, or of what is inside a frame
// that is drawn.
func (r *raster) clearPaper() (paper, ink float64, clear bool) {
	h := newHistogram(r.pix)
	levels := [2]float64{h.value(0), h.value(steps)}
	side := func(v float64) int { // of the middle between them
		if v > (levels[0]+levels[1])/2 {
			return 1
		}
		return 0
	}
	distance := 0.0
	for range 8 { // two means
		var n, sum [2]float64
		distance = 0
		for k, count := range h.count {
			v, count := h.value(k), float64(count)
			side := side(v)
			n[side] += count
			sum[side] += count * v
			distance += count * math.Abs(v-levels[side])
		}
		levels = [2]float64{sum[0] / n[0], sum[1] / n[1]}
	}
	var frame, further, inside [2]float64 // how many pixels of it are dark, and light
	margin := max(2, max(r.width, r.height)/20)
	for i, v := range r.pix {
		x, y := i%r.width, i/r.width
		if d := min(x, y, r.width-1-x, r.height-1-y); d == 0 {
			frame[side(v)]++
		} else if d == margin {
			further[side(v)]++
		} else if d > margin {
			inside[side(v)]++
		}
	}
	level := 0 // of paper: dark or light
	if frame[1] > frame[0] {
		level = 1
	}
	whole := max(frame[0], frame[1]) > 0.95*(frame[0]+frame[1])
	if other := 1 - level; frame[other] == 0 && further[other] > 19*further[level] && inside[level] > 0 {
		level = other // a frame is drawn, and there is ink in it
	}
	paper, ink = levels[level], levels[1-level]
	near := distance < 0.17*(levels[1]-levels[0])*float64(len(r.pix))
	return paper, ink, near && whole
}

// subtractPaper subtracts from each pixel the mean of the paper around it, up to
// a quarter of the picture away. Paper is where the guess is at most the limit.
// The table is a buffer for (width+1)×(height+1) sums.
func (r *raster) subtractPaper(guess []float64, limit float64, table [][2]float64) {
	// table[y][x] is the sum and the number of the pixels of paper above y and left
	// of x (a summed-area table). Four entries give the sum in any rectangle.
	w := r.width + 1
	for y := range r.height {
		sum, n := 0.0, 0.0
		above, here := table[y*w:][:w], table[(y+1)*w:][:w]
		for x, v := range r.pix[y*r.width:][:r.width] {
			if guess[y*r.width+x] <= limit {
				sum, n = sum+v, n+1
			}
			here[x+1] = [2]float64{above[x+1][0] + sum, above[x+1][1] + n}
		}
	}
	reach := max(2, max(r.width, r.height)/4)
	for y := range r.height {
		above, below := table[max(0, y-reach)*w:][:w], table[min(r.height, y+reach+1)*w:][:w]
		for x := range r.width {
			a, b := max(0, x-reach), min(r.width, x+reach+1)
			sum := below[b][0] - below[a][0] - above[b][0] + above[a][0]
			n := below[b][1] - below[a][1] - above[b][1] + above[a][1]
			if n < float64(reach) { // inside a large blot: the mean of all paper
				all := table[len(table)-1]
				sum, n = all[0], max(1, all[1])
			}
			r.pix[y*r.width+x] -= sum / n
		}
	}
}

// removeLines removes the lines of ruled and squared paper: thin, straight, level
// or upright to a tenth, and from frame to frame, as no stroke of a digit is. What
// is darker than the line stays. Two lines and nothing else are blank paper.
func (r *raster) removeLines() {
	if min(r.width, r.height) < 30 { // too coarse to tell
		return
	}
	lines, all, rest := 0, 0.0, 0.0
	levels := make([]float64, len(r.pix)) // of the line at a pixel
	for _, way := range [2][4]int{{r.width, r.height, 1, r.width}, {r.height, r.width, r.width, 1}} {
		w, h, dx, dy := way[0], way[1], way[2], way[3] // level, then upright
		ridge := make([]float64, len(r.pix))           // how far ink rises above what is 4 pixels away
		for y := range h {
			above, up, down, below := max(0, y-4)*dy, max(0, y-1)*dy, min(h-1, y+1)*dy, min(h-1, y+4)*dy
			for x := range w {
				column := r.pix[x*dx:]
				ridge[y*w+x] = max(column[up], column[y*dy], column[down]) - max(column[above], column[below])
			}
		}
		tilt, last := w/10, math.MinInt
		for from := -tilt; from < h+tilt; from += 2 {
			for to := from - tilt; to <= from+tilt; to += 2 {
				at := func(x int) int { return from + (to-from)*x/(w-1) }
				n, gaps, level := 0, 0, 0.0
				for x := 0; x < w && gaps <= w/4; x++ {
					if y := at(x); y >= 0 && y < h {
						n++
						if v := ridge[y*w+x]; v > 0.1 {
							level += v
						} else {
							gaps++
						}
					}
				}
				if n < w/3 || gaps > n/4 {
					continue
				}
				if from+to > last+6 {
					lines, last = lines+1, from+to
				}
				for x := range w {
					for y := max(0, at(x)-2); y <= min(h-1, at(x)+2); y++ {
						i := x*dx + y*dy
						levels[i] = max(levels[i], level/float64(n-gaps))
					}
				}
			}
		}
	}
	for i, v := range r.pix {
		all += v
		if level := levels[i]; level == 0 {
			rest += v
		} else if level < 0.5 && v < 1.5*level {
			r.pix[i] = 0
		}
	}
	if lines >= 2 && rest < 0.15*all {
		clear(r.pix)
	}
}

// clean removes pieces of ink that are no digit and reports whether any is left.
// A piece is connected ink. One that leaves the picture over more than half of
// its length, or a quarter if the picture shows an edge of light, is a shadow or
// the edge of a desk, unless it is as large as the picture. What touches the frame
// is left out if a piece inside is not far smaller: people leave a margin. Small
// pieces are specks of dust, and those that come nowhere near full ink are noise.
func (r *raster) clean(edge bool) bool {
	type piece struct {
		box        image.Rectangle
		mass, peak float64
		contact    int // sides of pixels at the frame
		gone       bool
	}
	pieces, of := []piece{{}}, make([]int, len(r.pix)) // the piece of each pixel, from 1
	queue := make([]int, 0, len(r.pix))
	most, inner := 0.0, 0.0
	for start, v := range r.pix {
		if v == 0 || of[start] > 0 {
			continue
		}
		of[start] = len(pieces)
		p := piece{}
		queue = append(queue[:0], start)
		for k := 0; k < len(queue); k++ {
			x, y, v := queue[k]%r.width, queue[k]/r.width, r.pix[queue[k]]
			p.mass, p.peak = p.mass+v, max(p.peak, v)
			p.box = p.box.Union(image.Rect(x, y, x+1, y+1))
			for k := range 9 {
				nx, ny := x+k%3-1, y+k/3-1
				if nx < 0 || ny < 0 || nx >= r.width || ny >= r.height {
					p.contact += k % 2 // beside, not across
				} else if j := ny*r.width + nx; r.pix[j] > 0 && of[j] == 0 {
					of[j] = len(pieces)
					queue = append(queue, j)
				}
			}
		}
		pieces = append(pieces, p)
		if most = max(most, p.mass); p.contact == 0 {
			inner = max(inner, p.mass)
		}
	}
	margin := inner > most/20
	if margin {
		most = inner
	}
	fills, times := 0.9, 2
	if edge {
		fills, times = 0.95, 4
	}
	for k, p := range pieces {
		small := float64(p.box.Dx()) < fills*float64(r.width) || float64(p.box.Dy()) < fills*float64(r.height)
		shadow := small && times*p.contact > max(p.box.Dx(), p.box.Dy()) && min(r.width, r.height) >= 16
		pieces[k].gone = shadow || margin && p.contact > 0 || p.mass < most/30
	}
	for i, k := range of {
		if pieces[k].gone {
			r.pix[i] = 0
		}
	}
	full := max(1e-9, fullInk(r.pix)) // what is gone may have been darker
	for i, k := range of {
		if r.pix[i] = min(1, r.pix[i]/full); pieces[k].peak < full/2 {
			r.pix[i] = 0
		}
	}
	return slices.Max(r.pix) > 0
}
