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

// A screen shows what the program has to say: in a terminal the progress
// lives on one row, which is written again and again.
type screen struct {
	w        io.Writer
	terminal bool
	open     bool // the cursor is in the row of the progress
}

func newScreen(w io.Writer) *screen {
	s := &screen{w: w}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		s.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return s
}

// line shows a line, which takes the row of the progress if there is one.
func (s *screen) line(format string, args ...any) {
	if s.open {
		format = "\r\x1b[K" + format
	}
	fmt.Fprintf(s.w, format+"\n", args...)
	s.open = false
}

// progress replaces the row of the progress. Elsewhere than in a terminal only
// milestones are shown, each in a line.
func (s *screen) progress(milestone bool, format string, args ...any) {
	switch {
	case s.terminal:
		fmt.Fprintf(s.w, "\r"+format+"\x1b[K", args...)
		s.open = true
	case milestone:
		s.line(format, args...)
	}
}

// keep lets the row of the progress stay as it is.
func (s *screen) keep() {
	if s.open {
		fmt.Fprintln(s.w)
		s.open = false
	}
}

// matrix shows how often which digit got which answer.
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

// misread draws four digits that the network misreads, side by side.
func (s *screen) misread(net *nn.Network, test *nn.Images) {
	input, target := make([]float64, test.Width*test.Height), make([]float64, test.Classes)
	lines := make([]string, (test.Height+1)/2+1)
	for i, shown := 0, 0; i < test.Len() && shown < 4; i++ {
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
		for y, line := range append(draw(test.Image(i)), fmt.Sprintf("%-19s", caption)) {
			lines[y] += line + " "
		}
	}
	for _, line := range lines {
		if line = strings.TrimRight(line, " "); line != "" { // the paper above and below the ink
			s.line("%s", line)
		}
	}
}

// draw returns the 19 columns around the middle of the ink as lines of half
// blocks: a character is two pixels, one above the other. MNIST's digits are at
// most 20 wide, and four of 19 with gaps fit into 80 columns.
func draw(img *image.Gray) []string {
	half := [2][2]string{{" ", "▄"}, {"▀", "█"}}
	faint := slices.Max(img.Pix) / 2
	width, height := img.Rect.Dx(), img.Rect.Dy()
	left, right := width, 0
	for i, p := range img.Pix {
		if p > faint {
			left, right = min(left, i%width), max(right, i%width+1)
		}
	}
	middle := (left + right) / 2
	ink := func(x, y int) int {
		if img.GrayAt(x, y).Y > faint { // outside of the picture it is 0
			return 1
		}
		return 0
	}
	var lines []string
	for y := 0; y < height; y += 2 {
		line := ""
		for x := middle - 9; x < middle+10; x++ {
			line += half[ink(x, y)][ink(x, y+1)]
		}
		lines = append(lines, line)
	}
	return lines
}
