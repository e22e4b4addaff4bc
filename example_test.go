package nn_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/nn13002/nn"
)

// A network learns to read digits drawn by code.
func Example() {
	r := rand.New(rand.NewPCG(1, 2))
	train, test := nn.Synthetic(r, 4000), nn.Synthetic(r, 500)
	net := nn.New(r, 784, 16, 16, 10)
	sgd := &nn.SGD{Rate: 3, Batch: 10, Rand: r}
	for range 5 {
		if _, err := sgd.Epoch(net, train); err != nil {
			fmt.Println(err)
			return
		}
	}
	accuracy := net.Evaluate(test, nn.Quadratic).Accuracy()
	fmt.Println("reads more than 8 of 10:", accuracy > 0.8)
	// Output: reads more than 8 of 10: true
}

func ExampleNew() {
	net := nn.New(rand.New(rand.NewPCG(1, 2)), 784, 16, 16, 10)
	for _, layer := range net.Layers {
		fmt.Println(layer.Weights.Rows, "inputs,", layer.Weights.Cols, "neurons,", layer.Activation)
	}
	fmt.Println(net.Parameters(), "parameters")
	// Output:
	// 784 inputs, 16 neurons, sigmoid
	// 16 inputs, 16 neurons, sigmoid
	// 16 inputs, 10 neurons, sigmoid
	// 13002 parameters
}

// The parameters of a single neuron are set by hand so that it fires only if both
// inputs are 1.
func ExampleNetwork_Predict() {
	net := &nn.Network{Layers: []*nn.Layer{{
		Weights: &nn.Matrix{Rows: 2, Cols: 1, Data: []float64{4, 4}},
		Biases:  []float64{-6},
	}}}
	for _, input := range [][]float64{{0, 0}, {0, 1}, {1, 0}, {1, 1}} {
		fmt.Printf("%v %.2f\n", input, net.Predict(input)[0])
	}
	// Output:
	// [0 0] 0.00
	// [0 1] 0.12
	// [1 0] 0.12
	// [1 1] 0.88
}

func ExampleSGD_Epoch() {
	xor := nn.Samples{
		{{0, 0}, {0}},
		{{0, 1}, {1}},
		{{1, 0}, {1}},
		{{1, 1}, {0}},
	}
	r := rand.New(rand.NewPCG(1, 2))
	net := nn.New(r, 2, 4, 1)
	sgd := &nn.SGD{Rate: 4, Batch: 4, Rand: r}
	for range 2000 {
		if _, err := sgd.Epoch(net, xor); err != nil {
			fmt.Println(err)
			return
		}
	}
	for _, sample := range xor {
		fmt.Println(sample[0], net.Classify(sample[0]))
	}
	// Output:
	// [0 0] 0
	// [0 1] 1
	// [1 0] 1
	// [1 1] 0
}

// A network with a linear output layer is fitted to numbers: 2 + 3·sin x.
func ExampleSGD_Epoch_numbers() {
	var data nn.Samples
	for x := -3.0; x <= 3; x += 0.05 {
		data = append(data, [2][]float64{{x}, {2 + 3*math.Sin(x)}})
	}
	r := rand.New(rand.NewPCG(1, 2))
	net := nn.New(r, 1, 16, 1)
	net.Layers[0].Activation, net.Layers[1].Activation = nn.Tanh, nn.Linear
	fmt.Println(net)
	sgd := &nn.SGD{Momentum: 0.9, Rand: r}
	for epoch := range 1000 {
		sgd.Rate = 0.02 * float64(1000-epoch) / 1000
		if _, err := sgd.Epoch(net, data); err != nil {
			fmt.Println(err)
			return
		}
	}
	worst := 0.0
	for _, sample := range data {
		worst = max(worst, math.Abs(net.Predict(sample[0])[0]-sample[1][0]))
	}
	fmt.Println("off by less than 0.05:", worst < 0.05)
	// Output:
	// 1-16-1 tanh-linear, 49 parameters
	// off by less than 0.05: true
}

// A network with a softmax output layer says how probable each of three classes
// is: points on the left, in the middle and on the right.
func ExampleNetwork_Evaluate() {
	data := make(nn.Samples, 300)
	for i := range data {
		class, target := i/100, []float64{0, 0, 0}
		target[class] = 1
		data[i] = [2][]float64{{float64(class-1)*2 + float64(i%100)/100}, target}
	}
	r := rand.New(rand.NewPCG(1, 2))
	net := nn.New(r, 1, 8, 3)
	net.Layers[1].Activation = nn.Softmax
	sgd := &nn.SGD{Rate: 0.5, Cost: nn.CrossEntropy, Rand: r}
	for range 100 {
		if _, err := sgd.Epoch(net, data); err != nil {
			fmt.Println(err)
			return
		}
	}
	result := net.Evaluate(data, sgd.Cost)
	fmt.Println(result)
	fmt.Println("points in the middle that are found:", result.Recall(1))
	// Output:
	// accuracy 100.00 % (300 of 300 examples), cost 0.001746
	// confusion matrix (rows: the target, columns: the answer):
	//           0     1     2
	//     0   100     0     0
	//     1     0   100     0
	//     2     0     0   100
	// points in the middle that are found: 1
}

// A network learns a correction from a few steps with one example.
func ExampleSGD_Step() {
	net := nn.New(rand.New(rand.NewPCG(1, 2)), 2, 4, 1)
	corrections := nn.Samples{{{0.2, 0.9}, {1}}}
	input := corrections[0][0]
	fmt.Println("before:", net.Classify(input))
	sgd := &nn.SGD{Rate: 0.5}
	for range 10 {
		if _, err := sgd.Step(net, corrections, []int{0}); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println("after:", net.Classify(input))
	// Output:
	// before: 0
	// after: 1
}

func ExampleLoad() {
	net := nn.New(rand.New(rand.NewPCG(1, 2)), 2, 4, 1)
	var file bytes.Buffer
	if err := net.Save(&file); err != nil {
		fmt.Println(err)
		return
	}
	loaded, err := nn.Load(&file)
	if err != nil {
		fmt.Println(err)
		return
	}
	input := []float64{0.25, 0.75}
	fmt.Println("the same answer:", loaded.Predict(input)[0] == net.Predict(input)[0])
	// Output: the same answer: true
}

// LoadMNIST reads four files from a folder. This example first writes them, with
// three images of 2×2 pixels to learn from and one to test with.
func ExampleLoadMNIST() {
	dir, err := os.MkdirTemp("", "mnist")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	write := func(name string, shape []int, data ...byte) {
		file := []byte{0, 0, 8, byte(len(shape))} // unsigned bytes, the number of dimensions
		for _, dim := range shape {
			file = binary.BigEndian.AppendUint32(file, uint32(dim))
		}
		if err := os.WriteFile(filepath.Join(dir, name), append(file, data...), 0o666); err != nil {
			fmt.Println(err)
		}
	}
	write("train-images-idx3-ubyte", []int{3, 2, 2}, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0)
	write("train-labels-idx1-ubyte", []int{3}, 0, 1, 2)
	write("t10k-images-idx3-ubyte", []int{1, 2, 2}, 0, 255, 0, 51)
	write("t10k-labels-idx1-ubyte", []int{1}, 1)

	train, test, err := nn.LoadMNIST(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	input, target := make([]float64, 4), make([]float64, 10)
	test.Example(0, input, target)
	fmt.Println(train.Len(), "to learn from,", test.Len(), "to test with")
	fmt.Println(input, "is a", test.Labels[0])
	// Output:
	// 3 to learn from, 1 to test with
	// [0 1 0 0.2] is a 1
}

// One output answers both: which digit it is, and how sure the network is.
func ExampleNetwork_Predict_digitAndConfidence() {
	input, ok := nn.FromImage(ring())
	if !ok {
		fmt.Println("no ink on the paper")
		return
	}
	output := nn.Pretrained().Predict(input)
	sure := slices.Max(output)
	digit := slices.Index(output, sure)
	if sure < 0.8 {
		fmt.Println("no clear digit")
		return
	}
	fmt.Printf("a %d, %.1f sure\n", digit, sure)
	// Output: a 0, 1.0 sure
}

// ring returns a picture of a ring in black ink on white paper.
func ring() image.Image {
	img := image.NewGray(image.Rect(0, 0, 200, 200))
	for y := range 200 {
		for x := range 200 {
			img.SetGray(x, y, color.Gray{Y: 255})
			if r := math.Hypot(float64(x-100)/45, float64(y-100)/60); 0.8 < r && r < 1.1 {
				img.SetGray(x, y, color.Gray{Y: 0})
			}
		}
	}
	return img
}

// FromImage prepares a picture of a ring in black ink on white paper.
func ExampleFromImage() {
	input, ok := nn.FromImage(ring())
	if !ok {
		fmt.Println("no ink on the paper")
		return
	}
	fmt.Println("a", nn.Pretrained().Classify(input))
	// Output: a 0
}

// circle is a data set that stores nothing. Its inputs are the points of a grid
// over the square from −1 to 1. The target is 1 inside a circle and 0 outside.
type circle struct{ side int }

func (c circle) Len() int { return c.side * c.side }

func (c circle) Example(i int, input, target []float64) {
	x := 2*float64(i%c.side)/float64(c.side-1) - 1
	y := 2*float64(i/c.side)/float64(c.side-1) - 1
	input[0], input[1] = x, y
	target[0] = 0
	if math.Hypot(x, y) < 0.7 {
		target[0] = 1
	}
}

// Any type with the methods Len and Example can be used as Examples.
func ExampleExamples() {
	// type circle struct{ side int }
	//
	// func (c circle) Len() int { return c.side * c.side }
	// func (c circle) Example(i int, input, target []float64) { … }

	r := rand.New(rand.NewPCG(1, 2))
	net := nn.New(r, 2, 8, 1)
	sgd := &nn.SGD{Rate: 3, Batch: 10, Rand: r}
	for range 300 {
		if _, err := sgd.Epoch(net, circle{side: 20}); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println("in the middle:", net.Classify([]float64{0, 0}))
	fmt.Println("in a corner:", net.Classify([]float64{1, 1}))
	fmt.Println("most points right:", net.Evaluate(circle{side: 33}, nn.Quadratic).Accuracy() > 0.9)
	// Output:
	// in the middle: 1
	// in a corner: 0
	// most points right: true
}
