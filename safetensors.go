package nn

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Save writes the network as a safetensors file, whose format
// https://github.com/huggingface/safetensors describes. The tensors have the names
// that PyTorch gives them in Sequential(Linear, Sigmoid, Linear, …): a first layer
// of n inputs and c neurons is "0.weight" of shape [c, n], the transpose of Weights,
// and "0.bias" of shape [c]. The next is "2.weight" and "2.bias", because PyTorch
// counts the functions too, which the metadata name: "activations": "sigmoid,sigmoid".
// The numbers are float64. [Load] returns the same bits, and the same network
// always gives the same file.
//
// To continue training with the same bits, save the state of the random source
// too, for a rand.PCG with MarshalBinary. The velocity of momentum is not saved.
//
// Save returns an error and writes nothing if a parameter is NaN or infinite. It
// wraps an error of w. It panics if the layers do not fit.
func (n *Network) Save(w io.Writer) error {
	if err := n.encode(w); err != nil {
		return fmt.Errorf("nn: network not saved: %w", err)
	}
	return nil
}

// SaveFile saves the network to a file, as [Network.Save] does. The old file stays
// whole until the new one, written beside it under a name that ends in .tmp, replaces
// it, with the same permissions, else 0644. A symbolic link is replaced. A folder, a
// device or a socket is not: SaveFile returns an error.
func (n *Network) SaveFile(name string) error {
	if err := writeFile(name, n.encode); err != nil {
		return fmt.Errorf("nn: network not saved to %q: %w", name, cmp.Or(errors.Unwrap(err), err)) // without the temporary name
	}
	return nil
}

// encode writes the length of the header, the header, and the numbers.
func (n *Network) encode(w io.Writer) error {
	n.check()
	var activations []Activation
	var tensors, data []byte
	for i, l := range n.Layers {
		activations = append(activations, l.Activation)
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
			tensors = fmt.Appendf(tensors, `,"%s":{"dtype":"F64","shape":[%s],"data_offsets":[%d,%d]}`, t.name, joined(t.shape), begin, len(data))
		}
	}
	header := fmt.Sprintf(`{"__metadata__":{"format":"pt","activations":"%s"}%s}`, joined(activations), tensors)
	header += strings.Repeat(" ", -len(header)&7) // the numbers start at a multiple of 8, for programs that map the file
	if len(header) > maxHeader {
		return fmt.Errorf("%d layers need a header of %d bytes, at most %d are allowed", len(n.Layers), len(header), maxHeader)
	}
	_, err := w.Write(slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), []byte(header), data))
	return err
}

const maxHeader = 1_000_000 // bytes, enough for 6,000 layers

func joined[T any](list []T) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(list), "[]"), " ", ",")
}

// transposed returns the transpose of m (rows×cols).
func transposed(m []float64, rows, cols int) []float64 {
	t := make([]float64, len(m))
	for k, v := range m {
		t[k%cols*rows+k/cols] = v
	}
	return t
}

type tensor struct { // a named array in the file
	name, layer string // layer is the name without weight or bias
	dtype       string // the type of its numbers
	shape       []int
	offsets     []int      // where its bytes begin and end, counted from the end of the header
	params      *[]float64 // the weights or biases of a layer
}

func (t *tensor) String() string { return fmt.Sprintf("%.40s %.40s", t.name, fmt.Sprint(t.shape)) }

func (t *tensor) checkFinite(values []float64) error {
	if i := slices.IndexFunc(values, func(v float64) bool { return !finite(v) }); i >= 0 {
		return fmt.Errorf("element %d of %v is %v, need a finite number", i, t, values[i])
	}
	return nil
}

// Load reads a safetensors file to the end of r: one that [Network.Save] wrote, or
// dense layers that PyTorch wrote, in float64, float32, float16 or bfloat16. PyTorch
// does not write the activations. Pass one for each layer, or let Python write them:
//
//	net, err := nn.Load(r, nn.ReLU, nn.Linear)
//	save_file(net.state_dict(), "digits.safetensors", metadata={"activations": "relu,linear"})
//
// A layer is a tensor NAME.weight of shape [neurons, inputs] and a tensor NAME.bias
// of shape [neurons], where NAME is 0, model.0, fc1 or any other. The layers have the
// order of the names, with numbers by their value: fc2, fc10, out. Names must first
// differ in a number if other orders fit too: those of two layers in a row of n inputs
// and n neurons, and all names if the network has as many outputs as inputs.
//
// Load returns an error if the file breaks a rule of the format, ends early or goes on
// after its data; if the tensors are not such layers (the error has a line of Python
// that renames them); if activations are missing, or differ from those that the file
// names; if the header takes more than 1,000,000 bytes, or 10,000 for one tensor; or if
// a number is NaN or infinite. It allocates memory only as the data arrives.
func Load(r io.Reader, activations ...Activation) (*Network, error) { return load(r, "", activations) }

// LoadFile loads a network from a file, as [Load] does.
func LoadFile(name string, activations ...Activation) (*Network, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	defer f.Close()
	return load(f, name+": ", activations)
}

func load(r io.Reader, where string, activations []Activation) (n *Network, err error) {
	defer func() {
		if err != nil {
			n, err = nil, fmt.Errorf("nn: safetensors: %s%w", where, err)
		}
	}()
	start, err := readBytes(r, nil, 8)
	if err == io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("it is empty or ends early: %d bytes, need 8 or more: %w", len(start), err)
	} else if err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint64(start)
	if length > maxHeader {
		look := cmp.Or(looks[string(start)], looks[string(start[:2])], looks[fmt.Sprintf("%.1s", bytes.TrimSpace(start))], "text, another format or a model of thousands of layers")
		return nil, fmt.Errorf("it looks like %s: it begins with %q, need the length of a header, at most %d bytes", look, start, maxHeader)
	}
	header, err := readBytes(r, nil, int(length))
	if err != nil {
		return nil, fmt.Errorf("%d bytes of the header, need %d: %w", len(header), length, err)
	}
	tensors, named, err := parseHeader(bytes.TrimLeft(header, " \t\r\n")) // as the reference implementation does
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	return assemble(r, tensors, named, joined(activations))
}

// looks are what files look like that people take for safetensors, by what they begin with.
var looks = map[string]string{
	"PK":       "a file of torch.save, need one of safetensors.torch.save_file",
	"\x80":     "a file of torch.save, need one of safetensors.torch.save_file",
	"\x08\x07": "an ONNX model, need the file that Save wrote",
	"version ": "a Git LFS pointer, need git lfs pull",
	"<":        "an HTML page",
}

// surrogates matches text without half a surrogate pair, which encoding/json would replace by U+FFFD.
var surrogates = regexp.MustCompile(`^(?s:[^\\]|\\[^u]|\\u[^dD]|\\u[dD][0-7]|\\u[dD][89abAB]..\\u[dD][c-fC-F])*$`)

// parseHeader returns the tensors, and the activations if the metadata name them.
func parseHeader(header []byte) (tensors []*tensor, activations string, err error) {
	if !bytes.HasPrefix(header, []byte("{")) || !utf8.Valid(header) || !surrogates.Match(header) {
		return nil, "", fmt.Errorf("it begins with %q, need {, and valid UTF-8 and whole surrogate pairs to its end", header[:min(len(header), 8)])
	}
	if err := json.Unmarshal(header, new(json.RawMessage)); err != nil {
		return nil, "", err
	}
	err = eachMember(header, func(name string, text []byte) error {
		if name == "__metadata__" {
			return eachMember(text, func(key string, value []byte) error {
				if key != "activations" && value[0] == '"' {
					return nil
				}
				return decode(value, &activations) // or the error that it is no string
			})
		}
		t := &tensor{name: name, dtype: "none"}
		tensors = append(tensors, t)
		fields := map[string]any{"dtype": &t.dtype, "shape": &t.shape, "data_offsets": &t.offsets}
		if err := eachMember(text, func(key string, value []byte) error { return decode(value, fields[key]) }); err != nil {
			return err
		}
		size := float64(widths[t.dtype]) // does not overflow, and is exact for what memory can hold
		for _, dim := range t.shape {
			size *= float64(dim)
		}
		switch {
		case len(text) > 10_000: // fewer than 200 are usual
			return fmt.Errorf("description of %d bytes, need at most 10000", len(text))
		case widths[t.dtype] == 0:
			return fmt.Errorf("dtype %.40q, need F64, F32, F16 or BF16: only dense layers can be loaded", t.dtype)
		case size == 0 || len(t.offsets) != 2 || float64(t.offsets[1]-t.offsets[0]) != size:
			return fmt.Errorf("%s of shape %.80s and data_offsets %.80s, need dimensions of at least 1, and a begin and an end %.0f bytes apart", t.dtype, fmt.Sprint(t.shape), fmt.Sprint(t.offsets), size)
		}
		return nil
	})
	return tensors, activations, err
}

// decode is json.Unmarshal for a string or a list of whole numbers, where null is none.
func decode(value []byte, field any) error {
	first, want, others := byte('"'), "a string", 0
	if _, ok := field.(*[]int); ok {
		first, want, others = '[', "a list of whole numbers from 0 that fit in an int", len(bytes.Trim(value, "[0123456789, \t\r\n]"))
	}
	if field == nil {
		return errors.New("unknown key, need dtype, shape and data_offsets")
	}
	if value[0] != first || others > 0 || json.Unmarshal(value, field) != nil {
		return fmt.Errorf("%.40s, need %s", value, want)
	}
	return nil
}

// eachMember calls visit for each member of an object in valid JSON. No key may appear twice.
func eachMember(text []byte, visit func(key string, value []byte) error) error {
	if text[0] != '{' {
		return fmt.Errorf("%.40s, need an object", text)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	_, _ = d.Token() // the brace
	for seen := map[string]bool{}; d.More(); {
		token, _ := d.Token()
		key, value, err := token.(string), json.RawMessage(nil), errors.New("it appears a second time")
		if _ = d.Decode(&value); !seen[key] {
			err = visit(key, value)
		}
		if seen[key] = true; err != nil {
			return fmt.Errorf("%.40q: %w", key, err)
		}
	}
	return nil
}

var widths = map[string]int{"F64": 8, "F32": 4, "F16": 2, "BF16": 2} // bytes of a number

// compareNames orders fc2 before fc10, and reports whether the names first differ in a number.
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

// assemble makes the layers, with the activations named in the file or given to Load, and reads their numbers.
func assemble(r io.Reader, tensors []*tensor, named, given string) (*Network, error) {
	misnamed := func(wrong, mend string, names ...any) error { // mend is a statement in Python
		return fmt.Errorf("%s among the %d tensors %.200s, need NAME.weight [neurons inputs] and NAME.bias [neurons] for each layer, in the order of the names: "+
			`python3 -c 'from safetensors.torch import *; t = load_file("OLD"); %s; save_file(t, "NEW")'`,
			wrong, len(tensors), fmt.Sprint(tensors[:min(len(tensors), 20)]), fmt.Sprintf(mend, names...))
	}
	const renumber = `t["NUMBER.weight"], t["NUMBER.bias"] = t.pop(%.40q), t.pop(%.40q)`
	for _, t := range tensors {
		if t.layer = strings.TrimSuffix(strings.TrimSuffix(t.name, "weight"), "bias"); t.layer == t.name && len(t.shape) != 2 {
			return nil, fmt.Errorf("%v among the %d tensors is neither weights nor biases: only dense layers can be loaded, NAME.weight [neurons inputs] and NAME.bias [neurons]", t, len(tensors))
		} else if t.layer == t.name {
			return nil, misnamed(fmt.Sprintf("%v is neither weights nor biases", t), `t["NAME.weight"] = t.pop(%.40q)`, t.name)
		}
	}
	if len(tensors) == 0 {
		return nil, misnamed("no 0.weight and no 0.bias", `t["0.weight"] = t.pop("OTHER")`)
	}
	sorted := slices.SortedFunc(slices.Values(tensors), func(a, b *tensor) int {
		order, _ := compareNames(a.layer, b.layer)
		return cmp.Or(order, strings.Compare(a.name, b.name)) // bias, then weight
	})
	n, before, alphabetical := new(Network), new(tensor), false // before: the weights of the layer before
	for i := 0; i < len(sorted); i += 2 {
		b, w := sorted[i], sorted[min(i+1, len(sorted)-1)]
		_, numbered := compareNames(before.layer, b.layer)
		alphabetical = i > 0 && (alphabetical || !numbered)
		switch {
		case b.name != b.layer+"bias":
			return nil, misnamed(fmt.Sprintf("no %.40sbias", b.layer), "t[%.40q] = 0 * t[%.40q][:, 0]", b.layer+"bias", b.name)
		case w.name != b.layer+"weight":
			return nil, misnamed(fmt.Sprintf("no %.40sweight", b.layer), `t[%.40q] = t.pop("OTHER")`, b.layer+"weight")
		case len(w.shape) != 2 || len(b.shape) != 1 || w.shape[0] != b.shape[0]:
			return nil, fmt.Errorf("%v and %v, need shapes [neurons inputs] and [neurons]: only dense layers can be loaded", w, b)
		case i > 0 && w.shape[1] != before.shape[0]:
			return nil, misnamed(fmt.Sprintf("%v after %.40s, need %d inputs,", w, before.name, before.shape[0]), renumber, w.name, b.name)
		case i > 0 && !numbered && slices.Equal(w.shape, before.shape):
			return nil, misnamed(fmt.Sprintf("%v may be before or after %.40s, need numbers in the names,", w, before.name), renumber, w.name, b.name)
		case alphabetical && i+2 == len(sorted) && w.shape[0] == n.Layers[0].Weights.Rows: // any layer may be the first
			return nil, misnamed(fmt.Sprintf("%v may be before or after %.40s, need numbers in the names,", w, sorted[1].name), renumber, w.name, b.name)
		}
		l := &Layer{Weights: &Matrix{Rows: w.shape[1], Cols: w.shape[0]}}
		w.params, b.params, before = &l.Weights.Data, &l.Biases, w
		n.Layers = append(n.Layers, l)
	}
	names := strings.Split(cmp.Or(named, given), ",")
	for i, l := range n.Layers {
		name := names[i] // the first is there, and the others if their number fits
		f := slices.Index(activationNames[:], name)
		if f < 0 || len(names) != len(n.Layers) || Activation(f) == Softmax && i < len(n.Layers)-1 {
			return nil, fmt.Errorf("activations %.80s in the file, %.80s in Go, %.20q for layer %d, need one of %v for each of the %d layers, softmax only for the last: "+
				`pass %.200snn.Linear, or in Python save_file(d, f, metadata={"activations": "%.200slinear"})`,
				cmp.Or(named, "missing"), cmp.Or(given, "none"), name, i, activationNames, len(n.Layers), strings.Repeat("nn.ReLU, ", len(n.Layers)-1), strings.Repeat("relu,", len(n.Layers)-1))
		}
		l.Activation = Activation(f)
	}
	if given != "" && named != "" && given != named {
		return nil, fmt.Errorf("activations %.80s in the file, %.80s in Go: pass none, as the file names them", named, given)
	}
	return n, readTensors(r, tensors)
}

// readTensors reads the numbers into the layers, and then the end of the file.
func readTensors(r io.Reader, tensors []*tensor) error {
	slices.SortStableFunc(tensors, func(a, b *tensor) int { return a.offsets[0] - b.offsets[0] })
	end := 0
	for _, t := range tensors {
		begin, size := t.offsets[0], t.offsets[1]-t.offsets[0]
		if begin != end {
			return fmt.Errorf("%v begins at byte %d of the data, need %d, where the previous one ends", t, begin, end)
		}
		data, err := readBytes(r, nil, size)
		if err != nil {
			return fmt.Errorf("%d bytes of %v, need %d: %w", len(data), t, size, err)
		}
		end += size
		values := make([]float64, len(data)/widths[t.dtype])
		for i := range values {
			values[i] = number(t.dtype, data[widths[t.dtype]*i:])
		}
		if err := t.checkFinite(values); err != nil {
			return err
		}
		*t.params = transposed(values, t.shape[0], len(values)/t.shape[0]) // biases are a column, and stay as they are
	}
	if _, err := io.ReadFull(r, make([]byte, 1)); err != io.EOF {
		return fmt.Errorf("after the last of %d tensors: %w", len(tensors), cmp.Or(err, errors.New("the file goes on")))
	}
	return nil
}

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
