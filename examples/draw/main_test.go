package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nn13002/nn"
)

// digits are few, so that a training is short.
var digits = sync.OnceValue(func() dataset {
	r := rand.New(rand.NewPCG(1, 2))
	return dataset{"synthetic", nn.Synthetic(r, 1000), nn.Synthetic(r, 200)}
})

func serve(t testing.TB) string {
	server := httptest.NewServer(newServer(digits()))
	t.Cleanup(server.Close)
	return server.URL
}

// ask makes a request, with headers given in pairs, and returns the answer and
// its body. A header Host sets the host.
func ask(t testing.TB, method, url string, content []byte, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(b)
}

const (
	bytesType = "application/octet-stream"
	jsonType  = "application/json"
)

// drawing returns what the page would send for ink wherever the function is true.
// x and y go from 0 to 280, as on the page.
func drawing(ink func(x, y float64) bool) []byte {
	b := make([]byte, side*side)
	for i := range b {
		if ink(280./side*float64(i%side), 280./side*float64(i/side)) {
			b[i] = 255
		}
	}
	return b
}

var ring = drawing(func(x, y float64) bool {
	d := math.Hypot((x-140)/0.8, y-140)
	return 80 < d && d < 105
})

func TestServesThePage(t *testing.T) {
	url, total := serve(t), 0
	for path, kind := range map[string]string{
		"/":         "text/html; charset=utf-8",
		"/page.css": "text/css; charset=utf-8",
		"/page.js":  "text/javascript; charset=utf-8",
	} {
		answer, text := ask(t, "GET", url+path, nil)
		total += len(text)
		if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != kind {
			t.Errorf("%s: %s, %s", path, answer.Status, answer.Header.Get("Content-Type"))
		}
		if csp := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'self';") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: Content-Security-Policy %q", path, csp)
		}
		if answer.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s may be sniffed", path)
		}
	}
	if total > 60_000 {
		t.Errorf("the page is %d bytes, want at most 60,000", total)
	}
	if answer, _ := ask(t, "GET", url+"/favicon.ico", nil); answer.StatusCode != 204 {
		t.Errorf("favicon: %s", answer.Status)
	}
}

func TestPageRefersToNothingOutside(t *testing.T) {
	url := serve(t)
	outside := regexp.MustCompile(`https?:|\bwss?:|["'(=]//|@import|url\(|import\(|eval\(|innerHTML|<style|<script>|\sstyle=|\son\w+=|data:[a-z]`)
	for _, path := range []string{"/", "/page.css", "/page.js"} {
		_, text := ask(t, "GET", url+path, nil)
		if found := outside.FindString(text); found != "" {
			t.Errorf("%s contains %q", path, found)
		}
	}
}

// TestTextCanBeRead computes the contrasts that WCAG 2.2 asks for at level AA:
// 4.5 for text, 3 for edges and lines.
func TestTextCanBeRead(t *testing.T) {
	_, style := ask(t, "GET", serve(t)+"/page.css", nil)
	themes := strings.SplitN(style, "@media (prefers-color-scheme: dark)", 2)
	if len(themes) != 2 {
		t.Fatal("no dark theme")
	}
	for i, theme := range themes {
		luminance := func(name string) float64 {
			m := regexp.MustCompile(`--` + name + `: #(\w\w)(\w\w)(\w\w);`).FindStringSubmatch(theme)
			if m == nil {
				t.Fatalf("theme %d has no colour %s", i, name)
			}
			sum := 0.0
			for k, share := range []float64{0.2126, 0.7152, 0.0722} {
				v, _ := strconv.ParseUint(m[k+1], 16, 8)
				c := float64(v) / 255
				if c <= 0.04045 {
					sum += share * c / 12.92
				} else {
					sum += share * math.Pow((c+0.055)/1.055, 2.4)
				}
			}
			return sum
		}
		for pair, need := range map[[2]string]float64{
			{"text", "card"}: 4.5, {"text", "ground"}: 4.5, {"soft", "card"}: 4.5, {"soft", "ground"}: 4.5,
			{"accent", "card"}: 4.5, {"on-accent", "accent"}: 4.5,
			{"edge", "card"}: 3, {"accent", "ground"}: 3, {"plus", "card"}: 3, {"minus", "card"}: 3,
		} {
			a, b := luminance(pair[0]), luminance(pair[1])
			if contrast := (max(a, b) + 0.05) / (min(a, b) + 0.05); contrast < need {
				t.Errorf("theme %d: contrast of %s and %s is %.2f, want %.1f", i, pair[0], pair[1], contrast, need)
			}
		}
	}
}

func TestRefusesOtherSites(t *testing.T) {
	url := serve(t)
	port := url[strings.LastIndex(url, ":"):]
	for _, path := range []string{"/", "/page.js", "/network", "/digit", "/nowhere"} {
		for _, host := range []string{"example.com", "example.com" + port, "127.0.0.1", "127.0.0.1:1", "localhost", "127.0.0.2" + port, "[::1]" + port, "localhost.example.com" + port} {
			if answer, _ := ask(t, "GET", url+path, nil, "Host", host); answer.StatusCode != 403 {
				t.Errorf("%s with host %s: %s, want 403", path, host, answer.Status)
			}
		}
	}
	for _, origin := range []string{"http://example.com", "https://127.0.0.1" + port, "http://127.0.0.1:1", "null", "127.0.0.1" + port, "http://127.0.0.1" + port + ".example.com"} {
		for _, path := range []string{"/predict", "/train"} {
			if answer, _ := ask(t, "POST", url+path, ring, "Origin", origin, "Content-Type", bytesType); answer.StatusCode != 403 {
				t.Errorf("%s from origin %s: %s, want 403", path, origin, answer.Status)
			}
		}
	}
	for _, host := range []string{"127.0.0.1" + port, "localhost" + port} {
		answer, _ := ask(t, "POST", url+"/predict", ring, "Host", host, "Origin", "http://"+host, "Content-Type", bytesType)
		if answer.StatusCode != 200 {
			t.Errorf("from the page itself at %s: %s", host, answer.Status)
		}
	}
}

func TestRefusesWithoutAddress(t *testing.T) {
	w := httptest.NewRecorder()
	newServer(digits()).ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:8784/", nil))
	if w.Code != 403 {
		t.Errorf("a request that came in nowhere: %d, want 403", w.Code)
	}
}

func TestRefusesOtherMethodsAndPaths(t *testing.T) {
	url := serve(t)
	for path, right := range map[string]string{"/": "GET", "/page.css": "GET", "/page.js": "GET", "/network": "GET", "/digit": "GET", "/predict": "POST", "/train": "POST"} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"} {
			if method == right {
				continue
			}
			if answer, _ := ask(t, method, url+path, nil, "Content-Type", bytesType); answer.StatusCode != 405 {
				t.Errorf("%s %s: %s, want 405", method, path, answer.Status)
			}
		}
	}
	for _, path := range []string{"/main.go", "/page.html", "/predict/", "/../main.go", "/%00"} {
		if answer, _ := ask(t, "GET", url+path, nil); answer.StatusCode != 404 {
			t.Errorf("%s: %s, want 404", path, answer.Status)
		}
	}
}

func TestRefusesBadBodies(t *testing.T) {
	url := serve(t)
	good := `{"rate":3,"batch":10,"epochs":1}`
	for _, c := range []struct {
		path, kind, content string
		want                int
	}{
		{"/predict", "", string(ring), 415},
		{"/predict", "text/plain", string(ring), 415},
		{"/predict", "application/json", string(ring), 415},
		{"/predict", "application/octet-stream; a", string(ring), 415},
		{"/predict", bytesType, string(ring) + "x", 413},
		{"/predict", bytesType, strings.Repeat("x", 10_000_000), 413},
		{"/predict", bytesType, string(ring[1:]), 400},
		{"/predict", bytesType, "", 400},
		{"/train", "", good, 415},
		{"/train", "text/plain", good, 415},
		{"/train", bytesType, good, 415},
		{"/train", jsonType, good + strings.Repeat(" ", 1024), 413},
		{"/train", jsonType, "", 400},
		{"/train", jsonType, "null", 400},
		{"/train", jsonType, "[]", 400},
		{"/train", jsonType, "{}", 400},
		{"/train", jsonType, good + good, 400},
		{"/train", jsonType, good[:20], 400},
		{"/train", jsonType, `{"rate":0,"batch":10,"epochs":1}`, 400},
		{"/train", jsonType, `{"rate":-1,"batch":10,"epochs":1}`, 400},
		{"/train", jsonType, `{"rate":20.001,"batch":10,"epochs":1}`, 400},
		{"/train", jsonType, `{"rate":NaN,"batch":10,"epochs":1}`, 400},
		{"/train", jsonType, `{"rate":"NaN","batch":10,"epochs":1}`, 400},
		{"/train", jsonType, `{"rate":1e999,"batch":10,"epochs":1}`, 400},
		{"/train", jsonType, `{"rate":null,"batch":10,"epochs":1}`, 400},
		{"/train", jsonType, `{"rate":3,"batch":0,"epochs":1}`, 400},
		{"/train", jsonType, `{"rate":3,"batch":1001,"epochs":1}`, 400},
		{"/train", jsonType, `{"rate":3,"batch":1.5,"epochs":1}`, 400},
		{"/train", jsonType, `{"rate":3,"batch":99999999999999999999,"epochs":1}`, 400},
		{"/train", jsonType, `{"rate":3,"batch":10,"epochs":0}`, 400},
		{"/train", jsonType, `{"rate":3,"batch":10,"epochs":31}`, 400},
	} {
		answer, text := ask(t, "POST", url+c.path, []byte(c.content), "Content-Type", c.kind)
		if answer.StatusCode != c.want || strings.Count(text, "\n") != 1 {
			t.Errorf("%s with %s %.50q: %s %q, want %d and one line", c.path, c.kind, c.content, answer.Status, text, c.want)
		}
	}
}

func predictionOf(t *testing.T, url string, content []byte) (p prediction) {
	t.Helper()
	answer, text := ask(t, "POST", url+"/predict", content, "Content-Type", bytesType)
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != jsonType {
		t.Fatalf("%s %s %s", answer.Status, answer.Header.Get("Content-Type"), text)
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestReadsARingAsZero(t *testing.T) {
	p := predictionOf(t, serve(t), ring)
	if !p.Ink || p.Digit != 0 || len(p.Pixels) != 784 || len(p.Activations) != 3 {
		t.Fatalf("ink %v, digit %d, %d pixels, %d layers", p.Ink, p.Digit, len(p.Pixels), len(p.Activations))
	}
	if slices.Min(p.Pixels) != 0 || slices.Max(p.Pixels) != 255 || p.Pixels[14*28+14] > 10 {
		t.Error("the picture is no ring of white on black")
	}
	for l, want := range []int{16, 16, 10} {
		a := p.Activations[l]
		if len(a) != want || slices.Min(a) < 0 || slices.Max(a) > 1 {
			t.Errorf("layer %d: activations %v", l, a)
		}
	}
	if out := p.Activations[2]; out[0] < 0.9 || slices.Max(out) != out[0] {
		t.Errorf("outputs %v, want the first to be the largest", out)
	}
}

func TestReadsAnything(t *testing.T) {
	url := serve(t)
	for name, b := range map[string][]byte{
		"black": drawing(func(x, y float64) bool { return false }),
		"white": drawing(func(x, y float64) bool { return true }),
	} {
		if p := predictionOf(t, url, b); p.Ink || p.Digit != -1 || p.Pixels == nil || p.Activations == nil {
			t.Errorf("%s: %+v, want no ink and no digit", name, p)
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	noise := make([]byte, side*side)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for _, b := range [][]byte{
		noise,
		drawing(func(x, y float64) bool { return x == 0 && y == 0 }),
		drawing(func(x, y float64) bool { return x > 277 }),
		drawing(func(x, y float64) bool { return int(x+y)%2 == 0 }),
		drawing(func(x, y float64) bool { return x > 3 || y > 3 }),
	} {
		if p := predictionOf(t, url, b); p.Ink != (p.Digit >= 0) || p.Ink != (len(p.Pixels) == 784) {
			t.Errorf("%+v", p)
		}
	}
}

func TestShowsTheWeights(t *testing.T) {
	_, text := ask(t, "GET", serve(t)+"/network", nil)
	var n networkAnswer
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	if n.Data != "synthetic" || n.Examples != 1000 || n.Tests != 200 || len(n.First) != 784*16 || len(n.Weights) != 2 {
		t.Fatalf("%s, %d, %d, %d, %d", n.Data, n.Examples, n.Tests, len(n.First), len(n.Weights))
	}
	net := nn.Pretrained()
	for i := range 784 {
		for j, w := range net.Layers[0].Weights.Row(i) {
			b := int(n.First[j*784+i]) - 128
			if b < -127 || b > 127 || (b > 0 && w < 0) || (b < 0 && w > 0) {
				t.Fatalf("weight %v from %d to %d is shown as %d", w, i, j, b)
			}
		}
	}
	for l, rows := range n.Weights {
		w := net.Layers[l+1].Weights
		if len(rows) != w.Cols {
			t.Fatalf("layer %d has %d neurons", l+1, len(rows))
		}
		for j, row := range rows {
			for i, x := range row {
				if len(row) != w.Rows || math.Abs(x-w.Row(i)[j]) > 1e-4 {
					t.Fatalf("layer %d: weight from %d to %d is %v, want %v", l+1, i, j, x, w.Row(i)[j])
				}
			}
		}
	}
}

func TestGivesDigitsOfTheTestSet(t *testing.T) {
	url, test := serve(t), digits().test
	different := map[string]bool{}
	for range 20 {
		_, text := ask(t, "GET", url+"/digit", nil)
		different[text] = true
		var d digitAnswer
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		found := false
		for i, label := range test.Labels {
			found = found || int(label) == d.Digit && slices.EqualFunc(d.Pixels, test.Image(i).Pix, func(a int, b byte) bool { return a == int(b) })
		}
		if !found {
			t.Fatalf("%s is not in the test set", text)
		}
	}
	if len(different) < 2 {
		t.Error("20 random digits are the same")
	}
}

// A stream is a training as a visitor sees it.
type stream struct {
	answer *http.Response
	lines  *bufio.Scanner
}

func startTraining(t *testing.T, ctx context.Context, url, recipe string) stream {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, "POST", url+"/train", strings.NewReader(recipe))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", jsonType)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	return stream{answer, lines}
}

// next returns the next message, or no event at the end.
func (s stream) next() (event, data string) {
	for s.lines.Scan() {
		line := s.lines.Text()
		switch {
		case line == "":
			return event, data
		case strings.HasPrefix(line, "event: "):
			event = line[len("event: "):]
		case strings.HasPrefix(line, "data: "):
			data = line[len("data: "):]
		}
	}
	return "", ""
}

func TestTrains(t *testing.T) {
	s := startTraining(t, t.Context(), serve(t), `{"rate":3,"batch":10,"epochs":10}`)
	if s.answer.StatusCode != 200 || s.answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s %s", s.answer.Status, s.answer.Header.Get("Content-Type"))
	}
	var all []progress
	pictures := map[string]bool{}
	event, data := s.next()
	for ; event == "progress"; event, data = s.next() {
		var p progress
		if err := json.Unmarshal([]byte(data), &p); err != nil {
			t.Fatal(err)
		}
		if want := float64(len(all)) / 20; math.Abs(p.Epoch-want) > 1e-9 {
			t.Fatalf("message %d is of epoch %v", len(all), p.Epoch)
		}
		if p.Neurons != nil {
			if len(p.Neurons) != 784*16 {
				t.Fatalf("neurons of %d bytes", len(p.Neurons))
			}
			pictures[string(p.Neurons)] = true
		}
		all = append(all, p)
	}
	if event != "done" || data != "10" {
		t.Fatalf("the last message is %q %q", event, data)
	}
	if len(all) != 1+10*20 || len(pictures) != 1+10*4 {
		t.Fatalf("%d messages and %d different pictures", len(all), len(pictures))
	}
	first, last := all[0], all[len(all)-1]
	if first.Accuracy > 0.4 || last.Accuracy < 0.8 || last.Cost > first.Cost/2 {
		t.Errorf("accuracy %v to %v, cost %v to %v: it has not learned", first.Accuracy, last.Accuracy, first.Cost, last.Cost)
	}
}

func TestVisitorsTrainNetworksOfTheirOwn(t *testing.T) {
	url := serve(t)
	recipe := `{"rate":3,"batch":10,"epochs":1}`
	_, a := startTraining(t, t.Context(), url, recipe).next()
	_, b := startTraining(t, t.Context(), url, recipe).next()
	if a == "" || a == b {
		t.Error("two visitors see the same fresh network")
	}
}

// A gate is a ResponseWriter that calls before ahead of each write and records
// the deadlines.
type gate struct {
	http.ResponseWriter
	before      func()
	read, write []time.Time
}

func (g *gate) Write(b []byte) (int, error)         { g.before(); return g.ResponseWriter.Write(b) }
func (g *gate) Unwrap() http.ResponseWriter         { return g.ResponseWriter }
func (g *gate) SetReadDeadline(at time.Time) error  { g.read = append(g.read, at); return nil }
func (g *gate) SetWriteDeadline(at time.Time) error { g.write = append(g.write, at); return nil }

func TestTrainingEndsWhenTheVisitorGoes(t *testing.T) {
	handler := newServer(digits())
	ctx, leave := context.WithCancel(t.Context())
	writes, ended, arrived := 0, make(chan *gate, 1), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g := &gate{ResponseWriter: w}
		g.before = func() {
			if writes++; writes == 3 {
				<-arrived
				leave()
				<-r.Context().Done()
			}
		}
		handler.ServeHTTP(g, r)
		ended <- g
	}))
	defer server.Close()
	s := startTraining(t, ctx, server.URL, `{"rate":3,"batch":10,"epochs":30}`)
	close(arrived)
	for event, _ := s.next(); event != ""; event, _ = s.next() {
	}
	g := <-ended
	if writes > 4 {
		t.Errorf("%d messages, though the visitor went at the third", writes)
	}
	if len(g.read) != 1 || !g.read[0].IsZero() {
		t.Errorf("deadlines for reading %v, want none: a training may take longer", g.read)
	}
	if len(g.write) != writes || g.write[0].IsZero() {
		t.Errorf("%d deadlines for %d messages", len(g.write), writes)
	}
}

func TestTrainsOnlySoManyAtOnce(t *testing.T) {
	handler := newServer(digits())
	open := make(chan struct{})
	var ended sync.WaitGroup
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writes := 0
		ended.Add(1)
		defer ended.Done()
		handler.ServeHTTP(&gate{ResponseWriter: w, before: func() {
			if writes++; writes == 2 {
				<-open
			}
		}}, r)
	}))
	defer server.Close()
	recipe := `{"rate":3,"batch":10,"epochs":1}`
	var streams []stream
	for range maxTrainings {
		s := startTraining(t, t.Context(), server.URL, recipe)
		if event, _ := s.next(); event != "progress" {
			t.Fatalf("%s, event %q", s.answer.Status, event)
		}
		streams = append(streams, s)
	}
	answer, text := ask(t, "POST", server.URL+"/train", []byte(recipe), "Content-Type", jsonType)
	if answer.StatusCode != 503 || answer.Header.Get("Retry-After") == "" || !strings.Contains(text, "4 networks are being trained already") {
		t.Errorf("one more: %s %q", answer.Status, text)
	}
	close(open)
	for _, s := range streams {
		last := ""
		for event, _ := s.next(); event != ""; event, _ = s.next() {
			last = event
		}
		if last != "done" {
			t.Errorf("a training ends with %q", last)
		}
	}
	ended.Wait()
	if answer, _ := ask(t, "POST", server.URL+"/train", []byte(recipe), "Content-Type", jsonType); answer.StatusCode != 200 {
		t.Errorf("when the others have ended: %s", answer.Status)
	}
}

func TestManyVisitorsAtOnce(t *testing.T) {
	const visitors = 200
	url := serve(t)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: visitors}}
	defer client.CloseIdleConnections()
	var start, all sync.WaitGroup
	start.Add(1)
	for visitor := range visitors {
		all.Go(func() {
			start.Wait()
			for range 3 {
				answer, err := client.Post(url+"/predict", bytesType, bytes.NewReader(ring))
				if err != nil {
					t.Error(err)
					return
				}
				var p prediction
				err = json.NewDecoder(answer.Body).Decode(&p)
				answer.Body.Close()
				if err != nil || answer.StatusCode != 200 || p.Digit != 0 {
					t.Errorf("visitor %d: %s, digit %d, %v", visitor, answer.Status, p.Digit, err)
				}
			}
			for _, path := range []string{"/", "/page.css", "/page.js", "/network", "/digit"} {
				answer, err := client.Get(url + path)
				if err != nil {
					t.Error(err)
					return
				}
				_, err = io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				if err != nil || answer.StatusCode != 200 {
					t.Errorf("visitor %d: %s %s %v", visitor, path, answer.Status, err)
				}
			}
		})
	}
	start.Done()
	all.Wait()
}

// FuzzRequests takes the content of a request: a drawing, repeated to fill the
// page, or a recipe for training. Whatever it is, the answer is well formed.
func FuzzRequests(f *testing.F) {
	few := digits()
	few.train, few.test = few.train.Slice(0, 25), few.test.Slice(0, 10)
	handler := newServer(few)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if failure := recover(); failure != nil {
				http.Error(w, fmt.Sprint("panic: ", failure), 599)
			}
		}()
		handler.ServeHTTP(w, r)
	}))
	f.Cleanup(server.Close)
	f.Add(true, ring)
	f.Add(false, []byte(`{"rate":20,"batch":1000,"epochs":1}`))
	f.Add(false, []byte(`{"rate":5e-324,"batch":1,"epochs":2}`))
	f.Add(false, []byte(`{"rate":1e400}`))
	f.Fuzz(func(t *testing.T, drawn bool, content []byte) {
		path, kind := "/train", jsonType
		if drawn {
			path, kind = "/predict", bytesType
			b := make([]byte, side*side)
			for i := range b {
				if len(content) > 0 {
					b[i] = content[i%len(content)]
				}
			}
			content = b
		}
		answer, text := ask(t, "POST", server.URL+path, content, "Content-Type", kind)
		switch {
		case drawn && answer.StatusCode == 200:
			var p prediction
			if err := json.Unmarshal([]byte(text), &p); err != nil {
				t.Fatal(err)
			}
			mustBeWhole(t, p)
		case !drawn && answer.StatusCode == 200:
			_, last, _ := strings.Cut(text[strings.LastIndex(strings.TrimSpace(text), "\n\n")+1:], "event: ")
			if !strings.HasPrefix(last, "done\n") && !strings.HasPrefix(last, "failed\n") {
				t.Errorf("the training of %s ends with %q", content, last)
			}
		case drawn || answer.StatusCode != 400 && answer.StatusCode != 413:
			t.Errorf("%s: %s", answer.Status, text)
		}
	})
}

// mustBeWhole checks a prediction: either no ink and nothing else, or everything
// that the page shows, in its range.
func mustBeWhole(t *testing.T, p prediction) {
	t.Helper()
	if !p.Ink {
		if p.Digit != -1 || len(p.Pixels) > 0 || len(p.Activations) > 0 {
			t.Errorf("no ink, and yet %+v", p)
		}
		return
	}
	if len(p.Pixels) != 784 || len(p.Activations) != 3 || len(p.Activations[0]) != 16 || len(p.Activations[1]) != 16 || len(p.Activations[2]) != 10 {
		t.Fatalf("%+v", p)
	}
	for _, v := range p.Pixels {
		if v < 0 || v > 255 {
			t.Errorf("a pixel is %d", v)
		}
	}
	for _, a := range slices.Concat(p.Activations...) {
		if !(a >= 0 && a <= 1) {
			t.Errorf("an activation is %v", a)
		}
	}
	if p.Digit < 0 || p.Digit > 9 || p.Activations[2][p.Digit] != slices.Max(p.Activations[2]) {
		t.Errorf("digit %d of %v", p.Digit, p.Activations[2])
	}
}

func TestRunsUntilInterrupted(t *testing.T) {
	t.Setenv("MNIST_DIR", t.TempDir()) // synthetic digits
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	r, w := io.Pipe()
	status, complaints := make(chan int, 1), &bytes.Buffer{}
	go func() { status <- run(ctx, []string{"-port", "0"}, w, complaints) }()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := strings.Fields(line)[0]
	if !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Fatalf("address %q", line)
	}
	if got, out, err := start("-port", url[strings.LastIndex(url, ":")+1:]); got != 1 || out != "" || !strings.HasPrefix(err, "draw: ") {
		t.Errorf("a port in use: exit %d, stdout %q, stderr %q", got, out, err)
	}
	s := startTraining(t, t.Context(), url, `{"rate":3,"batch":1,"epochs":30}`)
	if event, _ := s.next(); event != "progress" {
		t.Errorf("the training begins with %q", event)
	}
	interrupt()
	if got := <-status; got != 0 || complaints.Len() > 0 {
		t.Errorf("exit %d, stderr %q", got, complaints)
	}
	for event, _ := s.next(); event != ""; event, _ = s.next() {
		if event == "done" {
			t.Error("the training came to its end")
		}
	}
}

func start(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = run(context.Background(), args, &out, &err)
	return status, out.String(), err.String()
}

func TestUsage(t *testing.T) {
	if status, out, err := start("-h"); status != 0 || err != "" || !strings.HasPrefix(out, "Usage: ") || !strings.Contains(out, "-port") {
		t.Errorf("-h: exit %d, stdout %q, stderr %q", status, out, err)
	}
	for _, args := range [][]string{{"-port", "65536"}, {"-port", "-1"}, {"-port", "x"}, {"-speed"}, {"8784"}} {
		if status, out, err := start(args...); status != 2 || out != "" || !strings.HasPrefix(err, "draw: ") || strings.Count(err, "\n") != 1 {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", args, status, out, err)
		}
	}
}

// BenchmarkPredict has a number of visitors draw at once over loopback. Each waits
// for an answer before it asks again. Besides the time of a question, it reports
// the median and the 99th percentile.
func BenchmarkPredict(b *testing.B) {
	for _, visitors := range []int{1, 10, 200} {
		b.Run(fmt.Sprintf("visitors=%d", visitors), func(b *testing.B) {
			url := serve(b)
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: visitors}}
			defer client.CloseIdleConnections()
			times := make([]time.Duration, b.N)
			questions := make(chan int)
			var all sync.WaitGroup
			b.ResetTimer()
			for range visitors {
				all.Go(func() {
					for i := range questions {
						from := time.Now()
						answer, err := client.Post(url+"/predict", bytesType, bytes.NewReader(ring))
						if err != nil {
							b.Error(err)
							continue
						}
						_, err = io.Copy(io.Discard, answer.Body)
						answer.Body.Close()
						if err != nil || answer.StatusCode != 200 {
							b.Error(answer.Status, err)
						}
						times[i] = time.Since(from)
					}
				})
			}
			for i := range b.N {
				questions <- i
			}
			close(questions)
			all.Wait()
			b.StopTimer()
			slices.Sort(times)
			b.ReportMetric(float64(times[b.N/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(times[b.N*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
