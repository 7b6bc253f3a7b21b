package follow

import (
	"context"
	"time"
)

// backoff says how long to wait after a run of failures: twice as long after each, up to a limit.
type backoff struct {
	tuning   *tuning
	failures int
}

func newBackoff(t *tuning) backoff { return backoff{tuning: t} }

// note notes how a try ended.
func (b *backoff) note(err error) {
	if err == nil {
		b.failures = 0
		return
	}
	b.failures++
}

// length returns the wait after so many failures.
func (b *backoff) length() time.Duration {
	wait := b.tuning.backoffFrom
	for range b.failures - 1 {
		if wait *= 2; wait >= b.tuning.backoffTo {
			return b.tuning.backoffTo
		}
	}
	return wait
}

// sleep waits for a time, or for the end of ctx, of which it returns false.
func (b *backoff) sleep(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
