package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/index"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/cases"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/imports"
	"github.com/assent-io/assent/internal/service/intake"
	"github.com/assent-io/assent/internal/service/noticemail"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/service/sends"
	"github.com/assent-io/assent/internal/service/sources"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/service/webhooks"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/storage/sqlite"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// world is one database, its keys and its clock, over which several services can run.
type world struct {
	t     testing.TB
	store func() storage.Store // opens the database once more
	keys  *seal.Keys
	clock *testkit.Clock
	raw   func() *raw // opens the database beside the store
	url   string      // of a PostgreSQL
	path  string      // of a SQLite file
	// damaged is set by what alters the database: what the index was loaded with then is not what the ledger says.
	damaged bool
	sample  float64 // of the answers of the index is decided again
	// wrap stands before the index of the services that are made next; nil: nothing does.
	wrap  func(x *index.Index) check.Index
	hooks webhooks.Options // of the services that are made next
	feed  changes.Options  // as above
	// importBytes is how many bytes a file of an import may have in the services that are made next; 0: the default.
	importBytes int64
	// listFailed is told by the services that are made next of lists that could not be brought up to date; nil: nothing is.
	listFailed func(list, step string)
	links      recipient.Options // as above
	sources    sources.Options   // as above
	sends      sends.Options     // as above
	// unsubscribe lists the addresses of List-Unsubscribe that the services that are made next read.
	unsubscribe []string
	// cases says what cases are told in the services that are made next.
	cases cases.Options
	mails noticemail.Options // as above
	// undoPage is how many events of a batch a transaction of the services that are made next leaves out; 0 is 2, so that most undos are large.
	undoPage int
	unsafe   env.Unsafe // of the services that are made next
	// byStore makes the next services answer by the store alone.
	byStore bool
}

// eachStore runs a test on both stores, beside other tests: each has a world of its own.
func eachStore(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, kind))
		})
	}
}

func newWorld(t testing.TB, kind string) *world {
	t.Helper()
	url := ""
	if kind == "postgres" {
		url = testdb.PreparedPostgres(t, migrate)
	}
	return newWorldAt(t, url)
}

// migrate brings the schema of a database up. Tests use copies of one such database.
func migrate(ctx context.Context, url string) (err error) {
	m, err := postgres.Migrator(url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	return m.Up(ctx)
}

// migrateFile makes the file of a SQLite database. Tests use copies of one.
func migrateFile(ctx context.Context, path string) error {
	store, err := sqlite.Open(ctx, path, sqlite.Options{Migrate: true})
	if err != nil {
		return err
	}
	return store.Close()
}

// newWorldAt returns a world in the PostgreSQL at the URL, or in a SQLite file if that is empty.
func newWorldAt(t testing.TB, url string) *world {
	t.Helper()
	dir := t.TempDir()
	keys, err := seal.Create(filepath.Join(dir, "test.keys"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, keys: keys, clock: testkit.NewClock(start), sample: 1, url: url, path: filepath.Join(dir, "test.db")}
	w.raw = func() *raw { return openRaw(t, url, w.path) }
	if url == "" {
		testdb.PreparedSQLite(t, w.path, migrateFile)
	}
	w.store = func() storage.Store {
		var store storage.Store
		var err error
		if url != "" {
			store, err = postgres.Open(t.Context(), url, postgres.Options{Migrate: true, Now: w.clock.Now})
		} else {
			store, err = sqlite.Open(t.Context(), w.path, sqlite.Options{Migrate: true, Now: w.clock.Now})
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		return store
	}
	return w
}

// service runs a service over the store, with the clock of the world shifted by ahead. Its checks are answered by an index, and all of
// them are decided again from the ledger.
func (w *world) service(store storage.Store, ahead time.Duration) *Service {
	w.t.Helper()
	x := w.index(store)
	opts := Options{
		Now:    func() time.Time { return w.clock.Now().Add(ahead) },
		Logger: slog.New(slog.DiscardHandler),
		Index:  x, VerifySample: w.sample, Webhooks: w.hooks, Feed: w.feed, Links: w.links, UndoPage: cmp.Or(w.undoPage, 2),
		Imports: imports.Limits{Bytes: w.importBytes}, ListFailed: w.listFailed, Sources: w.sources, Sends: w.sends, Cases: w.cases, NoticeMails: w.mails, Intake: intake.Options{Unsubscribe: w.unsubscribe},
		Unsafe: w.unsafe,
	}
	switch {
	case w.byStore:
		opts.Index = nil
	case w.wrap != nil:
		opts.Index = w.wrap(x)
	}
	s, err := New(w.t.Context(), store, w.keys, opts)
	if err != nil {
		w.t.Fatal(err)
	}
	<-x.Settled() // Which needs the head that New makes.
	w.t.Cleanup(func() {
		s.Close()
		if got := s.Sampled(); got.Differing != 0 && !w.damaged {
			w.t.Errorf("%d of %d answers of the index are not those of the ledger", got.Differing, got.Compared)
		}
	})
	return s
}

// index runs an index of the store until the test ends.
func (w *world) index(store storage.Store) *index.Index {
	w.t.Helper()
	x := index.New(store, index.Options{})
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		x.Run(ctx)
	}()
	w.t.Cleanup(func() {
		cancel()
		<-ended
	})
	return x
}

// acme returns a service with the example catalog applied, and a context in which everything may be done.
func (w *world) acme() (*Service, context.Context) {
	w.t.Helper()
	return w.acmeOver(w.store())
}

// acmeOver is acme over a store.
func (w *world) acmeOver(store storage.Store) (*Service, context.Context) {
	w.t.Helper()
	s := w.service(store, 0)
	ctx := access.WithCaller(w.t.Context(), access.Process("test"))
	if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(w.t)}); err != nil {
		w.t.Fatal(err)
	}
	return s, ctx
}

// acme returns the catalog of the example company, without its desks: tests that are about these bring their own.
func acme(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("../../examples/catalogs/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?m)^    desk:\n(?:      .*\n)+`).ReplaceAllString(string(data), "")
}

// consentOn is a statement of a consent that counts at once.
func consentOn(channel, address string, at time.Time) statement.Statement {
	return statement.Statement{
		Kind: consent.KindGrant, Address: address, Channels: []string{channel}, Basis: catalog.BasisConsent,
		Declaration: consent.Declaration{ID: "all-news", Version: "3"}, Source: consent.SourceWebForm,
		Occurred: consent.InstantOf(at), Confirmed: consent.InstantOf(at),
	}
}

func withdrawal(channel, address string) statement.Statement {
	return statement.Statement{Kind: consent.KindWithdraw, Address: address, Channels: []string{channel}}
}

// mustRecord records a statement now and moves the clock on.
func (w *world) mustRecord(ctx context.Context, s *Service, st statement.Statement) txn.Recorded {
	w.t.Helper()
	got, err := s.Record(ctx, st, txn.Idempotency{})
	if err != nil {
		w.t.Fatalf("record %s: %v", st.Kind, err)
	}
	w.clock.Advance(time.Second)
	return got
}

// wantCheck checks an address and wants a reason.
func (w *world) wantCheck(ctx context.Context, s *Service, channel, address string, want consent.Code) check.Result {
	w.t.Helper()
	in := check.Input{Address: address, Request: consent.Request{Channel: channel}, Consistency: w.latest(ctx, s)}
	got, err := s.Check(ctx, in)
	if err != nil {
		w.t.Fatalf("check: %v", err)
	}
	if got.Reason != want {
		w.t.Errorf("check on %s: got %s, want %s", channel, got.Reason, want)
	}
	return got
}

// latest asks for everything that any server has acknowledged, also where the answer is a denial.
func (w *world) latest(ctx context.Context, s *Service) check.Consistency {
	w.t.Helper()
	head, err := s.Store.Head(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return check.Consistency{AtLeast: head.Position}
}

func wantFault(t testing.TB, err error, want fault.Code) {
	t.Helper()
	var got *fault.Error
	if !errors.As(err, &got) || got.Code != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// positions reads the whole ledger and fails unless its positions are 1…n with recorded times in order.
func positions(t testing.TB, store storage.Store) int64 {
	t.Helper()
	var last int64
	var recorded consent.Instant
	for {
		_, records, err := store.Ledger(t.Context(), last, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			return last
		}
		for _, r := range records {
			if r.Event.Position != last+1 || r.Event.Recorded < recorded {
				t.Fatalf("position %d recorded %s after position %d recorded %s", r.Event.Position, r.Event.Recorded, last, recorded)
			}
			last, recorded = r.Event.Position, r.Event.Recorded
		}
	}
}

func requestID(n int) [16]byte { return [16]byte([]byte(fmt.Sprintf("%016d", n))) }
