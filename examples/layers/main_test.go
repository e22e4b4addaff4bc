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
		"16 of 16 neurons agree", "The ten outputs add up to ", "The picture shows a 9,",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

func TestThePictureIsPrintedAs28RowsOf28Digits(t *testing.T) {
	var b strings.Builder
	run(&b)
	_, out, _ := strings.Cut(b.String(), "\n\n")
	picture, _, _ := strings.Cut(out, "\n\n")
	rows := strings.Split(picture, "\n")
	if len(rows) != 28 {
		t.Fatalf("%d rows, want 28:\n%s", len(rows), picture)
	}
	for _, row := range rows {
		if len(row) != 55 || strings.Trim(row, "0123456789 ") != "" || len(strings.Fields(row)) != 28 {
			t.Errorf("the row %q is not 28 digits", row)
		}
	}
	if !strings.Contains(picture, "9 9 9 9") || !strings.Contains(picture, "0 0 0 0") {
		t.Errorf("the picture is not white on black:\n%s", picture)
	}
}
