package service

import (
	"fmt"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// BenchmarkBatchCheckOfASend1000 checks a thousand persons for one send after the other, under a cap that no person reaches: each has four contacts,
// and each check reserves a fifth. BenchmarkBatchCheck1000 is the same without sends.
func BenchmarkBatchCheckOfASend1000(b *testing.B) {
	eachStoreBench(b, func(b *testing.B, kind string) {
		s, address := populated(b, kind, 1000)
		ctx := access.WithCaller(b.Context(), access.Process("bench"))
		document := acme(b) + "pressure: {id: weekly, max: 6, per: P7D}\n"
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document}); err != nil {
			b.Fatal(err)
		}
		in := check.BatchInput{Request: consent.Request{Channel: "newsletter"}}
		for n := range 1000 {
			in.Addresses = append(in.Addresses, address(n))
		}
		n := 0
		next := func() {
			now := s.Instant()
			in.Send = fmt.Sprintf("letter-%d", n)
			row := sendtable.Send{
				ID: in.Send, Channel: "newsletter", Sender: "acme-newsletter", Department: "newsletter-desk", Sealed: []byte{1}, From: now - 1,
				Until: now.Add(time.Hour), State: campaign.Cleared, Cleared: now, ClearedBy: campaign.ByOfficer, Revision: 1,
			}
			if err := s.Store.WriteTables(ctx, sendtable.AddSend(&row)); err != nil {
				b.Fatal(err)
			}
			if n >= 5 {
				drop := storage.Statement{
					Doing: "delete the contacts of an old send", SQL: `DELETE FROM contacts WHERE send = $1`, Args: []any{fmt.Sprintf("letter-%d", n-5)},
				}
				if err := s.Store.WriteTables(ctx, drop); err != nil {
					b.Fatal(err)
				}
			}
			n++
		}
		reserve := func() {
			got, err := s.BatchCheck(ctx, in)
			if d, _ := got.Item(0); err != nil || d.Verdict != consent.Allow {
				b.Fatal(d.Reasons, err)
			}
		}
		for range 5 {
			next()
			reserve()
		}
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			next()
			b.StartTimer()
			reserve()
		}
		b.ReportMetric(float64(1000*b.N)/b.Elapsed().Seconds(), "addresses/s")
	})
}
