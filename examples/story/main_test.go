package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTellsOfAllHiddenNeurons(t *testing.T) {
	var b strings.Builder
	run(&b)
	out := b.String()
	if n := strings.Count(out, " points\n"); n != 32 {
		t.Errorf("measures %d neurons, want 32", n)
	}
	if n := strings.Count(out, "of 10 digits on average"); n != 2 {
		t.Errorf("sums up %d layers, want 2", n)
	}
	pictures := 0
	for line := range strings.Lines(out) {
		if strings.Count(line, "|") == 3 && utf8.RuneCountInString(line) == 3*25+1 {
			pictures++
		}
	}
	if pictures != 12 || !strings.Contains(out, "█") || !strings.Contains(out, "=") {
		t.Errorf("%d lines of pictures, want 12 with both signs:\n%s", pictures, out)
	}
}
