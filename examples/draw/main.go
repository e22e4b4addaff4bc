//go:build !js

// Draw serves a page to experiment on. The network reads the digits that are
// drawn there. The page explains its neurons, changes its weights, and trains a
// fresh network step by step:
//
//	draw [-port 8784]
//
// In a clone of the repository it is go run ./examples/draw.
//
// The program prints the page's address, which only this computer can open.
// Ctrl-C ends it. The page only draws: core.go answers what it asks for. This
// file puts HTTP around it, and wasm.go a Worker, for a page without a server.
// MNIST is read from where nn.LoadMNIST("") looks for it; run ./examples/mnist
// once to download it. Without it, the digits to learn from are synthetic.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path"
	"strconv"
	"strings"
	"sync"
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
		fmt.Fprintln(stdout, "Usage: draw [flags]")
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
	data := sync.OnceValue(func() dataset { return load(stderr) })
	go data() // the page is there before it ends
	server := &http.Server{
		Handler:           newServer(newCore(data)),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
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
	return synthetic()
}

//go:embed page
var page embed.FS

const maxBody = 256 << 10 // a network of 13,002 float64 takes 104 KB

// newServer returns the handler of all requests: the page's files, and what the
// core answers.
func newServer(c *core) http.Handler {
	mux := http.NewServeMux() // answers 404 to other paths and 405 to other methods
	files, err := page.ReadDir("page")
	if err != nil {
		panic(err)
	}
	for _, f := range files {
		mux.HandleFunc("GET /"+strings.Replace(f.Name(), "index.html", "{$}", 1), file(f.Name()))
	}
	for path := range requests {
		mux.HandleFunc("POST /"+path, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
			if err != nil {
				http.Error(w, fmt.Sprintf("%v, need at most %d bytes", err, maxBody), http.StatusRequestEntityTooLarge)
				return
			}
			status, kind, answer := c.handle(r.Header.Get("Visitor"), path, body)
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			w.Write(answer)
		})
	}
	return guard(mux)
}

// file answers with one of the embedded files. A browser that has it already
// gets only its ETag. An attribute of the html element tells the page that it
// has a server to ask.
func file(name string) http.HandlerFunc {
	b, err := page.ReadFile("page/" + name)
	if err != nil {
		panic(err)
	}
	b = bytes.Replace(b, []byte("<html "), []byte("<html data-server "), 1)
	etag := fmt.Sprintf(`"%x"`, sha256.Sum256(b))
	kind := map[string]string{".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}[path.Ext(name)]
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind+"; charset=utf-8")
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(b))
	}
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
