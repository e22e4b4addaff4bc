package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/nn13002/nn"
)

// patience is how long a mirror may take to send its first byte. FetchMNIST
// tries two mirrors, so it takes twice as long to find that there is no network.
// FetchMNIST ends a download that stalls or is very slow.
const patience = 4 * time.Second

// mnistFiles are the names of the four files.
const mnistFiles = "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz"

// mnistFolder returns the folder that data means to nn.LoadMNIST.
func mnistFolder(data string) (string, error) {
	dir := cmp.Or(data, os.Getenv("MNIST_DIR"))
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(cache, "nn", "mnist")
	}
	return filepath.Abs(dir)
}

// download downloads MNIST into a folder. Its error fits on one line. If it
// fails it leaves no empty folder that was not there before.
func download(ctx context.Context, dir string, out *screen, transport http.RoundTripper) error {
	out.line("No MNIST found: downloading it (11.6 MB)")
	var made []string
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = append(made, d)
	}
	m := &mirrors{client: http.Client{Transport: transport}, out: out}
	err := nn.FetchMNIST(ctx, dir, m.get)
	if err == nil {
		return nil
	}
	for _, d := range made {
		os.Remove(d) // only an empty one
	}
	var failed *url.Error
	if errors.As(err, &failed) && !m.reached {
		return fmt.Errorf("no network connection: %w", failed.Err)
	}
	return oneLine{err}
}

// oneLine is an error of a download, on one line.
type oneLine struct{ error }

func (e oneLine) Error() string {
	return "the download failed: " + strings.ReplaceAll(e.error.Error(), "\n", "; ")
}

func (e oneLine) Unwrap() error { return e.error }

// mirrors are the servers that have MNIST.
type mirrors struct {
	client  http.Client
	out     *screen
	reached bool // at least one has answered
}

func (m *mirrors) get(ctx context.Context, address string) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancelCause(ctx) // FetchMNIST cancels the parent when it is done
	alarm := time.AfterFunc(patience, func() { cancel(fmt.Errorf("no answer for %v", patience)) })
	req, err := http.NewRequestWithContext(ctx, "GET", address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Encoding", "identity") // the files stay compressed
	m.out.progress(false, "asking %s for %s", req.Host, path.Base(address))
	resp, err := m.client.Do(req)
	// Any other error came over a network: a certificate that is not trusted, for example.
	m.reached = m.reached || !errors.As(err, new(*net.OpError)) && context.Cause(ctx) == nil
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, errors.New(resp.Status)
	}
	return &body{resp.Body, m.out, alarm, path.Base(address), resp.ContentLength, 0}, nil
}

// A body is a file that is being downloaded. Reading it shows the progress.
type body struct {
	io.ReadCloser
	out        *screen
	alarm      *time.Timer
	name       string
	size, have int64 // in bytes; a size below 0 is unknown
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.alarm.Stop()
	}
	b.have += int64(n)
	of := ""
	if b.size >= 0 {
		of = fmt.Sprintf(" of %d", (b.size+999)/1000)
	}
	b.out.progress(err == io.EOF, "downloading %s   %d%s kB", b.name, (b.have+999)/1000, of)
	return n, err
}
