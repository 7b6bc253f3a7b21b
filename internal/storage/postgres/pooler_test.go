package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables/tablestest"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// behindPooler is what the URL needs behind a pooler in transaction mode that takes no startup parameters.
const behindPooler = "&default_query_exec_mode=cache_describe&session_settings=off"

// The whole conformance suite holds behind a pooler: locks, followers and snapshots included.
func TestStore_BehindAPoolerInTransactionMode(t *testing.T) {
	pool := testdb.PgBouncer(t, testdb.Postgres(t))
	storagetest.Run(t, func(t testing.TB) storagetest.Open {
		t.Helper()
		pooled := pool(testdb.PreparedPostgres(t, migrate)) + behindPooler
		return func(t testing.TB, now func() time.Time) storage.Store {
			t.Helper()
			return open(t, pooled, postgres.Options{Now: now})
		}
	}, tablestest.Tests())
}

func TestOpen_PoolerThatRefusesStartupParameters_SaysWhatToSet(t *testing.T) {
	t.Parallel()
	direct := testdb.PreparedPostgres(t, migrate)
	pooled := testdb.PgBouncer(t, direct)(direct)
	_, err := postgres.Open(t.Context(), pooled, postgres.Options{})
	if !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), "session_settings=off") {
		t.Errorf("got %v", err)
	}
}

func TestRead_PreparedStatementsBehindAPooler_SaysWhatToSet(t *testing.T) {
	t.Parallel()
	direct := testdb.PreparedPostgres(t, migrate)
	pooled := testdb.PgBouncer(t, direct)(direct) + "&session_settings=off"
	store, err := postgres.Open(t.Context(), pooled, postgres.Options{})
	if err == nil {
		defer func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		}()
		err = headAtOnce(t.Context(), store)
	}
	if !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), "default_query_exec_mode=cache_describe") {
		t.Errorf("got %v", err)
	}
}

// headAtOnce reads by many connections at once until a read fails otherwise than by the head that is missing.
func headAtOnce(ctx context.Context, store *postgres.Store) error {
	var once sync.Mutex
	var failed error
	var reading sync.WaitGroup
	for range 24 {
		reading.Go(func() {
			for range 200 {
				_, err := store.Head(ctx)
				once.Lock()
				if err != nil && !errors.Is(err, storage.ErrNotInitialised) && failed == nil {
					failed = err
				}
				ended := failed != nil
				once.Unlock()
				if ended {
					return
				}
			}
		})
	}
	reading.Wait()
	return failed
}
