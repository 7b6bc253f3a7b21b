package connlimit_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/assent-io/assent/internal/server/connlimit"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// strangers is how many connections without a key wait at a listener under the limits of these tests.
const strangers = 64

// door is a server whose handler says that it has begun, and answers when it is told to.
type door struct {
	*httptest.Server

	begun, answer chan struct{}
}

func newDoor(t *testing.T, wrap func(l *connlimit.Limits, next http.Handler) http.Handler) *door {
	t.Helper()
	limits := connlimit.New(strangers*16, 0, slog.New(slog.DiscardHandler))
	d := &door{begun: make(chan struct{}), answer: make(chan struct{})}
	d.Server = httptest.NewUnstartedServer(wrap(limits, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		d.begun <- struct{}{}
		<-d.answer
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
	client := &http.Client{Transport: &http.Transport{}}
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
	<-d.begun
	return answered
}

// crowd opens connections that send nothing, until the server has closed the first of them.
func (d *door) crowd(t *testing.T) {
	t.Helper()
	var dialer net.Dialer
	var first net.Conn
	for range strangers + 1 {
		conn, err := dialer.DialContext(t.Context(), "tcp", d.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if first == nil {
			first = conn
		}
	}
	_, _ = io.Copy(io.Discard, first)
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
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", d.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-d.begun
	d.answer <- struct{}{}
	if n, err := conn.Read(make([]byte, 1)); n != 1 {
		t.Fatal(err)
	}
	d.crowd(t)
	d.crowd(t)
	if _, err := io.Copy(io.Discard, conn); err != nil { // It ends only where the server has closed it.
		t.Log(err)
	}
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
