package sources

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// allowedKept is how long it is kept how many checks were allowed.
const allowedKept = 8 * 24 * time.Hour

// Allowed counts by channel how many checks were answered with ALLOW. Counting takes no lock once a channel was counted.
type Allowed struct {
	*env.Env

	counts atomic.Pointer[map[string]*atomic.Int64]
	grow   sync.Mutex
}

// NewAllowed returns counts of zero.
func NewAllowed(env *env.Env) *Allowed { return &Allowed{Env: env} }

// Add adds to the count of a channel.
func (a *Allowed) Add(channel string, n int) {
	if counts := a.counts.Load(); counts != nil {
		if count, ok := (*counts)[channel]; ok {
			count.Add(int64(n))
			return
		}
	}
	a.grow.Lock()
	defer a.grow.Unlock()
	next := map[string]*atomic.Int64{}
	if counts := a.counts.Load(); counts != nil {
		maps.Copy(next, *counts)
	}
	if next[channel] == nil {
		next[channel] = &atomic.Int64{}
	}
	next[channel].Add(int64(n))
	a.counts.Store(&next)
}

// FlushAllowed stores what was counted since the last call, as of this hour. What could not be stored is stored by a later call.
func (a *Allowed) FlushAllowed(ctx context.Context) error {
	counts := a.counts.Load()
	if counts == nil {
		return nil
	}
	hour := hourOf(a.Clock())
	var taken []tables.AllowedHour
	for channel, count := range *counts {
		if n := count.Swap(0); n > 0 {
			taken = append(taken, tables.AllowedHour{Hour: hour, Channel: channel, Allowed: n})
		}
	}
	if len(taken) == 0 {
		return nil
	}
	// In one order on all servers: none waits for another that waits for it.
	slices.SortFunc(taken, func(a, b tables.AllowedHour) int { return cmp.Compare(a.Channel, b.Channel) })
	statements := make([]storage.Statement, len(taken))
	for i := range taken {
		statements[i] = tables.AddAllowed(&taken[i])
	}
	err := a.Store.WriteTables(ctx, statements...)
	if err != nil {
		for i := range taken {
			a.Add(taken[i].Channel, int(taken[i].Allowed))
		}
	}
	return env.StoreFault(err)
}

// closeTimeout is how long the last counts may take to be stored: they are of little worth.
const closeTimeout = time.Second

// FlushLast stores what was counted when the last check was answered, if that can be done at once.
func (a *Allowed) FlushLast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	if err := a.FlushAllowed(ctx); err != nil {
		a.Log.LogAttrs(ctx, slog.LevelWarn, "how many checks were allowed was not counted", slog.String("error", err.Error()))
	}
}

// hourOf returns the hours since 1970.
func hourOf(t time.Time) int64 { return t.Unix() / 3600 }
