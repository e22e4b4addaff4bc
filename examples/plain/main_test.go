package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nn13002/nn"
)

// twins returns a network of the library and a plain one with the same random
// parameters.
func twins(t *testing.T) (*nn.Network, network) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	library, plain := nn.New(r, 784, 16, 16, 10), newNetwork(r, 784, 16, 16, 10)
	for l, layer := range library.Layers {
		for i, row := range plain.weights[l] {
			copy(layer.Weights.Data[i*len(row):], row)
		}
		for j := range plain.biases[l] {
			plain.biases[l][j] = r.NormFloat64()
		}
		copy(layer.Biases, plain.biases[l])
	}
	return library, plain
}

// learnBoth makes an epoch over the images, in their order, with each network.
func learnBoth(t *testing.T, library *nn.Network, plain network, images *nn.Images) {
	t.Helper()
	order := make([]int, images.Len())
	for i := range order {
		order[i] = i
	}
	sgd := &nn.SGD{Rate: learningRate}
	for batch := range slices.Chunk(order, batchSize) {
		if _, err := sgd.Step(library, images, batch); err != nil {
			t.Fatal(err)
		}
	}
	plain.learn(images, order)
}

// compareParameters fails unless all 13,002 parameters agree within 1e-12.
func compareParameters(t *testing.T, library *nn.Network, plain network) {
	t.Helper()
	compared, wrong := 0, 0
	compare := func(name string, got, want float64) {
		compared++
		if !(math.Abs(got-want) <= 1e-12) {
			if wrong++; wrong <= 5 {
				t.Errorf("%s is %v, the library's is %v", name, got, want)
			}
		}
	}
	for l, layer := range library.Layers {
		for i, row := range plain.weights[l] {
			for j, weight := range row {
				compare(fmt.Sprintf("weights[%d][%d][%d]", l, i, j), weight, layer.Weights.Data[i*len(row)+j])
			}
		}
		for j, bias := range plain.biases[l] {
			compare(fmt.Sprintf("biases[%d][%d]", l, j), bias, layer.Biases[j])
		}
	}
	if compared != 13002 || wrong > 0 {
		t.Errorf("%d of %d parameters differ, want 0 of 13002", wrong, compared)
	}
}

func TestForwardEqualsPredict(t *testing.T) {
	library, plain := twins(t)
	images := nn.Synthetic(rand.New(rand.NewPCG(5, 6)), 50)
	input, target := make([]float64, 784), make([]float64, 10)
	for i := range images.Len() {
		images.Example(i, input, target)
		want := library.Predict(input)
		for j, got := range plain.forward(input)[3] {
			if !(math.Abs(got-want[j]) <= 1e-14) {
				t.Errorf("image %d: output %d is %v, Predict's is %v", i, j, got, want[j])
			}
		}
	}
}

func TestOneMiniBatchEqualsTheLibrarys(t *testing.T) {
	library, plain := twins(t)
	learnBoth(t, library, plain, nn.Synthetic(rand.New(rand.NewPCG(7, 8)), 50).Slice(0, batchSize))
	compareParameters(t, library, plain)
}

func TestAnEpochWhoseLastMiniBatchIsSmallerEqualsTheLibrarys(t *testing.T) {
	library, plain := twins(t)
	learnBoth(t, library, plain, nn.Synthetic(rand.New(rand.NewPCG(9, 10)), 507))
	compareParameters(t, library, plain)
}

func TestAccuracyOnSyntheticDigitsImproves(t *testing.T) {
	t.Setenv("MNIST_DIR", t.TempDir())
	var b strings.Builder
	run(&b)
	_, out, found := strings.Cut(b.String(), "synthetic digits")
	if !found {
		t.Fatalf("does not say that the digits are synthetic:\n%s", b.String())
	}
	var accuracies []float64
	for line := range strings.Lines(out) {
		var epoch int
		var accuracy float64
		if n, _ := fmt.Sscanf(line, "epoch %d: accuracy %f %%", &epoch, &accuracy); n == 2 {
			accuracies = append(accuracies, accuracy)
		}
	}
	if len(accuracies) != 3 || !(accuracies[0] > 50 && accuracies[2] > accuracies[0]) {
		t.Errorf("the accuracies are %v, want 3 that begin above 50 and improve", accuracies)
	}
}

// BenchmarkPlain is nn's BenchmarkEpoch for this program. It cannot stand beside
// it, as no package can import package main.
func BenchmarkPlain(b *testing.B) {
	name, folder := "MNIST", ""
	if _, err := os.Stat("../../../shared/mnist"); err == nil && os.Getenv("MNIST_DIR") == "" {
		folder = "../../../shared/mnist"
	}
	train, _, err := nn.LoadMNIST(folder)
	r := rand.New(rand.NewPCG(1, 0))
	if err != nil {
		name, train = "synthetic", nn.Synthetic(r, 10000)
	}
	b.Run(name, func(b *testing.B) {
		net := newNetwork(r, 784, 16, 16, 10)
		for range b.N {
			net.learn(train, r.Perm(train.Len()))
		}
		b.ReportMetric(float64(train.Len())*float64(b.N)/b.Elapsed().Seconds(), "images/s")
	})
}
