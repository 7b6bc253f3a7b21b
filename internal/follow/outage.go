package follow

import (
	"sync/atomic"
	"time"
)

// slowRound is how long a round may take before the database counts as one that does not answer.
const slowRound = 250 * time.Millisecond

// outage records whether the database answers.
type outage struct {
	from atomic.Pointer[time.Time] // since when it does not, or will not have if the round is not complete by then; nil: it does
}

// Failing reports whether the database does not answer as it should: a round has failed, or the one under way has taken longer than
// 250 ms, and none has been complete since. A caller that can do without a fence need not wait for that of a database that hangs. It costs the
// load of a pointer. Where a round was complete, Failing is false before the fences that joined it return, and true before they return the
// error of one that was not. It is false while the copy shows nothing, since there are no rounds then.
func (f *Follower) Failing() bool {
	from := f.outage.from.Load()
	return from != nil && time.Since(*from) > 0
}

// begin notes that a round begins.
func (t *outage) begin(now time.Time) {
	if t.from.Load() == nil {
		from := now.Add(slowRound)
		t.from.Store(&from)
	}
}

// end notes how a round ended.
func (t *outage) end(err error) {
	if err == nil {
		t.from.Store(nil)
		return
	}
	t.from.Store(&time.Time{})
}
