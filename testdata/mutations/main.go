// Mutations proves the tests: it makes one deliberate fault after the other in
// a copy of the library and runs the tests, which must fail each time.
//
//	go run ./testdata/mutations            # from the repository's root; about fifteen minutes
//	go run ./testdata/mutations train.go   # only the faults in one file
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A fault is what a tired programmer might write instead of what is there.
type fault struct{ file, right, wrong string }

var faults = []fault{
	// A sign.
	{"activation.go", "x := -z", "x := z"},
	{"activation.go", "delta[j] *= 1 - a*a", "delta[j] *= 1 + a*a"},
	{"train.go", "delta[j] = a[j] - t[j]", "delta[j] = t[j] - a[j]"},
	{"train.go", "scale(weights, 1-s.Rate*s.Decay)", "scale(weights, 1+s.Rate*s.Decay)"},
	{"train.go", "add(weights, -s.Rate, velocity)", "add(weights, s.Rate, velocity)"},
	{"train.go", "s.addGradient(layer, -s.Rate/float64(m), l, lo, hi)", "s.addGradient(layer, s.Rate/float64(m), l, lo, hi)"},
	// A formula.
	{"activation.go", "delta[j] *= a * (1 - a)", "delta[j] *= a"},
	{"activation.go", "z[j] = max(0, z[j])", "z[j] = max(-1, z[j])"},
	{"activation.go", "if a <= 0 {", "if a < 0 {"},
	{"train.go", "return sum / 2", "return sum"},
	{"train.go", "max(-100, math.Log(1-a[j]))", "max(-100, math.Log(a[j]))"},
	{"train.go", "if c == Quadratic {\n\t\tσ.mulSlope(delta, a)\n\t}", "σ.mulSlope(delta, a)"},
	{"train.go", "scale(velocity, s.Momentum)", "scale(velocity, 1)"},
	{"train.go", "s.addGradient(v, 1/float64(m), l, lo, hi)", "s.addGradient(v, 1, l, lo, hi)"},
	{"network.go", "scale := 1 / math.Sqrt(float64(inputs))", "scale := 1 / float64(inputs)"},
	// A bias that is dropped.
	{"layer.go", "z[j] += b", "z[j] += 0 * b"},
	{"train.go", "add(to.Biases, c, p.deltas[l].Row(i))", "add(to.Biases, 0, p.deltas[l].Row(i))"},
	{"train.go", "scale(v.Biases, s.Momentum)", "scale(v.Biases, 1)"},
	// A transpose, a swapped or shifted index.
	{"matrix.go", "tile[kk*width+jj] = v", "tile[jj*height+kk] = v"},
	{"kernels.go", "w3 := w[int(index[k+3])*n+done:][:len(sum)]", "w3 := w[int(index[k+2])*n+done:][:len(sum)]"},
	{"kernels.go", "v0, v1, v2, v3 := c*value[k], c*value[k+1], c*value[k+2], c*value[k+3]", "v0, v1, v2, v3 := c*value[k], c*value[k+1], c*value[k+3], c*value[k+2]"},
	{"kernels.go", "v2*d2[j] + v3*d3[j]", "v2*d3[j] + v3*d2[j]"},
	{"ink.go", "if int(n) < x.cols {", "if int(n) < x.cols-1 {"},
	{"ink.go", "if i+4 > rows {", "if i+3 > rows {"},
	{"network.go", "e.Confusion[a.target][a.answer]++", "e.Confusion[a.answer][a.target]++"},
	{"network.go", "p.resize(min(size, count-first))", "p.resize(size)"},
	{"network.go", "if a > largest {", "if a >= largest {"},
	{"images.go", "at += int(steps[0])\n\t\tindex[n]", "at += int(steps[0]) + 1\n\t\tindex[n]"},
	{"images.go", "target[label] = 1", "target[0] = 1"},
	{"images.go", "s.start = d.start[i : j+1 : j+1]", "s.start = d.start[i+1 : j+1 : j+1]"},
	{"distort.go", "v.xx, v.xy = wide*cos, wide*(shear*cos-sin)", "v.xx, v.xy = 2*wide*cos, wide*(shear*cos-sin)"},
	{"distort.go", "source.Seed(d.Seed, uint64(i))", "source.Seed(d.Seed, 0*uint64(i)+1)"},
	{"distort.go", "uint64(sx>>8&255), uint64(sy>>8&255)", "uint64(sy>>8&255), uint64(sx>>8&255)"},
	{"synthetic.go", "math.Round(14-x/mass)", "math.Round(12-x/mass)"},
	// A check that is missing.
	{"network.go", "if len(input) != n.inputs() {", "if len(input) > n.inputs() {"},
	{"train.go", "case s.net != nil && s.net != n:", "case false:"},
	{"train.go", "case s.self != nil && s.self != s:", "case false:"},
	{"train.go", "if s.data != nil {", "if false {"},
	{"train.go", "owner[p]; shared {", "owner[p]; shared && false {"},
	{"train.go", "case !(s.Momentum >= 0 && s.Momentum < 1):", "case !(s.Momentum >= 0 && s.Momentum <= 1):"},
	{"train.go", "if !finite(mean) {", "if false {"},
	{"matrix.go", "if shares(m, a) || shares(m, b) {", "if shares(m, a) {"},
	{"images.go", "if int(label) >= d.Classes {", "if int(label) > d.Classes {"},
	{"distort.go", "if !(d.Strength >= 0 && d.Strength <= 2) {", "if d.Strength < 0 {"},
	// Files, from outside and of our own.
	{"mnist.go", "binary.BigEndian, &dim", "binary.LittleEndian, &dim"},
	{"mnist.go", "if dim > maxIDX || dim > 0 && size > maxIDX/int(dim) {", "if dim > maxIDX {"},
	{"mnist.go", "room = min(size, max(1<<16, 4*len(data)))", "room = size"},
	{"mnist.go", "return shape, data, closeIDX(body, shape)", "return shape, data, nil"},
	{"mnist.go", "if have != sum {\n\t\treturn fmt.Errorf", "if have == \"\" {\n\t\treturn fmt.Errorf"},
	{"mnist.go", "defer os.Remove(temp.Name())", "defer os.Remove(path)"},
	{"mnist.go", "a.alarm.Reset(silence)", "_ = a.alarm"},
	{"mnist.go", "err == nil && info.Mode().IsRegular()", "err == nil && info != nil"},
	{"safetensors.go", "strconv.Itoa(2*layer) + \".weight\"", "strconv.Itoa(layer) + \".weight\""},
	{"safetensors.go", "values: transposed(l.Weights.Data, inputs, neurons)}", "values: l.Weights.Data}"},
	{"safetensors.go", "if t.begin != end {", "if t.begin < end {"},
	{"safetensors.go", "if seen[key] {", "if false {"},
	{"safetensors.go", "if !finite(v) {", "if v != v {"},
	{"safetensors.go", "defer os.Remove(temp.Name())", "defer os.Remove(\"\")"},
	{"safetensors.go", "} else if err == nil && old.Mode()&fs.ModeSymlink == 0 {", "} else if false {"},
	// Pictures.
	{"image.go", "dark := skew < 0", "dark := skew > 0"},
	{"image.go", "math.Round(14-massX/mass)", "math.Round(13-massX/mass)"},
	{"image.go", "if peak < 0.5 {", "if false {"},
	{"image.go", "if width >= 1.2/digitSide*length {", "if true {"},
	{"image.go", "paper = 1 - math.Round(paper)", "paper = math.Round(paper)"},
	{"picture.go", "if w < 0 {\n\t\t\t\ttone = negative", "if w > 0 {\n\t\t\t\ttone = negative"},
	{"picture.go", "if d.neuron == winner {", "if d.neuron != winner {"},
	// A range or a number that the documentation gives.
	{"train.go", "return 10", "return 11"},
	{"distort.go", "s*even(0.15)", "s*even(0.2)"},
	{"picture.go", "most = 6", "most = 60"},
	{"safetensors.go", "os.CreateTemp(filepath.Dir(name)", "os.CreateTemp(filepath.Dir(os.TempDir()+\"/\")"},
	{"images.go", "if d.Width < 1 || d.Width*d.Height != d.size {", "if false {"},
	// Cores.
	{"cores.go", "c.busy.Store(int64(c.size - 1))", "c.busy.Store(int64(c.size))"},
	{"train.go", "from, to := min(core*share, len(s.batch)), min((core+1)*share, len(s.batch))", "from, to := min(core*share, len(s.batch)), min((core+1)*share+1, len(s.batch))"},
}

func main() {
	dir, err := os.MkdirTemp("", "mutations")
	must(err)
	defer os.RemoveAll(dir)
	must(os.CopyFS(filepath.Join(dir, "nn"), os.DirFS(".")))
	survivors, tried := 0, 0
	for _, f := range faults {
		if len(os.Args) > 1 && os.Args[1] != f.file {
			continue
		}
		path := filepath.Join(dir, "nn", f.file)
		text, err := os.ReadFile(path)
		must(err)
		if strings.Count(string(text), f.right) == 0 {
			fmt.Printf("STALE     %s has no %q\n", f.file, f.right)
			survivors++
			continue
		}
		must(os.WriteFile(path, []byte(strings.Replace(string(text), f.right, f.wrong, 1)), 0o666))
		test := exec.Command("go", "test", "-short", "-failfast", "-timeout", "120s", ".")
		test.Dir = filepath.Join(dir, "nn")
		out, err := test.CombinedOutput()
		must(os.WriteFile(path, text, 0o666))
		tried++
		switch {
		case strings.Contains(string(out), "[build failed]"):
			fmt.Printf("NO FAULT  %s: %q does not compile\n", f.file, f.wrong)
			survivors++
		case err == nil:
			fmt.Printf("SURVIVES  %s: %q instead of %q\n", f.file, f.wrong, f.right)
			survivors++
		default:
			fmt.Printf("caught    %s: %q\n", f.file, f.wrong)
		}
	}
	fmt.Printf("%d faults, %d not caught\n", tried, survivors)
	if survivors > 0 {
		os.Exit(1)
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutations:", err)
		os.Exit(2)
	}
}
