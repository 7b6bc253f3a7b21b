package service

import (
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/cases"
)

func TestCases_Extended_TheDeadlineOfTheLawIsLaterOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		asked := w.openCase(ctx, s, cases.NewCase{Kind: casework.Access, Address: "anna@example.at", Department: "marketing"})
		late := w.openCase(ctx, s, cases.NewCase{Kind: casework.Erasure, Address: "ben@example.at", Department: "marketing"})
		complaint := w.openCase(ctx, s, complaintAbout("carl@example.at"))
		w.clock.Advance(10 * 24 * time.Hour)
		desk := w.as(ctx, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"cases"}})
		before, told := positions(t, s.Store), consent.InstantOf(w.clock.Now().Add(-time.Hour))
		refused := func(id string, e cases.Extension, code fault.Code) {
			t.Helper()
			_, err := s.ExtendCase(ctx, cases.Change{ID: id}, e)
			wantFault(t, err, code)
		}
		refused(complaint.ID, cases.Extension{Reason: "complex", Informed: told}, fault.CaseNotExtendable)
		refused(asked.ID, cases.Extension{Reason: " ", Informed: told}, fault.InvalidRequest)
		refused(asked.ID, cases.Extension{Reason: "complex"}, fault.InvalidTime)
		refused(asked.ID, cases.Extension{Reason: "complex", Informed: told + 86_400e6}, fault.InvalidTime)
		refused(asked.ID, cases.Extension{Reason: "complex", Informed: asked.Received - 1}, fault.InvalidTime)
		_, err := s.ExtendCase(desk, cases.Change{ID: asked.ID}, cases.Extension{Reason: "complex", Informed: told})
		wantFault(t, err, fault.CaseMissing)
		if after := positions(t, s.Store); after != before {
			t.Errorf("%d events for what was refused", after-before)
		}
		c, err := s.ExtendCase(ctx, cases.Change{ID: asked.ID}, cases.Extension{Reason: "complex", Informed: told})
		// It came on Sunday, 1 November; 1 February is a Monday.
		if want := time.Date(2027, 2, 2, 0, 0, 0, 0, time.UTC); err != nil || !c.LawDue.Time().Equal(want) || c.LawDueRule != "gdpr_12_3:P3M" || c.Due != asked.Due {
			t.Errorf("%+v, %v, want until %s", c, err, want)
		}
		opened := w.getCase(ctx, s, asked.ID)
		if e := opened.Entries[len(opened.Entries)-1]; e.Kind != cases.EntryExtended || !strings.Contains(e.Text, "complex") || !strings.Contains(e.Text, told.String()) {
			t.Errorf("%+v", e)
		}
		if after := positions(t, s.Store); after != before+1 {
			t.Errorf("%d events for a ruling", after-before)
		}
		refused(asked.ID, cases.Extension{Reason: "complex", Informed: told}, fault.CaseNotExtendable)
		w.clock.Advance(25 * 24 * time.Hour) // The first month is over.
		refused(late.ID, cases.Extension{Reason: "complex", Informed: told}, fault.CaseNotExtendable)
		if _, _, err := s.CloseCase(ctx, cases.Change{ID: asked.ID}, cases.Closing{Outcome: casework.Done}); err != nil {
			t.Fatal(err)
		}
		refused(asked.ID, cases.Extension{Reason: "complex", Informed: told}, fault.CaseClosed)
	})
}
