package postgres_test

import (
	"testing"
	"time"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func fresh(t testing.TB) storagetest.Open {
	t.Helper()
	url := testkit.Postgres(t)
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

func TestStore(t *testing.T) { storagetest.Run(t, fresh) }

func BenchmarkStore(b *testing.B) { storagetest.Benchmark(b, fresh) }
