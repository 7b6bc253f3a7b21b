package service

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/webhooks"
)

// BenchmarkWebhook_Deliveries has b.N recipients leave the newsletter, and measures how many messages a second one webhook makes of that and
// sends to a receiver on the same machine, which answers at once.
func BenchmarkWebhook_Deliveries(b *testing.B) {
	eachStoreBench(b, func(b *testing.B, kind string) {
		w := newWorld(b, kind).hooked(webhooks.Options{})
		w.sample = 0
		s, ctx := w.acme()
		var came atomic.Int64
		r := &receiver{t: b, server: httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, in *http.Request) {
			if _, err := io.Copy(io.Discard, in.Body); err != nil {
				b.Error(err)
			}
			came.Add(1)
		}))}
		b.Cleanup(r.server.Close)
		w.hook(ctx, s, r, "crm", consumers.FormPlain)
		w.finish(ctx, s)
		for first := 0; first < b.N; first += 1000 {
			var batch record.Batch
			for n := first; n < min(first+1000, b.N); n++ {
				batch.Items = append(batch.Items, record.BatchItem{Statement: withdrawal("newsletter", fmt.Sprintf("bench%d@example.com", n))})
			}
			if _, err := s.BatchRecord(ctx, batch); err != nil {
				b.Fatal(err)
			}
		}
		came.Store(0)
		b.ResetTimer()
		w.finish(ctx, s)
		if came.Load() < int64(b.N) {
			b.Fatalf("%d messages of %d recipients", came.Load(), b.N)
		}
		b.ReportMetric(float64(came.Load())/b.Elapsed().Seconds(), "messages/s")
	})
}
