package service

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/cases"
	"github.com/assent-io/assent/internal/service/cases/tally"
)

// sentBy knows how much sender identities sent.
type sentBy map[string]int64

func (s sentBy) Sent(context.Context, time.Time, time.Time) (map[string]int64, error) { return s, nil }

func (sentBy) SentTo(_ context.Context, a address.Address, _ time.Time) ([]casework.Candidate, error) {
	if a.Exact() != "anna@example.at" {
		return nil, nil
	}
	return []casework.Candidate{
		{Department: "marketing", Channel: "product-marketing", SenderIdentity: "acme-marketing", Time: start.Add(-time.Hour), Evidence: casework.ByContact},
		{Department: "newsletter-desk", Channel: "newsletter", SenderIdentity: "acme-newsletter", Time: start.Add(-2 * time.Hour), Evidence: casework.ByContact},
		{Department: "customer-service", Time: start.AddDate(0, 0, -40), Evidence: casework.ByContact},
	}, nil
}

func TestCases_Figures_ByDeskAndSender(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.cases.Contacts = sentBy{"acme-marketing": 1000}
		s, ctx := w.acme()
		late := w.openCase(ctx, s, complaintAbout("anna@example.at"))
		w.openCase(ctx, s, complaintAbout("ben@example.at"))
		w.openCase(ctx, s, cases.NewCase{Kind: casework.Inquiry, Channel: "newsletter"})
		w.clock.Advance(72 * time.Hour)
		sameDay := w.openCase(ctx, s, complaintAbout("carl@example.at"))
		for _, c := range []cases.Case{late, sameDay} {
			if _, err := s.CommentCase(ctx, cases.Change{ID: c.ID}, "an answer", true); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := s.CloseCase(ctx, cases.Change{ID: late.ID}, cases.Closing{Outcome: casework.SenderWrong}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Hour)
		f, err := s.CaseFigures(ctx, 0, 0, "")
		if err != nil {
			t.Fatal(err)
		}
		marketing := tally.Figures{
			Department: "marketing", Cases: 3, Answered: 2, SameDay: 1, InTime: 1, Overdue: 1, Complaints: 3, AgainstSender: 1,
			Median: time.Second, P90: 72*time.Hour + 3*time.Second,
		}
		seconds := cmp.Transformer("rounded", func(d time.Duration) int64 { return int64(d.Round(10*time.Second) / time.Second) })
		want := []tally.Figures{marketing, {Department: "newsletter-desk", Cases: 1}}
		if diff := cmp.Diff(want, f.Desks, seconds); diff != "" {
			t.Errorf("desks (-want +got)\n%s", diff)
		}
		marketing.Department, marketing.SenderIdentity, marketing.Contacts, marketing.PerThousand, marketing.Level = "", "acme-marketing", 1000, 3, tally.LevelStop
		want = []tally.Figures{marketing, {SenderIdentity: "acme-newsletter", Cases: 1}}
		if diff := cmp.Diff(want, f.Senders, seconds); diff != "" {
			t.Errorf("senders (-want +got)\n%s", diff)
		}
		_, err = s.CaseFigures(ctx, f.Before, f.Since, "")
		wantFault(t, err, fault.InvalidTime)
		_, err = s.CaseFigures(ctx, 0, 0, "sales")
		wantFault(t, err, fault.DeskMissing)
		desk := w.as(ctx, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"cases"}})
		if f, err := s.CaseFigures(desk, 0, 0, ""); err != nil || len(f.Desks) != 1 || len(f.Senders) != 1 {
			t.Errorf("of a department: %+v, %v", f, err)
		}
	})
}

func TestCases_Figures_WhatIsOpenedAgain_WaitsForTheNextAnswer(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		closed, wrote := w.openCase(ctx, s, complaintAbout("anna@example.at")), w.openCase(ctx, s, complaintAbout("ben@example.at"))
		for _, c := range []cases.Case{closed, wrote} {
			if _, err := s.CommentCase(ctx, cases.Change{ID: c.ID}, "an answer", true); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := s.CloseCase(ctx, cases.Change{ID: closed.ID}, cases.Closing{Outcome: casework.Unfounded}); err != nil {
			t.Fatal(err)
		}
		figures := func() tally.Figures {
			t.Helper()
			w.clock.Advance(time.Minute)
			f, err := s.CaseFigures(ctx, 0, 0, "")
			if err != nil || len(f.Desks) != 1 {
				t.Fatalf("%+v, %v", f, err)
			}
			return f.Desks[0]
		}
		if f := figures(); f.Answered != 2 || f.InTime != 2 || f.SameDay != 2 || f.Overdue != 0 {
			t.Errorf("two are answered: %+v", f)
		}
		w.clock.Advance(96 * time.Hour)
		now := consent.InstantOf(w.clock.Now())
		again, err := s.ReopenCase(ctx, cases.Change{ID: closed.ID}, "she called")
		if err != nil || again.Due <= now {
			t.Errorf("the desk has no time for the next answer: %+v, %v", again, err)
		}
		l := letter{from: "ben@example.at", to: "marketing@acme.example", id: "1@home", subject: "[Case " + wrote.ID + "]", text: "And the list?"}
		w.wantCase(ctx, s, l, cases.MailAttached, casework.Complaint, "marketing")
		if f := figures(); f.Answered != 0 || f.InTime != 0 || f.SameDay != 0 || f.Overdue != 0 || f.Median == 0 {
			t.Errorf("two wait again: %+v", f)
		}
		w.clock.Advance(96 * time.Hour)
		if f := figures(); f.Answered != 0 || f.Overdue != 2 {
			t.Errorf("two are overdue: %+v", f)
		}
		if _, err := s.CommentCase(ctx, cases.Change{ID: closed.ID}, "another answer", true); err != nil {
			t.Fatal(err)
		}
		if f := figures(); f.Answered != 1 || f.InTime != 1 || f.Overdue != 1 {
			t.Errorf("one has its next answer: %+v", f)
		}
	})
}

func TestCases_Routing_FindsWhoSent(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.cases.Contacts = sentBy{}
		s, ctx := w.acme()
		c := w.openCase(ctx, s, cases.NewCase{Kind: casework.Complaint, Address: "anna@example.at", Text: "You wrote to me."})
		if c.Department != "marketing" || len(c.Candidates) != 2 || c.Candidates[1].Department != "newsletter-desk" || c.Channel != "" {
			t.Errorf("who sent last is likeliest, and that is not certain: %+v", c)
		}
		stranger := w.openCase(ctx, s, cases.NewCase{Kind: casework.Complaint, Address: "ben@example.at"})
		if stranger.Department != "" || len(stranger.Candidates) != 0 {
			t.Errorf("nothing says who sent: %+v", stranger)
		}
	})
}

func TestCases_Retention_TakesThePersonFromWhatWasClosedLongAgo(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		old, open := w.openCase(ctx, s, complaintAbout("anna@example.at")), w.openCase(ctx, s, complaintAbout("ben@example.at"))
		if _, _, err := s.CloseCase(ctx, cases.Change{ID: old.ID}, cases.Closing{Outcome: casework.Justified}); err != nil {
			t.Fatal(err)
		}
		forget := func() cases.Case {
			t.Helper()
			if err := s.ForgetCases(ctx); err != nil {
				t.Fatal(err)
			}
			return w.getCase(ctx, s, old.ID).Case
		}
		w.clock.Advance(400 * 24 * time.Hour)
		if got := forget(); got.Address == "" {
			t.Error("a catalog that says nothing of it keeps cases")
		}
		document := acme(t) + "\npolicy:\n  retention: {cases: P1Y}\n"
		if strings.Contains(acme(t), "\npolicy:") {
			document = strings.Replace(acme(t), "\npolicy:", "\npolicy:\n  retention: {cases: P1Y}", 1)
		}
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document}); err != nil {
			t.Fatal(err)
		}
		if got := forget(); got.Address != "" || got.Outcome != casework.Justified || got.Due != old.Due {
			t.Errorf("%+v", got)
		}
		if entries := w.getCase(ctx, s, old.ID).Entries; len(entries) != 0 {
			t.Errorf("entries %+v", entries)
		}
		if got := w.getCase(ctx, s, open.ID).Case; got.Address != "ben@example.at" {
			t.Errorf("a case that is not closed: %+v", got)
		}
	})
}

func TestCases_Retention_ClosesWhatWasAnsweredAndNeverClosed(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		document := strings.Replace(acme(t), "\npolicy:", "\npolicy:\n  retention: {cases: P1Y}", 1)
		if !strings.Contains(acme(t), "\npolicy:") {
			document = acme(t) + "\npolicy:\n  retention: {cases: P1Y}\n"
		}
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document}); err != nil {
			t.Fatal(err)
		}
		once, twice := w.openCase(ctx, s, complaintAbout("anna@example.at")), w.openCase(ctx, s, complaintAbout("ben@example.at"))
		answer := func(c cases.Case) {
			t.Helper()
			if _, err := s.CommentCase(ctx, cases.Change{ID: c.ID}, "an answer", true); err != nil {
				t.Fatal(err)
			}
		}
		answer(once)
		answer(twice)
		w.clock.Advance(300 * 24 * time.Hour)
		answer(twice)
		forget := func() (first, second cases.Opened) {
			t.Helper()
			if err := s.ForgetCases(ctx); err != nil {
				t.Fatal(err)
			}
			return w.getCase(ctx, s, once.ID), w.getCase(ctx, s, twice.ID)
		}
		if first, _ := forget(); first.Case.Address == "" || first.Case.State != casework.Answered {
			t.Errorf("the time is not over: %+v", first.Case)
		}
		w.clock.Advance(100 * 24 * time.Hour)
		first, second := forget()
		if c := first.Case; c.Address != "" || c.Text != "" || c.State != casework.Closed || c.Outcome != "" || c.Answered == 0 || len(first.Entries) != 0 {
			t.Errorf("answered 400 days ago: %+v, %+v", c, first.Entries)
		}
		if c := second.Case; c.Address != "ben@example.at" || c.State != casework.Answered || len(second.Entries) != 3 {
			t.Errorf("answered again 100 days ago: %+v, %+v", c, second.Entries)
		}
	})
}
