package rpc

import (
	"context"
	"sync"
	"time"
)

// deadline is a context with a deadline that costs a timer only where somebody waits for it. Most calls are answered from memory, and
// nobody does.
type deadline struct {
	context.Context //nolint:containedctx // It is one.

	at     time.Time // zero: that of the context, which has one
	mu     sync.Mutex
	inner  context.Context    // with the timer; nil: nobody has waited yet
	cancel context.CancelFunc // of the timer
}

// withDefaultDeadline returns a context with the deadline that a call has whose caller gave none. It is to be released.
func withDefaultDeadline(ctx context.Context, timeout time.Duration) *deadline {
	d := &deadline{Context: ctx}
	if _, given := ctx.Deadline(); !given {
		d.at = time.Now().Add(timeout)
	}
	return d
}

// Deadline returns the deadline.
func (d *deadline) Deadline() (time.Time, bool) {
	if d.at.IsZero() {
		return d.Context.Deadline()
	}
	return d.at, true
}

// Done returns what is closed when the context ends.
func (d *deadline) Done() <-chan struct{} { return d.timed().Done() }

// Err returns why the context has ended; nil if it has not.
func (d *deadline) Err() error {
	if d.begun() == nil && (d.at.IsZero() || time.Now().Before(d.at)) {
		return d.Context.Err()
	}
	return d.timed().Err()
}

// Value returns a value. What ends a context its children find by a value, so that must be of the context with the timer.
func (d *deadline) Value(key any) any {
	if inner := d.begun(); inner != nil {
		return inner.Value(key)
	}
	return d.Context.Value(key)
}

// begun returns the context with the timer; nil if there is none yet.
func (d *deadline) begun() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.inner
}

// timed returns the context with the timer.
func (d *deadline) timed() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.inner != nil:
	case d.at.IsZero():
		return d.Context
	default:
		d.inner, d.cancel = context.WithDeadline(d.Context, d.at)
	}
	return d.inner
}

// release ends the context, for whoever still waits or asks.
func (d *deadline) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cancel != nil {
		d.cancel()
		return
	}
	d.inner = (*over)(d)
}

// over is a context that has ended with its call, before anybody waited.
type over deadline

// Deadline returns the deadline.
func (o *over) Deadline() (time.Time, bool) { return o.at, !o.at.IsZero() }

// Done returns a closed channel.
func (o *over) Done() <-chan struct{} {
	closed := make(chan struct{})
	close(closed)
	return closed
}

// Err says so.
func (o *over) Err() error { return context.Canceled }

// Value returns a value.
func (o *over) Value(key any) any { return o.Context.Value(key) }
