package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/sqlite"
	"github.com/assent-io/assent/internal/storage/tables"
)

// sharedIn runs the test with the notes of runs in a database, in time that passes at once.
func sharedIn(t *testing.T, test func(t *testing.T, store storage.Store, runs *sharedRuns)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "assent.db")
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlite.Open(t.Context(), path, sqlite.Options{Migrate: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Initialise(t.Context(), storage.Head{StoreID: [16]byte{1}}); err != nil {
			t.Fatal(err)
		}
		test(t, store, &sharedRuns{
			store: store, now: time.Now, log: slog.New(slog.DiscardHandler), succeeded: func(string, time.Time) {},
		})
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}

// serveFor runs the worker for a time, as a server does that is stopped then.
func serveFor(t *testing.T, w worker, within time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	w.work(ctx, slog.New(slog.DiscardHandler), func(string, bool) {})
}

func TestShare_RestartedServer_RunsAgainWhenTheIntervalIsOver(t *testing.T) {
	sharedIn(t, func(t *testing.T, _ storage.Store, runs *sharedRuns) {
		began := time.Now()
		var at []int
		w := runs.share(worker{name: "retention", first: 5 * time.Minute, every: 24 * time.Hour, run: func(context.Context) error {
			at = append(at, int(time.Since(began).Minutes()))
			return nil
		}})
		for range 6 {
			serveFor(t, w, 10*time.Hour)
		}
		if want := []int{5, 5 + 24*60, 5 + 48*60}; !cmp.Equal(at, want) {
			t.Errorf("ran at %v, want %v", at, want)
		}
	})
}

func TestShare_FailedRun_IsRepeatedAfterTheRestart(t *testing.T) {
	sharedIn(t, func(t *testing.T, _ storage.Store, runs *sharedRuns) {
		n := 0
		w := runs.share(worker{name: "retention", every: 24 * time.Hour, run: func(context.Context) error {
			n++
			return errors.New("the database is full")
		}})
		serveFor(t, w, time.Hour)
		serveFor(t, w, time.Hour)
		if n != 2 {
			t.Errorf("it ran %d times, want 2", n)
		}
	})
}

func TestShare_SeveralServers_RunOnceInAnInterval(t *testing.T) {
	sharedIn(t, func(t *testing.T, _ storage.Store, runs *sharedRuns) {
		var mu sync.Mutex
		n := 0
		count := func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			n++
			return nil
		}
		var wg sync.WaitGroup
		for server := range 3 {
			w := runs.share(worker{name: "retention", first: time.Duration(server+1) * time.Minute, every: 24 * time.Hour, run: count})
			wg.Go(func() { serveFor(t, w, 23*time.Hour) })
		}
		wg.Wait()
		if n != 1 {
			t.Errorf("it ran %d times in a day, want once", n)
		}
	})
}

func TestShare_EndOfARun_IsNotedWithItsCode(t *testing.T) {
	sharedIn(t, func(t *testing.T, store storage.Store, runs *sharedRuns) {
		coded := errors.Join(errors.New("x"), fault.Errorf(fault.NoClaimsKey, "", "there is no key"))
		ends := map[string]error{"coded": coded, "uncoded": errors.New("x"), "done": nil}
		for name, err := range ends {
			serveFor(t, runs.share(worker{name: name, every: time.Hour, run: func(context.Context) error { return err }}), time.Minute)
		}
		serveFor(t, runs.share(worker{name: "endless", every: time.Hour, run: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}), time.Minute)
		got, err := tables.WorkerRuns(t.Context(), store)
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range got {
			if (run.Succeeded != 0) != (run.Worker == "done") {
				t.Errorf("%s succeeded at %v", run.Worker, run.Succeeded)
			}
			want := map[string]string{"coded": "NO_CLAIMS_KEY", "uncoded": "INTERNAL"}[run.Worker]
			if run.Failure != want {
				t.Errorf("%s failed with %q, want %q", run.Worker, run.Failure, want)
			}
		}
		if len(got) != 4 {
			t.Errorf("%d workers are noted, want 4", len(got))
		}
	})
}

func TestTell_RunsBeforeTheStart_AreInMetricsAndLog(t *testing.T) {
	sharedIn(t, func(t *testing.T, store storage.Store, runs *sharedRuns) {
		at := consent.InstantOf(time.Now())
		for _, s := range []storage.Statement{
			tables.NoteWorkerStart("requests", at), tables.NoteWorkerFailure("requests", "STORE_UNAVAILABLE"),
			tables.NoteWorkerStart("retention", at), tables.NoteWorkerSuccess("retention", at+1_000_000),
		} {
			if err := store.WriteTables(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		var text bytes.Buffer
		told := map[string]time.Time{}
		runs.log = slog.New(slog.NewTextHandler(&text, nil))
		runs.succeeded = func(worker string, at time.Time) { told[worker] = at }
		runs.tell(t.Context())
		if want := map[string]time.Time{"retention": (at + 1_000_000).Time()}; !cmp.Equal(told, want) {
			t.Errorf("told were %v, want %v", told, want)
		}
		for _, want := range []string{"worker=requests", "failure=STORE_UNAVAILABLE", "worker=retention", "succeeded="} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("the log lacks %s:\n%s", want, text.String())
			}
		}
	})
}
