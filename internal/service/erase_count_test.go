package service

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/record"
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

// A duplicate would tell a client of one department that another department erased the person at that time, and where that stands.
func TestErase_AnotherDepartmentErasedBefore_AnswersAsTheFirstTime(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		desk := w.as(admin, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"erase", "record"}})
		beside := w.as(admin, s, administration.NewClient{ID: "beside", Department: "newsletter-desk", Scopes: []string{"erase"}})
		other := w.as(admin, s, administration.NewClient{ID: "other", Department: "customer-service", Scopes: []string{"erase", "record"}})
		w.eventful(admin, s, annaTyped)
		w.clock.Advance(time.Second)
		at := consent.InstantOf(w.clock.Now())
		st := statement.Statement{Kind: consent.KindErase, Address: annaTyped, Occurred: at}
		last := int64(0)
		erase := func(ctx context.Context, duplicate bool) {
			t.Helper()
			w.clock.Advance(time.Second)
			recorded, err := s.Record(ctx, st, txn.Idempotency{})
			if err != nil || recorded.Duplicate != duplicate || recorded.Position > last == duplicate {
				t.Errorf("%+v after position %d, %v; want duplicate %t", recorded, last, err, duplicate)
			}
			last = max(last, recorded.Position)
		}
		erase(other, false)
		erase(other, true)
		erase(desk, false)
		erase(beside, true) // The two are of one department.
		erase(admin, false)
		erase(admin, true)
		items, err := s.BatchRecord(desk, record.Batch{Items: []record.BatchItem{{Statement: st}}})
		if err != nil || len(items) != 1 || !items[0].Duplicate {
			t.Errorf("imported by the same department: %+v, %v", items, err)
		}
		w.clock.Advance(time.Second)
		st.Occurred = consent.InstantOf(w.clock.Now()) // By another department it is recorded as of now, so at this very time.
		if _, err := s.Record(other, statement.Statement{Kind: consent.KindErase, Address: annaTyped}, txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		if recorded, err := s.Record(desk, st, txn.Idempotency{}); err != nil || recorded.Duplicate {
			t.Errorf("at the time at which another department erased: %+v, %v", recorded, err)
		}
	})
}
