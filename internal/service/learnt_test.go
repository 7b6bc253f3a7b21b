package service

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/txn"
)

func TestErase_NamesWhoLearntOfTheAddress_AndToOfficersOfAllDepartmentsOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin, press := w.twoControllers()
		w.client(admin, s, "unused", "sales")
		shop := w.client(admin, s, "shop", "sales")
		document, err := s.GetCatalog(admin, 0)
		if err != nil {
			t.Fatal(err)
		}
		recipients := "recipients:\n  - {client: shop, name: Versand AG, postal_address: \"Gasse 1, 1010 Wien\", role: processor, country: AT}\n"
		if _, err := s.ApplyCatalog(admin, administration.ApplyCatalog{Document: document.Document + recipients}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		w.mustRecord(admin, s, saidTo("news", anna, start.Add(-time.Hour)))
		w.mustRecord(admin, s, saidTo("news", "ben@example.at", start.Add(-time.Hour)))
		for channel, ctx := range map[string]context.Context{"news": admin, "shop": shop} {
			if _, err := s.Check(ctx, check.Input{Address: anna, Request: consent.Request{Channel: channel}}); err != nil {
				t.Fatal(err)
			}
		}
		erase := statement.Statement{Kind: consent.KindErase, Address: anna}
		alpha := txn.LearntController{ID: "alpha", Name: "Alpha GmbH", PrivacyContact: "dsb@alpha.example"}
		want := &txn.Learnt{
			Clients: []txn.LearntClient{
				{ID: "shop", Department: "sales", Name: "Versand AG", Role: "processor", Country: "AT", PostalAddress: "Gasse 1, 1010 Wien"},
				{ID: "test"},
			},
			Controllers: []txn.LearntController{alpha, {ID: "beta", Name: "Beta GmbH", PrivacyContact: "dsb@beta.example"}},
		}
		once := txn.Idempotency{Method: "erase", ID: requestID(1), Body: []byte(anna)}
		for range 2 { // The repetition of the request says the same.
			got, err := s.Record(admin, erase, once)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got.Learnt); diff != "" {
				t.Errorf("to be told (-want +got):\n%s", diff)
			}
		}
		w.clock.Advance(time.Second)
		if got := w.mustRecord(admin, s, erase).Learnt; got == nil || len(got.Clients)+len(got.Controllers) != 0 {
			t.Errorf("after everything was erased: %+v", got)
		}
		if got := w.mustRecord(press, s, statement.Statement{Kind: consent.KindErase, Address: "ben@example.at"}).Learnt; got != nil {
			t.Errorf("a client of one department is told %+v", got)
		}
	})
}

func TestErase_DatedBack_NamesThoseWhoLearntLaterToo_AndAgainWhenRepeated(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.AddDate(0, -9, 0)))
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.AddDate(0, -3, 0)))
		w.check(ctx, s, anna, asof.Moment{})
		for range 2 {
			got := w.mustRecord(ctx, s, statement.Statement{
				Kind: consent.KindErase, Address: anna, Occurred: consent.InstantOf(start.AddDate(0, -6, 0)),
			})
			if got.Learnt == nil || len(got.Learnt.Clients) != 1 || got.Learnt.Clients[0].ID != "test" {
				t.Errorf("to be told: %+v", got.Learnt)
			}
		}
	})
}
