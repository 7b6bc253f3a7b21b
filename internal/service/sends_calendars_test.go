package service

import (
	"context"
	"testing"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/txn"
)

func TestSendCalendars_AreCreatedListedAndRevoked(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingRequired)
		once := txn.Idempotency{Method: "CreateSendCalendar", ID: requestID(1), Body: []byte("x")}
		made, err := p.s.CreateSendCalendar(p.sales, "wall", once)
		if err != nil || len(made.Token) < 26 {
			t.Fatalf("%+v, %v", made, err)
		}
		again, err := p.s.CreateSendCalendar(p.sales, "wall", once)
		if err != nil || again.Token != "" || again.Calendar != made.Calendar {
			t.Errorf("repeated %+v, %v", again, err)
		}
		_, err = p.s.CreateSendCalendar(p.desk, "wall", txn.Idempotency{})
		wantFault(t, err, fault.CalendarExists)
		_, err = p.s.CreateSendCalendar(p.desk, "Wall", txn.Idempotency{})
		wantFault(t, err, fault.InvalidRequest)
		if _, err := p.s.CreateSendCalendar(p.desk, "desk", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		_, err = p.s.RevokeSendCalendar(p.desk, "wall", txn.Idempotency{})
		wantFault(t, err, fault.CalendarMissing)
		revoked, err := p.s.RevokeSendCalendar(p.sales, "wall", txn.Idempotency{})
		if err != nil || revoked.Revoked == 0 {
			t.Fatalf("%+v, %v", revoked, err)
		}
		for ctx, want := range map[context.Context]int{p.desk: 1, p.sales: 1, p.officer: 2} {
			page, err := p.s.ListSendCalendars(ctx, 9, "")
			if err != nil || len(page.Calendars) != want {
				t.Errorf("%+v, %v, want %d", page, err, want)
			}
		}
		first, err := p.s.ListSendCalendars(p.officer, 1, "")
		if err != nil || first.Next == "" {
			t.Fatalf("%+v, %v", first, err)
		}
		second, err := p.s.ListSendCalendars(p.officer, 1, first.Next)
		if err != nil || second.Next != "" || second.Calendars[0].ID != "wall" {
			t.Errorf("%+v, %v", second, err)
		}
	})
}
