// Pretrain trains the network of nn.Pretrained, with ten seeds, and writes the
// networks to a folder:
//
//	GOTOOLCHAIN=go1.27.4 GOEXPERIMENT=simd go run ./testdata/pretrain [-validate] [-epochs 500] [-seeds 10] folder
//
// A wide network, the teacher, learns from MNIST and synthetic digits. Its outputs
// are the targets from which the small networks learn: they say that a certain 9
// resembles a 4, where the label says 9 and nothing else (Hinton, Vinyals and
// Dean, Distilling the Knowledge in a Neural Network, 2015).
//
// With -validate the last 10,000 training images are held back. The test set is
// never read.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/nn13002/nn"
)

const lessons = 8 // with a distortion of each image, and with synthetic digits of their own

func main() {
	validate := flag.Bool("validate", false, "hold back the last 10,000 training images and report on them")
	epochs := flag.Int("epochs", 500, "number of epochs of the small networks")
	seeds := flag.Int("seeds", 10, "number of small networks")
	flag.Parse()
	train, _, err := nn.LoadMNIST("")
	check(err)
	set, held := "training", train
	if *validate {
		set, train, held = "validation", train.Slice(0, 50_000), train.Slice(50_000, 60_000)
	}
	check(os.MkdirAll(flag.Arg(0), 0o777))
	report := func(name string, n *nn.Network) {
		fmt.Printf("%s: %.2f %% of the %s images\n", name, 100*n.Evaluate(held, nn.CrossEntropy).Accuracy(), set)
		check(n.SaveFile(filepath.Join(flag.Arg(0), name+".safetensors")))
	}

	r := rand.New(rand.NewPCG(0, 0))
	teacher := nn.New(r, 784, 128, 10)
	digits := together(train, nn.Synthetic(rand.New(rand.NewPCG(28, 28)), 60_000))
	learn(teacher, r, 20, func(epoch int) nn.Examples {
		return nn.Distorted{Images: digits, Seed: 1000 + uint64(epoch), Strength: 1}
	})
	report("teacher", teacher)
	var all []nn.Examples
	for k := range uint64(lessons) {
		digits := together(train, nn.Synthetic(rand.New(rand.NewPCG(28, k)), 30_000))
		distorted := &nn.Images{Width: 28, Height: 28, Classes: 10}
		for i, label := range digits.Labels {
			distorted.Add(nn.Distorted{Images: digits, Seed: k, Strength: 0.7}.Image(i).Pix, label)
		}
		all = append(all, lesson{distorted, teacher.PredictAll(distorted)})
	}
	for seed := 1; seed <= *seeds; seed++ {
		r := rand.New(rand.NewPCG(uint64(seed), 0))
		n := nn.New(r, 784, 16, 16, 10)
		learn(n, r, *epochs, func(epoch int) nn.Examples { return all[epoch%lessons] })
		report(fmt.Sprint("seed", seed), n)
	}
}

// A lesson is images whose targets are the teacher's outputs.
type lesson struct {
	*nn.Images
	targets *nn.Matrix
}

// Example writes the input and target of example i.
func (l lesson) Example(i int, input, target []float64) {
	l.Images.Example(i, input, target)
	copy(target, l.targets.Row(i))
}

// together returns the images of several sets.
func together(sets ...*nn.Images) *nn.Images {
	all := &nn.Images{Width: 28, Height: 28, Classes: 10}
	for _, d := range sets {
		for i, label := range d.Labels {
			all.Add(d.Image(i).Pix, label)
		}
	}
	return all
}

// learn trains a network at a rate that falls from 0.5 to 0.
func learn(n *nn.Network, r *rand.Rand, epochs int, data func(epoch int) nn.Examples) {
	sgd := &nn.SGD{Batch: 10, Decay: 2e-5, Cost: nn.CrossEntropy, Rand: r}
	for epoch := range epochs {
		sgd.Rate = 0.5 * float64(epochs-epoch) / float64(epochs)
		_, err := sgd.Epoch(n, data(epoch))
		check(err)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "pretrain:", err)
		os.Exit(1)
	}
}
