package main

import (
	"fmt"
	"image"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/nn13002/nn"
)

// A screen writes the program's output. In a terminal, the progress stays on one
// row, which is overwritten each time.
type screen struct {
	w        io.Writer
	terminal bool
	open     bool // the cursor is on the row of the progress
}

func newScreen(w io.Writer) *screen {
	s := &screen{w: w}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		s.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return s
}

// line writes a line. It overwrites the row of the progress if there is one.
func (s *screen) line(format string, args ...any) {
	if s.open {
		format = "\r\x1b[K" + format
	}
	fmt.Fprintf(s.w, format+"\n", args...)
	s.open = false
}

// progress overwrites the row of the progress. Outside a terminal it writes
// milestones only, each on its own line.
func (s *screen) progress(milestone bool, format string, args ...any) {
	switch {
	case s.terminal:
		fmt.Fprintf(s.w, "\r"+format+"\x1b[K", args...)
		s.open = true
	case milestone:
		s.line(format, args...)
	}
}

// keep ends the row of the progress, so that nothing overwrites it.
func (s *screen) keep() {
	if s.open {
		fmt.Fprintln(s.w)
		s.open = false
	}
}

// matrix writes a confusion matrix.
func (s *screen) matrix(counts [][]int) {
	s.line("%s", "          0     1     2     3     4     5     6     7     8     9")
	for digit, row := range counts {
		line := fmt.Sprintf("%5d", digit)
		for _, count := range row {
			line += fmt.Sprintf("%6d", count)
		}
		s.line("%s", line)
	}
}

// misread draws the first count digits that the network misreads, side by side.
func (s *screen) misread(net *nn.Network, test *nn.Images, count int) {
	input, target := make([]float64, test.Width*test.Height), make([]float64, test.Classes)
	lines := make([]string, (test.Height+1)/2+1)
	for i, shown := 0, 0; i < test.Len() && shown < count; i++ {
		test.Example(i, input, target)
		digit, answer := int(test.Labels[i]), net.Classify(input)
		if digit == answer {
			continue
		}
		shown++
		article := "a"
		if digit == 8 {
			article = "an"
		}
		caption := fmt.Sprintf("  %s %d, read as %d", article, digit, answer)
		for y, line := range append(halfBlocks(test.Image(i)), fmt.Sprintf("%-19s", caption)) {
			lines[y] += line + " "
		}
	}
	for _, line := range lines {
		if line = strings.TrimRight(line, " "); line != "" { // not blank, as above and below the digits
			s.line("%s", line)
		}
	}
}

// halfBlocks draws the 19 columns around the middle of a digit in lines of half
// blocks. A character is two pixels, one above the other. MNIST's digits are at
// most 20 pixels wide, and four drawings of 19 with gaps fit into 80 columns.
func halfBlocks(img *image.Gray) []string {
	half := [2][2]string{{" ", "▄"}, {"▀", "█"}}
	threshold := slices.Max(img.Pix) / 2
	width, height := img.Rect.Dx(), img.Rect.Dy()
	left, right := width, 0
	for i, p := range img.Pix {
		if p > threshold {
			left, right = min(left, i%width), max(right, i%width+1)
		}
	}
	middle := (left + right) / 2
	lit := func(x, y int) int {
		if img.GrayAt(x, y).Y > threshold { // GrayAt is 0 outside the image
			return 1
		}
		return 0
	}
	var lines []string
	for y := 0; y < height; y += 2 {
		line := ""
		for x := middle - 9; x < middle+10; x++ {
			line += half[lit(x, y)][lit(x, y+1)]
		}
		lines = append(lines, line)
	}
	return lines
}
