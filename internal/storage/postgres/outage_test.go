package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// recovery is how long a store may take to notice that the server is back.
const recovery = 20 * time.Second

func opened(t *testing.T, url string, opts postgres.Options) *postgres.Store {
	t.Helper()
	store := open(t, url, opts)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return store
}

func initialised(t *testing.T, url string, opts postgres.Options) *postgres.Store {
	t.Helper()
	opts.Migrate = true
	store := opened(t, url, opts)
	if err := store.Initialise(t.Context(), storage.Head{StoreID: [16]byte{1}}); err != nil {
		t.Fatal(err)
	}
	return store
}

// advance moves the head on by one; before is called while the write has the lock.
func advance(ctx context.Context, store storage.Store, before func()) error {
	return store.Write(ctx, storage.Load{}, func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
		head := tx.Loaded().Head
		head.Position++
		if before != nil {
			before()
		}
		return &storage.Changes{Head: head}, nil
	})
}

func wantPosition(t *testing.T, store storage.Store, want int64) {
	t.Helper()
	head, err := store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if head.Position != want {
		t.Errorf("the head stands at %d, want %d", head.Position, want)
	}
}

func TestStore_ServerStops_ErrUnavailableUntilItIsBack(t *testing.T) {
	t.Parallel()
	server := testdb.NewPostgresServer(t)
	store := initialised(t, server.URL(), postgres.Options{})
	if err := advance(t.Context(), store, nil); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	for name, call := range map[string]func() error{
		"Head":   func() error { _, err := store.Head(t.Context()); return err },
		"States": func() error { _, _, err := store.States(t.Context(), []storage.SubjectKey{{Form: 1}}); return err },
		"Ledger": func() error { _, _, err := store.Ledger(t.Context(), 0, 10); return err },
		"Write":  func() error { return advance(t.Context(), store, nil) },
		"DeleteExpiredRequests": func() error {
			_, err := store.DeleteExpiredRequests(t.Context(), consent.MaxInstant, 1)
			return err
		},
		"Initialise": func() error { return store.Initialise(t.Context(), storage.Head{}) },
	} {
		if err := call(); !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("%s returned the error %v, want ErrUnavailable", name, err)
		}
	}
	if _, err := postgres.Open(t.Context(), server.URL(), postgres.Options{}); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("Open returned the error %v, want ErrUnavailable", err)
	}
	server.Start()
	testkit.Eventually(t, recovery, "the store reaches the server again", func() bool {
		_, err := store.Head(t.Context())
		return err == nil
	})
	wantPosition(t, store, 1)
	if err := advance(t.Context(), store, nil); err != nil {
		t.Errorf("Write after the outage: %v", err)
	}
	wantPosition(t, store, 2)
}

func TestWrite_ServerStopsWhileDeciding_NothingIsStored(t *testing.T) {
	t.Parallel()
	server := testdb.NewPostgresServer(t)
	store := initialised(t, server.URL(), postgres.Options{})
	err := advance(t.Context(), store, server.Stop)
	if !errors.Is(err, storage.ErrUnavailable) && !errors.Is(err, storage.ErrCommitUnknown) {
		t.Errorf("Write returned the error %v, want ErrUnavailable or ErrCommitUnknown", err)
	}
	server.Start()
	testkit.Eventually(t, recovery, "the store reaches the server again", func() bool {
		_, err := store.Head(t.Context())
		return err == nil
	})
	wantPosition(t, store, 0)
	if err := advance(t.Context(), store, nil); err != nil {
		t.Errorf("Write after the outage: %v", err)
	}
}

func TestTxEvents_ServerStopsWhileDeciding_ErrUnavailable(t *testing.T) {
	t.Parallel()
	server := testdb.NewPostgresServer(t)
	store := initialised(t, server.URL(), postgres.Options{})
	err := store.Write(t.Context(), storage.Load{}, func(ctx context.Context, tx storage.Tx) (*storage.Changes, error) {
		server.Stop()
		_, err := tx.Events(ctx, []consent.SubjectID{{1}})
		return nil, err
	})
	if !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("Write returned the error %v, want ErrUnavailable", err)
	}
}

func TestOpen_ReadOnlyDatabase_ErrUnavailable(t *testing.T) {
	t.Parallel()
	server := testdb.NewPostgresServer(t)
	opened(t, server.URL(), postgres.Options{Migrate: true})
	sql(t, server.URL(), `ALTER DATABASE postgres SET default_transaction_read_only = on`)
	if _, err := postgres.Open(t.Context(), server.URL(), postgres.Options{}); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("Open returned the error %v, want ErrUnavailable", err)
	}
}

func TestOpen_CommitsNotDurable_IsRefused(t *testing.T) {
	t.Parallel()
	server := testdb.NewPostgresServer(t, "synchronous_commit = off")
	_, err := postgres.Open(t.Context(), server.URL(), postgres.Options{Migrate: true})
	if err == nil || !strings.Contains(err.Error(), "synchronous_commit is off") {
		t.Errorf("Open returned the error %v, want one that names synchronous_commit", err)
	}
}

func TestOpen_NoConnectionLeft_SaysWhatToDo(t *testing.T) {
	t.Parallel()
	server := testdb.NewPostgresServer(t, "max_connections = 4", "superuser_reserved_connections = 0", "max_wal_senders = 0")
	for range 4 {
		conn, err := pgx.Connect(t.Context(), server.URL())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
	}
	_, err := postgres.Open(t.Context(), server.URL(), postgres.Options{Migrate: true})
	if !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), "raise max_connections") {
		t.Errorf("Open returned the error %v, want ErrUnavailable with what to do", err)
	}
}

func TestOpen_BadURL_IsNotRepeated(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open(t.Context(), "postgres://me:secret@host:notaport/db", postgres.Options{})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("Open returned the error %v, want one without the password", err)
	}
}
