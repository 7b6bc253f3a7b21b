package telemetry

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// decisions counts what checks were answered with. There are many of them and few kinds: the table of the kinds is copied when one comes
// up for the first time, and counting takes no lock.
type decisions struct {
	counts atomic.Pointer[map[decision]*decisionCount]
	grow   sync.Mutex
}

// decision is a kind of decision.
type decision struct{ channel, verdict, reason string }

// decisionCount is a count on a cache line of its own.
type decisionCount struct {
	n      atomic.Int64
	labels metric.MeasurementOption
	_      [64]byte
}

// add counts n decisions of a kind.
func (d *decisions) add(kind decision, n int) {
	if counts := d.counts.Load(); counts != nil {
		if count, ok := (*counts)[kind]; ok {
			count.n.Add(int64(n))
			return
		}
	}
	d.grow.Lock()
	defer d.grow.Unlock()
	next := map[decision]*decisionCount{}
	if counts := d.counts.Load(); counts != nil {
		maps.Copy(next, *counts)
	}
	if next[kind] == nil {
		next[kind] = &decisionCount{labels: metric.WithAttributeSet(attribute.NewSet(
			attribute.String("channel", kind.channel), attribute.String("verdict", kind.verdict), attribute.String("reason", kind.reason),
		))}
	}
	next[kind].n.Add(int64(n))
	d.counts.Store(&next)
}

// observe tells the counts.
func (d *decisions) observe(_ context.Context, o metric.Int64Observer) error {
	if counts := d.counts.Load(); counts != nil {
		for _, count := range *counts {
			o.Observe(count.n.Load(), count.labels)
		}
	}
	return nil
}
