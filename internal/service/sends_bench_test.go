package service

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/pipeline"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// BenchmarkPreview counts an audience against ten other sends, each of which a fifth of the audience has. The figures of docs/performance.md are of
// -benchtime 1x with ASSENT_PREVIEW_ROWS rows.
func BenchmarkPreview(b *testing.B) {
	rows := 20_000
	if text := os.Getenv("ASSENT_PREVIEW_ROWS"); text != "" {
		var err error
		if rows, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			w := newWorld(b, kind)
			w.sample = 0
			p := w.planned(campaign.ClearingAdvised)
			p.capped()
			p.plan(p.newSend("spring"))
			audience := p.audience(rows)
			for b.Loop() {
				counted, err := p.s.OpenAudience(p.desk, "spring", false)
				if err != nil {
					b.Fatal(err)
				}
				produce := func(yield func([]string) error) error {
					for from := 0; from < rows; from += 10_000 {
						if err := yield(audience[from:min(from+10_000, rows)]); err != nil {
							return err
						}
					}
					return nil
				}
				add := func(ctx context.Context, part []string) error { return counted.Add(ctx, part) }
				if err := pipeline.Run(p.desk, 2, produce, add, func([]string) error { return nil }); err != nil {
					b.Fatal(err)
				}
				done, err := counted.Close(p.desk)
				if err != nil {
					b.Fatal(err)
				}
				if got := done.Send.Preview; got.Recipients != int64(rows) || len(got.Overlaps) != 10 || got.OverNow == 0 {
					b.Fatalf("counted %+v", got)
				}
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// audience returns addresses, of each fifth of which ten other sends have reserved places.
func (p *planned) audience(rows int) []string {
	p.t.Helper()
	all := make([]string, rows)
	persons := make([][32]byte, rows)
	for i := range all {
		all[i] = fmt.Sprintf("person%d@firma%d.example", i, i%5000)
		a, err := address.Parse(all[i])
		if err != nil {
			p.t.Fatal(err)
		}
		if persons[i], err = p.s.PersonOf(a); err != nil {
			p.t.Fatal(err)
		}
	}
	for n := range 10 {
		one := p.newSend(fmt.Sprintf("other%d", n))
		made := p.plan(one)
		var contacts []sendtable.Contact
		for i := n; i < rows; i += 5 {
			contacts = append(contacts, sendtable.Contact{
				Folded: persons[i], Send: made.ID, Channel: made.Channel, Department: made.Department, Sender: made.SenderIdentity,
				State: campaign.ContactReserved, At: made.Created, Until: consent.Instant(made.Until), Client: "desk",
			})
		}
		statements := sendtable.PutContacts(contacts)
		for len(statements) > 0 {
			part := statements[:min(200, len(statements))]
			statements = statements[len(part):]
			if err := p.s.Store.WriteTables(p.t.Context(), part...); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	if _, err := p.s.CancelSend(p.desk, p.plan(p.newSend("gone")).ID, "", txn.Idempotency{}); err != nil {
		p.t.Fatal(err)
	}
	return all
}
