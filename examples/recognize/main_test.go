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

func TestReportShowsOutputsAndPicture(t *testing.T) {
	input, output := make([]float64, 784), make([]float64, 10)
	for x, v := range [][2]float64{{1, 1}, {1, 0}, {0, 1}, {0.5, 0.5}, {0.25, 0.25}, {0, 0}} {
		input[x], input[28+x] = v[0], v[1]
	}
	output[0], output[2], output[9] = 1, 0.5, 0.004
	var b strings.Builder
	report(&b, input, output)
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
		save(t, "huge.png", claiming(1_000_000, 1_000_000)):                 "1000000×1000000 pixels are 1000000 million, need at most 100",
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
	if status != 0 || err != "" || !strings.HasPrefix(out, "Usage: ") {
		t.Errorf("-h: exit %d, stdout %q, stderr %q", status, out, err)
	}
}
