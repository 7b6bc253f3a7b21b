package connlimit_test

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/server/connlimit"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

const (
	// strangers is how many connections without a key wait at a listener under the limits of these tests.
	strangers = 64
	// patience is how long a test waits for a server before it fails.
	patience = 30 * time.Second
)

// door is a server whose handler says that it has begun, and answers when it is told to, or when the test has ended.
type door struct {
	*httptest.Server

	begun, answer chan struct{}
}

func newDoor(t *testing.T, wrap func(l *connlimit.Limits, next http.Handler) http.Handler) *door {
	t.Helper()
	limits := connlimit.New(strangers*16, 0, slog.New(slog.DiscardHandler))
	d := &door{begun: make(chan struct{}), answer: make(chan struct{})}
	d.Server = httptest.NewUnstartedServer(wrap(limits, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		select {
		case d.begun <- struct{}{}:
		case <-t.Context().Done():
		}
		select {
		case <-d.answer:
		case <-t.Context().Done():
		}
	})))
	d.Config.ConnContext, d.Config.ConnState = connlimit.OfHTTP, connlimit.State
	d.Listener = limits.Listener(d.Listener)
	d.Start()
	t.Cleanup(d.Close)
	return d
}

// ask begins a request on a connection of its own. It returns once the server works on it; what is received tells whether it was answered.
func (d *door) ask(t *testing.T) <-chan error {
	t.Helper()
	answered := make(chan error, 1)
	client := &http.Client{Transport: &http.Transport{}, Timeout: patience}
	t.Cleanup(client.CloseIdleConnections)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		response, err := client.Do(request)
		if err == nil {
			err = response.Body.Close()
		}
		answered <- err
	}()
	select {
	case <-d.begun:
	case err := <-answered:
		t.Fatalf("a request ended before the server worked on it: %v", err)
	}
	return answered
}

// dial opens a connection on which a test waits no longer than its patience.
func (d *door) dial(t *testing.T) net.Conn {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", d.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// wantClosed waits until the server has closed a connection.
func wantClosed(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the server has not closed a connection that has to make room")
	}
}

// crowd opens connections that send nothing, until the server has closed the first of them.
func (d *door) crowd(t *testing.T) {
	t.Helper()
	first := d.dial(t)
	for range strangers {
		d.dial(t)
	}
	wantClosed(t, first)
}

func TestHold_RequestThatIsWorkedOn_KeepsItsConnection(t *testing.T) {
	for _, held := range []bool{true, false} {
		d := newDoor(t, func(l *connlimit.Limits, next http.Handler) http.Handler {
			if !held {
				return next
			}
			return l.Hold(next)
		})
		answered := d.ask(t)
		d.crowd(t)
		d.answer <- struct{}{}
		if err := <-answered; (err == nil) != held {
			t.Errorf("held: %t; the request ended with %v", held, err)
		}
	}
}

func TestHold_ConnectionThatWaitsAgain_MakesRoom(t *testing.T) {
	d := newDoor(t, (*connlimit.Limits).Hold)
	conn := d.dial(t)
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-d.begun:
	case <-time.After(patience):
		t.Fatal("the server does not work on the request")
	}
	d.answer <- struct{}{}
	if n, err := conn.Read(make([]byte, 1)); n != 1 {
		t.Fatal(err)
	}
	d.crowd(t)
	d.crowd(t)
	wantClosed(t, conn)
}

func TestHold_MoreThanTheLimit_AreNotKept(t *testing.T) {
	d := newDoor(t, (*connlimit.Limits).Hold)
	var answers []<-chan error
	for range 2*strangers + 1 {
		answers = append(answers, d.ask(t))
	}
	d.crowd(t)
	close(d.answer)
	for i, answered := range answers {
		if err := <-answered; (err == nil) != (i < 2*strangers) {
			t.Errorf("request %d ended with %v", i, err)
		}
	}
}
