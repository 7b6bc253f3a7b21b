package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// pair returns two stores of one database, as two processes have them.
func pair(t *testing.T) (url string, a, b *postgres.Store) {
	t.Helper()
	url = testdb.PreparedPostgres(t, migrate)
	return url, initialised(t, url, postgres.Options{}), opened(t, url, postgres.Options{})
}

func TestWrite_TwoProcesses_OneOrderWithoutGaps(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t)
	storagetest.OneOrder(t, []storage.Store{a, b}, 8, 20)
}

func TestLoaded_Now_IsTheDatabasesClockReadUnderTheLock(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t)
	var mu sync.Mutex // for the race detector: it does not know of locks in a database
	var released consent.Instant
	var wg sync.WaitGroup
	for _, store := range []*postgres.Store{a, b, a, b} {
		wg.Go(func() {
			for range 20 {
				err := store.Write(t.Context(), storage.Load{}, func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
					mu.Lock()
					defer mu.Unlock()
					if now := tx.Loaded().Now; now < released {
						t.Errorf("Now is %v, before the last write gave up the lock at %v", now, released)
					}
					released = consent.InstantOf(time.Now()) // server and test share a machine
					return nil, nil
				})
				if err != nil {
					t.Errorf("Write: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

// held has a write of the store hold the lock of the head until the function returned is called.
func held(t *testing.T, store *postgres.Store) (release func()) {
	t.Helper()
	locked, free, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- advance(t.Context(), store, func() {
			close(locked)
			<-free
		})
	}()
	select {
	case <-locked:
	case err := <-ended:
		t.Fatalf("Write: %v", err)
	}
	return func() {
		t.Helper()
		close(free)
		if err := <-ended; err != nil {
			t.Errorf("Write: %v", err)
		}
	}
}

// waiting waits until a connection waits for a lock, and returns the number of its server process.
func waiting(t *testing.T, url string) (pid int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	testkit.Eventually(t, recovery, "a write waits for the head", func() bool {
		return conn.QueryRow(t.Context(),
			`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&pid) == nil
	})
	return pid
}

func TestWrite_CancelledWhileItWaitsForAnotherProcess_ReturnsItsContextsError(t *testing.T) {
	t.Parallel()
	url, a, b := pair(t)
	release := held(t, a)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- advance(ctx, b, func() { t.Error("decide was called") }) }()
	waiting(t, url)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Write returned the error %v, want that of its context", err)
	}
	release()
	wantPosition(t, b, 1)
}

func TestClose_WriteThatWaitsForAnotherProcess_ReturnsErrClosed(t *testing.T) {
	t.Parallel()
	url, a, b := pair(t)
	release := held(t, a)
	ended := make(chan error, 1)
	go func() { ended <- advance(t.Context(), b, func() { t.Error("decide was called") }) }()
	waiting(t, url)
	if err := b.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-ended; !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Write returned the error %v, want ErrClosed", err)
	}
	release()
	wantPosition(t, a, 1)
}

func TestWrite_ConnectionIsEndedWhileItWaits_ErrUnavailable(t *testing.T) {
	t.Parallel()
	url, a, b := pair(t)
	release := held(t, a)
	ended := make(chan error, 1)
	go func() { ended <- advance(t.Context(), b, func() { t.Error("decide was called") }) }()
	sql(t, url, `SELECT pg_terminate_backend($1)`, waiting(t, url))
	if err := <-ended; !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("Write returned the error %v, want ErrUnavailable", err)
	}
	release()
	if err := advance(t.Context(), b, nil); err != nil {
		t.Errorf("Write: %v", err)
	}
}

func TestReads_DoNotWaitForAWrite(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t)
	release := held(t, a)
	defer release()
	for _, store := range []*postgres.Store{a, b} {
		wantPosition(t, store, 0)
		if _, _, err := store.States(t.Context(), []storage.SubjectKey{{Form: 1}}); err != nil {
			t.Errorf("States: %v", err)
		}
	}
}
