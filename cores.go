package nn

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A crew is a few goroutines, the caller's among them, that do one piece of
// work after the other together. Between two pieces they stay awake: to wake
// a sleeping one takes longer than a mini-batch.
type crew struct {
	size    int
	work    func(member int)
	round   atomic.Int64 // counts the pieces of work, the last of which is to go home
	busy    atomic.Int64 // members that have not finished this round, without the caller
	failure atomic.Pointer[any]
	home    sync.WaitGroup
}

// gather returns a crew, which is to be dismissed.
func gather(size int) *crew {
	c := &crew{size: size}
	for member := 1; member < size; member++ {
		c.home.Go(func() {
			for round := int64(1); ; round++ {
				await(func() bool { return c.round.Load() >= round })
				if c.work == nil || !c.take(member) {
					return
				}
			}
		})
	}
	return c
}

// do calls work(0), which is the caller's part, … work(size−1) at once and
// waits for all. What a member panics with, do panics with, where the caller
// can recover from it.
func (c *crew) do(work func(member int)) {
	c.work = work
	c.busy.Store(int64(c.size - 1))
	c.round.Add(1)
	work(0)
	await(func() bool { return c.busy.Load() == 0 })
	if failure := c.failure.Load(); failure != nil {
		panic(*failure)
	}
}

// take does a member's part and tells whether it came to its end.
func (c *crew) take(member int) (finished bool) {
	defer func() {
		failure := recover()
		if failure == nil && !finished { // runtime.Goexit, perhaps in an Example
			failure = "nn: a goroutine ended before its work"
		}
		if failure != nil {
			c.failure.Store(&failure)
		}
		c.busy.Add(-1)
	}()
	c.work(member)
	return true
}

// dismiss ends the crew's goroutines.
func (c *crew) dismiss() {
	await(func() bool { return c.busy.Load() == 0 }) // if the caller's own part has panicked
	c.work = nil
	c.round.Add(1)
	c.home.Wait()
}

// await returns when come is true. It asks again and again for the time that a
// small piece of work takes before it lets other goroutines run, because one
// that has let go may go on at another core, far from its data. What takes
// longer, such as an example that is read from a disk, is not to keep a core
// busy with waiting.
func await(come func() bool) {
	for tries := 0; !come(); tries++ {
		switch {
		case tries > 1<<16:
			time.Sleep(100 * time.Microsecond)
		case tries > 1<<14:
			runtime.Gosched()
		}
	}
}
