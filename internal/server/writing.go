package server

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
	// writingEvery is how soon a server notices that a store which refused a write takes writes again.
	writingEvery = 5 * time.Second
	// writingFor is how long a write that succeeded shows that the store takes writes.
	writingFor = 30 * time.Second
	// writingTimeout is how long a trial may wait for other writes. It is far more than a write takes, so that a busy store passes.
	writingTimeout = 20 * time.Second

	writingWorker = "writing"
)

// writing finds out whether the store takes writes: a full disk still lets it read its head. It changes nothing of the ledger.
type writing struct {
	store interface {
		WriteTables(ctx context.Context, statements ...storage.Statement) error
	}
	now    func() time.Time // for the row that is written
	last   time.Time        // of the last write that succeeded; only the worker uses it
	failed atomic.Pointer[error]
}

// update tries a small write where the last one that succeeded is long ago, or none has since one failed.
func (w *writing) update(ctx context.Context) error {
	if w.failure() == nil && !w.last.IsZero() && time.Since(w.last) < writingFor {
		return nil
	}
	timed, cancel := context.WithTimeout(ctx, writingTimeout)
	defer cancel()
	err := w.store.WriteTables(timed, tables.NoteWorkerStart(writingWorker, consent.InstantOf(w.now())))
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
func (w *writing) failure() error {
	if err := w.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// also returns a check of readiness that includes whether the store takes writes.
func (w *writing) also(check func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := check(ctx); err != nil {
			return err
		}
		return w.failure()
	}
}
