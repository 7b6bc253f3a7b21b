package follow

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"time"
)

// round is a read of the database that many callers wait for.
type round struct {
	joined atomic.Int64
	done   chan struct{}
	err    error // set before done is closed
}

func newRound() *round { return &round{done: make(chan struct{})} }

func (r *round) end(err error) {
	r.err = err
	close(r.done)
}

// turn is the right to make rounds, which one goroutine has at a time, with what goes on from one round to the next.
type turn struct {
	runContext context.Context //nolint:containedctx // Of Run: no round outlives it.
	cursor     cursor
	backoff    backoff
	lastEnded  time.Time // when the last round ended
}

// unfinished is a round that its caller has left.
type unfinished struct {
	turn  *turn
	round *round
}

// Fence waits until the copy shows everything that was acknowledged, by any server, before Fence was called. It joins the next round,
// never one under way, and makes it itself if no other goroutine does. The error is that of the round, for every caller that joined it;
// ErrNotLoaded; or that of ctx. A caller closes what keeps the copy from changing first.
func (f *Follower) Fence(ctx context.Context) error {
	r := f.next.Load()
	r.joined.Add(1)
	// The state Ready is left first, and then the next round is ended: one that was seen to be next before is ended, too.
	if !f.isIn(Ready) {
		return ErrNotLoaded
	}
	select {
	case t := <-f.turn:
		return f.makeJoinedRound(ctx, t, r)
	default:
	}
	select {
	case <-r.done:
		return r.err
	case t := <-f.turn:
		return f.makeJoinedRound(ctx, t, r)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// makeJoinedRound makes the round for a caller that has the turn, unless another goroutine has made it.
func (f *Follower) makeJoinedRound(ctx context.Context, t *turn, r *round) error {
	select {
	case <-r.done:
		f.turn <- t
		return r.err
	default:
	}
	if !t.waitForRetry(ctx, &f.tuning) {
		f.turn <- t
		return ctx.Err()
	}
	// Goroutines that are ready to run may join this round, too: the busier the processors, the more join, and the fewer rounds there are.
	runtime.Gosched()
	limited, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(t.runContext, cancel)() //nolint:contextcheck // The round ends with either.
	defer cancel()
	if f.attemptRound(limited, t, r) {
		return r.err
	}
	return ctx.Err()
}

// attemptRound makes a round, and reports whether it has ended. Where ctx ended before the read, Run makes the round
// again. A round that a panic breaks off has everything loaded anew: the goroutine of a caller may go on, and the turn
// must not be lost with it.
func (f *Follower) attemptRound(ctx context.Context, t *turn, r *round) (ended bool) {
	given := false // the turn: back, to Run, or with the error
	defer func() {
		if !given {
			f.leave(Loading)
			r.end(ErrNotLoaded)
			f.fatalErrors <- errRoundPanicked
		}
	}()
	if !f.tuning.joinInFlight {
		f.next.CompareAndSwap(r, newRound()) // a caller from here on is not served by what is read now
	}
	f.outage.begin(time.Now())
	at, err := f.readRound(ctx, t.cursor)
	if f.tuning.joinInFlight {
		f.next.CompareAndSwap(r, newRound())
	}
	if err != nil && ctx.Err() != nil && t.runContext.Err() == nil && !isFatal(err) {
		given = true
		f.unfinishedRounds <- unfinished{t, r}
		return false
	}
	f.fences.Add(r.joined.Load())
	if err != nil && (isFatal(err) || t.runContext.Err() != nil) {
		f.leave(Loading) // before a caller that joined looks
		given = true
		r.end(ErrNotLoaded)
		f.fatalErrors <- err
		return true
	}
	f.outage.end(err)
	f.logFailures(t.runContext, err, t.backoff.failures) //nolint:contextcheck // The log outlives the caller.
	t.backoff.note(err)
	t.cursor, t.lastEnded = at, time.Now()
	given = true
	r.end(err)
	f.turn <- t
	return true
}

// waitForRetry waits until a round may be tried, and reports whether ctx has not ended before. After a failure that is
// when the last round is the shortest wait ago: in an outage it is better to learn soon that there is no answer, and
// the database is spared.
func (t *turn) waitForRetry(ctx context.Context, tuning *tuning) bool {
	if t.backoff.failures == 0 {
		return ctx.Err() == nil
	}
	return t.backoff.sleep(ctx, tuning.backoffFrom-time.Since(t.lastEnded))
}

// dueTime returns when Run makes a round that no caller made: after a while, or after a failure later and later.
func (t *turn) dueTime(tuning *tuning) time.Time {
	if t.backoff.failures == 0 {
		return t.lastEnded.Add(tuning.every)
	}
	return t.lastEnded.Add(t.backoff.length())
}

// follow lets callers make rounds, and makes those that no caller makes, until ctx ends, or something is to be done that rounds cannot do:
// errReload, errTooFarBehind or ErrFull. It returns how far it came.
func (f *Follower) follow(ctx context.Context, c cursor) (cursor, error) {
	t := &turn{runContext: ctx, cursor: c, backoff: newBackoff(&f.tuning), lastEnded: time.Now()}
	f.turn <- t
	timer := time.NewTimer(f.tuning.pause())
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			timer.Reset(min(f.makeDueRound(ctx), f.tuning.pause()))
		case u := <-f.unfinishedRounds:
			f.attemptRound(ctx, u.turn, u.round)
		case err := <-f.fatalErrors:
			return t.cursor, err
		case <-ctx.Done():
			err := f.takeBackTurn()
			return t.cursor, err
		}
	}
}

// makeDueRound makes a round if one is due, and returns how long it is until the next.
func (f *Follower) makeDueRound(ctx context.Context) time.Duration {
	select {
	case t := <-f.turn:
		if wait := time.Until(t.dueTime(&f.tuning)); wait > 0 {
			f.turn <- t
			return wait
		}
		f.attemptRound(ctx, t, f.next.Load())
	default: // A caller makes one.
	}
	return f.tuning.every
}

// pause returns how long Run waits at most before it looks whether a round is due.
func (t *tuning) pause() time.Duration { return min(t.every, t.backoffTo) }

// takeBackTurn waits for the turn, when no round may be made any more.
func (f *Follower) takeBackTurn() error {
	select {
	case <-f.turn:
		return nil
	case u := <-f.unfinishedRounds:
		u.round.end(ErrNotLoaded)
		return nil
	case err := <-f.fatalErrors:
		return err
	}
}

func isFatal(err error) bool {
	return errors.Is(err, ErrFull) || errors.Is(err, errReload) || errors.Is(err, errTooFarBehind)
}
