package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/intake/mail"
	"github.com/assent-io/assent/internal/service/cases"
	"github.com/assent-io/assent/internal/service/cases/absences"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/service/intake"
	"github.com/assent-io/assent/internal/service/notices"
	"github.com/assent-io/assent/internal/service/sends"
	"github.com/assent-io/assent/internal/service/txn"
)

// letter is a mail that a person writes.
type letter struct {
	from, to, subject, text, id, answers string
	header                               string
}

func (l letter) String() string {
	answers := ""
	if l.answers != "" {
		answers = "In-Reply-To: <" + l.answers + ">\n"
	}
	return fmt.Sprintf("From: %s\nTo: %s\nDate: Sun, 01 Nov 2026 12:00:00 +0000\nMessage-ID: <%s>\n%s%sSubject: %s\n\n%s\n", l.from, l.to, l.id, answers, l.header,
		l.subject, l.text)
}

// wantCase hands a letter in, first as a trial, then twice: it comes to an outcome at a desk, and the second time it is known.
func (w *world) wantCase(ctx context.Context, s *Service, l letter, outcome string, kind casework.Kind, desk string) string {
	w.t.Helper()
	submit := func(dry bool) *cases.Taken {
		w.t.Helper()
		got, err := s.SubmitMail(ctx, &intake.Mail{
			Envelope: mail.Envelope{From: l.from, To: []string{l.to}}, Body: strings.NewReader(l.String()), Source: "api", DryRun: dry,
		})
		if err != nil {
			w.t.Fatal(err)
		}
		if got.Case == nil {
			w.t.Fatalf("no case of %q: %+v", l.subject, got)
		}
		return got.Case
	}
	trial, first, again := submit(true), submit(false), submit(false)
	want := cases.Taken{Number: first.Number, Outcome: outcome, Kind: kind, Department: desk, Evidence: first.Evidence}
	if diff := cmp.Diff(want, *first); diff != "" {
		w.t.Errorf("%q (-want +got)\n%s", l.subject, diff)
	}
	if outcome == cases.MailOpened {
		want.Number = ""
	}
	if diff := cmp.Diff(want, *trial); diff != "" {
		w.t.Errorf("a trial of %q (-want +got)\n%s", l.subject, diff)
	}
	if again.Outcome != cases.MailKnown || again.Number != first.Number {
		w.t.Errorf("%q once more: %+v", l.subject, again)
	}
	w.clock.Advance(time.Minute)
	return first.Number
}

func TestCases_FromMailToAnswer_TheLoopIsClosedByACopy(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.unsubscribe = []string{"leave@acme.example"}
		s, ctx := w.acme()
		first := letter{from: "anna@example.at", to: "marketing@acme.example", id: "1@home", subject: "Beschwerde", text: "Ich beschwere mich über Ihre Werbung."}
		id := w.wantCase(ctx, s, first, cases.MailOpened, casework.Complaint, "marketing")
		c := w.getCase(ctx, s, id)
		if c.Case.Address != "anna@example.at" || c.Case.Mailbox != "marketing@acme.example" || c.Case.Text != first.text || c.Case.Origin != casework.FromMail ||
			c.Case.Personal || c.Entries[0].Author != "intake" {
			t.Errorf("%+v", c)
		}
		copyOf := letter{
			from: "marketing-beschwerden@acme.example", to: "cases@acme.example", id: "2@acme", subject: "Re: Beschwerde [Case " + id + "]",
			text: "Es tut uns leid. Sie können sich jederzeit abmelden.",
		}
		w.wantCase(ctx, s, copyOf, cases.MailAnswered, casework.Complaint, "marketing")
		answered := w.getCase(ctx, s, id).Case
		if answered.State != casework.Answered || answered.Answered == 0 || len(w.hints(ctx, s)) != 0 {
			t.Errorf("%+v, hints %+v", answered, w.hints(ctx, s))
		}
		again := letter{from: "anna@example.at", to: "marketing-beschwerden@acme.example", id: "3@home", answers: "2@acme", subject: "Re: Beschwerde", text: "Wer hat die Liste?"}
		w.wantCase(ctx, s, again, cases.MailAttached, casework.Complaint, "marketing")
		reopened := w.getCase(ctx, s, id)
		if reopened.Case.State != casework.Open || reopened.Case.Answered != answered.Answered {
			t.Errorf("%+v", reopened.Case)
		}
		if diff := cmp.Diff([]string{"opened", "answer", "mail"}, kindsOf(reopened.Entries)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		// Anybody can guess a number: only the person of the case is attached by it.
		stranger := letter{from: "ben@example.at", to: "marketing@acme.example", id: "4@home", subject: "Re: [Case " + id + "]", text: "Was steht dort?"}
		w.wantCase(ctx, s, stranger, cases.MailOpened, casework.Inquiry, "marketing")
		own := letter{from: "Anna <anna@example.at>", to: "marketing@acme.example", id: "5@home", subject: "[Fall " + id + "] noch etwas", text: "Danke!"}
		w.wantCase(ctx, s, own, cases.MailAttached, casework.Complaint, "marketing")
		circular := letter{from: "service@acme.example", to: "cases@acme.example", id: "6@acme", subject: "Rundschreiben", text: "Abmelden geht so."}
		got, err := s.SubmitMail(ctx, &intake.Mail{Envelope: mail.Envelope{From: circular.from}, Body: strings.NewReader(circular.String()), Source: "api"})
		if err != nil || got.Case == nil || got.Case.Outcome != cases.MailNone || len(w.hints(ctx, s)) != 0 {
			t.Errorf("a mail of a desk that names no case: %+v, %v", got, err)
		}
	})
}

func TestCases_FromMail_KindDeskAndPerson(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		for n, c := range []struct {
			to, subject, text string
			kind              casework.Kind
			desk              string
			personal          bool
		}{
			{"service@acme.example", "Öffnungszeiten", "Wann haben Sie geöffnet?", casework.Inquiry, "customer-service", false},
			{"redaktion@acme.example", "Auskunft", "Ich verlange Auskunft nach Art. 15 DSGVO über meine Daten.", casework.Access, "newsletter-desk", false},
			{"max.muster@acme.example", "Frage", "Können Sie mir helfen?", casework.Inquiry, "", true},
			{"info@acme.example", "Frage", "Können Sie mir helfen?", casework.Inquiry, "", false},
			{"marketing@acme.example", "Newsletter", "Please remove me from your list.", casework.Objection, "marketing", false},
		} {
			l := letter{from: "anna@example.at", to: c.to, id: fmt.Sprintf("%d@home", n), subject: c.subject, text: c.text}
			got := w.getCase(ctx, s, w.wantCase(ctx, s, l, cases.MailOpened, c.kind, c.desk)).Case
			if got.Personal != c.personal || (got.LawDue != 0) != c.kind.Right() {
				t.Errorf("%s: %+v", c.subject, got)
			}
		}
		hints := w.hints(ctx, s)
		if len(hints) != 1 || hints[0].Cause != intake.CauseInWords {
			t.Fatalf("hints %+v", hints)
		}
		last := w.getCase(ctx, s, "2026-000005")
		if e := last.Entries[1]; !strings.Contains(e.Text, hints[0].ID) || e.Author != cases.AuthorID {
			t.Errorf("the case does not name the hint: %+v", last.Entries)
		}
		for _, header := range []string{"Auto-Submitted: auto-replied\n", "Precedence: bulk\n"} {
			l := letter{from: "anna@example.at", to: "service@acme.example", id: "auto@home", subject: "Re: Ihre Mail", text: "Ich bin im Urlaub.", header: header}
			if got := w.handIn(ctx, s, l.to, l.String()); got.Case != nil {
				t.Errorf("the answer of a program opened %+v", got.Case)
			}
		}
	})
}

func TestCases_FromReports_GoToTheDeskOfWhoSent(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("product-marketing", hanna, start))
		text := complaint(w.clock.Now(), hanna, headerOf(w.tokenFor(ctx, s, "product-marketing", hanna)))
		got := w.handIn(ctx, s, "abuse@acme.example", text)
		if got.Case == nil || got.Case.Outcome != cases.MailOpened || got.Case.Department != "marketing" || got.Case.Evidence != casework.ByToken {
			t.Fatalf("%+v", got.Case)
		}
		c := w.getCase(ctx, s, got.Case.Number).Case
		if c.Origin != casework.FromReport || c.Address != hanna || c.Channel != "product-marketing" || c.Kind != casework.Complaint {
			t.Errorf("%+v", c)
		}
		if again := w.handIn(ctx, s, "abuse@acme.example", text); again.Case != nil {
			t.Errorf("the same report: %+v", again.Case)
		}
		if hint := w.handIn(ctx, s, "abuse@acme.example", complaint(w.clock.Now(), "ben@example.at", "")); hint.Case != nil {
			t.Errorf("a report that proves nothing: %+v", hint.Case)
		}
	})
}

func TestCases_Run_RemindsEscalatesAndBringsBack(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.staffed()
		s, ctx := w.acme()
		n := complaintAbout("anna@example.at")
		n.Assignee = "mara"
		c := w.openCase(ctx, s, n) // On Sunday; it is due on Tuesday at nine.
		access := w.openCase(ctx, s, cases.NewCase{Kind: casework.Access, Address: "ben@example.at", Department: "customer-service"})
		until := consent.InstantOf(start.AddDate(0, 0, 3))
		if _, err := s.CreateAbsence(ctx, absences.NewAbsence{Department: "marketing", Member: "mara", Deputy: "max", Until: until}); err != nil {
			t.Fatal(err)
		}
		told := map[string]bool{}
		runAt := func(at time.Time, want ...string) {
			t.Helper()
			w.clock.Advance(at.Sub(w.clock.Now()))
			for range 2 { // What was told is not told again.
				if err := s.RunCases(ctx); err != nil {
					t.Fatal(err)
				}
			}
			page, err := s.ListNotices(ctx, notices.Filter{}, 1000, "")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, one := range page.Notices {
				if key := one.ID; !told[key] {
					told[key] = true
					got = append(got, strings.TrimSpace(string(one.Audience)+" "+one.Recipient)+" "+one.Kind+" "+strings.TrimPrefix(one.Resource, "cases/"))
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got)\n%s", at, diff)
			}
		}
		day := func(d, hour int) time.Time { return time.Date(2026, 11, d, hour, 0, 0, 0, time.UTC) }
		runAt(day(1, 13), "member mara case_opened "+c.ID, "desk customer-service case_opened "+access.ID) // Not in working time: nothing else.
		runAt(day(2, 9), "member max case_deputy "+c.ID)
		runAt(day(2, 11), "member max case_due_soon "+c.ID)
		if _, err := s.ResubmitCase(ctx, cases.Change{ID: c.ID}, consent.InstantOf(day(3, 8)), ""); err != nil {
			t.Fatal(err)
		}
		runAt(day(3, 8), "member max case_returned "+c.ID)
		if got := w.getCase(ctx, s, c.ID); got.Case.State != casework.Open || got.Case.Resubmit != 0 {
			t.Errorf("%+v", got.Case)
		}
		runAt(day(3, 10), "member max case_overdue "+c.ID)
		runAt(day(4, 10), "officer case_escalated "+c.ID)
		runAt(day(5, 10), "member mara case_overdue "+c.ID)                                                             // She is back since yesterday noon.
		runAt(day(25, 1), "desk customer-service case_law_due_soon "+access.ID, "officer case_law_due_soon "+access.ID) // At night, too.
		if _, err := s.CommentCase(ctx, cases.Change{ID: c.ID}, "an answer", true); err != nil {
			t.Fatal(err)
		}
		late := w.getCase(ctx, s, c.ID)
		if diff := cmp.Diff([]string{"opened", "reminded", "resubmitted", "returned", "reminded", "escalated", "reminded", "answer"}, kindsOf(late.Entries)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestCases_Run_TellsAgainWhoIsInChargeOnceMore(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.staffed()
		s, ctx := w.acme()
		n := complaintAbout("anna@example.at")
		n.Assignee = "mara"
		c := w.openCase(ctx, s, n)
		w.clock.Advance(time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC).Sub(w.clock.Now())) // It is due since an hour.
		told := func(kind string) (who []string) {
			t.Helper()
			for range 2 {
				if err := s.RunCases(ctx); err != nil {
					t.Fatal(err)
				}
			}
			w.clock.Advance(time.Minute)
			page, err := s.ListNotices(ctx, notices.Filter{}, 1000, "")
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range slices.Backward(page.Notices) {
				if one.Kind == kind {
					who = append(who, one.Recipient)
				}
			}
			return who
		}
		for i, who := range []string{"mara", "max", "mara", "mara", "max"} {
			if _, err := s.AssignCase(ctx, cases.Change{ID: c.ID}, who); err != nil {
				t.Fatal(err)
			}
			want := [][]string{{"mara"}, {"mara", "max"}, {"mara", "max", "mara"}, {"mara", "max", "mara"}, {"mara", "max", "mara", "max"}}[i]
			if diff := cmp.Diff(want, told("case_overdue")); diff != "" {
				t.Errorf("assigned to %s (-want +got)\n%s", who, diff)
			}
		}
		// Each absence of who has it is an occasion of its own.
		for i, want := range [][]string{{"mia"}, {"mia", "mia"}} {
			a, err := s.CreateAbsence(ctx, absences.NewAbsence{
				Department: "marketing", Member: "max", Deputy: "mia", Until: consent.InstantOf(w.clock.Now().Add(time.Hour)),
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, told("case_deputy")); diff != "" {
				t.Errorf("absence %d (-want +got)\n%s", i, diff)
			}
			if err := s.DeleteAbsence(ctx, a.ID, txn.Idempotency{}); err != nil {
				t.Fatal(err)
			}
			told("case_deputy")
		}
	})
}

func TestCases_MailOfOthers_JoinsNoCaseOfAPerson(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.unsubscribe = []string{"leave@acme.example"}
		s, ctx := w.acme()
		id := w.wantCase(ctx, s, letter{
			from: "anna@example.at", to: "marketing@acme.example", id: "1@home", subject: "Beschwerde", text: "Ich beschwere mich über Ihre Werbung.",
		}, cases.MailOpened, casework.Complaint, "marketing")
		// One who knows the Message-ID, such as by a copy of the mail, has a case of their own.
		other := w.wantCase(ctx, s, letter{
			from: "ben@example.at", to: "marketing@acme.example", id: "2@home", answers: "1@home", subject: "Re: Beschwerde", text: "Das sehe ich auch so.",
		}, cases.MailOpened, casework.Complaint, "marketing")
		// So has one whose mail has the same Message-ID.
		same := w.wantCase(ctx, s, letter{
			from: "cora@example.at", to: "marketing@acme.example", id: "1@home", subject: "Frage", text: "Wann öffnen Sie?",
		}, cases.MailOpened, casework.Inquiry, "marketing")
		if other == id || same == id || same == other {
			t.Errorf("cases %s, %s and %s", id, other, same)
		}
		// Another desk adds to a case, and answers none.
		w.wantCase(ctx, s, letter{
			from: "newsletter-beschwerden@acme.example", to: "cases@acme.example", id: "3@acme", subject: "[Case " + id + "]", text: "Bei uns kam dasselbe an.",
		}, cases.MailAttached, casework.Complaint, "marketing")
		c := w.getCase(ctx, s, id)
		if c.Case.State != casework.Open || c.Case.Answered != 0 || len(c.Entries) != 2 || c.Entries[1].Kind != cases.EntryComment {
			t.Errorf("%+v", c)
		}
	})
}

func TestCases_WithoutAToken_GoToTheDeskThatSent(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.unsubscribe = []string{"leave@acme.example"}
		s, ctx := w.acme()
		now := w.clock.Now()
		window := campaign.Window{From: now.UnixMicro(), Until: now.Add(24 * time.Hour).UnixMicro()}
		if _, err := s.CreateSend(ctx, sends.NewSend{ID: "spring", Channel: "product-marketing", Subject: "Spring", Window: window}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ReportSent(ctx, "spring", []contacts.Report{{Address: "anna@example.at"}}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Hour)
		// The letter comes to the newsletter's desk, which sent nothing.
		id := w.wantCase(ctx, s, letter{
			from: "anna@example.at", to: "newsletter-beschwerden@acme.example", id: "1@home", subject: "Beschwerde", text: "Ich beschwere mich über Ihre Werbung.",
		}, cases.MailOpened, casework.Complaint, "marketing")
		got := w.getCase(ctx, s, id)
		if got.Case.Channel != "product-marketing" || len(got.Case.Candidates) == 0 || got.Case.Candidates[0].Evidence != casework.ByContact ||
			got.Case.Candidates[0].Send != "spring" {
			t.Errorf("%+v", got.Case)
		}
		figures, err := s.CaseFigures(ctx, 0, 0, "")
		if err != nil {
			t.Fatal(err)
		}
		if len(figures.Senders) != 1 || figures.Senders[0].SenderIdentity != got.Case.SenderIdentity || figures.Senders[0].Contacts != 1 ||
			figures.Senders[0].Complaints != 1 || figures.Senders[0].PerThousand != 1000 {
			t.Errorf("%+v", figures)
		}
	})
}

func TestCases_ForwardOfADesk_BecomesACaseOfThePersonWhoWrote(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const quoted = "Bitte übernehmen!\n\n-----Ursprüngliche Nachricht-----\nVon: Anna <anna@example.at>\nGesendet: Sonntag, 1. November 2026 11:00\n" +
			"An: Service <service@acme.example>\nBetreff: Beschwerde\n\nIch beschwere mich über Ihre Werbung."
		first := letter{
			from: "service@acme.example", to: "cases@acme.example", id: "1@acme", answers: "1@home", subject: "WG: Beschwerde", text: quoted,
		}
		id := w.wantCase(ctx, s, first, cases.MailOpened, casework.Complaint, "customer-service")
		c := w.getCase(ctx, s, id)
		if c.Case.Address != "anna@example.at" || c.Case.Mailbox != "service@acme.example" || !strings.Contains(c.Case.Text, "Ich beschwere mich") || c.Case.Personal {
			t.Errorf("%+v", c.Case)
		}
		if len(c.Entries) != 2 || !strings.Contains(c.Entries[1].Text, "passed on by the desk of customer-service") {
			t.Errorf("%+v", c.Entries)
		}
		// The same mail of the person, passed on by another desk, adds to the case and answers nothing; so does one of the desk itself.
		for n, from := range []string{"marketing-beschwerden@acme.example", "service@acme.example"} {
			again := letter{from: from, to: "cases@acme.example", id: fmt.Sprintf("%d@acme", 2+n), answers: "1@home", subject: "Fwd: Beschwerde", text: quoted}
			if got := w.wantCase(ctx, s, again, cases.MailAttached, casework.Complaint, "customer-service"); got != id {
				t.Errorf("it is in case %s", got)
			}
		}
		if got := w.getCase(ctx, s, id); got.Case.State != casework.Open || got.Entries[3].Kind != cases.EntryComment {
			t.Errorf("%+v", got)
		}
		// The person writes once more.
		own := letter{from: "anna@example.at", to: "service@acme.example", id: "2@home", subject: "[Case " + id + "]", text: "Wann antworten Sie?"}
		w.wantCase(ctx, s, own, cases.MailAttached, casework.Complaint, "customer-service")
		// What says nothing of who wrote is a case without an address; what a program wrote is none.
		bare := letter{from: "service@acme.example", to: "cases@acme.example", id: "5@acme", subject: "Fwd: Frage", text: "Wann öffnen Sie?"}
		if c := w.getCase(ctx, s, w.wantCase(ctx, s, bare, cases.MailOpened, casework.Inquiry, "customer-service")); c.Case.Address != "" {
			t.Errorf("%+v", c.Case)
		}
		program := letter{from: "service@acme.example", to: "cases@acme.example", id: "6@acme", subject: "WG: Automatische Antwort: Ihre Mail", text: "Ich bin im Urlaub."}
		if got := w.handIn(ctx, s, program.to, program.String()); got.Case != nil {
			t.Errorf("the answer of a program, passed on, opened %+v", got.Case)
		}
	})
}
