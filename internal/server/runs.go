package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/server/writing"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// failedInside is what is noted of a run that failed without a code of package fault.
const failedInside = "INTERNAL"

// sharedRuns notes in the database when its workers ran, for all servers that share it, and for the next start of each.
type sharedRuns struct {
	store interface {
		storage.TableReader
		WriteTables(ctx context.Context, statements ...storage.Statement) error
	}
	now       func() time.Time
	log       *slog.Logger
	succeeded func(worker string, at time.Time) // is told of successes, those of other servers and before the start included
}

// share makes a worker one that all servers of the database have together: none runs it within its interval after another has succeeded.
func (r *sharedRuns) share(w worker) worker {
	run := w.run
	w.untilDue = func(ctx context.Context) time.Duration { return r.untilDue(ctx, &w) }
	w.run = func(ctx context.Context) error { return r.runNoted(ctx, w.name, run) }
	return w
}

// untilDue returns how long the worker need not run, because it did; 0 if it is to run now. Where that cannot be read it runs. A run is
// taken to be due a jitter early, so that a server that waited longer than others for its first run keeps its own time afterwards. A
// success that is in the future, because another clock is wrong, counts as one of now.
func (r *sharedRuns) untilDue(ctx context.Context, w *worker) time.Duration {
	runs, err := tables.WorkerRuns(ctx, r.store)
	if err != nil {
		return 0
	}
	at := slices.IndexFunc(runs, func(run tables.WorkerRun) bool { return run.Worker == w.name })
	if at < 0 || runs[at].Succeeded == 0 {
		return 0
	}
	r.succeeded(w.name, runs[at].Succeeded.Time())
	began := min(runs[at].Started, runs[at].Succeeded) // Of a run that has not succeeded yet the start is the later one.
	since := max(r.now().Sub(began.Time()), 0)
	if since >= w.every-w.jitter {
		return 0
	}
	return w.every - since
}

// runNoted runs a worker and notes when it began and how it ended. A run that the end of the server cuts off is noted as begun.
func (r *sharedRuns) runNoted(ctx context.Context, name string, run func(context.Context) error) error {
	if err := r.store.WriteTables(ctx, tables.NoteWorkerStart(name, consent.InstantOf(r.now()))); err != nil {
		return fmt.Errorf("note the start of a worker: %w", err)
	}
	failed := run(ctx)
	if ctx.Err() != nil {
		return failed
	}
	end := tables.NoteWorkerSuccess(name, consent.InstantOf(r.now()))
	if failed != nil {
		end = tables.NoteWorkerFailure(name, failureCode(failed))
	}
	if err := r.store.WriteTables(ctx, end); err != nil {
		return errors.Join(failed, fmt.Errorf("note the end of a worker: %w", err))
	}
	return failed
}

func failureCode(err error) string {
	var told *fault.Error
	if errors.As(err, &told) {
		return string(told.Code)
	}
	return failedInside
}

// tell tells metrics and the log when the workers last ran before this server started.
func (r *sharedRuns) tell(ctx context.Context) {
	runs, err := tables.WorkerRuns(ctx, r.store)
	if err != nil {
		r.log.LogAttrs(ctx, slog.LevelWarn, "could not read when workers last ran", slog.String("error", rpc.CauseText(err)))
		return
	}
	for i := range runs {
		run := &runs[i]
		if run.Worker == writing.Worker { // says nothing of work that was done
			continue
		}
		attrs := []slog.Attr{slog.String("worker", run.Worker), slog.String("started", run.Started.String())}
		if run.Succeeded != 0 {
			r.succeeded(run.Worker, run.Succeeded.Time())
			attrs = append(attrs, slog.String("succeeded", run.Succeeded.String()))
		}
		if run.Failure != "" {
			attrs = append(attrs, slog.String("failure", run.Failure))
		}
		r.log.LogAttrs(ctx, slog.LevelInfo, "a worker ran before this start", attrs...)
	}
}
