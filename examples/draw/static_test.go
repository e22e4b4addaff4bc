//go:build !js

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nn13002/nn"
)

// staticPage builds the page for a web server, with the README's commands, and
// returns its folder.
func staticPage(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no shell here")
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)(^    .*\n)*^    .*draw\.wasm.*\n`).FindString(string(readme))
	folder := t.TempDir()
	build := exec.Command("sh", "-ec", regexp.MustCompile(`\bsite\b`).ReplaceAllLiteralString(commands, folder))
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil || commands == "" {
		t.Fatalf("%s: %v\n%s", commands, err, out)
	}
	return folder
}

// serveFiles serves a folder as plain files, below the top of a server.
func serveFiles(t *testing.T, folder string) string {
	server := httptest.NewServer(http.StripPrefix("/folder", http.FileServer(http.Dir(folder))))
	t.Cleanup(server.Close)
	return server.URL + "/folder/"
}

func serveStatic(t *testing.T) string { t.Helper(); return serveFiles(t, staticPage(t)) }

// A worker asks the program that runs in a browser.
type worker struct {
	*browser
	number int
}

// startWorker starts the program of a static page.
func startWorker(t *testing.T, url string) *worker {
	t.Helper()
	b := openBrowser(t)
	loads := b.loads
	b.call("Page.navigate", map[string]any{"url": url + "icon.svg"}, nil)
	for b.loads == loads {
		b.receive()
	}
	eval[bool](b, `(worker = new Worker("worker.js"), broken = new Promise((_, fail) => worker.onerror = fail), true)`)
	return &worker{browser: b}
}

// ask returns the number of a question, the status, the kind and the answer.
func (w *worker) ask(path, question string) string {
	w.Helper()
	w.number++
	return eval[string](w.browser, fmt.Sprintf(`Promise.race([broken, new Promise(done => {
		worker.onmessage = ({ data: [number, status, kind, answer] }) => done([number, status, kind, new TextDecoder().decode(answer)].join(" "));
		worker.postMessage([%d, %q, %s]);
	})])`, w.number, path, encode(question)))
}

func TestTheStaticPageAnswersAsTheServerDoes(t *testing.T) {
	w, c := startWorker(t, serveStatic(t)), newCore(synthetic)
	both := func(path, question string) (here, there string) {
		there = w.ask(path, question)
		status, kind, answer := c.handle("", path, []byte(question))
		return fmt.Sprintf("%d %d %s %s", w.number, status, kind, answer), there
	}
	for _, q := range [][2]string{
		{"network", `{}`}, {"data", `{}`}, {"digits", `{"indices":[3,5]}`}, {"nowhere", `{}`}, {"read", `{`}, {"load", `no network`},
		{"step", `{"rate":3,"batch":10,"cost":"quadratic","steps":10}`},
	} {
		if here, there := both(q[0], q[1]); here != there {
			t.Errorf("%s: %.200q, want %.200q", q[0], there, here)
		}
	}
	here, there := both("read", string(drawn))
	var want, got reading
	json.Unmarshal([]byte(here[strings.Index(here, "{"):]), &want)
	json.Unmarshal([]byte(there[strings.Index(there, "{"):]), &got)
	for _, r := range []reading{want, got} {
		mustBeWhole(t, r)
		if r.Digit != 0 || !near(r.Certainty, want.Certainty, 1e-9) { // processors may round differently
			t.Errorf("a ring is read as %d with %v, want 0 with %v", r.Digit, r.Certainty, want.Certainty)
		}
	}
}

func TestTheStaticPageUsesMNISTBesideIt(t *testing.T) {
	folder := staticPage(t)
	write := func(name string, shape []int, data []byte) {
		t.Helper()
		var file bytes.Buffer
		packer := gzip.NewWriter(&file)
		header := []byte{0, 0, 8, byte(len(shape))} // an IDX file of unsigned bytes
		for _, dim := range shape {
			header = binary.BigEndian.AppendUint32(header, uint32(dim))
		}
		packer.Write(append(header, data...))
		if err := errors.Join(packer.Close(), os.WriteFile(filepath.Join(folder, name), file.Bytes(), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	for name, set := range map[string]*nn.Images{"train": digits().train, "t10k": digits().test} {
		var pixels []byte
		for i := range set.Len() {
			pixels = append(pixels, set.Image(i).Pix...)
		}
		write(name+"-images-idx3-ubyte.gz", []int{set.Len(), 28, 28}, pixels)
		write(name+"-labels-idx1-ubyte.gz", []int{set.Len()}, set.Labels)
	}
	w := startWorker(t, serveFiles(t, folder))
	if got, want := w.ask("data", `{}`), `1 200 application/json {"name":"MNIST","training":1000,"tests":200}`; got != want {
		t.Errorf("data: %s, want %s", got, want)
	}
	_, _, want := newCore(digits).handle("", "digits", []byte(`{"indices":[0,199]}`))
	if got := w.ask("digits", `{"indices":[0,199]}`); got != "2 200 application/json "+string(want) {
		t.Errorf("digits: %s, want %s", got, want)
	}
}
