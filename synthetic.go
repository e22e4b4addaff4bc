package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Synthetic returns n images of handwritten digits drawn by code, with labels, to
// learn from without a download. They have MNIST's form: 28×28 pixels, ten
// classes, white on black, a digit 20 pixels long or wide with its centre of mass
// in the middle, to the nearest pixel or as near as it fits. They show more ways
// to write than MNIST: a 1 with a flag, a base line or both, a 7 with a bar, an
// open 4, a 9 with a hooked tail. A network that learns from both reads more
// handwriting; they do not replace MNIST. All classes are equally likely. The
// same seed gives the same images. Synthetic panics if r is nil or n is below 1.
func Synthetic(r *rand.Rand, n int) *Images {
	if r == nil {
		panic("nn: Synthetic needs a random source, got nil")
	}
	if n < 1 {
		panic(fmt.Sprintf("nn: %d synthetic images, need at least 1", n))
	}
	d := &Images{Width: 28, Height: 28, Classes: 10}
	for range n {
		digit := byte(r.IntN(10))
		pen := 2.6 * math.Exp(0.25*r.NormFloat64()) // its width in pixels
		picture := paint(handwrite(r, digit), pen)
		d.Add(picture[:], digit)
	}
	return d
}

// A point is x to the right of the top left corner and y below it.
type point struct{ x, y float64 }

// strokes[digit] are ways to write a digit, in one or more strokes. A stroke is a
// smooth curve through its points, with a corner at a point that is listed twice.
var strokes = [10][][][]point{
	{
		{{{8, 0}, {3, 3}, {0, 11}, {3, 18}, {8, 20}, {14, 17}, {16, 9}, {13, 2}, {7, 0}}},
		{{{11, 2}, {6, 0}, {1, 6}, {1, 15}, {7, 20}, {14, 15}, {15, 6}, {10, 1}, {4, 2}}},
		{{{5, 0}, {1, 5}, {0, 12}, {3, 19}, {6, 20}, {9, 15}, {9, 7}, {7, 1}, {4, 0}}},
	}, {
		{{{7, 0}, {7, 20}}},
		{{{7, 0}, {7, 10}, {7, 20}}},
		{{{3, 4}, {7, 0}, {7, 0}, {7, 10}, {7, 20}}},
		{{{0, 8}, {7, 0}, {7, 0}, {7, 10}, {7, 20}}}, // a flag
		{{{0, 6}, {4, 4}, {7, 0}, {7, 0}, {7, 20}}},
		{{{7, 0}, {7, 20}}, {{1, 20}, {13, 20}}}, // a base
		{{{3, 4}, {7, 0}, {7, 0}, {7, 20}}, {{2, 20}, {12, 20}}},
		{{{1, 7}, {7, 0}, {7, 0}, {7, 20}}, {{0, 20}, {14, 20}}},
	}, {
		{{{1, 4}, {6, 0}, {11, 3}, {9, 10}, {3, 19}, {0, 18}, {3, 14}, {9, 17}, {16, 19}}}, // a loop
		{{{2, 4}, {7, 0}, {12, 4}, {9, 12}, {3, 19}, {0, 17}, {3, 15}, {7, 19}, {11, 20}, {15, 18}}},
		{{{1, 4}, {6, 0}, {12, 4}, {8, 11}, {0, 20}, {0, 20}, {7, 20}, {16, 19}}},
		{{{3, 6}, {1, 3}, {6, 0}, {11, 4}, {9, 10}, {1, 19}, {1, 19}, {6, 18}, {14, 20}}},
		{{{0, 3}, {5, 0}, {11, 2}, {10, 7}, {0, 20}, {0, 20}, {13, 20}}},
	}, {
		{{{1, 2}, {7, 0}, {12, 4}, {9, 8}, {4, 9}, {4, 9}, {11, 11}, {13, 16}, {7, 20}, {0, 18}}},
		{{{1, 0}, {11, 0}, {11, 0}, {5, 8}, {5, 8}, {12, 12}, {11, 18}, {5, 20}, {0, 18}}},
		{{{1, 2}, {7, 0}, {12, 4}, {8, 9}, {5, 10}, {5, 8}, {8, 9}, {13, 14}, {8, 20}, {0, 18}}}, // a loop
		{{{1, 4}, {3, 0}, {9, 0}, {11, 5}, {6, 9}, {6, 9}, {12, 12}, {11, 18}, {5, 20}, {0, 17}, {1, 15}}},
	}, {
		{{{2, 0}, {0, 10}, {0, 10}, {6, 11}, {14, 9}}, {{11, 0}, {10, 9}, {9, 20}}},
		{{{1, 0}, {0, 9}, {5, 10}, {11, 7}, {12, 0}, {12, 0}, {11, 10}, {10, 20}}},
		{{{0, 0}, {0, 11}, {0, 11}, {14, 11}}, {{11, 0}, {11, 20}}},
		{{{5, 0}, {0, 12}, {0, 12}, {14, 12}}, {{10, 6}, {9, 20}}},
		{{{9, 0}, {0, 13}, {0, 13}, {14, 13}}, {{9, 0}, {9, 10}, {9, 20}}}, // closed
		{{{11, 20}, {11, 0}, {11, 0}, {0, 14}, {0, 14}, {16, 14}}},
	}, {
		{{{3, 0}, {2, 8}, {2, 8}, {8, 7}, {12, 12}, {9, 19}, {3, 20}, {0, 18}}, {{3, 0}, {15, 0}}},
		{{{14, 0}, {4, 0}, {4, 0}, {2, 8}, {2, 8}, {8, 8}, {11, 13}, {8, 19}, {0, 19}}},
		{{{14, 0}, {6, 1}, {3, 7}, {9, 11}, {8, 18}, {0, 19}}},
		{{{13, 0}, {4, 0}, {4, 0}, {3, 9}, {9, 8}, {13, 13}, {9, 20}, {2, 20}, {0, 16}}},
	}, {
		{{{9, 0}, {3, 6}, {0, 14}, {4, 20}, {11, 18}, {12, 13}, {7, 11}, {1, 15}}},
		{{{6, 0}, {2, 6}, {0, 14}, {4, 20}, {10, 20}, {14, 16}, {10, 12}, {5, 13}, {2, 17}}},
		{{{3, 0}, {0, 10}, {1, 18}, {6, 20}, {10, 16}, {8, 11}, {3, 11}, {0, 15}}},
		{{{11, 0}, {4, 5}, {0, 13}, {3, 19}, {8, 20}, {10, 16}, {7, 13}, {2, 17}}},
	}, {
		{{{0, 1}, {6, 1}, {12, 0}, {12, 0}, {8, 9}, {5, 20}}},
		{{{0, 3}, {1, 1}, {1, 1}, {12, 1}, {12, 1}, {9, 9}, {8, 20}}},
		{{{0, 2}, {4, 0}, {8, 2}, {13, 0}, {13, 0}, {8, 10}, {7, 20}}},
		{{{0, 1}, {6, 1}, {12, 0}, {12, 0}, {8, 9}, {5, 20}}, {{3, 11}, {12, 10}}}, // a bar
		{{{0, 3}, {1, 0}, {1, 0}, {13, 0}, {13, 0}, {8, 10}, {6, 20}}, {{2, 10}, {14, 10}}},
	}, {
		{{{12, 2}, {6, 0}, {2, 3}, {5, 8}, {11, 13}, {10, 19}, {4, 20}, {1, 16}, {5, 10}, {11, 5}, {12, 1}}},
		{{{14, 2}, {8, 0}, {3, 3}, {5, 8}, {9, 13}, {8, 19}, {3, 20}, {1, 16}, {6, 10}, {14, 2}}},
		{{{13, 3}, {7, 0}, {3, 4}, {6, 9}, {11, 13}, {8, 20}, {2, 18}, {3, 12}, {9, 7}, {11, 0}}}, // open
		{{{6, 0}, {2, 4}, {6, 9}, {10, 4}, {6, 0}}, {{6, 9}, {0, 15}, {6, 20}, {12, 15}, {6, 9}}},
	}, {
		{{{11, 2}, {5, 0}, {0, 5}, {4, 10}, {10, 7}, {11, 2}, {11, 2}, {11, 10}, {10, 20}}},
		{{{10, 3}, {5, 0}, {0, 5}, {4, 10}, {9, 7}, {10, 3}, {10, 3}, {3, 20}}},
		{{{10, 4}, {5, 0}, {0, 5}, {5, 10}, {10, 6}}, {{11, 0}, {11, 20}}},
		{{{12, 3}, {7, 0}, {1, 5}, {3, 10}, {9, 8}, {12, 3}, {12, 12}, {8, 19}, {2, 19}}}, // a hooked tail
		{{{11, 2}, {5, 0}, {0, 5}, {4, 10}, {10, 7}, {11, 2}, {11, 2}, {11, 12}, {9, 19}, {4, 20}, {0, 17}}},
		{{{12, 2}, {6, 0}, {1, 5}, {5, 10}, {11, 6}, {12, 1}, {12, 12}, {9, 19}, {4, 20}, {2, 16}}},
		{{{10, 3}, {6, 0}, {2, 4}, {5, 8}, {10, 5}, {11, 2}, {12, 10}, {9, 18}, {4, 20}, {0, 18}}},
		{{{11, 3}, {6, 0}, {1, 4}, {5, 9}, {11, 4}, {13, 10}, {11, 17}, {6, 20}, {1, 19}, {0, 16}}},
	},
}

// handwrite writes a digit, each time differently. It returns the places of the
// pen, so close together that round dots at them form lines.
func handwrite(r *rand.Rand, digit byte) (path []point) {
	way := strokes[digit][r.IntN(len(strokes[digit]))]
	wide := math.Exp(0.2 * r.NormFloat64())
	squeeze := math.Exp(0.12 * r.NormFloat64()) // above 1 the upper half becomes smaller, below 1 the lower
	slant := 0.15 + 0.2*r.NormFloat64()
	sin, cos := math.Sincos(0.12 * r.NormFloat64())
	for _, stroke := range way {
		var at []point
		var off point // the error of the hand, which lasts for a few points, so curves stay smooth
		for i, q := range stroke {
			if i == 0 || q != stroke[i-1] {
				off = point{0.7*off.x + 0.9*r.NormFloat64(), 0.7*off.y + 0.9*r.NormFloat64()}
			}
			y := 20*math.Pow(q.y/20, squeeze) + off.y
			x := wide*q.x + off.x - slant*y
			at = append(at, point{cos*x - sin*y, sin*x + cos*y})
		}
		for i := range len(at) - 1 {
			path = appendCurve(path, at[max(0, i-1)], at[i], at[i+1], at[min(i+2, len(at)-1)])
		}
	}
	return path
}

// appendCurve appends the part from b to c of a smooth curve through a, b, c and
// d (Catmull and Rom, A class of local interpolating splines, 1974).
func appendCurve(path []point, a, b, c, d point) []point {
	spline := func(a, b, c, d, t float64) float64 {
		return b + t/2*(c-a+t*(2*a-5*b+4*c-d+t*(3*(b-c)+d-a)))
	}
	steps := math.Ceil(2 * math.Hypot(c.x-b.x, c.y-b.y))
	for i := range int(steps) {
		t := float64(i+1) / steps
		path = append(path, point{spline(a.x, b.x, c.x, d.x, t), spline(a.y, b.y, c.y, d.y, t)})
	}
	return path
}

// paint draws a path with a round pen of the given width, scaled to a longer side
// of 20 pixels and with its centre of mass in the middle of 28×28.
func paint(path []point, pen float64) (picture [28 * 28]byte) {
	low, high := path[0], path[0]
	for _, q := range path {
		low = point{min(low.x, q.x), min(low.y, q.y)}
		high = point{max(high.x, q.x), max(high.y, q.y)}
	}
	scale := (digitSide - pen) / max(high.x-low.x, high.y-low.y)
	reach := pen/2 + 0.5
	var ink [digitSide][digitSide]byte
	for _, q := range path {
		q = point{digitSide/2 + scale*(q.x-(low.x+high.x)/2), digitSide/2 + scale*(q.y-(low.y+high.y)/2)}
		for y := max(0, int(q.y-reach)); y < min(digitSide, int(q.y+reach)+1); y++ {
			for x := max(0, int(q.x-reach)); x < min(digitSide, int(q.x+reach)+1); x++ {
				dx, dy := float64(x)+0.5-q.x, float64(y)+0.5-q.y
				if d := dx*dx + dy*dy; d < reach*reach { // a pixel at the pen's edge is grey
					ink[y][x] = max(ink[y][x], byte(255*min(1, reach-math.Sqrt(d))))
				}
			}
		}
	}
	var mass, massX, massY float64
	for y, row := range ink {
		for x, v := range row {
			mass += float64(v)
			massX += float64(v) * float64(x)
			massY += float64(v) * float64(y)
		}
	}
	left, top := margin(digitSide, massX/mass), margin(digitSide, massY/mass)
	for y, row := range ink {
		copy(picture[(top+y)*28+left:], row[:])
	}
	return picture
}
