package follower

import "time"

// WithWall returns the Follower with another clock that says how old its set is.
func (f *Follower) WithWall(now func() time.Time) *Follower {
	f.wall = now
	return f
}
