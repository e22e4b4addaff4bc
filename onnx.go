package nn

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// WriteONNX writes the network as an ONNX model, which ONNX Runtime and other
// engines run in a browser, on a phone, on a server, and from many languages.
//
// The model takes a tensor "input" of shape [batch, n] and gives a tensor
// "output" of shape [batch, c], both float32, for a network of n inputs and c
// outputs. The size of a batch is left open: row i of output is what
// [Network.Predict] returns for row i of input, rounded as float32 rounds. On
// MNIST's test images, ONNX Runtime's outputs of [Pretrained] differ by about 2e-6
// at most, and by more than 1e-6 for one image in 500.
//
// Layer l is a Gemm node, which computes Zₗ = Aₗ₋₁·Wₗ + bₗ, and a node for the
// activation, Aₗ = σ(Zₗ). The parameters are float32, with the names W1, b1, W2,
// b2 and so on. W1 has the shape of Weights, inputs × neurons.
//
// The file is a ModelProto of the ONNX IR specification (onnx.ai/onnx/repo-docs/IR.html),
// IR version 7 and operator set 13, and can be up to 2 GB. The same network
// always gives the same file. [Load] does not read it: keep a file that
// [Network.Save] wrote.
//
// WriteONNX returns an error and writes nothing if a parameter is NaN, infinite
// or beyond the range of float32. It wraps an error of w. It panics if the
// layers do not fit.
func (n *Network) WriteONNX(w io.Writer) error {
	n.check()
	model, err := n.onnx()
	if err == nil {
		_, err = w.Write(model)
	}
	if err != nil {
		return fmt.Errorf("nn: ONNX model not written: %w", err)
	}
	return nil
}

// onnxOperators are the ONNX operators that compute the activation functions.
var onnxOperators = [len(activationNames)]string{Sigmoid: "Sigmoid", Tanh: "Tanh", ReLU: "Relu", Linear: "Identity", Softmax: "Softmax"}

const onnxFloat = 1 // TensorProto.DataType of float32

// The numbers of the fields are those of onnx.proto in the ONNX repository.
func (n *Network) onnx() (message, error) {
	var graph message // GraphProto
	in := "input"
	for i, l := range n.Layers {
		named := func(letter string) string { return fmt.Sprint(letter, i+1) }
		weights, biases, z, a := named("W"), named("b"), named("Z"), named("A")
		if i == len(n.Layers)-1 {
			a = "output"
		}
		w, err := onnxTensor(weights, l.Weights.Data, l.Weights.Rows, l.Weights.Cols)
		if err != nil {
			return nil, err
		}
		b, err := onnxTensor(biases, l.Biases, l.Weights.Cols)
		if err != nil {
			return nil, err
		}
		gemm := message(nil).text(1, in).text(1, weights).text(1, biases).text(2, z).text(4, "Gemm") // NodeProto
		activate := message(nil).text(1, z).text(2, a).text(4, onnxOperators[l.Activation])
		graph = graph.bytes(1, gemm).bytes(1, activate).bytes(5, w).bytes(5, b)
		in = a
	}
	graph = graph.text(2, "nn").bytes(11, onnxValue("input", n.inputs())).bytes(12, onnxValue("output", n.outputs()))
	operators := message(nil).text(1, "").number(2, 13)                 // OperatorSetIdProto
	model := message(nil).number(1, 7).text(2, "github.com/nn13002/nn") // ModelProto
	return model.bytes(7, graph).bytes(8, operators), nil
}

// onnxTensor returns a TensorProto of float32.
func onnxTensor(name string, values []float64, shape ...int) (message, error) {
	var tensor message
	for _, dim := range shape {
		tensor = tensor.number(1, dim)
	}
	raw := make([]byte, 0, 4*len(values))
	for i, v := range values {
		if !finite(float64(float32(v))) {
			return nil, fmt.Errorf("element %d of %s %v is %v, need a finite number in the range of float32", i, name, shape, v)
		}
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
	}
	return tensor.number(2, onnxFloat).text(8, name).bytes(9, raw), nil
}

// onnxValue returns a ValueInfoProto: a tensor of shape [batch, columns].
func onnxValue(name string, columns int) message {
	shape := message(nil).bytes(1, message(nil).text(2, "batch")).bytes(1, message(nil).number(1, columns))
	tensor := message(nil).number(1, onnxFloat).bytes(2, shape)
	return message(nil).text(1, name).bytes(2, message(nil).bytes(1, tensor))
}

// A message is a Protocol Buffers message: its fields, one after another. Before
// the value stands a varint, 8·field + 0 if the value is a varint too, or + 2 if
// it is a length and that many bytes (protobuf.dev, Encoding).
type message []byte

func (m message) number(field, value int) message {
	return binary.AppendUvarint(binary.AppendUvarint(m, uint64(8*field)), uint64(value))
}

func (m message) bytes(field int, value []byte) message {
	m = binary.AppendUvarint(binary.AppendUvarint(m, uint64(8*field+2)), uint64(len(value)))
	return append(m, value...)
}

func (m message) text(field int, value string) message { return m.bytes(field, []byte(value)) }
