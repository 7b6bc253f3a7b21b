package tables

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// WorkerRun tells when a worker of a server last ran on the database, whichever server it was.
type WorkerRun struct {
	Worker    string
	Started   consent.Instant // of the last run
	Succeeded consent.Instant // end of the last run that succeeded; zero: none did
	Failure   string          // why the last run that came to its end failed, as a code; empty: it succeeded, or none came to its end
}

const workerRunColumns = `worker, started_time, succeeded_time, failure`

// WorkerRuns returns the last runs of all workers that have ever run, by name.
func WorkerRuns(ctx context.Context, from storage.TableReader) ([]WorkerRun, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the runs of workers", SQL: `SELECT ` + workerRunColumns + ` FROM worker_runs ORDER BY worker`,
	}, scanWorkerRun)
	return rows, err
}

// NoteWorkerStart notes that a run of a worker begins.
func NoteWorkerStart(worker string, at consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "note the start of a worker",
		SQL: portable.InsertInto("worker_runs", workerRunColumns) +
			` ON CONFLICT (worker) DO UPDATE SET started_time = excluded.started_time`,
		Args: []any{worker, int64(at), column.InstantOrNull(0), ""},
	}
}

// NoteWorkerSuccess notes that a run of a worker succeeded; its start was noted before.
func NoteWorkerSuccess(worker string, at consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "note the success of a worker",
		SQL:   `UPDATE worker_runs SET succeeded_time = $2, failure = '' WHERE worker = $1`,
		Args:  []any{worker, int64(at)},
	}
}

// NoteWorkerFailure notes with a code that a run of a worker failed; its start was noted before.
func NoteWorkerFailure(worker, code string) storage.Statement {
	return storage.Statement{
		Doing: "note the failure of a worker", SQL: `UPDATE worker_runs SET failure = $2 WHERE worker = $1`, Args: []any{worker, code},
	}
}

func scanWorkerRun(scan storage.Scan) (WorkerRun, error) {
	var w WorkerRun
	var succeeded *int64
	if err := scan(&w.Worker, (*int64)(&w.Started), &succeeded, &w.Failure); err != nil {
		return WorkerRun{}, err
	}
	w.Succeeded = column.Instant(succeeded)
	return w, nil
}
