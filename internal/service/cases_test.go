package service

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/cases"
	"github.com/assent-io/assent/internal/service/cases/absences"
	"github.com/assent-io/assent/internal/service/notices"
	"github.com/assent-io/assent/internal/service/txn"
)

// staffed gives the desks of the services that are made next some members.
func (w *world) staffed() {
	w.cases.Desk = func(cat *catalog.Catalog, department string) (casework.Desk, bool) {
		desk, ok := desks.Of(cat, department)
		if department == "marketing" {
			desk.Members = []casework.Member{{ID: "mara"}, {ID: "max"}, {ID: "mia"}}
		}
		return desk, ok
	}
}

// openCase opens a case about an address, as an officer does.
func (w *world) openCase(ctx context.Context, s *Service, n cases.NewCase) cases.Case {
	w.t.Helper()
	c, err := s.OpenCase(ctx, n)
	if err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	return c
}

func (w *world) getCase(ctx context.Context, s *Service, id string) cases.Opened {
	w.t.Helper()
	opened, err := s.GetCase(ctx, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return opened
}

func kindsOf(entries []cases.Entry) (kinds []string) {
	for _, e := range entries {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func complaintAbout(address string) cases.NewCase {
	return cases.NewCase{Kind: casework.Complaint, Address: address, Subject: "Your mail", Text: "I left you\nlong ago.", Channel: "product-marketing"}
}

func TestCases_FromOpeningToClosing_KeepWhatHappened(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("product-marketing", "anna@example.at", start))
		c := w.openCase(ctx, s, complaintAbout("anna@example.at"))
		if c.ID != "2026-000001" || c.Department != "marketing" || c.SenderIdentity != "acme-marketing" || c.State != casework.Open {
			t.Errorf("opened %+v", c)
		}
		// It came on Sunday, so that the working day that the desk has begins on Monday.
		if due := time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC); !c.Due.Time().Equal(due) || c.DueRule != "answer_within:P1D" || c.LawDue != 0 {
			t.Errorf("due %s by %s, %s", c.Due, c.DueRule, c.LawDue)
		}
		opened := w.getCase(ctx, s, c.ID)
		if r := opened.Recipient; r == nil || len(r.Channels) != 1 || r.Channels[0].Decision.Reason != consent.CodeAllowConsent || !opened.OffersObjection {
			t.Errorf("what a check answers: %+v", r)
		}
		change := cases.Change{ID: c.ID}
		if _, err := s.CommentCase(ctx, change, "She wrote in March, too.", false); err != nil {
			t.Fatal(err)
		}
		at := consent.InstantOf(w.clock.Now().Add(time.Hour))
		if c, err := s.ResubmitCase(ctx, change, at, "ask the agency"); err != nil || c.State != casework.Waiting || c.Resubmit != at {
			t.Fatalf("%+v, %v", c, err)
		}
		if c, err := s.CommentCase(ctx, change, "We are sorry.", true); err != nil || c.State != casework.Answered || c.Answered == 0 || c.Resubmit != 0 {
			t.Fatalf("%+v, %v", c, err)
		}
		closed, position, err := s.CloseCase(ctx, change, cases.Closing{Outcome: casework.SenderWrong, Note: "Told the agency.", Objection: consent.ScopeMarketing})
		if err != nil || closed.State != casework.Closed || closed.Outcome != casework.SenderWrong || position == 0 {
			t.Fatalf("%+v, %d, %v", closed, position, err)
		}
		w.wantCheck(ctx, s, "product-marketing", "anna@example.at", consent.CodeObjection)
		opened = w.getCase(ctx, s, c.ID)
		want := []string{"opened", "comment", "resubmitted", "answer", "objection", "closed"}
		if diff := cmp.Diff(want, kindsOf(opened.Entries)); diff != "" || opened.OffersObjection {
			t.Errorf("entries (-want +got)\n%s", diff)
		}
		if e := opened.Entries[1]; e.Text != "She wrote in March, too." || e.Author != "test" || e.Number != 2 {
			t.Errorf("an entry %+v", e)
		}
		_, _, err = s.CloseCase(ctx, change, cases.Closing{Outcome: casework.Justified})
		wantFault(t, err, fault.CaseClosed)
		if c, err := s.ReopenCase(ctx, change, "she wrote again"); err != nil || c.State != casework.Open || c.Closed != 0 || c.Outcome != "" || c.Answered == 0 {
			t.Errorf("%+v, %v", c, err)
		}
		_, err = s.ReopenCase(ctx, change, "")
		wantFault(t, err, fault.CaseNotClosed)
	})
}

func TestCases_Numbers_BeginAnewEachYear_AndAreGivenOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		once := complaintAbout("anna@example.at")
		once.Idempotency = txn.Idempotency{Method: "OpenCase", ID: requestID(1), Body: []byte("1")}
		first, again := w.openCase(ctx, s, once), w.openCase(ctx, s, once)
		second := w.openCase(ctx, s, cases.NewCase{Kind: casework.Inquiry, Subject: "a call"})
		w.clock.Advance(61 * 24 * time.Hour)
		other := w.openCase(ctx, s, complaintAbout("ben@example.at"))
		got := []string{first.ID, again.ID, second.ID, other.ID}
		if diff := cmp.Diff([]string{"2026-000001", "2026-000001", "2026-000002", "2027-000001"}, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if second.Department != "" || second.Address != "" {
			t.Errorf("nothing says whose it is: %+v", second)
		}
		w.clock.Advance(24 * time.Hour)
		errs, ids := make(chan error, 20), make(chan string, 20)
		for range 20 {
			go func() {
				c, err := s.OpenCase(ctx, complaintAbout("carl@example.at"))
				errs <- err
				ids <- c.ID
			}()
		}
		var all []string
		for range 20 {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
			all = append(all, <-ids)
		}
		slices.Sort(all)
		if distinct := slices.Compact(slices.Clone(all)); len(distinct) != 20 {
			t.Errorf("twenty at once got %d numbers: %s", len(distinct), all)
		}
	})
}

func TestCases_ClientOfADepartment_HasThoseOfItsDesk(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		desk := w.as(ctx, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"cases"}})
		stranger := w.as(ctx, s, administration.NewClient{ID: "sender", Department: "newsletter-desk", Scopes: []string{"check"}})
		theirs := w.openCase(ctx, s, complaintAbout("anna@example.at"))
		own := w.openCase(desk, s, cases.NewCase{Kind: casework.Inquiry, Address: "ben@example.at", Subject: "When is the next issue?"})
		if own.Department != "newsletter-desk" {
			t.Errorf("opened at %s", own.Department)
		}
		_, err := s.OpenCase(desk, cases.NewCase{Kind: casework.Inquiry, Department: "marketing"})
		wantFault(t, err, fault.OtherDepartment)
		_, err = s.GetCase(desk, theirs.ID)
		wantFault(t, err, fault.CaseMissing)
		_, err = s.CommentCase(desk, cases.Change{ID: theirs.ID}, "text", false)
		wantFault(t, err, fault.CaseMissing)
		page, err := s.ListCases(desk, cases.Filter{}, 10, "")
		if err != nil || len(page.Cases) != 1 || page.Cases[0].ID != own.ID {
			t.Errorf("%+v, %v", page, err)
		}
		if page, err := s.ListCases(desk, cases.Filter{Department: "marketing"}, 10, ""); err != nil || len(page.Cases) != 0 {
			t.Errorf("%+v, %v", page, err)
		}
		_, err = s.ListCases(stranger, cases.Filter{}, 10, "")
		wantFault(t, err, fault.ScopeMissing)
		handed, err := s.HandOverCase(desk, cases.Change{ID: own.ID}, cases.HandOver{Department: "marketing"})
		if err != nil || handed.ID != own.ID || handed.Address != "" || handed.Subject != "" {
			t.Errorf("what the department that had it is told: %+v, %v", handed, err)
		}
		_, err = s.GetCase(desk, own.ID)
		wantFault(t, err, fault.CaseMissing)
		if c := w.getCase(ctx, s, own.ID).Case; c.Department != "marketing" || c.Address != "ben@example.at" || c.Due != own.Due {
			t.Errorf("%+v", c)
		}
	})
}

func TestCases_List_ThoseDueFirst_InPages(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		late := consent.InstantOf(start.Add(-48 * time.Hour))
		for i, n := range []cases.NewCase{
			{Kind: casework.Inquiry, Channel: "newsletter"},
			{Kind: casework.Complaint, Channel: "newsletter", Received: late},
			{Kind: casework.Access, Channel: "product-marketing"},
			{Kind: casework.Complaint, Channel: "newsletter"},
		} {
			n.Subject = strings.Repeat("x", i+1)
			w.openCase(ctx, s, n)
		}
		w.clock.Advance(50 * time.Hour) // It is Tuesday afternoon.
		list := func(f cases.Filter, size int) (ids []string) {
			t.Helper()
			for token := ""; ; {
				page, err := s.ListCases(ctx, f, size, token)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range page.Cases {
					ids = append(ids, c.ID)
				}
				if token = page.Next; token == "" {
					return ids
				}
			}
		}
		all := []string{"2026-000002", "2026-000004", "2026-000001", "2026-000003"}
		for size := 1; size < 5; size++ {
			if diff := cmp.Diff(all, list(cases.Filter{}, size)); diff != "" {
				t.Errorf("pages of %d (-want +got)\n%s", size, diff)
			}
		}
		if diff := cmp.Diff(all[:2], list(cases.Filter{Overdue: true}, 10)); diff != "" {
			t.Errorf("overdue (-want +got)\n%s", diff)
		}
		if got := list(cases.Filter{Department: "marketing", State: casework.Open}, 10); len(got) != 1 || got[0] != "2026-000003" {
			t.Errorf("of a desk: %s", got)
		}
		_, err := s.ListCases(ctx, cases.Filter{}, 10, "nonsense")
		wantFault(t, err, fault.InvalidPageToken)
	})
}

func TestCases_BadInput_HasADefinedAnswer(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.staffed()
		s, ctx := w.acme()
		past, future := consent.InstantOf(start.Add(-time.Hour)), consent.InstantOf(start.Add(time.Hour))
		for _, c := range []struct {
			name string
			n    cases.NewCase
			want fault.Code
		}{
			{"no kind", cases.NewCase{}, fault.InvalidRequest},
			{"no address", cases.NewCase{Kind: casework.Other, Address: "nobody"}, fault.InvalidAddress},
			{"received tomorrow", cases.NewCase{Kind: casework.Other, Received: future}, fault.InvalidTime},
			{"received years ago", cases.NewCase{Kind: casework.Other, Received: consent.InstantOf(start.AddDate(-3, 0, 0))}, fault.InvalidTime},
			{"due in the past", cases.NewCase{Kind: casework.Other, Due: past}, fault.InvalidTime},
			{"unknown desk", cases.NewCase{Kind: casework.Other, Department: "sales"}, fault.DeskMissing},
			{"unknown channel", cases.NewCase{Kind: casework.Other, Channel: "sms"}, fault.UnknownChannel},
			{"unknown sender", cases.NewCase{Kind: casework.Other, SenderIdentity: "sms"}, fault.InvalidRequest},
			{"a stranger for assignee", cases.NewCase{Kind: casework.Other, Department: "marketing", Assignee: "otto"}, fault.DeskLacksMember},
			{"a desk without members", cases.NewCase{Kind: casework.Other, Department: "newsletter-desk", Assignee: "otto"}, fault.DeskLacksMember},
		} {
			if _, err := s.OpenCase(ctx, c.n); err == nil {
				t.Errorf("%s: it was opened", c.name)
			} else {
				wantFault(t, err, c.want)
			}
		}
		c := w.openCase(ctx, s, complaintAbout("anna@example.at"))
		change := cases.Change{ID: c.ID}
		_, _, err := s.CloseCase(ctx, change, cases.Closing{Outcome: casework.Done})
		wantFault(t, err, fault.InvalidRequest)
		_, _, err = s.CloseCase(ctx, change, cases.Closing{Outcome: casework.Justified, Objection: "channel:sms"})
		wantFault(t, err, fault.InvalidSuppression)
		_, err = s.ResubmitCase(ctx, change, past, "")
		wantFault(t, err, fault.InvalidTime)
		_, err = s.CommentCase(ctx, change, " \n", false)
		wantFault(t, err, fault.InvalidRequest)
		_, err = s.HandOverCase(ctx, change, cases.HandOver{Department: "sales"})
		wantFault(t, err, fault.DeskMissing)
		_, err = s.HandOverCase(ctx, change, cases.HandOver{Department: "marketing"})
		wantFault(t, err, fault.InvalidRequest)
		_, err = s.AssignCase(ctx, cases.Change{ID: c.ID, Etag: "7"}, "mara")
		wantFault(t, err, fault.EtagMismatch)
		for _, id := range []string{"", "1", "2026-1", "2026-000009", "0000-000001", "2026-0000001"} {
			if _, err := s.GetCase(ctx, id); err == nil {
				t.Errorf("there is a case %q", id)
			}
		}
		if c, err := s.AssignCase(ctx, cases.Change{ID: c.ID, Etag: c.Etag}, "mara"); err != nil || c.Assignee != "mara" {
			t.Errorf("%+v, %v", c, err)
		}
		closed, position, err := s.CloseCase(ctx, change, cases.Closing{Outcome: casework.Unfounded})
		if err != nil || position != 0 {
			t.Errorf("%+v, %d, %v", closed, position, err)
		}
		_, err = s.AssignCase(ctx, change, "")
		wantFault(t, err, fault.CaseClosed)
		_, err = s.CommentCase(ctx, change, "an answer", true)
		wantFault(t, err, fault.CaseClosed)
		if _, err = s.CommentCase(ctx, change, "a note", false); err != nil {
			t.Errorf("a note in a closed case: %v", err)
		}
	})
}

func TestCases_AddressedToOnePerson_AreHandedOverOnlyIfTheSenderKnows(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		n := complaintAbout("anna@example.at")
		n.Personal = true
		c := w.openCase(ctx, s, n)
		over := func(informed casework.Informed, reason string) error {
			_, err := s.HandOverCase(ctx, cases.Change{ID: c.ID}, cases.HandOver{Department: "newsletter-desk", SenderInformed: informed, Reason: reason})
			return err
		}
		wantFault(t, over("", "it is theirs"), fault.SenderNotInformed)
		wantFault(t, over(casework.NotNeeded, ""), fault.SenderNotInformed)
		if err := over(casework.NotNeeded, "she asked for it"); err != nil {
			t.Fatal(err)
		}
		got := w.getCase(ctx, s, c.ID)
		if got.Case.Department != "newsletter-desk" || got.Case.SenderInformed != string(casework.NotNeeded) || !strings.Contains(got.Entries[1].Text, "she asked for it") {
			t.Errorf("%+v", got)
		}
	})
}

func TestAbsences_ADeputyStandsIn_AndNobodysCaseWaits(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.staffed()
		s, ctx := w.acme()
		n := complaintAbout("anna@example.at")
		n.Assignee = "mara"
		c := w.openCase(ctx, s, n)
		until := consent.InstantOf(start.AddDate(0, 0, 10))
		away := func(member, deputy string) (absences.Absence, error) {
			return s.CreateAbsence(ctx, absences.NewAbsence{Department: "marketing", Member: member, Deputy: deputy, Until: until})
		}
		first, err := away("mara", "max")
		if err != nil {
			t.Fatal(err)
		}
		if _, err = away("max", "mia"); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Minute)
		if got := w.getCase(ctx, s, c.ID).Case; got.Assignee != "mara" || got.Deputy != "mia" {
			t.Errorf("the deputy of the deputy: %+v", got)
		}
		for _, bad := range []struct {
			a    absences.NewAbsence
			want fault.Code
		}{
			{absences.NewAbsence{Department: "marketing", Member: "mia", Deputy: "mara", Until: until}, fault.InvalidAbsence}, // a circle
			{absences.NewAbsence{Department: "marketing", Member: "mia", Deputy: "mia", Until: until}, fault.InvalidAbsence},  // her own
			{absences.NewAbsence{Department: "marketing", Member: "mara", Until: until}, fault.InvalidAbsence},                // away already
			{absences.NewAbsence{Department: "marketing", Member: "mia"}, fault.InvalidAbsence},                               // no end
			{absences.NewAbsence{Department: "marketing", Member: "mia", Until: until + 400*86_400e6}, fault.InvalidTime},     // too long
			{absences.NewAbsence{Department: "marketing", Member: "otto", Until: until}, fault.InvalidAbsence},                // a stranger
			{absences.NewAbsence{Department: "newsletter-desk", Member: "nora", Until: until}, fault.InvalidAbsence},          // a desk without members
			{absences.NewAbsence{Department: "sales", Member: "nora", Until: until}, fault.DeskMissing},                       // no desk
			{absences.NewAbsence{Department: "marketing", Member: "mia", From: 1, Until: 2}, fault.InvalidTime},               // passed
		} {
			_, err := s.CreateAbsence(ctx, bad.a)
			wantFault(t, err, bad.want)
		}
		desks, err := s.ListDesks(ctx, "")
		if err != nil || len(desks) != 3 || desks[1].Department != "marketing" || desks[1].Open != 1 || desks[1].Members[0].Deputy != "mia" ||
			desks[1].Members[0].AwayUntil != until || desks[1].Members[2].AwayUntil != 0 || desks[1].Hours != "mon-fri 09:00-17:00 UTC" {
			t.Errorf("%+v, %v", desks, err)
		}
		page, err := s.ListAbsences(ctx, "marketing", 1, "")
		if err != nil || len(page.Absences) != 1 || page.Absences[0].Member != "mara" || page.Next == "" {
			t.Fatalf("%+v, %v", page, err)
		}
		if page, err = s.ListAbsences(ctx, "marketing", 1, page.Next); err != nil || page.Absences[0].Member != "max" || page.Next != "" {
			t.Fatalf("%+v, %v", page, err)
		}
		desk := w.as(ctx, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"cases"}})
		wantFault(t, s.DeleteAbsence(desk, first.ID, txn.Idempotency{}), fault.AbsenceMissing)
		if err := s.DeleteAbsence(ctx, first.ID, txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		wantFault(t, s.DeleteAbsence(ctx, first.ID, txn.Idempotency{}), fault.AbsenceMissing)
		if got := w.getCase(ctx, s, c.ID).Case; got.Deputy != "" {
			t.Errorf("mara is back: %+v", got)
		}
	})
}

func TestCases_Erasure_TakesThePersonAndKeepsTheFigures(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		n := complaintAbout("Anna@example.at")
		n.Subject, n.Text = "needle in the subject", "needle in the text"
		n.Idempotency = txn.Idempotency{Method: "OpenCase", ID: requestID(1), Body: []byte("1")}
		c := w.openCase(ctx, s, n)
		other := w.openCase(ctx, s, complaintAbout("ben@example.at"))
		change := cases.Change{ID: c.ID, Idempotency: txn.Idempotency{Method: "CommentCase", ID: requestID(2), Body: []byte("2")}}
		if _, err := s.CommentCase(ctx, change, "needle in a note", false); err != nil {
			t.Fatal(err)
		}
		if !sealedHolds(t, w, "needle in the text") || !sealedHolds(t, w, "needle in a note") {
			t.Fatal("the search does not open what a case has sealed")
		}
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindErase, Address: "anna@example.at"})
		searchTables(t, w, &needles{texts: []string{"anna@example", "needle"}})
		got := w.getCase(ctx, s, c.ID)
		if got.Case.Address != "" || got.Case.Subject != "" || got.Recipient != nil || got.OffersObjection || got.Case.Due != c.Due || len(got.Entries) != 2 {
			t.Errorf("%+v", got)
		}
		_, _, err := s.CloseCase(ctx, cases.Change{ID: c.ID}, cases.Closing{Outcome: casework.Justified, Objection: consent.ScopeMarketing})
		wantFault(t, err, fault.CaseLacksAddress)
		_, err = s.DraftAnswer(ctx, c.ID, "")
		wantFault(t, err, fault.CaseLacksAddress)
		if kept := w.getCase(ctx, s, other.ID).Case; kept.Address != "ben@example.at" {
			t.Errorf("%+v", kept)
		}
		// Who was erased may complain: that they are written to still is a reason.
		again := w.openCase(ctx, s, complaintAbout("anna@example.at"))
		if got := w.getCase(ctx, s, again.ID); got.Recipient.Channels[0].Decision.Reason != consent.CodeErased {
			t.Errorf("%+v", got.Recipient)
		}
	})
}

func TestCases_Draft_SaysWhyTheyGotTheMail(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("product-marketing", "anna@example.at", start))
		w.clock.Advance(72 * time.Hour)
		known := w.openCase(ctx, s, complaintAbout("anna@example.at"))
		stranger := w.openCase(ctx, s, complaintAbout("ben@example.at"))
		access := w.openCase(ctx, s, cases.NewCase{Kind: casework.Access, Address: "ben@example.at", Department: "customer-service"})
		w.mustRecord(ctx, s, withdrawal("product-marketing", "anna@example.at"))
		for _, c := range []struct {
			id, language string
			want         []string
		}{
			{known.ID, "", []string{
				"You wrote to us on", "because you consented to such messages on", "web form", "Product information", "Product marketing",
				"You confirmed this", "all-news", "You get no more of these messages", "Acme GmbH",
			}},
			{known.ID, "de", []string{"Sie haben uns am", "eingewilligt", "Produktmarketing", "Sie erhalten keine solchen Nachrichten mehr", "Hauptplatz 1"}},
			{stranger.ID, "en", []string{"It should not have been sent"}},
			{access.ID, "en", []string{"We could not find out yet which message", "Article 12(3)"}},
		} {
			draft, err := s.DraftAnswer(ctx, c.id, c.language)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range c.want {
				if !strings.Contains(strings.Join(strings.Fields(draft.Text), " "), text) {
					t.Errorf("the draft for %s lacks %q:\n%s", c.id, text, draft.Text)
				}
			}
			if !strings.HasSuffix(draft.Subject, "[Case "+c.id+"]") || !strings.Contains(draft.From, "@acme.example") {
				t.Errorf("%s: subject %q, from %q", c.id, draft.Subject, draft.From)
			}
		}
	})
}

func TestNotices_TellTheDeskOfWhatIsNew(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.staffed()
		s, ctx := w.acme()
		c := w.openCase(ctx, s, complaintAbout("anna@example.at"))
		if _, err := s.AssignCase(ctx, cases.Change{ID: c.ID}, "mara"); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		w.openCase(ctx, s, cases.NewCase{Kind: casework.Inquiry})
		list := func(ctx context.Context, f notices.Filter) (all []string) {
			t.Helper()
			for token := ""; ; {
				page, err := s.ListNotices(ctx, f, 1, token)
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range page.Notices {
					all = append(all, string(n.Audience)+" "+n.Recipient+" "+n.Kind+" "+n.Resource)
				}
				if token = page.Next; token == "" {
					return all
				}
			}
		}
		want := []string{"officer  case_opened cases/2026-000002", "member mara case_assigned cases/2026-000001", "desk marketing case_opened cases/2026-000001"}
		if diff := cmp.Diff(want, list(ctx, notices.Filter{})); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if diff := cmp.Diff(want[1:2], list(ctx, notices.Filter{Recipient: "mara"})); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		marketing := w.as(ctx, s, administration.NewClient{ID: "desk", Department: "marketing", Scopes: []string{"cases"}})
		if diff := cmp.Diff(want[1:], list(marketing, notices.Filter{})); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}
