package service

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// longAgo is a service over a ledger in which a consent of Anna stands further back than a span of positions.
func longAgo(t *testing.T, w *world) (s *Service, ctx context.Context, old txn.Recorded) {
	t.Helper()
	s, ctx = w.acme()
	old = w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
	w.clock.Advance(time.Minute)
	var others []record.BatchItem
	for n := range storage.RequestSpan + 1 {
		st := withdrawal("newsletter", fmt.Sprintf("person%d@example.at", n))
		st.Occurred = consent.InstantOf(start)
		others = append(others, record.BatchItem{Statement: st})
	}
	if _, err := s.BatchRecord(ctx, record.Batch{Items: others}); err != nil {
		t.Fatal(err)
	}
	return s, ctx, old
}

// wantNamed wants as many positions to be stored that requests name from afar.
func wantNamed(t *testing.T, w *world, want int) {
	t.Helper()
	got := 0
	w.raw().each("SELECT position FROM request_positions", func(*sql.Rows) error { got++; return nil })
	if got != want {
		t.Errorf("%d positions that requests name are stored, want %d", got, want)
	}
}

// farApart is a batch whose answer names the old consent of Anna, and records a withdrawal of another person at the time of recording.
func farApart() record.Batch {
	return record.Batch{
		Items: []record.BatchItem{
			{Statement: consentOn("newsletter", anna, start.Add(-time.Hour))}, {Statement: withdrawal("newsletter", "bert@example.at")},
		},
		Idempotency: txn.Idempotency{Method: "BatchRecordEvents", ID: requestID(1), Body: []byte("a grant and a withdrawal")},
	}
}

func TestBatchRecord_RepeatedWhenItsAnswerNamesAnEventFromLongAgo_GetsTheFirstAnswer(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, old := longAgo(t, w)
		first, err := s.BatchRecord(ctx, farApart())
		if err != nil || !first[0].Duplicate || first[0].Position != old.Position || first[1].Position <= old.Position+storage.RequestSpan {
			t.Fatalf("%+v, %v", first, err)
		}
		wantNamed(t, w, 1)
		w.clock.Advance(time.Minute)
		before := positions(t, s.Store)
		again, err := s.BatchRecord(ctx, farApart())
		if diff := cmp.Diff(first, again); err != nil || diff != "" {
			t.Errorf("the repetition: %v (-first +again):\n%s", err, diff)
		}
		if after := positions(t, s.Store); after != before {
			t.Errorf("the repetition recorded %d events", after-before)
		}
		other := farApart()
		other.Idempotency.Body = []byte("another body")
		_, err = s.BatchRecord(ctx, other)
		wantFault(t, err, fault.RequestIDReused)

		// The old consent is erased, and the answer that named it goes along. The batch runs again, and answers of others stay.
		others := txn.Idempotency{Method: "Record", ID: requestID(2), Body: []byte("of another person")}
		kept, err := s.Record(ctx, withdrawal("newsletter", "carla@example.at"), others)
		if err != nil {
			t.Fatal(err)
		}
		eraseNow(ctx, t, w, s, anna)
		once := farApart().Idempotency
		if row := load(ctx, t, s, once.RequestID(access.CallerOf(ctx).ID)); row.Answer != nil || row.BodyMAC != nil {
			t.Error("the answer that names an erased event is still remembered")
		}
		wantNamed(t, w, 0)
		again, err = s.BatchRecord(ctx, farApart())
		if err != nil || !fault.Is(again[0].Err, fault.ErasedBefore) || again[1].Duplicate {
			t.Errorf("the batch after the erasure: %+v, %v", again, err)
		}
		same, err := s.Record(ctx, withdrawal("newsletter", "carla@example.at"), others)
		if diff := cmp.Diff(kept, same); err != nil || diff != "" {
			t.Errorf("the repetition of another person's write: %v (-first +again):\n%s", err, diff)
		}
	})
}

func TestRecord_RepeatedWhenItsAnswerNamesAConsentFromLongAgo_GetsTheFirstAnswerUntilItIsErased(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, old := longAgo(t, w)
		no := withdrawal("newsletter", anna)
		no.Occurred = consent.InstantOf(start.Add(-2 * time.Hour))
		once := txn.Idempotency{Method: "WithdrawConsent", ID: requestID(1), Body: []byte("a late withdrawal")}
		first, err := s.Record(ctx, no, once)
		if err != nil || len(first.StillAllowed) != 1 || first.StillAllowed[0].Position != old.Position {
			t.Fatalf("%+v, %v", first, err)
		}
		again, err := s.Record(ctx, no, once)
		if diff := cmp.Diff(first, again); err != nil || diff != "" {
			t.Errorf("the repetition: %v (-first +again):\n%s", err, diff)
		}
		other := once
		other.Body = []byte("another body")
		_, err = s.Record(ctx, withdrawal("newsletter", "bert@example.at"), other)
		wantFault(t, err, fault.RequestIDReused)

		wantNamed(t, w, 1)
		eraseNow(ctx, t, w, s, anna)
		_, err = s.Record(ctx, no, once)
		wantFault(t, err, fault.ErasedBefore)
		wantNamed(t, w, 0)
	})
}

func TestRecord_AnswerThatNamesAnEarlierEvent_IsRememberedWhenAnEventBetweenIsErased(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		w.mustRecord(ctx, s, consentOn("newsletter", "bert@example.at", start.Add(-time.Hour)))
		no := withdrawal("newsletter", anna)
		no.Occurred = consent.InstantOf(start.Add(-2 * time.Hour))
		once := txn.Idempotency{Method: "WithdrawConsent", ID: requestID(1), Body: []byte("a late withdrawal")}
		first, err := s.Record(ctx, no, once)
		if err != nil || len(first.StillAllowed) != 1 {
			t.Fatalf("%+v, %v", first, err)
		}
		w.clock.Advance(time.Minute)
		eraseNow(ctx, t, w, s, "bert@example.at")
		again, err := s.Record(ctx, no, once)
		if diff := cmp.Diff(first, again); err != nil || diff != "" {
			t.Errorf("the repetition: %v (-first +again):\n%s", err, diff)
		}
	})
}
