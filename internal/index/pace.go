package index

import (
	"context"
	"time"
)

// pace says when the next round begins: as soon as somebody joined it, else after a while. After a failure it waits longer and longer,
// but somebody who joins gets a try at once, as long as tries are not closer to each other than the shortest wait: in an outage it is
// better to learn soon that there is no answer.
type pace struct {
	tuning   *tuning
	failures int
	last     time.Time // when the last round ended
	timer    *time.Timer
}

func newPace(t *tuning) *pace {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &pace{tuning: t, timer: timer}
}

func (p *pace) stop() { p.timer.Stop() }

// note notes how a round ended.
func (p *pace) note(err error) {
	p.last = time.Now()
	if err == nil {
		p.failures = 0
		return
	}
	p.failures++
}

// backoff returns the wait after so many failures.
func (p *pace) backoff() time.Duration {
	wait := p.tuning.backoffFrom
	for range p.failures - 1 {
		if wait *= 2; wait >= p.tuning.backoffTo {
			return p.tuning.backoffTo
		}
	}
	return wait
}

// wait waits until a round is due; false if ctx ended first.
func (p *pace) wait(ctx context.Context, wake <-chan struct{}) bool {
	if p.failures == 0 {
		return p.sleep(ctx, p.tuning.every, wake)
	}
	rest := p.backoff()
	if !p.sleep(ctx, rest, wake) {
		return false
	}
	return p.sleep(ctx, p.tuning.backoffFrom-time.Since(p.last), nil) // woken early, but not that early
}

// sleep waits for a time, for somebody who wakes, or for the end of ctx, of which it returns false.
func (p *pace) sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	if ctx.Err() != nil {
		return false
	}
	if d <= 0 {
		return true
	}
	p.timer.Reset(d)
	defer p.timer.Stop()
	select {
	case <-p.timer.C:
	case <-wake:
	case <-ctx.Done():
		return false
	}
	return true
}
