package follower

import (
	"errors"
	"time"
)

// errLate ends a stream of which the messages are old, or seem to be.
var errLate = errors.New("what the server sends comes late, or a clock was set")

// clock tells the time of the server by a time that it sent. The zero clock does not know it.
type clock struct {
	server time.Time // what the server sent, in answer to what was asked
	asked  time.Time // when, by this machine
}

// latest returns the latest time that the server's clock may show at a time of this machine: what it sent it read after it was asked. So it is
// right whatever the clock of this machine shows, and however long a message is under way.
func (c clock) latest(now time.Time) time.Time { return c.server.Add(since(c.asked, now)) }

// since returns how long ago a time was, at least: by the clock of the wall or the one that only counts, whichever says more. The first may
// be set back, and the second stands still while the machine is suspended.
func since(then, now time.Time) time.Duration {
	return max(now.Sub(then), now.Round(0).Sub(then.Round(0)))
}

// hear takes a time that the server sent with all that it had told by then, and returns an error if that was long ago. Where the clock of
// this machine is the slower one, the server's is followed; where it is the faster one, or was set, the messages seem to be late, and a
// connection that begins anew gives a clock that is right.
func (c *clock) hear(sent, now time.Time, limit time.Duration) error {
	latest := c.latest(now)
	switch {
	case sent.After(latest):
		*c = clock{server: sent, asked: now}
	case latest.Sub(sent) > limit:
		return errLate
	}
	return nil
}
