package service

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/txn"
)

func TestErase_CountsTheEventsThatItTook(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		erase := func(ctx context.Context, address string, id int) int64 {
			t.Helper()
			once := txn.Idempotency{Method: "erase", ID: requestID(id), Body: []byte(address)}
			recorded, err := s.Record(ctx, statement.Statement{Kind: consent.KindErase, Address: address}, once)
			if err != nil {
				t.Fatal(err)
			}
			if recorded.Erased == nil {
				return -1
			}
			return *recorded.Erased
		}
		w.eventful(ctx, s, annaTyped)
		w.mustRecord(ctx, s, consentOn("newsletter", annaBeside, w.clock.Now()))
		w.clock.Advance(time.Second)
		// The request, the mail, the consent, and the withdrawal and the objection, of which the headers stay.
		for range 2 {
			if got := erase(ctx, annaTyped, 1); got != 5 {
				t.Errorf("%d events, not 5, the repetition included", got)
			}
		}
		w.clock.Advance(time.Second)
		if got := erase(ctx, annaTyped, 2); got != 0 {
			t.Errorf("%d events that were erased before", got)
		}
		if got := erase(ctx, "nobody@example.at", 3); got != 0 {
			t.Errorf("%d events of an address nobody knows", got)
		}
		if got := erase(ctx, annaBeside, 4); got != 1 {
			t.Errorf("%d events of the other spelling, not 1", got)
		}
	})
}

// The number would tell a client of one department that another department knows the address.
func TestErase_ClientOfOneDepartment_LearnsTheSameOfEveryAddress(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		desk := w.as(admin, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"erase"}})
		w.eventful(admin, s, annaTyped)
		w.clock.Advance(time.Second)
		var answers []txn.Recorded
		for i, address := range []string{annaTyped, "nobody@example.at"} {
			once := txn.Idempotency{Method: "erase", ID: requestID(10 + i), Body: []byte(address)}
			recorded, err := s.Record(desk, statement.Statement{Kind: consent.KindErase, Address: address}, once)
			if err != nil {
				t.Fatal(err)
			}
			recorded.Position = 0
			answers = append(answers, recorded)
		}
		if diff := cmp.Diff(answers[0], answers[1]); diff != "" || answers[0].Erased != nil {
			t.Errorf("erased of a known and of an unknown address (-known +unknown):\n%s", diff)
		}
	})
}
