// Package writing finds out whether a store takes writes: one on a full disk still lets its head be read.
package writing

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

const (
	// Every is how often Update is to be called: it is how soon a server notices that a store which refused a write takes writes again.
	Every = 5 * time.Second
	// lasts is how long a write that succeeded shows that the store takes writes.
	lasts = 30 * time.Second
	// timeout is how long a trial may wait for other writes. It is far more than a write takes, so that a busy store passes.
	timeout = 20 * time.Second

	// Worker is the name of the worker, in metrics and in its row of worker_runs.
	Worker = "writing"
)

// Store is what a trial writes to.
type Store interface {
	WriteTables(ctx context.Context, statements ...storage.Statement) error
}

// Trial tries again and again whether a store takes writes. It changes nothing of the ledger.
type Trial struct {
	store  Store
	now    func() time.Time // for the row that is written
	last   time.Time        // of the last write that succeeded; only the worker uses it
	failed atomic.Pointer[error]
}

// New returns a trial of the store; now is the clock for the row that is written.
func New(store Store, now func() time.Time) *Trial { return &Trial{store: store, now: now} }

// Update tries a small write where the last one that succeeded is long ago, or none has since one failed.
func (w *Trial) Update(ctx context.Context) error {
	if w.failure() == nil && !w.last.IsZero() && time.Since(w.last) < lasts {
		return nil
	}
	timed, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := w.store.WriteTables(timed, tables.NoteWorkerStart(Worker, consent.InstantOf(w.now())))
	switch {
	case err == nil:
		w.last = time.Now()
		w.failed.Store(nil)
	case ctx.Err() == nil:
		err = fmt.Errorf("the database takes no writes: %w", err)
		w.failed.Store(&err)
	}
	return err
}

// failure returns why the store takes no writes, or nil.
func (w *Trial) failure() error {
	if err := w.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Also returns a check of readiness that includes whether the store takes writes.
func (w *Trial) Also(check func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := check(ctx); err != nil {
			return err
		}
		return w.failure()
	}
}
