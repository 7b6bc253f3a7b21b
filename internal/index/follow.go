package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// errAnew wraps why everything has to be loaded anew.
var errAnew = errors.New("the states have to be loaded anew")

// errFar says that more happened than a round takes in at once.
var errFar = errors.New("the index is far behind")

// tooLargeError says that the limit of memory is passed, and by what.
type tooLargeError struct{ bytes, recipients int64 }

func (e *tooLargeError) Error() string { return "the index needs more memory than it may have" }

// follow makes rounds until ctx ends, or something is to be done that rounds cannot do: errAnew, errFar or a tooLargeError. It returns how
// far it came.
func (x *Index) follow(ctx context.Context, c cursor) (cursor, error) {
	pace := newPace(&x.tuning)
	defer pace.stop()
	for pace.wait(ctx, x.wake) {
		// Those who are ready to run may join this round, too: the busier the processors, the more join, and the fewer rounds there are.
		runtime.Gosched()
		r := x.next.Load()
		if !x.tuning.joinInFlight {
			x.next.Store(newRound()) // who comes from here on is not served by what is read now
		}
		x.trouble.begin(time.Now())
		to, err := x.round(ctx, c)
		if x.tuning.joinInFlight {
			x.next.Store(newRound())
		}
		x.fences.Add(r.joined.Load())
		if err != nil && (fatal(err) || ctx.Err() != nil) {
			x.leave(Loading) // before anybody who joined looks
			r.end(ErrNotLoaded)
			return c, err
		}
		x.trouble.end(err)
		x.say(ctx, err, pace.failures)
		pace.note(err)
		c = to
		r.end(err)
	}
	return c, nil
}

func fatal(err error) bool {
	_, large := errors.AsType[*tooLargeError](err)
	return large || errors.Is(err, errAnew) || errors.Is(err, errFar)
}

// say logs where a run of failures begins and where it ends.
func (x *Index) say(ctx context.Context, err error, failures int) {
	switch {
	case ctx.Err() != nil:
	case err != nil && failures == 0:
		x.log.LogAttrs(ctx, slog.LevelError, "the index cannot follow the database: checks that need it are refused until it can",
			slog.String("error", err.Error()))
	case err == nil && failures > 0:
		x.log.LogAttrs(ctx, slog.LevelInfo, "the index follows the database again", slog.Int("failures", failures))
	}
}

// round reads what is new up to the head, and then, when it is known to continue the same history, shows all of it at once. It returns
// how far the index is after it. The error errFar says that there is more than it can take in, or than it can read in its time.
func (x *Index) round(parent context.Context, c cursor) (cursor, error) {
	whole, cancel := context.WithTimeout(parent, x.tuning.timeout)
	defer cancel()
	ctx, cancel := context.WithTimeout(whole, x.tuning.timeout-x.tuning.timeout/6) // the rest is for asking whether there is an answer at all
	defer cancel()
	began := time.Now()
	var states []storage.KeyedState
	for at := c; ; {
		s, err := x.step(ctx, at, x.tuning.limit)
		switch {
		case err == nil:
		case ctx.Err() == nil || parent.Err() != nil || fatal(err):
			return c, err
		case at.mark != c.mark || x.isAhead(whole, c):
			return c, fmt.Errorf("%w: a round did not end in time: %w", errFar, err)
		default:
			return c, unavailable(parent, ctx, err)
		}
		at, states = s.to, append(states, s.states...)
		if s.all {
			return at, x.show(&s.head, states, began)
		}
		if at.mark.Position-c.mark.Position >= int64(x.tuning.gather) {
			return c, errFar
		}
	}
}

// isAhead reports whether the database answers and has something new. A read of it that took too long was a large one then, and did not
// hang: a round would never end, and those who catch up have more time.
func (x *Index) isAhead(ctx context.Context, c cursor) bool {
	head, err := x.ask(ctx)
	return err == nil && storage.MarkOf(&head) != c.mark
}

// unavailable makes a timeout of ours what it means: the database does not answer.
func unavailable(parent, ctx context.Context, err error) error {
	if ctx.Err() != nil && parent.Err() == nil && !errors.Is(err, storage.ErrUnavailable) {
		return fmt.Errorf("%w: it did not answer in time: %w", storage.ErrUnavailable, err)
	}
	return err
}

// show shows states as of head.
func (x *Index) show(head *storage.Head, states []storage.KeyedState, began time.Time) error {
	if len(states) > 0 || !sameHead(x.head, head) {
		x.change(func() {
			apply(x.table, states)
			x.head = head
		})
		x.measure(x.table)
	}
	if err := x.fits(x.table); err != nil {
		return err
	}
	x.began.Store(&began)
	x.rounds.Add(1)
	return nil
}

// fits returns a tooLargeError if the table passes the limit of memory.
func (x *Index) fits(t *table) error {
	if x.maxBytes > 0 && t.Bytes() > x.maxBytes {
		return &tooLargeError{bytes: t.Bytes(), recipients: int64(t.Len())}
	}
	return nil
}

// apply takes in states in order: the last of a key counts.
func apply(t *table, states []storage.KeyedState) {
	for i := range states {
		s := &states[i]
		switch {
		case s.Key.Form == consent.FormMail:
		case s.Gone:
			t.remove(&s.Key.Digest)
		default:
			t.put(&s.Key.Digest, s.Packed)
		}
	}
}

func sameHead(a, b *storage.Head) bool {
	return a.StoreID == b.StoreID && a.Position == b.Position && a.Revision == b.Revision && a.Recorded == b.Recorded &&
		a.CatalogVersion == b.CatalogVersion && a.ClientsVersion == b.ClientsVersion && a.Refs == b.Refs && a.RefsSum == b.RefsSum && a.CatalogsSum == b.CatalogsSum && a.FoldVersion == b.FoldVersion &&
		bytes.Equal(a.KeysCheck, b.KeysCheck) && bytes.Equal(a.Tree, b.Tree) && slices.Equal(a.DigestKeys, b.DigestKeys)
}
