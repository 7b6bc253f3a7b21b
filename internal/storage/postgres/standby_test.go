package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/postgres"
	tablesql "github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// reads are all methods that read a store.
var reads = map[string]func(context.Context, storage.Store) error{
	"Head": func(ctx context.Context, s storage.Store) error { _, err := s.Head(ctx); return err },
	"States": func(ctx context.Context, s storage.Store) error {
		_, _, err := s.States(ctx, []storage.SubjectKey{{Form: 1}})
		return err
	},
	"EventsOf": func(ctx context.Context, s storage.Store) error {
		_, _, err := s.EventsOf(ctx, []storage.SubjectKey{{Form: 1}}, 0, 0)
		return err
	},
	"PositionAt": func(ctx context.Context, s storage.Store) error { _, _, err := s.PositionAt(ctx, 1); return err },
	"Records": func(ctx context.Context, s storage.Store) error {
		_, _, err := s.Records(ctx, []storage.SubjectKey{{Form: 1}}, 0, 1)
		return err
	},
	"Ledger": func(ctx context.Context, s storage.Store) error { _, _, err := s.Ledger(ctx, 0, 1); return err },
	"SubjectIDs": func(ctx context.Context, s storage.Store) error {
		_, err := s.SubjectIDs(ctx, consent.SubjectID{}, 1)
		return err
	},
	"SubjectsByID": func(ctx context.Context, s storage.Store) error {
		_, _, err := s.SubjectsByID(ctx, []consent.SubjectID{{1}})
		return err
	},
	"Catalogs": func(ctx context.Context, s storage.Store) error { _, _, err := s.Catalogs(ctx, 0); return err },
	"Refs":     func(ctx context.Context, s storage.Store) error { _, _, err := s.Refs(ctx, 0); return err },
	"Outlines": func(ctx context.Context, s storage.Store) error { _, err := s.Outlines(ctx, 0, 1); return err },
	"DisclosuresBefore": func(ctx context.Context, s storage.Store) error {
		_, _, err := s.DisclosuresBefore(ctx, 1, nil)
		return err
	},
	"Disclosures": func(ctx context.Context, s storage.Store) error {
		_, err := s.Disclosures(ctx, []consent.SubjectID{{1}})
		return err
	},
	"Readers": func(ctx context.Context, s storage.Store) error {
		_, err := s.Readers(ctx, storage.ReadBy{}, &storage.Readership{}, 1)
		return err
	},
	"CountReaders": func(ctx context.Context, s storage.Store) error {
		_, err := s.CountReaders(ctx, storage.ReadBy{})
		return err
	},
	"Erasures": func(ctx context.Context, s storage.Store) error { _, _, err := s.Erasures(ctx, 0, 1); return err },
	"Batch": func(ctx context.Context, s storage.Store) error {
		_, err := s.Batch(ctx, consent.BatchID{1}, 0, 1)
		return err
	},
	"Hashes": func(ctx context.Context, s storage.Store) error { _, _, err := s.Hashes(ctx, []int64{1}); return err },
	"QueryTable": func(ctx context.Context, s storage.Store) error {
		_, err := tablesql.ClaimsOf(ctx, s, [16]byte{1})
		return err
	},
	"Snapshot": func(ctx context.Context, s storage.Store) error {
		return s.Snapshot(ctx, func(context.Context, storage.Snapshot) error { return nil })
	},
	"Follow": func(ctx context.Context, s storage.Store) error {
		_, _, err := s.Follow(ctx, storage.Mark{}, 1)
		return err
	},
	"EachState": func(ctx context.Context, s storage.Store) error {
		_, err := s.EachState(ctx, storage.IDRange{}, func(storage.KeyedState) error { return nil })
		return err
	},
	"Size": func(ctx context.Context, s storage.Store) error { _, err := s.Size(ctx); return err },
}

// A pooler may keep its connections to this program while it leads them to another server: so every read asks.
func TestRead_ServerThatBecameAStandby_ErrUnavailable(t *testing.T) {
	t.Parallel()
	at := testdb.PreparedPostgres(t, migrate)
	own := withSearchPath(t, at, "public,pg_catalog")
	initialised(t, own, postgres.Options{})
	store := opened(t, own, postgres.Options{})
	sql(t, at, asStandby)
	for name, read := range reads {
		err := read(t.Context(), store)
		if !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), "standby") {
			t.Errorf("%s returned the error %v, want one that says that it is a standby", name, err)
		}
	}
}

func TestRead_Primary_NoError(t *testing.T) {
	t.Parallel()
	store := initialised(t, testdb.PreparedPostgres(t, migrate), postgres.Options{})
	for name, read := range reads {
		if err := read(t.Context(), store); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpen_Standby_ErrUnavailable(t *testing.T) {
	t.Parallel()
	at := testdb.PreparedPostgres(t, migrate)
	own := withSearchPath(t, at, "public,pg_catalog")
	initialised(t, own, postgres.Options{})
	sql(t, at, asStandby)
	for _, url := range []string{own, own + "&target_session_attrs=any", own + "&target_session_attrs=prefer-standby"} {
		wantStandbyRefused(t, url)
	}
}

// A standby says of its transactions that they are read-only.
func TestOpen_ReadOnlyServer_ErrUnavailableWhateverTheURLSays(t *testing.T) {
	t.Parallel()
	at := testdb.PreparedPostgres(t, migrate)
	initialised(t, at, postgres.Options{})
	readOnly := at + "&default_transaction_read_only=on"
	for _, attrs := range []string{"any", "read-only", "read-write", "primary", "standby", "prefer-standby"} {
		wantStandbyRefused(t, readOnly+"&target_session_attrs="+attrs)
		opened(t, at+"&target_session_attrs="+attrs, postgres.Options{})
	}
}

func wantStandbyRefused(t *testing.T, url string) {
	t.Helper()
	store, err := postgres.Open(t.Context(), url, postgres.Options{})
	if err == nil {
		err = store.Close()
		t.Errorf("Open let in a standby, Close says %v", err)
		return
	}
	if !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), "standby") {
		t.Errorf("Open returned the error %v, want one that says that it is a standby", err)
	}
}

// Without preparing statements, what the server refuses is known only when the rows are read.
func TestStates_ServerThatRefusesWhileRowsAreRead_ReturnsItsError(t *testing.T) {
	t.Parallel()
	at := testdb.PreparedPostgres(t, migrate)
	store := initialised(t, at+"&default_query_exec_mode=cache_describe", postgres.Options{})
	keys := []storage.SubjectKey{{Form: 1}}
	for range 2 * 16 { // each connection of the pool describes the statement
		if _, _, err := store.States(t.Context(), keys); err != nil {
			t.Fatal(err)
		}
	}
	sql(t, at, `ALTER TABLE subjects RENAME TO elsewhere`)
	if _, _, err := store.States(t.Context(), keys); err == nil || !strings.Contains(err.Error(), "subjects") {
		t.Errorf("got the error %v, want that the table is missing", err)
	}
}
