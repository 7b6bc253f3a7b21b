package hooks

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assent-io/assent/internal/intake/provider/verify"
	"github.com/assent-io/assent/internal/service/sources"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// slowSources takes a request in once it is let.
type slowSources struct {
	let                     chan struct{} // nil: at once
	underWay, taken, busies atomic.Int64
}

func (s *slowSources) OpenSource(context.Context, string) (*sources.Opened, error) {
	return &sources.Opened{}, nil
}

func (s *slowSources) Receive(ctx context.Context, _ *sources.Opened, _ *verify.Request) error {
	s.underWay.Add(1)
	defer s.underWay.Add(-1)
	if s.let != nil {
		<-s.let
	}
	s.taken.Add(1)
	return ctx.Err()
}

func (s *slowSources) TooLarge(*sources.Opened) {}

func (s *slowSources) Busy(*sources.Opened) { s.busies.Add(1) }

// crowd are requests that came at once.
type crowd struct {
	door    http.Handler
	all     sync.WaitGroup
	mu      sync.Mutex
	answers map[int]int // how many of each status
}

func newCrowd(use Sources, most int64) *crowd {
	return &crowd{door: newDoor(use, slog.New(slog.DiscardHandler), most), answers: map[int]int{}}
}

// post sends a request, and notes the answer.
func (c *crowd) post(t *testing.T, body io.Reader) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/mailer", body)
	c.all.Go(func() {
		answer := httptest.NewRecorder()
		c.door.ServeHTTP(answer, r)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.answers[answer.Code]++
		if retry := answer.Header().Get("Retry-After"); (retry != "") != (answer.Code == http.StatusServiceUnavailable) || answer.Body.Len() != 0 {
			t.Errorf("%d with Retry-After %q and body %q", answer.Code, retry, answer.Body)
		}
	})
}

// want wants so many answers of a status.
func (c *crowd) want(t *testing.T, status, n int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answers[status] != n {
		t.Errorf("answers %v, want %d of %d", c.answers, n, status)
	}
}

func TestDoor_BodiesThatComeSlowly_KeepNoOtherOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		use := &slowSources{}
		c := newCrowd(use, maxHeld)
		slow, more := io.Pipe()
		for range 3 * maxAtOnce {
			c.post(t, slow)
		}
		synctest.Wait()
		c.post(t, bytes.NewReader([]byte("{}")))
		synctest.Wait()
		c.want(t, http.StatusOK, 1)
		_ = more.Close() // It always succeeds.
		c.all.Wait()
	})
}

func TestDoor_Burst_IsTakenInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		use := &slowSources{let: make(chan struct{})}
		c := newCrowd(use, maxHeld)
		for range 5 * maxAtOnce {
			c.post(t, bytes.NewReader([]byte("{}")))
		}
		synctest.Wait()
		if n := use.underWay.Load(); n != maxAtOnce {
			t.Errorf("%d requests are worked on at once, want %d", n, maxAtOnce)
		}
		close(use.let)
		c.all.Wait()
		c.want(t, http.StatusOK, 5*maxAtOnce)
	})
}

func TestDoor_WaitingInVain_IsToldToComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		use := &slowSources{let: make(chan struct{})}
		c := newCrowd(use, maxHeld)
		for range maxAtOnce + 3 {
			c.post(t, bytes.NewReader([]byte("{}")))
		}
		<-time.After(timeout + time.Second)
		synctest.Wait()
		c.want(t, http.StatusServiceUnavailable, 3)
		if taken, busies := use.taken.Load(), use.busies.Load(); taken != 0 || busies != 3 {
			t.Errorf("%d were taken in, %d counted as too many", taken, busies)
		}
		close(use.let)
		c.all.Wait()
	})
}

func TestDoor_BodiesTogether_TakeSoMuchMemoryOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 1 << 20
		use := &slowSources{let: make(chan struct{})}
		c := newCrowd(use, most)
		body := make([]byte, most/2)
		for range 3 {
			c.post(t, bytes.NewReader(body))
			synctest.Wait()
		}
		c.want(t, http.StatusServiceUnavailable, 1)
		close(use.let)
		c.all.Wait()
		c.want(t, http.StatusOK, 2)
		c.post(t, bytes.NewReader(body))
		c.all.Wait()
		c.want(t, http.StatusOK, 3) // What was held is free again.
	})
}
