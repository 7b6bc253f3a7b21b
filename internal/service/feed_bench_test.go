package service

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
)

// feedWatchers is how many watchers there are, and feedPace how long after a change the next one is recorded.
const (
	feedWatchers = 100
	feedPace     = time.Millisecond
)

// BenchmarkFeed_HundredWatchers records a change each millisecond, and measures how long after its acknowledgement each watcher has it.
func BenchmarkFeed_HundredWatchers(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			w := newWorld(b, kind)
			w.sample = 0
			s, ctx := w.acme()
			sync := w.syncClient(ctx, s, "sync", "")
			x := &arrivals{acknowledged: make([]atomic.Int64, b.N)}
			watching, stop := context.WithCancel(sync)
			for range feedWatchers {
				x.watch(watching, b, s)
			}
			b.ResetTimer()
			x.record(ctx, b, s)
			stop()
			x.all.Wait()
			slices.Sort(x.took)
			b.ReportMetric(float64(x.took[len(x.took)/2])/1e6, "p50-ms")
			b.ReportMetric(float64(x.took[len(x.took)*99/100])/1e6, "p99-ms")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
		})
	}
}

// arrivals are the times of changes.
type arrivals struct {
	acknowledged []atomic.Int64 // by number
	arrived      atomic.Int64
	all          sync.WaitGroup
	mu           sync.Mutex
	took         []time.Duration
}

// watch begins to watch.
func (x *arrivals) watch(ctx context.Context, b *testing.B, s *Service) {
	b.Helper()
	began := make(chan struct{})
	x.all.Go(func() {
		var own []time.Duration
		first := sync.OnceFunc(func() { close(began) })
		err := s.WatchChanges(ctx, changes.Request{}, func(p changes.Page) error {
			first()
			now := time.Now().UnixNano()
			for i := range p.Entries {
				var n int
				if _, err := fmt.Sscanf(p.Entries[i].Address, "bench%d@", &n); err != nil {
					return err
				}
				own = append(own, time.Duration(max(now-x.acknowledged[n].Load(), 0))) // It may come before its acknowledgement.
				if x.acknowledged[n].Load() == 0 {
					own[len(own)-1] = 0
				}
				x.arrived.Add(1)
			}
			return nil
		})
		if ctx.Err() == nil {
			b.Error(err)
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		x.took = append(x.took, own...)
	})
	<-began
}

// record records the changes and waits until they have arrived.
func (x *arrivals) record(ctx context.Context, b *testing.B, s *Service) {
	b.Helper()
	var writes sync.WaitGroup
	ticker := time.NewTicker(feedPace)
	defer ticker.Stop()
	for n := range x.acknowledged {
		<-ticker.C
		writes.Go(func() {
			if _, err := s.Record(ctx, withdrawal("newsletter", fmt.Sprintf("bench%d@example.com", n)), txn.Idempotency{}); err != nil {
				b.Error(err)
			}
			x.acknowledged[n].Store(time.Now().UnixNano())
		})
	}
	writes.Wait()
	for x.arrived.Load() < int64(feedWatchers*len(x.acknowledged)) && !b.Failed() {
		<-ticker.C
	}
}

// BenchmarkFeed_MailboxWithALongLife records a bounce of an address that has many, and reads what it changed.
func BenchmarkFeed_MailboxWithALongLife(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			const bounces, batch = 5000, 1000
			w := newWorld(b, kind)
			w.sample = 0
			s, ctx := w.acme()
			tool := w.syncClient(ctx, s, "sync", "")
			st := statement.Statement{Kind: consent.KindSuppress, Address: "an.na@gmail.com", Reason: consent.ReasonHardBounce, Note: "550"}
			for range bounces / batch {
				in := record.Batch{}
				for range batch {
					w.clock.Advance(time.Second)
					st.Occurred = consent.InstantOf(w.clock.Now())
					in.Items = append(in.Items, record.BatchItem{Statement: st})
				}
				if _, err := s.BatchRecord(ctx, in); err != nil {
					b.Fatal(err)
				}
			}
			r := &feedReader{s: s, ctx: tool, name: plainName, holds: held{}, in: changes.Request{From: changes.FromNow}}
			r.next(b)
			for b.Loop() {
				b.StopTimer()
				w.clock.Advance(time.Second)
				st.Occurred = 0
				if _, err := s.Record(ctx, st, txn.Idempotency{}); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				r.next(b)
			}
		})
	}
}
