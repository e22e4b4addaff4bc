package nn

import (
	"runtime"
	"sync"
)

// workers share work in pieces between their caller and helper goroutines.
//
// Pieces are claimed, not assigned: the caller does whatever piece nobody has
// begun, and waits only for those that a helper is in the middle of. A helper
// whose core is busy elsewhere therefore costs little.
//
// A helper that finds no piece lets other goroutines run and looks again, a
// limited number of times, then ends. It does not sleep in between, because
// waking it would take longer than the pause between two mini-batches.
type workers struct {
	mu      sync.Mutex
	work    func(piece int)
	pieces  int
	next    int       // the first piece that nobody has begun
	busy    int       // pieces that are begun and not finished
	free    sync.Cond // no piece is busy
	helpers int
	failure any // what a piece panicked with
}

// cores returns how many goroutines can run at once.
func cores() int { return min(runtime.GOMAXPROCS(0), runtime.NumCPU()) }

// do calls work for each piece, on up to cores goroutines, and returns when all
// pieces are finished. If a piece panics, do panics with the same value.
func (w *workers) do(cores, pieces int, work func(piece int)) {
	if cores == 1 {
		for piece := range pieces {
			work(piece)
		}
		return
	}
	w.mu.Lock()
	w.work, w.pieces, w.next, w.failure = work, pieces, 0, nil
	w.free.L = &w.mu
	for ; w.helpers < min(cores, pieces)-1; w.helpers++ {
		go w.help()
	}
	w.mu.Unlock()
	defer w.wait() // even after runtime.Goexit in a piece
	for w.doNext() {
	}
	w.wait()
	if w.failure != nil {
		panic(w.failure)
	}
}

func (w *workers) help() {
	defer func() {
		w.mu.Lock()
		w.helpers--
		w.mu.Unlock()
	}()
	for looks := 0; looks < 300; looks++ {
		if w.doNext() {
			looks = 0
		}
		runtime.Gosched()
	}
}

// doNext does a piece that nobody has begun, and reports whether there was one.
func (w *workers) doNext() bool {
	w.mu.Lock()
	piece, work := w.next, w.work
	if piece == w.pieces {
		w.mu.Unlock()
		return false
	}
	w.next++
	w.busy++
	w.mu.Unlock()
	finished := false
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !finished {
			if w.failure = recover(); w.failure == nil { // runtime.Goexit
				w.failure = "nn: a goroutine ended before its work was done"
			}
			w.next = w.pieces
		}
		if w.busy--; w.busy == 0 {
			w.free.Signal()
		}
	}()
	work(piece)
	finished = true
	return true
}

// wait returns when no piece is busy.
func (w *workers) wait() {
	w.mu.Lock()
	for w.busy > 0 {
		w.free.Wait()
	}
	w.mu.Unlock()
}

// A division divides the work on a mini-batch between cores.
type division struct {
	cores     int
	blocks    []block
	blockSize int // rows of the first layer's blocks
}

// A block is rows lo to hi of a layer's weights, hi excluded: the number-th block
// of the layer, counted from 0.
type block struct{ layer, number, lo, hi int }

// divide divides the work on m examples. A block is small enough to stay in a
// core's cache for the whole mini-batch.
func (d *division) divide(n *Network, m int) {
	// A mini-batch of less work than this is done before a helper is awake.
	const worthSharing = 1 << 20 // weights times examples
	d.cores = 1
	if m*n.Parameters() >= worthSharing {
		d.cores = cores()
	}
	d.blocks = d.blocks[:0]
	for l, layer := range n.Layers {
		rows, cols := layer.Weights.Rows, layer.Weights.Cols
		size := max(1, min(1<<15/cols, (rows+d.cores-1)/d.cores))
		for lo := 0; lo < rows; lo += size {
			d.blocks = append(d.blocks, block{l, lo / size, lo, min(lo+size, rows)})
		}
	}
	d.blockSize = d.blocks[0].hi
}
