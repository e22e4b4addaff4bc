package main

import (
	"strings"
	"testing"
)

func TestLearnsXOR(t *testing.T) {
	var b strings.Builder
	if err := run(&b); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	before, after, found := strings.Cut(out, "4 of 4 are right")
	if !found {
		t.Fatalf("has not learned XOR:\n%s", out)
	}
	lines := strings.Split(strings.Trim(after, ":\n"), "\n")
	for i, corners := range map[int]string{0: "█ ", 11: " █"} { // the ends of the top and the bottom line
		_, line, _ := strings.Cut(lines[i], "|")
		line, _, _ = strings.Cut(line, "|")
		r := []rune(line)
		if len(r) != 24 || string([]rune{r[0], r[23]}) != corners {
			t.Errorf("line %d of the picture is %q, want the ends %q", i, line, corners)
		}
	}
	if strings.Contains(strings.Split(before, "One weight")[0], "█") {
		t.Error("is sure of an answer before it has learned")
	}
}

func TestEachStepAgainstTheDerivativeLowersTheCost(t *testing.T) {
	var b strings.Builder
	if err := run(&b); err != nil {
		t.Fatal(err)
	}
	steps := 0
	for line := range strings.Lines(b.String()) {
		if _, costs, found := strings.Cut(line, ": cost 0."); found && strings.Contains(costs, " → 0.") {
			from, to, _ := strings.Cut(strings.TrimSpace(costs), " → 0.")
			if steps++; to >= from { // digits of the same length
				t.Errorf("the cost does not fall: %s", line)
			}
		}
		if _, text, found := strings.Cut(line, "that weight is now "); found {
			sgd, derivative, _ := strings.Cut(strings.TrimSpace(text), ", by its derivative ")
			if sgd != derivative {
				t.Errorf("backpropagation and the measured derivative differ: %s", line)
			}
		}
	}
	if steps != 5 {
		t.Errorf("%d steps, want 5", steps)
	}
}
