package nn

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Save writes the network as a safetensors file, with the names that PyTorch
// gives the parameters of nn.Sequential(Linear, Sigmoid, Linear, Sigmoid, …):
//
//	net = Sequential(Linear(784, 16), Sigmoid(), Linear(16, 16), Sigmoid(), Linear(16, 10), Sigmoid())
//	net.load_state_dict(safetensors.torch.load_file("digits.safetensors"))
//
// The first layer, of n inputs and c neurons, is "0.weight" of shape [c, n],
// the transpose of Weights, and "0.bias" of shape [c]. The next is "2.weight"
// and "2.bias", since PyTorch counts the functions too. The metadata name
// them: "activations": "sigmoid,sigmoid,sigmoid". The numbers are float64, so
// that [Load] gives back the same bits, and the same network is always the
// same bytes (https://github.com/huggingface/safetensors, section Format).
//
// To go on with a training later, save the state of its random source too, which
// for a rand.PCG is MarshalBinary: a loaded network and the restored source then
// give the same bits as a training without the break. The velocity of a training
// with momentum is not saved, and begins anew.
//
// Save writes nothing and returns an error if a parameter is NaN or infinite;
// an error of w is wrapped. It panics if the layers do not fit.
func (n *Network) Save(w io.Writer) error {
	file, err := n.encode()
	if err == nil {
		_, err = w.Write(file)
	}
	if err != nil {
		return fmt.Errorf("nn: network not saved: %w", err)
	}
	return nil
}

// SaveFile is [Network.Save] to a file. It is written under a temporary name
// in the same folder and renamed when it is whole: whoever opens it finds the
// old network or the new one, and the old one stays if anything fails. A program
// that is killed may leave the temporary file, whose name ends in .tmp. The
// permissions stay too; a new file is for its owner to write and all to read. A
// symbolic link is replaced, not followed; what is no file, a folder or a device,
// is left alone and an error.
func (n *Network) SaveFile(name string) error {
	if err := n.saveFile(name); err != nil {
		return fmt.Errorf("nn: network not saved to %q: %w", name, err)
	}
	return nil
}

func (n *Network) saveFile(name string) error {
	file, err := n.encode()
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if old, err := os.Lstat(name); err == nil && old.Mode().IsRegular() {
		mode = old.Mode().Perm()
	} else if err == nil && old.Mode()&fs.ModeSymlink == 0 { // a folder, a device
		return errors.New("it exists and is not a file")
	}
	temp, err := os.CreateTemp(filepath.Dir(name), "nn.*.tmp") // not name.*.tmp, which might be too long for a name
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // after the renaming there is nothing left to remove
	defer temp.Close()
	if _, err := temp.Write(file); err != nil {
		return err
	}
	// Without Sync, a loss of power may leave the new name without the data.
	if err := errors.Join(temp.Chmod(mode), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), name)
}

// encode returns the file: the length of the header, the header, the numbers.
func (n *Network) encode() ([]byte, error) {
	n.check()
	data := make([]byte, 0, 8*n.Parameters())
	var activations []string
	var tensors []byte
	for i, l := range n.Layers {
		activations = append(activations, l.Activation.String())
		inputs, neurons := l.Weights.Rows, l.Weights.Cols
		for _, t := range []tensor{
			{name: weightName(i), shape: []int{neurons, inputs}, values: transposed(l.Weights.Data, inputs, neurons)},
			{name: biasName(i), shape: []int{neurons}, values: l.Biases},
		} {
			if err := t.checkValues(); err != nil {
				return nil, err
			}
			begin := len(data)
			for _, v := range t.values {
				data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
			}
			shape := strings.ReplaceAll(fmt.Sprint(t.shape), " ", ",")
			tensors = fmt.Appendf(tensors, `,"%s":{"dtype":"F64","shape":%s,"data_offsets":[%d,%d]}`, t.name, shape, begin, len(data))
		}
	}
	header := fmt.Sprintf(`{"__metadata__":{"format":"pt","activations":"%s"}%s}`, strings.Join(activations, ","), tensors)
	header += strings.Repeat(" ", -len(header)&7) // float64s lie at multiples of 8, for who maps the file into memory
	if len(header) > maxHeader {
		return nil, fmt.Errorf("%d layers need a header of %d bytes, at most %d are allowed", len(n.Layers), len(header), maxHeader)
	}
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return slices.Concat(file, []byte(header), data), nil
}

const (
	maxHeader = 100_000_000 // bytes, by the specification
	maxEntry  = 10_000      // bytes, for a tensor of one or two dimensions, which needs less than 200
)

func weightName(layer int) string { return strconv.Itoa(2*layer) + ".weight" }
func biasName(layer int) string   { return strconv.Itoa(2*layer) + ".bias" }

func transposed(m []float64, rows, cols int) []float64 {
	t := make([]float64, len(m))
	for i := range rows {
		for j, v := range m[i*cols : (i+1)*cols] {
			t[j*rows+i] = v
		}
	}
	return t
}

// Load reads a network from a safetensors file, to the end of r: one that
// [Network.Save] wrote, or the parameters of PyTorch's nn.Sequential(Linear,
// Sigmoid, Linear, Sigmoid, …) as float64 or float32. The layers' functions
// are those that the metadata name, in the way of Save, or else all [Sigmoid].
//
// Load returns an error if the file breaks a rule of the format, ends early,
// or goes on after its data; if the tensors are not 0.weight, 0.bias, 2.weight,
// 2.bias and so on, of shapes that fit; if one is described in more than 10,000
// bytes; or if a number is NaN or infinite.
// Whatever the header claims, Load asks for memory as the data arrives.
func Load(r io.Reader) (*Network, error) {
	n, err := load(r)
	if err != nil {
		return nil, fmt.Errorf("nn: safetensors: %w", err)
	}
	return n, nil
}

func load(r io.Reader) (*Network, error) {
	var start [8]byte
	if got, err := io.ReadFull(r, start[:]); err != nil {
		return nil, fmt.Errorf("%d bytes of the header's length, need 8: %w", got, unexpected(err))
	}
	length := binary.LittleEndian.Uint64(start[:])
	if length > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, at most %d are allowed", length, maxHeader)
	}
	header, err := readBytes(r, int(length))
	if err != nil {
		return nil, fmt.Errorf("%d bytes of the header, need %d: %w", len(header), length, err)
	}
	tensors, activations, err := parseHeader(header)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	n, err := assemble(tensors, activations)
	if err != nil {
		return nil, err
	}
	for _, t := range tensors {
		if err := t.read(r); err != nil {
			return nil, err
		}
		if len(t.shape) == 2 {
			t.layer.Weights.Data = transposed(t.values, t.shape[0], t.shape[1])
		} else {
			t.layer.Biases = t.values
		}
	}
	if _, err := io.ReadFull(r, start[:1]); err == nil {
		return nil, fmt.Errorf("the file goes on after its %d tensors", len(tensors))
	} else if err != io.EOF {
		return nil, fmt.Errorf("after the tensors: %w", err)
	}
	return n, nil
}

// assemble makes the layers that the tensors belong to, still without numbers.
func assemble(tensors []*tensor, activations *string) (*Network, error) {
	named := map[string]*tensor{}
	for _, t := range tensors {
		named[t.name] = t
	}
	n := new(Network)
	for i := 0; i == 0 || 2*i < len(tensors); i++ {
		w, b := named[weightName(i)], named[biasName(i)]
		if w == nil || b == nil {
			return nil, fmt.Errorf("no %s or no %s among the %d tensors %.200s, need 0.weight, 0.bias, 2.weight, 2.bias and so on", weightName(i), biasName(i), len(tensors), fmt.Sprint(tensors))
		}
		if len(w.shape) != 2 || len(b.shape) != 1 || w.shape[0] != b.shape[0] {
			return nil, fmt.Errorf("%v and %v, need shapes [neurons inputs] and [neurons]", w, b)
		}
		if i > 0 && w.shape[1] != n.last().Weights.Cols {
			return nil, fmt.Errorf("%v, need %d inputs: the neurons of the layer before", w, n.last().Weights.Cols)
		}
		l := &Layer{Weights: &Matrix{Rows: w.shape[1], Cols: w.shape[0]}}
		w.layer, b.layer = l, l
		n.Layers = append(n.Layers, l)
	}
	if activations == nil {
		return n, nil
	}
	if count := strings.Count(*activations, ",") + 1; count != len(n.Layers) {
		return nil, fmt.Errorf("%d activations %.80q for %d layers", count, *activations, len(n.Layers))
	}
	for i, name := range strings.Split(*activations, ",") {
		f := slices.Index(activationNames[:], name)
		if f < 0 {
			return nil, fmt.Errorf("activation %.40q of layer %d, need one of %v", name, i, activationNames)
		}
		n.Layers[i].Activation = Activation(f)
	}
	return n, nil
}

// A tensor is an entry of the header, and then its numbers.
type tensor struct {
	name       string
	layer      *Layer // that it belongs to
	width      int    // bytes of a number
	shape      []int
	begin, end int // its bytes, counted from the end of the header
	values     []float64
}

func (t *tensor) String() string { return fmt.Sprintf("%.40s %v", t.name, t.shape) }

func (t *tensor) read(r io.Reader) error {
	data, err := readBytes(r, t.end-t.begin)
	if err != nil {
		return fmt.Errorf("%d bytes of %v, need %d: %w", len(data), t, t.end-t.begin, err)
	}
	t.values = make([]float64, len(data)/t.width)
	for i := range t.values {
		if t.width == 8 {
			t.values[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
		} else {
			t.values[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
		}
	}
	return t.checkValues()
}

func (t *tensor) checkValues() error {
	for i, v := range t.values {
		if !finite(v) {
			return fmt.Errorf("element %d of %v is %v, need a finite number", i, t, v)
		}
	}
	return nil
}

// parseHeader returns the tensors in the order of their data, and the metadata's
// names of the functions, nil if there are none.
func parseHeader(header []byte) (tensors []*tensor, activations *string, err error) {
	if !bytes.HasPrefix(header, []byte("{")) || !utf8.Valid(header) {
		return nil, nil, fmt.Errorf("it begins with %q, need { and valid UTF-8 to its end", header[:min(len(header), 8)])
	}
	var text json.RawMessage
	if err := json.Unmarshal(header, &text); err != nil {
		return nil, nil, err
	}
	err = eachMember(text, func(name string, value []byte) error {
		if name == "__metadata__" {
			return eachMember(value, func(key string, value []byte) error {
				if value[0] != '"' {
					return fmt.Errorf("%.40s, need a string", value)
				}
				if key == "activations" {
					return json.Unmarshal(value, &activations)
				}
				return nil
			})
		}
		t := &tensor{name: name}
		tensors = append(tensors, t)
		return t.parse(value)
	})
	if err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(tensors, func(a, b *tensor) int { return cmp.Compare(a.begin, b.begin) })
	end := 0
	for _, t := range tensors {
		if t.begin != end {
			return nil, nil, fmt.Errorf("%v begins at byte %d of the data, need %d, the end of the one before", t, t.begin, end)
		}
		end = t.end
	}
	return tensors, activations, nil
}

func (t *tensor) parse(text []byte) error {
	if len(text) > maxEntry {
		return fmt.Errorf("described in %d bytes, need at most %d", len(text), maxEntry)
	}
	var dtype string
	var shape, offsets []natural
	err := eachMember(text, func(key string, value []byte) error {
		switch key {
		case "dtype":
			return json.Unmarshal(value, &dtype)
		case "shape":
			return json.Unmarshal(value, &shape)
		case "data_offsets":
			return json.Unmarshal(value, &offsets)
		}
		return errors.New("unknown key, need dtype, shape and data_offsets")
	})
	if err != nil {
		return err
	}
	if t.width = map[string]int{"F64": 8, "F32": 4}[dtype]; t.width == 0 {
		return fmt.Errorf("dtype %.40q, need F64 or F32", dtype)
	}
	if len(shape) != 1 && len(shape) != 2 {
		return fmt.Errorf("shape of %d dimensions, need 2 for weights and 1 for biases", len(shape))
	}
	count := 1
	for _, dim := range shape {
		if dim < 1 || count > math.MaxInt/8/int(dim) {
			return fmt.Errorf("shape %v, need dimensions of at least 1 and at most %d numbers", shape, math.MaxInt/8)
		}
		count *= int(dim)
		t.shape = append(t.shape, int(dim))
	}
	if len(offsets) != 2 || int(offsets[1])-int(offsets[0]) != count*t.width {
		return fmt.Errorf("data_offsets %.80s, need a begin and an end %d bytes apart for %s of shape %v", fmt.Sprint(offsets), count*t.width, dtype, shape)
	}
	t.begin, t.end = int(offsets[0]), int(offsets[1])
	return nil
}

// A natural is a number as the format writes them: digits and nothing else,
// where encoding/json would also take null for 0.
type natural int

func (n *natural) UnmarshalJSON(text []byte) error {
	i, err := strconv.ParseUint(string(text), 10, strconv.IntSize-1)
	if err != nil {
		return fmt.Errorf("%.40s, need a whole number from 0 to %d", text, math.MaxInt)
	}
	*n = natural(i)
	return nil
}

// eachMember visits the members of an object of valid JSON. Into a struct or a
// map, encoding/json would take the last of several equal keys, and DTYPE for
// dtype, where the format knows neither.
func eachMember(text []byte, visit func(key string, value []byte) error) error {
	if text[0] != '{' {
		return fmt.Errorf("%.40s, need an object", text)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.Token() // the brace
	seen := map[string]bool{}
	var value json.RawMessage
	for d.More() {
		token, err := d.Token()
		key, _ := token.(string)
		if err == nil {
			err = d.Decode(&value)
		}
		if seen[key] {
			err = errors.New("a second time")
		}
		if err == nil {
			err = visit(key, value)
		}
		if err != nil {
			return fmt.Errorf("%.40q: %w", key, err)
		}
		seen[key] = true
	}
	return nil
}
