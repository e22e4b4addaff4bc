package main

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func output(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := run(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestStepsByHandEqualSGDs(t *testing.T) {
	steps := 0
	for line := range strings.Lines(output(t)) {
		// A name, the value before, its slope, the value after by hand and by nn.SGD.
		if f := strings.Fields(line); len(f) == 5 && strings.Contains(f[4], ".") && strings.ContainsAny(f[0], "wbvc") {
			steps++
			if f[3] != f[4] {
				t.Errorf("the step by hand is not SGD's: %s", line)
			}
		}
	}
	if want := 4 + 6 + 9 + 4; steps != want {
		t.Errorf("%d parameters are compared, want %d", steps, want)
	}
}

func TestActivationsAndDeltasByHandEqualTheLibrarys(t *testing.T) {
	compared := 0
	for line := range strings.Lines(output(t)) {
		if byHand, library, found := strings.Cut(line, "net.Activations: "); found {
			compared++
			if !strings.Contains(byHand, " "+strings.TrimSpace(library)+" ") {
				t.Errorf("the activation by hand is not the library's: %s", line)
			}
		}
		// z, a, and δ by hand and by nn.SGD for each cost.
		if f := strings.Fields(line); len(f) == 6 && strings.Contains(f[1], ".") && f[0] != "η" {
			compared++
			if f[2] != f[3] || f[4] != f[5] {
				t.Errorf("the delta by hand is not the library's: %s", line)
			}
		}
	}
	if compared != 2+4 {
		t.Errorf("%d lines are compared, want 6", compared)
	}
}

func TestLearnsXOR(t *testing.T) {
	out := output(t)
	if !strings.Contains(out, "agree to 9 decimals for 17 of 17 parameters") {
		t.Error("the gradient check fails")
	}
	before, after, found := strings.Cut(out, "4 of 4 are right\n\n")
	if !found {
		t.Fatalf("has not learned XOR:\n%s", out)
	}
	lines := strings.Split(after, "\n")
	for i, corners := range map[int]string{0: "█ ", 11: " █"} { // the ends of the top and the bottom line
		r := []rune(strings.Split(lines[i], "|")[1])
		if len(r) != 24 || string([]rune{r[0], r[23]}) != corners {
			t.Errorf("line %d of the picture is %q, want the ends %q", i, string(r), corners)
		}
	}
	if _, picture, _ := strings.Cut(before, "Before:"); strings.Contains(strings.Split(picture, "Gradient")[0], "█") {
		t.Error("is sure of an answer before it has learned")
	}
}

// Up to the rounding of a shade: other processors may round other last bits.
func TestPicturesAreThoseOfTheText(t *testing.T) {
	dir := t.TempDir()
	if err := writePictures(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"learning-valley.png", "learning-chain.png"} {
		got, want := picture(t, filepath.Join(dir, name)), picture(t, filepath.Join("../../testdata/pictures", name))
		if got.Bounds() != want.Bounds() {
			t.Fatalf("%s is of %v, want %v", name, got.Bounds(), want.Bounds())
		}
		for y := range got.Bounds().Dy() {
			for x := range got.Bounds().Dx() {
				r, g, b, _ := got.At(x, y).RGBA()
				wantR, wantG, wantB, _ := want.At(x, y).RGBA()
				for i, v := range []uint32{r, g, b} {
					if w := []uint32{wantR, wantG, wantB}[i]; math.Abs(float64(v)-float64(w)) > 2*257 {
						t.Fatalf("%s differs at (%d, %d): go run ./examples/learning -pictures testdata/pictures", name, x, y)
					}
				}
			}
		}
	}
}

func picture(t *testing.T, name string) image.Image {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}
