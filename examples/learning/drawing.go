package main

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"
)

// paper returns a white image to draw on.
func paper(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	return img
}

// A point is x to the right of the top left corner of an image and y below it.
type point struct{ x, y float64 }

// line draws a line with round ends. Pixels at its edge are covered in part, so
// it looks smooth.
func line(img *image.RGBA, from, to point, width float64, c color.RGBA) {
	dx, dy := to.x-from.x, to.y-from.y
	length, reach := dx*dx+dy*dy, width/2+1
	for y := int(min(from.y, to.y) - reach); y <= int(max(from.y, to.y)+reach); y++ {
		for x := int(min(from.x, to.x) - reach); x <= int(max(from.x, to.x)+reach); x++ {
			px, py := float64(x)+0.5-from.x, float64(y)+0.5-from.y
			t := 0.0 // how far along the line the nearest point is
			if length > 0 {
				t = max(0, min(1, (px*dx+py*dy)/length))
			}
			cover(img, x, y, c, width/2+0.5-math.Hypot(px-t*dx, py-t*dy))
		}
	}
}

// dot draws a disc.
func dot(img *image.RGBA, at point, radius float64, c color.RGBA) {
	line(img, at, at, 2*radius, c)
}

// cover paints over a pixel. An opacity of 1 or more hides what was there, and
// one of 0 or less leaves it.
func cover(img *image.RGBA, x, y int, c color.RGBA, opacity float64) {
	opacity = max(0, min(1, opacity))
	old := img.RGBAAt(x, y)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + opacity*(float64(b)-float64(a)))) }
	img.SetRGBA(x, y, color.RGBA{mix(old.R, c.R), mix(old.G, c.G), mix(old.B, c.B), 255})
}

// text writes s with its centre at a point. The glyphs are 5×7 dots; lines join
// neighbouring dots.
func text(img *image.RGBA, at point, size float64, c color.RGBA, s string) {
	width := func(r rune) float64 {
		if strings.ContainsRune(" .·₁₂", r) {
			return 4
		}
		return 6
	}
	left, top := at.x+size, at.y-size*3
	for _, r := range s {
		left -= size * width(r) / 2
	}
	for _, r := range s {
		glyph := glyphs[r]
		lit := func(x, y int) bool { return x >= 0 && x < 5 && y < 7 && glyph[y]>>(4-x)&1 == 1 }
		dotAt := func(x, y int) point { return point{left + size*float64(x), top + size*float64(y)} }
		for y := range 7 {
			for x := range 5 {
				if !lit(x, y) {
					continue
				}
				line(img, dotAt(x, y), dotAt(x, y), size*0.8, c)
				for _, d := range [][2]int{{1, 0}, {0, 1}, {1, 1}, {-1, 1}} {
					nx, ny := x+d[0], y+d[1]
					corner := d[0] != 0 && d[1] != 0 && (lit(nx, y) || lit(x, ny)) // joined already
					if lit(nx, ny) && !corner {
						line(img, dotAt(x, y), dotAt(nx, ny), size*0.8, c)
					}
				}
			}
		}
		left += size * width(r)
	}
}

// A row of a glyph is five bits. A rune without a glyph is a space.
var glyphs = map[rune][7]byte{
	'0': {0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e},
	'1': {0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e},
	'2': {0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f},
	'3': {0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e},
	'4': {0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02},
	'5': {0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e},
	'6': {0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e},
	'7': {0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08},
	'8': {0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e},
	'9': {0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c},
	'.': {0, 0, 0, 0, 0, 0, 0x08},
	'-': {0, 0, 0, 0x0e, 0, 0, 0},
	'=': {0, 0, 0x1f, 0, 0x1f, 0, 0},
	'·': {0, 0, 0, 0x08, 0, 0, 0},
	'/': {0x01, 0x01, 0x02, 0x04, 0x08, 0x10, 0x10},
	'₁': {0, 0, 0, 0x08, 0x18, 0x08, 0x08},
	'₂': {0, 0, 0, 0x18, 0x04, 0x08, 0x1c},
	'a': {0, 0, 0x0e, 0x01, 0x0f, 0x11, 0x0f},
	'b': {0x10, 0x10, 0x1e, 0x11, 0x11, 0x11, 0x1e},
	'C': {0x0e, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0e},
	'd': {0x01, 0x01, 0x0f, 0x11, 0x11, 0x11, 0x0f},
	't': {0x08, 0x08, 0x1c, 0x08, 0x08, 0x09, 0x06},
	'w': {0, 0, 0x11, 0x11, 0x15, 0x15, 0x0a},
	'x': {0, 0, 0x11, 0x0a, 0x04, 0x0a, 0x11},
	'δ': {0x0e, 0x08, 0x04, 0x0e, 0x11, 0x11, 0x0e},
	'∂': {0x0e, 0x01, 0x01, 0x0f, 0x11, 0x11, 0x0e},
}
