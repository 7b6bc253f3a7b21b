package service

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
)

// clockWasAhead returns a service over a ledger with consents of two people from when the clock was two days ahead, after it was put right.
func clockWasAhead(t *testing.T, w *world) (*Service, func(accept bool, log *bytes.Buffer) *Service) {
	t.Helper()
	s, ctx := w.acme()
	truth := w.clock.Now()
	w.clock.Advance(48 * time.Hour)
	for _, address := range []string{anna, "second@example.at"} {
		w.mustRecord(ctx, s, consentOn("newsletter", address, w.clock.Now()))
	}
	w.clock.Set(truth.Add(time.Minute))
	return s, func(accept bool, log *bytes.Buffer) *Service {
		again, err := New(t.Context(), s.Store, w.keys, Options{
			Now: w.clock.Now, Logger: slog.New(slog.NewTextHandler(log, nil)), AcceptAhead: accept,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(again.Close)
		return again
	}
}

func TestRecord_LedgerAheadOfTheClock_NoRefusalLosesAndNoConsentIsRecorded(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, restart := clockWasAhead(t, w)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		_, err := s.Record(ctx, consentOn("newsletter", "third@example.at", w.clock.Now()), txn.Idempotency{})
		wantFault(t, err, fault.ClockSkew)
		_, err = s.BatchRecord(ctx, record.Batch{Items: []record.BatchItem{{Statement: consentOn("newsletter", "third@example.at", w.clock.Now())}}})
		wantFault(t, err, fault.ClockSkew)
		_, err = s.Record(ctx, statement.Statement{Kind: consent.KindErase, Address: anna, Occurred: consent.InstantOf(w.clock.Now())}, txn.Idempotency{})
		wantFault(t, err, fault.ClockSkew)

		withdrawn := withdrawal("newsletter", anna)
		withdrawn.Occurred = consent.InstantOf(w.clock.Now())
		first := w.mustRecord(ctx, s, withdrawn)
		if again := w.mustRecord(ctx, s, withdrawn); !again.Duplicate || again.Position != first.Position {
			t.Errorf("the same withdrawal again is at %d, want %d", again.Position, first.Position)
		}
		if got := w.wantCheck(ctx, s, "newsletter", anna, consent.CodeWithdrawn); got.Verdict != consent.Deny {
			t.Errorf("after a withdrawal with its true time: %s", got.Verdict)
		}
		_, err = s.BatchRecord(ctx, record.Batch{Items: []record.BatchItem{{Statement: statement.Statement{
			Kind: consent.KindSuppress, Address: "second@example.at", Reason: consent.ReasonComplaint, Occurred: consent.InstantOf(w.clock.Now()),
		}}}})
		if err != nil {
			t.Fatal(err)
		}
		w.wantCheck(ctx, restart(false, &bytes.Buffer{}), "newsletter", "second@example.at", consent.CodeComplaint)
	})
}

func TestReady_LedgerAheadOfTheClock_IsNotAndSaysSoAfterARestart(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		_, restart := clockWasAhead(t, w)
		var log bytes.Buffer
		s := restart(false, &log)
		for range 3 {
			wantFault(t, s.Ready(t.Context()), fault.ClockSkew)
		}
		if n := strings.Count(log.String(), "THE LEDGER IS AHEAD OF THE CLOCK"); n != 1 || !strings.Contains(log.String(), "ahead=47h59m1s") {
			t.Errorf("the log says it %d times, want once, with by how much:\n%s", n, log.String())
		}
		if got := s.LedgerAhead(); got < 47*time.Hour || got > 48*time.Hour {
			t.Errorf("the metric says %s", got)
		}
		w.clock.Advance(48 * time.Hour)
		if err := s.Ready(t.Context()); err != nil || s.LedgerAhead() != 0 {
			t.Errorf("when the clock has caught up: %v, %s", err, s.LedgerAhead())
		}
	})
}

func TestRecord_LedgerAheadThatIsAccepted_ConsentsAreRecordedAndRefusalsStillWin(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		_, restart := clockWasAhead(t, w)
		var log bytes.Buffer
		s := restart(true, &log)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		if err := s.Ready(t.Context()); err != nil || !strings.Contains(log.String(), "accepted=true") {
			t.Errorf("ready: %v, log: %s", err, log.String())
		}
		const third = "third@example.at"
		w.mustRecord(ctx, s, consentOn("newsletter", third, w.clock.Now()))
		w.wantCheck(ctx, s, "newsletter", third, consent.CodeAllowConsent)
		withdrawn := withdrawal("newsletter", anna)
		withdrawn.Occurred = consent.InstantOf(w.clock.Now())
		w.mustRecord(ctx, s, withdrawn)
		w.wantCheck(ctx, s, "newsletter", anna, consent.CodeWithdrawn)
	})
}

// Two servers may each be off the database's clock by what is allowed.
func TestRecord_LedgerAheadByWhatClocksMayDiffer_IsRecordedAsEver(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.clock.Advance(txn.LedgerSkew)
		w.mustRecord(ctx, s, consentOn("newsletter", anna, w.clock.Now()))
		w.clock.Set(start)
		w.mustRecord(ctx, s, consentOn("newsletter", "second@example.at", w.clock.Now()))
		if err := s.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
