package access

import (
	"context"
	"sync"
	"time"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/env"
)

const (
	// maxStrangers is how many calls with an unknown key may wait for the database at once.
	maxStrangers = 256
	// lookTimeout is how long the database may take to say whether the clients have changed.
	lookTimeout = 5 * time.Second
)

// strangers looks for news of the clients where a key is not known: its client may have been created a moment ago on another server.
// One look at a time serves every call that was there before the look began. So calls with wrong keys, however many, cost the database
// no more than one query at a time.
type strangers struct {
	look func(ctx context.Context) error

	turn chan struct{} // is full while a look runs

	mu      sync.Mutex
	next    *look // that has not begun; nil: no call waits for one
	waiting int
}

func newStrangers(look func(ctx context.Context) error) *strangers {
	return &strangers{look: look, turn: make(chan struct{}, 1)}
}

// look is one look for news.
type look struct {
	done chan struct{} // closed at its end
	err  error
}

// wait returns when a look that began after the call has ended. Errors: those of the store, and STORE_UNAVAILABLE where too many
// calls wait already.
func (s *strangers) wait(ctx context.Context) error {
	s.mu.Lock()
	if s.waiting >= maxStrangers {
		s.mu.Unlock()
		return fault.Errorf(fault.Unavailable, "", "too many calls with unknown keys are waiting for the database; try again")
	}
	s.waiting++
	joined, first := s.next, s.next == nil
	if first {
		joined = &look{done: make(chan struct{})}
		s.next = joined
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.waiting--
		s.mu.Unlock()
	}()
	if first {
		s.run(ctx, joined)
	}
	select {
	case <-joined.done:
		return joined.err
	case <-ctx.Done():
		return env.StoreFault(ctx.Err())
	}
}

// run looks once, when the look before has ended. It does not end with the call that it runs in, for other calls wait for it, too.
func (s *strangers) run(ctx context.Context, this *look) {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	defer close(this.done)
	s.mu.Lock()
	s.next = nil // A call that comes now may have a key that this look does not see.
	s.mu.Unlock()
	timed, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	this.err = s.look(timed)
}
