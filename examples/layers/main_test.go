package main

import (
	"strings"
	"testing"
)

func TestCountsAndProductsAgree(t *testing.T) {
	var b strings.Builder
	run(&b)
	out := b.String()
	for _, want := range []string{
		"826 neurons", "12960 weights", "42 biases", "net.Parameters() = 13002\n",
		"16 of 16 neurons agree", "The picture shows a 9,",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}
