package follow_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/index"
	"github.com/assent-io/assent/internal/storage"
)

// far is a database that is 200 µs away. Timers of the system are too coarse for that.
type far struct{ *database }

func (f far) Follow(ctx context.Context, since storage.Mark, limit int) (storage.Head, storage.News, error) {
	for began := time.Now(); time.Since(began) < 200*time.Microsecond; {
		runtime.Gosched()
	}
	return f.database.Follow(ctx, since, limit)
}

// BenchmarkFence measures how many checks pass the fence in a second, and how long each waits, when a read of the head takes 200 µs and so
// many wait at the same time.
func BenchmarkFence(b *testing.B) {
	for _, waiters := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("%d-waiters", waiters), func(b *testing.B) {
			d := newDatabase()
			x := index.New(far{d}, index.Options{})
			ctx, cancel := context.WithCancel(b.Context())
			var done sync.WaitGroup
			done.Go(func() { x.Run(ctx) })
			for !x.Ready() {
				<-time.After(time.Millisecond)
			}
			before, began := x.Stats(), time.Now()
			waits := fences(b, x, waiters)
			took, stats := time.Since(began), x.Stats()
			slices.Sort(waits)
			b.ReportMetric(float64(b.N)/took.Seconds(), "fences/s")
			b.ReportMetric(float64(stats.Rounds-before.Rounds)/took.Seconds(), "rounds/s")
			b.ReportMetric(float64(waits[len(waits)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds()), "p99-µs")
			cancel()
			done.Wait()
		})
	}
}

// fences passes b.N fences, so many at the same time, with a look at the index after each, and returns how long each waited.
func fences(b *testing.B, x *index.Index, waiters int) []time.Duration {
	b.Helper()
	waits := make([]time.Duration, b.N)
	var all sync.WaitGroup
	for w := range waiters {
		all.Go(func() {
			key := keyOf(w)
			for i := w; i < b.N; i += waiters {
				began := time.Now()
				if err := x.Fence(b.Context()); err != nil {
					b.Error(err)
				}
				if v, ok := x.View(); ok {
					v.Find(&key)
					v.Close()
				}
				waits[i] = time.Since(began)
			}
		})
	}
	all.Wait()
	return waits
}

// BenchmarkView_Find is a check's part of the index: a view and four keys.
func BenchmarkView_Find(b *testing.B) {
	d := newDatabase()
	for i := range 1000 {
		record(d, i, 0)
	}
	x := index.New(d, index.Options{})
	ctx, cancel := context.WithCancel(b.Context())
	var done sync.WaitGroup
	done.Go(func() { x.Run(ctx) })
	for !x.Ready() {
		<-time.After(time.Millisecond)
	}
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			v, ok := x.View()
			if !ok {
				b.Error("no view")
				return
			}
			for k := range 4 {
				key := keyOf(i%250*4 + k)
				v.Find(&key)
			}
			v.Close()
		}
	})
	cancel()
	done.Wait()
}
