package postgres_test

import (
	"errors"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// proxy stands between a store and its server, and breaks connections as networks do.
type proxy struct {
	listener net.Listener
	server   string // path of the server's socket
	// loseAnswers has everything that the server sends from now on lost, and the connection broken when it sends.
	loseAnswers atomic.Bool
	// loseQuestions has the connection broken when the store sends.
	loseQuestions atomic.Bool
	running       sync.WaitGroup
}

// newProxy returns a proxy for the server and the URL of a database behind it.
func newProxy(t *testing.T, serverURL string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // It is closed at the end of the test.
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, server: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432")}
	p.running.Go(p.serve)
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		p.running.Wait()
	})
	port := listener.Addr().(*net.TCPAddr).Port //nolint:errcheck // The address of a TCP listener is one.
	return p, "postgres://postgres@127.0.0.1:" + strconv.Itoa(port) + u.Path + "?sslmode=disable"
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", p.server) //nolint:noctx // It is closed with the client's connection.
		if err != nil {
			client.Close() //nolint:errcheck // The client sees a broken connection, which is what is wanted.
			continue
		}
		p.running.Go(func() { p.copy(server, client, &p.loseQuestions) })
		p.running.Go(func() { p.copy(client, server, &p.loseAnswers) })
	}
}

// copy passes on what comes, until either side ends or it is told to lose it.
func (p *proxy) copy(to, from net.Conn, lose *atomic.Bool) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil || lose.Load() {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil && !errors.Is(err, io.EOF) {
			return
		}
	}
}

// behindProxy returns a store with one connection, through a proxy, that has written once: so it has prepared all it needs.
func behindProxy(t *testing.T) (*proxy, *postgres.Store) {
	t.Helper()
	p, databaseURL := newProxy(t, testdb.NewPostgresServer(t).URL())
	store := initialised(t, databaseURL, postgres.Options{MaxConns: 1})
	if err := advance(t.Context(), store, nil); err != nil {
		t.Fatal(err)
	}
	return p, store
}

func TestWrite_AnswerToCommitLost_ErrCommitUnknown(t *testing.T) {
	t.Parallel()
	p, store := behindProxy(t)
	err := advance(t.Context(), store, func() { p.loseAnswers.Store(true) })
	if !errors.Is(err, storage.ErrCommitUnknown) || errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("Write returned the error %v, want ErrCommitUnknown", err)
	}
	p.loseAnswers.Store(false)
	wantPosition(t, store, 2) // it was stored, which the writer could not know
}

func TestWrite_CommitLost_ErrCommitUnknown(t *testing.T) {
	t.Parallel()
	p, store := behindProxy(t)
	err := advance(t.Context(), store, func() { p.loseQuestions.Store(true) })
	if !errors.Is(err, storage.ErrCommitUnknown) || errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("Write returned the error %v, want ErrCommitUnknown", err)
	}
	p.loseQuestions.Store(false)
	wantPosition(t, store, 1) // it was not stored, which the writer could not know
}

func TestWrite_ConnectionBreaksBeforeTheDecision_ErrUnavailable(t *testing.T) {
	t.Parallel()
	p, store := behindProxy(t)
	p.loseAnswers.Store(true)
	err := advance(t.Context(), store, func() { t.Error("decide was called") })
	if !errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrCommitUnknown) {
		t.Errorf("Write returned the error %v, want ErrUnavailable", err)
	}
	p.loseAnswers.Store(false)
	if err := advance(t.Context(), store, nil); err != nil {
		t.Errorf("Write after the outage: %v", err)
	}
	wantPosition(t, store, 2)
}
