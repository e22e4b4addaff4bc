// Mnist trains a network of 784-16-16-10 neurons to read handwritten digits
// and reports how well it does so:
//
//	go run ./examples/mnist [-data folder] [-epochs 30] [-batch 10] [-rate 3] [-fall] [-decay 0]
//		[-cost quadratic|crossentropy] [-distort 0] [-best] [-validate] [-seed 1]
//		[-save file] [-pictures folder]
//
// -best is the recipe of nn.Pretrained, and takes some minutes.
//
// It takes MNIST from the folder, else from the one that MNIST_DIR names, else
// from the user's cache, and downloads what is missing. Without a network, and
// if no folder was asked for, it goes on with synthetic digits. Ctrl-C stops after
// the current epoch and still reports; a second one stops at once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/nn13002/nn"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // so that a second Ctrl-C is not caught
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, http.DefaultTransport, 20_000))
}

// run is the program; it returns the exit status. Where there is no MNIST it
// trains on so many synthetic digits.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, transport http.RoundTripper, synthetic int) int {
	o, err := parse(args, stdout)
	if err == flag.ErrHelp {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "mnist:", err)
		return 2
	}
	if err := mayWrite(o); err != nil { // before minutes of training, not after
		fmt.Fprintln(stderr, "mnist:", err)
		return 1
	}
	out := newScreen(stdout)
	train, test, what, err := load(ctx, o.data, out, transport, synthetic)
	if err != nil {
		out.keep()
		fmt.Fprintln(stderr, "mnist:", err)
		if ctx.Err() != nil {
			return 130 // what a shell calls the end by Ctrl-C
		}
		return 1
	}

	set := "test"
	if o.validate {
		part := train.Len() / 6 // MNIST's last 10,000
		if part == 0 {
			fmt.Fprintf(stderr, "mnist: -validate with %d training images, need 6 or more\n", train.Len())
			return 1
		}
		train, test = train.Slice(0, train.Len()-part), train.Slice(train.Len()-part, train.Len())
		set = "validation"
	}

	r := rand.New(rand.NewPCG(o.seed, 0))
	net := nn.New(r, train.Width*train.Height, 16, 16, train.Classes)
	sgd := &nn.SGD{Rate: o.rate, Batch: o.batch, Decay: o.decay, Cost: o.cost, Rand: r}
	out.line("Training%s: %d images, %d parameters", what, train.Len(), net.Parameters())
	var result nn.Evaluation
	var training time.Duration
	var accuracies, costs []float64 // one an epoch
	epochs := 0
	for epochs < o.epochs {
		if o.fall {
			sgd.Rate = o.rate * float64(o.epochs-epochs) / float64(o.epochs)
		}
		start := time.Now()
		var data nn.Examples = train
		if o.distort > 0 {
			data = nn.Distorted{Images: train, Seed: o.seed<<32 + uint64(epochs), Strength: o.distort}
		}
		cost, err := sgd.Epoch(net, data)
		took := time.Since(start)
		epochs++
		if err != nil {
			out.keep()
			fmt.Fprintf(stderr, "mnist: epoch %d: %v; try a smaller -rate or -decay\n", epochs, err)
			return 1
		}
		training += took
		result = net.Evaluate(test, o.cost)
		accuracies, costs = append(accuracies, result.Accuracy()), append(costs, cost)
		out.progress(true, "epoch %*d of %d   training cost %.4f   %s accuracy %.2f %%   %.2f s",
			len(fmt.Sprint(o.epochs)), epochs, o.epochs, cost, set, 100*result.Accuracy(), took.Seconds())
		if ctx.Err() != nil {
			break
		}
	}
	out.keep()
	if epochs < o.epochs {
		out.line("Stopped after epoch %d of %d.", epochs, o.epochs)
	}

	out.line("\nAccuracy%s: %.2f %% (%d of %d %s images)", what, 100*result.Accuracy(), result.Correct, result.Count, set)
	out.line("\nConfusion matrix%s (rows: the digit, columns: the answer):", what)
	out.matrix(result.Confusion)
	out.line("\nTraining time%s: %.3f seconds an epoch (mean of %d)", what, training.Seconds()/float64(epochs), epochs)
	if wrong := result.Count - result.Correct; wrong > 0 {
		out.line("\nMisread%s, some of %d:\n", what, wrong)
		out.misread(net, test)
	}
	if o.save != "" {
		if err := net.SaveFile(o.save); err != nil {
			fmt.Fprintln(stderr, "mnist:", err)
			return 1
		}
		out.line("\nThe network%s is saved: %s", what, o.save)
	}
	if o.pictures != "" {
		if err := writePictures(o.pictures, out, net, test, o.distort, result, accuracies, costs); err != nil {
			fmt.Fprintln(stderr, "mnist:", err)
			return 1
		}
	}
	return 0
}

// load returns MNIST from the folder, downloading it if need be, or else
// synthetic digits; what is then " on synthetic digits", to be said with
// every result.
func load(ctx context.Context, dir string, out *screen, transport http.RoundTripper, synthetic int) (train, test *nn.Images, what string, err error) {
	train, test, err = nn.LoadMNIST(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return train, test, "", err
	}
	err = download(ctx, dir, out, transport)
	if ctx.Err() != nil && err != nil {
		return nil, nil, "", errors.New("stopped during the download of MNIST")
	}
	if err == nil {
		train, test, err = nn.LoadMNIST(dir)
		return train, test, "", err
	}
	if dir != "" || errors.Is(err, fs.ErrExist) {
		return nil, nil, "", err
	}
	out.line("No MNIST, %v: going on with synthetic digits", err)
	r := rand.New(rand.NewPCG(28, 28)) // the same digits whatever -seed says
	return nn.Synthetic(r, synthetic), nn.Synthetic(r, synthetic/10), " on synthetic digits", nil
}

// mayWrite reports why the files asked for could not be written later.
func mayWrite(o options) error {
	if o.save != "" {
		info, err := os.Stat(o.save)
		if err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("-save %s: it exists and is not a file", o.save)
		}
		if _, err := os.Stat(filepath.Dir(o.save)); err != nil {
			return fmt.Errorf("-save: %w", err)
		}
	}
	if o.pictures != "" {
		return os.MkdirAll(o.pictures, 0o777)
	}
	return nil
}

type options struct {
	data          string
	epochs, batch int
	rate, decay   float64
	fall          bool
	cost          nn.Cost
	distort       float64
	validate      bool
	seed          uint64
	save          string
	pictures      string
}

// parse reads the command line. Asked for help it writes that, and returns
// flag.ErrHelp.
func parse(args []string, help io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("mnist", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // a mistake gets one line, from run, and not the whole help
	flags.StringVar(&o.data, "data", "", "`folder` of the MNIST files (default MNIST_DIR, else the user's cache)")
	flags.IntVar(&o.epochs, "epochs", 30, "passes over the training images")
	flags.IntVar(&o.batch, "batch", 10, "images in a mini-batch")
	flags.Float64Var(&o.rate, "rate", 3, "length of a training step")
	flags.BoolVar(&o.fall, "fall", false, "let the rate fall to 0, a little each epoch")
	flags.Float64Var(&o.decay, "decay", 0, "how fast weights shrink, times the rate")
	cost := flags.String("cost", "quadratic", "cost function, quadratic or crossentropy")
	flags.Float64Var(&o.distort, "distort", 0, "how much each image is distorted, anew in each epoch, from 0 to 2")
	best := flags.Bool("best", false, "the best recipe known:"+words(theBest))
	flags.BoolVar(&o.validate, "validate", false, "hold a sixth of the training images back and report on them, not on the test set")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of the first weights and of the order of the images")
	flags.StringVar(&o.save, "save", "", "`file` to save the network in")
	flags.StringVar(&o.pictures, "pictures", "", "`folder` for pictures of what it learned")
	if err := flags.Parse(args); err != nil {
		if err == flag.ErrHelp {
			fmt.Fprintln(help, "Usage: go run ./examples/mnist [flags]")
			flags.SetOutput(help)
			flags.PrintDefaults()
		}
		return o, err
	}
	if *best {
		given := map[string]bool{}
		flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
		for _, f := range theBest {
			if !given[f.name] {
				flags.Set(f.name, f.value)
			}
		}
	}
	switch *cost {
	case "quadratic":
		o.cost = nn.Quadratic
	case "crossentropy":
		o.cost = nn.CrossEntropy
	default:
		return o, fmt.Errorf("-cost is %q, need quadratic or crossentropy", *cost)
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.epochs < 1:
		return o, fmt.Errorf("-epochs is %d, need 1 or more", o.epochs)
	case o.batch < 1:
		return o, fmt.Errorf("-batch is %d, need 1 or more", o.batch)
	case !(o.rate >= 0) || math.IsInf(o.rate, 1):
		return o, fmt.Errorf("-rate is %v, need a finite number from 0", o.rate)
	case !(o.decay >= 0) || math.IsInf(o.decay, 1):
		return o, fmt.Errorf("-decay is %v, need a finite number from 0", o.decay)
	case !(o.distort >= 0 && o.distort <= 2):
		return o, fmt.Errorf("-distort is %v, need from 0 to 2", o.distort)
	}
	return o, nil
}

// theBest are the flags with which most of the images held back are read
// rightly (accuracy.md has what else was tried). Any of them given on the
// command line is taken from there.
var theBest = []struct{ name, value string }{
	{"cost", "crossentropy"}, {"rate", "0.5"}, {"fall", "true"}, {"decay", "2e-05"}, {"distort", "0.7"}, {"epochs", "600"},
}

// words are flags as one would type them.
func words(flags []struct{ name, value string }) (all string) {
	for _, f := range flags {
		all += " -" + f.name + "=" + f.value
	}
	return all
}
