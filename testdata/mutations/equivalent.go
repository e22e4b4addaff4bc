package main

import "strings"

// equivalents are faults that change nothing a test can see, and why. They are
// not made.
var equivalents = []struct {
	file, name, line string // the file, the function ("" all), a part of the line ("" all)
	old, new         string // the fault ("" all)
	why              string
}{
	{"synthetic.go", "strokes", "", "", "", "a drawing: a point elsewhere is as good"},
}

func (m *mutant) equivalent() bool {
	for _, e := range equivalents {
		if e.file == m.file && (e.name == "" || e.name == m.name) && strings.Contains(m.line, e.line) &&
			(e.old == "" || e.old == m.old) && (e.new == "" || e.new == m.new) {
			return true
		}
	}
	return false
}
