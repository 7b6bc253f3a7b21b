package service

import (
	"fmt"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/audit"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
)

// populated returns a service over people with a consent each, and a context in which everything may be done.
func populated(b *testing.B, kind string, people int) (*Service, func(n int) string) {
	b.Helper()
	return populatedIn(b, newWorld(b, kind), people)
}

func populatedIn(b *testing.B, w *world, people int) (*Service, func(n int) string) {
	b.Helper()
	w.sample = 0
	s, ctx := w.acme()
	address := func(n int) string { return fmt.Sprintf("person-%d@example.at", n%people) }
	batch := record.Batch{}
	for n := range people {
		batch.Items = append(batch.Items, record.BatchItem{Statement: consentOn("newsletter", address(n), start.Add(-time.Hour))})
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
		ctx := access.WithCaller(b.Context(), access.Process("bench"))
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			got, err := s.Check(ctx, check.Input{Address: address(n), Request: consent.Request{Channel: "newsletter"}})
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
		ctx := access.WithCaller(b.Context(), access.Process("bench"))
		in := check.BatchInput{Request: consent.Request{Channel: "newsletter"}}
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
		ctx := access.WithCaller(b.Context(), access.Process("bench"))
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			if _, err := s.Record(ctx, withdrawal("newsletter", address(n)), txn.Idempotency{}); err != nil {
				b.Fatal(err)
			}
			n++
		}
	})
}

func BenchmarkImport1000(b *testing.B) {
	eachStoreBench(b, func(b *testing.B, kind string) {
		s, _ := populated(b, kind, 1)
		ctx := access.WithCaller(b.Context(), access.Process("bench"))
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			batch := record.Batch{}
			for range 1000 {
				n++
				batch.Items = append(batch.Items, record.BatchItem{
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

func BenchmarkVerify(b *testing.B) {
	const batches = 2
	eachStoreBench(b, func(b *testing.B, kind string) {
		w := newWorld(b, kind)
		store := w.store()
		s := w.service(store, 0)
		ctx := access.WithCaller(b.Context(), access.Process("bench"))
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(b)}); err != nil {
			b.Fatal(err)
		}
		for n := range batches {
			batch := record.Batch{}
			for i := range env.MaxBatch {
				address := fmt.Sprintf("person-%d@example.at", (n*env.MaxBatch+i)%(batches*env.MaxBatch/2)) // two events each
				at := start.Add(-time.Hour - time.Duration(n)*time.Second)
				batch.Items = append(batch.Items, record.BatchItem{Statement: consentOn("newsletter", address, at)})
			}
			if _, err := s.BatchRecord(ctx, batch); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportAllocs()
		for b.Loop() {
			report, err := audit.Verify(ctx, store, w.keys, nil, func(int64) {})
			if err != nil || report.Found != 0 || report.Events != batches*env.MaxBatch+1 {
				b.Fatalf("%+v, %v", report, err)
			}
		}
		b.ReportMetric(float64((batches*env.MaxBatch+1)*b.N)/b.Elapsed().Seconds(), "events/s")
	})
}

func BenchmarkCheckWithReceipt(b *testing.B) {
	eachStoreBench(b, func(b *testing.B, kind string) {
		s, address := populated(b, kind, 1000)
		ctx := access.WithCaller(b.Context(), access.Process("bench"))
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			got, err := s.Check(ctx, check.Input{Address: address(n), Request: consent.Request{Channel: "newsletter"}, Receipt: true})
			if err != nil || got.Receipt == "" {
				b.Fatal(err)
			}
			n++
		}
	})
}

// A run that finds nothing due of people with valid consents.
func BenchmarkRetention(b *testing.B) {
	eachStoreBench(b, func(b *testing.B, kind string) {
		const people = 2_000
		w := newWorld(b, kind)
		s, ctx := w.keeping("evidence: P1D")
		batch := record.Batch{}
		for n := range people {
			st := consentOn("newsletter", fmt.Sprintf("person-%d@example.at", n), start.Add(-time.Hour))
			batch.Items = append(batch.Items, record.BatchItem{Statement: st})
		}
		if _, err := s.BatchRecord(ctx, batch); err != nil {
			b.Fatal(err)
		}
		w.clock.Advance(48 * time.Hour)
		b.ReportAllocs()
		for b.Loop() {
			wantRetention(ctx, b, s, false, nil)
		}
		b.ReportMetric(float64(people*b.N)/b.Elapsed().Seconds(), "people/s")
	})
}

// BenchmarkExportBlockList exports the block list of a channel that everyone left, and counts it as disclosures.
func BenchmarkExportBlockList(b *testing.B) {
	const people, batch = 20_000, 1000
	eachStoreBench(b, func(b *testing.B, kind string) {
		w := newWorld(b, kind)
		w.sample = 0
		s, ctx := w.acme()
		for first := 0; first < people; first += batch {
			in := record.Batch{}
			for n := first; n < first+batch; n++ {
				in.Items = append(in.Items, record.BatchItem{Statement: withdrawal("newsletter", fmt.Sprintf("person-%d@example.at", n))})
			}
			if _, err := s.BatchRecord(ctx, in); err != nil {
				b.Fatal(err)
			}
		}
		w.clock.Advance(time.Second)
		b.ReportAllocs()
		for b.Loop() {
			listed := 0
			err := s.ExportBlockList(ctx, changes.BlockListRequest{Channel: "newsletter"}, func(p changes.BlockListPart) error {
				listed += len(p.Entries)
				return nil
			})
			if err != nil || listed != people {
				b.Fatal(listed, err)
			}
		}
		b.ReportMetric(float64(people*b.N)/b.Elapsed().Seconds(), "entries/s")
	})
}
