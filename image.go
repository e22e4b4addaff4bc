package nn

import (
	"image"
	"image/color"
	"math"
	"slices"
)

// FromImage prepares a photo, a scan or a drawing of one digit as MNIST's
// pictures were prepared, and returns it as the 784 inputs of a network that
// has learned from them: row by row, 0 for the paper and 1 for the ink. It
// returns nil and false if there is no ink.
//
// MNIST's makers scaled each digit to fit a square of 20×20 pixels, keeping its
// proportions, with grey levels from the anti-aliasing, and put its centre of
// mass into the middle of 28×28 (LeCun, Cortes and Burges, The MNIST database
// of handwritten digits). Before that FromImage finds the ink: what stands out
// from its surroundings in brightness, be it dark on light or light on dark.
// Light that falls unevenly, noise, texture and specks of dust are taken away.
// Transparent parts are paper. Lines far thinner than MNIST's are made as wide
// as its thin ones. The frame is to show the digit and a margin of paper around
// it: the edge of a desk would be read as ink, and where the digit fills the
// frame there is nothing to tell the paper by. Ink of less than a hundredth of
// the pixels, or of 20 pixels in a large picture, counts as specks.
//
// Images may have any size. The result depends on the pixels alone, and
// FromImage may be called from several goroutines at once if the image may be
// read by them.
func FromImage(img image.Image) (input []float64, ok bool) {
	if img == nil {
		panic("nn: FromImage needs an image, got nil")
	}
	b := img.Bounds()
	if b.Empty() || b.Dx() < 1 || b.Dy() < 1 { // below 1: the size is more than an int can hold
		return nil, false
	}
	s := newSheet(img)
	if !s.keepInk() {
		return nil, false
	}
	s.removeSpecks()
	s.sharpen()
	s.thicken()
	return s.centred().pix, true
}

// A sheet is a picture while it is being prepared, row by row.
type sheet struct {
	width, height int
	pix           []float64
}

func blank(width, height int) *sheet {
	return &sheet{width, height, make([]float64, width*height)}
}

// newSheet returns the grey levels of an image, 0 for black and 1 for white,
// reduced to at most 200 pixels a side: far more than the 20 that will be left,
// so that a digit may be small in its picture, and few enough to be fast. A
// pixel of the sheet is the mean of a cell of the image, or of at most
// 16×16 places in it.
func newSheet(img image.Image) *sheet {
	const most, places = 200, 16
	at := func(x, y int) color.RGBA64 { return color.RGBA64Model.Convert(img.At(x, y)).(color.RGBA64) }
	if img, ok := img.(image.RGBA64Image); ok { // allocates nothing
		at = img.RGBA64At
	}
	b := img.Bounds()
	cell := (max(b.Dx(), b.Dy())-1)/most + 1
	stepX, stepY := (min(cell, b.Dx())-1)/places+1, (min(cell, b.Dy())-1)/places+1
	s := blank((b.Dx()-1)/cell+1, (b.Dy()-1)/cell+1)
	opaque := blank(s.width, s.height)
	for i := range s.pix {
		left, top := b.Min.X+i%s.width*cell, b.Min.Y+i/s.width*cell
		right, bottom := left+min(cell, b.Max.X-left), top+min(cell, b.Max.Y-top)
		n := 0.0
		for y := top; y < bottom; y += stepY {
			for x := left; x < right; x += stepX {
				c := at(x, y)
				s.pix[i] += 0.299*float64(c.R) + 0.587*float64(c.G) + 0.114*float64(c.B)
				opaque.pix[i] += float64(c.A)
				n += 0xffff
			}
		}
		s.pix[i] /= n
		opaque.pix[i] /= n
	}
	s.underlay(opaque)
	return s
}

// underlay puts paper under a transparent picture: white under dark ink and
// black under light ink. If less than a tenth of it is missing, such as the
// corners of a card, what is there is paper and ink already, and its mean is
// the least conspicuous to fill the holes with.
func (s *sheet) underlay(opaque *sheet) {
	grey, there := 0.0, 0.0
	for i, a := range opaque.pix {
		grey += s.pix[i] // a transparent pixel's is multiplied by its opacity already
		there += a
	}
	paper := grey / max(there, 1e-9)
	if there < 0.9*float64(len(s.pix)) {
		paper = 1 - math.Round(paper)
	}
	for i, a := range opaque.pix {
		s.pix[i] += (1 - a) * paper
	}
}

// keepInk turns grey levels into ink: 0 for the paper, whatever its brightness
// is from place to place, up to 1 for full ink. It tells whether there is any.
//
// Ink is what differs from the paper around it, and paper is what is not ink:
// from a first guess, the difference to everything around, each is found from
// the other in turns.
func (s *sheet) keepInk() bool {
	grey, guess := slices.Clone(s.pix), slices.Clone(s.pix)
	first := sheet{s.width, s.height, guess}
	first.even(guess, math.Inf(1))
	skew := 0.0
	for _, v := range guess {
		skew += v * v * v
	}
	dark := skew < 0 // ink is scarce and differs much from the rest
	if dark {
		for i := range s.pix {
			s.pix[i], guess[i] = 1-s.pix[i], -guess[i]
		}
	}
	for range 4 {
		s.even(guess, fullInk(guess)/4)
		guess = s.pix
	}
	if dark { // the ink swallows a share of the light that falls on the paper
		for i, v := range s.pix {
			s.pix[i] /= max(0.1, grey[i]+v)
		}
	}

	full := fullInk(s.pix)
	distance := make([]float64, len(s.pix))
	for i, v := range s.pix {
		distance[i] = math.Abs(v)
	}
	noise := 1.48 * quantile(distance, len(distance)/2) // the standard deviation, told from the median
	faintest := max(full/25, 3.5*noise)
	if full < 1./32 || full < 2*faintest {
		return false
	}
	for i, v := range s.pix {
		s.pix[i] = min(1, v/full)
		if v < faintest {
			s.pix[i] = 0
		}
	}
	return true
}

// even subtracts from each pixel the mean of the paper around it, up to a
// quarter of the sheet away. Paper is where the guess is not above the limit.
func (s *sheet) even(guess []float64, limit float64) {
	// sum[y][x] is the sum of the paper above y and left of x, so that the sum
	// in any rectangle takes four of them; count is how many pixels these are.
	sum, count := blank(s.width+1, s.height+1), blank(s.width+1, s.height+1)
	w := sum.width
	for y := range s.height {
		rowSum, rowCount := 0.0, 0.0
		for x := range s.width {
			if i := y*s.width + x; guess[i] <= limit {
				rowSum += s.pix[i]
				rowCount++
			}
			at := (y+1)*w + x + 1
			sum.pix[at], count.pix[at] = sum.pix[at-w]+rowSum, count.pix[at-w]+rowCount
		}
	}
	reach := max(2, max(s.width, s.height)/4)
	for y := range s.height {
		top, bottom := max(0, y-reach)*w, min(s.height, y+reach+1)*w
		for x := range s.width {
			left, right := max(0, x-reach), min(s.width, x+reach+1)
			in := func(t *sheet) float64 {
				return t.pix[bottom+right] - t.pix[bottom+left] - t.pix[top+right] + t.pix[top+left]
			}
			if n := in(count); n > 0 {
				s.pix[y*s.width+x] -= in(sum) / n
			} else { // in the midst of a large blot: the mean of all paper
				s.pix[y*s.width+x] -= sum.pix[len(sum.pix)-1] / max(1, count.pix[len(count.pix)-1])
			}
		}
	}
}

// fullInk returns the value of full ink: among the largest, but not the
// largest, which may be a speck.
func fullInk(pix []float64) float64 {
	return quantile(pix, len(pix)-1-min(len(pix)/100, 20))
}

// quantile returns the value at a rank, 0 being that of the smallest, to a
// thousandth of the range.
func quantile(pix []float64, rank int) float64 {
	low, high := slices.Min(pix), slices.Max(pix)
	const steps = 1000
	scale := (high - low) / steps
	if scale == 0 {
		return low
	}
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

// removeSpecks removes what is not connected with full ink, noise, and what is
// small beside the largest connected piece.
func (s *sheet) removeSpecks() {
	var pieces [][]int
	var masses []float64
	seen := make([]bool, len(s.pix))
	for start, v := range s.pix {
		if v == 0 || seen[start] {
			continue
		}
		seen[start] = true
		piece, mass, peak := []int{start}, 0.0, 0.0
		for k := 0; k < len(piece); k++ {
			i := piece[k]
			mass += s.pix[i]
			peak = max(peak, s.pix[i])
			x, y := i%s.width, i/s.width
			for ny := max(0, y-1); ny < min(s.height, y+2); ny++ {
				for nx := max(0, x-1); nx < min(s.width, x+2); nx++ {
					if j := ny*s.width + nx; s.pix[j] > 0 && !seen[j] {
						seen[j] = true
						piece = append(piece, j)
					}
				}
			}
		}
		if peak < 0.5 {
			mass = 0
		}
		pieces, masses = append(pieces, piece), append(masses, mass)
	}
	least := slices.Max(masses) / 30
	for k, piece := range pieces {
		if masses[k] < least {
			for _, i := range piece {
				s.pix[i] = 0
			}
		}
	}
}

// sharpen makes the edges of a digit of more than 40 pixels steeper, up to three
// times: there they are as wide as a lens, an enlargement or a worn pen made
// them. Smaller ones need their grey levels to show where an edge is.
func (s *sheet) sharpen() {
	left, top, right, bottom := s.box()
	steeper := min(3, max(1, float64(max(right-left, bottom-top))/(2*digitSide)))
	for i, v := range s.pix {
		s.pix[i] = min(1, max(0, 0.5+steeper*(v-0.5)))
	}
}

// thicken widens lines that would be thinner than 1.2 pixels in the square of
// 20×20, where MNIST's are 2 to 3, to 2: it draws them again with a round pen.
func (s *sheet) thicken() {
	left, top, right, bottom := s.box()
	length := float64(max(right-left, bottom-top))
	width := s.lineWidth()
	if width >= 1.2/digitSide*length {
		return
	}
	// The length grows with the width: (width+2r)/(length+2r) = 2/20.
	r := (2./digitSide*length - width) / (2 - 2*2./digitSide)
	margin := int(math.Ceil(r))
	wide := blank(s.width+2*margin, s.height+2*margin)
	for i, v := range s.pix {
		if v == 0 {
			continue
		}
		for dy := -margin; dy <= margin; dy++ {
			for dx := -margin; dx <= margin; dx++ {
				covered := min(1, r+1-math.Hypot(float64(dx), float64(dy)))
				at := &wide.pix[(i/s.width+margin+dy)*wide.width+i%s.width+margin+dx]
				*at = max(*at, v*covered)
			}
		}
	}
	*s = *wide
}

// lineWidth estimates how wide the lines are. A line's area is its length
// times its width, and its outline, where the ink rises and falls, is about
// twice as long as the line.
func (s *sheet) lineWidth() float64 {
	at := func(x, y int) float64 {
		if x < 0 || y < 0 || x == s.width || y == s.height {
			return 0
		}
		return s.pix[y*s.width+x]
	}
	area, outline := 0.0, 0.0
	for y := -1; y < s.height; y++ {
		for x := -1; x < s.width; x++ {
			v := at(x, y)
			area += v
			outline += math.Hypot(at(x+1, y)-v, at(x, y+1)-v)
		}
	}
	return 2 * area / outline
}

// box returns the smallest rectangle with all ink, right and bottom excluded.
func (s *sheet) box() (left, top, right, bottom int) {
	left, top = s.width, s.height
	for i, v := range s.pix {
		if v > 0 {
			x, y := i%s.width, i/s.width
			left, top, right, bottom = min(left, x), min(top, y), max(right, x+1), max(bottom, y+1)
		}
	}
	return left, top, right, bottom
}

// centred returns the ink scaled to a longer side of 20 pixels, its centre of
// mass in the middle of 28×28. Each pixel is the mean of the area that it
// covers, so edges are anti-aliased; the one with most ink is made full ink.
func (s *sheet) centred() *sheet {
	left, top, right, bottom := s.box()
	side := float64(max(right-left, bottom-top)) / digitSide // of the area for a pixel
	pixels := func(length int) int { return min(digitSide, int(math.Ceil(float64(length)/side))) }
	small := blank(pixels(right-left), pixels(bottom-top))
	var mass, massX, massY float64
	for i := range small.pix {
		x, y := i%small.width, i/small.width
		x0, y0 := float64(left)+float64(x)*side, float64(top)+float64(y)*side
		v := 0.0
		for y := int(y0); y < min(bottom, int(math.Ceil(y0+side))); y++ {
			for x := int(x0); x < min(right, int(math.Ceil(x0+side))); x++ {
				v += s.pix[y*s.width+x] * overlap(x, x0, side) * overlap(y, y0, side)
			}
		}
		small.pix[i] = v
		mass += v
		massX += v * float64(x)
		massY += v * float64(y)
	}

	// The middle that MNIST's pictures have is pixel (14, 14), not the corner
	// between the four pixels in the middle.
	picture := blank(28, 28)
	left = max(0, min(28-small.width, int(math.Round(14-massX/mass))))
	top = max(0, min(28-small.height, int(math.Round(14-massY/mass))))
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
