package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/assent-io/assent/internal/storage"
)

// errReload wraps why everything has to be loaded anew.
var errReload = errors.New("the states have to be loaded anew")

// errRoundPanicked says that a panic broke a round off.
var errRoundPanicked = fmt.Errorf("%w: a round was broken off", errReload)

// errTooFarBehind says that more happened than a round takes in at once.
var errTooFarBehind = errors.New("the copy is far behind")

// readRound reads what is new up to the head, and then, when it is known to continue the same history, shows all of it at once. It returns
// how far the copy is after it. The error errTooFarBehind says that there is more than it can take in, or than it can read in its time.
func (f *Follower) readRound(parent context.Context, c cursor) (cursor, error) {
	whole, cancel := context.WithTimeout(parent, f.tuning.timeout)
	defer cancel()
	ctx, cancel := context.WithTimeout(whole, f.tuning.timeout-f.tuning.timeout/6) // the rest is for asking whether there is an answer at all
	defer cancel()
	began := time.Now()
	var states []storage.KeyedState
	for at := c; ; {
		s, err := f.readStep(ctx, at, f.tuning.limit)
		switch {
		case err == nil:
		case ctx.Err() == nil || parent.Err() != nil || isFatal(err):
			return c, err
		case at.mark != c.mark || f.hasNews(whole, c):
			return c, fmt.Errorf("%w: a round did not end in time: %w", errTooFarBehind, err)
		default:
			return c, unavailableOnTimeout(parent, ctx, err)
		}
		at, states = s.to, append(states, s.states...)
		if s.all {
			return at, f.showStates(&s.head, states, began)
		}
		if at.mark.Position-c.mark.Position >= int64(f.tuning.gather) {
			return c, errTooFarBehind
		}
	}
}

// hasNews reports whether the database answers and has something new. If so, a read that took too long was a large one
// and did not hang. A round would never finish it; a follower that catches up has more time.
func (f *Follower) hasNews(ctx context.Context, c cursor) bool {
	head, err := f.readHead(ctx)
	return err == nil && storage.MarkOf(&head) != c.mark
}

// unavailableOnTimeout makes a timeout of ours what it means: the database does not answer.
func unavailableOnTimeout(parent, ctx context.Context, err error) error {
	if ctx.Err() != nil && parent.Err() == nil && !errors.Is(err, storage.ErrUnavailable) {
		return fmt.Errorf("%w: it did not answer in time: %w", storage.ErrUnavailable, err)
	}
	return err
}

// showStates has the copy show states as of head.
func (f *Follower) showStates(head *storage.Head, states []storage.KeyedState, began time.Time) error {
	if err := f.copy.Advance(head, states); err != nil {
		return err
	}
	f.began.Store(&began)
	f.rounds.Add(1)
	return nil
}
