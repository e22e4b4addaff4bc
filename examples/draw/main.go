// Draw serves a page to draw digits on, which shows how the network reads them.
// The page also trains a fresh network and shows how it learns:
//
//	go run ./examples/draw [-port 8784]
//
// The program prints the page's address, which only this computer can open.
// Ctrl-C ends it. The library computes everything here, in the program; the page
// only draws. MNIST is read from where nn.LoadMNIST("") looks for it; run
// ./examples/mnist once to download it. Without it, the random digits and the
// training examples are synthetic.
package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"mime"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nn13002/nn"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second Ctrl-C is not caught
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("draw", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // a mistake prints one line, not the whole help
	port := flags.Uint("port", 8784, "`number` of the port, 0 for any that is free")
	err := flags.Parse(args)
	switch {
	case err == flag.ErrHelp:
		fmt.Fprintln(stdout, "Usage: go run ./examples/draw [flags]")
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case err == nil && *port > math.MaxUint16:
		err = fmt.Errorf("port %d, need at most 65535", *port)
	}
	if err != nil {
		fmt.Fprintln(stderr, "draw:", err)
		return 2
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		fmt.Fprintln(stderr, "draw:", err)
		return 1
	}
	server := &http.Server{
		Handler:           newServer(load(stderr)),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // Ctrl-C ends the trainings
	}
	fmt.Fprintf(stdout, "http://%s  (Ctrl-C ends it)\n", listener.Addr())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		fmt.Fprintln(stderr, "draw:", err)
		return 1
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if server.Shutdown(last) != nil {
		server.Close() // a browser keeps its connection busy
	}
	return 0
}

// A dataset is what networks learn from. The random digits are from its test set.
type dataset struct {
	name        string // MNIST or synthetic
	train, test *nn.Images
}

// load returns MNIST, or synthetic digits if it is not there.
func load(stderr io.Writer) dataset {
	train, test, err := nn.LoadMNIST("")
	if err == nil && (train.Width != 28 || train.Height != 28 || train.Len() == 0 || test.Len() == 0) {
		err = fmt.Errorf("%d and %d images of %d×%d pixels, need some of 28×28", train.Len(), test.Len(), train.Width, train.Height)
	}
	if err == nil {
		return dataset{"MNIST", train, test}
	}
	if !errors.Is(err, fs.ErrNotExist) { // the files are there, but they are bad
		fmt.Fprintln(stderr, "draw: synthetic digits instead of MNIST:", err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	return dataset{"synthetic", nn.Synthetic(r, 10_000), nn.Synthetic(r, 1000)}
}

const (
	side         = 112 // of a drawing that the page sends, in pixels: four times what the network sees
	maxTrainings = 4   // at once: each can keep all cores busy
)

//go:embed page
var page embed.FS

// A server answers the page's requests, from any number of visitors at once:
// they only read what they share.
type server struct {
	net       *nn.Network
	data      dataset
	network   []byte // the answer to GET /network, always the same
	trainings chan struct{}
}

// newServer returns the handler of all requests. It does not change data.
func newServer(data dataset) http.Handler {
	s := &server{net: nn.Pretrained(), data: data, trainings: make(chan struct{}, maxTrainings)}
	s.network = encode(networkAnswer{
		Data:     data.name,
		Examples: data.train.Len(),
		Tests:    s.tests().Len(),
		First:    quantized(s.net.Layers[0]),
		Weights:  [][][]float64{byNeuron(s.net.Layers[1]), byNeuron(s.net.Layers[2])},
	})
	mux := http.NewServeMux() // answers 404 to other paths and 405 to other methods
	mux.HandleFunc("GET /{$}", file("page/index.html", "text/html; charset=utf-8"))
	mux.HandleFunc("GET /page.css", file("page/page.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /page.js", file("page/page.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /network", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.network) })
	mux.HandleFunc("GET /digit", s.digit)
	mux.HandleFunc("POST /predict", s.predict)
	mux.HandleFunc("POST /train", s.train)
	return guard(mux)
}

// guard refuses what a page of another site could send through the browser of
// this computer. Such a page has an Origin of its own. If its name resolves to
// 127.0.0.1 (DNS rebinding), the Host is that name.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		if !ours(r, r.Host) {
			http.Error(w, "this is not the host of the page", http.StatusForbidden)
			return
		}
		for _, origin := range r.Header.Values("Origin") {
			host, found := strings.CutPrefix(origin, "http://")
			if !found || !ours(r, host) {
				http.Error(w, "a page of another origin asks", http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// ours reports whether host names this computer and the port that the request
// came to.
func ours(r *http.Request, host string) bool {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return false
	}
	if addr.Port == 80 && !strings.Contains(host, ":") { // browsers omit it
		host += ":80"
	}
	port := strconv.Itoa(addr.Port)
	return host == "127.0.0.1:"+port || host == "localhost:"+port
}

// file answers with one of the embedded files.
func file(name, kind string) http.HandlerFunc {
	b, err := page.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Write(b)
	}
}

// encode returns a value as JSON. All values have types of this file and are
// finite, so they can be encoded.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func answer(w http.ResponseWriter, json []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Write(json)
}

// body returns the body of a request. If it is not of the given type or has more
// than most bytes, body answers the request with an error and returns false.
func body(w http.ResponseWriter, r *http.Request, kind string, most int64) ([]byte, bool) {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || got != kind {
		http.Error(w, "need Content-Type "+kind, http.StatusUnsupportedMediaType)
		return nil, false
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		http.Error(w, fmt.Sprintf("need at most %d bytes", most), http.StatusRequestEntityTooLarge)
		return nil, false
	case err != nil:
		http.Error(w, "the body ends early", http.StatusBadRequest)
		return nil, false
	}
	return b, true
}

// A networkAnswer is what the page needs once: the weights of the connections.
type networkAnswer struct {
	Data     string        `json:"data"`
	Examples int           `json:"examples"`
	Tests    int           `json:"tests"`
	First    []byte        `json:"first"`   // of the first layer, quantized, in base64
	Weights  [][][]float64 `json:"weights"` // of the other layers, one row a neuron
}

// quantized returns the weights of a layer as bytes, neuron by neuron. 128 stands
// for 0; 1 and 255 stand for the 99th percentile of the absolute weights and
// everything beyond it, as in Layer.Picture.
func quantized(l *nn.Layer) []byte {
	w := l.Weights
	sizes := make([]float64, len(w.Data))
	for k, x := range w.Data {
		sizes[k] = math.Abs(x)
	}
	slices.Sort(sizes)
	full := max(math.SmallestNonzeroFloat64, sizes[(99*len(sizes)+99)/100-1])
	b := make([]byte, len(w.Data))
	for k, x := range w.Data {
		b[k%w.Cols*w.Rows+k/w.Cols] = byte(128 + math.Round(127*max(-1, min(1, x/full))))
	}
	return b
}

// byNeuron returns the weights of a layer, one row a neuron.
func byNeuron(l *nn.Layer) [][]float64 {
	rows := make([][]float64, l.Weights.Cols)
	for k, x := range l.Weights.Data {
		rows[k%len(rows)] = append(rows[k%len(rows)], rounded(x))
	}
	return rows
}

// rounded rounds to the digits that can be seen.
func rounded(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// A prediction is the network's answer to a drawing.
type prediction struct {
	Ink         bool        `json:"ink"`
	Digit       int         `json:"digit"`
	Pixels      []int       `json:"pixels"`      // 28×28, as the network sees it, 0 to 255
	Activations [][]float64 `json:"activations"` // of the neurons, layer by layer
}

// predict reads a drawing: side×side grey levels, row by row, where 0 is no ink.
func (s *server) predict(w http.ResponseWriter, r *http.Request) {
	b, ok := body(w, r, "application/octet-stream", side*side)
	if !ok {
		return
	}
	if len(b) != side*side {
		http.Error(w, fmt.Sprintf("%d bytes, need %d", len(b), side*side), http.StatusBadRequest)
		return
	}
	p := prediction{Digit: -1, Pixels: []int{}, Activations: [][]float64{}}
	input, ink := nn.FromImage(&image.Gray{Pix: b, Stride: side, Rect: image.Rect(0, 0, side, side)})
	if ink {
		p.Ink, p.Digit = true, s.net.Classify(input)
		for _, v := range input {
			p.Pixels = append(p.Pixels, int(math.Round(255*v)))
		}
		for _, layer := range s.net.Activations(input)[1:] {
			for j, a := range layer {
				layer[j] = rounded(a)
			}
			p.Activations = append(p.Activations, layer)
		}
	}
	answer(w, encode(p))
}

// A digitAnswer is a digit of the test set, white on black.
type digitAnswer struct {
	Digit  int   `json:"digit"`
	Pixels []int `json:"pixels"`
}

func (s *server) digit(w http.ResponseWriter, _ *http.Request) {
	i := rand.IntN(s.data.test.Len())
	d := digitAnswer{Digit: int(s.data.test.Labels[i])}
	for _, v := range s.data.test.Image(i).Pix {
		d.Pixels = append(d.Pixels, int(v))
	}
	answer(w, encode(d))
}

// tests returns the test images for networks in training: enough to see what
// they have learned, and few enough to be evaluated often.
func (s *server) tests() *nn.Images {
	return s.data.test.Slice(0, min(1000, s.data.test.Len()))
}

// A recipe says how to train a network.
type recipe struct {
	Rate   float64 `json:"rate"`
	Batch  int     `json:"batch"`
	Epochs int     `json:"epochs"`
}

// progress is what a visitor sees of a training.
type progress struct {
	Epoch    float64 `json:"epoch"`    // how many times all examples have been seen, with the fraction
	Cost     float64 `json:"cost"`     // of the examples since the last message
	Accuracy float64 `json:"accuracy"` // on the test images
	Neurons  []byte  `json:"neurons,omitempty"`
}

// train trains a fresh network and reports as server-sent events: progress at
// first and after each part of an epoch, and at the end done or failed. It ends
// early if the visitor leaves.
func (s *server) train(w http.ResponseWriter, r *http.Request) {
	b, ok := body(w, r, "application/json", 1024)
	if !ok {
		return
	}
	var c recipe
	if err := json.Unmarshal(b, &c); err != nil {
		http.Error(w, "need rate, batch and epochs as JSON", http.StatusBadRequest)
		return
	}
	if !(0 < c.Rate && c.Rate <= 20) || c.Batch < 1 || c.Batch > 1000 || c.Epochs < 1 || c.Epochs > 30 {
		http.Error(w, "need a rate above 0 and up to 20, a batch of 1 to 1000, and 1 to 30 epochs", http.StatusBadRequest)
		return
	}
	select {
	case s.trainings <- struct{}{}:
		defer func() { <-s.trainings }()
	default:
		w.Header().Set("Retry-After", "10")
		http.Error(w, fmt.Sprintf("%d networks are being trained already: stop one of them, or wait", maxTrainings), http.StatusServiceUnavailable)
		return
	}

	// A training takes longer than other requests. Without this, net/http would
	// think that the visitor has left as soon as the time for reading is over.
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(event string, v any) error {
		control.SetWriteDeadline(time.Now().Add(10 * time.Second)) // for a visitor who does not read
		if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, encode(v)); err != nil {
			return err
		}
		return control.Flush()
	}

	const parts = 20 // of an epoch
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	network := nn.New(random, 28*28, 16, 16, 10)
	sgd := &nn.SGD{Rate: c.Rate, Batch: c.Batch, Rand: random}
	train, tests := s.data.train, s.tests()
	first := network.Evaluate(tests, sgd.Cost)
	if send("progress", progress{0, first.Cost, first.Accuracy(), quantized(network.Layers[0])}) != nil {
		return
	}
	for epoch := range c.Epochs {
		for done, part := range random.Perm(parts) { // Epoch shuffles only within a part
			if r.Context().Err() != nil {
				return
			}
			from, to := part*train.Len()/parts, (part+1)*train.Len()/parts
			if from == to {
				continue
			}
			cost, err := sgd.Epoch(network, train.Slice(from, to))
			if err != nil {
				send("failed", err.Error())
				return
			}
			p := progress{float64(epoch) + float64(done+1)/parts, cost, network.Evaluate(tests, sgd.Cost).Accuracy(), nil}
			if done%5 == 4 { // the weights are most of the bytes
				p.Neurons = quantized(network.Layers[0])
			}
			if send("progress", p) != nil {
				return
			}
		}
	}
	send("done", c.Epochs)
}
