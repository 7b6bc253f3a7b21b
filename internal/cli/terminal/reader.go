package terminal

import (
	"context"
	"io"
)

// interruptible is a reader. Its Read returns when the context ends, also
// while the reader below it waits for a terminal or a pipe.
type interruptible struct {
	done  context.Context
	from  io.Reader
	place []byte
	// left are the bytes of place that were read and not handed on yet, err is
	// what came with them.
	left []byte
	err  error
	// reading is set while a goroutine reads into place.
	reading bool
	read    chan readResult
}

type readResult struct {
	n   int
	err error
}

func newInterruptible(ctx context.Context, from io.Reader) *interruptible {
	return &interruptible{done: ctx, from: from, place: make([]byte, 64<<10), read: make(chan readResult, 1)}
}

func (r *interruptible) Read(p []byte) (int, error) {
	if len(r.left) == 0 && r.err == nil {
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	if len(r.left) > 0 {
		return n, nil
	}
	return n, r.err
}

// fill reads in a goroutine of its own. One that waits when the context ends
// waits on until the process ends.
func (r *interruptible) fill() error {
	if !r.reading {
		r.reading = true
		go func() {
			n, err := r.from.Read(r.place)
			r.read <- readResult{n, err}
		}()
	}
	select {
	case got := <-r.read:
		r.reading = false
		r.left, r.err = r.place[:got.n], got.err
		return nil
	case <-r.done.Done():
		return context.Cause(r.done)
	}
}
