package nn

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteONNXWritesTheFormatsBytes(t *testing.T) {
	n := &Network{Layers: []*Layer{
		{Weights: &Matrix{Rows: 3, Cols: 2, Data: []float64{1, 2, 3, 4, 5, 6}}, Biases: []float64{-1, 0.5}, Activation: Tanh},
		{Weights: &Matrix{Rows: 2, Cols: 1, Data: []float64{7, 8}}, Biases: []float64{9}, Activation: ReLU},
	}}
	floats := func(values ...float32) string {
		var b bytes.Buffer
		binary.Write(&b, binary.LittleEndian, values)
		return b.String()
	}
	// Each field is a byte, 8·number + type, and a number, or a length and so many bytes.
	want := "\x08\x07" + "\x12\x15github.com/nn13002/nn" +
		"\x3a\xf8\x01" + // the graph: 120 + 128 bytes
		"\x0a\x19" + "\x0a\x05input" + "\x0a\x02W1" + "\x0a\x02b1" + "\x12\x02Z1" + "\x22\x04Gemm" +
		"\x0a\x0e" + "\x0a\x02Z1" + "\x12\x02A1" + "\x22\x04Tanh" +
		"\x2a\x24" + "\x08\x03\x08\x02" + "\x10\x01" + "\x42\x02W1" + "\x4a\x18" + floats(1, 2, 3, 4, 5, 6) +
		"\x2a\x12" + "\x08\x02" + "\x10\x01" + "\x42\x02b1" + "\x4a\x08" + floats(-1, 0.5) +
		"\x0a\x16" + "\x0a\x02A1" + "\x0a\x02W2" + "\x0a\x02b2" + "\x12\x02Z2" + "\x22\x04Gemm" +
		"\x0a\x12" + "\x0a\x02Z2" + "\x12\x06output" + "\x22\x04Relu" +
		"\x2a\x14" + "\x08\x02\x08\x01" + "\x10\x01" + "\x42\x02W2" + "\x4a\x08" + floats(7, 8) +
		"\x2a\x0e" + "\x08\x01" + "\x10\x01" + "\x42\x02b2" + "\x4a\x04" + floats(9) +
		"\x12\x02nn" +
		"\x5a\x1c" + "\x0a\x05input" + "\x12\x13\x0a\x11\x08\x01\x12\x0d" + "\x0a\x07\x12\x05batch" + "\x0a\x02\x08\x03" + // 3 inputs
		"\x62\x1d" + "\x0a\x06output" + "\x12\x13\x0a\x11\x08\x01\x12\x0d" + "\x0a\x07\x12\x05batch" + "\x0a\x02\x08\x01" +
		"\x42\x04" + "\x0a\x00" + "\x10\x0d" // operator set 13
	var b bytes.Buffer
	if err := n.WriteONNX(&b); err != nil || b.String() != want {
		t.Errorf("%v\n%q, want\n%q", err, b.String(), want)
	}
}

func TestWriteONNXRefusesWhatFloat32CannotHoldAndWritesNothing(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat32 + 0x1p103, -1e300} {
		n := New(random(1), 3, 2, 2)
		n.Layers[1].Weights.Data[1] = bad
		var b bytes.Buffer
		if mustName(t, n.WriteONNX(&b), "element 1 of W2 [2 2]", fmt.Sprint(bad), "float32"); b.Len() != 0 {
			t.Errorf("%d bytes written", b.Len())
		}
		n = New(random(1), 3, 2, 2)
		n.Layers[0].Biases[1] = bad
		mustName(t, n.WriteONNX(&b), "element 1 of b1 [2]", fmt.Sprint(bad))
	}
	n := New(random(1), 2, 1)
	copy(n.Layers[0].Weights.Data, []float64{math.MaxFloat32, -math.MaxFloat32})
	n.Layers[0].Biases[0] = 1e-300 // which float32 rounds to 0
	if err := n.WriteONNX(io.Discard); err != nil {
		t.Error(err)
	}
}

func TestEveryActivationHasAnONNXOperator(t *testing.T) {
	for f, operator := range onnxOperators {
		if operator == "" {
			t.Errorf("%v has none", Activation(f))
		}
	}
}

func TestWriteONNXReturnsTheWritersError(t *testing.T) {
	if err := New(random(1), 3, 2).WriteONNX(&failing{100}); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

func TestWriteONNXPanicsIfTheLayersDoNotFit(t *testing.T) {
	n := New(random(1), 3, 2)
	n.Layers[0].Biases = nil
	mustPanic(t, func() { n.WriteONNX(io.Discard) }, "0 biases")
}

// writeONNX writes a model to a file, and returns its name.
func writeONNX(t *testing.T, n *Network) string {
	t.Helper()
	var b bytes.Buffer
	if err := n.WriteONNX(&b); err != nil {
		t.Fatal(err)
	}
	return write(t, t.TempDir(), "model.onnx", b.Bytes())
}

// onnxTensorInfo is what ONNX Runtime says of an input or an output.
type onnxTensorInfo struct {
	Name, Type string
	Shape      []any
}

// runONNX gives the rows to ONNX Runtime, and returns its outputs, one row after
// another. It skips the test where there is no ONNX Runtime.
func runONNX(t *testing.T, n *Network, rows [][]float64) []float64 {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat("testdata/onnx/node_modules/onnxruntime-web")
	}
	if err != nil {
		t.Skip("needs node and ONNX Runtime: npm ci --ignore-scripts --prefix testdata/onnx: ", err)
	}
	var stdin, stderr bytes.Buffer
	for _, row := range rows {
		for _, v := range row {
			binary.Write(&stdin, binary.LittleEndian, float32(v))
		}
	}
	run := exec.Command(node, "testdata/onnx/check.mjs", writeONNX(t, n))
	run.Stdin, run.Stderr = &stdin, &stderr
	out, err := run.Output()
	var said struct {
		Inputs, Outputs []onnxTensorInfo
		Answers         []float64
	}
	if err == nil {
		err = json.Unmarshal(out, &said)
	}
	if err != nil || len(said.Answers) != len(rows)*n.outputs() {
		t.Fatalf("%v, %d answers\n%s", err, len(said.Answers), stderr.String())
	}
	want := fmt.Sprintf("[{input float32 [batch %d]}] [{output float32 [batch %d]}]", n.inputs(), n.outputs())
	if got := fmt.Sprint(said.Inputs, said.Outputs); got != want {
		t.Errorf("ONNX Runtime reads %s, want %s", got, want)
	}
	return said.Answers
}

// The model holds what Predict computes to 1e-6. ONNX Runtime adds hundreds of
// products in float32, and large weights in the next layers multiply what that
// rounds away, so that few images differ by more.
func TestONNXRuntimeReadsTheTestImagesAsTheNetworkDoes(t *testing.T) {
	_, images, err := LoadMNIST(mnistFolder())
	if err != nil {
		images = Synthetic(random(1), 10_000)
		t.Logf("on synthetic digits: %v", err)
	}
	n := Pretrained()
	rows, target := make([][]float64, images.Len()), make([]float64, 10)
	for i := range rows {
		rows[i] = make([]float64, 784)
		images.Example(i, rows[i], target)
	}
	rounded := n.Clone()
	for _, p := range parameters(rounded) {
		*p = float64(float32(*p))
	}
	answers, largest, beyond := runONNX(t, n, rows), 0.0, 0
	for i, row := range rows {
		got, want := answers[10*i:10*i+10], n.Predict(row)
		mustBeClose(t, fmt.Sprint("the model, image ", i), rounded.Predict(row), want, 1e-6)
		if n.class(got) != n.class(want) {
			t.Errorf("image %d: ONNX Runtime reads %d, the network %d", i, n.class(got), n.class(want))
		}
		difference := 0.0
		for j := range got {
			difference = max(difference, math.Abs(got[j]-want[j]))
		}
		if largest = max(largest, difference); difference > 1e-6 {
			beyond++
		}
	}
	t.Logf("%d images: the same digits, %d with an output more than 1e-6 away, the largest difference %.1e", len(rows), beyond, largest)
	if beyond > len(rows)/100 || !(largest <= 4e-6) {
		t.Errorf("%d of %d images with an output more than 1e-6 away, the largest difference %.1e; want at most %d and 4e-6", beyond, len(rows), largest, len(rows)/100)
	}
}

func TestONNXRuntimeAnswersAsPredictDoes(t *testing.T) {
	for seed, sizes := range [][]int{{1, 1}, {5, 4, 3, 2}, {7, 65, 3}} {
		for first := range uint64(3) { // each function in each place
			n, r := mixed(uint64(seed)*3+first, sizes...), random(9)
			rows := make([][]float64, 5)
			for i := range rows {
				rows[i] = make([]float64, n.inputs())
				for k := range rows[i] {
					rows[i][k] = float64(float32(r.Float64()*2 - 1))
				}
			}
			answers := runONNX(t, n, rows)
			for i, row := range rows {
				mustBeClose(t, fmt.Sprint(sizes, first, row), answers[i*n.outputs():], n.Predict(row), 1e-6)
			}
		}
	}
}

func TestONNXRuntimeHasLinearAndSoftmaxOutputs(t *testing.T) {
	for _, last := range []Activation{Linear, Softmax} {
		n := New(random(3), 5, 4, 3)
		n.Layers[0].Activation, n.Layers[1].Activation = Linear, last
		rows := [][]float64{{1, 0, -1, 0.5, 2}, {0, 0, 0, 0, 0}, {-3, 2, 1, 0.25, -8}}
		answers := runONNX(t, n, rows)
		for i, row := range rows {
			mustBeClose(t, fmt.Sprint(last, row), answers[i*3:], n.Predict(row), 2e-6)
		}
	}
}

func TestONNXCheckerReadsBackNamesShapesAndParameters(t *testing.T) {
	n := &Network{Layers: []*Layer{
		{Weights: &Matrix{Rows: 3, Cols: 2, Data: []float64{1, 2, 3, 4, 5, 6}}, Biases: []float64{-1, 0.5}, Activation: Tanh},
		{Weights: &Matrix{Rows: 2, Cols: 1, Data: []float64{7, 8}}, Biases: []float64{9}, Activation: ReLU},
		{Weights: &Matrix{Rows: 1, Cols: 1, Data: []float64{10}}, Biases: []float64{11}, Activation: Sigmoid},
	}}
	check := exec.Command("/usr/bin/python3", filepath.FromSlash("testdata/onnx/check.py"), writeONNX(t, n))
	var stderr strings.Builder
	check.Stderr = &stderr
	out, err := check.Output()
	if check.ProcessState == nil || check.ProcessState.ExitCode() == 77 {
		t.Skipf("needs /usr/bin/python3 with onnx (Debian: python3-onnx): %v %s", err, out)
	}
	want := `{"IR": 7, "Opset": [13], ` +
		`"Nodes": ["Gemm input W1 b1 Z1", "Tanh Z1 A1", "Gemm A1 W2 b2 Z2", "Relu Z2 A2", "Gemm A2 W3 b3 Z3", "Sigmoid Z3 output"], ` +
		`"Shapes": {"input": ["batch", 3], "Z1": ["batch", 2], "A1": ["batch", 2], "Z2": ["batch", 1], "A2": ["batch", 1], "Z3": ["batch", 1], "output": ["batch", 1]}, ` +
		`"Parameters": {"W1": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "b1": [-1.0, 0.5], "W2": [[7.0], [8.0]], "b2": [9.0], "W3": [[10.0]], "b3": [11.0]}}`
	if got := strings.TrimSpace(string(out)); err != nil || got != want {
		t.Errorf("%v\n%s\nthe checker reads\n%s, want\n%s", err, stderr.String(), got, want)
	}
}
