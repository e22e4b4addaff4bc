//go:build !js

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// serveStatic builds the page for a web server, with the README's commands, and
// serves it as plain files.
func serveStatic(t *testing.T) string {
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
	server := httptest.NewServer(http.FileServer(http.Dir(folder)))
	t.Cleanup(server.Close)
	return server.URL
}

func TestTheStaticPageAnswersAsTheServerDoes(t *testing.T) {
	b := openBrowser(t)
	url, loads := serveStatic(t), b.loads
	b.call("Page.navigate", map[string]any{"url": url + "/icon.svg"}, nil)
	for b.loads == loads {
		b.receive()
	}
	c, number := newCore(synthetic), 0
	eval[bool](b, `(worker = new Worker("worker.js"), broken = new Promise((_, fail) => worker.onerror = fail), true)`)
	both := func(path, question string) (here, there string) {
		number++
		status, kind, answer := c.handle("", path, []byte(question))
		there = eval[string](b, fmt.Sprintf(`Promise.race([broken, new Promise(done => {
			worker.onmessage = ({ data: [number, status, kind, answer] }) => done([number, status, kind, new TextDecoder().decode(answer)].join(" "));
			worker.postMessage([%d, %q, %s]);
		})])`, number, path, encode(question)))
		return fmt.Sprintf("%d %d %s %s", number, status, kind, answer), there
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
	for _, asked := range b.urls {
		if !strings.HasPrefix(asked, url) {
			t.Errorf("the page asks for %s", asked)
		}
	}
}
