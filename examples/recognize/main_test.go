package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/nn13002/nn"
)

func start(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = run(args, &out, &err)
	return status, out.String(), err.String()
}

// save writes an image into a new file.
func save(t *testing.T, name string, encode func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

func savePNG(t *testing.T, img image.Image) string {
	return save(t, "digit.png", func(w io.Writer) error { return png.Encode(w, img) })
}

// A sketch shows a digit in blue ink on cream paper, ten times as large.
type sketch struct{ digit *image.Gray }

func (s sketch) ColorModel() color.Model { return color.RGBAModel }
func (s sketch) Bounds() image.Rectangle { return image.Rect(0, 0, 280, 280) }
func (s sketch) At(x, y int) color.Color {
	ink := int(s.digit.GrayAt(x/10, y/10).Y)
	mix := func(paper, pen int) uint8 { return uint8(paper + ink*(pen-paper)/255) }
	return color.RGBA{mix(250, 20), mix(240, 30), mix(220, 120), 255}
}

// legible returns a digit that the network reads correctly, and its label.
func legible(t *testing.T) (*image.Gray, byte) {
	net := nn.Pretrained()
	digits := nn.Synthetic(rand.New(rand.NewPCG(1, 2)), 100)
	for i, label := range digits.Labels {
		input, ok := nn.FromImage(sketch{digits.Image(i)})
		if ok && net.Classify(input) == int(label) && net.Predict(input)[label] > 0.9 {
			return digits.Image(i), label
		}
	}
	t.Fatal("none of 100 digits is read with certainty")
	return nil, 0
}

func TestReadsFilesOfAllFormats(t *testing.T) {
	digit, label := legible(t)
	picture := sketch{digit}
	names := []string{
		savePNG(t, picture),
		savePNG(t, digit),
		save(t, "digit.jpg", func(w io.Writer) error { return jpeg.Encode(w, picture, nil) }),
		save(t, "digit.gif", func(w io.Writer) error { return gif.Encode(w, picture, nil) }),
	}
	status, out, err := start(names...)
	if status != 0 || err != "" {
		t.Fatalf("exit %d: %s", status, err)
	}
	rest := out
	for _, name := range names {
		var found bool
		_, rest, found = strings.Cut(rest, fmt.Sprintf("%s: %d\n", name, label))
		if !found {
			t.Fatalf("%s is not read as %d, or not in the order of the arguments:\n%s", name, label, out)
		}
	}
	if n := strings.Count(out, "do not sum to 1"); n != len(names) {
		t.Errorf("says %d times that the outputs do not sum to 1, want %d", n, len(names))
	}
	for line := range strings.Lines(out) {
		if !strings.Contains(line, ": ") && utf8.RuneCountInString(line) > 80 || strings.HasSuffix(line, " \n") {
			t.Errorf("too wide, or spaces at its end: %q", line)
		}
	}
}

func TestStepsAreWrittenBesideTheFile(t *testing.T) {
	digit, label := legible(t)
	name := savePNG(t, sketch{digit})
	status, out, err := start("-steps", name)
	if status != 0 || err != "" || !strings.HasPrefix(out, fmt.Sprintf("%s: %d\n", name, label)) {
		t.Fatalf("exit %d, stdout %q, stderr %q", status, out, err)
	}
	for i, step := range []string{"grey", "paper-evened", "ink", "cleaned", "28x28"} {
		f, err := os.Open(filepath.Join(filepath.Dir(name), fmt.Sprintf("digit-%d-%s.png", i+1, step)))
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil || max(img.Bounds().Dx(), img.Bounds().Dy()) < 140 {
			t.Errorf("%s: %v, or smaller than 140 pixels", step, err)
		}
	}
}

func TestSaysWhenNoOutputIsLarge(t *testing.T) {
	digit, _ := legible(t)
	name := savePNG(t, sketch{digit})
	untrained := nn.New(rand.New(rand.NewPCG(1, 2)), 784, 16, 16, 10)
	net := save(t, "untrained.safetensors", untrained.Save)
	const says = "It may be no digit: no output reaches 0.8.\n"
	if _, out, _ := start("-net", net, name); !strings.Contains(out, says) {
		t.Errorf("an untrained network is sure: %q", out)
	}
	if _, out, _ := start(name); strings.Contains(out, says) {
		t.Errorf("a clear digit is doubted: %q", out)
	}
}

func TestOutputsOfSoftmaxAreNotCalledSeparateAnswers(t *testing.T) {
	digit, _ := legible(t)
	net := nn.New(rand.New(rand.NewPCG(1, 2)), 784, 16, 10)
	net.Layers[1].Activation = nn.Softmax
	status, out, err := start("-net", save(t, "softmax.safetensors", net.Save), savePNG(t, digit))
	if status != 0 || err != "" || !strings.Contains(out, "The ten outputs") || strings.Contains(out, "sum to 1") {
		t.Errorf("exit %d, stdout %q, stderr %q", status, out, err)
	}
}

func TestOutputsBelow0AndAbove1AreReported(t *testing.T) {
	var b strings.Builder
	report(&b, make([]float64, 784), []float64{-1, 3, 0, 0, 0, 0, 0, 0, 0, 0}, nn.Linear)
	if out := b.String(); !strings.Contains(out, "0  -1.00\n") || !strings.Contains(out, "1  3.00  "+strings.Repeat("█", 20)+"\n") || strings.Contains(out, "from 0 to 1") {
		t.Error(out)
	}
}

// TestSureAnswersAreRightMoreOften computes README's table: which share of MNIST's
// test images and of noise has an output above a bar, and how many of these images
// are read correctly.
func TestSureAnswersAreRightMoreOften(t *testing.T) {
	if os.Getenv("MNIST_DIR") == "" {
		t.Skip("needs MNIST's files in MNIST_DIR")
	}
	_, test, err := nn.LoadMNIST(os.Getenv("MNIST_DIR"))
	if err != nil {
		t.Fatal(err)
	}
	net := nn.Pretrained()
	output := net.PredictAll(test)
	r := rand.New(rand.NewPCG(1, 2))
	wrong := 1.0
	for _, bar := range []float64{0, 0.5, 0.8, 0.95} {
		answered, right, noise := 0.0, 0.0, 0
		for i, label := range test.Labels {
			if best := slices.Max(output.Row(i)); best >= bar {
				answered++
				if output.Row(i)[label] == best {
					right++
				}
			}
		}
		input := make([]float64, 784)
		for range 1000 {
			for i := range input {
				input[i] = r.Float64()
			}
			if slices.Max(net.Predict(input)) >= bar {
				noise++
			}
		}
		t.Logf("| %v | %.1f %% | %.1f %% | %d of 1,000 |", bar, 100*answered/float64(test.Len()), 100*right/answered, noise)
		if 1-right/answered >= wrong {
			t.Errorf("above %v %.4f of the answers are wrong, not less than above the bar before: %.4f", bar, 1-right/answered, wrong)
		}
		wrong = 1 - right/answered
	}
}

// exif returns a JPEG file with an orientation.
func exif(img image.Image, order binary.AppendByteOrder, orientation uint16) []byte {
	var b bytes.Buffer
	jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}) // cannot fail
	tiff := []byte("MM\x00\x2a")
	if order.String() == "LittleEndian" {
		tiff = []byte("II\x2a\x00")
	}
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2) // two entries
	tiff = append(order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x0100), 4), 1), 0, 0, 0, 9)
	tiff = order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x0112), 3), 1)
	tiff = append(order.AppendUint16(tiff, orientation), 0, 0)
	segment := append([]byte("\xff\xe1\x00\x00Exif\x00\x00"), tiff...)
	binary.BigEndian.PutUint16(segment[2:], uint16(len(segment)-2))
	return slices.Concat(b.Bytes()[:2], segment, b.Bytes()[2:])
}

func TestPhotoIsTurnedAsItsEXIFSays(t *testing.T) {
	// The upright picture is 16×8 and has one light corner, at the top left.
	corners := [9]image.Point{1: {0, 0}, 2: {15, 0}, 3: {15, 7}, 4: {0, 7}, 5: {0, 0}, 6: {0, 15}, 7: {7, 15}, 8: {7, 0}}
	for o := 1; o <= 8; o++ {
		stored := image.NewGray(image.Rect(0, 0, 16, 8))
		if o >= 5 {
			stored = image.NewGray(image.Rect(0, 0, 8, 16))
		}
		stored.SetGray(corners[o].X, corners[o].Y, color.Gray{255})
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			file := exif(stored, order, uint16(o))
			name := save(t, "photo.jpg", func(w io.Writer) error { _, err := w.Write(file); return err })
			img, err := open(name)
			if err != nil {
				t.Fatal(err)
			}
			light := color.GrayModel.Convert(img.At(0, 0)).(color.Gray).Y
			if b := img.Bounds(); b != image.Rect(0, 0, 16, 8) || light < 128 {
				t.Errorf("orientation %d, %v: bounds %v, top left %d", o, order, b, light)
			}
		}
	}
}

func FuzzOrientation(f *testing.F) {
	for _, o := range []uint16{1, 6, 9} {
		f.Add(exif(image.NewGray(image.Rect(0, 0, 8, 8)), binary.LittleEndian, o))
	}
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x00"))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if o := orientation(bytes.NewReader(file)); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
	})
}

func TestReportShowsOutputsAndPicture(t *testing.T) {
	input, output := make([]float64, 784), make([]float64, 10)
	for x, v := range [][2]float64{{1, 1}, {1, 0}, {0, 1}, {0.5, 0.5}, {0.25, 0.25}, {0, 0}} {
		input[x], input[28+x] = v[0], v[1]
	}
	output[0], output[2], output[9] = 1, 0.5, 0.004
	var b strings.Builder
	report(&b, input, output, nn.Sigmoid)
	lines := strings.Split(b.String(), "\n")
	gap := strings.Repeat(" ", 31)
	for i, want := range map[int]string{
		0:  "█▀▄▒░" + gap[5:] + "The ten outputs, each from 0 to 1:",
		2:  gap + "0  1.00  " + strings.Repeat("█", 20),
		4:  gap + "2  0.50  " + strings.Repeat("█", 10),
		11: gap + "9  0.00",
	} {
		if lines[i] != want {
			t.Errorf("line %d is %q, want %q", i, lines[i], want)
		}
	}
}

func TestPaperHasNoDigit(t *testing.T) {
	name := savePNG(t, image.NewGray(image.Rect(0, 0, 30, 30)))
	status, out, err := start(name)
	if status != 0 || err != "" || out != name+": no ink in it, only paper\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", status, out, err)
	}
}

// claiming writes the beginning of a PNG that claims a size.
func claiming(width, height uint32) func(io.Writer) error {
	return func(w io.Writer) error {
		header := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
		header = append(binary.BigEndian.AppendUint32(header, height), 8, 0, 0, 0, 0)
		_, err := fmt.Fprintf(w, "\x89PNG\r\n\x1a\n\x00\x00\x00\x0d%s%s", header, binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(header)))
		return err
	}
}

func TestBadFilesDoNotKeepOthersFromBeingRead(t *testing.T) {
	digit, label := legible(t)
	good := savePNG(t, digit)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	bytes := func(b []byte) func(io.Writer) error {
		return func(w io.Writer) error { _, err := w.Write(b); return err }
	}
	for name, reason := range map[string]string{
		filepath.Join(t.TempDir(), "none.png"):                              "no such file",
		t.TempDir():                                                         "is a directory",
		save(t, "text.png", bytes([]byte("a text"))):                        "neither PNG nor JPEG nor GIF",
		save(t, "empty.png", bytes(nil)):                                    "neither PNG nor JPEG nor GIF",
		save(t, "cut.png", bytes(whole[:len(whole)/2])):                     "png: ",
		save(t, "huge.png", claiming(10_000, 20_000)):                       "10000×20000 pixels are 200 million, need at most 100",
		save(t, "just too large.png", claiming(100_000, 1_001)):             "need at most 100",
		save(t, "as large as a header can.png", claiming(1<<31-1, 1<<31-1)): ": ",
	} {
		status, out, err := start(name, good)
		if status != 1 || strings.Count(err, "\n") != 1 || !strings.HasPrefix(err, "recognize: "+name+": ") || !strings.Contains(err, reason) {
			t.Errorf("%s: exit %d, stderr %q, want 1 and one line with %q", name, status, err, reason)
		}
		if !strings.Contains(out, fmt.Sprintf("%s: %d\n", good, label)) {
			t.Errorf("after %s the good file is not read: %q", name, out)
		}
	}
}

func TestNetworkThatCannotBeLoaded(t *testing.T) {
	good := savePNG(t, image.NewGray(image.Rect(0, 0, 9, 9)))
	bad := save(t, "bad.safetensors", func(w io.Writer) error { _, err := w.Write([]byte("bad")); return err })
	for _, name := range []string{bad, filepath.Join(t.TempDir(), "none.safetensors")} {
		status, out, err := start("-net", name, good)
		if status != 1 || out != "" || strings.Count(err, "\n") != 1 || !strings.HasPrefix(err, "recognize: "+name+": ") {
			t.Errorf("exit %d, stdout %q, stderr %q, want 1 and one line that names %s", status, out, err, name)
		}
	}
}

func TestUsage(t *testing.T) {
	status, out, err := start()
	if status != 2 || out != "" || !strings.HasPrefix(err, "Usage: ") || !strings.Contains(err, "-net") {
		t.Errorf("without arguments: exit %d, stdout %q, stderr %q", status, out, err)
	}
	status, out, err = start("-speed", "3", "a.png")
	if status != 2 || out != "" || !strings.HasPrefix(err, "recognize: ") || strings.Count(err, "\n") != 1 {
		t.Errorf("unknown flag: exit %d, stdout %q, stderr %q", status, out, err)
	}
	status, out, err = start("-h")
	if status != 0 || err != "" || !strings.HasPrefix(out, "Usage: recognize ") {
		t.Errorf("-h: exit %d, stdout %q, stderr %q", status, out, err)
	}
}
