package service

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/audit"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
)

// daysAgo dates a statement.
func daysAgo(st statement.Statement, days int) statement.Statement {
	st.Occurred = consent.InstantOf(start.AddDate(0, 0, -days))
	return st
}

func TestHold_RefusesEveryErasureOfThatSpelling_UntilReleased(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, traced(consentOn("newsletter", annaTyped, start.Add(-time.Hour))))
		erase := statement.Statement{Kind: consent.KindErase, Address: annaTyped}
		imported := record.Batch{Items: []record.BatchItem{{Statement: daysAgo(erase, 0)}}}
		if results, err := s.BatchRecord(ctx, imported); err != nil || results[0].Err != nil {
			t.Fatalf("%+v, %v", results, err)
		}
		w.clock.Advance(time.Second)
		for _, why := range []string{"case 1", "case 2"} {
			if _, err := s.PlaceHold(ctx, rights.Hold{Address: annaTyped, Justification: why}); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(time.Second)
		}
		before := positions(t, s.Store)
		_, err := s.Record(ctx, erase, txn.Idempotency{})
		wantFault(t, err, fault.LegalHold)
		if err != nil && strings.Contains(err.Error(), "case 1") {
			t.Errorf("the refusal tells why, which may be sent on to the person: %v", err)
		}
		results, err := s.BatchRecord(ctx, record.Batch{Items: []record.BatchItem{{Statement: daysAgo(erase, 1)}}})
		if err != nil || results[0].Err == nil || results[0].Err.Code != fault.LegalHold {
			t.Errorf("an imported erasure: %+v, %v", results, err)
		}
		for _, dry := range []bool{true, false} {
			if done, err := s.ErasePending(ctx, dry); err != nil || len(done.Erased) != 0 || len(done.Held) != 1 {
				t.Errorf("what was imported before: %+v, %v", done, err)
			}
		}
		if !sealedHolds(t, w, "anna-trace") || positions(t, s.Store) != before {
			t.Error("something of what is held was erased, or recorded")
		}
		eraseNow(ctx, t, w, s, annaBeside) // Another spelling is not held.
		if _, err := s.ReleaseHold(ctx, rights.Hold{Address: annaTyped, Justification: "both are closed"}); err != nil {
			t.Fatal(err)
		}
		_, err = s.ReleaseHold(ctx, rights.Hold{Address: annaTyped, Justification: "again"})
		wantFault(t, err, fault.NotHeld)
		_, err = s.PlaceHold(ctx, rights.Hold{Address: annaTyped, Justification: "ask boss@acme.example"})
		wantFault(t, err, fault.InvalidEvidence)
		w.clock.Advance(time.Second)
		if done, err := s.ErasePending(ctx, false); err != nil || len(done.Erased) != 1 || len(done.Held) != 0 {
			t.Errorf("after the release: %+v, %v", done, err)
		}
		searchTables(t, w, &needles{texts: annaTexts()[2:]})
		sound(t, w, s)
	})
}

// mustMove records a change of address.
func mustMove(ctx context.Context, t testing.TB, w *world, s *Service, from, to string) {
	t.Helper()
	if _, err := s.Move(ctx, rights.Move{From: from, To: to, Justification: "a letter"}); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
}

func TestMove_WhatBlocksGoesAlong_WhatPermitsDoesNot(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const a, b, c = "a@web.example", "b@web.example", "c@web.example"
		w.mustRecord(ctx, s, consentOn("product-marketing", a, start.AddDate(0, 0, -9)))
		w.mustRecord(ctx, s, daysAgo(withdrawal("newsletter", a), 8))
		mustMove(ctx, t, w, s, a, b)
		mustMove(ctx, t, w, s, b, c)
		for _, at := range []string{b, c} {
			w.wantCheck(ctx, s, "newsletter", at, consent.CodeWithdrawn)
			w.wantCheck(ctx, s, "product-marketing", at, consent.CodeNoLegalBasis)
		}
		// What comes late goes the whole way, but that a mailbox does not exist.
		w.mustRecord(ctx, s, daysAgo(statement.Statement{Kind: consent.KindSuppress, Address: a, Reason: consent.ReasonHardBounce}, 7))
		w.mustRecord(ctx, s, daysAgo(statement.Statement{Kind: consent.KindSuppress, Address: a, Reason: consent.ReasonObjection}, 6))
		w.mustRecord(ctx, s, withdrawal("product-marketing", a)) // After she went, it is about somebody else.
		w.wantCheck(ctx, s, "newsletter", a, consent.CodeHardBounce)
		for _, at := range []string{b, c} {
			w.wantCheck(ctx, s, "newsletter", at, consent.CodeObjection)
			got := asked(ctx, t, s, "newsletter", at, asof.Moment{AsOf: consent.InstantOf(start.AddDate(0, 0, -7))})
			if got.Reason != consent.CodeWithdrawn {
				t.Errorf("%s before the objection: %s", at, got.Reason)
			}
		}
		sound(t, w, s)
	})
}

func TestMove_ThereAndBack_Ends(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const a, b = "a@web.example", "b@web.example"
		mustMove(ctx, t, w, s, a, b)
		mustMove(ctx, t, w, s, b, a)
		before := positions(t, s.Store)
		late := record.Batch{Items: []record.BatchItem{
			{Statement: traced(daysAgo(withdrawal("newsletter", a), 3))}, {Statement: traced(daysAgo(withdrawal("newsletter", b), 2))},
		}}
		for range 2 {
			if _, err := s.BatchRecord(ctx, late); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(time.Second)
		}
		if grown := positions(t, s.Store) - before; grown != 6 { // Each, its copy there, and the copy of that back here.
			t.Errorf("two refusals became %d events", grown)
		}
		for _, at := range []string{a, b} {
			w.wantCheck(ctx, s, "newsletter", at, consent.CodeWithdrawn)
		}
		sound(t, w, s)
	})
}

func TestMove_EitherSideErased_TheOtherDoesNotSayWhoItWas(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, traced(daysAgo(withdrawal("newsletter", annaOld), 5)))
		mustMove(ctx, t, w, s, annaOld, annaTyped)
		mustMove(ctx, t, w, s, annaTyped, annaNew)
		eraseNow(ctx, t, w, s, annaTyped)
		searchTables(t, w, &needles{texts: annaTexts()[:2]})
		eraseNow(ctx, t, w, s, annaNew)
		searchTables(t, w, &needles{texts: []string{annaNew}})
		for _, at := range []string{annaOld, annaTyped, annaNew} {
			if got := asked(ctx, t, s, "newsletter", at, asof.Moment{}); got.Verdict != consent.Deny {
				t.Errorf("%s is answered %s", at, got.Reason)
			}
		}
		late := daysAgo(statement.Statement{Kind: consent.KindSuppress, Address: annaOld, Reason: consent.ReasonComplaint}, 4)
		before := positions(t, s.Store)
		w.mustRecord(ctx, s, late)
		if grown := positions(t, s.Store) - before; grown != 1 {
			t.Errorf("a complaint became %d events: something still knows where she went", grown)
		}
		sound(t, w, s)
	})
}

func TestVoid_LeavesOutForEveryTime_ButNotWhatWasKnownBefore(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		given := w.mustRecord(ctx, s, consentOn("newsletter", annaTyped, start.AddDate(0, 0, -9)))
		mistake := w.mustRecord(ctx, s, daysAgo(withdrawal("newsletter", annaTyped), 8))
		w.wantCheck(ctx, s, "newsletter", annaTyped, consent.CodeWithdrawn)
		for _, want := range []rights.Voided{{Events: 1, Subjects: 1}, {}} { // The second leaves out nothing more.
			if got, err := s.Void(ctx, rights.Void{Position: mistake.Position, Justification: "a mistake"}); err != nil || got != want {
				t.Errorf("%+v, %v", got, err)
			}
			w.clock.Advance(time.Second)
		}
		w.wantCheck(ctx, s, "newsletter", annaTyped, consent.CodeAllowConsent)
		ago := consent.InstantOf(start.AddDate(0, 0, -7))
		if got := asked(ctx, t, s, "newsletter", annaTyped, asof.Moment{AsOf: ago}); got.Reason != consent.CodeAllowConsent {
			t.Errorf("as of before the void: %s", got.Reason)
		}
		known := asof.Moment{AsOf: ago, KnownAsOf: asof.KnownAsOf{Position: mistake.Position}}
		if got := asked(ctx, t, s, "newsletter", annaTyped, known); got.Reason != consent.CodeWithdrawn {
			t.Errorf("as known before the void: %s", got.Reason)
		}
		for position, want := range map[int64]fault.Code{
			1: fault.NotVoidable, mistake.Position + 1: fault.NotVoidable, 99: fault.PositionUnknown,
		} {
			_, err := s.Void(ctx, rights.Void{Position: position, Justification: "a mistake"})
			wantFault(t, err, want)
		}
		_, err := s.Void(ctx, rights.Void{Batch: consent.BatchID{1}, Justification: "a mistake"})
		wantFault(t, err, fault.NotVoidable)
		_, err = s.Void(ctx, rights.Void{Position: given.Position})
		wantFault(t, err, fault.InvalidEvidence)
		_, err = s.Void(ctx, rights.Void{Position: given.Position, Batch: consent.BatchID{1}, Justification: "both"})
		wantFault(t, err, fault.InvalidRequest)
		sound(t, w, s)
	})
}

func TestVoid_OfABatch_OutlivesAnErasureAndReachesCopies(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		batch := consent.BatchID{7}
		importOf := func(at time.Time) {
			t.Helper()
			results, err := s.BatchRecord(ctx, record.Batch{Batch: batch, Items: []record.BatchItem{
				{Statement: consentOn("newsletter", annaTyped, at)}, {Statement: consentOn("newsletter", "berta@example.at", at)},
			}})
			if err != nil || results[0].Err != nil || results[1].Err != nil {
				t.Fatalf("%+v, %v", results, err)
			}
			w.clock.Advance(time.Minute)
		}
		importOf(start.Add(-time.Hour))
		got, err := s.Void(ctx, rights.Void{Batch: batch, Justification: "the wrong file"})
		if err != nil || got != (rights.Voided{Events: 2, Subjects: 2}) {
			t.Fatalf("%+v, %v", got, err)
		}
		voided := consent.InstantOf(w.clock.Now())
		w.clock.Advance(time.Hour)
		wantUndone(ctx, t, s, batch, consentOn("newsletter", annaTyped, w.clock.Now()))
		for _, at := range []string{annaTyped, "berta@example.at"} {
			w.wantCheck(ctx, s, "newsletter", at, consent.CodeNoLegalBasis)
		}
		_, err = s.Record(ctx, statement.Statement{Kind: consent.KindErase, Address: annaTyped, Occurred: voided}, txn.Idempotency{})
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		w.wantCheck(ctx, s, "newsletter", annaTyped, consent.CodeErased)
		if n := len(asked(ctx, t, s, "newsletter", annaTyped, asof.Moment{}).Reasons); n != 1 {
			t.Errorf("%d reasons", n)
		}
		looked, err := s.Lookup(ctx, check.LookupInput{Address: annaTyped})
		if err != nil || len(looked.Channels[0].Grants) != 0 {
			t.Errorf("what was left out counts again after an erasure: %+v, %v", looked.Channels[0].Grants, err)
		}
		sound(t, w, s)
	})
}

func TestVoid_OfACopy_AndOfWhatWasCopied(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", annaTyped, start.AddDate(0, 0, -9)))
		given := w.mustRecord(ctx, s, consentOn("newsletter", annaTyped, start.AddDate(0, 0, -2)))
		erase := func(days int) {
			t.Helper()
			st := daysAgo(statement.Statement{Kind: consent.KindErase, Address: annaTyped}, days)
			if _, err := s.Record(ctx, st, txn.Idempotency{}); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(time.Second)
		}
		erase(5)
		_, err := s.Void(ctx, rights.Void{Position: given.Position, Justification: "a mistake"})
		wantFault(t, err, fault.NotVoidable)
		copied := w.wantCheck(ctx, s, "newsletter", annaTyped, consent.CodeAllowConsent).Decision.Position
		if got, err := s.Void(ctx, rights.Void{Position: copied, Justification: "a mistake"}); err != nil || got.Events != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		w.clock.Advance(time.Second)
		w.mustRecord(ctx, s, consentOn("product-marketing", annaTyped, start.AddDate(0, 0, -4)))
		erase(3) // The voided copy is copied once more, and its void with it.
		w.wantCheck(ctx, s, "newsletter", annaTyped, consent.CodeErased)
		looked, err := s.Lookup(ctx, check.LookupInput{Address: annaTyped})
		if err != nil || len(looked.Channels[0].Grants) != 0 {
			t.Errorf("the voided grant counts again: %+v, %v", looked.Channels[0].Grants, err)
		}
		sound(t, w, s)
	})
}

func TestVoid_AmongOtherWrites_LeavesOutOnlyWhatItNames(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", annaTyped, start.AddDate(0, 0, -9)))
		mistake := w.mustRecord(ctx, s, daysAgo(withdrawal("newsletter", annaTyped), 8))
		done := make(chan error, 1)
		go func() {
			_, err := s.Void(ctx, rights.Void{Position: mistake.Position, Justification: "a mistake"})
			done <- err
		}()
		errs := inOneTransaction(ctx, t, s, []func() error{
			func() error {
				_, err := s.Record(ctx, withdrawal("product-marketing", annaTyped), txn.Idempotency{})
				return err
			},
			func() error {
				_, err := s.Record(ctx, consentOn("newsletter", annaTyped, start.AddDate(0, 0, -7)), txn.Idempotency{})
				return err
			},
		})
		if err := errors.Join(append(errs, <-done)...); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		w.wantCheck(ctx, s, "newsletter", annaTyped, consent.CodeAllowConsent)
		w.wantCheck(ctx, s, "product-marketing", annaTyped, consent.CodeWithdrawn)
		sound(t, w, s)
	})
}

func TestClaims_KeptForTheOfficerAlone(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		dir := filepath.Dir(w.path)
		officer := filepath.Join(dir, "officer.json")
		s, ctx := w.acme()
		policy := strings.Replace(acme(t), "\npolicy:\n", "\npolicy:\n  claims_period: P3Y\n", 1)
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: policy}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		given := traced(consentOn("newsletter", annaTyped, start.Add(-time.Hour)))
		first := w.mustRecord(ctx, s, given)
		_, err := s.Record(ctx, statement.Statement{Kind: consent.KindErase, Address: annaTyped}, txn.Idempotency{})
		wantFault(t, err, fault.NoClaimsKey)
		if !sealedHolds(t, w, "anna-trace") || positions(t, s.Store) != first.Position {
			t.Error("something was erased without a key to keep it under")
		}
		if _, err := seal.CreateClaims(filepath.Join(dir, "test.keys"), officer); err != nil {
			t.Fatal(err)
		}
		changed, err := seal.Open(filepath.Join(dir, "test.keys"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.keys.Take(changed); err != nil {
			t.Fatal(err)
		}
		eraseNow(ctx, t, w, s, annaTyped)
		searchTables(t, w, &needles{texts: annaTexts()})
		claims, err := tables.Claims(ctx, s.Store, [16]byte{}, 10)
		if err != nil || len(claims) != 1 || claims[0].Until.Time().Year() != start.Year()+3 {
			t.Fatalf("%d claims, %v", len(claims), err)
		}
		opens, err := seal.OpenClaims(officer)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := opens.Open(claims[0].ID, claims[0].Sealed)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := opens.Open([16]byte{1}, claims[0].Sealed); err == nil {
			t.Error("a claim opens under the id of another")
		}
		var kept rights.Claim
		if err := json.Unmarshal(plain, &kept); err != nil {
			t.Fatal(err)
		}
		want := consent.Evidence{
			Address: given.Address, URL: given.URL, IP: given.IP, UserAgent: given.UserAgent, TransactionRef: given.TransactionID,
			DocumentRef: given.DocumentRef, Operator: given.Operator, Note: given.Note, Justification: given.Justification,
		}
		if kept.Address != strings.ToLower(annaTyped) || len(kept.Events) != 1 || kept.Events[0].Position != first.Position ||
			cmp.Diff(want, kept.Events[0].Evidence) != "" {
			t.Errorf("kept is %+v", kept)
		}
		if e, err := codec.DecodeHeader(kept.Events[0].Header); err != nil || e.Position != first.Position {
			t.Errorf("the header kept is of position %d, %v", e.Position, err)
		}
		sound(t, w, s)
	})
}

// blanked fills a ledger with a withdrawal at 3 and one blank event, at 2. Its copy has the position returned.
func blanked(t *testing.T, w *world) (s *Service, copied int64, older []byte) {
	t.Helper()
	s, ctx := w.acme()
	w.mustRecord(ctx, s, traced(consentOn("newsletter", annaTyped, start.Add(-time.Hour))))
	w.mustRecord(ctx, s, withdrawal("newsletter", "berta@example.at"))
	w.mustRecord(ctx, s, consentOn("newsletter", annaTyped, start.AddDate(0, 0, -2)))
	_, err := s.Record(ctx, daysAgo(statement.Statement{Kind: consent.KindErase, Address: annaTyped}, 1), txn.Idempotency{})
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	w.mustRecord(ctx, s, withdrawal("newsletter", "carl@example.at"))
	proof, err := s.ProveConsistency(ctx, 1, 4)
	if err != nil {
		t.Fatal(err)
	}
	at := ledgerOf(t, s, func(e *consent.Event) bool { return slices.Equal(e.Was, []int64{2}) })
	if len(at) != 1 {
		t.Fatalf("%d copies", len(at))
	}
	if report := mustVerify(t, w, s.Store, proof.Signed); report.Found != 0 || report.Blank != 1 {
		t.Fatalf("an untouched ledger: %+v", report)
	}
	return s, at[0].Position, proof.Signed
}

func TestVerify_TamperingThatLooksLikeAnErasure_IsFound(t *testing.T) {
	const asBlank = `UPDATE events SET event_key = $1, subject = $1, kind = 0, occurred_time = 0, actor = '', batch = NULL,
		header = $2, evidence = NULL WHERE position = 3`
	zero := make([]byte, 16)
	for name, c := range map[string]struct {
		do    func(db *raw, copied int64)
		older bool
		want  func(copied int64) where
	}{
		"a withdrawal blanked": {
			do:   func(db *raw, _ int64) { db.exec(asBlank, zero, []byte{}) },
			want: func(int64) where { return where{audit.FindingAltered, 3, 3} },
		},
		"a withdrawal blanked, and a copy that claims it": {
			do: func(db *raw, copied int64) {
				db.exec(asBlank, zero, []byte{})
				db.forge(copied, func(e *consent.Event) { e.Was = []int64{2, 3} })
			},
			want: func(copied int64) where { return where{audit.FindingAltered, copied, copied} },
		},
		"all hashes made anew": {
			do: func(db *raw, copied int64) {
				db.exec(asBlank, zero, []byte{})
				db.forge(copied, func(e *consent.Event) { e.Was = []int64{2, 3} })
				db.rehash(7)
			},
			older: true, want: func(int64) where { return where{audit.FindingAnotherHistory, 1, 4} },
		},
		"a copy of what is there": {
			do: func(db *raw, _ int64) {
				db.forge(7, func(e *consent.Event) { e.Was = []int64{3} })
			},
			want: func(int64) where { return where{audit.FindingInserted, 7, 7} },
		},
		"a withdrawal that claims it, all hashes made anew": {
			do: func(db *raw, _ int64) {
				db.exec(asBlank, zero, []byte{})
				db.forge(7, func(e *consent.Event) {
					e.Was, e.Facts = []int64{3}, consent.Facts{Kind: consent.KindWithdraw, Channels: []string{"newsletter"}}
				})
				db.rehash(7)
			},
			want: func(int64) where { return where{audit.FindingInserted, 7, 7} },
		},
		"a second copy": {
			do:   func(db *raw, _ int64) { db.forge(7, func(e *consent.Event) { e.Was = []int64{2} }) },
			want: func(int64) where { return where{audit.FindingInserted, 7, 7} },
		},
		"evidence beside a blank": {
			do: func(db *raw, _ int64) {
				db.exec("UPDATE events SET evidence = $1 WHERE position = 2", []byte("evidence"))
			},
			want: func(int64) where { return where{audit.FindingAltered, 2, 2} },
		},
		"a blank of somebody": {
			do: func(db *raw, _ int64) {
				db.exec("UPDATE events SET subject = $1 WHERE position = 2", []byte("0123456789abcdef"))
			},
			want: func(int64) where { return where{audit.FindingAltered, 2, 2} },
		},
		"a blank of another time": {
			do:   func(db *raw, _ int64) { db.exec("UPDATE events SET recorded_time = 1 WHERE position = 2") },
			want: func(int64) where { return where{audit.FindingReordered, 2, 2} },
		},
		"a blank of a later time": {
			do: func(db *raw, _ int64) {
				db.exec("UPDATE events SET recorded_time = recorded_time * 2 WHERE position = 2")
			},
			want: func(int64) where { return where{audit.FindingReordered, 3, 3} },
		},
		"another hash of a blank": {
			do:   func(db *raw, _ int64) { db.flip("leaf_hash", 2) },
			want: func(int64) where { return where{audit.FindingAltered, 1, 2} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, w *world) {
				s, copied, older := blanked(t, w)
				c.do(w.raw(), copied)
				var given [][]byte
				if c.older {
					given = [][]byte{older}
				}
				report := mustVerify(t, w, s.Store, given...)
				want := c.want(copied)
				if !slices.ContainsFunc(report.Findings, func(f audit.Finding) bool {
					return f.Kind == want.Kind && f.To == want.To && (f.From == want.From || want.Kind == audit.FindingAltered && f.From <= want.From)
				}) {
					t.Errorf("want %+v, got %+v", want, report.Findings)
				}
			})
		})
	}
}
