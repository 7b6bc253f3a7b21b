package testdb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// statementTimeout bounds making and dropping a database.
const statementTimeout = 60 * time.Second

// shared is the server that all tests of a test binary use. It ends with the
// binary, see the package comment.
//
//nolint:gochecknoglobals // One server for a test binary is the point: one for a test costs a second each.
var shared = sync.OnceValues(sharedServer)

// Postgres returns the connection URL of an empty database that only this test
// uses and that is dropped when the test ends, with whatever is then still
// connected to it. It may be called by parallel tests, and several times by one.
func Postgres(t testing.TB) string {
	t.Helper()
	on, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	// template0 never has users, so that making databases at once does not fail.
	return on.newDatabase(t, "template0")
}

// PreparedPostgres is Postgres with a database to which prepare was applied. All
// calls of a test binary pass the same function: it runs once, and the databases
// are copies of what it made. It returns when it has no connection any more. The package keeps a connection of
// its own to each, so a test that renames its database, or drops it without FORCE, takes one of [Postgres] instead.
//
// A server that ASSENT_TEST_POSTGRES_URL names outlives the test binary, so that
// no template is left there: prepare runs for each database.
func PreparedPostgres(t testing.TB, prepare func(ctx context.Context, url string) error) string {
	t.Helper()
	on, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	if on.cluster == nil {
		database := on.newDatabase(t, "template0")
		if err := prepare(t.Context(), database); err != nil {
			t.Fatal(err)
		}
		return database
	}
	on.prepare.Do(func() { on.recycler, on.prepareErr = on.makeTemplate(context.WithoutCancel(t.Context()), prepare) })
	if on.prepareErr != nil {
		t.Fatal(on.prepareErr)
	}
	return on.recycledDatabase(t)
}

// recycledDatabase returns the URL of a prepared database: one that another test has finished with, or a new one.
func (h *host) recycledDatabase(t testing.TB) string {
	t.Helper()
	db, ok := h.recycler.take()
	if !ok {
		db = &prepared{name: h.create(t, templateName)}
	}
	database, err := withDatabase(h.url, db.name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		again, err := h.recycler.giveBack(context.WithoutCancel(t.Context()), database, db)
		if err != nil {
			t.Error(err)
		}
		if !again {
			h.drop(t, db.name)
		}
	})
	return database
}

// templateName is the database that prepared ones are copies of.
const templateName = "assent_template"

// makeTemplate makes the database that prepared ones are copies of.
func (h *host) makeTemplate(ctx context.Context, prepare func(ctx context.Context, url string) error) (*recycler, error) {
	if err := execute(ctx, h.url, "CREATE DATABASE "+templateName+" TEMPLATE template0"); err != nil {
		return nil, err
	}
	url, err := withDatabase(h.url, templateName)
	if err != nil {
		return nil, err
	}
	if err := prepare(ctx, url); err != nil {
		return nil, fmt.Errorf("prepare a database: %w", err)
	}
	return newRecycler(ctx, url)
}

// newDatabase makes a database for a test from a template, and returns its URL.
func (h *host) newDatabase(t testing.TB, template string) string {
	t.Helper()
	name := h.create(t, template)
	t.Cleanup(func() { h.drop(t, name) })
	database, err := withDatabase(h.url, name)
	if err != nil {
		t.Fatal(err)
	}
	return database
}

// create makes a database from a template, and returns its name.
func (h *host) create(t testing.TB, template string) string {
	t.Helper()
	name := "assent_test_" + strings.ToLower(rand.Text())
	// Copying the files is faster than writing each block to the log.
	if err := execute(t.Context(), h.url, "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY FILE_COPY"); err != nil {
		t.Fatal(err)
	}
	return name
}

// drop drops a database with whatever is still connected to it.
func (h *host) drop(t testing.TB, name string) {
	t.Helper()
	if err := execute(context.WithoutCancel(t.Context()), h.url, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
		t.Error(err)
	}
}

// host is a server on which databases may be created.
type host struct {
	url string
	// cluster is kept reachable, because the server ends when the pipe to its
	// watchdog is closed, even by the garbage collector. It is nil for a server
	// that was given.
	cluster *cluster

	prepare    sync.Once // makes the template and the recycler
	recycler   *recycler
	prepareErr error
}

// sharedServer returns the server that was given, or makes one.
func sharedServer() (*host, error) {
	if given := os.Getenv("ASSENT_TEST_POSTGRES_URL"); given != "" {
		return &host{url: given}, nil
	}
	c, err := newCluster()
	if err != nil {
		return nil, err
	}
	return &host{url: c.url("postgres"), cluster: c}, nil
}

// withDatabase returns a server's URL with the database in it replaced.
func withDatabase(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		// The URL may hold a password, so it is not repeated.
		return "", errors.New("ASSENT_TEST_POSTGRES_URL is no URL of the form postgres://user@host:port/database")
	}
	u.Path = "/" + name
	return u.String(), nil
}

// execute runs one statement on a connection of its own.
func execute(ctx context.Context, server, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // The statement's own error is what counts.
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
