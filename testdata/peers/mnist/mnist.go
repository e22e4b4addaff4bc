// Package mnist is what the peers in Go share: the images, and how to measure.
package mnist

import (
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// Sizes, Batch and Rate are the same for all peers.
var Sizes = []int{784, 16, 16, 10}

const Batch, Rate = 10, 3.0

// A Set is images and their labels. Image i is Pixels[i*784:][:784], each from 0 to 1.
type Set[T float32 | float64] struct {
	Pixels []T
	Labels []byte
}

// Load reads a set from the folder MNIST_DIR: "train" or "t10k".
func Load[T float32 | float64](name string) (s Set[T]) {
	pixels := read(name+"-images-idx3-ubyte.gz", 16)
	s.Pixels = make([]T, len(pixels))
	for i, p := range pixels {
		s.Pixels[i] = T(p) / 255
	}
	s.Labels = read(name+"-labels-idx1-ubyte.gz", 8)
	return s
}

func read(name string, header int) []byte {
	f, err := os.Open(filepath.Join(os.Getenv("MNIST_DIR"), name))
	if err != nil {
		panic(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		panic(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	return b[header:]
}

// Copy copies the images of a mini-batch and their targets, 1 at the label.
func (s Set[T]) Copy(pixels, targets []T, batch []int) {
	clear(targets)
	for i, example := range batch {
		copy(pixels[i*784:], s.Pixels[example*784:][:784])
		targets[i*10+int(s.Labels[example])] = 1
	}
}

// Accuracy returns the share in percent of outputs, ten for each image, that are
// largest at the label.
func (s Set[T]) Accuracy(outputs []T) float64 {
	right := 0
	for i, label := range s.Labels {
		best := 0
		for j, a := range outputs[i*10:][:10] {
			if a > outputs[i*10+best] {
				best = j
			}
		}
		if best == int(label) {
			right++
		}
	}
	return 100 * float64(right) / float64(len(s.Labels))
}

// Weights returns random weights for a layer of c neurons with n inputs.
func Weights[T float32 | float64](r *rand.Rand, n, c int) []T {
	w := make([]T, n*c)
	for i := range w {
		w[i] = T(r.NormFloat64() / math.Sqrt(float64(n)))
	}
	return w
}

// Epoch calls step for each mini-batch of 60,000 shuffled examples.
func Epoch(r *rand.Rand, step func(batch []int)) {
	order := r.Perm(60000)
	for first := 0; first < len(order); first += Batch {
		step(order[first:][:Batch])
	}
}

// Best returns the shortest time of several runs of f, in seconds.
func Best(times int, f func()) float64 {
	best := math.Inf(1)
	for range times {
		start := time.Now()
		f()
		best = min(best, time.Since(start).Seconds())
	}
	return best
}

// Say prints a figure.
func Say(peer, figure string, value float64) {
	fmt.Printf("%-12s width=%-5d batch=%-5d %-22s %.6g\n", peer, Sizes[1], Batch, figure, value)
}
