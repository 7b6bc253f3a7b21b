package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/health"

	"github.com/assent-io/assent/internal/server/writing"
	"github.com/assent-io/assent/internal/storage"
)

// fullStore answers reads always, and refuses writes while its disk is full.
type fullStore struct {
	full   atomic.Bool
	writes atomic.Int64
}

func (s *fullStore) WriteTables(_ context.Context, statements ...storage.Statement) error {
	if len(statements) != 1 || !strings.Contains(statements[0].SQL, "INSERT INTO worker_runs") {
		return errors.New("the write is no small one of the table of jobs")
	}
	s.writes.Add(1)
	if s.full.Load() {
		return errors.New("database or disk is full")
	}
	return nil
}

func TestReadiness_StoreReadsButTakesNoWrites_IsNotReadyUntilItDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fullStore{}
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, nil))
		w := writing.New(store, time.Now)
		r := &readiness{check: w.Also(func(context.Context) error { return nil }), health: health.NewServer(), log: logger}
		ctx, cancel := context.WithCancel(t.Context())
		for _, worker := range []worker{
			{every: readyEvery, run: r.update, tells: true}, {every: writing.Every, run: w.Update, tells: true},
		} {
			go worker.work(ctx, logger, func(string, bool) {})
		}
		defer func() {
			cancel()
			synctest.Wait()
		}()
		within := func(wait time.Duration, want int, what string) {
			t.Helper()
			timer := time.NewTimer(wait)
			<-timer.C
			synctest.Wait()
			if got := page(r); got != want {
				t.Fatalf("%s: %d, want %d; log:\n%s", what, got, want, log.String())
			}
		}
		within(time.Hour, http.StatusOK, "a store that takes writes")
		if n := store.writes.Load(); n < 100 || n > 130 {
			t.Errorf("there were %d writes in an hour, want one about every 30 s", n)
		}
		store.full.Store(true)
		within(30*time.Second+writing.Every+2*readyEvery, http.StatusServiceUnavailable, "the disk is full")
		if !strings.Contains(log.String(), "the database takes no writes: database or disk is full") {
			t.Errorf("the log does not say why: %s", log.String())
		}
		store.full.Store(false)
		within(writing.Every+2*readyEvery, http.StatusOK, "there is room again")
	})
}
