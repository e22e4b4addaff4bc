//go:build !js

package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nn13002/nn"
)

// A browser is a page in a headless Chromium, driven over the Chrome DevTools
// Protocol: JSON messages, each ended by a zero byte, through two pipes, which
// are the browser's file descriptors 3 and 4.
type browser struct {
	*testing.T
	in      *os.File
	out     *os.File
	reader  *bufio.Reader
	id      int
	session string
	loads   int      // pages that have been loaded
	faults  []string // what the page's scripts and the browser have complained about
	urls    []string // what the page has asked for
}

// openBrowser starts Chromium, or skips the test where there is none.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		t.Skip("there is no Chromium here: apt-get install chromium")
	}
	toBrowser, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, fromBrowser, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage",
		"--disable-background-networking", "--disable-component-update", "--lang=en-US", "--user-data-dir=" + t.TempDir()}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // which Chromium does not offer to root
	}
	cmd := exec.Command(program, append(args, "about:blank")...)
	cmd.ExtraFiles = []*os.File{toBrowser, fromBrowser}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	toBrowser.Close()
	fromBrowser.Close()
	b := &browser{T: t, in: in, out: out, reader: bufio.NewReader(out)}
	t.Cleanup(func() {
		b.session = ""
		b.id++
		fmt.Fprintf(b.in, `{"id":%d,"method":"Browser.close"}`+"\x00", b.id)
		b.out.SetReadDeadline(time.Now().Add(10 * time.Second))
		for { // until it has closed its end
			if _, err := b.reader.ReadBytes(0); err != nil {
				break
			}
		}
		b.in.Close()
		b.out.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil, nil)
	}
	b.call("Page.bringToFront", nil, nil) // a page behind another has no frames
	return b
}

// A message is an answer, or an event.
type message struct {
	ID     int
	Method string
	Params struct {
		State            string
		Request          struct{ URL string }
		Entry            struct{ Level, Text, URL string }
		ExceptionDetails struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	Result json.RawMessage
	Error  struct{ Message string }
}

// receive returns the next message and notes what events tell.
func (b *browser) receive() message {
	b.Helper()
	b.out.SetReadDeadline(time.Now().Add(90 * time.Second)) // a browser that hangs fails the test
	line, err := b.reader.ReadBytes(0)
	if err != nil {
		b.Fatal("the browser is gone: ", err)
	}
	var m message
	if err := json.Unmarshal(line[:len(line)-1], &m); err != nil {
		b.Fatalf("%v: %s", err, line)
	}
	switch m.Method {
	case "Page.loadEventFired":
		b.loads++
	case "Network.requestWillBeSent":
		b.urls = append(b.urls, m.Params.Request.URL)
	case "Runtime.exceptionThrown":
		b.faults = append(b.faults, m.Params.ExceptionDetails.Text+" "+m.Params.ExceptionDetails.Exception.Description)
	case "Log.entryAdded":
		if m.Params.Entry.Level == "error" {
			b.faults = append(b.faults, m.Params.Entry.Text+" "+m.Params.Entry.URL)
		}
	}
	return m
}

// call makes the browser do something and waits until it has done it.
func (b *browser) call(method string, params map[string]any, result any) {
	b.Helper()
	b.id++
	command := map[string]any{"id": b.id, "method": method}
	if params != nil {
		command["params"] = params
	}
	if b.session != "" {
		command["sessionId"] = b.session
	}
	if _, err := b.in.Write(append(encode(command), 0)); err != nil {
		b.Fatal(err)
	}
	for {
		m := b.receive()
		if m.ID != b.id {
			continue
		}
		if m.Error.Message != "" {
			b.Fatalf("%s: %s", method, m.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(m.Result, result); err != nil {
				b.Fatal(err)
			}
		}
		return
	}
}

// eval returns the value of an expression of JavaScript, and waits for it if
// it is a promise.
func eval[T any](b *browser, expression string) T {
	b.Helper()
	var r struct {
		Result           struct{ Value T }
		ExceptionDetails *struct{ Exception struct{ Description string } }
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &r)
	if r.ExceptionDetails != nil {
		b.Fatalf("%s: %s", expression, r.ExceptionDetails.Exception.Description)
	}
	return r.Result.Value
}

// until waits for a condition, which it asks for at every frame.
func (b *browser) until(condition string) {
	b.Helper()
	if !eval[bool](b, `new Promise(done => { const end = Date.now() + 60000, look = () => `+condition+` ? done(true) : Date.now() > end ? done(false) : requestAnimationFrame(look); look(); })`) {
		b.Fatalf("it never happens: %s", condition)
	}
}

// settled waits until the page shows the answer to the newest question.
func (b *browser) settled() { b.Helper(); b.until(`!planned && $("stage").ariaBusy !== "true"`) }

// visit opens the page.
func (b *browser) visit(url string) {
	b.Helper()
	b.load("Page.navigate", map[string]any{"url": url})
	b.until(`state.network`)
	b.settled()
}

func (b *browser) load(method string, params map[string]any) {
	b.Helper()
	loads := b.loads
	b.call(method, params, nil)
	for b.loads == loads {
		b.receive()
	}
}

func (b *browser) screen(width, height int) {
	b.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
}

// prefers sets what the visitor prefers: names of media features and values.
func (b *browser) prefers(pairs ...string) {
	b.Helper()
	features := []map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		features = append(features, map[string]string{"name": pairs[i], "value": pairs[i+1]})
	}
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": features}, nil)
}

func (b *browser) mouse(kind string, x, y float64, buttons int) {
	b.Helper()
	params := map[string]any{"type": kind, "x": x, "y": y, "buttons": buttons, "button": "left"}
	if kind != "mouseMoved" {
		params["clickCount"] = 1
	}
	b.call("Input.dispatchMouseEvent", params, nil)
}

// centre returns where an element is, after scrolling it into view.
func (b *browser) centre(element string) (x, y float64) {
	b.Helper()
	p := eval[[]float64](b, `(() => { const e = `+element+`; e.scrollIntoView({ block: "center" }); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`)
	return p[0], p[1]
}

func (b *browser) click(element string) {
	b.Helper()
	x, y := b.centre(element)
	b.mouse("mousePressed", x, y, 1)
	eval[bool](b, `(clicked = false, addEventListener("click", () => clicked = true, { once: true }), true)`)
	b.mouse("mouseReleased", x, y, 0)
	b.until(`clicked`)
}

// press presses a key a number of times.
func (b *browser) press(key, code string, number, times int) {
	b.Helper()
	for range times {
		b.key("keyDown", key, code, number)
	}
	b.key("keyUp", key, code, number)
}

func (b *browser) arrow(key string, times int) {
	b.Helper()
	b.press(key, key, map[string]int{"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35}[key], times)
}

func (b *browser) key(kind, key, code string, number int) {
	b.Helper()
	b.call("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number}, nil)
}

// draw clears the paper and draws strokes on it: points "x,y", a comma with
// blanks around it lifting the pen.
func (b *browser) draw(strokes string) {
	b.Helper()
	b.click(`$("clear")`)
	for stroke := range strings.SplitSeq(strokes, " , ") {
		b.stroke(stroke)
	}
	b.settled()
}

// stroke draws a stroke with the mouse, on a paper of 280×280.
func (b *browser) stroke(points string) {
	b.Helper()
	x, y := b.centre(`$("ink")`)
	unit := eval[float64](b, `$("ink").clientWidth / 280`)
	at := func(px, py float64) (float64, float64) { return x + (px-140)*unit, y + (py-140)*unit }
	var px, py float64
	for i, point := range strings.Fields(points) {
		if _, err := fmt.Sscanf(point, "%f,%f", &px, &py); err != nil {
			b.Fatalf("%q: %v", point, err)
		}
		x, y := at(px, py)
		if i == 0 {
			b.mouse("mousePressed", x, y, 1)
		} else {
			b.mouse("mouseMoved", x, y, 1)
		}
	}
	// The browser answers before the page has seen it.
	eval[bool](b, `(lifted = false, ink.addEventListener("pointerup", () => lifted = true, { once: true }), true)`)
	lastX, lastY := at(px, py)
	b.mouse("mouseReleased", lastX, lastY, 0)
	b.until(`lifted`)
}

// shoot takes a picture of the whole page, if DRAW_SHOTS names a folder.
func (b *browser) shoot(name string) {
	b.Helper()
	folder := os.Getenv("DRAW_SHOTS")
	if folder == "" {
		return
	}
	eval[bool](b, `(scrollTo(0, 0), true)`)
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &shot)
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o666); err != nil {
		b.Fatal(err)
	}
}

func (b *browser) text(id string) string {
	b.Helper()
	return eval[string](b, `$("`+id+`").textContent`)
}

// mustReadDrawings draws the 30 digits.
func (b *browser) mustReadDrawings() {
	b.Helper()
	right := 0
	for digit, shapes := range drawings {
		for i, strokes := range shapes {
			b.draw(strokes)
			if got := b.text("digit"); got == fmt.Sprint(digit) {
				right++
			} else {
				b.Logf("%d, shape %d, is read as %s: %s", digit, i, got, b.text("verdict"))
			}
		}
	}
	b.Logf("%d of 30 drawings are read rightly", right)
	if right < 28 {
		b.Errorf("%d of 30 drawings are read rightly, want 28", right)
	}
}

// mustBeQuiet checks that no script failed and that nothing came from elsewhere.
func (b *browser) mustBeQuiet(url string) {
	b.Helper()
	for _, fault := range b.faults {
		b.Errorf("the browser complains: %s", fault)
	}
	for _, asked := range b.urls {
		if !strings.HasPrefix(asked, strings.TrimSuffix(url, "/")+"/") {
			b.Errorf("the page asks for %s", asked)
		}
	}
}

// drawings are three of each digit, of different shapes and sizes, on a paper
// of 280×280.
var drawings = [10][3]string{
	{
		"140,40 100,55 75,100 70,150 85,210 125,240 165,235 200,195 210,140 195,80 165,45 140,40",
		"120,100 100,120 95,150 105,180 130,190 155,178 165,150 158,118 140,102 120,100",
		"170,50 130,90 105,150 100,205 120,230 155,205 185,150 195,95 185,55 170,50",
	}, {
		"140,40 140,140 140,240",
		"105,85 145,45 144,140 143,235",
		"165,100 150,150 135,200",
	}, {
		"80,85 100,55 140,45 180,60 190,95 170,135 125,185 80,230 140,228 205,228",
		"85,90 110,50 160,50 185,85 165,140 115,200 85,225 75,205 100,195 140,220 200,232",
		"105,110 125,90 155,95 165,120 145,150 105,185 175,185",
	}, {
		"85,60 130,40 180,55 190,95 160,125 120,135 165,145 200,180 190,220 145,240 90,225",
		"80,55 190,55 130,120 175,135 195,180 165,225 110,232 75,210",
		"110,100 140,88 165,105 150,130 130,136 155,142 168,165 145,190 108,182",
	}, {
		"100,45 85,150 200,150 , 165,90 160,245",
		"165,240 165,45 75,170 210,170",
		"115,95 112,140 160,138 , 162,95 158,190",
	}, {
		"190,50 110,50 100,125 150,115 190,145 195,190 165,230 115,235 80,215",
		"105,60 98,130 140,122 180,145 185,190 155,225 95,225 , 105,60 190,55",
		"165,95 120,95 115,135 145,130 165,150 160,178 135,190 108,182",
	}, {
		"175,45 125,85 95,145 90,195 115,235 160,235 190,200 180,160 145,145 110,165 95,195",
		"150,45 110,120 100,190 125,230 165,225 180,190 160,160 125,165 105,195",
		"155,85 125,120 112,155 120,185 145,192 162,172 150,150 125,155 115,170",
	}, {
		"75,60 140,60 200,60 165,130 125,240",
		"80,75 90,55 195,55 150,140 130,235",
		"105,100 170,98 150,140 135,190",
	}, {
		"175,70 140,45 100,65 105,105 145,135 185,175 180,220 140,240 95,220 95,180 135,140 175,105 175,70",
		"140,130 105,105 105,65 140,45 175,65 175,105 140,130 95,160 90,205 140,238 190,205 185,160 140,130",
		"155,100 135,90 118,105 130,130 155,155 155,180 132,192 112,175 122,148 150,125 155,100",
	}, {
		"185,90 155,50 110,60 95,100 115,135 160,130 185,90 185,150 165,240",
		"180,70 140,50 105,75 105,115 140,130 175,105 182,70 178,240",
		"162,110 140,92 118,105 118,130 140,138 160,120 162,105 158,190",
	},
}

func TestBrowser(t *testing.T) {
	url := serve(t)
	b := openBrowser(t)
	b.prefers("prefers-color-scheme", "light")
	b.screen(1366, 650)
	b.visit(url)

	t.Run("digits", func(t *testing.T) { b.mustReadDrawings() })

	t.Run("large ink is ink", func(t *testing.T) {
		var black, disc strings.Builder
		for y := 5; y <= 275; y += 15 {
			fmt.Fprintf(&black, "5,%d 275,%d ", y, y)
		}
		for r := 4.0; r <= 100; r += 0.7 {
			fmt.Fprintf(&disc, "%.0f,%.0f ", 140+r*math.Cos(r), 140+r*math.Sin(r))
		}
		for name, strokes := range map[string]string{"black": black.String(), "disc": disc.String()} {
			b.draw(strokes)
			if got := b.text("verdict"); got == "Nothing drawn yet." || !eval[bool](b, `state.answer.ink`) {
				t.Errorf("%s paper: %s", name, got)
			} else {
				t.Logf("%s paper: %s %s", name, b.text("digit"), got)
			}
		}
	})

	t.Run("clear and undo", func(t *testing.T) {
		b.draw(drawings[3][0])
		if got := b.text("digit"); got != "3" {
			t.Errorf("no 3 to clear: %s", got)
		}
		b.click(`$("clear")`)
		b.settled()
		if got := b.text("digit") + b.text("verdict"); got != "–Nothing drawn yet." {
			t.Errorf("cleared paper shows %s", got)
		}
		b.click(`$("undo")`)
		b.settled()
		if got := b.text("digit"); got != "3" {
			t.Errorf("after Undo: %s, want 3", got)
		}
	})

	t.Run("test digit", func(t *testing.T) {
		b.click(`$("random")`)
		b.until(`state.drawing.length && "label" in state.drawing[0]`)
		b.settled()
		want := eval[string](b, `t("truth", { s: "synthetic ", d: digitName(state.drawing[0].label) })`)
		if got := b.text("verdict"); !strings.HasSuffix(got, want) {
			t.Errorf("a test digit shows %s, want %s", got, want)
		}
		b.draw("140,40 140,240")
		slow := func(ms int) {
			b.call("Network.emulateNetworkConditions", map[string]any{"offline": false, "latency": ms, "downloadThroughput": -1, "uploadThroughput": -1}, nil)
		}
		slow(300)
		eval[bool](b, `(state.digits = {}, true)`)
		b.click(`$("random")`)
		b.stroke("100,40 100,240")
		b.until(`Object.keys(state.digits).length`)
		slow(0)
		b.settled()
		if eval[bool](b, `state.drawing.some(d => "label" in d)`) {
			t.Error("a late digit overwrites a stroke")
		}
	})

	t.Run("keyboard", func(t *testing.T) {
		b.click(`$("clear")`)
		eval[bool](b, `$("ink").focus() || true`)
		b.arrow("ArrowUp", 12)
		b.key("keyDown", " ", "Space", 32)
		b.arrow("ArrowDown", 24)
		b.key("keyUp", " ", "Space", 32)
		b.settled()
		if got := b.text("digit"); got != "1" {
			t.Errorf("a line drawn by keyboard is read as %s", got)
		}
		before := eval[string](b, `JSON.stringify(state.drawing)`)
		b.arrow("ArrowRight", 5)
		b.settled()
		if after := eval[string](b, `JSON.stringify(state.drawing)`); after != before {
			t.Error("the pen draws without space")
		}
		if !eval[bool](b, `getComputedStyle($("pen")).visibility === "visible" && Math.abs($("pen").offsetLeft + $("pen").offsetWidth / 2 - 180) < 2`) {
			t.Error("the pen is not shown where it is")
		}
		// Tab goes on through the page: buttons, the network, one neuron of each layer.
		var ids []string
		for range 7 {
			b.press("Tab", "Tab", 9, 1)
			ids = append(ids, eval[string](b, `document.activeElement.id || document.activeElement.parentElement.id`))
		}
		if got := strings.Join(ids, " "); got != "undo clear random net-shipped layer0 layer1 layer2" {
			t.Errorf("Tab goes to %s", got)
		}
		eval[bool](b, `layers[0][0].focus() || true`)
		b.arrow("ArrowDown", 3)
		b.settled()
		if got := b.text("who"); got != "Layer 1, neuron 4" {
			t.Errorf("three neurons down: %q", got)
		}
		b.arrow("ArrowRight", 2)
		b.settled()
		if got := b.text("who"); got != "Why not 3, but 1?" {
			t.Errorf("two to the right: %q", got)
		}
		b.press("Escape", "Escape", 27, 1)
		b.settled()
		if got := b.text("who"); !strings.HasPrefix(got, "Why 1 and not ") {
			t.Errorf("after Escape: %q", got)
		}
	})

	t.Run("a neuron stays chosen through ten strokes", func(t *testing.T) {
		shipped := nn.Pretrained()
		for l, n := range []int{4, 6, 7} {
			b.click(`$("clear")`)
			b.click(fmt.Sprintf(`layers[%d][%d]`, l, n))
			for i := range 10 {
				b.stroke(fmt.Sprintf("%d,60 %d,200", 60+10*i, 90+12*i))
				b.settled()
				type explained struct {
					Layer, Neuron int
					Inputs        []float64
					Sum, Bias, Z  float64
					Rival         float64
				}
				got := eval[explained](b, `(({ layer, neuron, inputs, products, bias, z, rival }) => ({ layer, neuron, inputs: [...inputs], sum: products.reduce((a, v) => a + v), bias, z,
					rival: rival ? rival.terms.reduce((a, v) => a + v) + rival.bias - rival.sum : 0 }))(state.answer.neuron)`)
				if got.Layer != l || got.Neuron != n {
					t.Fatalf("after %d strokes layer %d, neuron %d is explained, want %d, %d", i+1, got.Layer, got.Neuron, l, n)
				}
				want := shipped.Layers[l].Biases[n]
				for k, v := range got.Inputs {
					want += v * shipped.Layers[l].Weights.Row(k)[n]
				}
				if math.Abs(got.Sum+got.Bias-want) > 1e-6 || math.Abs(got.Z-want) > 1e-6 || math.Abs(got.Rival) > 1e-6 {
					t.Errorf("layer %d, neuron %d, stroke %d: Σ %v + bias %v, z %v, want %v; the rival's differ by %v", l, n, i+1, got.Sum, got.Bias, got.Z, want, got.Rival)
				}
			}
			if !eval[bool](b, fmt.Sprintf(`layers[%d][%d].getAttribute("aria-pressed") === "true" && [...$("sum").querySelectorAll("dd")][2].textContent === number(state.answer.neuron.z, 3)`, l, n)) {
				t.Errorf("layer %d: the page does not show it", l)
			}
		}
		b.click(`$("unchoose")`)
	})

	t.Run("changes", func(t *testing.T) {
		b.draw(drawings[7][0])
		b.click(`layers[2][7]`)
		b.settled()
		bright := eval[float64](b, `state.answer.activations[2][7]`)
		eval[bool](b, `$("bias").focus() || true`)
		b.arrow("Home", 1)
		b.settled()
		if got := b.text("biasValue"); got != "−20.00" {
			t.Errorf("the bias slid to the left is %s", got)
		}
		if dark := eval[float64](b, `state.answer.activations[2][7]`); bright < 0.9 || dark > 0.1 || eval[string](b, `layers[2][7].lastChild.textContent`) != fmt.Sprintf("%.2f", dark) {
			t.Errorf("with a bias of −20 the output is %v, before %v", dark, bright)
		}
		b.until(`$("changes").textContent.startsWith("With your changes it reads ")`)
		if got := b.text("changes"); !strings.Contains(got, "(before: ") || !strings.HasSuffix(got, " of 200 synthetic test digits.") {
			t.Errorf("the changes are measured so: %s", got)
		}
		b.shoot("changes")
		b.click(`$("reset")`)
		b.settled()
		if got := b.text("changes"); !strings.HasPrefix(got, "Slide a weight") {
			t.Errorf("after Reset: %s", got)
		}
		if got := eval[float64](b, `state.answer.activations[2][7]`); got != bright {
			t.Errorf("after Reset the output is %v, want %v", got, bright)
		}
		// The third weight, one step more.
		eval[bool](b, `$("terms").focus() || true`)
		b.arrow("ArrowDown", 2)
		before := eval[float64](b, `state.answer.neuron.weights[2]`)
		eval[bool](b, `$("weight").focus() || true`)
		b.arrow("End", 1)
		b.settled()
		if after := eval[float64](b, `state.answer.neuron.weights[2]`); after != 10 || before == 10 {
			t.Errorf("the weight of neuron 3 slid to the right: %v, before %v", after, before)
		}
		b.click(`$("reset")`)
		b.click(`$("unchoose")`)
		b.settled()
	})

	t.Run("the automatic question stays automatic", func(t *testing.T) {
		for _, next := range []func(){func() { b.click(`$("reset")`) }, func() { b.draw(drawings[2][0]) }} {
			b.draw(drawings[7][0])
			eval[bool](b, `$("bias").focus() || true`)
			b.arrow("Home", 1)
			b.settled()
			if got := b.text("who"); !strings.HasPrefix(got, "Why not 7, but ") {
				t.Errorf("while the bias of output 7 slides: %q", got)
			}
			next()
			b.settled()
			if got := eval[string](b, `title(state.answer.neuron)`); got != b.text("who") || !strings.HasPrefix(got, "Why "+b.text("digit")+" and not ") {
				t.Errorf("then it asks %q of a %s", got, b.text("digit"))
			}
		}
		b.click(`$("reset")`)
		b.settled()
	})

	t.Run("a screen reader gets one text", func(t *testing.T) {
		b.draw(drawings[8][0])
		b.until(`$("live").textContent === spoken`)
		b.click(`$("clear")`)
		b.until(`$("live").textContent === "Nothing drawn yet."`)
		eval[bool](b, `(heard = [], new MutationObserver(() => heard.push($("live").textContent)).observe($("live"), { childList: true, characterData: true, subtree: true }), true)`)
		b.stroke(drawings[8][0])
		b.until(`$("live").textContent !== "Nothing drawn yet."`)
		if got := eval[string](b, `heard.join("|")`); got != "8. "+b.text("verdict") {
			t.Errorf("it hears %q", got)
		}
	})

	t.Run("nothing jumps", func(t *testing.T) {
		boxes := `["stage", "undo", "neuron", "keys"].map(id => JSON.stringify($(id).getBoundingClientRect())).join() + root.scrollHeight`
		b.draw(drawings[2][0])
		eval[bool](b, `(scrollTo(0, 0), true)`)
		before := eval[string](b, boxes)
		for _, step := range []string{`choose([0, 4])`, `choose([2, 5])`, `draw([])`, `choose(null)`, `undo()`} {
			eval[bool](b, `(`+step+`, true)`)
			b.settled()
			if after := eval[string](b, boxes); after != before {
				t.Errorf("the layout jumps at %s: %s, %s", step, before, after)
			}
		}
		note := `JSON.stringify($("keys").getBoundingClientRect())`
		place := eval[string](b, note)
		for _, key := range []string{"sure", "unsure", "none"} {
			if got := eval[string](b, `($("verdict").textContent = t("`+key+`", { a: "0.66" }) + t("truth", { s: "synthetic ", d: "an 8" }), `+note+`)`); got != place {
				t.Errorf("the note under %q is at %s, before at %s", b.text("verdict"), got, place)
			}
		}
		for _, id := range []string{"stage", "who", "weight", "bias"} {
			if !eval[bool](b, `$("`+id+`").getBoundingClientRect().bottom <= innerHeight`) {
				t.Errorf("%s is not visible on a screen of 1366×650", id)
			}
		}
	})

	t.Run("language", func(t *testing.T) {
		if eval[string](b, `root.lang`) != "en" {
			t.Error("the page does not begin in the language of the browser")
		}
		if got := eval[string](b, `Object.keys(texts.en).filter(k => !(k in texts.zh)).concat(Object.keys(texts.zh).filter(k => !(k in texts.en))).join()`); got != "" {
			t.Errorf("texts in one language only: %s", got)
		}
		if got := eval[string](b, `Object.keys(texts.en).filter(k => String(texts.en[k]).match(/\{\w+\}/g)?.sort().join() !== String(texts.zh[k]).match(/\{\w+\}/g)?.sort().join()).join()`); got != "" {
			t.Errorf("texts with other values in Chinese: %s", got)
		}
		b.click(`$("language")`)
		b.settled()
		if eval[string](b, `root.lang`) != "zh-CN" || !strings.Contains(eval[string](b, `document.title`), "数") {
			t.Error("no Chinese")
		}
		if got := eval[string](b, `[...document.querySelectorAll("[data-t]")].filter(e => !/[\u4e00-\u9fff]/.test(e.textContent)).map(e => e.id + e.textContent).join()`); got != "" {
			t.Errorf("not in Chinese: %s", got)
		}
		b.shoot("chinese")
	})

	t.Run("reload", func(t *testing.T) {
		b.draw(drawings[8][1])
		b.click(`layers[0][4]`)
		b.click(`$("tab-learn")`)
		b.until(`state.progress`)
		b.click(`document.querySelector("#recipe .step")`)
		b.until(`state.progress.steps === 1`)
		b.settled()
		save := `ask("save", { network: "own" }).then(base64Of)`
		own := eval[string](b, save)
		b.load("Page.reload", nil)
		b.until(`state.network && state.progress`)
		b.settled()
		got := eval[string](b, `[root.lang, location.hash, !$("learn").hidden, state.drawing.length, state.chosen, state.progress.steps, state.runs.at(-1).length, state.forgotten].join(" ")`)
		if got != "zh-CN #learn/1/5 true 1 0,4 1 2 false" {
			t.Errorf("after a reload: %s", got)
		}
		if eval[string](b, save) != own {
			t.Error("after a reload the visitor has another network")
		}
		b.click(`$("language")`)
		b.click(`$("tab-draw")`)
		b.settled()
		if got := b.text("digit"); got != "8" {
			t.Errorf("after a reload the drawing is read as %s, want 8", got)
		}
	})

	t.Run("small screens", func(t *testing.T) {
		b.prefers("prefers-color-scheme", "dark")
		for _, size := range [][2]int{{360, 640}, {640, 360}} {
			b.screen(size[0], size[1])
			b.click(`$("unchoose")`)
			for range 2 {
				b.click(`$("language")`)
				for _, view := range []string{"tab-learn", "tab-draw"} {
					b.click(`$("` + view + `")`)
					b.settled()
					if over := eval[int](b, `root.scrollWidth - root.clientWidth`); over > 0 {
						t.Errorf("%s in %s is %d pixels too wide for %v", view, eval[string](b, `state.language`), over, size)
					}
				}
			}
			if !eval[bool](b, `$("ink").clientWidth <= innerWidth - 40 && $("ink").clientHeight <= innerHeight - 40`) {
				t.Errorf("the paper does not fit into %v", size)
			}
			b.draw(drawings[5][0])
			if got := b.text("digit"); got != "5" {
				t.Errorf("a 5 on a screen of %v is read as %s", size, got)
			}
			b.click(`layers[1][3]`)
			b.settled()
			eval[bool](b, `(scrollTo(0, 0), true)`)
			if !eval[bool](b, `(({ top, bottom }) => top > 0 && top < innerHeight - 100 && bottom <= innerHeight)($("neuron").getBoundingClientRect())`) {
				t.Errorf("the chosen neuron is not explained at the bottom of %v", size)
			}
			b.shoot(fmt.Sprint("small-", size[0]))
		}
		if got := eval[string](b, `getComputedStyle(document.body).backgroundColor`); got != "rgb(20, 22, 26)" {
			t.Errorf("the dark ground is %s", got)
		}
		b.call("Emulation.setTouchEmulationEnabled", map[string]any{"enabled": true}, nil)
		b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": 360, "height": 640, "deviceScaleFactor": 2, "mobile": true}, nil)
		b.settled()
		if eval[bool](b, `matchMedia("(hover: none)").matches && getComputedStyle(document.querySelector("#keys .typed")).display !== "none"`) {
			t.Error("a phone is told about keys")
		}
		b.click(`$("unchoose")`)
		b.click(`$("clear")`)
		x, y := b.centre(`$("ink")`)
		for _, event := range []string{"touchStart", "touchMove", "touchEnd"} {
			points := []map[string]float64{}
			if event != "touchEnd" {
				points = append(points, map[string]float64{"x": x, "y": y - 80})
				y += 160
			}
			b.call("Input.dispatchTouchEvent", map[string]any{"type": event, "touchPoints": points}, nil)
		}
		b.until(`pointer === null && state.drawing.length`)
		b.settled()
		if got := b.text("digit"); got != "1" {
			t.Errorf("a line drawn with a finger is read as %s", got)
		}
		b.click(`$("undo")`)
		b.click(`$("undo")`)
		b.click(`layers[1][3]`)
		b.call("Emulation.setTouchEmulationEnabled", map[string]any{"enabled": false}, nil)
		b.screen(1366, 650)
		b.settled()
		b.shoot("wide-dark")
	})

	t.Run("forced colours", func(t *testing.T) {
		b.prefers("forced-colors", "active", "prefers-color-scheme", "dark")
		b.settled()
		colours := eval[[]string](b, `[Math.max(...state.answer.activations[1]), Math.min(...state.answer.activations[1])].map(a => getComputedStyle(layers[1][state.answer.activations[1].indexOf(a)].firstChild).backgroundColor)`)
		if colours[0] == colours[1] {
			t.Errorf("the discs of active and of silent neurons are %s", colours[0])
		}
		if got := eval[string](b, `getComputedStyle(layers[1][3].firstChild).boxShadow`); got == "none" {
			t.Error("the chosen neuron looks like the others")
		}
		if got := eval[string](b, `getComputedStyle(document.querySelector(".best .track i")).backgroundColor`); got == eval[string](b, `getComputedStyle(document.querySelector(".best .track")).backgroundColor`) {
			t.Errorf("the bars are %s on the same", got)
		}
		b.shoot("forced")
		b.prefers("prefers-color-scheme", "light", "prefers-reduced-motion", "reduce")
		b.settled()
	})

	t.Run("ten steps on the page are ten times Step", func(t *testing.T) {
		b.click(`$("tab-learn")`)
		b.until(`state.progress`)
		eval[bool](b, `learn("fresh", { seed: 7 }).then(() => true)`)
		b.settled()
		place := `$("sheet").getBoundingClientRect().top + scrollY`
		before := eval[float64](b, place)
		for i := range 10 {
			b.click(`document.querySelector("#recipe .step")`)
			b.until(fmt.Sprintf(`state.progress.steps === %d`, i+1))
		}
		b.settled()
		if after := eval[float64](b, place); after != before {
			t.Errorf("the steps push the rest from %v to %v", before, after)
		}
		network, sgd := begin(7)
		order := make([]int, 1000)
		for i := range order {
			order[i] = i
		}
		sgd.Rand.Shuffle(1000, func(i, j int) { order[i], order[j] = order[j], order[i] })
		for i := range 10 {
			if _, err := sgd.Step(network, digits().train, order[10*i:10*i+10]); err != nil {
				t.Fatal(err)
			}
		}
		if got := eval[[]byte](b, `ask("save", { network: "own" }).then(base64Of)`); !bytes.Equal(got, fileOf(t, network)) {
			t.Error("the page's network has other bits")
		}
		if got := b.text("stepText"); !strings.HasPrefix(got, "Step 10: it read 10 digits. Their mean cost was 0.") || !strings.Contains(got, ": its bias moved by ") {
			t.Errorf("the step is described so: %s", got)
		}
		if got := eval[string](b, `[$("batchShown").children.length, state.runs.at(-1).length, document.getAnimations().length].join()`); got != "10,11,0" {
			t.Errorf("examples, points of the curve, animations: %s, want 10,11,0", got)
		}
		b.shoot("step")
	})

	t.Run("the trained network reads a drawing", func(t *testing.T) {
		eval[bool](b, `($("speed").value = 3, change({}), true)`)
		b.click(`document.querySelector("#recipe .run")`)
		b.until(`state.progress.steps > 1200`)
		b.click(`document.querySelector("#recipe .run")`)
		b.until(`!looping`)
		b.settled()
		if got := b.text("status"); !strings.HasPrefix(got, "Paused at step 1,") {
			t.Errorf("after Pause: %q", got)
		}
		b.until(`$("misread").children.length === Math.min(24, state.progress.evaluation.test.misread.length)`)
		if got := eval[int](b, `[...$("confusion").querySelectorAll("td")].reduce((sum, td) => sum + +td.textContent, 0)`); got != 200 {
			t.Errorf("the confusion matrix has %d digits, want 200", got)
		}
		b.shoot("learn")
		b.click(`$("try")`)
		b.settled()
		b.draw(drawings[1][0])
		if got := b.text("digit"); got != "1" || !eval[bool](b, `which() === "own"`) {
			t.Errorf("the trained network reads a 1 as %s", got)
		}
		b.shoot("own")
	})

	t.Run("a misread digit comes to the paper", func(t *testing.T) {
		b.click(`$("tab-learn")`)
		b.settled()
		want := eval[string](b, `$("misread").firstChild.textContent`)
		b.click(`$("misread").firstChild`)
		b.settled()
		if got := eval[string](b, `state.drawing[0].label + " → " + $("digit").textContent`); got != want {
			t.Errorf("it is %s on the paper, %s in the gallery", got, want)
		}
		if got := eval[float64](b, `scrollY`); got != 0 {
			t.Errorf("the paper is %v pixels above", got)
		}
	})

	t.Run("a file is loaded", func(t *testing.T) {
		b.click(`$("tab-learn")`)
		choose := func(name string, file []byte) {
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, file, 0o666); err != nil {
				t.Fatal(err)
			}
			var node struct{ Result struct{ ObjectID string } }
			b.call("Runtime.evaluate", map[string]any{"expression": `$("file")`}, &node)
			b.call("DOM.setFileInputFiles", map[string]any{"files": []string{path}, "objectId": node.Result.ObjectID}, nil)
		}
		eval[bool](b, `(questions = [], confirm = text => questions.push(text) > 0, true)`)
		choose("mine.safetensors", fileOf(t, nn.Pretrained()))
		b.until(`state.progress.steps === 0 && state.progress.file`)
		b.settled()
		if got := eval[string](b, `questions.join()`); !strings.HasPrefix(got, "Give up your network of 1,") {
			t.Errorf("before it replaces a network: %q", got)
		}
		if got := b.text("mine"); got != "my own, loaded from mine.safetensors" {
			t.Errorf("the loaded network is called %q", got)
		}
		if got := b.text("status"); got != "Loaded: mine.safetensors" {
			t.Errorf("after loading: %s", got)
		}
		if got := eval[[]byte](b, `ask("save", { network: "own" }).then(base64Of)`); !bytes.Equal(got, fileOf(t, nn.Pretrained())) {
			t.Error("the loaded network has other bits")
		}
		folder := t.TempDir()
		b.call("Browser.setDownloadBehavior", map[string]any{"behavior": "allow", "downloadPath": folder, "eventsEnabled": true}, nil)
		b.click(`$("save")`)
		for b.receive().Params.State != "completed" {
		}
		if got, err := os.ReadFile(filepath.Join(folder, "digits.safetensors")); err != nil || !bytes.Equal(got, fileOf(t, nn.Pretrained())) {
			t.Errorf("the downloaded network has other bits: %v", err)
		}
		b.mustBeQuiet(url)
		choose("bad.safetensors", []byte("no network"))
		b.until(`state.failed`)
		b.until(`!planned`)
		if got := b.text("status"); !strings.HasPrefix(got, "This is no network file for this page: nn: ") {
			t.Errorf("after loading nonsense: %s", got)
		}
		if len(b.faults) == 1 && strings.Contains(b.faults[0], "422") {
			b.faults = nil // as it should be
		}
		eval[bool](b, `($("rate").value = 21, true)`)
		b.click(`document.querySelector("#recipe .run")`)
		if eval[bool](b, `state.running || $("recipe").checkValidity()`) {
			t.Error("the form takes a rate of 21")
		}
	})

	b.mustBeQuiet(url)
	if len(b.urls) < 30 {
		t.Errorf("the page has asked %d times only", len(b.urls))
	}
}

func TestBrowserWhenTheServerGoesAway(t *testing.T) {
	broken := 1 // requests for the network that fail
	serveAt := func(address string) *httptest.Server {
		handler := newServer(newCore(digits))
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/network" && broken > 0 {
				broken--
				http.Error(w, "not yet", http.StatusInternalServerError)
				return
			}
			handler.ServeHTTP(w, r)
		}))
		if address != "" {
			server.Listener.Close()
			listener, err := net.Listen("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			server.Listener = listener
		}
		server.Start()
		return server
	}
	server := serveAt("")
	b := openBrowser(t)
	b.visit(server.URL) // which waits for the network
	b.draw(drawings[7][0])
	if got := b.text("digit"); got != "7" || broken != 0 {
		t.Errorf("a 7 is read as %s, after %d failures to come", got, broken)
	}
	b.click(`$("tab-learn")`)
	b.until(`state.progress`)
	b.click(`$("tab-draw")`)
	b.settled()
	server.CloseClientConnections()
	server.Close()
	b.draw(drawings[2][0])
	b.until(`state.gone`)
	b.until(`!planned`)
	if got := b.text("digit") + " " + b.text("verdict"); !strings.HasPrefix(got, "– The program does not answer.") {
		t.Errorf("without a server: %s", got)
	}
	if got := eval[string](b, `layers[2].map(button => button.lastChild.textContent).join("")`); got != "––––––––––" {
		t.Errorf("old answers stay: %s", got)
	}
	server = serveAt(strings.TrimPrefix(server.URL, "http://"))
	defer server.Close()
	b.until(`!state.gone && state.answer`)
	b.settled()
	if got := b.text("digit"); got != "2" {
		t.Errorf("the drawing is read as %s when the server is back, want 2", got)
	}
	b.click(`$("net-own")`)
	b.until(`state.forgotten`)
	b.settled()
	if got := b.text("digit") + b.text("mine"); got != "2The program no longer has your network. Begin a new one." {
		t.Errorf("asked for a network that is forgotten: %s", got)
	}
}

// TestBrowserWithoutServer visits the page as plain files, with the core as
// WebAssembly.
func TestBrowserWithoutServer(t *testing.T) {
	b := openBrowser(t)
	url := serveStatic(t)
	b.screen(1366, 650)
	b.visit(url)
	b.mustReadDrawings()
	b.click(`$("tab-learn")`)
	b.until(`state.progress`)
	b.click(`document.querySelector("#recipe .step")`)
	b.until(`state.progress.steps === 1`)
	if got := b.text("data"); !strings.Contains(got, "10,000 synthetic digits") || !strings.Contains(got, "beside this page") {
		t.Errorf("learns from: %q", got)
	}
	b.mustBeQuiet(url)
}
