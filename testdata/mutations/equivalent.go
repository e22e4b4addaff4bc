package main

import "strings"

// equivalents are faults that change nothing a test can see, and why. They are
// not made.
var equivalents = []struct {
	file, line string // the file, "" for any, and a part of the line
	old, new   string // the fault, "" for any
	why        string
}{
	{"", "= delta[:len(a)]", "", "", "tells the compiler that bounds need no checks"},
	{"idx.go", "bufio.NewReaderSize", "", "", "speed alone"},
	{"idx.go", "room := min(size", "16", "(16-1)", "it may allocate less"},
	{"idx.go", "room := min(size", "16", "0", "it may allocate less"},
	{"idx.go", "room := min(size", "4", "(4-1)", "it may allocate less"},
	{"idx.go", "room := min(size", "4", "0", "it may allocate less"},
	{"picture.go", "if x < 0 {", "<", "<=", "0 is white in both colours"},
	{"picture.go", "c = color.RGBA", "255", "", "fromWhite makes it opaque"},
	{"picture.go", "c := color.RGBA", "255", "", "fromWhite makes it opaque"},
	{"synthetic.go", "{{{", "", "", "a drawing: a point elsewhere is as good"},
}

func (m *mutant) equivalent() bool {
	for _, e := range equivalents {
		if (e.file == "" || e.file == m.at.Filename) && strings.Contains(m.line, e.line) && (e.old == "" || e.old == m.old) && (e.new == "" || e.new == m.new) {
			return true
		}
	}
	return false
}
