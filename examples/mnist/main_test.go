package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/nn13002/nn"
)

// A transport answers requests in place of the network.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// unplugged is a machine without a network.
var unplugged = transport(func(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: errors.New("unplugged")}
})

func respond(status int, body io.Reader) *http.Response {
	return &http.Response{
		StatusCode:    status,
		Status:        fmt.Sprint(status, " ", http.StatusText(status)),
		Body:          io.NopCloser(body),
		ContentLength: -1,
	}
}

// start runs the program. Without MNIST it trains on 300 synthetic digits.
func start(ctx context.Context, network http.RoundTripper, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(ctx, args, &out, &err, network, 300)
	return code, out.String(), err.String()
}

// folder returns a folder with files like MNIST's, of 400 and 150 synthetic digits.
func folder(t *testing.T) string {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 2))
	for name, count := range map[string]int{"train": 400, "t10k": 150} {
		d := nn.Synthetic(r, count)
		var pixels []byte
		for i := range count {
			pixels = append(pixels, d.Image(i).Pix...)
		}
		write(t, filepath.Join(dir, name+"-images-idx3-ubyte"), []int{count, d.Height, d.Width}, pixels)
		write(t, filepath.Join(dir, name+"-labels-idx1-ubyte"), []int{count}, d.Labels)
	}
	return dir
}

func write(t *testing.T, name string, shape []int, data []byte) {
	file := []byte{0, 0, 8, byte(len(shape))} // an IDX file of unsigned bytes
	for _, dim := range shape {
		file = binary.BigEndian.AppendUint32(file, uint32(dim))
	}
	if err := os.WriteFile(name, append(file, data...), 0o666); err != nil {
		t.Fatal(err)
	}
}

// mustContain fails unless text contains the parts, in this order.
func mustContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		i := strings.Index(rest, part)
		if i < 0 {
			t.Fatalf("no %q, or out of order, in:\n%s", part, text)
		}
		rest = rest[i+len(part):]
	}
}

// mustReport fails unless out is a complete report on the given number of test images.
func mustReport(t *testing.T, out, what string, tests int) {
	t.Helper()
	mustContain(t, out,
		"\nAccuracy"+what+": ", fmt.Sprintf(" of %d test images)\n", tests),
		"\nConfusion matrix"+what+" (", "):\n",
		"\nTraining time"+what+": ", " seconds per epoch",
		"\nMisread"+what+", ", " of ", "read as ")
	_, matrix, _ := strings.Cut(out, "the answer):\n")
	lines := strings.Split(matrix, "\n")
	if got := strings.Fields(lines[0]); !slices.Equal(got, strings.Fields("0 1 2 3 4 5 6 7 8 9")) {
		t.Errorf("columns %v", got)
	}
	sum, correct := 0, 0
	for digit, line := range lines[1:11] {
		if len(line) != len(lines[0]) {
			t.Errorf("row %q is not aligned with %q", line, lines[0])
		}
		for i, field := range strings.Fields(line) {
			var n int
			if _, err := fmt.Sscan(field, &n); err != nil {
				t.Fatal(err)
			}
			switch {
			case i == 0 && n != digit:
				t.Errorf("row %d has the heading %d", digit, n)
			case i > 0:
				sum += n
			}
			if i == digit+1 {
				correct += n
			}
		}
	}
	if sum != tests {
		t.Errorf("the matrix sums to %d, want %d", sum, tests)
	}
	mustContain(t, out, fmt.Sprintf("(%d of %d test images)", correct, tests))
	for line := range strings.Lines(matrix) {
		if utf8.RuneCountInString(line) > 81 {
			t.Errorf("wider than 80 columns: %q", line)
		}
	}
}

func TestTrainsOnTheFilesInAFolder(t *testing.T) {
	network := transport(func(r *http.Request) (*http.Response, error) {
		t.Errorf("requests %v, although all files exist", r.URL)
		return nil, errors.New("unplugged")
	})
	dir := folder(t)
	for _, cost := range []string{"quadratic", "crossentropy"} {
		t.Setenv("MNIST_DIR", t.TempDir())
		code, out, err := start(t.Context(), network, "-data", dir, "-epochs", "2", "-cost", cost)
		if code != 0 || err != "" {
			t.Fatalf("exit %d: %s", code, err)
		}
		mustContain(t, out, "Training: 400 images, 13002 parameters\n", "epoch 1 of 2 ", " training cost ", " test accuracy ", " s\n", "epoch 2 of 2 ")
		mustReport(t, out, "", 150)
		if strings.ContainsAny(out, "\r\x1b") {
			t.Errorf("control characters outside a terminal: %q", out)
		}

		t.Setenv("MNIST_DIR", dir)
		if code, again, err := start(t.Context(), network, "-epochs", "2", "-cost", cost); code != 0 || accuracy(again) != accuracy(out) {
			t.Errorf("from MNIST_DIR: exit %d, %s, want %s; %s", code, accuracy(again), accuracy(out), err)
		}
	}
}

// accuracy returns the line of the report with the accuracy.
func accuracy(out string) string {
	_, line, _ := strings.Cut(out, "\nAccuracy")
	line, _, _ = strings.Cut(line, "\n")
	return line
}

func TestWithoutMNISTTrainsOnSyntheticDigits(t *testing.T) {
	for _, test := range []struct {
		name    string
		network transport
		notice  string
	}{
		{"unplugged", unplugged, "no network connection: dial: unplugged"},
		{"untrusted", func(*http.Request) (*http.Response, error) {
			return nil, &tls.CertificateVerificationError{Err: errors.New("who is this?")}
		}, "the download failed: "},
		{"not found", func(*http.Request) (*http.Response, error) { return respond(404, http.NoBody), nil }, "404 Not Found"},
		{"wrong bytes", func(*http.Request) (*http.Response, error) { return respond(200, strings.NewReader("wrong")), nil }, "SHA-256"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("MNIST_DIR", dir)
			code, out, err := start(t.Context(), test.network, "-epochs", "1")
			if code != 0 || err != "" {
				t.Fatalf("exit %d: %s", code, err)
			}
			notices := 0
			for line := range strings.Lines(out) {
				if strings.Contains(line, test.notice) {
					notices++
					mustContain(t, line, "No MNIST (", "training on synthetic digits instead\n")
				}
			}
			if notices != 1 || strings.Contains(out, "no network") != strings.Contains(test.notice, "no network") {
				t.Errorf("want one line with %q:\n%s", test.notice, out)
			}
			mustContain(t, out, "To train on MNIST, copy its four files to "+dir, "MNIST_DIR", "Training on synthetic digits: 300 images")
			mustReport(t, out, " on synthetic digits", 30)
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("left in the folder: %v", left)
			}
		})
	}
}

// A drip is a body that sends a few bytes at a time, with a pause before them.
type drip struct {
	ctx         context.Context
	left, bytes int // how often it sends, and how much each time
	pause       time.Duration
}

func (d *drip) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	select {
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	case <-time.After(d.pause):
		d.left--
		return copy(p, strings.Repeat(".", d.bytes)), nil
	}
}

// A silent body sends nothing until the request is cancelled.
type silent struct{ ctx context.Context }

func (s *silent) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, context.Cause(s.ctx)
}

// In a bubble of synctest the clock is fake, so the test does not wait.
func TestSilentMirrorIsGivenUpAndASlowOneIsNot(t *testing.T) {
	t.Setenv("MNIST_DIR", t.TempDir())
	for _, test := range []struct {
		name     string
		network  transport
		notice   string
		min, max time.Duration
	}{
		{"nobody answers", func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, context.Cause(r.Context())
		}, "no network connection: no answer for 4s", 0, 9 * time.Second},
		{"an answer without a byte", func(r *http.Request) (*http.Response, error) {
			return respond(200, &silent{r.Context()}), nil
		}, "the download failed: ", 0, 9 * time.Second},
		{"a byte every three seconds", func(r *http.Request) (*http.Response, error) {
			return respond(200, &drip{r.Context(), 20, 1, 3 * time.Second}), nil
		}, "fewer than 4096 bytes in 5s", 10 * time.Second, 11 * time.Second},
		{"slow but alive", func(r *http.Request) (*http.Response, error) {
			return respond(200, &drip{r.Context(), 600, 200, time.Second / 10}), nil
		}, "SHA-256", 120 * time.Second, 121 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				from := time.Now()
				code, out, err := start(t.Context(), test.network, "-epochs", "1")
				if code != 0 || err != "" {
					t.Fatalf("exit %d: %s", code, err)
				}
				mustContain(t, out, test.notice, "training on synthetic digits instead\n", "Accuracy on synthetic digits")
				if took := time.Since(from); took < test.min || took > test.max {
					t.Errorf("took %v, want %v to %v", took, test.min, test.max)
				}
			})
		})
	}
}

func TestFetchSaysWhereTheFilesAre(t *testing.T) {
	dir := folder(t)
	for _, args := range [][]string{{"-fetch"}, {"-fetch", "-data", dir}} {
		t.Setenv("MNIST_DIR", dir)
		code, out, err := start(t.Context(), unplugged, args...)
		if want := "MNIST: 400 training and 150 test images in " + dir + "\n"; code != 0 || err != "" || out != want {
			t.Errorf("%v: exit %d, stdout %q, stderr %q, want 0 and %q", args, code, out, err, want)
		}
	}
}

func TestFetchThatFailsIsAnError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	for _, args := range [][]string{{"-fetch"}, {"-fetch", "-data", dir}, {"-data", dir}} {
		t.Setenv("MNIST_DIR", dir)
		code, out, err := start(t.Context(), unplugged, args...)
		if code != 1 || strings.Contains(out, "synthetic") || strings.Count(err, "\n") != 2 {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", args, code, out, err)
		}
		mustContain(t, err, "mnist: no network connection: dial: unplugged\nCopy ", "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", dir, "MNIST_DIR\n")
	}
}

func TestFailedDownloadLeavesNoEmptyFolder(t *testing.T) {
	there := t.TempDir()
	for _, dir := range []string{there, filepath.Join(there, "new", "folder")} {
		t.Setenv("MNIST_DIR", dir)
		start(t.Context(), unplugged, "-fetch")
		if left, err := os.ReadDir(there); err != nil || len(left) > 0 {
			t.Errorf("into %s: left %v, error %v", dir, left, err)
		}
	}
}

func TestFetchWithoutACacheFolderNeedsData(t *testing.T) {
	for _, name := range []string{"MNIST_DIR", "HOME", "XDG_CACHE_HOME", "LocalAppData", "home"} {
		t.Setenv(name, "")
	}
	if code, _, err := start(t.Context(), unplugged, "-fetch"); code != 1 || !strings.Contains(err, "-data") {
		t.Errorf("exit %d: %q, want 1 and -data", code, err)
	}
}

func TestInterruptedDownloadExitsWith130(t *testing.T) {
	t.Setenv("MNIST_DIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	network := transport(func(r *http.Request) (*http.Response, error) {
		cancel()
		return nil, r.Context().Err()
	})
	code, out, err := start(ctx, network)
	if code != 130 || err != "mnist: stopped during the download of MNIST\n" {
		t.Errorf("exit %d: %q, want 130", code, err)
	}
	if strings.Contains(out, "raining") || strings.Contains(out, "synthetic") {
		t.Errorf("goes on: %s", out)
	}
}

// A trigger is a writer that calls act when text is written.
type trigger struct {
	bytes.Buffer
	text string
	act  func()
}

func (w *trigger) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(w.text)) {
		w.act()
	}
	return w.Buffer.Write(p)
}

func TestInterruptedTrainingStillReports(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &trigger{text: "epoch  2 of 30", act: cancel}
	var err bytes.Buffer
	if code := run(ctx, []string{"-data", folder(t)}, out, &err, unplugged, 300); code != 0 || err.Len() > 0 {
		t.Fatalf("exit %d: %s", code, &err)
	}
	mustContain(t, out.String(), "epoch  1 of 30", "epoch  2 of 30", "Stopped after epoch 2 of 30.\n", "(mean of 2)")
	mustReport(t, out.String(), "", 150)
	if strings.Contains(out.String(), "epoch  3") {
		t.Errorf("goes on:\n%s", out)
	}
}

// mustDraw fails unless the folder has the five pictures and out names them.
func mustDraw(t *testing.T, dir, out string) {
	t.Helper()
	for _, name := range []string{"weights.png", "network.png", "confusion.png", "curve.png", "distorted.png"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if size := img.Bounds().Size(); size.X < 500 || size.X > 1000 || size.Y < 500 || size.Y > 1000 {
			t.Errorf("%s has %v pixels, want 500 to 1000 each way", name, size)
		}
		mustContain(t, out, "\nPicture: "+filepath.Join(dir, name)+", ")
	}
}

func TestPicturesAndNetworkAreWritten(t *testing.T) {
	t.Setenv("MNIST_DIR", t.TempDir())
	for _, epochs := range []string{"1", "12"} {
		dir := filepath.Join(t.TempDir(), "new", "folder")
		file := filepath.Join(t.TempDir(), "digits.safetensors")
		code, out, err := start(t.Context(), unplugged, "-epochs", epochs, "-pictures", dir, "-save", file)
		if code != 0 || err != "" {
			t.Fatalf("exit %d: %s", code, err)
		}
		report, _, _ := strings.Cut(out, "\nNetwork")
		mustReport(t, report, " on synthetic digits", 30)
		mustDraw(t, dir, out)
		mustContain(t, out, "\nNetwork on synthetic digits saved to "+file+"\n")
		if info, err := os.Stat(file); err != nil || info.Size() == 0 {
			t.Errorf("the saved file: %v, %v", info, err)
		}
	}
}

func TestValidationReportsOnImagesHeldBack(t *testing.T) {
	t.Setenv("MNIST_DIR", t.TempDir())
	code, out, err := start(t.Context(), unplugged, "-epochs", "2", "-distort", "1", "-cost", "crossentropy", "-rate", "0.5", "-fall", "-validate")
	if code != 0 || err != "" {
		t.Fatalf("exit %d: %s", code, err)
	}
	mustContain(t, out, "Training on synthetic digits: 250 images", "validation accuracy", "of 50 validation images)")
}

func TestGivenFlagsOverrideTheRecipes(t *testing.T) {
	o, err := parse(strings.Fields("-best -epochs 7"), io.Discard)
	if err != nil || o.epochs != 7 || o.cost != nn.CrossEntropy || !o.fall || o.distort == 0 || o.decay == 0 {
		t.Errorf("%+v, %v", o, err)
	}
	o, err = parse(strings.Fields("-rate 1 -plain"), io.Discard)
	if err != nil || o.rate != 1 || o.cost != nn.Quadratic || o.fall || o.distort != 0 || o.decay != 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestOneLineSaysWhichRecipeRuns(t *testing.T) {
	dir := folder(t)
	for args, want := range map[string]string{
		"":               "cross-entropy, rate 0.5 falling to 0, decay 0.0001, mini-batches of 10",
		"-plain":         "quadratic cost, rate 3, mini-batches of 10",
		"-best":          "cross-entropy, rate 0.5 falling to 0, decay 2e-05, distortion 0.7, mini-batches of 10",
		"-fall=0":        "cross-entropy, rate 0.5, decay 0.0001, mini-batches of 10",
		"-plain -rate 1": "quadratic cost, rate 1, mini-batches of 10",
	} {
		_, out, _ := start(t.Context(), unplugged, append(strings.Fields(args), "-data", dir, "-epochs", "1")...)
		if n := strings.Count(out, "\nRecipe: "+want+"\n"); n != 1 {
			t.Errorf("%q: %d lines with the recipe %s, want one:\n%s", args, n, want, out)
		}
	}
}

func TestPicturesAndNetworkAreWrittenAfterInterruption(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir := t.TempDir()
	file := filepath.Join(dir, "digits.safetensors")
	out := &trigger{text: "epoch  2 of 30", act: cancel}
	var err bytes.Buffer
	if code := run(ctx, []string{"-data", folder(t), "-pictures", dir, "-save", file}, out, &err, unplugged, 300); code != 0 || err.Len() > 0 {
		t.Fatalf("exit %d: %s", code, &err)
	}
	mustDraw(t, dir, out.String())
	mustContain(t, out.String(), "Stopped after epoch 2 of 30.\n", "saved to "+file+"\n")
}

func TestUnwritablePathIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	blocked := filepath.Join(file, "inside")
	for _, flag := range []string{"-pictures", "-save"} {
		code, _, err := start(t.Context(), unplugged, "-data", folder(t), "-epochs", "1", flag, blocked)
		if code != 1 || !strings.HasPrefix(err, "mnist: ") || strings.Count(err, "\n") != 1 {
			t.Errorf("%s: exit %d: %q, want 1 and one line", flag, code, err)
		}
	}
}

func TestTickIsTheSmallestRoundStep(t *testing.T) {
	for _, c := range []struct {
		span  float64
		parts int
		want  float64
	}{{30, 10, 5}, {10, 10, 1}, {0.09, 5, 0.02}, {3.2, 5, 1}, {1000, 10, 100}, {7, 5, 2}} {
		if got := tick(c.span, c.parts); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("a span of %v in at most %d parts: %v, want %v", c.span, c.parts, got, c.want)
		}
	}
}

func TestWrongFlagsAreReportedInOneLine(t *testing.T) {
	t.Setenv("MNIST_DIR", t.TempDir())
	for _, test := range []struct{ args, message string }{
		{"-batch 0", "-batch is 0"},
		{"-batch -5", "-batch is -5"},
		{"-epochs 0", "-epochs is 0"},
		{"-epochs x", "-epochs"},
		{"-rate 0", "-rate is 0, need a finite number above 0"},
		{"-rate -1", "-rate is -1, need a finite number above 0"},
		{"-rate NaN", "-rate is NaN"},
		{"-rate +Inf", "-rate is +Inf"},
		{"-decay -1", "-decay is -1"},
		{"-distort 2.5", "-distort is 2.5"},
		{"-distort NaN", "-distort is NaN"},
		{"-cost hinge", `-cost is "hinge"`},
		{"-plain -best", "-plain and -best"},
		{"-seed -1", "-seed"},
		{"-speed 3", "-speed"},
		{"30", `"30"`},
	} {
		code, out, err := start(t.Context(), unplugged, strings.Fields(test.args)...)
		if code != 2 || out != "" || !strings.HasPrefix(err, "mnist: ") || !strings.Contains(err, test.message) || strings.Count(err, "\n") != 1 {
			t.Errorf("%s: exit %d, stdout %q, stderr %q, want 2 and one line with %q", test.args, code, out, err, test.message)
		}
	}
}

func TestHelpListsAllFlags(t *testing.T) {
	code, out, err := start(t.Context(), unplugged, "-h")
	if code != 0 || err != "" {
		t.Errorf("-h: exit %d: %s", code, err)
	}
	mustContain(t, out, "Usage: mnist [flags]\n", "-batch", "-best", "-cost", "-data", "-decay", "-distort", "-epochs", "-fall", "-fetch", "-pictures", "-plain", "-rate", "-save", "-seed", "-validate")
}

func TestBrokenFileIsAnErrorWithItsName(t *testing.T) {
	dir := folder(t)
	name := filepath.Join(dir, "t10k-images-idx3-ubyte")
	if err := os.Truncate(name, 1000); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-data", dir}, {"-fetch", "-data", dir}} {
		code, out, err := start(t.Context(), unplugged, args...)
		if code != 1 || out != "" || strings.Count(err, "\n") != 1 {
			t.Errorf("%v: exit %d, stdout %q, stderr %q, want 1 and one line", args, code, out, err)
		}
		mustContain(t, err, name, "remove it and run mnist -fetch")
	}
}

func TestNoSyntheticDigitsInPlaceOfTheDataFolder(t *testing.T) {
	code, stdout, stderr := start(t.Context(), unplugged, "-data", t.TempDir())
	if code != 1 || strings.Contains(stdout, "synthetic") {
		t.Errorf("exit status %d, printed:\n%s", code, stdout)
	}
	mustContain(t, stderr, "no network")
}

func TestNoDownloadIntoAFolderOfAnotherDataSet(t *testing.T) {
	dir := folder(t)
	os.Remove(filepath.Join(dir, "t10k-labels-idx1-ubyte"))
	t.Setenv("MNIST_DIR", dir)
	code, stdout, stderr := start(t.Context(), unplugged)
	if code != 1 || strings.Contains(stdout, "synthetic") {
		t.Errorf("exit status %d, printed:\n%s", code, stdout)
	}
	mustContain(t, stderr, "train-images-idx3-ubyte", "already exists")
}

func TestDivergenceIsAnError(t *testing.T) {
	code, _, err := start(t.Context(), unplugged, "-data", folder(t), "-rate", "1.7e308", "-batch", "1", "-cost", "crossentropy")
	if code != 1 || !strings.HasPrefix(err, "mnist: epoch ") || !strings.Contains(err, "the cost is") {
		t.Errorf("exit %d: %q, want 1 and a cost that is not a number", code, err)
	}
}

// An HTTP server in the test serves the published files from a folder.
func TestDownloadIsKeptForTheNextRun(t *testing.T) {
	const first = "train-images-idx3-ubyte.gz"
	source := os.Getenv("MNIST_DIR")
	if source == "" {
		source = "../../../shared/mnist"
	}
	if _, err := os.Stat(filepath.Join(source, first)); err != nil {
		t.Skipf("no MNIST to serve in %s; set MNIST_DIR to a folder that holds it", source)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(source)))
	defer server.Close()
	network := transport(func(r *http.Request) (*http.Response, error) {
		address, err := url.Parse(server.URL + "/" + path.Base(r.URL.Path))
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.URL, r.Host = address, address.Host
		return server.Client().Transport.RoundTrip(r)
	})

	dir := filepath.Join(t.TempDir(), "new")
	t.Setenv("MNIST_DIR", dir)
	code, out, err := start(t.Context(), network, "-epochs", "1")
	if code != 0 || err != "" {
		t.Fatalf("exit %d: %s", code, err)
	}
	mustContain(t, out, "No MNIST found: downloading it", first+"   9913 of 9913 kB\n", "Training: 60000 images")
	mustReport(t, out, "", 10_000)
	if _, err := os.Stat(filepath.Join(dir, first)); err != nil {
		t.Error(err)
	}
	if code, out, err := start(t.Context(), unplugged, "-fetch"); code != 0 || !strings.Contains(out, "60000 training and 10000 test images in "+dir) {
		t.Errorf("-fetch: exit %d, stdout %q, stderr %q", code, out, err)
	}
	if code, again, _ := start(t.Context(), unplugged, "-epochs", "1"); code != 0 || accuracy(again) != accuracy(out) {
		t.Errorf("from the downloaded files: exit %d, %s, want %s", code, accuracy(again), accuracy(out))
	}
}

func TestProgressOverwritesItsRowInATerminalOnly(t *testing.T) {
	show := func(terminal bool) string {
		var b strings.Builder
		s := &screen{w: &b, terminal: terminal}
		s.progress(false, "asking")
		s.progress(true, "half")
		s.line("so far")
		s.progress(true, "all")
		s.keep()
		s.keep()
		return b.String()
	}
	if got, want := show(false), "half\nso far\nall\n"; got != want {
		t.Errorf("in a pipe: %q, want %q", got, want)
	}
	if got, want := show(true), "\rasking\x1b[K\rhalf\x1b[K\r\x1b[Kso far\n\rall\x1b[K\n"; got != want {
		t.Errorf("in a terminal: %q, want %q", got, want)
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if newScreen(file).terminal {
		t.Error("a file counts as a terminal")
	}
}

func TestDigitIsDrawnAroundItsMiddle(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 7, 5))
	for _, p := range [][2]int{{3, 1}, {4, 1}, {4, 2}, {6, 2}, {6, 3}, {5, 4}} {
		img.Pix[p[1]*img.Stride+p[0]] = 200
	}
	img.Pix[0] = 90 // not lit beside 200
	want := []string{
		"       ▄▄          ",
		"        ▀ █        ",
		"         ▀         ",
	}
	if got := halfBlocks(img); !slices.Equal(got, want) {
		t.Errorf("drawn as %q, want %q", got, want)
	}
	blank := strings.Repeat(" ", 19)
	if got := halfBlocks(image.NewGray(image.Rect(0, 0, 3, 3))); !slices.Equal(got, []string{blank, blank}) {
		t.Errorf("an empty image is drawn as %q", got)
	}
}
