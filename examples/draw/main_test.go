//go:build !js

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func serve(t testing.TB) string {
	server := httptest.NewServer(newServer(newCore(digits)))
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

var drawn = encode(fields{"pixels": ring})

func TestServesThePage(t *testing.T) {
	url, total := serve(t), 0
	for path, kind := range map[string]string{
		"/":          "text/html; charset=utf-8",
		"/page.css":  "text/css; charset=utf-8",
		"/page.js":   "text/javascript; charset=utf-8",
		"/worker.js": "text/javascript; charset=utf-8",
		"/icon.svg":  "image/svg+xml; charset=utf-8",
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
	if total > 80_000 {
		t.Errorf("the page is %d bytes, want at most 80,000", total)
	}
}

func TestPageRefersToNothingOutside(t *testing.T) {
	url := serve(t)
	outside := regexp.MustCompile(`https?:|\bwss?:|["'(=]//|@import|url\(|import\(|eval\(|innerHTML|<style|<script>|\sstyle=|\son\w+=|data:[a-z]`)
	for _, path := range []string{"/", "/page.css", "/page.js", "/worker.js"} {
		_, text := ask(t, "GET", url+path, nil)
		text = regexp.MustCompile(`<a href="https://github.com/nn13002/`).ReplaceAllString(text, "<a") // which only a click follows
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
	for _, path := range []string{"/", "/page.js", "/network", "/read", "/nowhere"} {
		for _, host := range []string{"example.com", "example.com" + port, "127.0.0.1", "127.0.0.1:1", "localhost", "127.0.0.2" + port, "[::1]" + port, "localhost.example.com" + port} {
			if answer, _ := ask(t, "GET", url+path, nil, "Host", host); answer.StatusCode != 403 {
				t.Errorf("%s with host %s: %s, want 403", path, host, answer.Status)
			}
		}
	}
	for _, origin := range []string{"http://example.com", "https://127.0.0.1" + port, "http://127.0.0.1:1", "null", "127.0.0.1" + port, "http://127.0.0.1" + port + ".example.com"} {
		for _, path := range []string{"/read", "/load"} {
			if answer, _ := ask(t, "POST", url+path, drawn, "Origin", origin); answer.StatusCode != 403 {
				t.Errorf("%s from origin %s: %s, want 403", path, origin, answer.Status)
			}
		}
	}
	for _, host := range []string{"127.0.0.1" + port, "localhost" + port} {
		answer, _ := ask(t, "POST", url+"/read", drawn, "Host", host, "Origin", "http://"+host)
		if answer.StatusCode != 200 {
			t.Errorf("from the page itself at %s: %s", host, answer.Status)
		}
	}
}

func TestRefusesWithoutAddress(t *testing.T) {
	w := httptest.NewRecorder()
	newServer(newCore(digits)).ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:8784/", nil))
	if w.Code != 403 {
		t.Errorf("a request that came in nowhere: %d, want 403", w.Code)
	}
}

func TestRefusesOtherMethodsAndPaths(t *testing.T) {
	url := serve(t)
	for path, right := range map[string]string{"/": "GET", "/page.css": "GET", "/page.js": "GET", "/network": "POST", "/step": "POST"} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"} {
			if method == right {
				continue
			}
			if answer, _ := ask(t, method, url+path, nil); answer.StatusCode != 405 {
				t.Errorf("%s %s: %s, want 405", method, path, answer.Status)
			}
		}
	}
	for _, path := range []string{"/main.go", "/page.html", "/index.html", "/read/", "/../main.go", "/%00"} {
		if answer, _ := ask(t, "GET", url+path, nil); answer.StatusCode != 404 {
			t.Errorf("%s: %s, want 404", path, answer.Status)
		}
	}
}

func TestRefusesLargeBodies(t *testing.T) {
	url := serve(t)
	for size, want := range map[int]int{maxBody: 400, maxBody + 1: 413, 10_000_000: 413} {
		for path := range requests {
			if path == "load" && want == 400 {
				continue
			}
			answer, text := ask(t, "POST", url+"/"+path, bytes.Repeat([]byte("x"), size))
			if answer.StatusCode != want || strings.Count(strings.TrimSpace(text), "\n") != 0 {
				t.Errorf("%s with %d bytes: %s %q, want %d and one line", path, size, answer.Status, text, want)
			}
		}
	}
}

func TestPassesOnWhatTheCoreAnswers(t *testing.T) {
	url := serve(t)
	post := func(visitor, path string, content []byte) (int, string, string) {
		answer, text := ask(t, "POST", url+"/"+path, content, "Visitor", visitor)
		return answer.StatusCode, answer.Header.Get("Content-Type"), text
	}
	c := newCore(digits)
	for _, q := range []struct {
		visitor, path string
		content       []byte
	}{
		{"a", "network", encode(fields{})}, {"a", "data", encode(fields{})}, {"a", "read", drawn}, {"a", "read", []byte("{")},
		{"a", "fresh", encode(fields{"seed": 4})}, {"a", "save", encode(fields{"network": "own"})}, {"b", "save", encode(fields{"network": "own"})},
	} {
		status, kind, text := post(q.visitor, q.path, q.content)
		wantStatus, wantKind, want := c.handle(q.visitor, q.path, q.content)
		if status != wantStatus || kind != wantKind || text != string(want) {
			t.Errorf("%s asks %s: %d %s %.100q, want %d %s %.100q", q.visitor, q.path, status, kind, text, wantStatus, wantKind, want)
		}
	}
	if status, _, text := post("b", "load", fileOf(t, c.shipped)); status != 200 {
		t.Errorf("load: %d %s", status, text)
	}
}

func TestABrowserKeepsThePagesFiles(t *testing.T) {
	url, tags := serve(t), map[string]bool{}
	for _, path := range []string{"/", "/page.css", "/page.js"} {
		answer, text := ask(t, "GET", url+path, nil)
		tag := answer.Header.Get("ETag")
		if again, empty := ask(t, "GET", url+path, nil, "If-None-Match", tag); again.StatusCode != 304 || empty != "" {
			t.Errorf("%s again: %s and %d bytes", path, again.Status, len(empty))
		}
		if other, whole := ask(t, "GET", url+path, nil, "If-None-Match", `"0"`); other.StatusCode != 200 || whole != text {
			t.Errorf("%s, which has changed: %s and %d bytes", path, other.Status, len(whole))
		}
		tags[tag] = true
	}
	if len(tags) != 3 {
		t.Errorf("%d different ETags", len(tags))
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
				answer, err := client.Post(url+"/read", "", bytes.NewReader(drawn))
				if err != nil {
					t.Error(err)
					return
				}
				var p reading
				err = json.NewDecoder(answer.Body).Decode(&p)
				answer.Body.Close()
				if err != nil || answer.StatusCode != 200 || p.Digit != 0 {
					t.Errorf("visitor %d: %s, digit %d, %v", visitor, answer.Status, p.Digit, err)
				}
			}
			for _, path := range []string{"/", "/page.css", "/page.js"} {
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
	if answer, text := ask(t, "POST", url+"/data", encode(fields{})); text != `{"name":"synthetic","training":10000,"tests":1000}` {
		t.Errorf("data: %s %s", answer.Status, text)
	}
	interrupt()
	if got := <-status; got != 0 || complaints.Len() > 0 {
		t.Errorf("exit %d, stderr %q", got, complaints)
	}
}

func start(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = run(context.Background(), args, &out, &err)
	return status, out.String(), err.String()
}

func TestUsage(t *testing.T) {
	if status, out, err := start("-h"); status != 0 || err != "" || !strings.HasPrefix(out, "Usage: draw ") || !strings.Contains(out, "-port") {
		t.Errorf("-h: exit %d, stdout %q, stderr %q", status, out, err)
	}
	for _, args := range [][]string{{"-port", "65536"}, {"-port", "-1"}, {"-port", "x"}, {"-speed"}, {"8784"}} {
		if status, out, err := start(args...); status != 2 || out != "" || !strings.HasPrefix(err, "draw: ") || strings.Count(err, "\n") != 1 {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", args, status, out, err)
		}
	}
}

// BenchmarkRead has a number of visitors draw at once over loopback. Each waits
// for an answer before it asks again. Besides the time of a question, it reports
// the median and the 99th percentile.
func BenchmarkRead(b *testing.B) {
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
						answer, err := client.Post(url+"/read", "", bytes.NewReader(drawn))
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
