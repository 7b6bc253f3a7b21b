package service

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/imports"
	"github.com/assent-io/assent/internal/service/retention"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// mustMove records that a person is reached at another address and moves the clock on.
func (w *world) mustMove(ctx context.Context, s *Service, from, to string) {
	w.t.Helper()
	if _, err := s.Move(ctx, rights.Move{From: from, To: to, Justification: "moved"}); err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(time.Second)
}

// restated returns the notes of what batches state besides, of all positions.
func restated(t testing.TB, store storage.Store) []tables.Restated {
	t.Helper()
	rows, err := tables.RestatedIn(t.Context(), store, 0, 1<<60, &tables.Restated{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// sameStory is about people who are suppressed by three batches alike, and move at some time.
type sameStory struct {
	w       *world
	ctx     context.Context
	servers []*Service
	n       byte // tells stories apart
	people  int
	moves   int // 1: after the first batch, 2: after the last one, 3: after the first undo; else not
	order   []int
}

func (o *sameStory) batch(b int) consent.BatchID { return consent.BatchID{9, o.n, byte(b)} }

// addresses are the old one and the new one of a person.
func (o *sameStory) addresses(p int) []string {
	return []string{fmt.Sprintf("%d-%d@old.example", o.n, p), fmt.Sprintf("%d-%d@new.example", o.n, p)}
}

// move moves the people if it is time for it.
func (o *sameStory) move(at int) {
	for p := range o.people {
		if at == o.moves {
			of := o.addresses(p)
			o.w.mustMove(o.ctx, o.servers[0], of[0], of[1])
		}
	}
}

// want wants what each server says of everyone where they are and were.
func (o *sameStory) want(t *testing.T, old, moved consent.Code) {
	t.Helper()
	for p := range o.people {
		for i, address := range o.addresses(p) {
			for n, by := range o.servers {
				if got, want := reasonBy(o.ctx, t, o.w, by, address, asof.Moment{}), []consent.Code{old, moved}[i]; got != want {
					t.Errorf("%d people, moved at %d, undone in the order %v: %s by server %d: %s, want %s", o.people, o.moves, o.order, address, n, got, want)
				}
			}
		}
	}
}

func (o *sameStory) run(t *testing.T) {
	t.Helper()
	const blocked, allowed = consent.CodeSuppressed, consent.CodeAllowConsent
	one := o.servers[0]
	var facts []statement.Statement
	for p := range o.people {
		for _, address := range o.addresses(p) {
			o.w.mustImport(o.ctx, one, consent.BatchID{}, consentOn("newsletter", address, start.AddDate(0, 0, -9)))
		}
		facts = append(facts, blocking(o.addresses(p)[0], consent.ReasonManual, 5))
	}
	o.w.mustImport(o.ctx, one, o.batch(0), facts...)
	o.move(1)
	before := positions(t, one.Store)
	for _, b := range []int{1, 2} {
		for i, item := range o.w.mustImport(o.ctx, one, o.batch(b), facts...) {
			if !item.Duplicate {
				t.Errorf("row %d of batch %d is no duplicate", i, b)
			}
		}
	}
	if after := positions(t, one.Store); after != before {
		t.Errorf("%d events for what is known", after-before)
	}
	o.move(2)
	moved := allowed
	if o.moves == 1 || o.moves == 2 {
		moved = blocked
	}
	o.want(t, blocked, moved)
	for i, b := range o.order {
		if got := o.w.advance(o.ctx, o.servers[i], o.batch(b), -1); !got.Complete {
			t.Fatalf("%+v", got)
		}
		if i == 0 && o.moves == 3 {
			o.move(3)
			moved = blocked
		}
		if i < 2 {
			o.want(t, blocked, moved)
		}
	}
	o.want(t, allowed, allowed)
}

// Three batches state the same and are undone in each order, each by another server, in one transaction or in steps. What they state lasts as long as
// one of them does, also where the people have moved.
func TestUndo_OfBatchesThatStateTheSame_InEachOrder_LeavesItUntilTheLast(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		o := sameStory{w: w, ctx: ctx, servers: []*Service{s, w.bare(s), w.service(s.Store, 0)}}
		for _, o.order = range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
			for _, o.people = range []int{1, 3} {
				for o.moves = range 4 {
					o.n++
					o.run(t)
				}
			}
		}
		if left := restated(t, s.Store); len(left) != 0 {
			t.Errorf("of undone batches there is left %v", left)
		}
		sound(t, w, s)
	})
}

// What two batches state of an event that was recorded anew by an erasure, or is gone with it.
func TestUndo_OfWhatAnotherBatchStates_AfterAnErasure(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const address = "anna@example.at"
		facts := []statement.Statement{
			consentOn("newsletter", address, start.AddDate(0, 0, -9)), consentOn("product-marketing", address, start.AddDate(0, 0, -1)),
			daysAgo(withdrawal("newsletter", address), 3),
		}
		a, b := consent.BatchID{7}, consent.BatchID{8}
		w.mustImport(ctx, s, a, facts...)
		w.mustImport(ctx, s, b, facts...)
		erase := daysAgo(statement.Statement{Kind: consent.KindErase, Address: address}, 5)
		if _, err := s.Record(ctx, erase, txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		standing := func() (grants, refused int) {
			t.Helper()
			got, err := s.Lookup(ctx, check.LookupInput{Address: address})
			if err != nil {
				t.Fatal(err)
			}
			for _, channel := range got.Channels {
				grants += len(channel.Grants)
				if channel.Refused != 0 {
					refused++
				}
			}
			return grants, refused
		}
		wantStanding := func(when string, wantGrants, wantRefused int) {
			t.Helper()
			if grants, refused := standing(); grants != wantGrants || refused != wantRefused {
				t.Errorf("%s: %d grants and %d refusals, want %d and %d", when, grants, refused, wantGrants, wantRefused)
			}
		}
		wantStanding("erased", 1, 1)
		w.advance(ctx, s, a, -1)
		wantStanding("the first batch undone", 1, 1)
		w.advance(ctx, s, b, -1)
		wantStanding("both undone", 0, 0)
		sound(t, w, s)
	})
}

// An undo in steps: another batch that states the same is undone, and a third one comes, between two of them.
func TestUndo_InSteps_WhileWhatElseStatesTheSameComesAndGoes(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		var facts []statement.Statement
		for n := range 4 {
			w.mustImport(ctx, s, consent.BatchID{}, consentOn("newsletter", undoPerson(n), start.AddDate(0, 0, -9)))
			facts = append(facts, blocking(undoPerson(n), consent.ReasonManual, 5))
		}
		want := func(codes ...consent.Code) {
			t.Helper()
			var got []consent.Code
			for n := range facts {
				got = append(got, reasonBy(ctx, t, w, s, undoPerson(n), asof.Moment{}))
			}
			if diff := cmp.Diff(codes, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		const blocked, allowed = consent.CodeSuppressed, consent.CodeAllowConsent
		a, b, c, d := consent.BatchID{7}, consent.BatchID{8}, consent.BatchID{6}, consent.BatchID{9}
		w.mustImport(ctx, s, a, facts...)
		w.mustImport(ctx, s, b, facts[0], facts[3])
		w.mustImport(ctx, s, c, facts[0])
		if got := w.advance(ctx, s, a, 1); got.Complete { // Of the first two.
			t.Fatalf("%+v", got)
		}
		w.mustImport(ctx, s, d, facts[1], facts[2]) // Neither rests on what is being left out.
		if got := w.advance(ctx, s, b, -1); !got.Complete {
			t.Fatalf("%+v", got)
		}
		want(blocked, blocked, blocked, blocked)
		w.advance(ctx, s, a, -1)
		want(blocked, blocked, blocked, allowed)
		w.advance(ctx, s, c, -1)
		want(allowed, blocked, blocked, allowed)
		w.advance(ctx, s, d, -1)
		want(allowed, allowed, allowed, allowed)
		sound(t, w, s)
	})
}

// While the undo of a batch waits, one that it restates is undone: the batch states it until its own undo is complete, and not after that.
func TestUndo_OfWhatABatchStatesThatIsBeingUndone_LeavesItUntilThatIsComplete(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		a, b := consent.BatchID{7}, consent.BatchID{8}
		w.mustImport(ctx, s, consent.BatchID{}, consentOn("newsletter", undoPerson(0), start.AddDate(0, 0, -9)))
		w.mustImport(ctx, s, a, blocking(undoPerson(0), consent.ReasonManual, 5))
		var facts []statement.Statement
		for n := range 4 {
			facts = append(facts, blocking(undoPerson(n), consent.ReasonManual, 5))
		}
		w.mustImport(ctx, s, b, facts...)
		if got := w.advance(ctx, s, b, 1); got.Complete {
			t.Fatalf("%+v", got)
		}
		w.advance(ctx, s, a, -1)
		w.wantCheck(ctx, s, "newsletter", undoPerson(0), consent.CodeSuppressed)
		w.advance(ctx, s, b, -1)
		w.wantCheck(ctx, s, "newsletter", undoPerson(0), consent.CodeAllowConsent)
		sound(t, w, s)
	})
}

// A batch of which everything was known is undone, so that it does not state it any more.
func TestUndo_OfABatchThatOnlyStatesWhatIsKnown_EndsThat(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		a, b := consent.BatchID{7}, consent.BatchID{8}
		w.mustImport(ctx, s, consent.BatchID{}, consentOn("newsletter", "anna@example.at", start.AddDate(0, 0, -9)))
		fact := blocking("anna@example.at", consent.ReasonManual, 5)
		w.mustImport(ctx, s, a, fact)
		w.mustImport(ctx, s, b, fact)
		w.mustImport(ctx, s, b, fact)
		if rows := restated(t, s.Store); len(rows) != 1 || rows[0].Batch != b {
			t.Errorf("what a batch states twice is noted as %v", rows)
		}
		if got := w.advance(ctx, s, b, -1); !got.Complete || got.Events != 0 {
			t.Errorf("%+v", got)
		}
		wantUndone(ctx, t, s, b, fact)
		w.wantCheck(ctx, s, "newsletter", "anna@example.at", consent.CodeSuppressed)
		w.advance(ctx, s, a, -1)
		w.wantCheck(ctx, s, "newsletter", "anna@example.at", consent.CodeAllowConsent)
	})
}

// Once retention has deleted the evidence of a consent that two batches state, a refusal of one of them stays: without it the consent of the other
// would count, and nothing proved it.
func TestUndo_OfARefusal_KeepsItWhereAnotherBatchStatesAConsentWithoutEvidence(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("evidence: P1M")
		people := []string{"both@example.at", "one@example.at"}
		a, b := consent.BatchID{7}, consent.BatchID{8}
		var refusals, grants []statement.Statement
		for _, address := range people {
			refusals = append(refusals, daysAgo(withdrawal("newsletter", address), 1))
			grants = append(grants, consentOn("newsletter", address, start.AddDate(0, 0, -2)))
		}
		w.mustImport(ctx, s, a, append(refusals, grants...)...)
		w.mustImport(ctx, s, b, grants[0])
		w.clock.Advance(45 * 24 * time.Hour)
		wantRetention(ctx, t, s, false, map[string]int64{retention.Evidence: 2})
		got, err := s.Undoer.Run(ctx, a, whyUndone)
		if err != nil || got.Kept == 0 {
			t.Errorf("%+v, %v", got, err)
		}
		w.clock.Advance(time.Second)
		for _, address := range people {
			if reasonBy(ctx, t, w, s, address, asof.Moment{}) == consent.CodeAllowConsent {
				t.Errorf("%s: a consent without evidence counts again", address)
			}
		}
		sound(t, w, s)
	})
}

// A list that grows is imported every night as another file: what is new alone is recorded, and any night can be undone without the others.
func TestImport_OfAListEveryNight_RecordsWhatIsNew_AndEachCanBeUndone(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		options := imports.Options{Preset: presets.ByColumns, Columns: map[string]string{"address": "email", "time": "at"}}
		text := "email,at\n"
		var made []imports.Import
		const nights = 5
		for night := range nights {
			w.mustImport(ctx, s, consent.BatchID{}, consentOn("newsletter", undoPerson(night), start.AddDate(0, 0, -400)))
			text += undoPerson(night) + ",2026-01-02T03:04:05Z\n"
			before := positions(t, s.Store)
			one, told := mustImport(ctx, t, s, options, text)
			made = append(made, one)
			if got := positions(t, s.Store) - before; got != 1 || told.Counts.Recorded != 1 || told.Counts.Duplicates != int64(night) {
				t.Errorf("night %d: %d events, %+v", night, got, told.Counts)
			}
			w.clock.Advance(24 * time.Hour)
		}
		for i, undone := range []int{0, 3, 1, 4, 2} {
			if _, left, err := s.UndoImport(ctx, made[undone].ID, whyUndone); err != nil || !left.Complete {
				t.Fatalf("%+v, %v", left, err)
			}
			w.clock.Advance(time.Second)
			made[undone] = imports.Import{}
			for n := range nights {
				want := consent.CodeAllowConsent
				for night := n; night < nights; night++ {
					if made[night].ID != "" {
						want = consent.CodeSuppressed
					}
				}
				if got := reasonBy(ctx, t, w, s, undoPerson(n), asof.Moment{}); got != want {
					t.Errorf("%d undone, person %d: %s, want %s", i+1, n, got, want)
				}
			}
		}
		sound(t, w, s)
	})
}
