package service

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/retention"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/service/undo"
)

const whyUndone = "the wrong file"

// errorOf returns the error of a batch, or of the first of its items that has one.
func errorOf(items []record.Item, err error) error {
	for i := range items {
		if err == nil && items[i].Err != nil {
			err = items[i].Err
		}
	}
	return err
}

// mustImport records statements with a batch and moves the clock on.
func (w *world) mustImport(ctx context.Context, s *Service, batch consent.BatchID, statements ...statement.Statement) []record.Item {
	w.t.Helper()
	in := record.Batch{Batch: batch}
	for _, st := range statements {
		in.Items = append(in.Items, record.BatchItem{Statement: st})
	}
	got, err := s.BatchRecord(ctx, in)
	if err := errorOf(got, err); err != nil {
		w.t.Fatalf("import: %v", err)
	}
	w.clock.Advance(time.Second)
	return got
}

// wantUndone wants that nothing can be recorded with a batch any more.
func wantUndone(ctx context.Context, t testing.TB, s *Service, batch consent.BatchID, st statement.Statement) {
	t.Helper()
	got, err := s.BatchRecord(ctx, record.Batch{Batch: batch, Items: []record.BatchItem{{Statement: st}}})
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, got[0].Err, fault.BatchUndone)
}

func undoPerson(n int) string { return fmt.Sprintf("person%d@firma%d.example", n, n) }

// importOfPeople is an import of a grant and a later refusal of some people, of whom each one stands at a domain that it suppresses.
func importOfPeople(people int) []statement.Statement {
	var all []statement.Statement
	for n := range people {
		all = append(all,
			consentOn("newsletter", undoPerson(n), start.AddDate(0, 0, -9)), daysAgo(withdrawal("newsletter", undoPerson(n)), 5),
			daysAgo(statement.Statement{Kind: consent.KindSuppress, Domain: fmt.Sprintf("firma%d.example", n), Reason: consent.ReasonManual, Scope: consent.ScopeMarketing}, 4))
	}
	return all
}

// advance carries out steps of an undo and moves the clock on.
func (w *world) advance(ctx context.Context, s *Service, batch consent.BatchID, steps int) undo.Result {
	w.t.Helper()
	got, err := s.Undoer.Advance(ctx, batch, whyUndone, steps)
	if err != nil {
		w.t.Fatalf("undo: %v", err)
	}
	w.clock.Advance(time.Second)
	return got
}

// endUndo completes the undo that is pending, if one is.
func (w *world) endUndo(ctx context.Context, s *Service) {
	w.t.Helper()
	pending, err := s.Undoer.Pending(ctx)
	if err == nil && pending != nil {
		_, err = s.Undoer.Run(ctx, pending.Batch, whyUndone)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(time.Second)
}

// reasonBy returns why the person may be contacted or not, by a service, at a moment.
func reasonBy(ctx context.Context, t testing.TB, w *world, s *Service, address string, m asof.Moment) consent.Code {
	t.Helper()
	in := check.Input{Address: address, Request: consent.Request{Channel: "newsletter"}, Moment: m}
	if m == (asof.Moment{}) {
		in.Consistency = w.latest(ctx, s)
	}
	got, err := s.Check(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	return got.Reason
}

func TestUndo_OfALargeBatch_TakesEffectWithItsLastStep_ForEachWayToRead(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		plain, batch := w.bare(s), consent.BatchID{7}
		const people = 4
		for n := range people {
			w.mustRecord(ctx, s, consentOn("newsletter", undoPerson(n), start.AddDate(0, 0, -20)))
		}
		w.mustImport(ctx, s, batch, importOfPeople(people)...)
		w.clock.Advance(time.Minute)
		var with consent.Code
		steps := 0
		var ends []int64 // position after each step
		want := func(code consent.Code) {
			t.Helper()
			for n := range people {
				for name, by := range map[string]*Service{"index": s, "database": plain} {
					if got := reasonBy(ctx, t, w, by, undoPerson(n), asof.Moment{}); got != code {
						t.Errorf("step %d, person %d, by the %s: %s, want %s", steps, n, name, got, code)
					}
				}
			}
		}
		with = reasonBy(ctx, t, w, s, undoPerson(0), asof.Moment{})
		if with == consent.CodeAllowConsent {
			t.Fatal("the batch blocks nothing")
		}
		var got undo.Result
		for !got.Complete {
			want(with)
			got = w.advance(ctx, s, batch, 1)
			steps++
			ends = append(ends, positions(t, s.Store))
			sound(t, w, s)
		}
		if steps < 3 || got.Events != 3*people || got.Subjects != 3*people || got.Kept != 0 {
			t.Errorf("%d steps, %+v", steps, got)
		}
		want(consent.CodeAllowConsent)
		for i, position := range ends {
			code := with
			if i == len(ends)-1 {
				code = consent.CodeAllowConsent
			}
			for n := range people {
				if got := reasonBy(ctx, t, w, s, undoPerson(n), asof.Moment{KnownAsOf: asof.KnownAsOf{Position: position}}); got != code {
					t.Errorf("as of position %d after step %d: %s, want %s", position, i, got, code)
				}
			}
		}
		last := ends[len(ends)-1]
		if got := reasonBy(ctx, t, w, s, undoPerson(1), asof.Moment{KnownAsOf: asof.KnownAsOf{Position: last - 1}}); got != with {
			t.Errorf("one position before the end: %s, want %s", got, with)
		}
		got.Before = true
		if again := w.advance(ctx, s, batch, -1); again != got || positions(t, s.Store) != last {
			t.Errorf("a repetition: %+v at %d, want %+v at %d", again, positions(t, s.Store), got, last)
		}
		w.mustRecord(ctx, s, consentOn("newsletter", undoPerson(0), w.clock.Now())) // Leaves one variant.
		sound(t, w, s)
		_, err := s.Void(ctx, rights.Void{Position: last, Justification: "undo the undo"})
		wantFault(t, err, fault.NotVoidable)
		_, err = s.Void(ctx, rights.Void{Position: last - 1, Justification: "undo a void"})
		wantFault(t, err, fault.NotVoidable)
	})
}

func TestUndo_WhatIsLeftOut_CanBeRecordedAgain_AndNothingWithTheSameBatch(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		batch := consent.BatchID{7}
		facts := importOfPeople(3)
		first := w.mustImport(ctx, s, batch, facts...)
		if again := w.mustImport(ctx, s, batch, facts...); !again[0].Duplicate || again[0].Position != first[0].Position {
			t.Errorf("the same facts once more: %+v", again[0])
		}
		w.advance(ctx, s, batch, 1) // Reaches some subjects only.
		for i, item := range w.mustImport(ctx, s, consent.BatchID{9}, facts...) {
			if item.Duplicate {
				t.Errorf("row %d is called a duplicate of what is being left out", i)
			}
		}
		wantUndone(ctx, t, s, batch, withdrawal("newsletter", "late@example.at"))
		blocked := reasonBy(ctx, t, w, s, undoPerson(2), asof.Moment{})
		w.advance(ctx, s, batch, -1)
		for n := range 3 {
			if got := reasonBy(ctx, t, w, s, undoPerson(n), asof.Moment{}); got != blocked {
				t.Errorf("person %d, recorded again: %s, want %s", n, got, blocked)
			}
		}
		for i, item := range w.mustImport(ctx, s, consent.BatchID{9}, facts...) {
			if !item.Duplicate {
				t.Errorf("row %d is recorded a third time", i)
			}
		}
		w.advance(ctx, s, consent.BatchID{9}, -1)
		if got := reasonBy(ctx, t, w, s, undoPerson(2), asof.Moment{}); got == blocked {
			t.Error("what was recorded again cannot be undone")
		}
		one := w.mustRecord(ctx, s, daysAgo(withdrawal("newsletter", "one@example.at"), 2))
		if _, err := s.Void(ctx, rights.Void{Position: one.Position, Justification: "a mistake"}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		if again := w.mustRecord(ctx, s, daysAgo(withdrawal("newsletter", "one@example.at"), 2)); again.Duplicate {
			t.Error("a fact is called a duplicate of one that a void left out")
		}
		w.wantCheck(ctx, s, "newsletter", "one@example.at", consent.CodeWithdrawn)
		sound(t, w, s)
	})
}

func TestUndo_OneLargeOneAtATime_ResumedByAnotherServer(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		large, other, small := consent.BatchID{7}, consent.BatchID{8}, consent.BatchID{9}
		w.mustImport(ctx, s, large, importOfPeople(3)...)
		w.mustImport(ctx, s, other, daysAgo(withdrawal("newsletter", "a@example.at"), 1), daysAgo(withdrawal("newsletter", "b@example.at"), 1),
			daysAgo(withdrawal("newsletter", "c@example.at"), 1))
		w.mustImport(ctx, s, small, daysAgo(withdrawal("newsletter", undoPerson(0)), 1))
		w.advance(ctx, s, large, 2)
		pending, err := s.Undoer.Pending(ctx)
		if err != nil || pending == nil || pending.Batch != large || pending.Number != 1 {
			t.Fatalf("pending: %+v, %v", pending, err)
		}
		_, err = s.Undoer.Run(ctx, other, whyUndone)
		wantFault(t, err, fault.UndoPending)
		if want := "the undo of the batch 07000000-0000-0000-0000-000000000000, which the client test began at "; !strings.Contains(err.Error(), want+"2026") {
			t.Errorf("the message does not say which one: %v", err)
		}
		w.mustImport(ctx, s, other, daysAgo(withdrawal("newsletter", "d@example.at"), 1)) // It was not begun.
		if got := w.advance(ctx, s, small, -1); !got.Complete || got.Events != 1 {
			t.Errorf("a small one beside it: %+v", got)
		}
		two := w.service(s.Store, 0)
		got := w.advance(ctx, two, large, -1)
		if !got.Complete || got.Events != 9 {
			t.Errorf("resumed: %+v", got)
		}
		if pending, err := s.Undoer.Pending(ctx); err != nil || pending != nil {
			t.Errorf("pending: %+v, %v", pending, err)
		}
		if got := w.advance(ctx, s, other, -1); got.Events != 4 {
			t.Errorf("the next one: %+v", got)
		}
		for n := range 3 {
			w.wantCheck(ctx, two, "newsletter", undoPerson(n), consent.CodeNoLegalBasis)
		}
		sound(t, w, s)
		_, err = s.Undoer.Run(ctx, consent.BatchID{77}, whyUndone)
		wantFault(t, err, fault.NotVoidable)
		_, err = s.Undoer.Run(ctx, consent.BatchID{}, whyUndone)
		wantFault(t, err, fault.InvalidRequest)
		_, err = s.Undoer.Run(ctx, large, "")
		wantFault(t, err, fault.InvalidEvidence)
	})
}

func TestUndo_TheFeed_IsToldWithTheLastStepOnly_AndHasToStartOver(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		batch := consent.BatchID{7}
		w.mustImport(ctx, s, batch, importOfPeople(3)...)
		in := changes.Request{From: changes.FromNow, Size: 100}
		read := func() []changes.Entry {
			t.Helper()
			p, err := s.ListChanges(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			in.From = p.Token
			return p.Entries
		}
		read()
		w.advance(ctx, s, batch, 2)
		if told := read(); len(told) != 0 {
			t.Errorf("voids that wait tell %+v", told)
		}
		w.advance(ctx, s, batch, -1)
		told := read()
		reset := map[string]bool{}
		for i := range told {
			if told[i].Change == changes.Reset {
				reset[told[i].Rule.Channel] = true
			}
		}
		if !reset["newsletter"] || !reset["product-marketing"] {
			t.Errorf("the end of the undo resets %v", reset)
		}
		if told := read(); len(told) != 0 {
			t.Errorf("after it %+v is told again", told)
		}
	})
}

// A grant that a refusal of the batch has ended keeps its evidence while the undo is pending: it may count again.
func TestUndo_Retention_LeavesAloneWhatWaits(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("evidence: P1M")
		batch := consent.BatchID{7}
		people := []string{"a@example.at", "b@example.at", "c@example.at"}
		var refusals []statement.Statement
		for _, address := range people {
			w.mustRecord(ctx, s, consentOn("newsletter", address, start.Add(-time.Hour)))
			refusals = append(refusals, withdrawal("newsletter", address))
		}
		w.mustImport(ctx, s, batch, refusals...)
		w.advance(ctx, s, batch, 1) // Of two of the three.
		w.clock.Advance(45 * 24 * time.Hour)
		wantRetention(ctx, t, s, false, map[string]int64{retention.Evidence: 1})
		got, err := s.Undoer.Run(ctx, batch, whyUndone)
		if err != nil || got.Kept != 1 || got.Events != 2 {
			t.Errorf("%+v, %v", got, err)
		}
		w.clock.Advance(time.Second)
		var allowed []string
		for _, address := range people {
			if reasonBy(ctx, t, w, s, address, asof.Moment{}) == consent.CodeAllowConsent {
				allowed = append(allowed, address)
			}
		}
		if diff := cmp.Diff(people[:2], allowed); diff != "" {
			t.Errorf("allowed (-want +got):\n%s", diff)
		}
		sound(t, w, s)
	})
}

// An erasure and a change of address while an undo waits: what they record anew is found, and left out as well.
func TestUndo_ErasedAndMovedMeanwhile_IsLeftOutAllTheSame(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		batch := consent.BatchID{7}
		var all []statement.Statement
		for n := range 4 {
			all = append(all, consentOn("newsletter", undoPerson(n), start.AddDate(0, 0, -1)), daysAgo(withdrawal("product-marketing", undoPerson(n)), 1))
		}
		w.mustImport(ctx, s, batch, all...)
		for step := range 9 {
			n := step % 4
			if step < 4 {
				st := statement.Statement{Kind: consent.KindErase, Address: undoPerson(n), Occurred: consent.InstantOf(start.AddDate(0, 0, -2))}
				if _, err := s.Record(ctx, st, txn.Idempotency{}); err != nil {
					t.Fatal(err)
				}
				w.clock.Advance(time.Second)
				if _, err := s.Move(ctx, rights.Move{From: undoPerson(n), To: fmt.Sprintf("new%d@example.at", n), Justification: "moved"}); err != nil {
					t.Fatal(err)
				}
				w.clock.Advance(time.Second)
			}
			if w.advance(ctx, s, batch, 1).Complete {
				break
			}
		}
		w.advance(ctx, s, batch, -1)
		for n := range 4 {
			w.wantCheck(ctx, s, "newsletter", undoPerson(n), consent.CodeErased)
			for _, address := range []string{undoPerson(n), fmt.Sprintf("new%d@example.at", n)} {
				got, err := s.Lookup(ctx, check.LookupInput{Address: address})
				if err != nil {
					t.Fatal(err)
				}
				for _, channel := range got.Channels {
					if len(channel.Grants) != 0 || channel.Refused != 0 {
						t.Errorf("person %d: %+v is left of the batch", n, channel)
					}
				}
			}
		}
		sound(t, w, s)
	})
}

func TestUndo_AHeadOrARowThatSaysOtherwise_IsFoundByAVerification(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.damaged = true
		s, ctx := w.acme()
		w.mustImport(ctx, s, consent.BatchID{7}, importOfPeople(2)...)
		w.advance(ctx, s, consent.BatchID{7}, -1)
		sound(t, w, s)
		for damage, repair := range map[string]string{
			"UPDATE ledger_head SET undone = 0":            "UPDATE ledger_head SET undone = 1",
			"UPDATE undos SET position = position - 1":     "UPDATE undos SET position = position + 1",
			"UPDATE undos SET number = 0 WHERE number = 1": "UPDATE undos SET number = 1",
		} {
			w.raw().exec(damage)
			if mustVerify(t, w, s.Store).Found == 0 {
				t.Errorf("%s: the ledger verifies", damage)
			}
			w.raw().exec(repair)
		}
		sound(t, w, s)
	})
}

// Both are bulk writes, which may share a transaction with others: the undo finds the person by the id, the other write by the address.
func TestUndo_BesideAnotherImportOfThePerson_LosesNothingOfEither(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		for n := range 40 {
			address := fmt.Sprintf("beside%d@firma.example", n)
			at := w.clock.Now().Add(-time.Hour)
			w.mustImport(ctx, s, consent.BatchID{}, consentOn("newsletter", address, at))
			wrong, right := consent.BatchID{7, byte(n)}, consent.BatchID{8, byte(n)}
			blocked := statement.Statement{Kind: consent.KindSuppress, Address: address, Reason: consent.ReasonManual, Scope: consent.ScopeMarketing}
			w.mustImport(ctx, s, wrong, blocked)
			left := statement.Statement{Kind: consent.KindWithdraw, Address: address, Channels: []string{"newsletter"}}
			var group errgroup.Group
			for i := range 8 { // Of others, so that there is something to share a transaction with.
				group.Go(func() error {
					st := statement.Statement{Kind: consent.KindWithdraw, Address: fmt.Sprintf("o%d-%d@firma.example", n, i), Channels: []string{"newsletter"}}
					return errorOf(s.BatchRecord(ctx, record.Batch{Batch: right, Items: []record.BatchItem{{Statement: st}}}))
				})
			}
			group.Go(func() error {
				return errorOf(s.BatchRecord(ctx, record.Batch{Batch: right, Items: []record.BatchItem{{Statement: left}}}))
			})
			group.Go(func() error { _, err := s.Undoer.Run(ctx, wrong, whyUndone); return err })
			if err := group.Wait(); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(time.Second)
			w.wantCheck(ctx, s, "newsletter", address, consent.CodeWithdrawn)
		}
	})
}
