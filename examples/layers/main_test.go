package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// fits reports lines that a terminal of 80 columns would break.
func fits(t *testing.T, out string) {
	t.Helper()
	for line := range strings.Lines(out) {
		if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > 80 {
			t.Errorf("too wide: %q", line)
		}
	}
}

func TestCountsAndProductsAgree(t *testing.T) {
	var b strings.Builder
	run(&b)
	out := b.String()
	fits(t, out)
	for _, want := range []string{
		"826 neurons", "12960 weights", "42 biases", "net.Parameters() = 13002\n",
		"16 of 16 neurons are equal", "It is a picture of 9,",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}
