// Mnist trains a 784-16-16-10 network to read handwritten digits and reports
// how well it reads them:
//
//	mnist [-plain | -best] [-epochs 30] [-batch 10] [-rate 0.5] [-fall=true]
//		[-decay 0.0001] [-cost crossentropy|quadratic] [-distort 0] [-seed 1]
//		[-data folder] [-validate] [-save file] [-pictures folder]
//	mnist -fetch [-data folder]
//
// In a clone of the repository it is go run ./examples/mnist. Anywhere else, go
// install github.com/nn13002/nn/examples/mnist@latest installs it.
//
// -plain trains with the recipe of Michael Nielsen's first network: the
// quadratic cost and a constant learning rate of 3. -best trains with the recipe
// that reads most of MNIST, which takes a few minutes; that of nn.Pretrained is
// in testdata/pretrain.
//
// MNIST is read from the -data folder, or else from the folder in MNIST_DIR, or
// else from the user's cache folder. Missing files are downloaded. If that fails
// and there is no -data, the program trains on synthetic digits instead. -fetch
// downloads the missing files, says where they are, and trains nothing.
//
// Ctrl-C ends the training after the current epoch, and the report follows. A
// second Ctrl-C ends the program at once.
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
	"strings"
	"time"

	"github.com/nn13002/nn"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // so that a second Ctrl-C ends the program
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, http.DefaultTransport, 20_000))
}

// run runs the program and returns its exit status. Without MNIST it trains on
// the given number of synthetic digits.
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
	dir, err := mnistFolder(o.data)
	if err != nil {
		fmt.Fprintln(stderr, "mnist: no folder for MNIST, use -data:", err)
		return 1
	}
	if o.fetch || o.data != "" {
		synthetic = 0
	}
	out := newScreen(stdout)
	train, test, what, err := load(ctx, dir, out, transport, synthetic)
	if err != nil {
		out.keep()
		fmt.Fprintln(stderr, "mnist:", err)
		if ctx.Err() != nil {
			return 130 // the shell's status for a program ended by Ctrl-C
		}
		return 1
	}

	if o.fetch {
		out.line("MNIST: %d training and %d test images in %s", train.Len(), test.Len(), dir)
		return 0
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
	out.line("%s", o.recipe())
	var result nn.Evaluation
	var training time.Duration
	var accuracies, costs []float64 // one for each epoch
	epochs := 0
	for epochs < o.epochs {
		if o.fall {
			sgd.Rate = o.rate * (float64(o.epochs-epochs) / float64(o.epochs)) // a share first: the product of two large numbers overflows
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
	out.line("\nTraining time%s: %.3f seconds per epoch (mean of %d)", what, training.Seconds()/float64(epochs), epochs)
	if wrong := result.Count - result.Correct; wrong > 0 {
		shown := min(4, wrong)
		out.line("\nMisread%s, %d of %d:\n", what, shown, wrong)
		out.misread(net, test, shown)
	}
	if o.save != "" {
		if err := net.SaveFile(o.save); err != nil {
			fmt.Fprintln(stderr, "mnist:", err)
			return 1
		}
		out.line("\nNetwork%s saved to %s", what, o.save)
	}
	if o.pictures != "" {
		if err := writePictures(o.pictures, out, net, test, o.distort, result, accuracies, costs); err != nil {
			fmt.Fprintln(stderr, "mnist:", err)
			return 1
		}
	}
	return 0
}

// load returns MNIST from a folder, and downloads it if it is not there. If that
// fails it returns a number of synthetic digits, or an error if the number is 0.
// With them, what is " on synthetic digits", for the report to say with every
// result.
func load(ctx context.Context, dir string, out *screen, transport http.RoundTripper, synthetic int) (train, test *nn.Images, what string, err error) {
	train, test, err = nn.LoadMNIST(dir)
	if err == nil {
		return train, test, "", nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		reason := strings.ReplaceAll(err.Error(), "\n", "; ")
		return nil, nil, "", fmt.Errorf("%s; if a file is damaged, remove it and run mnist -fetch -data %q, which downloads it again", reason, dir)
	}
	err = download(ctx, dir, out, transport)
	if ctx.Err() != nil && err != nil {
		return nil, nil, "", errors.New("stopped during the download of MNIST")
	}
	if err == nil {
		train, test, err = nn.LoadMNIST(dir)
		return train, test, "", err
	}
	if errors.Is(err, fs.ErrExist) {
		return nil, nil, "", err
	}
	if synthetic == 0 {
		return nil, nil, "", fmt.Errorf("%w\nCopy %s from a mirror or from another computer to %s, or name their folder with -data or MNIST_DIR", err, mnistFiles, dir)
	}
	out.line("No MNIST (%v): training on synthetic digits instead", err)
	out.line("To train on MNIST, copy its four files to %s, or set MNIST_DIR to their folder", dir)
	r := rand.New(rand.NewPCG(28, 28)) // the same digits whatever -seed says
	return nn.Synthetic(r, synthetic), nn.Synthetic(r, synthetic/10), " on synthetic digits", nil
}

// mayWrite returns an error if the files asked for cannot be written.
func mayWrite(o options) error {
	if o.save != "" {
		info, err := os.Stat(o.save)
		if err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("-save %s: exists and is not a file", o.save)
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
	fetch         bool
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

// parse reads the command line. If it asks for help, parse writes the help and
// returns flag.ErrHelp.
func parse(args []string, help io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("mnist", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run reports an error in one line, without the help
	flags.StringVar(&o.data, "data", "", "`folder` of the MNIST files (default MNIST_DIR, else the user's cache)")
	flags.BoolVar(&o.fetch, "fetch", false, "download the MNIST files that are missing, say where they are, and train nothing")
	flags.IntVar(&o.epochs, "epochs", 30, "number of passes over the training images")
	flags.IntVar(&o.batch, "batch", 10, "number of images in a mini-batch")
	flags.Float64Var(&o.rate, "rate", 0.5, "learning rate")
	flags.BoolVar(&o.fall, "fall", true, "lower the learning rate linearly towards 0, epoch by epoch")
	flags.Float64Var(&o.decay, "decay", 1e-4, "weight decay: each step shrinks the weights by rate times decay")
	cost := flags.String("cost", "crossentropy", "cost function, quadratic or crossentropy")
	flags.Float64Var(&o.distort, "distort", 0, "strength of the distortion that every image gets in every epoch, from 0 to 2")
	plain := flags.Bool("plain", false, "use the recipe of Nielsen's first network:"+words(thePlain))
	best := flags.Bool("best", false, "use the best known recipe:"+words(theBest))
	flags.BoolVar(&o.validate, "validate", false, "hold back a sixth of the training images and report on them instead of the test set")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of the initial weights and of the order of the images")
	flags.StringVar(&o.save, "save", "", "`file` to save the network to")
	flags.StringVar(&o.pictures, "pictures", "", "`folder` to write pictures of the result to")
	if err := flags.Parse(args); err != nil {
		if err == flag.ErrHelp {
			fmt.Fprintln(help, "Usage: mnist [flags]")
			flags.SetOutput(help)
			flags.PrintDefaults()
		}
		return o, err
	}
	var recipe []setting
	switch {
	case *plain && *best:
		return o, errors.New("-plain and -best are two recipes, need at most one")
	case *plain:
		recipe = thePlain
	case *best:
		recipe = theBest
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for _, f := range recipe {
		if !given[f.name] {
			flags.Set(f.name, f.value)
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
	case !(o.rate > 0) || math.IsInf(o.rate, 1):
		return o, fmt.Errorf("-rate is %v, need a finite number above 0", o.rate)
	case !(o.decay >= 0) || math.IsInf(o.decay, 1):
		return o, fmt.Errorf("-decay is %v, need a finite number of 0 or more", o.decay)
	case !(o.distort >= 0 && o.distort <= 2):
		return o, fmt.Errorf("-distort is %v, need 0 to 2", o.distort)
	}
	return o, nil
}

// A setting is a flag and its value.
type setting struct{ name, value string }

// A recipe is a list of settings. A flag on the command line overrides its value
// there. theBest gave the highest accuracy on images held back (accuracy.md
// lists what else was tried).
var (
	thePlain = []setting{{"cost", "quadratic"}, {"rate", "3"}, {"fall", "false"}, {"decay", "0"}}
	theBest  = []setting{{"cost", "crossentropy"}, {"rate", "0.5"}, {"fall", "true"}, {"decay", "2e-05"}, {"distort", "0.7"}, {"epochs", "600"}}
)

// words returns settings as they are typed on a command line.
func words(settings []setting) (all string) {
	for _, f := range settings {
		all += " -" + f.name + "=" + f.value
	}
	return all
}

// recipe says in one line how the network is trained.
func (o *options) recipe() string {
	line := "Recipe: quadratic cost"
	if o.cost == nn.CrossEntropy {
		line = "Recipe: cross-entropy"
	}
	line += fmt.Sprintf(", rate %v", o.rate)
	if o.fall {
		line += " falling to 0"
	}
	if o.decay > 0 {
		line += fmt.Sprintf(", decay %v", o.decay)
	}
	if o.distort > 0 {
		line += fmt.Sprintf(", distortion %v", o.distort)
	}
	return line + fmt.Sprintf(", mini-batches of %d", o.batch)
}
