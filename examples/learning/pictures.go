package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
)

var (
	dark  = color.RGBA{50, 54, 62, 255}
	pale  = color.RGBA{214, 218, 224, 255}
	green = color.RGBA{18, 120, 86, 255}
	red   = color.RGBA{200, 60, 20, 255}
)

func writePictures(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for name, img := range map[string]image.Image{"valley": valleyPicture(), "chain": chainPicture()} {
		f, err := os.Create(filepath.Join(dir, "learning-"+name+".png"))
		if err != nil {
			return err
		}
		if err := png.Encode(f, img); err != nil {
			f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// valleyPicture draws the cost against the weight, the slope at the start, and
// the steps downhill.
func valleyPicture() image.Image {
	img := paper(900, 460)
	at := func(w, c float64) point { return point{100 + (w+4)*80, 400 - c*2600} }
	line(img, at(-4, 0), at(5.7, 0), 2, dark)
	line(img, at(-4, 0), at(-4, 0.14), 2, dark)
	for w := -3; w <= 5; w++ {
		p := at(float64(w), 0)
		line(img, point{p.x, p.y}, point{p.x, p.y + 7}, 2, dark)
		text(img, point{p.x, p.y + 26}, 2.5, dark, fmt.Sprint(w))
	}
	for _, c := range []float64{0.05, 0.1} {
		p := at(-4, c)
		line(img, p, at(5.5, c), 1, pale)
		text(img, point{p.x - 44, p.y}, 2.5, dark, fmt.Sprintf("%.2f", c))
	}
	text(img, point{at(5.9, 0).x, 400}, 3.5, dark, "w")
	text(img, point{at(-4, 0).x, 20}, 3.5, dark, "C")

	for w := -4.0; w < 5.5; w += 0.05 {
		line(img, at(w, valleyCost(w)), at(w+0.05, valleyCost(w+0.05)), 4, dark)
	}
	slope, start := valleySlope(valleyStart), valleyCost(valleyStart)
	line(img, at(valleyStart-1, start-slope), at(valleyStart+1, start+slope), 3, red)
	text(img, point{at(valleyStart, 0).x - 100, at(0, start).y - 30}, 2.5, red, fmt.Sprintf("dC/dw = %.4f", slope))
	w := valleyStart
	for range 8 {
		dot(img, at(w, valleyCost(w)), 7, green)
		w -= valleyRate * valleySlope(w)
	}
	return img
}

// chainPicture draws the chain with its numbers: forward above, backward below.
func chainPicture() image.Image {
	img := paper(1060, 330)
	p := chainPass(1, 1, 2, -1, -3, 1)
	middle := 140.0
	neuron := func(x float64, name, value string) {
		disc := point{x, middle}
		dot(img, disc, 58, dark)
		dot(img, disc, 55, color.RGBA{255, 255, 255, 255})
		text(img, point{x, middle - 17}, 3, dark, name)
		text(img, point{x, middle + 15}, 2.5, dark, value)
	}
	arrow := func(from, to, y float64, c color.RGBA) {
		back := 12.0
		if to < from {
			back = -back
		}
		line(img, point{from, y}, point{to, y}, 3, c)
		line(img, point{to, y}, point{to - back, y - 8}, 3, c)
		line(img, point{to, y}, point{to - back, y + 8}, 3, c)
	}
	xs := []float64{80, 380, 680, 980}
	for i := range 3 {
		arrow(xs[i]+62, xs[i+1]-64, middle, dark)
		arrow(xs[i+1]-40, xs[i]+40, 230, red)
	}
	neuron(xs[0], "x", "1")
	neuron(xs[1], "a₁", fmt.Sprintf("%.4f", p.a1))
	neuron(xs[2], "a₂", fmt.Sprintf("%.4f", p.a2))
	neuron(xs[3], "C", fmt.Sprintf("%.4f", p.cost))
	text(img, point{230, middle - 26}, 2.5, dark, "w₁ = 2")
	text(img, point{530, middle - 26}, 2.5, dark, "w₂ = -3")
	text(img, point{830, middle - 26}, 2.5, dark, "t = 1")
	text(img, point{xs[1], middle - 88}, 2.5, dark, "b₁ = -1")
	text(img, point{xs[2], middle - 88}, 2.5, dark, "b₂ = 1")
	text(img, point{xs[1], 262}, 2.5, red, fmt.Sprintf("δ₁ = %.4f", p.delta1))
	text(img, point{xs[2], 262}, 2.5, red, fmt.Sprintf("δ₂ = %.4f", p.delta2))
	text(img, point{230, 302}, 2.5, green, fmt.Sprintf("∂C/∂w₁ = %.4f", p.slopes[0]))
	text(img, point{530, 302}, 2.5, green, fmt.Sprintf("∂C/∂w₂ = %.4f", p.slopes[2]))
	return img
}
