package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// person returns the n-th subject.
func person(n byte) storage.Subject {
	return storage.Subject{
		Key: storage.SubjectKey{Form: consent.FormExact, Digest: [32]byte{n}}, ID: consent.SubjectID{n}, KeyVersion: 1, FoldVersion: 1,
	}
}

func put(ctx context.Context, store storage.Store, changes *storage.Changes) error {
	return store.Write(ctx, storage.Load{}, func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
		changes.Head = tx.Loaded().Head
		return changes, nil
	})
}

// learn counts disclosures of the persons.
func learn(ctx context.Context, store storage.Store, id byte, persons ...byte) error {
	var counts []storage.Learnt
	for _, n := range persons {
		counts = append(counts, storage.Learnt{Key: person(n).Key, Day: 1, Client: "shop", Channel: "newsletter", Count: 1})
	}
	return store.AddDisclosures(ctx, [32]byte{id}, 1, counts)
}

// erase cuts the first person off, and drops the third.
func erase(ctx context.Context, store storage.Store) error {
	erased := person(1)
	erased.ID, erased.Erased = consent.SubjectID{}, 1
	return put(ctx, store, &storage.Changes{
		Subjects: []storage.Subject{erased}, ForgetDisclosures: []storage.ForgottenDisclosures{{Subject: person(1).ID, Until: 1}},
		DropSubjects: []storage.SubjectKey{person(3).Key},
	})
}

// locking locks rows until the function returned is called.
func locking(t *testing.T, url, query string, args ...any) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if tag, err := tx.Exec(t.Context(), query, args...); err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("%d rows are locked, %v", tag.RowsAffected(), err)
	}
	return func() {
		t.Helper()
		if err := tx.Rollback(t.Context()); err != nil {
			t.Error(err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// waitOrEnd waits until n connections wait for locks, or what was begun last has ended.
func waitOrEnd(t *testing.T, url string, n int, ended <-chan error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, recovery, "it waits for a lock, or has ended", func() bool {
		var waiting int
		err := conn.QueryRow(t.Context(),
			`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
		return err == nil && waiting >= n || len(ended) > 0
	})
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// three returns a database with three persons, of whom the second is disclosed.
func three(t *testing.T) (string, *postgres.Store) {
	t.Helper()
	url := testdb.PreparedPostgres(t, migrate)
	store := initialised(t, url, postgres.Options{})
	if err := put(t.Context(), store, &storage.Changes{Subjects: []storage.Subject{person(1), person(2), person(3)}}); err != nil {
		t.Fatal(err)
	}
	if err := learn(t.Context(), store, 1, 2); err != nil {
		t.Fatal(err)
	}
	return url, store
}

func wantNothingOfTheFirst(t *testing.T, store storage.Store) {
	t.Helper()
	left, err := store.Disclosures(t.Context(), []consent.SubjectID{person(1).ID})
	if err != nil || len(left) != 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// The erasure is held up between deleting the disclosures and its commit. What is added then must not go by what was there before.
func TestAddDisclosures_WhileAnErasureCommits_AreNotStoredUnderTheDeadID(t *testing.T) {
	t.Parallel()
	url, store := three(t)
	third := person(3).ID
	release := locking(t, url, `SELECT 1 FROM subjects WHERE subject = $1 FOR UPDATE`, third[:])
	erased, added := make(chan error, 1), make(chan error, 1)
	go func() { erased <- erase(t.Context(), store) }()
	waitOrEnd(t, url, 1, erased)
	go func() { added <- learn(t.Context(), store, 2, 1, 2) }()
	waitOrEnd(t, url, 2, added)
	release()
	for _, ended := range []chan error{erased, added} {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	wantNothingOfTheFirst(t, store)
	if both, err := store.Disclosures(t.Context(), []consent.SubjectID{person(2).ID}); err != nil || len(both) != 1 || both[0].Count != 2 {
		t.Errorf("of the second are counted %v, %v", both, err)
	}
}

// The addition is held up before its commit, with a row that the erasure cannot see yet.
func TestErasure_WhileDisclosuresAreAdded_DeletesThem(t *testing.T) {
	t.Parallel()
	url, store := three(t)
	release := locking(t, url, `SELECT 1 FROM disclosures FOR UPDATE`)
	erased, added := make(chan error, 1), make(chan error, 1)
	go func() { added <- learn(t.Context(), store, 2, 1, 2) }()
	waitOrEnd(t, url, 1, added)
	go func() { erased <- erase(t.Context(), store) }()
	waitOrEnd(t, url, 2, erased)
	release()
	for _, ended := range []chan error{erased, added} {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	wantNothingOfTheFirst(t, store)
}
