package main

import (
	"strings"
	"testing"
)

func TestFiresForTheBarAlone(t *testing.T) {
	var b strings.Builder
	run(&b)
	out := b.String()
	for _, want := range []struct{ name, sum, activation string }{
		{"the bar: FIRES", "4.00", "0.9526"}, // σ(4 − 1)
		{"a 7 starts with the bar: FIRES", "3.50", "0.9241"},
		{"a faint bar: above 0, but not above 1: silent", "0.80", "0.4502"},
		{"a bar where the weights are 0: silent", "0.00", "0.2689"}, // σ(−1)
		{"a vertical bar crosses weights of both signs: silent", "0.00", "0.2689"},
		{"a blob: its edges cancel the bar: silent", "0.00", "0.2689"},
	} {
		_, rest, found := strings.Cut(out, want.name)
		rest, _, _ = strings.Cut(rest, "\n\n")
		if !found || !strings.Contains(rest, want.sum) || strings.Count(rest, want.activation) != 2 {
			t.Errorf("%s: want the sum %s and twice the activation %s:\n%s", want.name, want.sum, want.activation, rest)
		}
	}
}

func TestThe7NeuronFiresForBothStrokesTogether(t *testing.T) {
	var b strings.Builder
	run(&b)
	_, table, _ := strings.Cut(b.String(), "7 neuron\n")
	for i, want := range []string{
		"a 7              1.00          1.00      0.98", // σ(8 + 8 − 12)
		"the bar          1.00          0.02      0.02", // σ(8 + 8·0.02 − 12)
		"the slant        0.00          1.00      0.02",
		"an =             1.00          0.02      0.02",
	} {
		if got := strings.Split(table, "\n")[i]; got != want {
			t.Errorf("the table has the line %q, want %q", got, want)
		}
	}
}
