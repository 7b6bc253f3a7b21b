package service

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	kinds "github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/intake/mail"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/intake"
)

// bounced is a delivery report about one address. Header is what of the returned message tells whose it was.
func bounced(at time.Time, address, status, said, header string) string {
	return fmt.Sprintf(`From: MAILER-DAEMON@mx.example
To: bounces@acme.example
Date: %s
Message-ID: <%s@mx.example>
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

The mail could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; %s
Action: failed
Status: %s
Diagnostic-Code: smtp; 550 %s

--b
Content-Type: text/rfc822-headers

From: news@acme.example
%sSubject: News

--b--
`, at.Format(time.RFC1123Z), fmt.Sprintf("%d.%s", at.UnixNano(), strings.ReplaceAll(address, "@", ".")), address, status, status+" "+said, header)
}

func headerOf(token string) string { return "Assent-Token: " + token + "\n" }

// complaint is a report of a mailbox provider.
func complaint(at time.Time, address, header string) string {
	return fmt.Sprintf(`From: fbl@provider.example
To: abuse@acme.example
Date: %s
Message-ID: <%d@provider.example>
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: text/plain

A complaint.

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: provider/1
Version: 1
Original-Rcpt-To: %s

--b
Content-Type: text/rfc822-headers

From: news@acme.example
%sSubject: News

--b--
`, at.Format(time.RFC1123Z), at.UnixNano(), address, header)
}

// leaving is a mail to the address of List-Unsubscribe.
func leaving(at time.Time, from, subject string) string {
	return fmt.Sprintf("From: %s\nTo: leave@acme.example\nDate: %s\nMessage-ID: <%d@home.example>\nSubject: %s\n\n", from, at.Format(time.RFC1123Z),
		at.UnixNano(), subject)
}

// fromOf is who sends to an address: to the one for leaving persons, to all others programs.
func fromOf(to string) string {
	if strings.HasPrefix(to, "leave@") {
		return hanna
	}
	return "<>"
}

// handIn hands a mail in and returns what became of it.
func (w *world) handIn(ctx context.Context, s *Service, to, text string) *intake.Result {
	w.t.Helper()
	got, err := s.SubmitMail(ctx, &intake.Mail{
		Envelope: mail.Envelope{From: fromOf(to), To: []string{to}}, Body: strings.NewReader(text), Source: "api",
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// wantMail hands a mail in twice: it comes to an outcome, and the second time nothing is recorded.
func (w *world) wantMail(ctx context.Context, s *Service, to, text string, want ...intake.Outcome) {
	w.t.Helper()
	dry, err := s.SubmitMail(ctx, &intake.Mail{
		Envelope: mail.Envelope{From: fromOf(to), To: []string{to}}, Body: strings.NewReader(text), Source: "api", DryRun: true,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	outcomes := func(of *intake.Result) (list []intake.Outcome) {
		for _, r := range of.Recipients {
			list = append(list, r.Outcome)
		}
		return list
	}
	if diff := cmp.Diff(want, outcomes(dry)); diff != "" {
		w.t.Errorf("a trial (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(want, outcomes(w.handIn(ctx, s, to, text))); diff != "" {
		w.t.Errorf("a mail (-want +got)\n%s", diff)
	}
	before := lastPosition(ctx, w.t, s)
	w.clock.Advance(time.Second)
	w.handIn(ctx, s, to, text)
	if now := lastPosition(ctx, w.t, s); now != before {
		w.t.Errorf("the same mail recorded %d events", now-before)
	}
}

func (w *world) hints(ctx context.Context, s *Service) []intake.Hint {
	w.t.Helper()
	var all []intake.Hint
	for page := (intake.Page{}); ; {
		var err error
		if page, err = s.ListHints(ctx, intake.StateOpen, 100, page.Next); err != nil {
			w.t.Fatal(err)
		}
		if all = append(all, page.Hints...); page.Next == "" {
			return all
		}
	}
}

const bounceBox = "bounce@bounces.example"

func TestSubmitMail_HardBounceWithAToken_SuppressesTheAddressOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		text := bounced(w.clock.Now(), "HANNA@example.at", "5.1.1", "no such user", headerOf(w.tokenFor(ctx, s, "newsletter", hanna)))
		w.wantMail(ctx, s, bounceBox, text, intake.Recorded)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeHardBounce)
		// The same mail is known again also after an officer has lifted the bounce.
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, statement.Statement{
			Kind: consent.KindLift, Address: hanna, Reason: consent.ReasonHardBounce, Source: consent.SourceAPI, Justification: "works again",
		})
		head := positions(t, s.Store)
		w.handIn(ctx, s, bounceBox, text)
		if now := positions(t, s.Store); now != head {
			t.Errorf("a mail of before the lift recorded %d events", now-head)
		}
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
	})
}

func TestSubmitMail_ReturnPathOfTheAddress_Proves(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		path := w.headersFor(ctx, s, consent.Request{Channel: "newsletter"}, hanna).ReturnPath
		w.wantMail(ctx, s, path, bounced(w.clock.Now(), "otto@example.at", "5.1.1", "no such user", ""), intake.Hinted)
		w.wantMail(ctx, s, path, bounced(w.clock.Now(), hanna, "5.1.1", "no such user", ""), intake.Recorded)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeHardBounce)
	})
}

func TestSubmitMail_WithoutAToken_IsAHintAtMost(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		otto := headerOf(w.tokenFor(ctx, s, "newsletter", hanna))
		head := positions(t, s.Store)
		text := bounced(w.clock.Now(), hanna, "5.1.1", "no such user", "")
		w.wantMail(ctx, s, bounceBox, text, intake.Hinted)
		w.wantMail(ctx, s, bounceBox, bounced(w.clock.Now(), "otto@example.at", "5.1.1", "no such user", otto), intake.Hinted)
		w.wantMail(ctx, s, bounceBox, complaint(w.clock.Now(), hanna, ""), intake.Hinted)
		w.wantMail(ctx, s, bounceBox, bounced(w.clock.Now(), hanna, "5.7.1", "listed at spamhaus", ""), intake.NoAct)
		if now := positions(t, s.Store); now != head {
			t.Errorf("%d events were recorded without a proof", now-head)
		}
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
		hints := w.hints(ctx, s)
		if len(hints) != 3 || hints[2].Address != hanna || hints[2].Cause != intake.CauseNoToken || hints[1].Cause != intake.CauseOtherAddress ||
			hints[1].Channel != "newsletter" {
			t.Fatalf("hints %+v", hints)
		}
	})
}

func TestAcceptHint_ActsAsIfTheTokenHadBeenThere(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		w.mustRecord(ctx, s, consentOn("newsletter", "otto@example.at", start))
		w.clock.Advance(time.Hour)
		w.handIn(ctx, s, bounceBox, complaint(w.clock.Now(), "otto@example.at", ""))
		w.handIn(ctx, s, bounceBox, bounced(w.clock.Now(), hanna, "5.1.1", "no such user", ""))
		w.handIn(ctx, s, bounceBox, bounced(w.clock.Now(), "forged@example.at", "5.1.1", "no such user", ""))
		w.clock.Advance(time.Second)
		for _, h := range w.hints(ctx, s) {
			switch h.Address {
			case "forged@example.at":
				if got, err := s.DismissHint(ctx, h.ID); err != nil || got.State != intake.StateDismissed {
					t.Errorf("dismissed: %+v, %v", got, err)
				}
				_, _, err := s.AcceptHint(ctx, h.ID, "")
				wantFault(t, err, fault.HintDecided)
			case hanna:
				if _, records, err := s.AcceptHint(ctx, h.ID, ""); err != nil || len(records) != 1 || records[0].Reason != consent.ReasonHardBounce {
					t.Errorf("accepted: %+v, %v", records, err)
				}
			default:
				_, _, err := s.AcceptHint(ctx, h.ID, "")
				wantFault(t, err, fault.HintLacks)
				_, records, err := s.AcceptHint(ctx, h.ID, "newsletter")
				if err != nil || len(records) != 1 || records[0].Reason != consent.ReasonComplaint {
					t.Errorf("accepted: %+v, %v", records, err)
				}
				head := positions(t, s.Store)
				if _, _, err := s.AcceptHint(ctx, h.ID, "newsletter"); err != nil || positions(t, s.Store) != head {
					t.Errorf("accepted twice: %v", err)
				}
			}
		}
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeHardBounce)
		w.wantCheck(ctx, s, "newsletter", "otto@example.at", consent.CodeComplaint)
		if left := w.hints(ctx, s); len(left) != 0 {
			t.Errorf("hints that are open: %+v", left)
		}
		_, _, err := s.AcceptHint(ctx, "00000000-0000-0000-0000-000000000001", "")
		wantFault(t, err, fault.HintMissing)
		_, err = s.ListHints(access.WithCaller(ctx, access.Caller{}), "", 1, "")
		wantFault(t, err, fault.ScopeMissing)
	})
}

func TestSubmitMail_Complaint_StopsTheDepartment(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		text := complaint(w.clock.Now().Add(time.Minute), "", headerOf(w.tokenFor(ctx, s, "newsletter", hanna)))
		w.clock.Advance(time.Hour)
		w.wantMail(ctx, s, bounceBox, text, intake.Recorded)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeComplaint)
		_, records, err := s.Store.Ledger(ctx, positions(t, s.Store)-1, 1)
		if err != nil {
			t.Fatal(err)
		}
		event := records[0].Event
		if event.Actor != access.IntakeID || !strings.HasPrefix(string(event.Scope), consent.ScopeDepartment+":") || event.Occurred >= event.Recorded {
			t.Errorf("recorded %+v", event)
		}
	})
}

func TestSubmitMail_Unsubscribe_LeavesTheChannelOfTheToken(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.unsubscribe = []string{"leave@acme.example"}
		s, ctx := w.linked()
		both := consentOn("newsletter", hanna, start)
		both.Channels = []string{"newsletter", "product-marketing"}
		w.mustRecord(ctx, s, both)
		link := w.tokenFor(ctx, s, "newsletter", hanna)
		text := leaving(w.clock.Now().Add(time.Minute), "someone@home.example", "unsubscribe "+link)
		w.clock.Advance(time.Hour)
		w.wantMail(ctx, s, "leave@acme.example", text, intake.Recorded)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeWithdrawn)
		w.wantCheck(ctx, s, "product-marketing", hanna, consent.CodeAllowConsent)
		// A mail of before the person came back changes nothing.
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		w.clock.Advance(time.Hour)
		w.wantMail(ctx, s, "leave@acme.example", text, intake.Known)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
		// One that was written between what they said before and that, and comes late, neither.
		late := leaving(w.clock.Now().Add(-90*time.Minute), "someone@home.example", "unsubscribe "+link)
		w.wantMail(ctx, s, "leave@acme.example", late, intake.Recorded)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
		w.wantMail(ctx, s, "leave@acme.example", leaving(w.clock.Now(), hanna, "unsubscribe"), intake.Hinted)
	})
}

func TestSubmitMail_SoftBounces_AreEnoughAfterAWeek(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		header := headerOf(w.tokenFor(ctx, s, "newsletter", hanna))
		full := func(n int, want intake.Outcome) {
			t.Helper()
			for range n {
				w.clock.Advance(36 * time.Hour)
				w.wantMail(ctx, s, bounceBox, bounced(w.clock.Now(), hanna, "4.2.2", "mailbox full", header), want)
			}
		}
		full(4, intake.Noted)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
		relayed := strings.ReplaceAll(bounced(w.clock.Now(), hanna, "2.0.0", "ok", header), "Action: failed", "Action: delivered")
		w.handIn(ctx, s, bounceBox, relayed)
		w.clock.Advance(time.Minute)
		full(5, intake.Noted)
		w.clock.Advance(24 * time.Hour)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
		full(1, intake.Recorded)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeHardBounce)
	})
}

func TestSubmitMail_DomainBounce_NeedsASecondADayLater(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		header := headerOf(w.tokenFor(ctx, s, "newsletter", hanna))
		gone := func() string { return bounced(w.clock.Now(), hanna, "5.1.2", "Host or domain name not found", header) }
		w.wantMail(ctx, s, bounceBox, gone(), intake.Noted)
		w.clock.Advance(time.Hour)
		w.wantMail(ctx, s, bounceBox, gone(), intake.Noted)
		w.clock.Advance(23 * time.Hour)
		w.wantMail(ctx, s, bounceBox, gone(), intake.Recorded)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeHardBounce)
	})
}

func TestErase_DeletesHintsAndSoftBounces_AndWhatComesLaterIsNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		w.mustRecord(ctx, s, consentOn("newsletter", "otto@example.at", start))
		headers := w.headersFor(ctx, s, consent.Request{Channel: "newsletter"}, hanna)
		header := headerOf(headers.Token)
		w.handIn(ctx, s, bounceBox, bounced(w.clock.Now(), hanna, "5.1.1", "no such user", ""))
		w.handIn(ctx, s, bounceBox, bounced(w.clock.Now(), hanna, "4.2.2", "mailbox full", header))
		w.handIn(ctx, s, bounceBox, bounced(w.clock.Now(), "otto@example.at", "5.1.1", "no such user", ""))
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindErase, Address: hanna, Source: consent.SourceAPI, Justification: "asked"})
		if left := w.hints(ctx, s); len(left) != 1 || left[0].Address != "otto@example.at" {
			t.Errorf("hints %+v", left)
		}
		for _, c := range w.raw().cells() {
			if c.table == "soft_bounces" {
				t.Fatal("a soft bounce was left")
			}
		}
		w.clock.Advance(time.Minute)
		for _, text := range []string{
			bounced(w.clock.Now(), hanna, "5.1.1", "no such user", header), bounced(w.clock.Now(), hanna, "5.1.1", "no such user", ""),
			complaint(w.clock.Now(), "", header),
		} {
			w.wantMail(ctx, s, headers.ReturnPath, text, intake.Gone)
		}
		if left := w.hints(ctx, s); len(left) != 1 {
			t.Errorf("hints %+v", left)
		}
	})
}

func TestSubmitMail_TwoRecipients_HaveTheirOwnFates(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		text := bounced(w.clock.Now(), hanna, "5.1.1", "no such user", headerOf(w.tokenFor(ctx, s, "newsletter", hanna)))
		text = strings.Replace(text, "--b\nContent-Type: text/rfc822-headers", "Final-Recipient: rfc822; otto@example.at\nAction: failed\n"+
			"Status: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 blocked using spamhaus\n\n--b\nContent-Type: text/rfc822-headers", 1)
		w.wantMail(ctx, s, bounceBox, text, intake.Recorded, intake.NoAct)
		got := w.handIn(ctx, s, bounceBox, text)
		if got.Kind != kinds.Bounce || got.Recipients[1].Class == kinds.Hard {
			t.Errorf("%+v", got)
		}
	})
}

func TestForgetReports_DeletesWhatIsOld(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, start))
		w.handIn(ctx, s, bounceBox, bounced(w.clock.Now(), hanna, "5.1.1", "no such user", ""))
		w.clock.Advance(89 * 24 * time.Hour)
		for _, want := range []int{1, 0} {
			if err := s.ForgetReports(ctx); err != nil {
				t.Fatal(err)
			}
			if left := w.hints(ctx, s); len(left) != want {
				t.Errorf("%d hints, want %d", len(left), want)
			}
			w.clock.Advance(2 * 24 * time.Hour)
		}
	})
}

// lastPosition returns the position of the last event.
func lastPosition(ctx context.Context, t testing.TB, s *Service) int64 {
	t.Helper()
	head, err := s.Store.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return head.Position
}

func TestHints_InPagesOfAnySize_EachOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const hints = 12
		for n := range hints {
			w.handIn(ctx, s, "bounces@acme.example", bounced(start, fmt.Sprintf("p%d@example.at", n), "5.1.1", "no such user", ""))
		}
		for size := 1; size <= hints; size++ {
			seen := map[string]bool{}
			for page, token := 0, ""; page == 0 || token != ""; page++ {
				got, err := s.ListHints(ctx, intake.StateOpen, size, token)
				if err != nil {
					t.Fatal(err)
				}
				for _, h := range got.Hints {
					if seen[h.ID] {
						t.Fatalf("pages of %d: %s stands in two", size, h.ID)
					}
					seen[h.ID] = true
				}
				token = got.Next
			}
			if len(seen) != hints {
				t.Errorf("pages of %d: %d of %d hints", size, len(seen), hints)
			}
		}
	})
}
