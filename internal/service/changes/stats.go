package changes

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables"
)

// Stats are what the feed has done since the start.
type Stats struct {
	Watchers int64 // now
	Entries  int64 // that were sent
	Cut      int64 // watchers that were too slow
	Windows  int64 // that were read
	Events   int64 // in them
}

type counts struct{ watchers, entries, cut, windows, events atomic.Int64 }

// FeedStats returns what the feed has done.
func (f *Feed) FeedStats() Stats {
	c := &f.counts
	return Stats{
		Watchers: c.watchers.Load(), Entries: c.entries.Load(), Cut: c.cut.Load(), Windows: c.windows.Load(), Events: c.events.Load(),
	}
}

// Lag is how far a registered consumer is behind the ledger.
type Lag struct {
	Consumer string // id
	Events   int64  // that were recorded since what it is known to have
}

// FeedLags returns how far the registered consumers are behind that were not revoked.
func (f *Feed) FeedLags(ctx context.Context) ([]Lag, error) {
	head, active, err := tables.ActiveConsumers(ctx, f.Store)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	var lags []Lag
	for i := range active {
		if !strings.Contains(active[i].ID, "/") { // That of a client that reads without a consumer.
			lags = append(lags, Lag{Consumer: active[i].ID, Events: max(head.Position-active[i].Acknowledged.Position, 0)})
		}
	}
	return lags, nil
}
