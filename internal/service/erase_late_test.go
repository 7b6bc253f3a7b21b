package service

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/erased"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// pair is what an event says without whom it is about, where it stands, and when it was recorded.
func pair(e consent.Event) string {
	e.Position, e.Recorded, e.Subject, e.Key, e.Evidence, e.Was = 0, 0, consent.SubjectID{}, consent.EventKey{}, [32]byte{}, nil
	e.Batch, e.Actor = consent.BatchID{}, ""
	return string(codec.AppendHeader(nil, &e))
}

func TestErase_DatedBeforeGrants_KeepsThemAndTellsNotWhichTheyWere(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		var items []record.BatchItem
		for days := range 6 {
			st := consentOn("newsletter", annaTyped, start.AddDate(0, 0, -days))
			st.Note = "note"
			items = append(items, record.BatchItem{Statement: st})
		}
		if _, err := s.BatchRecord(ctx, record.Batch{Items: items, Batch: consent.BatchID{7}}); err != nil {
			t.Fatal(err)
		}
		old := subjectsOf(t, s, annaTyped)[consent.FormExact]
		w.clock.Advance(time.Second)
		orphaned := ledgerOf(t, s, func(e *consent.Event) bool { return e.Occurred == consent.InstantOf(start.AddDate(0, 0, -4)) })[0].Position
		if _, err := s.Void(ctx, rights.Void{Position: orphaned, Justification: "a mistake"}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		for range 3 { // The second and third change nothing more.
			_, err := s.Record(ctx, statement.Statement{
				Kind: consent.KindErase, Address: annaTyped, Occurred: consent.InstantOf(start.AddDate(0, 0, -3)),
			}, txn.Idempotency{})
			if err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(time.Second)
		}
		fresh := subjectsOf(t, s, annaTyped)[consent.FormExact]
		living := ledgerOf(t, s, func(e *consent.Event) bool { return e.Subject == fresh })
		orphans := ledgerOf(t, s, func(e *consent.Event) bool { return e.Subject == old })
		if fresh == old || len(living) != 3 || len(orphans) != 4 {
			t.Fatalf("%d events are kept and %d cut off", len(living), len(orphans))
		}
		for _, e := range living {
			if len(e.Was) != 1 || e.Position <= orphans[len(orphans)-1].Position {
				t.Errorf("position %d stands for %v", e.Position, e.Was)
			}
			if e.Kind == consent.KindVoid {
				t.Error("a void names what was erased")
			}
			for _, o := range orphans {
				if pair(e) == pair(o) {
					t.Errorf("positions %d and %d say the same", e.Position, o.Position)
				}
			}
		}
		history, err := s.History(ctx, export.HistoryInput{Address: annaTyped, Size: 50, HistoryFilter: export.HistoryFilter{Kinds: []string{"grant"}}})
		if err != nil || len(history.Events) != 3 {
			t.Fatalf("%d events, %v", len(history.Events), err)
		}
		for _, e := range history.Events {
			if !e.Held || e.Evidence.Address != annaTyped || e.Evidence.Note != "note" {
				t.Errorf("position %d lost its evidence: %+v", e.Position, e.Evidence)
			}
		}
		if w.wantCheck(ctx, s, "newsletter", annaTyped, consent.CodeAllowConsent).Decision.Position == 0 {
			t.Error("the ALLOW names no proof")
		}
		sound(t, w, s)
	})
}

func TestErase_RequestOfADuplicate_IsForgotten(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		given := consentOn("newsletter", annaTyped, start.Add(-time.Hour))
		w.mustRecord(ctx, s, given)
		once := txn.Idempotency{Method: "grant", ID: requestID(5), Body: []byte("body")}
		if got, err := s.Record(ctx, given, once); err != nil || !got.Duplicate {
			t.Fatalf("%+v, %v", got, err)
		}
		eraseNow(ctx, t, w, s, annaTyped)
		id := once.RequestID(access.CallerOf(ctx).ID)
		row := load(ctx, t, s, id)
		if diff := cmp.Diff(storage.Request{ID: id, Expires: row.Expires}, row); diff != "" {
			t.Errorf("what is left of the request (-want +got):\n%s", diff)
		}
		_, err := s.Record(ctx, given, once)
		wantFault(t, err, fault.ErasedBefore)
	})
}

// load returns the request as it is stored.
func load(ctx context.Context, t testing.TB, s *Service, id [32]byte) storage.Request {
	t.Helper()
	var row storage.Request
	err := s.Store.Write(ctx, storage.Load{Requests: [][32]byte{id}}, func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
		row = tx.Loaded().Requests[id]
		return nil, nil //nolint:nilnil // Nothing is stored.
	})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func TestErase_TwiceInOtherSpellings_EachOfItsOwn(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", annaTyped, start.Add(-time.Hour)))
		w.mustRecord(ctx, s, consentOn("newsletter", annaBeside, start.Add(-time.Hour)))
		w.mustRecord(ctx, s, withdrawal("product-marketing", annaBeside))
		eraseNow(ctx, t, w, s, annaTyped)
		for _, form := range []consent.Form{consent.FormExact, consent.FormFolded} {
			if _, ok := subjectsOf(t, s, annaBeside)[form]; !ok {
				t.Errorf("form %d of the other spelling is gone", form)
			}
		}
		history, err := s.History(ctx, export.HistoryInput{Address: annaBeside, Size: 50})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(history.Events, func(e export.HistoryEvent) bool {
			return e.Kind == consent.KindWithdraw && e.Evidence.Address == annaBeside
		}) {
			t.Error("the other spelling's withdrawal lost its evidence")
		}
		sound(t, w, s)
	})
}

// A form that sends an old confirmation once more must not bring an erased person back: the consent began before the erasure, whenever
// it is recorded.
func TestRecord_ConsentThatBeganBeforeTheErasure_IsErasedBeforeAndAReturn(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		old := consentOn("newsletter", annaTyped, start.Add(-time.Hour))
		w.mustRecord(ctx, s, old)
		eraseNow(ctx, t, w, s, annaTyped)
		before := positions(t, s.Store)
		w.clock.Advance(time.Minute)
		old.Occurred = 0 // now, as a form states it
		_, err := s.Record(ctx, old, txn.Idempotency{})
		wantFault(t, err, fault.ErasedBefore)
		items, err := s.BatchRecord(ctx, record.Batch{Items: []record.BatchItem{{Statement: old}}})
		if err != nil || items[0].Err == nil || items[0].Err.Code != fault.ErasedBefore {
			t.Errorf("in a batch: got %+v, %v", items, err)
		}
		if got := positions(t, s.Store); got != before {
			t.Errorf("%d events were recorded", got-before)
		}
		returns, err := s.Returns(ctx, erased.ReturnsInput{Size: 10})
		if err != nil || len(returns.Returns) != 1 || returns.Returns[0].Count != 2 {
			t.Errorf("returns: got %+v, %v, want one row that counts 2", returns.Returns, err)
		}
		fresh := old
		fresh.Confirmed = consent.InstantOf(w.clock.Now())
		w.mustRecord(ctx, s, fresh)
		w.wantCheck(ctx, s, "newsletter", annaTyped, consent.CodeAllowConsent)
		sound(t, w, s)
	})
}

func TestErase_DatedBetweenConfirmationAndRecording_TakesTheConsent(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		began := consentOn("newsletter", annaTyped, start.Add(-time.Hour))
		began.Confirmed = consent.InstantOf(start.Add(-3 * time.Hour))
		w.mustRecord(ctx, s, began)
		w.clock.Advance(time.Second)
		_, err := s.Record(ctx, statement.Statement{
			Kind: consent.KindErase, Address: annaTyped, Occurred: consent.InstantOf(start.Add(-2 * time.Hour)),
		}, txn.Idempotency{})
		if err != nil {
			t.Fatal(err)
		}
		if id := subjectsOf(t, s, annaTyped)[consent.FormExact]; id != (consent.SubjectID{}) {
			t.Error("the exact subject still has an id")
		}
		w.wantCheck(ctx, s, "newsletter", annaTyped, consent.CodeErased)
		sound(t, w, s)
	})
}
