package service

import (
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
)

// An answer to a write of which nothing is recorded tells of an address what an answer to a check tells, and the ledger does not name its
// client.
func TestDisclosures_WriteThatRecordsNothing_IsCounted(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const gone = "gone@example.at"
		refused := daysAgo(statement.Statement{Kind: consent.KindRefuse, Address: anna, Channels: []string{"newsletter"}}, 1)
		w.mustRecord(ctx, s, refused)
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindSuppress, Address: anna, Reason: consent.ReasonLegalBlock})
		w.mustRecord(ctx, s, consentOn("newsletter", gone, start.AddDate(0, 0, -2)))
		eraseNow(ctx, t, w, s, gone)
		shop := w.as(ctx, s, administration.NewClient{ID: "shop", AllDepartments: true, Scopes: []string{"record", "suppress", "lift"}})
		known := positions(t, s.Store)
		request := statement.Statement{
			Address: anna, Channels: []string{"newsletter"}, Declaration: consent.Declaration{ID: "all-news", Version: "3"}, Source: consent.SourceWebForm,
		}
		denied, err := s.RequestConsent(shop, record.OptIn{Statement: request})
		if err != nil || denied.Reason != consent.CodeLegalBlock {
			t.Fatalf("%+v, %v", denied.Reason, err)
		}
		probe := record.Batch{ValidateOnly: true, Items: []record.BatchItem{
			{Statement: refused},
			{Statement: consentOn("newsletter", gone, start.AddDate(0, 0, -2))},
			{Statement: consentOn("newsletter", "nobody@example.at", start)},
			{Statement: consentOn("no-such-channel", anna, start)},
		}}
		for _, probe.ValidateOnly = range []bool{true, false} {
			if !probe.ValidateOnly {
				probe.Items = probe.Items[:2]
			}
			got, err := s.BatchRecord(shop, probe)
			if err != nil || !got[0].Duplicate || got[1].Err == nil || got[1].Err.Code != fault.ErasedBefore {
				t.Fatalf("%+v, %v", got, err)
			}
		}
		lift := statement.Statement{Kind: consent.KindLift, Address: anna, Reason: consent.ReasonComplaint, Justification: "case 7"}
		if _, err := s.Record(shop, lift, txn.Idempotency{}); !fault.Is(err, fault.SuppressionMissing) {
			t.Fatal(err)
		}
		if got, err := s.Record(shop, refused, txn.Idempotency{}); err != nil || !got.Duplicate {
			t.Fatalf("%+v, %v", got, err)
		}
		if now := positions(t, s.Store); now != known {
			t.Fatalf("%d events were recorded", now-known)
		}
		wantDisclosed(ctx, t, s, anna, disclosure.Disclosure{Client: "shop", Day: today, Count: 1},
			disclosure.Disclosure{Client: "shop", Channel: "newsletter", Day: today, Count: 4})
		wantDisclosed(ctx, t, s, gone, disclosure.Disclosure{Client: "shop", Channel: "newsletter", Day: today, Count: 2})
		wantDisclosed(ctx, t, s, "nobody@example.at")
	})
}

// A confirmation that is refused, or comes twice, tells what the person did since.
func TestDisclosures_ConfirmationThatRecordsNothing_IsCounted(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		shop := w.as(ctx, s, administration.NewClient{ID: "shop", AllDepartments: true, Scopes: []string{"record"}})
		asked, err := s.RequestConsent(shop, record.OptIn{Statement: statement.Statement{
			Address: anna, Channels: []string{"newsletter"}, Declaration: consent.Declaration{ID: "all-news", Version: "3"}, Source: consent.SourceWebForm,
		}})
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Minute)
		for range 2 {
			if _, err := s.ConfirmConsent(shop, record.Confirmation{Token: asked.Token}); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(time.Minute)
		}
		w.mustRecord(ctx, s, withdrawal("newsletter", anna))
		_, err = s.ConfirmConsent(shop, record.Confirmation{Token: asked.Token})
		wantFault(t, err, fault.RequestEnded)
		wantDisclosed(ctx, t, s, anna, disclosure.Disclosure{Client: "shop", Channel: "newsletter", Day: today, Count: 2})
	})
}
