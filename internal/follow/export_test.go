package follow

import (
	"context"
	"time"
)

// Tuning is what a test makes smaller.
type Tuning struct {
	Limit, Page, Gather int
	Timeout             time.Duration
	JoinInFlight        bool
}

// Tune sets it, before Run.
func (f *Follower) Tune(t Tuning) {
	f.tuning.limit, f.tuning.page, f.tuning.gather = t.Limit, t.Page, t.Gather
	f.tuning.timeout, f.tuning.pageTimeout, f.tuning.joinInFlight = t.Timeout, t.Timeout, t.JoinInFlight
}

// LoadPages has the copy take in all states, as loading does.
func (f *Follower) LoadPages(ctx context.Context) error {
	c, err := f.cursorAtHead(ctx)
	if err == nil {
		_, err = f.takeAllPages(ctx, c)
	}
	return err
}
