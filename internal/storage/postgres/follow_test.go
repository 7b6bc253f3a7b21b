package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

func withSearchPath(t *testing.T, at, path string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", path)
	u.RawQuery = q.Encode()
	return u.String()
}

// asStandby has the server at the URL say of itself what a standby says, by a function of the same name that is found first by connections
// of the URL that it returns, in statements that were not prepared before.
const asStandby = `CREATE FUNCTION public.pg_is_in_recovery() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true'`

func TestFollow_Standby_ErrUnavailable(t *testing.T) {
	t.Parallel()
	at := testdb.PreparedPostgres(t, migrate)
	own := withSearchPath(t, at, "public,pg_catalog")
	store := initialised(t, own, postgres.Options{})
	if _, _, err := store.Follow(t.Context(), storage.Mark{}, 10); err != nil {
		t.Fatal(err)
	}
	next := opened(t, own, postgres.Options{})
	sql(t, at, asStandby)
	_, _, err := next.Follow(t.Context(), storage.Mark{}, 10)
	if !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), "standby") {
		t.Errorf("Follow returned the error %v, want one that says that it is a standby", err)
	}
}

func TestWrite_RevisionsThatAreNotKept_AreDeleted(t *testing.T) {
	t.Parallel()
	at := testdb.PreparedPostgres(t, migrate)
	store := initialised(t, at, postgres.Options{})
	for _, revision := range []int64{1, 2, storage.RevisionsKept + 1} {
		err := store.Write(t.Context(), storage.Load{}, func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
			head := tx.Loaded().Head
			head.Revision = revision
			return &storage.Changes{Head: head, Reread: []storage.SubjectKey{{Form: 1}, {Form: 2}}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var least, n int64
	err = conn.QueryRow(t.Context(), `SELECT min(revision), count(*) FROM revisions`).Scan(&least, &n)
	if err != nil || least != 2 || n != 4 {
		t.Errorf("%d rows from revision %d on are left, want 4 from 2 on; %v", n, least, err)
	}
}

func BenchmarkFollow_NothingChanged(b *testing.B) {
	store := open(b, testdb.PreparedPostgres(b, migrate), postgres.Options{Migrate: true})
	b.Cleanup(func() { _ = store.Close() })
	if err := store.Initialise(b.Context(), storage.Head{KeysCheck: make([]byte, 32), Tree: make([]byte, 640), DigestKeys: []uint32{1}}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := store.Follow(b.Context(), storage.Mark{}, 1000); err != nil {
			b.Fatal(err)
		}
	}
}
