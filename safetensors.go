package nn

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// Save writes the network as a safetensors file
// (https://github.com/huggingface/safetensors, section Format). The tensors have
// the names that PyTorch gives them in nn.Sequential(Linear, Sigmoid, Linear, …):
//
//	net = Sequential(Linear(784, 16), Sigmoid(), Linear(16, 16), Sigmoid(), Linear(16, 10), Sigmoid())
//	net.load_state_dict(safetensors.torch.load_file("digits.safetensors"))
//
// A first layer of n inputs and c neurons is "0.weight" of shape [c, n], the
// transpose of Weights, and "0.bias" of shape [c]. The next layer is "2.weight"
// and "2.bias", because PyTorch counts the functions too. The metadata name the
// functions: "activations": "sigmoid,sigmoid,sigmoid". The numbers are float64.
// [Load] returns the same bits, and the same network always gives the same file.
//
// To continue training later, save the state of the random source too, for a
// rand.PCG with MarshalBinary. Training then gives the same bits as without the
// break, unless it has momentum: the velocity is not saved and starts at zero.
//
// Save returns an error and writes nothing if a parameter is NaN or infinite. It
// wraps an error of w. It panics if the layers do not fit.
func (n *Network) Save(w io.Writer) error {
	if err := n.encode(w); err != nil {
		return fmt.Errorf("nn: network not saved: %w", err)
	}
	return nil
}

// SaveFile saves the network to a file, as [Network.Save] does. It writes under a
// temporary name in the same folder and renames the file once it is complete, so
// the old file stays whole until the new one replaces it. A program that is
// killed may leave a file whose name ends in .tmp. The new file has the
// permissions of the old one, or 0644. A symbolic link is replaced, not followed.
// SaveFile returns an error if name is a folder, a device or a socket.
func (n *Network) SaveFile(name string) error {
	if err := writeFile(name, n.encode); err != nil {
		return fmt.Errorf("nn: network not saved to %q: %w", name, err)
	}
	return nil
}

// encode writes the length of the header, the header, and the numbers.
func (n *Network) encode(w io.Writer) error {
	n.check()
	var activations []string
	var tensors, data []byte
	for i, l := range n.Layers {
		activations = append(activations, l.Activation.String())
		weights := transposed(l.Weights.Data, l.Weights.Rows, l.Weights.Cols)
		for _, t := range []tensor{
			{name: fmt.Sprintf("%d.weight", 2*i), shape: []int{l.Weights.Cols, l.Weights.Rows}, params: &weights},
			{name: fmt.Sprintf("%d.bias", 2*i), shape: []int{l.Weights.Cols}, params: &l.Biases},
		} {
			if err := t.checkFinite(*t.params); err != nil {
				return err
			}
			begin := len(data)
			data, _ = binary.Append(data, binary.LittleEndian, *t.params)
			shape := strings.ReplaceAll(fmt.Sprint(t.shape), " ", ",")
			tensors = fmt.Appendf(tensors, `,"%s":{"dtype":"F64","shape":%s,"data_offsets":[%d,%d]}`, t.name, shape, begin, len(data))
		}
	}
	header := fmt.Sprintf(`{"__metadata__":{"format":"pt","activations":"%s"}%s}`, strings.Join(activations, ","), tensors)
	header += strings.Repeat(" ", -len(header)&7) // the numbers start at a multiple of 8, for programs that map the file
	if len(header) > maxHeader {
		return fmt.Errorf("%d layers need a header of %d bytes, at most %d are allowed", len(n.Layers), len(header), maxHeader)
	}
	_, err := w.Write(slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), []byte(header), data))
	return err
}

const maxHeader = 100_000_000 // bytes, by the specification

// transposed returns the transpose of m (rows×cols).
func transposed(m []float64, rows, cols int) []float64 {
	t := make([]float64, len(m))
	for k, v := range m {
		t[k%cols*rows+k/cols] = v
	}
	return t
}

// A tensor is a named array in the file.
type tensor struct {
	name       string
	shape      []int
	dtype      string     // the type of its numbers
	begin, end int        // its bytes, counted from the end of the header
	params     *[]float64 // the weights or biases of a layer
}

func (t *tensor) String() string { return fmt.Sprintf("%.40s %.40s", t.name, fmt.Sprint(t.shape)) }

func (t *tensor) checkFinite(values []float64) error {
	if i := slices.IndexFunc(values, func(v float64) bool { return !finite(v) }); i >= 0 {
		return fmt.Errorf("element %d of %v is %v, need a finite number", i, t, values[i])
	}
	return nil
}

// Load reads a safetensors file to the end of r: one that [Network.Save] wrote, or
// the parameters of dense layers that PyTorch wrote, in float64, float32, float16
// or bfloat16. If the metadata name no functions, all are [Sigmoid].
//
// A layer is a tensor NAME.weight of shape [neurons, inputs] and a tensor NAME.bias
// of shape [neurons]. NAME may be 0, model.0, fc1 or any other. Names in alphabetical
// order, with numbers by their value (fc2, fc10, out), give the order of the layers.
// Two layers in a row that both have n inputs and n neurons need names that first
// differ in a number, because their shapes do not show a wrong order.
//
// Load returns an error if the file breaks a rule of the format, ends early or
// goes on after its data; if the tensors are not such layers (the error has a line
// of Python that renames them); if one takes more than 10,000 bytes to describe; or
// if a number is NaN or infinite. Whatever the header claims, Load allocates memory
// only as the data arrives.
func Load(r io.Reader) (*Network, error) {
	n, err := load(r)
	if err != nil {
		return nil, fmt.Errorf("nn: safetensors: %w", err)
	}
	return n, nil
}

// LoadFile loads a network from a file, as [Load] does.
func LoadFile(name string) (*Network, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	defer f.Close()
	n, err := load(f)
	if err != nil {
		return nil, fmt.Errorf("nn: safetensors: %s: %w", name, err)
	}
	return n, nil
}

func load(r io.Reader) (*Network, error) {
	start, err := readBytes(r, nil, 8)
	if err != nil {
		return nil, fmt.Errorf("%d bytes of the header's length, need 8: %w", len(start), err)
	}
	length := binary.LittleEndian.Uint64(start)
	if length > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, at most %d are allowed", length, maxHeader)
	}
	header, err := readBytes(r, nil, int(length))
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
	return n, readTensors(r, tensors)
}

// parseHeader returns the tensors in the order of their data, and the activations.
func parseHeader(header []byte) (tensors []*tensor, activations []string, err error) {
	if !bytes.HasPrefix(header, []byte("{")) || !utf8.Valid(header) {
		return nil, nil, fmt.Errorf("it begins with %q, need { and valid UTF-8 to its end", header[:min(len(header), 8)])
	}
	if err := json.Unmarshal(header, new(json.RawMessage)); err != nil {
		return nil, nil, err
	}
	err = eachMember(header, func(name string, value []byte) error {
		if name != "__metadata__" {
			t := &tensor{name: name}
			tensors = append(tensors, t)
			return t.parse(value)
		}
		return eachMember(value, func(key string, value []byte) error {
			var text string
			if err := json.Unmarshal(value, &text); err != nil || value[0] != '"' {
				return fmt.Errorf("%.40s, need a string", value)
			}
			if key == "activations" {
				activations = strings.Split(text, ",")
			}
			return nil
		})
	})
	slices.SortStableFunc(tensors, func(a, b *tensor) int { return a.begin - b.begin })
	return tensors, activations, err
}

// eachMember calls visit for each member of an object in valid JSON. The format
// allows no key twice and no DTYPE for dtype; encoding/json allows both.
func eachMember(text []byte, visit func(key string, value []byte) error) error {
	if text[0] != '{' {
		return fmt.Errorf("%.40s, need an object", text)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.Token() // the brace
	seen := map[string]bool{}
	for d.More() {
		token, _ := d.Token()
		key := token.(string)
		var value json.RawMessage
		d.Decode(&value)
		if seen[key] {
			return fmt.Errorf("%.40q appears a second time", key)
		}
		seen[key] = true
		if err := visit(key, value); err != nil {
			return fmt.Errorf("%.40q: %w", key, err)
		}
	}
	return nil
}

// widths are the bytes of a number of each type.
var widths = map[string]int{"F64": 8, "F32": 4, "F16": 2, "BF16": 2}

func (t *tensor) parse(text []byte) error {
	if len(text) > 10_000 { // fewer than 200 are usual
		return fmt.Errorf("description of %d bytes, need at most 10000", len(text))
	}
	var offsets []int
	fields := map[string]any{"dtype": &t.dtype, "shape": &t.shape, "data_offsets": &offsets}
	err := eachMember(text, func(key string, value []byte) error {
		if fields[key] == nil {
			return errors.New("unknown key, need dtype, shape and data_offsets")
		}
		if key != "dtype" && len(bytes.Trim(value, "[0123456789, \t\r\n]")) > 0 { // encoding/json takes null for 0
			return fmt.Errorf("%.40s, need a list of whole numbers", value)
		}
		return json.Unmarshal(value, fields[key])
	})
	if err != nil {
		return err
	}
	if widths[t.dtype] == 0 {
		return fmt.Errorf("dtype %.40q, need F64, F32, F16 or BF16", t.dtype)
	}
	size := float64(widths[t.dtype]) // does not overflow, and is exact for what memory can hold
	for _, dim := range t.shape {
		size *= float64(dim)
	}
	if size == 0 || len(offsets) != 2 || float64(offsets[1]-offsets[0]) != size {
		return fmt.Errorf("%s of shape %.80s and data_offsets %.80s, need dimensions of at least 1, and a begin and an end %.0f bytes apart", t.dtype, fmt.Sprint(t.shape), fmt.Sprint(offsets), size)
	}
	t.begin, t.end = offsets[0], offsets[1]
	return nil
}

// compareNames compares names with numbers by their value: fc2 comes before fc10.
// It reports whether the names first differ in a number.
func compareNames(a, b string) (order int, numbered bool) {
	digits := func(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }
	for a != "" && b != "" && a[0] == b[0] {
		numbered = '0' <= a[0] && a[0] <= '9'
		a, b = a[1:], b[1:]
	}
	if i, j := digits(a), digits(b); i > 0 && j > 0 || numbered && i+j > 0 {
		return cmp.Or(i-j, strings.Compare(a, b)), true
	}
	return strings.Compare(a, b), false
}

// assemble makes the layers of the tensors, without their numbers.
func assemble(tensors []*tensor, activations []string) (*Network, error) {
	misnamed := func(wrong, mend string, names ...any) error { // mend is a statement in Python
		return fmt.Errorf("%s among the %d tensors %.200s, need NAME.weight [neurons inputs] and NAME.bias [neurons] for each layer, in alphabetical order: "+
			`python3 -c 'from safetensors.torch import *; t = load_file("OLD"); %s; save_file(t, "NEW")'`,
			wrong, len(tensors), fmt.Sprint(tensors), fmt.Sprintf(mend, names...))
	}
	const renumber = `t["NUMBER.weight"], t["NUMBER.bias"] = t.pop(%.40q), t.pop(%.40q)`
	named, names := map[string]*tensor{}, map[string]bool{}
	for _, t := range tensors {
		name := strings.TrimSuffix(strings.TrimSuffix(t.name, "weight"), "bias")
		if name == t.name {
			return nil, misnamed(fmt.Sprintf("%v is neither weights nor biases", t), `t["NAME.weight"] = t.pop(%.40q)`, t.name)
		}
		named[t.name], names[name] = t, true
	}
	if len(names) == 0 {
		return nil, misnamed("no 0.weight and no 0.bias", `t["0.weight"] = t.pop("OTHER")`)
	}
	n, before := new(Network), ""
	for i, name := range slices.SortedFunc(maps.Keys(names), func(a, b string) int { order, _ := compareNames(a, b); return order }) {
		w, b := named[name+"weight"], named[name+"bias"]
		_, numbered := compareNames(before, name)
		switch {
		case w == nil:
			return nil, misnamed(fmt.Sprintf("no %.40sweight", name), `t[%.40q] = t.pop("OTHER")`, name+"weight")
		case b == nil:
			return nil, misnamed(fmt.Sprintf("no %.40sbias", name), "t[%.40q] = 0 * t[%.40q][:, 0]", name+"bias", w.name)
		case len(w.shape) != 2 || len(b.shape) != 1 || w.shape[0] != b.shape[0]:
			return nil, fmt.Errorf("%v and %v, need shapes [neurons inputs] and [neurons]", w, b)
		case i > 0 && w.shape[1] != n.last().Weights.Cols:
			return nil, misnamed(fmt.Sprintf("%v after %.40sweight, need %d inputs,", w, before, n.last().Weights.Cols), renumber, w.name, b.name)
		case i > 0 && !numbered && slices.Equal(w.shape, named[before+"weight"].shape):
			return nil, misnamed(fmt.Sprintf("%v may be before or after %.40sweight, need numbers in the names,", w, before), renumber, w.name, b.name)
		}
		before = name
		l := &Layer{Weights: &Matrix{Rows: w.shape[1], Cols: w.shape[0]}}
		w.params, b.params = &l.Weights.Data, &l.Biases
		n.Layers = append(n.Layers, l)
	}
	if activations != nil && len(activations) != len(n.Layers) {
		return nil, fmt.Errorf("%d activations %.80s for %d layers", len(activations), strings.Join(activations, ","), len(n.Layers))
	}
	for i, name := range activations {
		f := slices.Index(activationNames[:], name)
		if f < 0 {
			return nil, fmt.Errorf("activation %.40q of layer %d, need one of %v", name, i, activationNames)
		}
		if Activation(f) == Softmax && i < len(n.Layers)-1 {
			return nil, fmt.Errorf("activation softmax of layer %d, need it in the last of %d layers", i, len(n.Layers))
		}
		n.Layers[i].Activation = Activation(f)
	}
	return n, nil
}

// readTensors reads the numbers into the layers, and then the end of the file.
func readTensors(r io.Reader, tensors []*tensor) error {
	end := 0
	for _, t := range tensors {
		if t.begin != end {
			return fmt.Errorf("%v begins at byte %d of the data, need %d, where the previous one ends", t, t.begin, end)
		}
		end = t.end
		data, err := readBytes(r, nil, t.end-t.begin)
		if err != nil {
			return fmt.Errorf("%d bytes of %v, need %d: %w", len(data), t, t.end-t.begin, err)
		}
		values := make([]float64, len(data)/widths[t.dtype])
		for i := range values {
			values[i] = number(t.dtype, data[widths[t.dtype]*i:])
		}
		if err := t.checkFinite(values); err != nil {
			return err
		}
		*t.params = transposed(values, t.shape[0], len(values)/t.shape[0]) // biases are a column, and stay as they are
	}
	if n, err := io.ReadFull(r, make([]byte, 1)); n > 0 {
		return fmt.Errorf("the file goes on after its %d tensors", len(tensors))
	} else if err != io.EOF {
		return fmt.Errorf("after the tensors: %w", err)
	}
	return nil
}

// number returns the first number in data.
func number(dtype string, data []byte) float64 {
	switch dtype {
	case "F64":
		return math.Float64frombits(binary.LittleEndian.Uint64(data))
	case "F32":
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(data)))
	case "BF16": // the first half of a float32
		return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(data)) << 16))
	}
	half := uint32(binary.LittleEndian.Uint16(data)) // a sign, 5 bits of exponent with bias 15, 10 of fraction
	if half&0x7c00 == 0x7c00 {
		return math.NaN() // or infinite
	}
	return math.Ldexp(float64(math.Float32frombits(half&0x8000<<16|half&0x7fff<<13)), 127-15)
}
