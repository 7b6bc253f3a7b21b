package service

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	kinds "github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/intake/mail"
	"github.com/assent-io/assent/internal/service/intake"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/token"
)

func TestSubmitMail_UnsubscribeWithAClockThatIsWrong_Counts(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.unsubscribe = []string{"leave@acme.example"}
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, statement.Statement{
			Kind: consent.KindWithdraw, Address: hanna, Channels: []string{"newsletter"}, Source: consent.SourceAPI,
		})
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		w.clock.Advance(time.Hour)
		link := w.tokenFor(ctx, s, "newsletter", hanna)
		w.clock.Advance(time.Hour)
		// The answer to a message cannot be older than the message, whatever the clock of the person says.
		w.wantMail(ctx, s, "leave@acme.example", leaving(start.AddDate(-1, 0, 0), hanna, "unsubscribe "+link), intake.Recorded)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeWithdrawn)
	})
}

func TestSubmitMail_SoftBouncesOfBeforeALift_CountNoMore(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		header := headerOf(w.tokenFor(ctx, s, "newsletter", hanna))
		full := func() string { return bounced(w.clock.Now(), hanna, "4.2.2", "mailbox full", header) }
		for range 4 {
			w.clock.Advance(48 * time.Hour)
			w.wantMail(ctx, s, bounceBox, full(), intake.Noted)
		}
		w.clock.Advance(time.Hour)
		w.wantMail(ctx, s, bounceBox, bounced(w.clock.Now(), hanna, "5.1.1", "no such user", header), intake.Recorded)
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, statement.Statement{
			Kind: consent.KindLift, Address: hanna, Reason: consent.ReasonHardBounce, Source: consent.SourceAPI, Justification: "works again",
		})
		for range 2 {
			w.clock.Advance(48 * time.Hour)
			w.wantMail(ctx, s, bounceBox, full(), intake.Noted)
			w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
		}
	})
}

func TestSubmitMail_SoftBouncesOfBeforeAConfirmation_CountNoMore(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		header := headerOf(w.tokenFor(ctx, s, "newsletter", hanna))
		for i := range 6 {
			if i == 3 {
				w.clock.Advance(time.Hour)
				w.mustRecord(ctx, s, consentOn("product-marketing", hanna, w.clock.Now()))
			}
			w.clock.Advance(48 * time.Hour)
			w.wantMail(ctx, s, bounceBox, bounced(w.clock.Now(), hanna, "4.2.2", "mailbox full", header), intake.Noted)
		}
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
	})
}

func TestSubmitMail_TwoReportsAboutOneAddress_RecordOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		text := bounced(w.clock.Now(), hanna, "5.1.1", "no such user", headerOf(w.tokenFor(ctx, s, "newsletter", hanna)))
		text = strings.Replace(text, "--b\nContent-Type: text/rfc822-headers", "Final-Recipient: rfc822; Hanna@Example.at\nAction: failed\n"+
			"Status: 5.1.6\nDiagnostic-Code: smtp; 550 5.1.6 moved\n\n--b\nContent-Type: text/rfc822-headers", 1)
		head := positions(t, s.Store)
		got := w.handIn(ctx, s, bounceBox, text)
		if now := positions(t, s.Store); now != head+1 || len(got.Recipients) != 2 || got.Recipients[1].Outcome != intake.Known {
			t.Errorf("recorded %d events, %+v", now-head, got.Recipients)
		}
	})
}

func TestSubmitMail_UnsubscribeWithATokenOfBeforeTheErasure_RecordsNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.unsubscribe = []string{"leave@acme.example"}
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		ours, err := token.NewLink(w.keys, &token.Link{Address: hanna, Channel: "newsletter", Decided: w.clock.Now().Unix() - 1})
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindErase, Address: hanna, Source: consent.SourceAPI, Justification: "asked"})
		w.clock.Advance(time.Hour)
		head := positions(t, s.Store)
		w.wantMail(ctx, s, "leave@acme.example", leaving(w.clock.Now(), hanna, "unsubscribe "+ours), intake.Gone)
		if got, err := s.Links.OneClick(ctx, ours, recipient.By{}); err != nil || got != recipient.Gone {
			t.Errorf("one click: %v, %v", got, err)
		}
		if _, err := s.Links.View(ctx, ours); !errors.Is(err, recipient.ErrGone) {
			t.Errorf("the page: %v", err)
		}
		if _, _, err := s.Links.Do(ctx, ours, recipient.Act{Action: recipient.ActEndAll}); !errors.Is(err, recipient.ErrGone) {
			t.Errorf("an act on the page: %v", err)
		}
		if now := positions(t, s.Store); now != head {
			t.Errorf("%d events were recorded", now-head)
		}
	})
}

func TestSubmitMail_LetterThatAsksToLeave_IsAHint(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		link := w.tokenFor(ctx, s, "newsletter", hanna)
		w.clock.Advance(time.Hour)
		letter := func(from, subject, header string) string {
			return leaving(w.clock.Now(), from, subject+"\nTo: redaktion@acme.example\nIn-Reply-To: <"+header+"@acme.example>")
		}
		w.wantMail(ctx, s, "redaktion@acme.example", letter("h@elsewhere.example", "Please remove me from your list", link), intake.Hinted)
		w.wantMail(ctx, s, "redaktion@acme.example", letter("otto@example.at", "Please remove me from your list", "x"), intake.Hinted)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
		hints := w.hints(ctx, s)
		if len(hints) != 2 {
			t.Fatalf("hints %+v", hints)
		}
		for _, h := range hints {
			if h.Kind != kinds.Unsubscribe || h.Cause != intake.CauseInWords || h.Text != "Please remove me from your list" {
				t.Errorf("hint %+v", h)
			}
			if h.Address == hanna {
				if _, records, err := s.AcceptHint(ctx, h.ID, ""); err != nil || len(records) != 1 {
					t.Errorf("records %+v, %v", records, err)
				}
			}
		}
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeWithdrawn)
	})
}

func TestSubmitMail_WithoutAnAddress_SaysSo(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		for text, want := range map[string]string{
			complaint(w.clock.Now(), "redacted", ""):                      "the report names no address",
			bounced(w.clock.Now(), "not an address", "5.1.1", "who?", ""): "the report names no address",
			bounced(w.clock.Now(), hanna, "5.7.1", "spam", ""):            "a report of this kind and class",
		} {
			got := w.handIn(ctx, s, bounceBox, text)
			if len(got.Recipients) != 1 || got.Recipients[0].Outcome != intake.NoAct || !strings.HasPrefix(got.Recipients[0].Why, want) {
				t.Errorf("%+v", got.Recipients)
			}
		}
	})
}

func TestSubmitMail_AddressWithANewOwner_EndsWhatWasGrantedBefore(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		both := consentOn("newsletter", hanna, start)
		both.Channels = []string{"newsletter", "product-marketing"}
		w.mustRecord(ctx, s, both)
		w.clock.Advance(time.Hour)
		header := headerOf(w.tokenFor(ctx, s, "newsletter", hanna))
		w.clock.Advance(time.Hour)
		text := bounced(w.clock.Now(), hanna, "5.7.17", "the mailbox owner has changed", header)
		head := positions(t, s.Store)
		w.wantMail(ctx, s, bounceBox, text, intake.Recorded)
		if now := positions(t, s.Store); now != head+3 {
			t.Errorf("%d events were recorded, want the bounce and the end of two consents", now-head)
		}
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeHardBounce)
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, statement.Statement{
			Kind: consent.KindLift, Address: hanna, Reason: consent.ReasonHardBounce, Source: consent.SourceAPI, Justification: "works again",
		})
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeWithdrawn)
		w.wantCheck(ctx, s, "product-marketing", hanna, consent.CodeWithdrawn)
		// What the new owner gives counts, also if the report comes once more.
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		w.wantMail(ctx, s, bounceBox, text, intake.Known)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
	})
}

func TestAcceptHint_AddressWithANewOwner_EndsWhatWasGrantedBefore(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		w.clock.Advance(time.Hour)
		w.wantMail(ctx, s, bounceBox, bounced(w.clock.Now(), hanna, "5.7.17", "the mailbox owner has changed", ""), intake.Hinted)
		hints := w.hints(ctx, s)
		_, records, err := s.AcceptHint(ctx, hints[0].ID, "")
		if err != nil || len(records) != 2 || records[0].Reason != consent.ReasonHardBounce || records[1].Channel != "newsletter" {
			t.Errorf("got %+v, %v", records, err)
		}
	})
}

func TestSubmitMail_BounceOfBeforeALift_IsNotRecordedAfterIt(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		header := headerOf(w.tokenFor(ctx, s, "newsletter", hanna))
		w.clock.Advance(time.Hour)
		first := bounced(w.clock.Now(), hanna, "5.1.1", "no such user", header)
		second := bounced(w.clock.Now().Add(time.Minute), hanna, "5.1.1", "no such user", header)
		w.clock.Advance(time.Hour)
		w.wantMail(ctx, s, bounceBox, first, intake.Recorded)
		w.wantMail(ctx, s, bounceBox, second, intake.Known) // One stands already.
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, statement.Statement{
			Kind: consent.KindLift, Address: hanna, Reason: consent.ReasonHardBounce, Source: consent.SourceAPI, Justification: "works again",
		})
		head := positions(t, s.Store)
		w.wantMail(ctx, s, bounceBox, second, intake.Known)
		if now := positions(t, s.Store); now != head {
			t.Errorf("%d events were recorded", now-head)
		}
	})
}

// Of decisions about a hint that share a transaction the first counts, and the others are told so: what is recorded is what the hint says.
func TestDecideHint_AmongOtherDecisions_TheFirstCounts(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		for name, acceptFirst := range map[string]bool{"accepted first": true, "dismissed first": false} {
			address := strings.ReplaceAll(name, " ", "-") + "@example.at"
			w.mustRecord(ctx, s, consentOn("newsletter", address, start))
			w.clock.Advance(time.Hour)
			text := bounced(w.clock.Now(), address, "5.1.1", "no such user", "")
			w.wantMail(ctx, s, bounceBox, text, intake.Hinted)
			id := w.hints(ctx, s)[0].ID
			accept := func() error { _, _, err := s.AcceptHint(ctx, id, ""); return err }
			dismiss := func() error { _, err := s.DismissHint(ctx, id); return err }
			calls, state, verdict := []func() error{dismiss, accept}, intake.StateDismissed, consent.CodeAllowConsent
			if acceptFirst {
				calls, state, verdict = []func() error{accept, dismiss}, intake.StateAccepted, consent.CodeHardBounce
			}
			errs := inOneTransaction(ctx, t, s, calls)
			if errs[0] != nil {
				t.Errorf("%s: %v", name, errs[0])
			}
			wantFault(t, errs[1], fault.HintDecided)
			if h, err := s.GetHint(ctx, id); err != nil || h.State != state {
				t.Errorf("%s: it is %s, %v", name, h.State, err)
			}
			w.clock.Advance(time.Second)
			w.wantCheck(ctx, s, "newsletter", address, verdict)
		}
	})
}

func TestSubmitMail_SameReportTwiceInOneTransaction_IsOneHint(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		text := bounced(w.clock.Now(), hanna, "5.1.1", "no such user", "")
		var got [2]*intake.Result
		submit := func(i int) func() error {
			return func() (err error) {
				got[i], err = s.SubmitMail(ctx, &intake.Mail{Envelope: mail.Envelope{From: "<>", To: []string{bounceBox}}, Body: strings.NewReader(text)})
				return err
			}
		}
		if err := errors.Join(inOneTransaction(ctx, t, s, []func() error{submit(0), submit(1)})...); err != nil {
			t.Fatal(err)
		}
		if first, second := got[0].Recipients[0].Outcome, got[1].Recipients[0].Outcome; first != intake.Hinted || second != intake.Known {
			t.Errorf("they came to %s and %s", first, second)
		}
		if n := len(w.hints(ctx, s)); n != 1 {
			t.Errorf("%d hints", n)
		}
	})
}
