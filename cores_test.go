package nn

import (
	"context"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
)

func TestNoGoroutineOutlivesItsCall(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	digits := Synthetic(random(1), 500)
	broken := Synthetic(random(1), 500)
	broken.Labels[400] = 99
	n := New(random(1), 784, 16, 16, 10)
	ill := n.Clone()
	ill.Layers[2].Biases[0] = math.NaN()
	dir, empty := writeSet(t, 2, asPublished, false), t.TempDir()
	half := writeSet(t, 2, asPublished, false)
	write(t, half, mnistFiles[0].name, []byte{0, 0})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func(){
		"Epoch":               func() { (&SGD{Batch: 250}).Epoch(n, digits) },
		"Epoch with an error": func() { (&SGD{Batch: 250}).Epoch(ill, digits) },
		"Epoch with a panic":  func() { (&SGD{Batch: 250}).Epoch(n, broken) },
		"Evaluate":            func() { n.Evaluate(digits, Quadratic) },
		"Evaluate, a panic":   func() { n.Evaluate(broken, Quadratic) },
		"PredictAll":          func() { n.PredictAll(digits) },
		"LoadMNIST":           func() { LoadMNIST(dir) },
		"LoadMNIST, an error": func() { LoadMNIST(half) },
		"FetchMNIST": func() {
			FetchMNIST(cancelled, empty, func(ctx context.Context, url string) (io.ReadCloser, error) { return stalled{ctx}, nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			func() {
				defer func() { recover() }()
				call()
			}()
			// A goroutine that has done its work takes a moment to be gone.
			for tries := 0; runtime.NumGoroutine() > before; tries++ {
				if tries == 1e6 {
					stacks := make([]byte, 1<<16)
					t.Fatalf("%d goroutines more than before:\n%s", runtime.NumGoroutine()-before, stacks[:runtime.Stack(stacks, true)])
				}
				runtime.Gosched()
			}
		})
	}
}

func TestACrewReportsAMemberThatDidNotFinish(t *testing.T) {
	for what, end := range map[string]func(){
		"a panic": func() { panic("nn: a member panics") },
		"an exit": runtime.Goexit,
	} {
		c := gather(2)
		func() {
			defer c.dismiss()
			defer func() {
				if failure, _ := recover().(string); !strings.HasPrefix(failure, "nn: a ") {
					t.Errorf("%s: do panics with %q", what, failure)
				}
			}()
			c.do(func(member int) {
				if member == 1 {
					end()
				}
			})
		}()
	}
}

func TestACrewIsDismissedAfterThePanicOfItsCaller(t *testing.T) {
	finished := false
	func() {
		defer func() { recover() }()
		c := gather(2)
		defer c.dismiss()
		c.do(func(member int) {
			if member == 0 {
				panic("nn: the caller panics")
			}
			for range 1000 {
				runtime.Gosched()
			}
			finished = true
		})
	}()
	if !finished {
		t.Error("the caller has gone on while a member was at work")
	}
}
