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
		if failure, _ := w.failure.(string); !strings.HasPrefix(failure, "nn: a ") || w.next != 2 || w.busy != 0 || w.helpers != 0 || !w.mu.TryLock() {
			t.Errorf("%s: failure %q, next %d, busy %d, helpers %d, or the lock is held", what, failure, w.next, w.busy, w.helpers)
		}
	}
}

func TestDoEndsAsItsPiecesDoAndWhenNoneIsAtWork(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // the helper begins when its caller waits, in piece 0
	const failure = "nn: a piece panics"
	fail := func() { panic(failure) }
	for what, c := range map[string]struct {
		callers, helpers func() // the ends of their pieces
		panics           any
	}{
		"the caller's piece panics": {fail, func() {}, failure},
		"the caller's piece exits":  {runtime.Goexit, func() {}, nil},
		"the helper's piece panics": {func() {}, fail, failure},
	} {
		finished, begun, panicked, returned := false, make(chan bool), any(nil), make(chan bool)
		go func() {
			defer close(returned)
			defer func() { panicked = recover() }()
			new(workers).do(2, 2, func(piece int) {
				if piece == 0 {
					<-begun
					c.callers()
					return
				}
				close(begun)
				for range 1000 {
					runtime.Gosched()
				}
				finished = true
				c.helpers()
			})
		}()
		if <-returned; !finished || panicked != c.panics {
			t.Errorf("%s: the other piece has finished: %v, do panics with %v", what, finished, panicked)
		}
	}
}

func TestWorkersGoOnAfterAPanic(t *testing.T) {
	w := new(workers)
	mustPanic(t, func() { w.do(2, 2, func(int) { panic("nn: a piece panics") }) }, "a piece panics")
	var done atomic.Int32
	if w.do(2, 3, func(int) { done.Add(1) }); done.Load() != 3 {
		t.Errorf("%d of 3 pieces are done", done.Load())
	}
}

func TestWorkersDoEveryPieceOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	w := new(workers)
	for k, pieces := range []int{0, 1, 2, 3, 100, 1, 1000, 5} {
		done := make([]atomic.Int32, pieces)
		w.do(4-3*(k%2), pieces, func(piece int) { done[piece].Add(1) })
		for piece := range done {
			if times := done[piece].Load(); times != 1 {
				t.Errorf("piece %d of %d is done %d times", piece, pieces, times)
			}
		}
	}
}

func TestWorkOfAMillionProductsIsDividedBetweenCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	n, d := New(random(1), 784, 16, 16, 10), new(division)
	for m, want := range map[int]int{10: 1, 50: 1, 100: min(4, runtime.NumCPU()), 10_000: min(4, runtime.NumCPU())} {
		if d.divide(n, m); d.cores != want {
			t.Errorf("%d examples are divided between %d cores, want %d", m, d.cores, want)
		}
	}
	runtime.GOMAXPROCS(1)
	if d.divide(n, 10_000); d.cores != 1 {
		t.Errorf("with a GOMAXPROCS of 1, 10,000 examples are divided between %d cores", d.cores)
	}
}

func TestBlocksAreAllRowsOfWeightsOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	n, d := New(random(1), 785, 16, 40_000, 1), new(division)
	for _, m := range []int{1, 1000} { // on one core, and on all
		d.divide(n, m)
		layer, number, row := 0, 0, 0 // of the next block
		for _, b := range d.blocks {
			if b.layer != layer || b.number != number || b.lo != row || b.hi <= row {
				t.Fatalf("block %+v, want it to begin at row %d of layer %d, with the number %d", b, row, layer, number)
			}
			if cols := n.Layers[layer].Weights.Cols; b.hi-row > 1 && (b.hi-row)*cols > 1<<15 {
				t.Errorf("block %+v of %d columns does not fit a cache", b, cols)
			}
			if number, row = number+1, b.hi; row == n.Layers[layer].Weights.Rows {
				if m == 1 && layer == 0 && number > 1 || number < min(row, d.cores) {
					t.Errorf("layer %d has %d blocks for %d cores", layer, number, d.cores)
				}
				layer, number, row = layer+1, 0, 0
			}
		}
		if layer != len(n.Layers) || d.blockSize != d.blocks[0].hi {
			t.Errorf("blocks of %d layers, the first layer's of %d rows", layer, d.blockSize)
		}
	}
}
