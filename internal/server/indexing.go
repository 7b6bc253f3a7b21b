package server

import (
	"context"
	"math"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/assent-io/assent/internal/follow"
	"github.com/assent-io/assent/internal/telemetry"
)

// quickLoad is how long a start waits for the index, so that a server of a small database is ready when it first says how it is.
const quickLoad = 250 * time.Millisecond

// follow has the index loaded and follow the ledger, as part of the group, until what it returns is called.
func (l *Local) follow(ctx context.Context, group *errgroup.Group) (end func()) {
	if l.index == nil {
		return func() {}
	}
	following, end := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error { l.index.Run(following); return nil })
	timed, cancel := context.WithTimeout(ctx, quickLoad)
	defer cancel()
	select {
	case <-l.index.Settled():
	case <-timed.Done():
	}
	return end
}

// serverStats returns what the metrics read from a server.
func serverStats(local *Local, l *listeners) telemetry.ServerStats {
	stats := telemetry.ServerStats{Store: func() telemetry.StoreStats {
		pool := local.store.Pool()
		return telemetry.StoreStats{
			InUse: pool.InUse, Idle: pool.Idle, Max: pool.Max, Waits: pool.Waits, Waited: pool.Waited, Queued: local.QueuedWrites(),
			Bytes: local.bytes.Load(),
		}
	}}
	if l.certificate != nil {
		stats.CertificateEnd = l.certificate.End
	}
	return stats
}

// indexStates returns what an index may be doing.
func indexStates() []string {
	var names []string
	for _, state := range follow.States() {
		names = append(names, string(state))
	}
	return names
}

// observe returns what metrics tell of the index.
func (l *Local) observe() (stats telemetry.IndexStats, there bool) {
	if l.index == nil {
		return telemetry.IndexStats{}, false
	}
	now := l.index.Stats()
	stats = telemetry.IndexStats{
		State: string(now.State), Recipients: now.Recipients, Bytes: now.Bytes, Rounds: now.Rounds, Reloads: now.Reloads,
		Behind: now.Behind, Loaded: now.Loaded,
		// It may have ceased to be ready after its state was read.
		Follows: now.State == follow.Ready && now.Behind != math.MaxInt64,
	}
	sampled := l.Sampled()
	stats.Compared, stats.Differing, stats.Skipped = sampled.Compared, sampled.Differing, sampled.Skipped
	return stats, true
}
