package index

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"time"

	"github.com/assent-io/assent/internal/storage"
)

// Run loads and follows until ctx ends, and never returns before. Whatever fails is tried again. At its end nobody waits any more, and
// views show nothing.
func (x *Index) Run(ctx context.Context) {
	defer x.leave(Ended)
	pace := newPace(&x.tuning)
	defer pace.stop()
	for ctx.Err() == nil {
		followed, err := x.live(ctx)
		if ctx.Err() != nil {
			return
		}
		if large, ok := errors.AsType[*tooLargeError](err); ok {
			x.log.LogAttrs(ctx, slog.LevelError, "the index needs more memory than it may have and is off: every check asks the database from now on",
				slog.Int64("max_bytes", x.maxBytes), slog.Int64("bytes", large.bytes), slog.Int64("recipients", large.recipients))
			x.leave(Off)
			<-ctx.Done()
			return
		}
		x.log.LogAttrs(ctx, slog.LevelError, "the index is loaded anew: the database went back, holds another history, or cannot tell what changed",
			slog.String("error", err.Error()))
		x.reloads.Add(1)
		x.leave(Loading)
		if followed {
			pace.note(nil)
			continue
		}
		pace.note(err) // loading did not even end: not again at once
		pace.wait(ctx, nil)
	}
}

// live loads everything and follows, until ctx ends or the error is errAnew or a tooLargeError. It reports whether it came to follow.
func (x *Index) live(ctx context.Context) (followed bool, err error) {
	began := time.Now()
	// The head comes first: whatever changes while pages are read is news since then.
	c, err := retry(ctx, x, x.tuning.timeout, x.start)
	if err != nil {
		return false, err
	}
	t := newTable()
	if c, err = x.pages(ctx, c, t); err != nil {
		return false, err
	}
	for ; ; followed = true {
		if c, err = x.catchUp(ctx, c, t); err != nil {
			return followed, err
		}
		x.loaded.Store(int64(time.Since(began)))
		x.log.LogAttrs(ctx, slog.LevelInfo, "the index is loaded", slog.Int64("recipients", x.recipients.Load()),
			slog.Int64("bytes", x.bytes.Load()), slog.Duration("duration", time.Duration(x.loaded.Load())), slog.Int64("position", c.mark.Position))
		if c, err = x.follow(ctx, c); !errors.Is(err, errFar) {
			return true, err
		}
		began = time.Now()
		x.log.LogAttrs(ctx, slog.LevelWarn, "the index is far behind and catches up: checks ask the database meanwhile",
			slog.Int64("position", c.mark.Position))
	}
}

// ask returns the head, and costs the database as little as that.
func (x *Index) ask(ctx context.Context) (storage.Head, error) {
	// A mark beyond any head has no news.
	head, _, err := x.source.Follow(ctx, storage.Mark{Position: math.MaxInt64, Revision: math.MaxInt64}, 1)
	return head, err
}

// start returns a cursor at the head.
func (x *Index) start(ctx context.Context) (cursor, error) {
	head, err := x.ask(ctx)
	if err != nil {
		return cursor{}, err
	}
	return cursorAt(&head)
}

// catchUp follows into a table that nobody sees, and then shows it. Nobody waits for a step of it, so each has the time of a page, and
// after one that needed more fewer events are read at once.
func (x *Index) catchUp(ctx context.Context, c cursor, t *table) (cursor, error) {
	for limit := x.tuning.limit; ; limit = min(2*limit, x.tuning.limit) {
		var began time.Time // of the step that succeeded
		s, err := retry(ctx, x, x.tuning.pageTimeout, func(ctx context.Context) (step, error) {
			began = time.Now()
			s, err := x.step(ctx, c, limit)
			if ctx.Err() != nil {
				limit = max(limit/2, 1)
			}
			return s, err
		})
		if err != nil {
			return c, err
		}
		c = s.to
		apply(t, s.states)
		x.measure(t)
		if err := x.fits(t); err != nil {
			return c, err
		}
		if s.all {
			x.change(func() { x.table, x.head = t, &s.head })
			x.began.Store(&began)
			x.enter(Ready)
			return c, nil
		}
	}
}

// retry does something until it succeeds, ctx ends, or trying again is of no use.
func retry[T any](ctx context.Context, x *Index, timeout time.Duration, do func(context.Context) (T, error)) (T, error) {
	pace := newPace(&x.tuning)
	defer pace.stop()
	for {
		limited, cancel := context.WithTimeout(ctx, timeout)
		got, err := do(limited)
		err = unavailable(ctx, limited, err)
		cancel()
		if err == nil || fatal(err) || ctx.Err() != nil {
			return got, err
		}
		x.say(ctx, err, pace.failures)
		pace.note(err)
		if !pace.wait(ctx, nil) {
			return got, ctx.Err()
		}
	}
}
