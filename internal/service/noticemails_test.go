package service

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/mailer"
	"github.com/assent-io/assent/internal/service/cases"
	"github.com/assent-io/assent/internal/service/cases/absences"
	"github.com/assent-io/assent/internal/service/noticemail"
	"github.com/assent-io/assent/internal/service/notices"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
	"github.com/assent-io/assent/internal/testkit/mailserver"
)

// mailed gives the services that are made next a mail server, and the desk of marketing members with addresses.
func (w *world) mailed() *mailserver.Server {
	w.t.Helper()
	server := mailserver.Open(w.t, mailserver.Options{})
	sender, err := mailer.New(mailer.Options{Host: server.Host, Port: server.Port, From: "assent@acme.example", Clock: w.clock.Now})
	if err != nil {
		w.t.Fatal(err)
	}
	w.mails = noticemail.Options{Sender: sender, Officers: "dpo@acme.example"}
	w.cases.Desk = func(cat *catalog.Catalog, department string) (casework.Desk, bool) {
		desk, ok := desks.Of(cat, department)
		if department == "marketing" {
			desk.Language = "de"
			desk.Members = []casework.Member{{ID: "mara", Email: "mara@acme.example"}, {ID: "max", Email: "max@acme.example"}}
		}
		return desk, ok
	}
	return server
}

// runMails has a server plan and send mails, a moment later.
func (w *world) runMails(s *Service) {
	w.t.Helper()
	w.clock.Advance(time.Second)
	if err := s.RunNoticeMails(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// recipients returns to whom the server has taken mails, sorted.
func recipients(server *mailserver.Server) (list []string) {
	for _, m := range server.Mails() {
		list = append(list, m.To)
	}
	slices.Sort(list)
	return list
}

func wantRecipients(t *testing.T, server *mailserver.Server, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, recipients(server)); diff != "" {
		t.Errorf("mails to (-want +got)\n%s", diff)
	}
}

func (w *world) wantWaiting(s *Service, unplanned, waiting, dropped int64) {
	w.t.Helper()
	got, err := s.WaitingNotices(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if got.Unplanned != unplanned || got.Mails != waiting || got.Dropped != dropped || got.Oldest.IsZero() != (waiting == 0) {
		w.t.Errorf("waiting: %+v, not %d notices and %d mails, and %d dropped", got, unplanned, waiting, dropped)
	}
}

func TestNoticeMails_OneForEachMember_TellsWhatIsNew_WithoutAnAddress(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		server := w.mailed()
		s, ctx := w.acme()
		w.openCase(ctx, s, complaintAbout("anna@example.at"))
		w.openCase(ctx, s, complaintAbout("ben@example.at"))
		w.runMails(s)
		w.runMails(s)
		wantRecipients(t, server, "mara@acme.example", "max@acme.example")
		for _, m := range server.Mails() {
			msg, err := mail.ReadMessage(strings.NewReader(m.Text))
			if err != nil {
				t.Fatal(err)
			}
			if got := msg.Header.Get("Subject"); got != "2 Benachrichtigungen" {
				t.Errorf("the subject is %q", got)
			}
			for _, want := range []string{
				"Fall 2026-000001: ist neu", "03.11.2026, 09:00 Uhr UTC", "assent cases show 2026-000001", "Fall 2026-000002: ist neu",
			} {
				if !strings.Contains(m.Text, want) {
					t.Errorf("%q is not in\n%s", want, m.Text)
				}
			}
			for _, personal := range []string{"anna", "ben@", "Your mail", "I left you"} {
				if strings.Contains(m.Text, personal) {
					t.Errorf("%q is in\n%s", personal, m.Text)
				}
			}
		}
		page, err := s.ListNotices(ctx, notices.Filter{Department: "marketing"}, 10, "")
		if err != nil || len(page.Notices) != 2 || page.Notices[0].Told == 0 || page.Notices[1].Told == 0 {
			t.Errorf("the notices are %+v, %v", page.Notices, err)
		}
		w.wantWaiting(s, 0, 0, 0)
	})
}

func TestNoticeMails_MemberAway_TheDeputyGetsIt_AndWhatHasNoMemberTheOfficers(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		server := w.mailed()
		s, ctx := w.acme()
		until := consent.InstantOf(start.Add(30 * 24 * time.Hour))
		if _, err := s.CreateAbsence(ctx, absences.NewAbsence{Department: "marketing", Member: "mara", Deputy: "max", Until: until}); err != nil {
			t.Fatal(err)
		}
		c := w.openCase(ctx, s, complaintAbout("anna@example.at"))
		if _, err := s.AssignCase(ctx, cases.Change{ID: c.ID}, "mara"); err != nil {
			t.Fatal(err)
		}
		w.runMails(s)
		wantRecipients(t, server, "max@acme.example")
		w.openCase(ctx, s, cases.NewCase{Kind: casework.Inquiry, Subject: "a call"}) // Of no department.
		w.runMails(s)
		wantRecipients(t, server, "dpo@acme.example", "max@acme.example")
		if text := server.Mails()[1].Text; !strings.Contains(text, "Case 2026-000002: is new") || !strings.Contains(text, "Fall 2026-000002: ist neu") {
			t.Errorf("the mail to the officers is\n%s", text)
		}
	})
}

func TestNoticeMails_MailServerAway_IsTriedAgain_AndWhatComesMeanwhileJoins(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		server := w.mailed()
		w.mails.Officers = ""
		good := w.mails.Sender
		away := &awaySender{Sender: good}
		w.mails.Sender = away
		away.is.Store(true)
		s, ctx := w.acme()
		w.openCase(ctx, s, complaintAbout("anna@example.at"))
		w.runMails(s)
		w.wantWaiting(s, 0, 2, 0)
		if away.asked.Load() != 1 {
			t.Errorf("the mail server was asked for %d mails by a run that does not reach it", away.asked.Load())
		}
		w.openCase(ctx, s, complaintAbout("ben@example.at"))
		w.runMails(s) // The other mail is still due.
		w.runMails(s) // None is.
		if w.wantWaiting(s, 0, 2, 0); away.asked.Load() != 2 {
			t.Errorf("the mail server was asked %d times", away.asked.Load())
		}
		restarted := w.service(s.Store, 0)
		w.clock.Advance(time.Minute)
		away.is.Store(false)
		w.runMails(restarted)
		wantRecipients(t, server, "mara@acme.example", "max@acme.example")
		for _, m := range server.Mails() {
			if !strings.Contains(m.Text, "2026-000001") || !strings.Contains(m.Text, "2026-000002") {
				t.Errorf("a mail lacks a case:\n%s", m.Text)
			}
		}
		w.wantWaiting(s, 0, 0, 0)
	})
}

// awaySender is a sender whose mail server can be away.
type awaySender struct {
	noticemail.Sender

	is    atomic.Bool
	asked atomic.Int64
}

func (s *awaySender) Send(ctx context.Context, m mailer.Mail) error {
	s.asked.Add(1)
	if s.is.Load() {
		return &mailer.Failure{Outcome: mailer.Unreachable}
	}
	return s.Sender.Send(ctx, m)
}

func TestNoticeMails_AnswerLost_IsSentAgainAsTheSameMail(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		server := w.mailed()
		s, ctx := w.acme()
		var cuts atomic.Int64
		server.CutAfterText(func() bool { return cuts.Add(1) == 1 })
		w.openCase(ctx, s, complaintAbout("anna@example.at"))
		w.runMails(s)
		w.openCase(ctx, s, complaintAbout("ben@example.at"))
		w.runMails(s) // What is new does not join the mail that the server may have.
		w.clock.Advance(time.Minute)
		w.runMails(s)
		bodies := map[string]int{}
		for _, m := range server.Mails() {
			msg, err := mail.ReadMessage(strings.NewReader(m.Text))
			if err != nil {
				t.Fatal(err)
			}
			bodies[fmt.Sprint(m.To, msg.Header.Get("Message-ID"), strings.Count(m.Text, "assent cases show"))]++
		}
		twice := 0
		for _, n := range bodies {
			if n == 2 {
				twice++
			}
		}
		// One to each member about each case, and the one without an answer again.
		if len(server.Mails()) != 5 || len(bodies) != 4 || twice != 1 {
			t.Errorf("the server has %d mails, %v", len(server.Mails()), bodies)
		}
		w.wantWaiting(s, 0, 0, 0)
	})
}

func TestNoticeMails_NoSuchAddress_IsGivenUp_AndAnotherRefusalAfterThreeDays(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		server := w.mailed()
		s, ctx := w.acme()
		server.Refuse(func(to string) error {
			if strings.HasPrefix(to, "mara@") {
				return mailserver.Answer(550, 5, 1, 1, "mara@acme.example is unknown")
			}
			return mailserver.Answer(451, 4, 7, 1, "come again")
		})
		w.openCase(ctx, s, complaintAbout("anna@example.at"))
		w.runMails(s)
		w.wantWaiting(s, 0, 1, 1)
		attempts := int64(0)
		for range 3*24 + 20 {
			w.clock.Advance(time.Hour)
			w.runMails(s)
			due, err := casetable.DueNoticeMails(ctx, s.Store, consent.InstantOf(w.clock.Now().Add(2*time.Hour)), 9)
			if err != nil {
				t.Fatal(err)
			}
			if len(due) == 0 {
				break
			}
			attempts = due[0].Attempts
		}
		w.wantWaiting(s, 0, 0, 2)
		if attempts < 60 || attempts > 90 {
			t.Errorf("it was tried %d times in three days", attempts)
		}
		wantRecipients(t, server)
	})
}

func TestNoticeMails_OldNotices_AreOnlyListed(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		server := w.mailed()
		sender := w.mails.Sender
		w.mails.Sender = nil
		s, ctx := w.acme()
		w.openCase(ctx, s, complaintAbout("anna@example.at"))
		w.runMails(s)
		w.wantWaiting(s, 1, 0, 0)
		w.clock.Advance(3 * 24 * time.Hour)
		w.openCase(ctx, s, complaintAbout("ben@example.at"))
		w.wantWaiting(s, 1, 0, 0)
		w.mails.Sender = sender
		later := w.service(s.Store, 0)
		for want, of := range map[bool]*Service{false: s, true: later} {
			if got, err := of.NoticeAddressees(ctx); err != nil || got.Mailed != want || got.Desks != 1 {
				t.Errorf("%+v, %v", got, err)
			}
		}
		w.runMails(later)
		wantRecipients(t, server, "mara@acme.example", "max@acme.example")
		if text := server.Mails()[0].Text; strings.Contains(text, "2026-000001") || !strings.Contains(text, "2026-000002") {
			t.Errorf("the mail is\n%s", text)
		}
	})
}

func TestNoticeMails_SeveralServersAtOnce_SendEachOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		server := w.mailed()
		s, ctx := w.acme()
		servers := []*Service{s}
		for range 3 {
			servers = append(servers, w.second(s))
		}
		for range 5 {
			w.openCase(ctx, s, complaintAbout("anna@example.at"))
			ended := make(chan error, len(servers))
			for _, one := range servers {
				go func() { ended <- one.RunNoticeMails(context.WithoutCancel(ctx)) }()
			}
			for range servers {
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}
		}
		if got := len(server.Mails()); got != 10 {
			t.Errorf("there are %d mails, not one for each case and member", got)
		}
		w.wantWaiting(s, 0, 0, 0)
	})
}

func TestNoticeMails_ServerEndsInAnAttempt_TheNextOneTakesIt(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		server := w.mailed()
		s, ctx := w.acme()
		w.openCase(ctx, s, complaintAbout("anna@example.at"))
		away := &awaySender{}
		away.is.Store(true)
		w.mails.Sender = away
		w.runMails(w.service(s.Store, 0)) // It plans them.
		w.clock.Advance(time.Hour)
		now := consent.InstantOf(w.clock.Now())
		due, err := casetable.DueNoticeMails(ctx, s.Store, now, 9)
		if err != nil || len(due) != 2 {
			t.Fatalf("%+v, %v", due, err)
		}
		due[0].Lease, due[0].LeaseUntil, due[0].Handed = []byte("ended"), now.Add(5*time.Minute), true
		if err := s.Store.WriteTables(ctx, casetable.PutNoticeMail(&due[0])); err != nil {
			t.Fatal(err)
		}
		w.runMails(s)
		if got := len(server.Mails()); got != 1 {
			t.Errorf("%d mails were sent while another server has one", got)
		}
		w.clock.Advance(5 * time.Minute)
		w.runMails(s)
		wantRecipients(t, server, "mara@acme.example", "max@acme.example")
	})
}

func TestNoticeMails_AreDeletedAfterNinetyDays(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		server := w.mailed()
		server.Refuse(func(string) error { return mailserver.Answer(550, 5, 1, 1, "unknown") })
		s, ctx := w.acme()
		w.openCase(ctx, s, complaintAbout("anna@example.at"))
		w.runMails(s)
		for _, step := range []struct {
			days int
			left int64
		}{{90, 2}, {1, 0}} {
			w.clock.Advance(time.Duration(step.days) * 24 * time.Hour)
			if err := s.ForgetNoticeMails(ctx); err != nil {
				t.Fatal(err)
			}
			w.wantWaiting(s, 0, 0, step.left)
		}
	})
}
