package service

import (
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/cases"
)

func TestCases_OfTheOfficers_AreReckonedWithTheCalendarOfTheFirstDesk(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		received := time.Date(2026, 9, 26, 10, 0, 0, 0, time.UTC) // A month later it is 26 October, a national holiday in Austria.
		w.clock.Advance(time.Second)
		open := func() cases.Case {
			t.Helper()
			return w.openCase(ctx, s, cases.NewCase{Kind: casework.Access, Address: "anna@example.at", Received: consent.InstantOf(received)})
		}
		utc := time.Date(2026, 10, 27, 0, 0, 0, 0, time.UTC)
		if c := open(); c.Department != "" || !c.LawDue.Time().Equal(utc) {
			t.Errorf("without a desk: %+v, want until %s", c, utc)
		}
		desk := "- id: newsletter-desk\n    desk:\n      hours: {zone: Europe/Vienna, week: [{days: [mon, tue], from: 09:00, until: 12:00}]}\n      holidays: {base: AT}\n"
		document := strings.Replace(acme(t), "- id: newsletter-desk\n", desk, 1)
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		vienna := time.Date(2026, 10, 27, 23, 0, 0, 0, time.UTC)
		if c := open(); c.Department != "" || !c.LawDue.Time().Equal(vienna) {
			t.Errorf("with a desk: %+v, want until %s", c, vienna)
		}
	})
}
