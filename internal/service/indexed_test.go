package service

import (
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/check"
)

// servers are two over one database.
type servers struct {
	w        *world
	one, two *Service
}

func newPair(t *testing.T, w *world) *servers {
	t.Helper()
	store := w.store()
	p := &servers{w: w, one: w.service(store, 0), two: w.service(store, 0)}
	admin := access.WithCaller(t.Context(), access.Process("test"))
	if _, err := p.one.ApplyCatalog(admin, administration.ApplyCatalog{Document: acme(t)}); err != nil {
		t.Fatal(err)
	}
	return p
}

func newsletterOf(address string, c check.Consistency) check.Input {
	return check.Input{Address: address, Request: consent.Request{Channel: "newsletter"}, Consistency: c}
}

func TestCheck_RefusalAcknowledgedByAnotherServer_IsHonouredByTheNextCheck(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := newPair(t, w)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		for range 50 {
			recorded := w.mustRecord(ctx, p.one, consentOn("newsletter", "anna@example.at", w.clock.Now()))
			got, err := p.two.Check(ctx, newsletterOf("anna@example.at", check.Consistency{AtLeast: recorded.Position}))
			if err != nil || got.Verdict != consent.Allow || !got.ForSending {
				t.Fatalf("after a consent at position %d: %v, for sending %v, %v", recorded.Position, got.Reason, got.ForSending, err)
			}
			w.mustRecord(ctx, p.one, withdrawal("newsletter", "anna@example.at"))
			if got, err = p.two.Check(ctx, newsletterOf("anna@example.at", check.Consistency{})); err != nil || got.Verdict != consent.Deny {
				t.Fatalf("after a withdrawal: %v, %v", got.Reason, err)
			}
		}
	})
}

func TestCheck_WhatTheServerItselfAcknowledged_IsInItsNextAnswer_EvenADenial(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		for _, reason := range []consent.Code{consent.CodeWithdrawn, consent.CodeAllowConsent, consent.CodeWithdrawn, consent.CodeAllowConsent} {
			if reason == consent.CodeAllowConsent {
				w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", w.clock.Now()))
			} else {
				w.mustRecord(ctx, s, withdrawal("newsletter", "anna@example.at"))
			}
			w.wantCheck(ctx, s, "newsletter", "anna@example.at", reason)
		}
	})
}

func TestCheck_AtLeast_PositionOrRootThatTheLedgerLacks_IsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		for range 3 {
			w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", w.clock.Now()))
		}
		before, err := s.Checkpoint(ctx)
		if err != nil {
			t.Fatal(err)
		}
		w.mustRecord(ctx, s, consentOn("newsletter", "bert@example.at", w.clock.Now()))
		for name, test := range map[string]struct {
			c    check.Consistency
			want fault.Code
		}{
			"position":         {check.Consistency{AtLeast: before.Size}, ""},
			"position beyond":  {check.Consistency{AtLeast: before.Size + 2}, fault.PositionUnknown},
			"root":             {check.Consistency{AtLeast: before.Size, Root: &before.Root}, ""},
			"root of another":  {check.Consistency{AtLeast: before.Size + 1, Root: &before.Root}, fault.OtherHistory},
			"root of the past": {check.Consistency{AtLeast: 2, Root: &before.Root}, fault.OtherHistory},
		} {
			for _, address := range []string{"anna@example.at", "nobody@example.at"} {
				_, err := s.Check(ctx, newsletterOf(address, test.c))
				if test.want == "" && err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if test.want != "" {
					wantFault(t, err, test.want)
				}
				in := check.BatchInput{Addresses: []string{address}, Request: consent.Request{Channel: "newsletter"}, Consistency: test.c}
				if _, err := s.BatchCheck(ctx, in); (err == nil) != (test.want == "") {
					t.Errorf("%s in a batch: %v", name, err)
				}
			}
		}
	})
}

func TestCheck_Bounded_IsNotForSending(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", w.clock.Now()))
		got, err := s.Check(ctx, newsletterOf("anna@example.at", check.Consistency{Bounded: time.Minute}))
		if err != nil || got.Verdict != consent.Allow || got.ForSending {
			t.Errorf("%v, for sending %v, %v", got.Reason, got.ForSending, err)
		}
	})
}
