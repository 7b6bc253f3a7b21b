package service

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/record"
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
		stated(b, []bool{false, true}, all[0], all[2])
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
