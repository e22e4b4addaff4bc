package nn

import (
	"context"
	"io"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
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
		"Epoch":               func() { (&SGD{Rate: 1, Batch: 250}).Epoch(n, digits) },
		"Epoch with an error": func() { (&SGD{Rate: 1, Batch: 250}).Epoch(ill, digits) },
		"Epoch with a panic":  func() { (&SGD{Rate: 1, Batch: 250}).Epoch(n, broken) },
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

func TestAHelperReportsAPieceThatDidNotFinish(t *testing.T) {
	for what, end := range map[string]func(){
		"a panic": func() { panic("nn: a piece panics") },
		"an exit": runtime.Goexit,
	} {
		w := &workers{work: func(int) { end() }, pieces: 2, helpers: 1}
		w.free.L = &w.mu
		ended := make(chan bool)
		go func() {
			defer close(ended)
			w.help()
		}()
		<-ended
		if failure, _ := w.failure.(string); !strings.HasPrefix(failure, "nn: a ") || w.next != 2 || w.busy != 0 || w.helpers != 0 {
			t.Errorf("%s: failure %q, next %d, busy %d, helpers %d", what, failure, w.next, w.busy, w.helpers)
		}
	}
}

func TestDoReturnsAfterAPanicOnlyWhenNoPieceIsAtWork(t *testing.T) {
	if cores() < 2 {
		t.Skip("one core, so no helper")
	}
	finished, begun := false, make(chan bool)
	func() {
		defer func() { recover() }()
		new(workers).do(2, 2, func(piece int) {
			if piece == 0 {
				<-begun
				panic("nn: a piece panics")
			}
			close(begun)
			for range 1000 {
				runtime.Gosched()
			}
			finished = true
		})
	}()
	if !finished {
		t.Error("do has returned while a helper was at work")
	}
}

func TestWorkersDoEveryPieceOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	w := new(workers)
	for _, pieces := range []int{0, 1, 2, 3, 100, 1, 1000} {
		done := make([]atomic.Int32, pieces)
		w.do(4, pieces, func(piece int) { done[piece].Add(1) })
		for piece := range done {
			if times := done[piece].Load(); times != 1 {
				t.Errorf("piece %d of %d is done %d times", piece, pieces, times)
			}
		}
	}
}
