package service

import (
	"errors"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/service/record"
)

func TestConfirmationPage_OfARequestThatANewerOneReplaced_OffersNothingToConfirm(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		ask := func() string {
			r, err := s.RequestConsent(ctx, record.OptIn{Statement: statement.Statement{
				Address: hanna, Channels: []string{"newsletter"}, Source: consent.SourceWebForm,
				Declaration: consent.Declaration{ID: "newsletter-signup", Version: "2026-01"},
			}})
			if err != nil || r.Token == "" {
				t.Fatalf("no mail may be sent: %s (%v)", r.Reason, err)
			}
			w.clock.Advance(20 * time.Minute)
			return r.Token
		}
		first, second := ask(), ask()
		for text, want := range map[string]bool{first: false, second: true} {
			a, err := s.Links.Asking(t.Context(), text)
			if err != nil || a.Waits != want {
				t.Errorf("the page offers to confirm: %t, want %t (%v)", a.Waits, want, err)
			}
		}
		if _, err := s.Links.Confirm(t.Context(), first, recipient.By{}); !fault.Is(err, fault.NothingPending) {
			t.Errorf("confirmed: %v", err)
		}
		if _, err := s.Links.Confirm(t.Context(), second, recipient.By{}); err != nil {
			t.Error(err)
		}
	})
}

func TestConfirmationPage_ConfirmsOnce_AndNotMeRefuses(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		asked, err := s.RequestConsent(ctx, record.OptIn{Statement: statement.Statement{
			Address: hanna, Channels: []string{"newsletter"}, Source: consent.SourceWebForm,
			Declaration: consent.Declaration{ID: "newsletter-signup", Version: "2026-01"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Minute)
		page := func() *recipient.Asking {
			t.Helper()
			a, err := s.Links.Asking(t.Context(), asked.Token)
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		if a := page(); !a.Waits || a.Confirmed || a.Refused || a.Channel.ID != "newsletter" || a.Declaration == nil {
			t.Errorf("before: %+v", a)
		}
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeConsentPending)
		for i, want := range []bool{false, true} {
			if known, err := s.Links.Confirm(t.Context(), asked.Token, recipient.By{IP: "192.0.2.1"}); err != nil || known != want {
				t.Errorf("confirmation %d was known: %t (%v)", i+1, known, err)
			}
			w.clock.Advance(time.Second)
		}
		if a := page(); a.Waits || !a.Confirmed {
			t.Errorf("confirmed: %+v", a)
		}
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
		for i, want := range []bool{false, true} {
			if known, err := s.Links.NotMe(t.Context(), asked.Token, recipient.By{}); err != nil || known != want {
				t.Errorf("refusal %d was known: %t (%v)", i+1, known, err)
			}
			w.clock.Advance(time.Second)
		}
		if a := page(); a.Waits || !a.Refused {
			t.Errorf("refused: %+v", a)
		}
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeWithdrawn)
		if _, err := s.Links.Confirm(t.Context(), asked.Token, recipient.By{}); !fault.Is(err, fault.RequestEnded) {
			t.Errorf("confirmed after that: %v", err)
		}
		if _, err := s.Links.Asking(t.Context(), asked.Token[:20]); !errors.Is(err, recipient.ErrNonsense) {
			t.Errorf("cut: %v", err)
		}
	})
}
