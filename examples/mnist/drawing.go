package main

import (
	"image"
	"image/color"
	"math"
	"strings"
)

var white = color.RGBA{255, 255, 255, 255}

// paper returns an image of one colour to draw on.
func paper(width, height int, c color.RGBA) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	fill(img, img.Rect, c, 1)
	return img
}

// mix returns the colour that is part t, from 0 to 1, of the way from a to b.
func mix(a, b color.RGBA, t float64) color.RGBA {
	part := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + t*(float64(b)-float64(a)))) }
	return color.RGBA{part(a.R, b.R), part(a.G, b.G), part(a.B, b.B), 255}
}

// cover paints over a pixel. An opacity of 1 or more hides what was there, and
// one of 0 or less leaves it.
func cover(img *image.RGBA, x, y int, c color.RGBA, opacity float64) {
	img.SetRGBA(x, y, mix(img.RGBAAt(x, y), c, max(0, min(1, opacity))))
}

func fill(img *image.RGBA, area image.Rectangle, c color.RGBA, opacity float64) {
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			cover(img, x, y, c, opacity)
		}
	}
}

// A point is x to the right of the top left corner of an image and y below it.
type point struct{ x, y float64 }

// dot draws a disc. Pixels at its edge are covered in part, so it looks round.
func dot(img *image.RGBA, at point, radius float64, c color.RGBA) {
	for y := int(at.y - radius - 1); y <= int(at.y+radius+1); y++ {
		for x := int(at.x - radius - 1); x <= int(at.x+radius+1); x++ {
			cover(img, x, y, c, radius+0.5-math.Hypot(float64(x)+0.5-at.x, float64(y)+0.5-at.y))
		}
	}
}

// line draws a line of the given width, one column of pixels after another;
// from must be to the left of to. Pixels at its edges are covered in part, so
// it looks smooth.
func line(img *image.RGBA, from, to point, width float64, c color.RGBA, opacity float64) {
	slope := (to.y - from.y) / (to.x - from.x)
	upright := math.Hypot(1, slope) // vertical distance at a distance of 1 from the line
	reach := (width/2 + 0.5) * upright
	top, bottom := min(from.y, to.y)-width, max(from.y, to.y)+width
	for x := int(from.x); x < int(to.x); x++ {
		middle := from.y + slope*(float64(x)+0.5-from.x)
		for y := int(max(top, middle-reach)); y <= int(min(bottom, middle+reach)); y++ {
			distance := math.Abs(float64(y)+0.5-middle) / upright
			cover(img, x, y, c, opacity*max(0, min(1, width/2+0.5-distance)))
		}
	}
}

// text writes s with its centre at (x, y).
func text(img *image.RGBA, x, y, zoom int, c color.RGBA, s string) {
	x -= textWidth(s, zoom) / 2
	y -= 5 * zoom / 2
	for i := range len(s) {
		k := strings.IndexByte(letters, s[i])
		for bit := range 15 {
			if k >= 0 && glyphs[k]>>(14-bit)&1 == 1 {
				left, top := x+zoom*(4*i+bit%3), y+zoom*(bit/3)
				fill(img, image.Rect(left, top, left+zoom, top+zoom), c, 1)
			}
		}
	}
}

func textWidth(s string, zoom int) int { return (4*len(s) - 1) * zoom }

// letters are the characters that have a glyph; any other is a space.
const letters = "0123456789.%-acdeghinoprstuwy"

// A glyph has 3×5 pixels. Each octal digit is a row, and each of its bits is a
// pixel.
var glyphs = [len(letters)]uint16{
	0o75557, 0o26227, 0o71747, 0o71717, 0o55711, 0o74717, 0o74757, 0o71122, 0o75757, 0o75717, 0o00002, 0o51245, 0o00700,
	0o25755, 0o34443, 0o65556, 0o74647, 0o34553, 0o55755, 0o72227, 0o65555, 0o25552, 0o65644, 0o65655, 0o34216, 0o72222, 0o55557, 0o55575, 0o55222,
}
