//go:build !js

package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
	b.out.SetReadDeadline(time.Now().Add(20 * time.Second)) // a browser that hangs fails the test
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
	eval[bool](b, `new Promise(done => { const look = () => `+condition+` ? done(true) : requestAnimationFrame(look); look(); })`)
}

// settled waits for the answer to the newest drawing.
func (b *browser) settled() { b.Helper(); b.until(`$("stage").ariaBusy !== "true"`) }

// visit opens the page on a screen of some width.
func (b *browser) visit(url string, width int) {
	b.Helper()
	b.screen(width)
	loads := b.loads
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	for b.loads == loads {
		b.receive()
	}
	b.until(`network !== null`)
	b.settled()
}

func (b *browser) screen(width int) {
	b.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false}, nil)
}

func (b *browser) theme(name string) {
	b.Helper()
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": name}}}, nil)
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

func (b *browser) key(kind, key, code string, number int) {
	b.Helper()
	b.call("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number}, nil)
}

// draw clears the paper and draws strokes on it: points "x,y", a comma with
// blanks around it lifting the pen.
func (b *browser) draw(strokes string) {
	b.Helper()
	b.click(`$("clear")`)
	x, y := b.centre(`$("ink")`)
	x, y = x-140, y-140
	for stroke := range strings.SplitSeq(strokes, " , ") {
		var px, py float64
		for i, point := range strings.Fields(stroke) {
			if _, err := fmt.Sscanf(point, "%f,%f", &px, &py); err != nil {
				b.Fatalf("%q: %v", point, err)
			}
			if i == 0 {
				b.mouse("mousePressed", x+px, y+py, 1)
			} else {
				b.mouse("mouseMoved", x+px, y+py, 1)
			}
		}
		// The browser answers before the page has seen it.
		eval[bool](b, `(lifted = false, ink.addEventListener("pointerup", () => lifted = true, { once: true }), true)`)
		b.mouse("mouseReleased", x+px, y+py, 0)
		b.until(`lifted`)
	}
	b.settled()
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

func (b *browser) digit() string { b.Helper(); return eval[string](b, `$("digit").textContent`) }

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
	b.theme("light")
	b.visit(url, 1200)

	t.Run("digits", func(t *testing.T) {
		right := 0
		for digit, shapes := range drawings {
			for i, strokes := range shapes {
				b.draw(strokes)
				if got := b.digit(); got == fmt.Sprint(digit) {
					right++
				} else {
					t.Logf("%d, shape %d, is read as %s: %s", digit, i, got, eval[string](b, `$("verdict").textContent`))
				}
			}
		}
		t.Logf("%d of 30 drawings are read rightly", right)
		if right < 27 {
			t.Errorf("%d of 30 drawings are read rightly, want 27", right)
		}
	})

	t.Run("clear", func(t *testing.T) {
		b.draw(drawings[3][0])
		if b.digit() != "3" || eval[bool](b, `now.ink`) != true {
			t.Error("no 3 to clear")
		}
		b.click(`$("clear")`)
		b.settled()
		if got := b.digit(); got != "–" || eval[bool](b, `now.ink`) {
			t.Errorf("cleared paper shows %s", got)
		}
	})

	t.Run("random digit", func(t *testing.T) {
		b.click(`$("random")`)
		b.settled()
		if !eval[bool](b, `now.ink && truth !== null && $("verdict").textContent.includes("In the test set it is a " + truth)`) {
			t.Errorf("a random digit shows %s, %q", b.digit(), eval[string](b, `$("verdict").textContent`))
		}
	})

	t.Run("keyboard", func(t *testing.T) {
		b.click(`$("clear")`)
		eval[bool](b, `$("ink").focus() || true`)
		arrow := func(key string, number, times int) {
			for range times {
				b.key("keyDown", key, key, number)
			}
			b.key("keyUp", key, key, number)
		}
		arrow("ArrowUp", 38, 12)
		b.key("keyDown", " ", "Space", 32)
		arrow("ArrowDown", 40, 24)
		b.key("keyUp", " ", "Space", 32)
		b.settled()
		if got := b.digit(); got != "1" {
			t.Errorf("a line drawn by keyboard is read as %s", got)
		}
		before := eval[int](b, `paper.getImageData(0, 0, 280, 280).data.reduce((a, v) => a + v)`)
		arrow("ArrowRight", 39, 5)
		if after := eval[int](b, `paper.getImageData(0, 0, 280, 280).data.reduce((a, v) => a + v)`); after != before {
			t.Error("the pen draws without space")
		}
		if !eval[bool](b, `getComputedStyle($("pen")).visibility === "visible" && $("pen").style.left === "180px"`) {
			t.Error("the pen is not shown where it is")
		}
		// Tab goes on through the page: buttons, one neuron of each layer.
		var ids []string
		for range 5 {
			b.key("keyDown", "Tab", "Tab", 9)
			b.key("keyUp", "Tab", "Tab", 9)
			ids = append(ids, eval[string](b, `document.activeElement.id || document.activeElement.parentElement.id`))
		}
		if got := strings.Join(ids[:4], " "); got != "clear random layer0 layer1" {
			t.Errorf("Tab goes to %s", got)
		}
		eval[bool](b, `neurons[0][0].focus() || true`)
		arrow("ArrowDown", 40, 3)
		if got := eval[string](b, `$("who").textContent`); !strings.HasPrefix(got, "Layer 1, neuron 4: activation 0.") && !strings.HasPrefix(got, "Layer 1, neuron 4: activation 1.") {
			t.Errorf("three neurons down: %q", got)
		}
		arrow("ArrowRight", 39, 1)
		if got := eval[string](b, `$("who").textContent`); !strings.HasPrefix(got, "Layer 2, neuron 4") {
			t.Errorf("one to the right: %q", got)
		}
	})

	t.Run("neurons", func(t *testing.T) {
		eval[bool](b, `document.activeElement.blur() || true`)
		b.draw(drawings[2][0])
		boxes := `["stage", "clear", "who"].map(id => JSON.stringify($(id).getBoundingClientRect())).join() + document.documentElement.scrollHeight`
		before := eval[string](b, boxes)
		x, y := b.centre(`neurons[1][6]`)
		b.mouse("mouseMoved", x, y, 0)
		b.until(`chosen !== null`)
		eval[bool](b, `(scrollTo(0, 0), true)`)
		if got := eval[string](b, `$("what").textContent`); !strings.Contains(got, "the three neurons that excite it most") {
			t.Errorf("a neuron pointed at: %q", got)
		}
		if after := eval[string](b, `["stage", "clear"].map(id => JSON.stringify($(id).getBoundingClientRect())).join() + document.documentElement.scrollHeight`); !strings.HasPrefix(before, after[:20]) || before[strings.LastIndex(before, "}"):] != after[strings.LastIndex(after, "}"):] {
			t.Errorf("the layout jumps: %s, %s", before, after)
		}
		b.shoot("wide-light")
		b.mouse("mouseMoved", 5, 5, 0)
		b.until(`chosen === null`)
	})

	t.Run("language", func(t *testing.T) {
		if eval[string](b, `document.documentElement.lang`) != "en" {
			t.Error("the page does not begin in the language of the browser")
		}
		if got := eval[string](b, `Object.keys(texts.en).filter(k => !(k in texts.zh)).concat(Object.keys(texts.zh).filter(k => !(k in texts.en))).join()`); got != "" {
			t.Errorf("texts in one language only: %s", got)
		}
		if got := eval[string](b, `[...document.querySelectorAll("[data-t],[data-label]")].flatMap(e => [e.dataset.t, e.dataset.label]).filter(k => k && !(k in texts.en)).join()`); got != "" {
			t.Errorf("no text for %s", got)
		}
		if got := eval[string](b, `[...document.querySelectorAll("[data-t]")].filter(e => !said.has(e) && e.textContent.replace(/\s+/g, " ") !== texts.en[e.dataset.t]).map(e => e.textContent).join()`); got != "" {
			t.Errorf("the page's English is not its script's: %s", got)
		}
		b.click(`$("language")`)
		if eval[string](b, `document.documentElement.lang`) != "zh-CN" || !strings.Contains(eval[string](b, `document.title`), "数") {
			t.Error("no Chinese")
		}
		if got := eval[string](b, `[...document.querySelectorAll("[data-t]")].filter(e => !/[\u4e00-\u9fff]/.test(e.textContent)).map(e => e.id + e.textContent).join()`); got != "" {
			t.Errorf("not in Chinese: %s", got)
		}
		b.draw(drawings[8][1])
		x, y := b.centre(`neurons[0][4]`)
		b.mouse("mouseMoved", x, y, 0)
		b.until(`chosen !== null`)
		b.shoot("chinese")
	})

	t.Run("narrow", func(t *testing.T) {
		b.theme("dark")
		b.screen(360)
		for _, language := range []string{"zh", "en"} {
			if eval[string](b, `language`) != language {
				b.click(`$("language")`)
			}
			for _, view := range []string{"tab-train", "tab-draw"} {
				b.click(`$("` + view + `")`)
				if over := eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
					t.Errorf("%s in %s is %d pixels too wide", view, language, over)
				}
			}
		}
		if got := eval[string](b, `getComputedStyle(document.body).backgroundColor`); got != "rgb(20, 22, 26)" {
			t.Errorf("the dark ground is %s", got)
		}
		b.draw(drawings[5][0])
		if got := b.digit(); got != "5" {
			t.Errorf("a 5 on dark paper is read as %s", got)
		}
		x, y := b.centre(`neurons[1][3]`)
		b.mouse("mouseMoved", x, y, 0)
		b.until(`chosen !== null`)
		b.shoot("narrow-dark")
		b.screen(1200)
		b.shoot("wide-dark")
		b.theme("light")
	})

	t.Run("train", func(t *testing.T) {
		b.click(`$("tab-train")`)
		b.shoot("train-before")
		if got := eval[string](b, `$("data").textContent`); !strings.Contains(got, "1,000 synthetic digits") {
			t.Errorf("learns from: %q", got)
		}
		b.click(`$("start")`)
		b.until(`running === null && points.length === 201`)
		if got := eval[string](b, `$("status").textContent`); !strings.HasPrefix(got, "It has seen every example 10 times. Accuracy ") {
			t.Errorf("at the end: %q", got)
		}
		b.until(`$("bar").value === 1`)
		b.shoot("train")
		eval[bool](b, `($("epochs").value = 30, $("batch").value = 1, true)`)
		b.click(`$("start")`)
		b.until(`points.length > 3`)
		b.click(`$("stop")`)
		b.until(`running === null`)
		if got := eval[string](b, `$("status").textContent`); got != "Stopped." {
			t.Errorf("after Stop: %q", got)
		}
		eval[bool](b, `($("rate").value = 21, true)`)
		b.click(`$("start")`)
		if eval[bool](b, `running !== null || $("recipe").checkValidity()`) {
			t.Error("the form takes a rate of 21")
		}
		b.theme("dark")
		b.screen(360)
		b.shoot("train-narrow-dark")
	})

	for _, fault := range b.faults {
		t.Errorf("the browser complains: %s", fault)
	}
	for _, asked := range b.urls {
		if !strings.HasPrefix(asked, url+"/") {
			t.Errorf("the page asks for %s", asked)
		}
	}
	if len(b.urls) < 30 {
		t.Errorf("the page has asked %d times only", len(b.urls))
	}
}
