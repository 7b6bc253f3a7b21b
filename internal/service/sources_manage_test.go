package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/intake/provider"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/intake"
	"github.com/assent-io/assent/internal/service/sources"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
)

// complain reports complaints about addresses that were allowed, by one request of SendGrid.
func (h *provided) complain(made *sources.Created, name string, n int) []string {
	h.t.Helper()
	var events, addresses []string
	for i := range n {
		address, token := h.addressed(fmt.Sprintf("%s%d", name, i))
		body := complaintOf(provider.SendGrid, address, address, token, h.clock.Now())
		events, addresses = append(events, body[1:len(body)-1]), append(addresses, address)
	}
	at := h.clock.Advance(time.Second)
	h.want(h.sign.request(made, "["+strings.Join(events, ",")+"]", at), http.StatusOK)
	return addresses
}

func TestHooks_TooManyComplaints_HoldTheSourceUntilAnOfficerReleasesIt(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		h := w.provided(t)
		made := h.create(provider.SendGrid)
		heldNow := func() bool {
			t.Helper()
			source, err := h.s.GetSource(h.ctx, "sendgrid")
			if err != nil || source.Held != 0 && source.HeldReason != sources.ReasonHeld {
				t.Fatalf("%+v, %v", source, err)
			}
			return source.Held != 0
		}
		h.complain(made, "few", 19)
		if heldNow() {
			t.Fatal("held for 19 complaints")
		}
		h.complain(made, "one", 1)
		if !heldNow() {
			t.Fatal("not held for 20 complaints of some 20 messages")
		}
		head := positions(t, h.s.Store)
		late := h.complain(made, "late", 2)
		w.wantCheck(h.ctx, h.s, "newsletter", late[0], consent.CodeAllowConsent)
		h.recorded(head, 2) // The consents.
		hints := w.hints(h.ctx, h.s)
		if len(hints) != 2 || hints[0].Cause != intake.CauseHeld || hints[0].Channel != "newsletter" {
			t.Fatalf("hints %+v", hints)
		}
		if _, _, err := h.s.AcceptHint(h.ctx, hints[0].ID, ""); err != nil {
			t.Error(err)
		}
		w.wantCheck(h.ctx, h.s, "newsletter", hints[0].Address, consent.CodeComplaint)
		mailer := access.WithCaller(t.Context(), access.Caller{Client: access.Client{ID: "c", AllDepartments: true, Scopes: access.RoleScopes("sync")}})
		_, err := h.s.ReleaseSource(mailer, "sendgrid")
		wantFault(t, err, fault.ScopeMissing)
		officer := access.WithCaller(t.Context(), access.Process("officer"))
		if released, err := h.s.ReleaseSource(officer, "sendgrid"); err != nil || released.Held != 0 {
			t.Fatalf("released %+v, %v", released, err)
		}
		after := h.complain(made, "after", 1)
		w.wantCheck(h.ctx, h.s, "newsletter", after[0], consent.CodeComplaint)
	})
}

func TestHooks_ComplaintsOfAFewInAHundred_AreNotHeldWhereManyWereAllowed(t *testing.T) {
	w := newWorld(t, "sqlite")
	h := w.provided(t)
	made := h.create(provider.SendGrid)
	other := w.service(h.s.Store, 0)
	other.Allowed.Add("newsletter", 2_500)
	if err := other.Allowed.FlushAllowed(h.ctx); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(30 * time.Hour) // Complaints come late.
	h.complain(made, "few", 24)
	if held, err := h.s.HeldSources(h.ctx); err != nil || held["sendgrid"] {
		t.Errorf("held %v, %v for 24 complaints of 2,500 messages", held, err)
	}
	h.complain(made, "more", 2)
	if held, err := h.s.HeldSources(h.ctx); err != nil || !held["sendgrid"] {
		t.Errorf("held %v, %v for 26 complaints of 2,500 messages", held, err)
	}
}

func TestSources_AreManagedByThoseOfTheirDepartment(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		h := w.provided(t)
		h.create(provider.Mailgun)
		h.create(provider.Brevo)
		_, err := h.s.CreateSource(h.ctx, h.sign.source(provider.Mailgun))
		wantFault(t, err, fault.SourceExists)
		for field, change := range map[string]func(*sources.NewSource){
			"kind": func(n *sources.NewSource) { n.Kind = "pigeon" }, "secret": func(n *sources.NewSource) { n.Secret = "short" },
			"url": func(n *sources.NewSource) { n.URL = "https://x.example" }, "topics": func(n *sources.NewSource) { n.Topics = []string{snsTopic} },
			"user": func(n *sources.NewSource) { n.User = "u" }, "id": func(n *sources.NewSource) { n.ID = "Ä" },
		} {
			n := h.sign.source(provider.Mailgun)
			n.ID = "other"
			change(&n)
			_, err := h.s.CreateSource(h.ctx, n)
			var refused *fault.Error
			if !errors.As(err, &refused) || refused.Code != fault.InvalidRequest || refused.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		n := h.sign.source(provider.Mailgun)
		n.ID, n.Client = "other", "missing"
		_, err = h.s.CreateSource(h.ctx, n)
		wantFault(t, err, fault.ClientMissing)
		page, err := h.s.ListSources(h.ctx, 1, "")
		if err != nil || len(page.Sources) != 1 || page.Sources[0].ID != "brevo" || page.Next == "" {
			t.Fatalf("first page %+v, %v", page, err)
		}
		if page, err = h.s.ListSources(h.ctx, 1, page.Next); err != nil || len(page.Sources) != 1 || page.Sources[0].ID != "mailgun" || page.Next != "" {
			t.Errorf("second page %+v, %v", page, err)
		}
		sales := access.WithCaller(t.Context(), access.Caller{Client: access.Client{ID: "s", Department: "sales", Scopes: access.AllScopes()}})
		_, err = h.s.GetSource(sales, "brevo")
		wantFault(t, err, fault.SourceMissing)
		if page, err := h.s.ListSources(sales, 9, ""); err != nil || len(page.Sources) != 0 {
			t.Errorf("another department sees %+v, %v", page, err)
		}
		wantFault(t, h.s.DeleteSource(access.WithCaller(t.Context(), access.Caller{}), "brevo", txn.Idempotency{}), fault.ScopeMissing)
		if err := h.s.DeleteSource(h.ctx, "brevo", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		_, err = h.s.GetSource(h.ctx, "brevo")
		wantFault(t, err, fault.SourceMissing)
	})
}

func TestRotateSourceSecret_BothAreTakenUntilTheOldOneEnds(t *testing.T) {
	w := newWorld(t, "sqlite")
	h := w.provided(t)
	once := txn.Idempotency{Method: "CreateSource", ID: [16]byte{1}, Body: []byte("1")}
	n := h.sign.source(provider.Postmark)
	n.Idempotency = once
	old, err := h.s.CreateSource(h.ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := h.s.CreateSource(h.ctx, n); err != nil || again.Secret != old.Secret || again.Source.Path != old.Source.Path {
		t.Errorf("a repetition gave %+v, %v", again, err)
	}
	renewed, err := h.s.RotateSourceSecret(h.ctx, "postmark", "", false, txn.Idempotency{})
	if err != nil || renewed.Secret == "" || renewed.Secret == old.Secret || renewed.Source.PriorUntil == 0 {
		t.Fatalf("rotated %+v, %v", renewed, err)
	}
	_, err = h.s.RotateSourceSecret(h.ctx, "postmark", "", false, txn.Idempotency{})
	wantFault(t, err, fault.RotationUnderWay)
	takes := func(made *sources.Created, status int) {
		t.Helper()
		h.want(h.sign.request(made, `{"RecordType":"Open"}`, w.clock.Now()), status)
	}
	takes(&old, http.StatusOK)
	takes(&renewed, http.StatusOK)
	w.clock.Advance(7*24*time.Hour + time.Second)
	takes(&old, http.StatusUnauthorized)
	takes(&renewed, http.StatusOK)
	third, err := h.s.RotateSourceSecret(h.ctx, "postmark", "", false, txn.Idempotency{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.s.RotateSourceSecret(h.ctx, "postmark", "", true, txn.Idempotency{}); err != nil {
		t.Fatal(err)
	}
	takes(&renewed, http.StatusUnauthorized)
	takes(&third, http.StatusOK)
	row, err := tables.SourceOf(h.ctx, h.s.Store, "postmark")
	if err != nil || strings.Contains(string(row[0].Settings), third.Secret) {
		t.Errorf("the secret is stored in clear: %v", err)
	}
	if text, err := json.Marshal(third); err != nil || strings.Contains(string(text), third.Secret) {
		t.Errorf("what is remembered of the answer has the secret: %v", err)
	}
}

func TestRotateSourceSecret_WhatMakesNoSense_IsRefused(t *testing.T) {
	w := newWorld(t, "sqlite")
	h := w.provided(t)
	h.create(provider.SES)
	h.create(provider.Mailgun)
	for _, c := range []struct {
		id, secret string
		confirm    bool
		field      string
	}{
		{"ses", "", false, "id"},
		{"ses", "", true, "id"},
		{"ses", ownSecret, false, "id"},
		{"mailgun", "", false, "secret"},
		{"mailgun", "another-" + ownSecret, true, "confirm"},
		{"mailgun", "short", false, "secret"},
	} {
		_, err := h.s.RotateSourceSecret(h.ctx, c.id, c.secret, c.confirm, txn.Idempotency{})
		var refused *fault.Error
		if !errors.As(err, &refused) || refused.Code != fault.InvalidRequest || refused.Field != c.field || strings.Contains(refused.Message, ownSecret) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	h.want(h.sign.request(&sources.Created{Source: sources.Source{ID: "mailgun", Kind: provider.Mailgun, Path: "/hooks/mailgun"}},
		`{"event":"opened"}`, w.clock.Now()), http.StatusOK) // The secret is the one before.
}

// What is changed of a source by several writes of one transaction is all there after it.
func TestRotateSourceSecret_AmongOtherChanges_NoneIsLost(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		h := w.provided(t)
		old := h.create(provider.Postmark)
		var renewed sources.Created
		errs := inOneTransaction(h.ctx, t, h.s, []func() error{
			func() (err error) {
				renewed, err = h.s.RotateSourceSecret(h.ctx, "postmark", "", false, txn.Idempotency{})
				return err
			},
			func() error {
				_, err := h.s.UpdateSource(h.ctx, sources.Update{ID: "postmark", User: "other"})
				return err
			},
			func() error {
				_, err := h.s.RotateSourceSecret(h.ctx, "postmark", "", false, txn.Idempotency{})
				return err
			},
		})
		if err := errors.Join(errs[:2]...); err != nil {
			t.Fatal(err)
		}
		wantFault(t, errs[2], fault.RotationUnderWay)
		if renewed.Secret == "" || renewed.Secret == old.Secret {
			t.Error("the new secret was lost")
		}
		renewed.Source.User = "other"
		h.want(h.sign.request(&renewed, `{"RecordType":"Open"}`, w.clock.Now()), http.StatusOK)
	})
}
