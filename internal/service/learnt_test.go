package service

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
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

func TestErase_NamesWhoLearntOfTheAddress_ToEachOfficerWhatItMayKnow(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin, press := w.twoControllers()
		w.client(admin, s, "unused", "sales")
		shop, reader := w.client(admin, s, "shop", "sales"), w.client(admin, s, "reader", "press")
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
		if _, err := s.Check(reader, check.Input{Address: "ben@example.at", Request: consent.Request{Channel: "news"}}); err != nil {
			t.Fatal(err)
		}
		got := w.mustRecord(press, s, statement.Statement{Kind: consent.KindErase, Address: "ben@example.at"}).Learnt
		if diff := cmp.Diff(&txn.Learnt{Clients: []txn.LearntClient{{ID: "reader", Department: "press"}}}, got); diff != "" {
			t.Errorf("to be told by a client of one department (-want +got):\n%s", diff)
		}
	})
}

func TestErase_DatedBack_NamesThoseWhoLearntLaterToo_AndAgainWhenRepeated(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.AddDate(0, -9, 0)))
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.AddDate(0, -3, 0)))
		w.check(w.client(ctx, s, "shop", ""), s, anna, asof.Moment{})
		for range 2 {
			got := w.mustRecord(ctx, s, statement.Statement{
				Kind: consent.KindErase, Address: anna, Occurred: consent.InstantOf(start.AddDate(0, -6, 0)),
			})
			if got.Learnt == nil || len(got.Learnt.Clients) != 1 || got.Learnt.Clients[0].ID != "shop" {
				t.Errorf("to be told: %+v", got.Learnt)
			}
		}
	})
}

func TestErase_NamesClientsThatRecorded_AndControllersOfScopes(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin, _ := w.twoControllers()
		form := w.as(admin, s, administration.NewClient{ID: "form", Department: "press", Role: "sender"})
		request := statement.Statement{
			Kind: consent.KindRequest, Address: anna, Channels: []string{"news"}, Source: consent.SourceWebForm,
			Declaration: consent.Declaration{ID: "all", Version: "1"},
		}
		w.mustRecord(form, s, request)
		w.mustRecord(admin, s, statement.Statement{
			Kind: consent.KindSuppress, Address: anna, Reason: consent.ReasonObjection, Scope: "controller:beta",
		})
		got := w.mustRecord(admin, s, statement.Statement{Kind: consent.KindErase, Address: anna}).Learnt
		if len(got.Clients) != 1 || got.Clients[0].ID != "form" || len(got.Controllers) != 2 || got.Controllers[1].ID != "beta" {
			t.Errorf("to be told: %+v", got)
		}
	})
}

func TestErase_AddressAtTheTwinOfADomain_NamesNobodyWhoLearntOfTheOtherOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const one, other = "max@strasse-twin.at", "max@straße-twin.at"
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindRefuse, Address: other, Channels: []string{"newsletter"}})
		w.check(w.client(ctx, s, "shop", ""), s, other, asof.Moment{})
		if got := w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindErase, Address: one}).Learnt; len(got.Clients) != 0 {
			t.Errorf("to be told: %+v", got)
		}
		wantDisclosed(ctx, t, s, one)
	})
}

func TestErasePending_LogsWhomToTell(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		var log bytes.Buffer
		s, err := New(t.Context(), s.Store, w.keys, Options{Now: w.clock.Now, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		w.check(w.client(ctx, s, "shop", ""), s, anna, asof.Moment{})
		eraseAs(ctx, w, s, statement.Statement{Kind: consent.KindErase, Address: anna}, true)
		if text := log.String(); !strings.Contains(text, "Art. 19") || !strings.Contains(text, "[shop]") || strings.Contains(text, anna) {
			t.Errorf("logged %q", text)
		}
	})
}
