// Recognize reads handwritten digits from image files, one digit from each:
//
//	recognize [-net digits.safetensors] [-steps] photo.png …
//
// In a clone of the repository it is go run ./examples/recognize.
//
// A file is a PNG, JPEG or GIF of any size and colour: a photo, a scan or a
// drawing of one digit on paper. For each file the program prints the digit, the
// ten outputs of the network, and the picture as the network sees it. It says so
// if no output is large: the picture may show no digit. It turns a photo as its
// EXIF orientation says. With -steps it writes what became of photo.png, step by
// step, as photo-1-grey.png to photo-5-28x28.png.
package main

import (
	"errors"
	"flag"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/nn13002/nn"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole program. It returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("recognize", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // a mistake prints one line, not the whole help
	file := flags.String("net", "", "`file` of the network, as safetensors (default the one that comes with nn)")
	steps := flags.Bool("steps", false, "write a picture of each step from the file to the network's input, beside the file")
	usage := func(w io.Writer) {
		fmt.Fprintln(w, "Usage: recognize [flags] photo.png …")
		flags.SetOutput(w)
		flags.PrintDefaults()
	}
	switch err := flags.Parse(args); {
	case err == flag.ErrHelp:
		usage(stdout)
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "recognize:", err)
		return 2
	case flags.NArg() == 0:
		usage(stderr)
		return 2
	}
	net, err := network(*file)
	if err != nil {
		fmt.Fprintln(stderr, "recognize:", err)
		return 1
	}
	status := 0
	for i, name := range flags.Args() {
		img, err := open(name)
		if err != nil {
			fmt.Fprintln(stderr, "recognize:", err)
			status = 1
			continue
		}
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		var pictures []picture
		input, ok := nn.FromImage(img, func(step string, img *image.Gray) {
			pictures = append(pictures, picture{step, img})
		})
		if *steps {
			if err := write(name, pictures); err != nil {
				fmt.Fprintln(stderr, "recognize:", err)
				status = 1
			}
		}
		if !ok {
			fmt.Fprintf(stdout, "%s: no ink in it, only paper\n", name)
			continue
		}
		output, digit := net.Predict(input), net.Classify(input)
		fmt.Fprintf(stdout, "%s: %d\n", name, digit)
		if output[digit] < sure {
			fmt.Fprintf(stdout, "It may be no digit: no output reaches %.1f.\n", sure)
		}
		fmt.Fprintln(stdout)
		report(stdout, input, output, net.Layers[len(net.Layers)-1].Activation)
	}
	return status
}

// sure is the bar for the largest output. Below it, one of MNIST's digits is read
// wrongly far more often than above it.
const sure = 0.8

// A picture shows one step from a file to the network's input.
type picture struct {
	step string
	img  *image.Gray
}

// write writes pictures beside the named file, enlarged to at least 140 pixels.
func write(name string, pictures []picture) error {
	for i, p := range pictures {
		b := p.img.Rect
		times := 139/max(b.Dx(), b.Dy()) + 1
		large := image.NewGray(image.Rect(0, 0, times*b.Dx(), times*b.Dy()))
		for k := range large.Pix {
			large.Pix[k] = p.img.GrayAt(k%large.Stride/times, k/large.Stride/times).Y
		}
		step := strings.NewReplacer(" ", "-", "×", "x").Replace(p.step)
		to := fmt.Sprintf("%s-%d-%s.png", strings.TrimSuffix(name, filepath.Ext(name)), i+1, step)
		f, err := os.Create(to)
		if err != nil {
			return naming(to, err)
		}
		if err := errors.Join(png.Encode(f, large), f.Close()); err != nil {
			return naming(to, err)
		}
	}
	return nil
}

// network returns the network in a file, or the one that comes with nn if name
// is empty.
func network(name string) (*nn.Network, error) {
	if name == "" {
		return nn.Pretrained(), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, naming(name, err)
	}
	defer f.Close()
	net, err := nn.Load(f)
	if err != nil {
		return nil, naming(name, err)
	}
	inputs, outputs := net.Layers[0].Weights.Rows, len(net.Layers[len(net.Layers)-1].Biases)
	if inputs != 28*28 || outputs != 10 {
		return nil, fmt.Errorf("%s: a network of %d inputs and %d outputs, need 784 and 10", name, inputs, outputs)
	}
	return net, nil
}

// maxPixels limits the memory for an image, because a file of a few bytes can
// claim any size.
const maxPixels = 100e6

// open returns the image in a file, turned as its EXIF orientation says.
func open(name string) (image.Image, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, naming(name, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() { // image.Decode would report an unknown format
		return nil, naming(name, errors.New("is a directory"))
	}
	size, _, err := image.DecodeConfig(f)
	if err != nil {
		return nil, naming(name, err)
	}
	if pixels := float64(size.Width) * float64(size.Height); pixels > maxPixels {
		return nil, fmt.Errorf("%s: %d×%d pixels are %.0f million, need at most %.0f", name, size.Width, size.Height, math.Ceil(pixels/1e6), maxPixels/1e6)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, naming(name, err)
	}
	img, _, err := image.Decode(f)
	if err != nil {
		return nil, naming(name, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, naming(name, err)
	}
	if o := orientation(f); o > 1 {
		return turned{img, o}, nil
	}
	return img, nil
}

// naming returns err as one line that begins with the name of the file.
func naming(name string, err error) error {
	var path *fs.PathError
	switch {
	case errors.As(err, &path):
		err = path.Err // without the name, which it contains too
	case errors.Is(err, image.ErrFormat):
		err = errors.New("neither PNG nor JPEG nor GIF")
	}
	return fmt.Errorf("%s: %s", name, strings.ReplaceAll(err.Error(), "\n", "; "))
}

// report prints the picture that the network sees and, beside it, the outputs.
// Those of a softmax layer sum to 1. Others than sigmoid's and softmax's may be
// below 0 or above 1; their bars end there.
func report(w io.Writer, input, output []float64, last nn.Activation) {
	beside := []string{"The ten outputs:", ""}
	if last == nn.Sigmoid || last == nn.Softmax {
		beside[0] = "The ten outputs, each from 0 to 1:"
	}
	for digit, a := range output {
		bar := strings.Repeat("█", int(math.Round(20*min(max(a, 0), 1))))
		beside = append(beside, fmt.Sprintf("%d  %.2f  %s", digit, a, bar))
	}
	if last != nn.Softmax {
		beside = append(beside, "", "They are ten separate answers", "and do not sum to 1.")
	}
	for i, line := range append(blocks(input), "") {
		if i < len(beside) {
			line = fmt.Sprintf("%-28s   %s", line, beside[i])
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

// blocks draws 28×28 inputs as 14 lines of characters. A character stands for
// two pixels, one above the other: a half block if there is ink in only one of
// them, otherwise the denser, the more ink there is in both.
func blocks(input []float64) []string {
	shades := []string{" ", "░", "▒", "▓", "█"}
	var lines []string
	for y := 0; y < 28; y += 2 {
		line := ""
		for x := range 28 {
			upper, lower := input[y*28+x], input[(y+1)*28+x]
			switch {
			case upper-lower > 0.5:
				line += "▀"
			case lower-upper > 0.5:
				line += "▄"
			default:
				line += shades[int(math.Round(2*(upper+lower)))]
			}
		}
		lines = append(lines, line)
	}
	return lines
}
