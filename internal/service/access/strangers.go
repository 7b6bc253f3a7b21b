package access

import (
	"context"
	"sync"
	"time"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/env"
)

const (
	// maxUnknownKeyCalls is how many calls with an unknown key may wait for the database at once.
	maxUnknownKeyCalls = 256
	// refreshTimeout is how long the database may take to say whether the clients have changed.
	refreshTimeout = 5 * time.Second
)

// clientRefresher reads the version of the clients again for calls with an unknown key: another server may have just created the client.
// One refresh at a time serves every call that arrived before the refresh began. So calls with wrong keys, however many, cost the database
// no more than one query at a time.
type clientRefresher struct {
	refresh func(ctx context.Context) error

	turn chan struct{} // is full while a refresh runs

	mu      sync.Mutex
	next    *clientRefresh // that has not begun; nil: no call waits for one
	waiting int
}

func newClientRefresher(look func(ctx context.Context) error) *clientRefresher {
	return &clientRefresher{refresh: look, turn: make(chan struct{}, 1)}
}

// clientRefresh is one refresh.
type clientRefresh struct {
	done chan struct{} // closed at its end
	err  error
}

// waitForRefresh returns when a refresh that began after the call has ended. Errors: those of the store, and
// STORE_UNAVAILABLE where too many calls wait already.
func (s *clientRefresher) waitForRefresh(ctx context.Context) error {
	s.mu.Lock()
	if s.waiting >= maxUnknownKeyCalls {
		s.mu.Unlock()
		return fault.Errorf(fault.Unavailable, "", "too many calls with unknown keys are waiting for the database; try again")
	}
	s.waiting++
	joined, first := s.next, s.next == nil
	if first {
		joined = &clientRefresh{done: make(chan struct{})}
		s.next = joined
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.waiting--
		s.mu.Unlock()
	}()
	if first {
		s.runRefresh(ctx, joined)
	}
	select {
	case <-joined.done:
		return joined.err
	case <-ctx.Done():
		return env.StoreFault(ctx.Err())
	}
}

// runRefresh refreshes once, when the previous refresh has ended. It does not end with the call that it runs in, for
// other calls wait for it, too.
func (s *clientRefresher) runRefresh(ctx context.Context, this *clientRefresh) {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	defer close(this.done)
	s.mu.Lock()
	s.next = nil // A call that comes now may have a key that this refresh does not see.
	s.mu.Unlock()
	timed, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTimeout)
	defer cancel()
	this.err = s.refresh(timed)
}
