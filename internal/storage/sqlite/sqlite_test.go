package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/sqlite"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables/tablestest"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(writeUntilKilled); path != "" {
		fmt.Fprintln(os.Stderr, writeForever(path))
		os.Exit(1)
	}
	if path := os.Getenv(writeBeside); path != "" {
		if err := changeHead(context.Background(), path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	testkit.VerifyNoLeaks(m)
}

func fresh(t testing.TB) storagetest.Open {
	t.Helper()
	path := filepath.Join(t.TempDir(), "assent.db")
	return func(t testing.TB, now func() time.Time) storage.Store {
		t.Helper()
		return open(t, path, sqlite.Options{Migrate: true, Now: now})
	}
}

func open(t testing.TB, path string, opts sqlite.Options) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestStore(t *testing.T) { storagetest.Run(t, fresh, tablestest.Tests()) }

func BenchmarkStore(b *testing.B) { storagetest.Benchmark(b, fresh) }
