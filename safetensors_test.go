package nn

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

// mixed returns a network of the given sizes with biases, and the functions in
// turn.
func mixed(seed uint64, sizes ...int) *Network {
	r := random(seed)
	n := New(r, sizes...)
	for i, l := range n.Layers {
		l.Activation = Activation((uint64(i) + seed) % 3)
		for j := range l.Biases {
			l.Biases[j] = r.NormFloat64()
		}
	}
	return n
}

func saved(t testing.TB, n *Network) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := n.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func loaded(t testing.TB, file []byte, activations ...Activation) *Network {
	t.Helper()
	n, err := Load(bytes.NewReader(file), activations...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// container returns a file of the given header and data.
func container(header string, data []byte) []byte {
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(file, header...), data...)
}

// entry is a tensor's entry in a header.
func entry(name, dtype, shape string, begin, end int) string {
	return fmt.Sprintf(`%q:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, name, dtype, shape, begin, end)
}

// allSigmoid returns the activations to load a file with, if it names none.
func allSigmoid(file string) []Activation {
	if strings.Contains(file, "activations") {
		return nil
	}
	return slices.Repeat([]Activation{Sigmoid}, strings.Count(file, `weight"`))
}

// The entries of a network of two inputs and one neuron, in 24 bytes of data.
var (
	weight = entry("0.weight", "F64", "[1,2]", 0, 16)
	bias   = entry("0.bias", "F64", "[1]", 16, 24)
)

func mustBeSameNetwork(t *testing.T, got, want *Network) {
	t.Helper()
	if len(got.Layers) != len(want.Layers) {
		t.Fatalf("%d layers, want %d", len(got.Layers), len(want.Layers))
	}
	for i, l := range got.Layers {
		w := want.Layers[i]
		if l.Weights.Rows != w.Weights.Rows || l.Weights.Cols != w.Weights.Cols || l.Activation != w.Activation {
			t.Fatalf("layer %d is %d×%d with %v, want %d×%d with %v", i, l.Weights.Rows, l.Weights.Cols, l.Activation, w.Weights.Rows, w.Weights.Cols, w.Activation)
		}
	}
	mustBeSame(t, "parameters", values(got), values(want))
}

func TestLinearAndSoftmaxAreSavedByName(t *testing.T) {
	n := New(random(1), 4, 3, 2)
	n.Layers[0].Activation, n.Layers[1].Activation = Linear, Softmax
	file := saved(t, n)
	if !bytes.Contains(file, []byte(`"activations":"linear,softmax"`)) {
		t.Errorf("header %.200q", file)
	}
	input := []float64{1, 2, 3, 4}
	mustBeSame(t, "outputs", loaded(t, file).Predict(input), n.Predict(input))
}

func TestSoftmaxBelowTheLastLayerIsNotLoaded(t *testing.T) {
	n := New(random(1), 4, 3, 2)
	n.Layers[0].Activation = Linear
	file := bytes.Replace(saved(t, n), []byte("linear,sigmoid"), []byte("softmax,linear"), 1)
	_, err := Load(bytes.NewReader(file))
	mustName(t, err, "activations softmax,linear", "softmax only for the last", "2 layers")
}

func TestLoadGivesBackTheBitsThatSaveWrote(t *testing.T) {
	for seed, sizes := range [][]int{{1, 1}, {2, 2, 1}, {5, 3}, {1, 7, 1}, {7, 300, 3}, {30, 65, 64, 63, 10}, {3, 2, 2, 2, 2, 2, 2}, {784, 16, 16, 10}} {
		t.Run(fmt.Sprint(sizes), func(t *testing.T) {
			n := mixed(uint64(seed), sizes...)
			mustBeSameNetwork(t, loaded(t, saved(t, n)), n)
		})
	}
}

func TestSpecialNumbersKeepTheirBits(t *testing.T) {
	n := New(random(1), 3, 2)
	copy(n.Layers[0].Weights.Data, []float64{math.Copysign(0, -1), 5e-324, -5e-324, math.MaxFloat64, -math.MaxFloat64, 0.1})
	mustBeSameNetwork(t, loaded(t, saved(t, n)), n)
}

func TestSaveWritesTheFormatsBytes(t *testing.T) {
	n := &Network{Layers: []*Layer{{Weights: &Matrix{Rows: 3, Cols: 2, Data: []float64{1, 2, 3, 4, 5, 6}}, Biases: []float64{7, 8}, Activation: Tanh}}}
	header := `{"__metadata__":{"format":"pt","activations":"tanh"},` +
		`"0.weight":{"dtype":"F64","shape":[2,3],"data_offsets":[0,48]},` +
		`"0.bias":{"dtype":"F64","shape":[2],"data_offsets":[48,64]}}`
	for len(header)%8 != 0 {
		header += " "
	}
	var data bytes.Buffer
	binary.Write(&data, binary.LittleEndian, []float64{1, 3, 5, 2, 4, 6, 7, 8})
	if got, want := saved(t, n), container(header, data.Bytes()); !bytes.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTheNumbersBeginAtAMultipleOf8(t *testing.T) {
	for neurons := range 120 {
		if length := binary.LittleEndian.Uint64(saved(t, New(random(1), 1, neurons+1))); length%8 != 0 {
			t.Errorf("%d neurons: header of %d bytes", neurons+1, length)
		}
	}
}

func TestTheSameNetworkIsTheSameBytes(t *testing.T) {
	n := mixed(1, 20, 7, 6, 5, 4, 3, 2)
	if file := saved(t, n); !bytes.Equal(file, saved(t, n)) || !bytes.Equal(file, saved(t, loaded(t, file))) {
		t.Error("saved twice, the files differ")
	}
}

func TestTheArticlesNetworkTakes104KB(t *testing.T) {
	if size := len(saved(t, New(random(1), 784, 16, 16, 10))); size < 8*13002 || size > 8*13002+1000 {
		t.Errorf("%d bytes, want 8·13002 and less than 1000 for the header", size)
	}
}

func TestSaveRefusesWhatIsNotFiniteAndWritesNothing(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		n := New(random(1), 3, 2, 2)
		n.Layers[1].Weights.Data[1] = bad // from neuron 0 to neuron 1: element 2 of the transpose
		var b bytes.Buffer
		if mustName(t, n.Save(&b), "2.weight", "element 2", fmt.Sprint(bad)); b.Len() != 0 {
			t.Errorf("%d bytes written", b.Len())
		}
		n = New(random(1), 3, 2)
		n.Layers[0].Biases[1] = bad
		mustName(t, n.Save(&b), "0.bias", "element 1", fmt.Sprint(bad))
	}
}

func TestSaveReturnsTheWritersError(t *testing.T) {
	for _, room := range []int{0, 8, 100} {
		err := New(random(1), 3, 2).Save(&failing{room})
		if mustName(t, err); !errors.Is(err, errFull) {
			t.Errorf("room for %d bytes: error %v", room, err)
		}
	}
}

func TestSavePanicsIfTheLayersDoNotFit(t *testing.T) {
	n := New(random(1), 3, 2)
	n.Layers[0].Biases = nil
	mustPanic(t, func() { n.Save(io.Discard) }, "0 biases")
	mustPanic(t, func() { n.SaveFile(filepath.Join(t.TempDir(), "n")) }, "0 biases")
}

func TestSaveRefusesWhatLoadWould(t *testing.T) {
	one := New(random(1), 1, 1).Layers[0]
	n := &Network{Layers: slices.Repeat([]*Layer{one}, 6000)}
	mustBeSameNetwork(t, loaded(t, saved(t, n)), n)
	n.Layers = slices.Repeat([]*Layer{one}, 8000)
	mustName(t, n.Save(io.Discard), "8000 layers", "at most 1000000")
}

func TestSaveFileReplacesTheFileWhole(t *testing.T) {
	name := filepath.Join(t.TempDir(), "digits.safetensors")
	for seed := range uint64(3) {
		n := mixed(seed, 20-int(seed)*5, 7, 3)
		if err := n.SaveFile(name); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		mustBeSameNetwork(t, loaded(t, file), n)
	}
	mustHold(t, filepath.Dir(name), "digits.safetensors")
}

func TestSaveFileTakesAnyName(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows allows no asterisk")
	}
	t.Chdir(t.TempDir())
	for _, name := range []string{"a*b", "*", "with space", "数字.safetensors", ".hidden", strings.Repeat("n", 255)} {
		if err := New(random(1), 2, 1).SaveFile(name); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}

func TestAFailedSaveFileLeavesEverythingAsItWas(t *testing.T) {
	dir := t.TempDir()
	old := write(t, dir, "old", []byte("the old file"))
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	good, bad := New(random(1), 2, 1), New(random(1), 2, 1)
	bad.Layers[0].Biases[0] = math.NaN()
	for what, c := range map[string]struct {
		n    *Network
		name string
	}{
		"not finite":         {bad, old},
		"target is a folder": {good, filepath.Join(dir, "folder")},
		"no such folder":     {good, filepath.Join(dir, "absent", "n")},
		"folder is a file":   {good, filepath.Join(old, "n")},
		"no name":            {good, ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Chdir(dir)
			err := c.n.SaveFile(c.name)
			if mustName(t, err, fmt.Sprintf("%q: ", c.name)); strings.Count(err.Error(), "nn: ") != 1 || strings.Contains(err.Error(), ".tmp") {
				t.Errorf("error %q, want one nn: and no temporary name in it", err)
			}
			if file, err := os.ReadFile(old); err != nil || string(file) != "the old file" {
				t.Errorf("the old file holds %q, error %v", file, err)
			}
			mustHold(t, dir, "folder", "old")
			mustHold(t, filepath.Join(dir, "folder"))
		})
	}
}

func TestSaveFileReplacesALinkAndLeavesWhereItLeads(t *testing.T) {
	dir := t.TempDir()
	old := write(t, dir, "old", []byte("the old file"))
	for _, target := range []string{old, dir, filepath.Join(dir, "absent")} {
		link := filepath.Join(dir, "link")
		os.Remove(link)
		if err := os.Symlink(target, link); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
		if err := New(random(1), 2, 1).SaveFile(link); err != nil {
			t.Error(err)
		}
		if info, err := os.Lstat(link); err != nil || !info.Mode().IsRegular() {
			t.Errorf("a link to %s has become %v, error %v", target, info.Mode(), err)
		}
	}
	if file, err := os.ReadFile(old); err != nil || string(file) != "the old file" {
		t.Errorf("the old file holds %q, error %v", file, err)
	}
	mustHold(t, dir, "link", "old")
}

func TestSaveFileNeedsNoOtherFolderThanItsOwn(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, filepath.Join(dir, "absent"))
	}
	if err := New(random(1), 2, 1).SaveFile(filepath.Join(dir, "n")); err != nil {
		t.Error(err)
	}
}

func TestSaveFileLeavesWhatIsNoFileAlone(t *testing.T) {
	t.Chdir(t.TempDir())
	socket, err := net.Listen("unix", "socket")
	if err != nil {
		t.Skip("no Unix sockets here: ", err)
	}
	defer socket.Close()
	mustName(t, New(random(1), 2, 1).SaveFile("socket"), "not a file")
	if info, err := os.Stat("socket"); err != nil || info.Mode().IsRegular() {
		t.Errorf("the socket is a file now, error %v", err)
	}
	mustHold(t, ".", "socket")
}

func TestSaveFileIsForAllToReadUnlessTheOldFileWasNot(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has other permissions")
	}
	name := filepath.Join(t.TempDir(), "n")
	for _, mode := range []fs.FileMode{0o644, 0o600, 0o755} {
		if mode != 0o644 {
			if err := os.Chmod(name, mode); err != nil {
				t.Fatal(err)
			}
		}
		if err := New(random(1), 2, 1).SaveFile(name); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != mode {
			t.Errorf("mode %v, error %v, want %v", info.Mode(), err, mode)
		}
	}
}

// testdata/safetensors.py writes the files, and what PyTorch answers.
func TestLoadAnswersAsPyTorchDoes(t *testing.T) {
	var cases []struct {
		File            string
		Inputs, Outputs [][]float64
	}
	data, err := os.ReadFile("testdata/safetensors.json")
	if err == nil {
		err = json.Unmarshal(data, &cases)
	}
	if err != nil || len(cases) != 5 {
		t.Fatalf("%d cases, error %v", len(cases), err)
	}
	for _, c := range cases {
		t.Run(c.File, func(t *testing.T) {
			file, err := os.ReadFile("testdata/" + c.File)
			if err != nil {
				t.Fatal(err)
			}
			n := loaded(t, file, allSigmoid(string(file))...)
			for i, input := range c.Inputs {
				mustBeClose(t, fmt.Sprint(input), n.Predict(input), c.Outputs[i], 1e-12)
			}
		})
	}
}

func TestPyTorchAnswersAsTheSavedNetworkDoes(t *testing.T) {
	for _, n := range []*Network{New(random(1), 784, 16, 16, 10), mixed(1, 5, 4, 3, 2)} {
		name := filepath.Join(t.TempDir(), "n.safetensors")
		if err := n.SaveFile(name); err != nil {
			t.Fatal(err)
		}
		sizes, activations := []string{fmt.Sprint(n.inputs())}, []string{}
		for _, l := range n.Layers {
			sizes = append(sizes, fmt.Sprint(len(l.Biases)))
			activations = append(activations, l.Activation.String())
		}
		r, inputs := random(2), make([][]float64, 5)
		for i := range inputs {
			inputs[i] = make([]float64, n.inputs())
			for k := range inputs[i] {
				inputs[i][k] = r.Float64()
			}
		}
		stdin, _ := json.Marshal(inputs)
		python := exec.Command("/usr/bin/python3", "testdata/load_in_torch.py", name, strings.Join(sizes, ","), strings.Join(activations, ","))
		var stderr strings.Builder
		python.Stdin, python.Stderr = bytes.NewReader(stdin), &stderr
		out, err := python.Output()
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errors.ErrUnsupported) || python.ProcessState != nil && python.ProcessState.ExitCode() == 77 {
			t.Skipf("needs /usr/bin/python3 with torch (Debian: python3-torch): %v %s", err, out)
		}
		var answers struct{ Float64, Float32 [][]float64 }
		if err == nil {
			err = json.Unmarshal(out, &answers)
		}
		if err != nil || len(answers.Float64) != len(inputs) || len(answers.Float32) != len(inputs) {
			t.Fatalf("%v\n%s", err, stderr.String())
		}
		for i, input := range inputs {
			want := n.Predict(input)
			mustBeClose(t, "float64", answers.Float64[i], want, 1e-12)
			mustBeClose(t, "float32", answers.Float32[i], want, 1e-5)
		}
	}
}

func TestLoadTakesWhatTheFormatLeavesFree(t *testing.T) {
	var data, single bytes.Buffer
	binary.Write(&data, binary.LittleEndian, []float64{1, 2, 3})
	binary.Write(&single, binary.LittleEndian, []float32{1, 2})
	binary.Write(&single, binary.LittleEndian, 3.0)
	for name, file := range map[string][]byte{
		"no padding":        container("{"+weight+","+bias+"}", data.Bytes()),
		"white space first": container(" \t\r\n{"+weight+","+bias+"}", data.Bytes()),
		"surrogate pairs":   container(`{"__metadata__":{"a":"\ud55c\uD7A3\ud83d\ude00\\ud800\/","\uD83D\uDE00":"\\\\ud800\ufffd"},`+weight+","+bias+"}", data.Bytes()),
		"padding":           container("{"+weight+","+bias+"}     ", data.Bytes()),
		"white space":       container("{ "+weight+" ,\n"+bias+"\t}", data.Bytes()),
		"10,000 bytes":      container("{"+strings.Replace(weight, "[1", "["+strings.Repeat(" ", 9949)+"1", 1)+","+bias+"}", data.Bytes()),
		"order":             container("{"+bias+","+weight+"}", data.Bytes()),
		"escaped names":     container("{"+strings.Replace(weight, "0.", `\u0030\u002e`, 1)+","+bias+"}", data.Bytes()),
		"other metadata":    container(`{"__metadata__":{"a":"1","ä":"{"},`+weight+","+bias+"}", data.Bytes()),
		"no metadata in it": container(`{"__metadata__":{},`+weight+","+bias+"}", data.Bytes()),
		"the function":      container(`{"__metadata__":{"activations":"sigmoid"},`+weight+","+bias+"}", data.Bytes()),
		"mixed types":       container("{"+entry("0.weight", "F32", "[1,2]", 0, 8)+","+entry("0.bias", "F64", "[1]", 8, 16)+"}", single.Bytes()),
	} {
		t.Run(name, func(t *testing.T) {
			n := loaded(t, file, allSigmoid(string(file))...)
			mustBeSameNetwork(t, n, &Network{Layers: []*Layer{{Weights: &Matrix{Rows: 2, Cols: 1, Data: []float64{1, 2}}, Biases: []float64{3}}}})
		})
	}
}

func TestLoadTakesLayersInTheOrderOfTheirNames(t *testing.T) {
	for _, names := range [][]string{
		{"0.", "2.", "4."}, {"0.", "3.", "4."}, {"1.", "2.", "3."}, {"0.", "2.", "10."}, {"08.", "09.", "10."},
		{"fc1.", "fc2.", "fc10."}, {"fc9.", "fc10.", "out."}, {"model.0.", "model.2.", "model.10."}, {"fc.", "fc1.", "fc2."},
		{"layers.2.", "layers.4.", "layers.30."}, {"a2.b10.", "a10.b2.", "a10.b3."}, {"fc1_", "fc2_", "fc10_"}, {"", "0.", "1."},
	} {
		n := mixed(1, 2, 3, 4, 5)
		header, end := "", 0
		var data bytes.Buffer
		for _, i := range []int{2, 0, 1} { // any order of the data
			l := n.Layers[i]
			rows, columns := l.Weights.Rows, l.Weights.Cols
			middle := end + 8*rows*columns
			header += entry(names[i]+"weight", "F64", fmt.Sprintf("[%d,%d]", columns, rows), end, middle) + ","
			end = middle + 8*columns
			header += entry(names[i]+"bias", "F64", fmt.Sprintf("[%d]", columns), middle, end) + ","
			binary.Write(&data, binary.LittleEndian, transposed(l.Weights.Data, rows, columns))
			binary.Write(&data, binary.LittleEndian, l.Biases)
		}
		activations := fmt.Sprintf("%v,%v,%v", n.Layers[0].Activation, n.Layers[1].Activation, n.Layers[2].Activation)
		header += `"__metadata__":{"activations":"` + activations + `"}`
		got, err := Load(bytes.NewReader(container("{"+header+"}", data.Bytes())))
		if err != nil {
			t.Errorf("%q: %v", names, err)
			continue
		}
		mustBeSameNetwork(t, got, n)
	}
}

func TestLayersOfTheSameShapeAreInTheOrderOfTheirNumbers(t *testing.T) {
	n := New(random(1), 3, 3, 3, 3, 3, 3, 3) // 0, 2, … 10
	mustBeSameNetwork(t, loaded(t, saved(t, n)), n)
	renamed := bytes.ReplaceAll(saved(t, n), []byte(`"10.`), []byte(`"9x.`)) // as long
	mustBeSameNetwork(t, loaded(t, renamed), n)
	_, err := Load(bytes.NewReader(bytes.ReplaceAll(renamed, []byte(`"9x.`), []byte(`"xx.`))))
	mustName(t, err, "xx.weight [3 3] may be before or after 8.weight", "numbers")
}

// An autoencoder's layers fit in any order that goes round: 4-2-4 or 2-4-2.
func TestLayersThatFitInAnotherOrderNeedNumbers(t *testing.T) {
	for _, c := range []struct {
		names, refused string
		sizes          []int
	}{
		{"decoder encoder", "encoder.weight [2 4] may be before or after decoder.weight", []int{2, 4, 2}},
		{"hidden in", "in.weight", []int{8, 4, 8}},
		{"fc_out hidden", "hidden.weight", []int{2, 4, 2}},
		{"fc1 fc2 out", "out.weight", []int{4, 8, 2, 4}},
		{"decoder.0 decoder.2 encoder.0 encoder.2", "encoder.2.weight [2 3] may be before or after decoder.0.weight", []int{2, 3, 4, 3, 2}},
		{"fc fc1", "fc1.weight", []int{4, 2, 4}},
		{"fc1 fc2", "", []int{4, 2, 4}},
		{"fc9 fc90", "", []int{4, 2, 4}},
		{"fc10 fc100", "", []int{4, 2, 4}},
		{"0 2 4 6", "", []int{4, 3, 2, 3, 4}},
		{"decoder encoder", "", []int{2, 4, 3}},
		{"fc1 fc2 out", "", []int{4, 8, 8, 2}},
		{"encoder", "", []int{4, 4}},
	} {
		file := saved(t, New(random(1), c.sizes...))
		end := 8 + binary.LittleEndian.Uint64(file)
		header := string(file[8:end])
		for i, name := range strings.Fields(c.names) {
			header = strings.ReplaceAll(header, fmt.Sprintf(`"%d.`, 2*i), fmt.Sprintf(`"%s.`, name))
		}
		_, err := Load(bytes.NewReader(container(header, file[end:])))
		if c.refused != "" {
			mustName(t, err, c.refused, "need numbers in the names")
		} else if err != nil {
			t.Errorf("%s of %v: %v", c.names, c.sizes, err)
		}
	}
}

// float16 and bfloat16 have so few values that a test can try all.
func TestLoadReadsEveryHalf(t *testing.T) {
	for dtype, c := range map[string]struct{ bits, bias int }{"F16": {10, 15}, "BF16": {7, 127}} {
		for half := range 1 << 16 {
			exponent, fraction := half&0x7fff>>c.bits, half&(1<<c.bits-1)
			want := math.Ldexp(float64(fraction), 1-c.bias-c.bits)
			if exponent > 0 {
				want = math.Ldexp(float64(1<<c.bits+fraction), exponent-c.bias-c.bits)
			}
			if half >= 1<<15 {
				want = -want
			}
			got := number(dtype, []byte{byte(half), byte(half >> 8)})
			if exponent == 0x7fff>>c.bits {
				if finite(got) {
					t.Errorf("%s %04x is %v, want a NaN or infinite", dtype, half, got)
				}
			} else if math.Float64bits(got) != math.Float64bits(want) {
				t.Errorf("%s %04x is %v, want %v", dtype, half, got, want)
			}
		}
	}
}

func TestLoadFileGivesBackWhatSaveFileWrote(t *testing.T) {
	name := filepath.Join(t.TempDir(), "n.safetensors")
	n := mixed(1, 4, 3, 2)
	if err := n.SaveFile(name); err != nil {
		t.Fatal(err)
	}
	got, err := LoadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	mustBeSameNetwork(t, got, n)
}

// PyTorch's Sequential(Linear, ReLU, Linear) has the tensors of one with sigmoids.
func TestLoadTakesActivationsFromTheFileOrTheCaller(t *testing.T) {
	n := mixed(1, 4, 3, 2) // tanh, relu
	file := saved(t, n)
	unnamed := bytes.Replace(file, []byte(`"activations"`), []byte(`"functions__"`), 1)
	mustBeSameNetwork(t, loaded(t, unnamed, Tanh, ReLU), n)
	mustBeSameNetwork(t, loaded(t, file, Tanh, ReLU), n)
	for name, c := range map[string]struct {
		file        []byte
		activations []Activation
		words       []string
	}{
		"neither names them": {unnamed, nil, []string{"activations missing in the file", "none in Go", "2 layers", "pass nn.ReLU, nn.Linear,", `metadata={"activations": "relu,linear"}`}},
		"the file has more":  {file, []Activation{Tanh}, []string{"tanh,relu in the file, tanh in Go: pass none"}},
		"both name others":   {file, []Activation{Tanh, Linear}, []string{"tanh,relu in the file", "tanh,linear in Go", "pass none"}},
		"too few":            {unnamed, []Activation{Tanh}, []string{"tanh in Go", "each of the 2 layers"}},
		"too many":           {unnamed, []Activation{Tanh, Tanh, Tanh}, []string{"tanh,tanh,tanh in Go", "each of the 2 layers"}},
		"no activation":      {unnamed, []Activation{Tanh, 99}, []string{"Activation(99)", "sigmoid tanh relu linear softmax"}},
		"a long example":     {bytes.Replace(saved(t, New(random(1), 1, 1, 1, 1)), []byte(`"activations"`), []byte(`"functions__"`), 1), []Activation{Tanh}, []string{"pass nn.ReLU, nn.ReLU, nn.Linear,", `"relu,relu,linear"`}},
		"softmax first":      {unnamed, []Activation{Softmax, Tanh}, []string{"softmax,tanh", "softmax only for the last"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(bytes.NewReader(c.file), c.activations...)
			mustName(t, err, c.words...)
			_, err = LoadFile(write(t, t.TempDir(), "n", c.file), c.activations...)
			mustName(t, err, c.words...)
		})
	}
}

func TestLoadSaysWhatAnotherFileLooksLike(t *testing.T) {
	var model bytes.Buffer
	if err := New(random(1), 2, 1).WriteONNX(&model); err != nil {
		t.Fatal(err)
	}
	for start, words := range map[string][]string{
		"PK\x03\x04\x00\x00\x08\x08\x00\x00":                      {"torch.save", "safetensors.torch.save_file", `"PK\x03\x04`},
		"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19":                 {"torch.save"},
		"<!DOCTYPE html>":                                         {"HTML", `"<!DOCTYP"`},
		"<html><head>":                                            {"HTML"},
		"\r\n <!DOCTYPE html>":                                    {"HTML"},
		"version https://git-lfs.github.com/spec/v1\noid sha256:": {"Git LFS pointer", "git lfs pull"},
		"Not Found":                  {"text", `"Not Foun"`},
		`{"0.weight":{"dtype":"F64"`: {"text"},
		model.String():               {"ONNX"},
	} {
		_, err := Load(strings.NewReader(start))
		mustName(t, err, append(words, "at most 1000000")...)
	}
}

func TestLoadFileNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	_, err := LoadFile(filepath.Join(dir, "absent"))
	if mustName(t, err, "absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	_, err = LoadFile(dir)
	if mustName(t, err, dir); strings.Contains(err.Error(), "bytes") {
		t.Errorf("error %q of a folder, want no count of bytes", err)
	}
	_, err = LoadFile(write(t, dir, "nothing", nil))
	mustName(t, err, "nothing", "it is empty")
	_, err = LoadFile(write(t, dir, "short", []byte{1, 2, 3}))
	if mustName(t, err, "short", "3 bytes"); strings.Count(err.Error(), "nn: ") != 1 {
		t.Errorf("error %q, want one nn: in it", err)
	}
}

func TestLoadReadsAReaderThatGivesOneByteAtATime(t *testing.T) {
	n := mixed(1, 4, 3, 2)
	got, err := Load(iotest.OneByteReader(bytes.NewReader(saved(t, n))))
	if err != nil {
		t.Fatal(err)
	}
	mustBeSameNetwork(t, got, n)
}

func TestLoadReturnsTheReadersError(t *testing.T) {
	file := saved(t, New(random(1), 2, 1))
	for _, n := range []int{0, 3, 8, 30, len(file) - 8, len(file)} {
		_, err := Load(io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(errFull)))
		if mustName(t, err); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: error %v", n, err)
		}
	}
}

func TestLoadReportsWhatIsWrong(t *testing.T) {
	data := make([]byte, 24)
	meta := func(s string) string { return "{" + s + "," + weight + "," + bias + "}" }
	with := func(weight string) string { return `{"0.weight":` + weight + "," + bias + "}" }
	layer := func(i, neurons, inputs, begin int) string {
		middle := begin + 8*neurons*inputs
		return entry(fmt.Sprintf("%d.weight", i), "F64", fmt.Sprintf("[%d,%d]", neurons, inputs), begin, middle) + "," +
			entry(fmt.Sprintf("%d.bias", i), "F64", fmt.Sprintf("[%d]", neurons), middle, middle+8*neurons)
	}
	for name, c := range map[string]struct {
		header string
		words  []string
	}{
		"empty header":        {"", []string{"need {"}},
		"no brace":            {" " + weight + "," + bias + "}", []string{`"\"0.weigh"`, "need {"}},
		"another space":       {"\u00a0{" + weight + "," + bias + "}", []string{"need {"}},
		"byte order mark":     {"\ufeff{" + weight + "," + bias + "}", []string{"need {"}},
		"a list":              {"[]", []string{`"[]"`, "need {"}},
		"invalid UTF-8":       {meta(`"__metadata__":{"a":"` + "\xff" + `"}`), []string{"UTF-8"}},
		"half a pair":         {meta(`"__metadata__":{"a":"\ud83d"}`), []string{"surrogate pairs"}},
		"the other half":      {meta(`"__metadata__":{"\uDE00":""}`), []string{"surrogate pairs"}},
		"two first halves":    {meta(`"__metadata__":{"a":"\ud83d\ud83d\ude00"}`), []string{"surrogate pairs"}},
		"two second halves":   {meta(`"__metadata__":{"a":"\ude00\ude00"}`), []string{"surrogate pairs"}},
		"half, then a letter": {meta(`"__metadata__":{"a":"\\\ud83d\u0041"}`), []string{"surrogate pairs"}},
		"no JSON":             {"{weight}", []string{"invalid character 'w'"}},
		"JSON ends early":     {"{" + weight, []string{"unexpected end"}},
		"goes on after JSON":  {"{" + weight + "," + bias + "}{}", []string{"after top-level value"}},
		"padded with zeros":   {"{" + weight + "," + bias + "}\x00", []string{"after top-level value"}},
		"a trailing comma":    {"{" + weight + "," + bias + ",}", []string{"invalid character '}'"}},
		"too deep":            {`{"0.weight":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}", []string{"depth"}},
		"a tensor twice":      {meta(bias), []string{`"0.bias"`, "second time"}},
		"a tensor twice, once escaped": {meta(strings.Replace(bias, "0", `\u0030`, 1)), []string{
			`"0.bias"`, "second time"}},
		"metadata twice":        {meta(`"__metadata__":{},"__metadata__":{}`), []string{"__metadata__", "second time"}},
		"metadata key twice":    {meta(`"__metadata__":{"a":"b","a":"b"}`), []string{`"a"`, "second time"}},
		"described at length":   {with(`{"dtype":"F64","shape":[` + strings.Repeat(" ", 9950) + `1,2],"data_offsets":[0,16]}`), []string{`"0.weight"`, "of 10001 bytes", "at most 10000"}},
		"shape twice":           {with(`{"dtype":"F64","shape":[1,2],"shape":[1,2],"data_offsets":[0,16]}`), []string{`"0.weight"`, `"shape"`, "second time"}},
		"metadata not strings":  {meta(`"__metadata__":{"a":1}`), []string{`"__metadata__": "a": 1`, "need a string"}},
		"metadata null":         {meta(`"__metadata__":null`), []string{`"__metadata__": null`, "need an object"}},
		"metadata a string":     {meta(`"__metadata__":"pt"`), []string{`"pt"`, "need an object"}},
		"a function unknown":    {meta(`"__metadata__":{"activations":"gelu"}`), []string{"activations gelu in the file", "1 layers", "sigmoid tanh relu linear softmax"}},
		"a function with space": {meta(`"__metadata__":{"activations":" Relu"}`), []string{`" Relu" for layer 0`}},
		"functions too many":    {meta(`"__metadata__":{"activations":"tanh,tanh"}`), []string{"activations tanh,tanh in the file", "each of the 1 layers"}},
		"functions empty":       {meta(`"__metadata__":{"activations":""}`), []string{"activations missing", "1 layers"}},
		"no tensors":            {"{}", []string{"0.weight", "0.bias", "0 tensors"}},
		"only metadata":         {`{"__metadata__":{}}`, []string{"0.weight", "0.bias", "0 tensors"}},
		"no bias":               {"{" + weight + "}", []string{"0.bias", "1 tensors", "[1 2]"}},
		"no weight":             {"{" + entry("0.bias", "F64", "[1]", 0, 8) + "}", []string{"0.weight", "1 tensors"}},
		"another kind of name": {"{" + strings.ReplaceAll(weight+","+bias, `weight"`, `kernel"`) + "}", []string{
			"0.kernel [1 2] is neither", "2 tensors [0.kernel [1 2] 0.bias [1]]", "need NAME.weight [neurons inputs] and NAME.bias [neurons]", `t["NAME.weight"] = t.pop("0.kernel")`}},
		"a layer without biases": {"{" + layer(0, 1, 1, 0) + "," + entry("fc.weight", "F64", "[1,1]", 16, 24) + "}", []string{
			"no fc.bias", "3 tensors", `t["fc.bias"] = 0 * t["fc.weight"][:, 0]`}},
		"biases without weights": {"{" + layer(0, 1, 1, 0) + "," + entry("fc.bias", "F64", "[1]", 16, 24) + "}", []string{
			"no fc.weight", "3 tensors", `t["fc.weight"] = t.pop("OTHER")`}},
		"names in another order": {"{" + strings.ReplaceAll(layer(0, 3, 1, 0), `"0.`, `"input.`) + "," + strings.ReplaceAll(layer(2, 3, 3, 48), `"2.`, `"hidden.`) + "}", []string{
			"input.weight [3 1] after hidden.weight", "need 3 inputs", `t["NUMBER.weight"], t["NUMBER.bias"] = t.pop("input.weight"), t.pop("input.bias")`}},
		"names without an order": {"{" + strings.ReplaceAll(layer(0, 1, 1, 0), `"0.`, `"one.`) + "," + strings.ReplaceAll(layer(2, 1, 1, 16), `"2.`, `"two.`) + "}", []string{
			"two.weight [1 1] may be before or after one.weight", "numbers"}},
		"one tensor more":         {"{" + weight + "," + bias + "," + entry("scale", "F64", "[1]", 24, 32) + "}", []string{"3 tensors", "scale"}},
		"two tensors more":        {"{" + weight + "," + bias + "," + entry("a", "F64", "[1]", 24, 32) + "," + entry("b", "F64", "[1]", 32, 40) + "}", []string{"4 tensors", "a [1]"}},
		"layers do not fit":       {"{" + layer(0, 2, 3, 0) + "," + layer(2, 2, 3, 64) + "}", []string{"2.weight [2 3]", "need 2 inputs"}},
		"biases do not fit":       {"{" + entry("0.weight", "F64", "[1,2]", 0, 16) + "," + entry("0.bias", "F64", "[2]", 16, 32) + "}", []string{"[1 2]", "[2]", "only dense layers"}},
		"weights of 1 dimension":  {"{" + entry("0.weight", "F64", "[2]", 0, 16) + "," + bias + "}", []string{"0.weight [2]", "[neurons inputs]"}},
		"biases of 2 dimensions":  {"{" + weight + "," + entry("0.bias", "F64", "[1,1]", 16, 24) + "}", []string{"0.bias [1 1]", "[neurons]"}},
		"weights of 3 dimensions": {with(`{"dtype":"F64","shape":[1,1,2],"data_offsets":[0,16]}`), []string{"0.weight [1 1 2]", "[neurons inputs]"}},
		"a single number":         {with(`{"dtype":"F64","shape":[],"data_offsets":[0,8]}`), []string{"0.weight []", "[neurons inputs]"}},
		"batch normalization":     {"{" + weight + "," + bias + "," + entry("bn1.running_mean", "F64", "[1]", 24, 32) + "}", []string{"bn1.running_mean [1]", "only dense layers can be loaded, NAME.weight"}},
		"another type":            {with(`{"dtype":"I32","shape":[1,2],"data_offsets":[0,8]}`), []string{`"0.weight"`, `"I32"`, "F64, F32, F16 or BF16: only dense layers"}},
		"a type in small letters": {with(`{"dtype":"f64","shape":[1,2],"data_offsets":[0,16]}`), []string{`"f64"`}},
		"type null":               {with(`{"dtype":null,"shape":[1,2],"data_offsets":[0,16]}`), []string{`"dtype": null`, "need a string"}},
		"type a number":           {with(`{"dtype":64,"shape":[1,2],"data_offsets":[0,16]}`), []string{`"dtype": 64`, "need a string"}},
		"no type":                 {with(`{"shape":[1,2],"data_offsets":[0,16]}`), []string{`dtype "none"`, "need F64"}},
		"no shape":                {with(`{"dtype":"F64","data_offsets":[0,16]}`), []string{`"0.weight"`, "shape []"}},
		"no offsets":              {with(`{"dtype":"F64","shape":[1,2]}`), []string{"data_offsets []"}},
		"key in capitals":         {with(`{"DTYPE":"F64","shape":[1,2],"data_offsets":[0,16]}`), []string{`"DTYPE"`, "unknown key"}},
		"unknown key":             {with(`{"dtype":"F64","shape":[1,2],"data_offsets":[0,16],"strides":[2,1]}`), []string{`"0.weight": "strides"`, "unknown key"}},
		"tensor null":             {with("null"), []string{`"0.weight": null`, "need an object"}},
		"tensor a list":           {with("[1]"), []string{`"0.weight": [1]`, "need an object"}},
		"dimension of 0":          {with(`{"dtype":"F64","shape":[1,0],"data_offsets":[0,0]}`), []string{`"0.weight"`, "[1 0]", "at least 1"}},
		"dimension negative":      {with(`{"dtype":"F64","shape":[-1,-2],"data_offsets":[0,16]}`), []string{`"shape"`, "-1"}},
		"dimension a fraction":    {with(`{"dtype":"F64","shape":[1,2.0],"data_offsets":[0,16]}`), []string{`"shape"`, "2.0"}},
		"dimension with exponent": {with(`{"dtype":"F64","shape":[1,2e0],"data_offsets":[0,16]}`), []string{`"shape"`, "2e0"}},
		"dimension null":          {with(`{"dtype":"F64","shape":[1,null],"data_offsets":[0,16]}`), []string{`"shape"`, "null"}},
		"dimension a string":      {with(`{"dtype":"F64","shape":[1,"2"],"data_offsets":[0,16]}`), []string{`"shape"`, `"2"`}},
		"dimension of 2⁶⁴":        {with(`{"dtype":"F64","shape":[1,18446744073709551616],"data_offsets":[0,16]}`), []string{`"shape"`, "18446744073709551616", "need a list of whole numbers from 0 that fit in an int"}},
		"shape a number":          {with(`{"dtype":"F64","shape":2,"data_offsets":[0,16]}`), []string{`"shape": 2`, "need a list of whole numbers"}},
		"product overflows":       {with(`{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}`), []string{"4294967296"}},
		"bytes overflow":          {with(`{"dtype":"F64","shape":[1073741824,2147483650],"data_offsets":[0,16]}`), []string{"2147483650"}},
		"offset null":             {with(`{"dtype":"F64","shape":[1,2],"data_offsets":[null,16]}`), []string{`"data_offsets"`, "null"}},
		"offset negative":         {with(`{"dtype":"F64","shape":[1,2],"data_offsets":[-16,0]}`), []string{`"data_offsets"`, "-16"}},
		"offsets three":           {with(`{"dtype":"F64","shape":[1,2],"data_offsets":[0,16,24]}`), []string{"[0 16 24]"}},
		"offsets one":             {with(`{"dtype":"F64","shape":[1,2],"data_offsets":[16]}`), []string{"[16]"}},
		"offsets reversed":        {with(`{"dtype":"F64","shape":[1,2],"data_offsets":[16,0]}`), []string{"[16 0]", "16 bytes apart"}},
		"offsets too near":        {with(`{"dtype":"F64","shape":[1,2],"data_offsets":[0,8]}`), []string{"[0 8]", "16 bytes apart", "F64", "[1 2]"}},
		"offsets of another type": {with(`{"dtype":"F32","shape":[1,2],"data_offsets":[0,16]}`), []string{"[0 16]", "8 bytes apart", "F32"}},
		"a hole in the data":      {"{" + weight + "," + entry("0.bias", "F64", "[1]", 17, 25) + "}", []string{"0.bias", "byte 17", "need 16"}},
		"overlap":                 {"{" + weight + "," + entry("0.bias", "F64", "[1]", 8, 16) + "}", []string{"0.bias", "byte 8", "need 16"}},
		"the same bytes":          {"{" + entry("0.weight", "F64", "[1,1]", 0, 8) + "," + entry("0.bias", "F64", "[1]", 0, 8) + "}", []string{"0.bias", "byte 0", "need 8"}},
		"begins late":             {"{" + entry("0.weight", "F64", "[1,1]", 8, 16) + "," + entry("0.bias", "F64", "[1]", 16, 24) + "}", []string{"0.weight", "byte 8", "need 0"}},
		"data ends early":         {"{" + weight + "," + entry("0.bias", "F64", "[1]", 16, 24) + "," + layer(2, 3, 1, 24) + "}", []string{"0 bytes of 2.weight [3 1]", "need 24", "unexpected EOF"}},
		"data goes on":            {"{" + entry("0.weight", "F64", "[1,1]", 0, 8) + "," + entry("0.bias", "F64", "[1]", 8, 16) + "}", []string{"goes on", "2 tensors"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(bytes.NewReader(container(c.header, data)), allSigmoid(c.header)...)
			if mustName(t, err, c.words...); err != nil && strings.Count(err.Error(), "nn: ") != 1 {
				t.Errorf("error %q, want one nn: in it", err)
			}
		})
	}
}

func TestLoadReportsTheHeadersLength(t *testing.T) {
	_, err := Load(bytes.NewReader([]byte{1, 2, 3}))
	mustName(t, err, "3 bytes", "need 8", "unexpected EOF")
	_, err = Load(bytes.NewReader(container("{", nil)[:8]))
	mustName(t, err, "0 bytes of the header", "need 1", "unexpected EOF")
	for _, claim := range []uint64{1_000_001, 100_000_001, 1 << 40, 1 << 63, math.MaxUint64} {
		_, err = Load(bytes.NewReader(binary.LittleEndian.AppendUint64(nil, claim)))
		mustName(t, err, "need the length of a header", "at most 1000000 bytes")
	}
	_, err = Load(bytes.NewReader(binary.LittleEndian.AppendUint64(nil, 1_000_000)))
	mustName(t, err, "0 bytes", "need 1000000")
}

func TestLoadRefusesWhatIsNotFinite(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		file := saved(t, New(random(1), 3, 2))
		binary.LittleEndian.PutUint64(file[len(file)-8*4:], math.Float64bits(bad)) // six weights, two biases
		_, err := Load(bytes.NewReader(file))
		mustName(t, err, "0.weight", "element 4", fmt.Sprint(bad))

		single := container("{"+entry("0.weight", "F32", "[1,2]", 0, 8)+","+entry("0.bias", "F32", "[1]", 8, 12)+"}", make([]byte, 8))
		single = binary.LittleEndian.AppendUint32(single, math.Float32bits(float32(bad)))
		_, err = Load(bytes.NewReader(single), Sigmoid)
		mustName(t, err, "0.bias", "element 0", fmt.Sprint(bad))
	}
}

func TestErrorsAreShortHoweverLongWhatIsWrong(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	list := strings.Repeat("7,", 50_000) + "7"
	for _, header := range []string{
		`{"` + long + `":1}`, `{"0.weight":"` + long + `"}`, `{"0.weight":{"` + long + `":1}}`,
		`{"0.weight":{"dtype":"` + long + `"}}`, `{"__metadata__":{"` + long + `":` + strings.Repeat("1", 50_000) + `}}`,
		`{"0.weight":{"dtype":"F64","shape":[` + list + `]}}`, `{"0.weight":{"dtype":"F64","shape":[1,2],"data_offsets":[` + list + `]}}`,
		`{"0.weight":{"shape":[` + strings.Repeat("1", 50_000) + `]}}`, `{"` + long + `":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}`,
		`{"__metadata__":{"activations":"` + long + `"},` + weight + "," + bias + "}",
		`{"__metadata__":{"activations":"` + strings.Repeat(",", 50_000) + `"},` + weight + "," + bias + "}",
	} {
		_, err := Load(bytes.NewReader(container(header, nil)))
		if mustName(t, err); err != nil && len(err.Error()) > 500 {
			t.Errorf("an error of %d bytes: %.200s", len(err.Error()), err)
		}
	}
}

func TestLoadAllocatesNoMoreThanTheFileJustifies(t *testing.T) {
	claims := func(header string) []byte { return container(header, nil) }
	const huge = math.MaxInt / 16
	for name, start := range map[string][]byte{
		"a header of 1 MB": binary.LittleEndian.AppendUint64(nil, 1_000_000),
		"terabytes of weights": claims("{" + entry("0.weight", "F64", fmt.Sprintf("[1,%d]", huge), 0, 8*huge) + "," +
			entry("0.bias", "F64", "[1]", 8*huge, 8*huge+8) + "}"),
		"terabytes of biases": claims("{" + entry("0.weight", "F32", fmt.Sprintf("[%d,1]", huge), 4*huge, 8*huge) + "," +
			entry("0.bias", "F32", fmt.Sprintf("[%d]", huge), 0, 4*huge) + "}"),
	} {
		for _, sent := range []int{0, 1000, 100_000, 1_000_000} {
			got := allocated(func() {
				if _, err := Load(io.MultiReader(bytes.NewReader(start), bytes.NewReader(make([]byte, sent))), allSigmoid(string(start))...); err == nil {
					t.Fatal("a file that ends early is accepted")
				}
			})
			// As for IDX files: 1 + ¼ + … of four times what was there.
			if most := uint64(1<<17 + 16*sent/3); got > most {
				t.Errorf("%s, %d bytes sent: %d allocated, want at most %d", name, sent, got, most)
			}
		}
	}
}

// The bounds are those in SECURITY.md.
func TestLoadOfAnyHeaderAllocatesInProportion(t *testing.T) {
	list := func(n int, format string) string {
		var text strings.Builder
		for i := range n {
			fmt.Fprintf(&text, format, i)
		}
		return text.String()
	}
	short := func(n int) string {
		var text strings.Builder
		for i := range n {
			fmt.Fprintf(&text, `"%s":"",`, strconv.FormatInt(int64(i), 36))
		}
		return text.String()
	}
	for name, header := range map[string]string{
		"nothing":         "",
		"one byte":        "{",
		"no tensor":       "{}",
		"a tensor":        "{" + weight + "}",
		"a long value":    `{"__metadata__":{"a":"` + strings.Repeat("x", 900_000) + `"}}`,
		"many escapes":    `{"__metadata__":{"a":"` + strings.Repeat(`\u00e9`, 150_000) + `"}}`,
		"many pairs":      `{"__metadata__":{"a":"` + strings.Repeat(`\ud83d\ude00`, 75_000) + `"}}`,
		"a long shape":    `{"0.weight":{"shape":[` + strings.Repeat("1,", 400_000) + `1]}}`,
		"a short shape":   `{"0.weight":{"shape":[` + strings.Repeat("1,", 4_000) + `1]}}`,
		"many keys":       `{"__metadata__":{` + list(75_000, `"%d":"",`) + `"a":""}}`,
		"some keys":       `{"__metadata__":{` + list(1_000, `"%d":"",`) + `"a":""}}`,
		"a full table":    `{"__metadata__":{` + short(7_400) + `"":""}}`, // the map of keys has just grown
		"a fuller table":  `{"__metadata__":{` + short(30_500) + `"":""}}`,
		"short keys":      `{"__metadata__":{` + short(60_000) + `"":""}}`,
		"many tensors":    `{` + list(6_000, `"%d.weight":{"dtype":"F64","shape":[1,1],"data_offsets":[0,8]},`) + weight + `}`,
		"nested lists":    `{"a":` + strings.Repeat("[", 9_990) + strings.Repeat("]", 9_990) + `}`,
		"nested metadata": `{"__metadata__":{"a":` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + `}}`,
		"nested tensor":   `{"a":{"shape":` + strings.Repeat("[", 4_990) + strings.Repeat("]", 4_990) + `}}`,
		"nested objects":  `{"a":` + strings.Repeat(`{"":`, 9_000) + "1" + strings.Repeat("}", 9_000) + `}`,
		"many functions":  `{"__metadata__":{"activations":"` + strings.Repeat(",", 900_000) + `"},` + weight + "," + bias + "}",
	} {
		file := container(header, nil)
		most := 64 * len(file)
		if strings.HasPrefix(name, "nested") {
			most = 2 << 20
		} else if most < 1<<20 {
			most += 128 << 10
		}
		got := allocated(func() { Load(bytes.NewReader(file)) })
		if t.Logf("%s: %d bytes for a file of %d", name, got, len(file)); got > uint64(most) {
			t.Errorf("%s: %d bytes allocated for a file of %d, want at most %d", name, got, len(file), most)
		}
	}
}

// mustLoadOrReport loads a damaged file: to an error, or to a network that
// works.
func mustLoadOrReport(t *testing.T, file []byte) (ok bool) {
	n, err := Load(bytes.NewReader(file))
	if err != nil {
		if !strings.HasPrefix(err.Error(), "nn: ") {
			t.Errorf("error %q", err)
		}
		return false
	}
	n.check()
	return true
}

func TestEveryTruncationIsAnError(t *testing.T) {
	file := saved(t, mixed(1, 4, 3, 2))
	for end := range file {
		if mustLoadOrReport(t, file[:end]) {
			t.Errorf("the first %d of %d bytes are accepted", end, len(file))
		}
	}
}

func TestEveryChangeOfAByteOfTheHeaderIsAnErrorOrANetwork(t *testing.T) {
	file := saved(t, mixed(1, 2, 1, 1))
	end := 8 + int(binary.LittleEndian.Uint64(file))
	networks, step := 0, 1
	if testing.Short() {
		step = 17
	}
	for i := range end {
		was := file[i]
		for b := 0; b < 256; b += step {
			if file[i] = byte(b); byte(b) != was && mustLoadOrReport(t, file) {
				networks++
			}
		}
		file[i] = was
	}
	t.Logf("of %d changes, %d give a network", end*255/step, networks)
}

// FuzzLoad takes a file in its parts, so that a changed header keeps its length;
// more is what the file claims it to be longer.
func FuzzLoad(f *testing.F) {
	add := func(file []byte) {
		end := 8 + binary.LittleEndian.Uint64(file)
		f.Add(file[8:end], 0, file[end:])
	}
	for seed := range uint64(3) {
		add(saved(f, mixed(seed, 2, 3, 1)))
	}
	for _, name := range []string{"torch_f32", "numpy_f64", "named_f64", "torch_f16", "torch_bf16"} {
		file, err := os.ReadFile("testdata/" + name + ".safetensors")
		if err != nil {
			f.Fatal(err)
		}
		add(file)
	}
	add(container("{}", nil))
	add(container("{"+weight+","+bias+","+bias+"}", make([]byte, 24)))
	add(container("{"+entry("0.weight", "F64", "[1,1099511627776]", 0, 1<<31-1)+"}", nil))
	f.Add([]byte("{"), 100_000_000, []byte{})
	f.Fuzz(func(t *testing.T, header []byte, more int, data []byte) {
		file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)+more))
		file = append(append(file, header...), data...)
		var n *Network
		var err error
		named := allSigmoid(string(header))
		if got, most := allocated(func() { n, err = Load(bytes.NewReader(file), named...) }), uint64(1<<18+64*len(file)); got > most {
			t.Errorf("%d bytes allocated for a file of %d, want at most %d", got, len(file), most)
		}
		if err != nil {
			mustName(t, err)
			return
		}
		mustBeSameNetwork(t, loaded(t, saved(t, n)), n)
	})
}

func BenchmarkSave(b *testing.B) {
	n := New(random(1), 784, 16, 16, 10)
	b.SetBytes(int64(len(saved(b, n))))
	b.ReportAllocs()
	for b.Loop() {
		if err := n.Save(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	file := saved(b, New(random(1), 784, 16, 16, 10))
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
	}
}
