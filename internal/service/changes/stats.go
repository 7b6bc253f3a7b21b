package changes

import "sync/atomic"

// Stats are what the feed has done since the start.
type Stats struct {
	Watchers int64 // now
	Entries  int64 // that were sent
	Cut      int64 // watchers that were too slow
	Windows  int64 // that were read
	Events   int64 // in them
}

type counts struct{ watchers, entries, cut, windows, events atomic.Int64 }

// stats returns what was counted.
func (c *counts) stats() Stats {
	return Stats{
		Watchers: c.watchers.Load(), Entries: c.entries.Load(), Cut: c.cut.Load(), Windows: c.windows.Load(), Events: c.events.Load(),
	}
}
