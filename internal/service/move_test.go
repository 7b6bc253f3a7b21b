package service

import (
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/txn"
)

func lifting(address string, reason consent.Reason) statement.Statement {
	return statement.Statement{Kind: consent.KindLift, Address: address, Reason: reason, Justification: "a mistake"}
}

// A lift is of one spelling. At the new address all spellings are one, so that it would end what the person said.
func TestMove_LiftOfAnotherSpelling_EndsNothingAtTheNewAddress(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const old, fellow, to = "anna@gmail.com", "an.na@gmail.com", "neu@web.example"
		complaint := statement.Statement{Kind: consent.KindSuppress, Reason: consent.ReasonComplaint}
		w.mustRecord(ctx, s, consentOn("newsletter", to, start.AddDate(0, 0, -20)))
		for days, address := range map[int]string{10: old, 9: fellow} {
			complaint.Address = address
			w.mustRecord(ctx, s, daysAgo(complaint, days))
		}
		w.mustRecord(ctx, s, daysAgo(lifting(fellow, consent.ReasonComplaint), 8))
		mustMove(ctx, t, w, s, old, to)
		w.wantCheck(ctx, s, "newsletter", old, consent.CodeComplaint)
		w.wantCheck(ctx, s, "newsletter", to, consent.CodeComplaint)
		// Nor does a lift that comes late.
		late := record.Batch{Items: []record.BatchItem{{Statement: daysAgo(lifting(fellow, consent.ReasonComplaint), 7)}}}
		if _, err := s.BatchRecord(ctx, late); err != nil {
			t.Fatal(err)
		}
		w.wantCheck(ctx, s, "newsletter", to, consent.CodeComplaint)
		sound(t, w, s)
	})
}

func TestMove_WhatWasLifted_StaysBehind(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const old, to = "a@web.example", "b@web.example"
		w.mustRecord(ctx, s, consentOn("newsletter", to, start.AddDate(0, 0, -20)))
		w.mustRecord(ctx, s, daysAgo(statement.Statement{Kind: consent.KindSuppress, Address: old, Reason: consent.ReasonComplaint}, 10))
		w.mustRecord(ctx, s, daysAgo(lifting(old, consent.ReasonComplaint), 8))
		mustMove(ctx, t, w, s, old, to)
		w.wantCheck(ctx, s, "newsletter", to, consent.CodeAllowConsent)
	})
}

// The evidence of the change stands on both sides, so a hold of one keeps the other from being erased.
func TestMove_OneSideHeld_TheOtherIsNotErased(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const old, to = "a@web.example", "b@web.example"
		mustMove(ctx, t, w, s, old, to)
		if _, err := s.PlaceHold(ctx, rights.Hold{Address: old, Justification: "case 7"}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		_, err := s.Record(ctx, erasure(to, start), txn.Idempotency{})
		wantFault(t, err, fault.LegalHold)
		if _, err := s.ReleaseHold(ctx, rights.Hold{Address: old, Justification: "closed"}); err != nil {
			t.Fatal(err)
		}
		eraseNow(ctx, t, w, s, to)
	})
}
