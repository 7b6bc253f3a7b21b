package service

import (
	"fmt"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
)

// populated returns a service over people with a consent each, and a context in which everything may be done.
func populated(b *testing.B, kind string, people int) (*Service, func(n int) string) {
	b.Helper()
	w := newWorld(b, kind)
	s, ctx := w.acme()
	address := func(n int) string { return fmt.Sprintf("person-%d@example.at", n%people) }
	batch := BatchRecord{}
	for n := range people {
		batch.Items = append(batch.Items, BatchStatement{Statement: consentOn("newsletter", address(n), start.Add(-time.Hour))})
	}
	if _, err := s.BatchRecord(ctx, batch); err != nil {
		b.Fatal(err)
	}
	w.clock.Advance(time.Second)
	return s, address
}

func eachStoreBench(b *testing.B, bench func(b *testing.B, kind string)) {
	b.Helper()
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) { bench(b, kind) })
	}
}

func BenchmarkCheck(b *testing.B) {
	eachStoreBench(b, func(b *testing.B, kind string) {
		s, address := populated(b, kind, 1000)
		ctx := WithCaller(b.Context(), Process("bench"))
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			got, err := s.Check(ctx, CheckInput{Address: address(n), Request: consent.Request{Channel: "newsletter"}})
			if err != nil || got.Verdict != consent.Allow {
				b.Fatal(got.Reason, err)
			}
			n++
		}
	})
}

func BenchmarkBatchCheck1000(b *testing.B) {
	eachStoreBench(b, func(b *testing.B, kind string) {
		s, address := populated(b, kind, 1000)
		ctx := WithCaller(b.Context(), Process("bench"))
		in := BatchInput{Request: consent.Request{Channel: "newsletter"}}
		for n := range 1000 {
			in.Addresses = append(in.Addresses, address(n))
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.BatchCheck(ctx, in); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(1000*b.N)/b.Elapsed().Seconds(), "addresses/s")
	})
}

func BenchmarkWithdraw(b *testing.B) {
	eachStoreBench(b, func(b *testing.B, kind string) {
		s, address := populated(b, kind, 1000)
		ctx := WithCaller(b.Context(), Process("bench"))
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			if _, err := s.Record(ctx, withdrawal("newsletter", address(n)), Idempotency{}); err != nil {
				b.Fatal(err)
			}
			n++
		}
	})
}

func BenchmarkImport1000(b *testing.B) {
	eachStoreBench(b, func(b *testing.B, kind string) {
		s, _ := populated(b, kind, 1)
		ctx := WithCaller(b.Context(), Process("bench"))
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			batch := BatchRecord{}
			for range 1000 {
				n++
				batch.Items = append(batch.Items, BatchStatement{
					Statement: consentOn("newsletter", fmt.Sprintf("new-%d@example.at", n), start.Add(-time.Hour)),
				})
			}
			if _, err := s.BatchRecord(ctx, batch); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
	})
}
