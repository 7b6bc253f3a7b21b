package follow

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"time"

	"github.com/assent-io/assent/internal/storage"
)

// loadAndFollow loads everything and follows, until ctx ends or the error is errReload or ErrFull. It reports whether it came to follow.
func (f *Follower) loadAndFollow(ctx context.Context) (followed bool, err error) {
	began := time.Now()
	// The head comes first: whatever changes while pages are read is news since then.
	c, err := retry(ctx, f, f.tuning.timeout, f.cursorAtHead)
	if err != nil {
		return false, err
	}
	if c, err = f.takeAllPages(ctx, c); err != nil {
		return false, err
	}
	for ; ; followed = true {
		if c, err = f.catchUp(ctx, c); err != nil {
			return followed, err
		}
		f.loaded.Store(int64(time.Since(began)))
		f.log.LogAttrs(ctx, slog.LevelInfo, "the copy of the states is loaded", append(f.copy.Figures(),
			slog.Duration("duration", time.Duration(f.loaded.Load())), slog.Int64("position", c.mark.Position))...)
		if c, err = f.follow(ctx, c); !errors.Is(err, errTooFarBehind) {
			return true, err
		}
		began = time.Now()
		f.log.LogAttrs(ctx, slog.LevelWarn, "the copy of the states is far behind and catches up: checks ask the database meanwhile",
			slog.Int64("position", c.mark.Position))
	}
}

// readHead returns the head, and costs the database as little as that.
func (f *Follower) readHead(ctx context.Context) (storage.Head, error) {
	// A mark beyond any head has no news.
	head, _, err := f.source.Follow(ctx, storage.Mark{Position: math.MaxInt64, Revision: math.MaxInt64}, 1)
	return head, err
}

// cursorAtHead returns a cursor at the head.
func (f *Follower) cursorAtHead(ctx context.Context) (cursor, error) {
	head, err := f.readHead(ctx)
	if err != nil {
		return cursor{}, err
	}
	return cursorAt(&head)
}

// catchUp follows while the copy shows nothing, and then shows it. No caller waits for a step of it, so each has the time of a page, and
// after one that needed more fewer events are read at once.
func (f *Follower) catchUp(ctx context.Context, c cursor) (cursor, error) {
	for limit := f.tuning.limit; ; limit = min(2*limit, f.tuning.limit) {
		var began time.Time // of the step that succeeded
		s, err := retry(ctx, f, f.tuning.pageTimeout, func(ctx context.Context) (followStep, error) {
			began = time.Now()
			s, err := f.readStep(ctx, c, limit)
			if ctx.Err() != nil {
				limit = max(limit/2, 1)
			}
			return s, err
		})
		if err != nil {
			return c, err
		}
		c = s.to
		if err := f.copy.Take(s.states); err != nil {
			return c, err
		}
		if s.all {
			f.copy.Show(&s.head)
			f.began.Store(&began)
			f.enter(Ready)
			return c, nil
		}
	}
}

// retry does something until it succeeds, ctx ends, or trying again is of no use.
func retry[T any](ctx context.Context, f *Follower, timeout time.Duration, do func(context.Context) (T, error)) (T, error) {
	wait := newBackoff(&f.tuning)
	for {
		limited, cancel := context.WithTimeout(ctx, timeout)
		got, err := do(limited)
		err = unavailableOnTimeout(ctx, limited, err)
		cancel()
		if err == nil || isFatal(err) || ctx.Err() != nil {
			return got, err
		}
		f.logFailures(ctx, err, wait.failures)
		wait.note(err)
		if !wait.sleep(ctx, wait.length()) {
			return got, ctx.Err()
		}
	}
}
