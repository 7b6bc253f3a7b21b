package service

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/cases"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/sends"
)

func TestExport_MessagesAndCases_AreTold(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const anna = "anna@example.at"
		a, err := address.Parse(anna)
		if err != nil {
			t.Fatal(err)
		}
		if d := dossierOf(ctx, t, s, anna); d.Subject.Status != dossier.StatusUnknown || d.HoldsBeside() {
			t.Errorf("nothing is held, and it says %+v", d)
		}
		now := w.clock.Now()
		window := campaign.Window{From: now.UnixMicro(), Until: now.Add(24 * time.Hour).UnixMicro()}
		if _, err := s.CreateSend(ctx, sends.NewSend{ID: "spring", Channel: "product-marketing", Subject: "Spring", Window: window}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ReportSent(ctx, "spring", []contacts.Report{{Address: anna}}); err != nil {
			t.Fatal(err)
		}
		if err := s.SetPersonalCap(ctx, a, &contacts.PersonalCap{Max: 1, Per: period.Days(7)}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Hour)
		c := w.openCase(ctx, s, complaintAbout(anna))
		w.wantCase(ctx, s, letter{from: anna, to: "marketing@acme.example", id: "1@home", subject: "[Case " + c.ID + "]", text: "Whose list was it?"},
			cases.MailAttached, casework.Complaint, "marketing")
		if _, err := s.CommentCase(ctx, cases.Change{ID: c.ID}, "Our agency is to blame.", false); err != nil {
			t.Fatal(err)
		}
		w.openCase(ctx, s, complaintAbout("ben@example.at"))
		d := dossierOf(ctx, t, s, anna)
		if len(d.Messages) != 1 || d.Messages[0].Send != "spring" || d.Messages[0].State != "sent" || d.Messages[0].SenderIdentity != "acme-marketing" {
			t.Errorf("messages %+v", d.Messages)
		}
		if diff := cmp.Diff(&dossier.Wish{Max: 1, Per: "P7D"}, d.Wish); diff != "" || d.Subject.Status != dossier.StatusKnown {
			t.Errorf("%s, the wish (-want +got)\n%s", d.Subject.Status, diff)
		}
		if len(d.Cases) != 1 || d.Cases[0].Number != c.ID || d.Cases[0].Department.ID != "marketing" || len(d.Cases[0].Letters) != 2 ||
			d.Cases[0].Letters[0].Text != "I left you\nlong ago." || d.Cases[0].Letters[1].Text != "Whose list was it?" {
			t.Errorf("cases %+v", d.Cases)
		}
		for lang, wants := range map[locale.Language][]string{
			locale.English: {"Messages of marketing", "spring", c.ID, "complaint", "Whose list was it?", "at most 1 message of marketing within 7 days"},
			locale.German:  {"Werbenachrichten", "spring", c.ID, "Beschwerde", "Whose list was it?", "höchstens 1 Werbenachricht zu erhalten (Zeitraum: 7 Tage)"},
		} {
			page := w.answerTo(ctx, s, anna, lang)
			for _, want := range wants {
				if !strings.Contains(page, want) {
					t.Errorf("%s lacks %q", lang.Tag(), want)
				}
			}
			if strings.Contains(page, "agency is to blame") {
				t.Errorf("%s has what the desk notes for itself", lang.Tag())
			}
		}
		other := w.as(ctx, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"export"}})
		if d := dossierOf(other, t, s, anna); len(d.Messages) != 0 || len(d.Cases) != 0 {
			t.Errorf("another department is told %+v and %+v", d.Messages, d.Cases)
		}
		if _, err := s.Erase(ctx, record.Erasure{Address: anna, Justification: "asked for it"}); err != nil {
			t.Fatal(err)
		}
		if d := dossierOf(ctx, t, s, anna); d.HoldsBeside() {
			t.Errorf("after the erasure: %+v, %+v, %+v", d.Messages, d.Wish, d.Cases)
		}
	})
}
