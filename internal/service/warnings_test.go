package service

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/txn"
)

// lateNo is a withdrawal by a clock that is behind: it lies before the consent that [consentOn] gives at start.
func lateNo() statement.Statement {
	no := withdrawal("newsletter", annaTyped)
	no.Occurred = consent.InstantOf(start.Add(-2 * time.Hour))
	return no
}

func TestRecord_NoBeforeAConsentOfAnotherDepartment_NamesTheChannelOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		granted := w.mustRecord(ctx, s, consentOn("newsletter", annaTyped, start.Add(-time.Hour)))
		own := w.as(ctx, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Role: "sender"})
		other := w.as(ctx, s, administration.NewClient{ID: "shop", Department: "marketing", Role: "sender"})
		got := w.mustRecord(own, s, lateNo())
		want := []txn.StillAllowed{{Channel: "newsletter", Reason: consent.CodeAllowConsent, Position: granted.Position}}
		if diff := cmp.Diff(want, got.StillAllowed); diff != "" {
			t.Errorf("a client of the channel's department (-want +got):\n%s", diff)
		}
		got = w.mustRecord(other, s, lateNo())
		if diff := cmp.Diff([]txn.StillAllowed{{Channel: "newsletter"}}, got.StillAllowed); diff != "" {
			t.Errorf("a client of another department (-want +got):\n%s", diff)
		}
	})
}

// The remembered answer of a refusal must not lead from an erased person to the consent that it named.
func TestErase_AnswerOfARefusalThatNamedAConsent_IsForgotten(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", annaTyped, start.Add(-time.Hour)))
		once := txn.Idempotency{Method: "withdraw", ID: requestID(6), Body: []byte("body")}
		if got, err := s.Record(ctx, lateNo(), once); err != nil || len(got.StillAllowed) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		id := once.RequestID(access.CallerOf(ctx).ID)
		if row := load(ctx, t, s, id); row.Answer == nil {
			t.Fatal("the answer was not remembered")
		}
		eraseNow(ctx, t, w, s, annaTyped)
		if row := load(ctx, t, s, id); row.Answer != nil || row.BodyMAC != nil {
			t.Error("the answer is still remembered")
		}
	})
}
