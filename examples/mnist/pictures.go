package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/nn13002/nn"
)

// writePictures writes five pictures of what the network has learned into a
// folder.
func writePictures(dir string, out *screen, net *nn.Network, test *nn.Images, distort float64, result nn.Evaluation, accuracies, costs []float64) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	input, target := make([]float64, test.Width*test.Height), make([]float64, test.Classes)
	for i := range test.Len() {
		test.Example(i, input, target)
		if net.Classify(input) == int(test.Labels[i]) {
			break // the first that the network reads correctly
		}
	}
	out.line("")
	for _, p := range []struct {
		name, what string
		img        image.Image
	}{
		{"weights.png", "the weights of the first layer", net.Layers[0].Picture(test.Width)},
		{"network.png", "the network reading a digit", networkPicture(net, input)},
		{"confusion.png", "the confusion matrix", confusion(result.Confusion)},
		{"curve.png", "accuracy and cost after each epoch", curves(accuracies, costs)},
		{"distorted.png", "ten digits and what -distort makes of them", distorted(test, distort)},
	} {
		name := filepath.Join(dir, p.name)
		if err := writePNG(name, p.img); err != nil {
			return err
		}
		out.line("Picture: %s, %s", name, p.what)
	}
	return nil
}

// distorted draws one image of each class and, beside it, nine distortions of
// it as training with -distort sees them. A strength of 0 is drawn as 1.
func distorted(images *nn.Images, strength float64) image.Image {
	if strength == 0 {
		strength = 1
	}
	const variants, zoom, gap = 9, 2, 4
	img := paper((variants+1)*(zoom*images.Width+gap)+3*gap, images.Classes*(zoom*images.Height+gap)+gap, white)
	for class := range images.Classes {
		i := slices.Index(images.Labels, byte(class))
		for k := range variants + 1 {
			if i < 0 {
				break
			}
			d, x := nn.Distorted{Images: images}, gap
			if k > 0 {
				d, x = nn.Distorted{Images: images, Seed: uint64(k), Strength: strength}, 3*gap
			}
			at := image.Pt(x+k*(zoom*images.Width+gap), gap+class*(zoom*images.Height+gap))
			digit := d.Image(i)
			for y := range zoom * images.Height {
				for x := range zoom * images.Width {
					img.Set(at.X+x, at.Y+y, color.Gray{255 - digit.GrayAt(x/zoom, y/zoom).Y})
				}
			}
		}
	}
	return img
}

func writePNG(name string, img image.Image) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := png.Encode(f, img); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

var (
	dark   = color.RGBA{50, 54, 62, 255}
	faint  = color.RGBA{245, 246, 248, 255}
	pale   = color.RGBA{222, 225, 230, 255}
	green  = color.RGBA{18, 120, 86, 255}
	orange = color.RGBA{214, 84, 16, 255}
)

// confusion draws a confusion matrix. The shade of a cell is the logarithm of
// its count, so rare mistakes are visible beside a thousand correct answers.
func confusion(counts [][]int) image.Image {
	const cell, left, top = 48, 96, 64
	side := cell * len(counts)
	img := paper(left+side+24, top+side+24, white)
	text(img, left+side/2, 22, 2, dark, "answer")
	text(img, 40, top+side/2, 2, dark, "digit")
	most := 1
	for _, row := range counts {
		for _, count := range row {
			most = max(most, count)
		}
	}
	for digit, row := range counts {
		middle := digit*cell + cell/2
		text(img, left+middle, top-14, 3, dark, fmt.Sprint(digit))
		text(img, left-14, top+middle, 3, dark, fmt.Sprint(digit))
		for answer, count := range row {
			tone := orange
			if answer == digit {
				tone = green
			}
			at := image.Pt(left+answer*cell, top+digit*cell)
			shade := math.Log1p(float64(count)) / math.Log1p(float64(most))
			area := image.Rect(0, 0, cell-1, cell-1).Add(at)
			fill(img, area, faint, 1)
			fill(img, area, tone, shade)
			if count > 0 {
				number := dark
				if shade > 0.5 {
					number = white
				}
				text(img, at.X+cell/2, at.Y+cell/2, 2, number, fmt.Sprint(count))
			}
		}
	}
	return img
}

// curves draws the test accuracy and the training cost after each epoch.
func curves(accuracies, costs []float64) image.Image {
	img := paper(760, 630, white)
	percent := make([]float64, len(accuracies))
	for i, a := range accuracies {
		percent[i] = 100 * a
	}
	curve(img, image.Rect(80, 50, 730, 280), "test accuracy in %", percent, green)
	curve(img, image.Rect(80, 350, 730, 580), "training cost", costs, orange)
	text(img, 405, 614, 2, dark, "epoch")
	return img
}

// curve draws one value per epoch inside a frame, with numbered axes around it.
func curve(img *image.RGBA, frame image.Rectangle, title string, values []float64, c color.RGBA) {
	text(img, (frame.Min.X+frame.Max.X)/2, frame.Min.Y-22, 2, c, title)
	low, high := values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	step := tick(max(high-low, 1e-3*math.Abs(high), 1e-9), 5)
	low, high = step*math.Floor(low/step), step*math.Ceil(high/step)
	if high == low {
		high += step
	}
	height := func(v float64) float64 {
		return float64(frame.Max.Y) - (v-low)/(high-low)*float64(frame.Dy())
	}
	decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	for i := range int(math.Round((high-low)/step)) + 1 {
		v := low + float64(i)*step
		y := int(height(v))
		fill(img, image.Rect(frame.Min.X, y, frame.Max.X, y+1), pale, 1)
		number := fmt.Sprintf("%.*f", decimals, v)
		text(img, frame.Min.X-10-4*len(number), y, 2, dark, number)
	}

	last := len(values)
	across := func(epoch float64) float64 {
		return float64(frame.Min.X) + 14 + (epoch-1)/float64(max(1, last-1))*float64(frame.Dx()-28)
	}
	every := max(1, int(tick(float64(last), 10)))
	for epoch := 1; epoch <= last; epoch++ {
		if epoch == 1 || epoch%every == 0 {
			x := int(across(float64(epoch)))
			fill(img, image.Rect(x, frame.Max.Y, x+1, frame.Max.Y+5), dark, 1)
			text(img, x, frame.Max.Y+14, 2, dark, fmt.Sprint(epoch))
		}
	}
	fill(img, image.Rect(frame.Min.X, frame.Min.Y, frame.Min.X+1, frame.Max.Y), dark, 1)
	fill(img, image.Rect(frame.Min.X, frame.Max.Y, frame.Max.X, frame.Max.Y+1), dark, 1)

	const r = 3.0
	for i, v := range values {
		x, y := across(float64(i+1)), height(v)
		if i > 0 {
			line(img, point{across(float64(i)), height(values[i-1])}, point{x, y}, 2, c, 1)
		}
		if last <= 60 {
			fill(img, image.Rect(int(x-r), int(y-r), int(x+r+1), int(y+r+1)), c, 1)
		}
	}
}

// tick returns the smallest step that is 1, 2 or 5 times a power of ten and
// divides span into no more than the given number of parts.
func tick(span float64, parts int) float64 {
	least := span / float64(parts)
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= least {
			return m * power
		}
	}
	return 10 * power
}
