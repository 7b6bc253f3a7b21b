package service

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// blocking suppresses an address for all marketing, as of some hours before the story begins.
func blocking(address string, reason consent.Reason, hoursAgo int) statement.Statement {
	return statement.Statement{
		Kind: consent.KindSuppress, Address: address, Reason: reason, Scope: consent.ScopeMarketing,
		Occurred: consent.InstantOf(start.Add(-time.Duration(hoursAgo) * time.Hour)),
	}
}

// duplicates says of each item whether it is a duplicate.
func duplicates(items []record.Item) []bool {
	all := make([]bool, len(items))
	for i := range items {
		all[i] = items[i].Duplicate
	}
	return all
}

// What a batch or a single write states lasts, whatever becomes of the batches that state the same. A preview says what is recorded then.
func TestUndo_OfABatch_LeavesWhatIsStatedBesides(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		a, b, none := consent.BatchID{7}, consent.BatchID{8}, consent.BatchID{}
		by := func(address string) statement.Statement { return blocking(address, consent.ReasonManual, 5) }
		people := []string{"both@example.at", "single@example.at", "before@example.at", "only@example.at"}
		for _, address := range people {
			w.mustImport(ctx, s, none, consentOn("newsletter", address, start.AddDate(0, 0, -9)))
		}
		w.mustImport(ctx, s, none, by("before@example.at"))
		all := []statement.Statement{by("both@example.at"), by("single@example.at"), by("before@example.at"), by("only@example.at")}
		stated := func(batch consent.BatchID, want []bool, facts ...statement.Statement) {
			t.Helper()
			in := record.Batch{Batch: batch, ValidateOnly: true}
			for _, st := range facts {
				in.Items = append(in.Items, record.BatchItem{Statement: st})
			}
			previewed, err := s.BatchRecord(ctx, in)
			if err := errorOf(previewed, err); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, duplicates(previewed)); diff != "" {
				t.Errorf("a preview of batch %x says what is a duplicate (-want +got):\n%s", batch[0], diff)
			}
			if diff := cmp.Diff(want, duplicates(w.mustImport(ctx, s, batch, facts...))); diff != "" {
				t.Errorf("what batch %x states is a duplicate (-want +got):\n%s", batch[0], diff)
			}
		}
		stated(a, []bool{false, false, true, false}, all...)
		stated(a, []bool{true, true, true, true}, all...)
		stated(b, []bool{true, true}, all[0], all[2])
		stated(b, []bool{true, true}, all[0], all[2])
		single := w.mustRecord(ctx, s, all[1])
		if again := w.mustRecord(ctx, s, all[1]); single.Duplicate || !again.Duplicate || again.Position != single.Position {
			t.Errorf("a single write of what a batch states: %+v, then %+v", single, again)
		}
		stated(b, []bool{true}, all[1])
		w.advance(ctx, s, a, -1)
		for address, code := range map[string]consent.Code{
			people[0]: consent.CodeSuppressed, people[1]: consent.CodeSuppressed, people[2]: consent.CodeSuppressed, people[3]: consent.CodeAllowConsent,
		} {
			for name, by := range map[string]*Service{"index": s, "database": w.bare(s)} {
				if got := reasonBy(ctx, t, w, by, address, asof.Moment{}); got != code {
					t.Errorf("%s by the %s: %s, want %s", address, name, got, code)
				}
			}
		}
		w.advance(ctx, s, b, -1)
		w.wantCheck(ctx, s, "newsletter", people[0], consent.CodeAllowConsent)
		w.wantCheck(ctx, s, "newsletter", people[1], consent.CodeSuppressed)
		sound(t, w, s)
	})
}

// A single lift of what a batch has lifted ends the suppression for good.
func TestUndo_OfABatchThatLifts_LeavesTheSameLiftWithoutABatch(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustImport(ctx, s, consent.BatchID{}, consentOn("newsletter", "anna@example.at", start.AddDate(0, 0, -9)),
			blocking("anna@example.at", consent.ReasonManual, 5))
		lift := blocking("anna@example.at", consent.ReasonManual, 2)
		lift.Kind = consent.KindLift
		w.mustImport(ctx, s, consent.BatchID{7}, lift)
		w.wantCheck(ctx, s, "newsletter", "anna@example.at", consent.CodeAllowConsent)
		if got := w.mustRecord(ctx, s, lift); got.Duplicate {
			t.Error("the lift rests on the batch")
		}
		w.advance(ctx, s, consent.BatchID{7}, -1)
		w.wantCheck(ctx, s, "newsletter", "anna@example.at", consent.CodeAllowConsent)
	})
}

// A change of address takes along what stands in the shadow of a batch: it blocks there, too, once the batch is undone.
func TestUndo_AfterAMove_LeavesAtTheNewAddressWhatWasThereWithoutTheBatch(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const was, is = "was@example.at", "is@example.org"
		w.mustImport(ctx, s, consent.BatchID{}, consentOn("newsletter", is, start.AddDate(0, 0, -9)), blocking(was, consent.ReasonManual, 5))
		w.mustImport(ctx, s, consent.BatchID{7}, blocking(was, consent.ReasonManual, 3))
		if _, err := s.Move(ctx, rights.Move{From: was, To: is, Justification: "moved"}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		late := blocking(was, consent.ReasonComplaint, 4)
		w.mustImport(ctx, s, consent.BatchID{8}, late)
		w.mustImport(ctx, s, consent.BatchID{}, late)
		w.advance(ctx, s, consent.BatchID{8}, -1)
		w.wantCheck(ctx, s, "newsletter", is, consent.CodeComplaint)
		w.advance(ctx, s, consent.BatchID{7}, -1)
		if got, err := s.Lookup(ctx, check.LookupInput{Address: is}); err != nil || len(got.Suppressions) != 2 {
			t.Errorf("what blocks the new address: %+v, %v", got.Suppressions, err)
		}
		sound(t, w, s)
	})
}

// A person who moved there and back while the undo waits: what a void will leave out is not brought round and round.
func TestUndo_MovedThereAndBack_WhileItWaits_Ends(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const here, there = "here@example.at", "there@example.org"
		w.mustImport(ctx, s, consent.BatchID{7}, daysAgo(withdrawal("newsletter", here), 2))
		move := func(from, to string) {
			t.Helper()
			if _, err := s.Move(ctx, rights.Move{From: from, To: to, Justification: "moved"}); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(time.Second)
		}
		move(here, there)
		move(there, here)
		w.mustImport(ctx, s, consent.BatchID{7}, daysAgo(withdrawal("newsletter", "a@example.at"), 2))
		if got := w.advance(ctx, s, consent.BatchID{7}, 1); got.Complete || got.Subjects != 2 {
			t.Errorf("the first step, which leaves out what stands at both addresses: %+v", got)
		}
		move(here, there)
		if got := w.advance(ctx, s, consent.BatchID{7}, -1); !got.Complete {
			t.Errorf("%+v", got)
		}
		for _, address := range []string{here, there} {
			w.wantCheck(ctx, s, "newsletter", address, consent.CodeNoLegalBasis)
		}
		sound(t, w, s)
	})
}

// What comes to a subject after a step has looked at it, and found nothing to leave out, is found by the last one.
func TestUndo_WhatComesLateToASubjectWithoutAVoid_IsLeftOut(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		batch := consent.BatchID{7}
		const was, is = "was@example.at", "is@example.org"
		got := w.mustImport(ctx, s, batch, blocking(is, consent.ReasonManual, 5), daysAgo(withdrawal("newsletter", "a@example.at"), 2),
			daysAgo(withdrawal("newsletter", "b@example.at"), 2), daysAgo(withdrawal("newsletter", was), 2))
		if _, err := s.Void(ctx, rights.Void{Position: got[0].Position, Justification: "a mistake"}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		w.mustImport(ctx, s, consent.BatchID{}, consentOn("newsletter", is, start.AddDate(0, 0, -9)))
		w.advance(ctx, s, batch, 1) // Has looked at the new address, of which a void leaves everything out.
		if _, err := s.Move(ctx, rights.Move{From: was, To: is, Justification: "moved"}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		w.wantCheck(ctx, s, "newsletter", is, consent.CodeWithdrawn)
		w.advance(ctx, s, batch, -1)
		w.wantCheck(ctx, s, "newsletter", is, consent.CodeAllowConsent)
		sound(t, w, s)
	})
}

// A write that takes a subject by its id beside one that takes it by its key would store one of the two states and lose the other.
func TestWrite_OfOneSubjectByItsIdAndByItsKey_IsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustImport(ctx, s, consent.BatchID{7}, blocking("anna@example.at", consent.ReasonManual, 5))
		before := positions(t, s.Store)
		events, err := s.Store.Batch(ctx, consent.BatchID{7}, 0, 1)
		if err != nil || len(events) != 1 {
			t.Fatal(events, err)
		}
		write := txn.Write{Run: func(tx *txn.Tx) error {
			for range 2 {
				of := &txn.Subject{Subject: storage.Subject{ID: events[0].Subject}}
				event := consent.Event{
					Occurred: tx.Recorded, Subject: of.ID, Key: consent.EventKey{1}, Facts: consent.Facts{Kind: consent.KindVoid, VoidPosition: events[0].Position},
				}
				tx.AppendTo(of, &event, nil)
			}
			return nil
		}}
		if err := s.engine.Do(ctx, &write); err == nil {
			t.Error("two states of one subject are stored")
		}
		if after := positions(t, s.Store); after != before {
			t.Errorf("%d events were recorded", after-before)
		}
		sound(t, w, s)
	})
}
