package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/assent-io/assent/internal/storage"
)

// errAnew wraps why everything has to be loaded anew.
var errAnew = errors.New("the states have to be loaded anew")

// errBroken says that a panic broke a round off.
var errBroken = fmt.Errorf("%w: a round was broken off", errAnew)

// errFar says that more happened than a round takes in at once.
var errFar = errors.New("the copy is far behind")

// readRound reads what is new up to the head, and then, when it is known to continue the same history, shows all of it at once. It returns
// how far the copy is after it. The error errFar says that there is more than it can take in, or than it can read in its time.
func (f *Follower) readRound(parent context.Context, c cursor) (cursor, error) {
	whole, cancel := context.WithTimeout(parent, f.tuning.timeout)
	defer cancel()
	ctx, cancel := context.WithTimeout(whole, f.tuning.timeout-f.tuning.timeout/6) // the rest is for asking whether there is an answer at all
	defer cancel()
	began := time.Now()
	var states []storage.KeyedState
	for at := c; ; {
		s, err := f.step(ctx, at, f.tuning.limit)
		switch {
		case err == nil:
		case ctx.Err() == nil || parent.Err() != nil || fatal(err):
			return c, err
		case at.mark != c.mark || f.isAhead(whole, c):
			return c, fmt.Errorf("%w: a round did not end in time: %w", errFar, err)
		default:
			return c, unavailable(parent, ctx, err)
		}
		at, states = s.to, append(states, s.states...)
		if s.all {
			return at, f.show(&s.head, states, began)
		}
		if at.mark.Position-c.mark.Position >= int64(f.tuning.gather) {
			return c, errFar
		}
	}
}

// isAhead reports whether the database answers and has something new. If so, a read that took too long was a large one
// and did not hang. A round would never finish it; a follower that catches up has more time.
func (f *Follower) isAhead(ctx context.Context, c cursor) bool {
	head, err := f.ask(ctx)
	return err == nil && storage.MarkOf(&head) != c.mark
}

// unavailable makes a timeout of ours what it means: the database does not answer.
func unavailable(parent, ctx context.Context, err error) error {
	if ctx.Err() != nil && parent.Err() == nil && !errors.Is(err, storage.ErrUnavailable) {
		return fmt.Errorf("%w: it did not answer in time: %w", storage.ErrUnavailable, err)
	}
	return err
}

// show has the copy show states as of head.
func (f *Follower) show(head *storage.Head, states []storage.KeyedState, began time.Time) error {
	if err := f.copy.Advance(head, states); err != nil {
		return err
	}
	f.began.Store(&began)
	f.rounds.Add(1)
	return nil
}
