package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables/tablestest"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// migrate brings the schema of a database up. Tests use copies of one such database.
func migrate(ctx context.Context, url string) (err error) {
	m, err := postgres.Migrator(url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	return m.Up(ctx)
}

func fresh(t testing.TB) storagetest.Open {
	t.Helper()
	url := testdb.PreparedPostgres(t, migrate)
	return func(t testing.TB, now func() time.Time) storage.Store {
		t.Helper()
		return open(t, url, postgres.Options{Migrate: true, Now: now})
	}
}

func open(t testing.TB, url string, opts postgres.Options) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), url, opts)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestStore(t *testing.T) { storagetest.Run(t, fresh, tablestest.Tests()) }

func BenchmarkStore(b *testing.B) { storagetest.Benchmark(b, fresh) }
