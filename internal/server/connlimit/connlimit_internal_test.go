package connlimit

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestNew_LimitsFollowFromTheOpenFiles(t *testing.T) {
	for _, test := range []struct {
		files     uint64
		limit     int
		known     int64
		strangers int
	}{
		{files: 1024, known: 640, strangers: 64},
		{files: 0, known: 640, strangers: 64},
		{files: 64, known: 16, strangers: 16},
		{files: 1 << 40, known: 10_000, strangers: 256},
		{files: 1024, limit: 5, known: 5, strangers: 64},
	} {
		got := New(test.files, test.limit, slog.New(slog.DiscardHandler))
		if got.maxKnown != test.known || got.maxStrangers != test.strangers {
			t.Errorf("%d files, limit %d: %d with a key and %d without, want %d and %d", test.files, test.limit, got.maxKnown,
				got.maxStrangers, test.known, test.strangers)
		}
	}
}

// stranger returns a connection that a listener under limits has accepted, and its listener.
func stranger(t *testing.T, limits *Limits) (*conn, *listener) {
	t.Helper()
	own, _ := limits.Listener(nil).(*listener)
	near, far := net.Pipe()
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	made := &conn{Conn: near, listener: own}
	own.wait(made)
	return made, own
}

func TestWait_AnotherBeforeTheFirstIsClosed_AnotherMakesRoom(t *testing.T) {
	limits := New(1024, 0, slog.New(slog.DiscardHandler))
	first, l := stranger(t, limits)
	second := &conn{listener: l}
	l.wait(second)
	for range limits.maxStrangers - 2 {
		l.wait(&conn{listener: l})
	}
	for i, want := range []*conn{first, second} {
		if got := l.wait(&conn{listener: l}); got != want {
			t.Errorf("the connection that made room as number %d was not the one that had waited longest", i+1)
		}
	}
	if n := l.strangers.Len(); n != limits.maxStrangers {
		t.Errorf("%d connections wait, want %d", n, limits.maxStrangers)
	}
}

// A client of HTTP/2 may take a request back before its handler begins. The server says then that the connection waits, and not once more.
func TestHold_RequestThatWasTakenBackBefore_IsNotKept(t *testing.T) {
	limits := New(1024, 0, slog.New(slog.DiscardHandler))
	from, l := stranger(t, limits)
	ctx, takeBack := context.WithCancel(OfHTTP(t.Context(), from))
	takeBack()
	State(from, http.StateIdle)
	limits.Hold(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody))
	if l.held != 0 || l.strangers.Len() != 1 {
		t.Errorf("%d connections are kept and %d make room, want the one to make room", l.held, l.strangers.Len())
	}
}

func TestHold_OfEachProtocol_KeepsTheConnectionUntilTheAnswer(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		limits := New(1024, 0, slog.New(slog.DiscardHandler))
		var l *listener
		count := func() (held, waiting int) {
			l.mu.Lock()
			defer l.mu.Unlock()
			return l.held, l.strangers.Len()
		}
		answered, waits := make(chan struct{}), make(chan struct{}, 1)
		server := httptest.NewUnstartedServer(limits.Hold(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if held, waiting := count(); held != 1 || waiting != 0 || r.Proto != protocol {
				t.Errorf("%s: while a request of %s is worked on %d connections are kept and %d make room", protocol, r.Proto, held, waiting)
			}
			close(answered)
		})))
		server.Config.ConnContext = OfHTTP
		server.Config.ConnState = func(from net.Conn, state http.ConnState) {
			State(from, state)
			select {
			case <-answered:
				if state == http.StateIdle {
					waits <- struct{}{}
				}
			default: // A connection of HTTP/2 waits before its first request, too.
			}
		}
		l, _ = limits.Listener(server.Listener).(*listener)
		server.Listener, server.EnableHTTP2 = l, protocol == "HTTP/2.0"
		server.StartTLS()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		select {
		case <-waits:
		case <-time.After(time.Minute):
			t.Fatal("the server does not say that the connection waits")
		}
		if held, waiting := count(); held != 0 || waiting != 1 {
			t.Errorf("%s: after the answer %d connections are kept and %d make room", protocol, held, waiting)
		}
		server.Close()
		if held, waiting := count(); held != 0 || waiting != 0 {
			t.Errorf("%s: of closed connections %d are kept and %d make room", protocol, held, waiting)
		}
	}
}
