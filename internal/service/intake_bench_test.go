package service

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/assent-io/assent/internal/token"
)

// inUse returns how many bytes of memory are in use.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // No machine has as much.
}

// BenchmarkDoor takes hard bounces of as many persons by LMTP, over 16 connections.
func BenchmarkDoor(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			w := newWorld(b, kind)
			w.sample = 0
			s, _ := w.linked()
			at := door(b, s)
			const connections = 16
			var next atomic.Int64
			b.ReportAllocs()
			kept := inUse()
			b.ResetTimer()
			before := processorTime(b)
			var group sync.WaitGroup
			for range connections {
				client := mailServer(b, at)
				group.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						address := fmt.Sprintf("p%d@example.at", n)
						ours, err := token.NewLink(w.keys, &token.Link{Address: address, Channel: "newsletter", Decided: start.Unix()})
						if err != nil {
							b.Error(err)
							return
						}
						if err := deliver(client, bounceBox, bounced(start, address, "5.1.1", "no such user", headerOf(ours))); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			group.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "processor-µs/op")
			b.StopTimer()
			b.ReportMetric(float64(inUse()-kept)/float64(b.N), "kept-B/op")
		})
	}
}
