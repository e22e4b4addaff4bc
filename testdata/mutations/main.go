// Mutations tests the tests. It makes one deliberate fault after another in a
// copy of the source and runs the tests of the package, which must fail each
// time.
//
//	go run ./testdata/mutations            # in the repository's root; about half an hour
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
	// The products: a check, a sum that does not begin at 0, a transpose.
	{"matrix.go", "rows > math.MaxInt/8/cols", "rows > math.MaxInt/cols"},
	{"matrix.go", "a.Cols != b.Rows {", "a.Cols > b.Rows {"},
	{"matrix.go", "if &m.Data[0] == &a.Data[0] || ", "if "},
	{"matrix.go", "\tclear(m.Data)\n\taddProduct(m, 1, a.factor(), b.factor())", "\taddProduct(m, 1, a.factor(), b.factor())"},
	{"matrix.go", "factor{f.data, f.right, f.down,", "factor{f.data, f.down, f.right,"},
	{"matrix.go", "f.data[lo*f.down:]", "f.data[lo*f.right:]"},

	// The activation functions and their derivatives.
	{"activation.go", "exp(-z)", "exp(z)"},
	{"activation.go", "math.Tanh(z[j])", "math.Tanh(2 * z[j])"},
	{"activation.go", "max(0, z[j])", "max(-1, z[j])"},
	{"activation.go", "delta[j] *= a * (1 - a)", "delta[j] *= a"},
	{"activation.go", "1 - a*a", "1 + a*a"},
	{"activation.go", "if a <= 0 {", "if a < 0 {"},
	{"activation.go", "exp(z[j] - largest)", "exp(z[j] + largest)"},
	{"activation.go", "softmax(rows.Row(i))", "softmax(rows.Row(0 * i))"},

	// A layer: no bias, the derivative of the wrong layer, a check.
	{"layer.go", "row[j] += b", "row[j] += 0 * b"},
	{"layer.go", "before.mulDerivative(", "l.Activation.mulDerivative("},
	{"layer.go", "if len(l.Biases) != l.Weights.Cols {", "if false {"},

	// The network: its random weights, what it shares, its checks.
	{"network.go", "float64(sizes[i])", "float64(neurons)"},
	{"network.go", "sum += len(l.Weights.Data) + len(l.Biases)", "sum += len(l.Weights.Data)"},
	{"network.go", "slices.Clone(l.Biases), l.Activation", "l.Biases, l.Activation"},
	{"network.go", "{slices.Clone(input)}", "{input}"},
	{"network.go", "&buffers[i%2]", "&buffers[0]"},
	{"network.go", "len(input) != n.inputs()", "len(input) > n.inputs()"},
	{"network.go", "i > 0 && w.Rows != before", "i > 0 && w.Rows < before"},
	{"network.go", "int(l.Activation) >= len(", "int(l.Activation) > len("},
	{"network.go", "l.Activation == Softmax && i < len(n.Layers)-1", "false"},

	// The cost and its delta: a factor, a sign, a derivative too much, a check.
	{"cost.go", "(a[j] - t[j]) / 2", "(a[j] - t[j])"},
	{"cost.go", "max(-100, math.Log(1-a[j]))", "max(-100, math.Log(a[j]))"},
	{"cost.go", "delta[j] = a[j] - t[j]", "delta[j] = t[j] - a[j]"},
	{"cost.go", "if c == Quadratic {\n\t\tσ.mulDerivative(delta, a)\n\t}", "σ.mulDerivative(delta, a)"},
	{"cost.go", "-= t[j] * max(", "-= max("},
	{"cost.go", "σ != Sigmoid && σ != Softmax", "σ == ReLU"},
	{"cost.go", "v < 0 || v > 1", "v < 0"},
	{"cost.go", "math.Abs(sum-1) > 1e-4", "false"},

	// Gradient descent: signs, factors, biases, checks.
	{"train.go", "float64(len(batch)) / float64(count)", "float64(size) / float64(count)"},
	{"train.go", "layer >= 0 {", "layer > 0 {"},
	{"train.go", "cmp.Or(s.Batch, 10)", "cmp.Or(s.Batch, 11)"},
	{"train.go", "!finite(cost)", "cost != cost"},
	{"train.go", "1-s.Rate*s.Decay", "1+s.Rate*s.Decay"},
	{"train.go", "-s.Rate/m", "s.Rate/m"},
	{"train.go", "s.velocity.Layers[l], 1/m", "s.velocity.Layers[l], 1.0"},
	{"train.go", "(lo, hi).Data, s.Momentum)", "(lo, hi).Data, 1)"},
	{"train.go", "add(weights, -s.Rate", "add(weights, s.Rate"},
	{"train.go", "scale(into.Biases, s.Momentum)", "scale(into.Biases, 1)"},
	{"train.go", "add(into.Biases, c,", "add(into.Biases, 0,"},
	{"train.go", "if lo == 0 {", "if true {"},
	{"train.go", "clear(l.Weights.Data)", "clear(l.Biases)"},
	{"train.go", "rand.NewPCG(1, 2))", "rand.NewPCG(rand.Uint64(), 2))"},
	{"train.go", "s.Rate == 0 && s.net == nil", "s.Rate == 0"},
	{"train.go", "s.Momentum < 1)", "s.Momentum <= 1)"},
	{"train.go", "case s.net != nil && s.net != n:", "case false:"},
	{"train.go", "case s.batch != nil && !s.batch.fits(n):", "case false:"},

	// A mini-batch on its way: a layer that is left out, costs of an earlier
	// mini-batch, columns that are shifted.
	{"minibatch.go", "i > 0; i--", "i > 1; i--"},
	{"minibatch.go", "n.Layers[i-1].Activation", "n.Layers[i].Activation"},
	{"minibatch.go", "b.inputs, b.costs = b.inputs[:m], b.costs[:m]", "b.inputs = b.inputs[:m]"},
	{"minibatch.go", "value, value, 0))", "value, value, 1))"},
	{"minibatch.go", "at += len(input.index)", "at += len(input.index) - 1"},
	{"minibatch.go", "at := lo * b.inputs[lo].cols", "at := 0"},
	{"minibatch.go", "len(b.activations) != len(n.Layers) || ", ""},
	{"minibatch.go", "Cols != len(l.Biases) {", "Cols > len(l.Biases) {"},

	// The evaluation: a swapped index, a range, a threshold, a mean.
	{"evaluate.go", "[a.target][a.answer]++", "[a.answer][a.target]++"},
	{"evaluate.go", "outputs.Data[first*outputs.Cols:]", "outputs.Data[first:]"},
	{"evaluate.go", "min(size, count-piece*size)", "size"},
	{"evaluate.go", "+= c / float64(e.Count)", "+= c"},
	{"evaluate.go", "if output[0] >= n.threshold() {", "if output[0] > n.threshold() {"},
	{"evaluate.go", "n.last().Activation == Tanh", "false"},
	{"evaluate.go", "target[0] == n.threshold()", "false"},
	{"evaluate.go", "answers += row[class]", "answers += row[0]"},
	{"evaluate.go", "range e.Confusion[class] {", "range e.Confusion[0] {"},
	{"evaluate.go", "if a > largest {", "if a >= largest {"},

	// Sparse inputs: an element that is lost, sums in another order.
	{"sparse.go", "append(r.blocks[:0], 0)", "append(r.blocks, 0)"},
	{"sparse.go", "int32(len(r.index))", "int32(len(r.index)-1)"},
	{"sparse.go", "four := n &^ 3", "four := n &^ 1"},
	{"sparse.go", "len(x))], k)", "len(x))], 0)"},

	// The inner loops: rows and factors that are mixed up, −0, the exponential.
	{"kernels.go", "v2*w2[j] + v3*w3[j]", "v2*w3[j] + v3*w2[j]"},
	{"kernels.go", "c*value[k+2], c*value[k+3]", "c*value[k+3], c*value[k+2]"},
	{"kernels.go", "w2[j] += float64(v2 * d)", "w2[j] -= float64(v2 * d)"},
	{"kernels.go", "(k+i)*b.down+j*b.right", "(k+i)*b.down+j"},
	{"kernels.go", "v2*b2[j] + v3*b3[j]", "v2*b3[j] + v3*b2[j]"},
	{"kernels.go", "c*row[k*a.right]", "row[k*a.right]"},
	{"kernels.go", "int32(first+i)+k", "int32(i)+k"},
	{"kernels.go", "bits <<= 1", "bits <<= 0"},
	{"kernels.go", "case x < -708:", "case x < -30:"},
	{"kernels.go", "(1./24+r*(1./120))", "(1./24)"},

	// Cores: no helpers, a panic that is lost, an end that comes too early.
	{"parallel.go", "min(cores, pieces)-1", "0"},
	{"parallel.go", "panic(w.failure)", "_ = w.failure"},
	{"parallel.go", "for w.busy > 0 {", "for false {"},
	{"parallel.go", "w.failure == nil { // runtime.Goexit", "false {"},
	{"parallel.go", "block{l, lo / size, lo,", "block{l, 0, lo,"},

	// Images: what is stored, shared and checked.
	{"images.go", "target[label] = 1", "target[0] = 1"},
	{"images.go", "at += int(packed[0])\n\t\tindex[n]", "at += int(packed[0]) + 1\n\t\tindex[n]"},
	{"images.go", "float64(p) / 255", "float64(p) / 256"},
	{"images.go", "d.start[i : j+1 : j+1]", "d.start[i+1 : j+1 : j+1]"},
	{"images.go", "d.Labels[i:j:j]", "d.Labels[i:j]"},
	{"images.go", "if int(label) >= d.Classes {", "if int(label) > d.Classes {"},
	{"images.go", "d.Width*d.Height != d.size", "false"},
	{"images.go", "len(d.Labels)+1 != len(d.start)", "false"},

	// Distortion: a formula, a seed, swapped axes, the ranges of the documentation.
	{"distort.go", "v.xx, v.xy = wide*cos,", "v.xx, v.xy = 2*wide*cos,"},
	{"distort.go", "source.Seed(d.Seed, uint64(i))", "source.Seed(d.Seed, 1)"},
	{"distort.go", "sx>>8&255", "sy>>8&255"},
	{"distort.go", "(0.15)", "(0.2)"},
	{"distort.go", "256 * 255 /", "255 * 255 /"},
	{"distort.go", "d.Strength <= 2)", "d.Strength <= 3)"},

	// Digits drawn by code.
	{"synthetic.go", "r.IntN(10)", "r.IntN(9)"},
	{"synthetic.go", "pen/2 + 0.5", "pen + 0.5"},
	{"synthetic.go", "255*min(1, ", "128*min(1, "},

	// Files of bytes: the order of bytes, what a header may claim, the end.
	{"idx.go", "binary.BigEndian, dims", "binary.LittleEndian, dims"},
	{"idx.go", "if dim > maxIDX || dim > 0 && size > maxIDX/int(dim) {", "if dim > maxIDX {"},
	{"idx.go", "(dim == 0 || size <= maxIDX/dim)", "true"},
	{"idx.go", "max(len(data)+1<<16, 4*len(data))", "size"},
	{"idx.go", "} else if err != io.EOF {", "} else if false {"},
	{"idx.go", "n > 0 {", "n > 1 {"},

	// MNIST: which files are read, and which are kept after a download.
	{"mnist.go", "err == nil && info.Mode().IsRegular()", "err == nil && info != nil"},
	{"mnist.go", "d.Height*d.Width", "d.Width*d.Width"},
	{"mnist.go", "if int(data[i]) >= classes {", "if int(data[i]) > classes {"},
	{"mnist.go", "first, step = 3, 8*4", "first, step = 0, 8*4"},
	{"fetch.go", "; sum != file.sum {", "; sum == \"\" {"},
	{"fetch.go", "err == nil && have != sum", "err == nil && have == \"\""},
	{"fetch.go", "&& ctx.Err() == nil", ""},
	{"fetch.go", "> time.Hour", "> 0"},
	{"fetch.go", "!mode.IsRegular()", "false"},
	{"fetch.go", "os.CreateTemp(filepath.Dir(name)", "os.CreateTemp(\"\""},
	{"fetch.go", "defer os.Remove(temp.Name())", "defer os.Remove(name)"},
	{"fetch.go", "timeout.Reset(patience)", "_ = timeout"},

	// Handwriting: what is ink, how thick it is, how bright, where it lies.
	{"image.go", "skew < 0", "skew > 0"},
	{"image.go", "1 - math.Round(paper)", "math.Round(paper)"},
	{"image.go", "peak < 0.5", "false"},
	{"image.go", "3.5*noise", "0*noise"},
	{"image.go", "massX/mass", "massY/mass"},
	{"image.go", "width >= 1.2/digitSide*length", "width >= 0"},
	{"image.go", "v / peak", "v / (2 * peak)"},

	// The network's file: names, the transpose, numbers, what may not be there.
	{"safetensors.go", "2*i), shape: []int{l.Weights.Cols, l", "i), shape: []int{l.Weights.Cols, l"},
	{"safetensors.go", "t[k%cols*rows+k/cols] = v", "t[k] = v"},
	{"safetensors.go", "-len(header)&7", "-len(header)&3"},
	{"safetensors.go", "= Activation(f)", "= Activation(0)"},
	{"safetensors.go", "\"F32\": 4,", "\"F32\": 8,"},
	{"safetensors.go", "127-15", "127-16"},
	{"safetensors.go", "cmp.Or(i-j, ", "cmp.Or(0, "},
	{"safetensors.go", "i > 0 && !numbered", "i > 1 && !numbered"},
	{"onnx.go", "!finite(float64(float32(v)))", "!finite(v)"},
	{"onnx.go", "8*field+2", "8*field"},
	{"safetensors.go", "!finite(v)", "v != v"},
	{"safetensors.go", "t.begin != end", "t.begin < end"},
	{"safetensors.go", "if seen[key] {", "if false {"},
	{"safetensors.go", "w.shape[1] != n.last()", "w.shape[1] < n.last()"},

	// Pictures of weights and of a network at work.
	{"picture.go", "if x < 0 {", "if x > 0 {"},
	{"picture.go", "(99*len(sorted)+99)/100-1", "len(sorted)-1"},
	{"picture.go", "gap + j%columns*", "gap + j/columns*"},
	{"examples/mnist/network.go", "if w < 0 {", "if w > 0 {"},
	{"examples/mnist/network.go", "d.neuron == winner)", "d.neuron != winner)"},
	{"examples/mnist/network.go", "limit = 6", "limit = 60"},
	{"examples/mnist/network.go", "own[max(0, len(own)-limit):]", "own[:min(limit, len(own))]"},
}

func main() {
	dir, err := os.MkdirTemp("", "mutations")
	must(err)
	must(os.CopyFS(dir, os.DirFS(".")))
	survivors, tried := 0, 0
	for _, f := range faults {
		if len(os.Args) > 1 && os.Args[1] != f.file {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(f.file))
		text, err := os.ReadFile(path)
		must(err)
		if strings.Count(string(text), f.right) == 0 {
			fmt.Printf("STALE     %s has no %q\n", f.file, f.right)
			survivors++
			continue
		}
		must(os.WriteFile(path, []byte(strings.Replace(string(text), f.right, f.wrong, 1)), 0o666))
		test := exec.Command("go", "test", "-short", "-failfast", "-timeout", "120s", ".")
		test.Dir = filepath.Dir(path)
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
	must(os.RemoveAll(dir))
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
