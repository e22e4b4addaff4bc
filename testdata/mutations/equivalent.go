package main

import "strings"

// equivalents are faults that change nothing a test can see, and why. They are
// not made.
var equivalents = []struct {
	file, line string // the file and a part of the line
	old, new   string // the fault, "" for any
	why        string
}{
	{"synthetic.go", "{{{", "", "", "a drawing: a point elsewhere is as good"},
}

func (m *mutant) equivalent() bool {
	for _, e := range equivalents {
		if e.file == m.at.Filename && strings.Contains(m.line, e.line) && (e.old == "" || e.old == m.old) && (e.new == "" || e.new == m.new) {
			return true
		}
	}
	return false
}
