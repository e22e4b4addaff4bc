package nn

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// WriteONNX writes the network as an ONNX model, which ONNX Runtime and other
// engines run in a browser, on a phone, on a server, and from many languages.
//
// The model takes a tensor "input" of shape [batch, n] and gives a tensor
// "output" of shape [batch, c], both float32, for a network of n inputs and c
// outputs. Row i of output is what [Network.Predict] returns for row i of input, as
// float32 rounds: on MNIST's test images, ONNX Runtime's outputs of [Pretrained]
// differ by about 4e-6 at most, and by more than 1e-6 for one image in 400.
//
// Layer l is a Gemm node, which computes Zₗ = Aₗ₋₁·Wₗ + bₗ, and a node for the
// activation, Aₗ = σ(Zₗ). Its parameters are W1 (inputs × neurons), b1, W2 and so on.
// The file is a ModelProto of the ONNX IR specification (onnx.ai/onnx/repo-docs/IR.html),
// IR version 7 and operator set 13, and can be up to 2 GB. The same network always
// gives the same file. [Load] does not read it: keep a file that [Network.Save] wrote.
//
// WriteONNX returns an error and writes nothing if a parameter is NaN, infinite
// or beyond the range of float32. It wraps an error of w. It panics if the
// layers do not fit.
func (n *Network) WriteONNX(w io.Writer) error {
	n.check()
	var graph []byte // GraphProto. The numbers of the fields are those of onnx.proto in the ONNX repository.
	in, err := "input", error(nil)
	for i, l := range n.Layers {
		named := func(letter string) string { return fmt.Sprint(letter, i+1) }
		wName, bName, z, a := named("W"), named("b"), named("Z"), named("A")
		if i == len(n.Layers)-1 {
			a = "output"
		}
		weights, errW := onnxTensor(wName, l.Weights.Data, l.Weights.Rows, l.Weights.Cols)
		biases, errB := onnxTensor(bName, l.Biases, l.Weights.Cols)
		err = cmp.Or(err, errW, errB)
		gemm := message(1, field(1, in), field(1, wName), field(1, bName), field(2, z), field(4, "Gemm")) // NodeProto
		activate := message(1, field(1, z), field(2, a), field(4, onnxOperators[l.Activation]))
		graph = append(graph, slices.Concat(gemm, activate, weights, biases)...)
		in = a
	}
	graph = slices.Concat(graph, field(2, "nn"), onnxValue(11, "input", n.inputs()), onnxValue(12, "output", n.outputs()))
	operators := message(8, field(1, ""), varint(2, 13)) // OperatorSetIdProto
	if err == nil {
		_, err = w.Write(slices.Concat(varint(1, 7), field(2, "github.com/nn13002/nn"), message(7, graph), operators))
	}
	if err != nil {
		return fmt.Errorf("nn: ONNX model not written: %w", err)
	}
	return nil
}

// onnxOperators are the ONNX operators that compute the activation functions.
var onnxOperators = [len(activationNames)]string{Sigmoid: "Sigmoid", Tanh: "Tanh", ReLU: "Relu", Linear: "Identity", Softmax: "Softmax"}

// onnxTensor returns a TensorProto of data type 1, which is float32.
func onnxTensor(name string, values []float64, shape ...int) ([]byte, error) {
	var dims []byte
	for _, dim := range shape {
		dims = append(dims, varint(1, dim)...)
	}
	raw := make([]byte, 0, 4*len(values))
	for i, v := range values {
		if !finite(float64(float32(v))) {
			return nil, fmt.Errorf("element %d of %s %v is %v, need a finite number in the range of float32", i, name, shape, v)
		}
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
	}
	return message(5, dims, varint(2, 1), field(8, name), field(9, raw)), nil
}

// onnxValue returns a ValueInfoProto: a tensor of shape [batch, columns].
func onnxValue(number int, name string, columns int) []byte {
	shape := message(2, message(1, field(2, "batch")), message(1, varint(1, columns)))
	return message(number, field(1, name), message(2, message(1, varint(1, 1), shape)))
}

// A message of Protocol Buffers is its fields, one after another. Before the value
// stands a varint, 8·number + 0 if the value is a varint too, or + 2 if it is a
// length and that many bytes (protobuf.dev, Encoding).
func varint(number, value int) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(8*number)), uint64(value))
}

func field[T string | []byte](number int, value T) []byte {
	return append(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(8*number+2)), uint64(len(value))), value...)
}

func message(number int, fields ...[]byte) []byte { return field(number, slices.Concat(fields...)) }
