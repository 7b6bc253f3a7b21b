package rest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/service/access"
)

const (
	still = 400 * time.Millisecond // how long a transfer may stand still in these tests
	step  = 50 * time.Millisecond
	steps = 16 // take twice as long as a transfer may stand still
)

// anybody accepts every key.
type anybody struct{ rpc.Service }

func (anybody) Authenticate(context.Context, string) (access.Caller, error) {
	return access.Process("test"), nil
}

// serveFlowing serves a handler behind the guard, with deadlines as short as those of these tests.
func serveFlowing(t *testing.T, next http.HandlerFunc) *httptest.Server {
	t.Helper()
	return serveLimited(t, rpc.Limits{}, next)
}

// serveLimited does so within limits.
func serveLimited(t *testing.T, limits rpc.Limits, next http.HandlerFunc) *httptest.Server {
	t.Helper()
	api, err := rpc.New(rpc.Options{
		Service: anybody{}, Logger: slog.New(slog.DiscardHandler), Open: true, Life: t.Context(), Limits: limits,
	})
	if err != nil {
		t.Fatal(err)
	}
	admit := admission{api: api, answer: newAnswerer(), flow: flow{read: still, write: still}}
	s := httptest.NewUnstartedServer(guard(admit, next))
	s.Config.ReadTimeout, s.Config.WriteTimeout = still, still
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// slowly is a body that comes in small parts.
func slowly(t *testing.T) io.Reader {
	t.Helper()
	from, to := io.Pipe()
	go func() {
		ticker := time.NewTicker(step)
		defer ticker.Stop()
		for range steps {
			<-ticker.C
			if _, err := io.WriteString(to, "x"); err != nil {
				return
			}
		}
		_ = to.Close()
	}()
	t.Cleanup(func() { _ = from.Close() })
	return from
}

func TestFlow_BodyThatComesSlowly_IsReadToItsEnd(t *testing.T) {
	s := serveFlowing(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || len(body) != steps {
			t.Errorf("got %d bytes, %v", len(body), err)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v1/consent:check", slowly(t))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusNoContent {
		t.Errorf("got %d, %v", answer.StatusCode, err)
	}
}

func TestFlow_BodyThatStandsStill_IsAnsweredWith408(t *testing.T) {
	s := serveFlowing(t, func(http.ResponseWriter, *http.Request) { t.Error("the call was made") })
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /v1/consent:check HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode != http.StatusRequestTimeout ||
		!strings.Contains(string(text), reasonTimeout) {
		t.Errorf("got %d %s, %v", answer.StatusCode, text, err)
	}
}

func TestFlow_AnswerThatIsTakenSlowly_ComesToItsEnd(t *testing.T) {
	s := serveFlowing(t, func(w http.ResponseWriter, r *http.Request) {
		ticker := time.NewTicker(step)
		defer ticker.Stop()
		for range steps {
			<-ticker.C
			if _, err := io.WriteString(w, "x"); err != nil {
				t.Error(err)
			}
			if flusher, ok := w.(http.Flusher); ok {
				flusher.Flush()
			}
		}
		if err := r.Context().Err(); err != nil {
			t.Errorf("the call ended before its answer: %v", err)
		}
	})
	answer, err := s.Client().Get(s.URL + "/v1/clients") //nolint:noctx // The test ends it.
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || len(text) != steps {
		t.Errorf("got %d parts, %v", len(text), err)
	}
}

func TestFlow_AnswerThatIsNotTaken_IsCutVisibly(t *testing.T) {
	ended := make(chan error, 1)
	s := serveFlowing(t, func(w http.ResponseWriter, _ *http.Request) {
		part := make([]byte, 1<<20)
		for {
			if _, err := w.Write(part); err != nil {
				ended <- err
				return
			}
		}
	})
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /v1/clients HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("writing went on")
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the answer ended with %v", err)
	}
}
