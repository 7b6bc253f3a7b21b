package service

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/service/record"
)

const hanna = "hanna@example.at"

// linked returns a service that makes links, and a context in which everything may be done.
func (w *world) linked() (*Service, context.Context) {
	w.links = recipient.Options{PublicURL: "https://consent.example", BounceLocal: "bounce", BounceDomain: "bounces.example"}
	if len(w.unsubscribe) > 0 {
		w.links.UnsubscribeAddress = w.unsubscribe[0]
	}
	return w.acme()
}

// tokenFor checks an address now and returns the token of the link of its message.
func (w *world) tokenFor(ctx context.Context, s *Service, channel, address string) string {
	w.t.Helper()
	return w.headersFor(ctx, s, consent.Request{Channel: channel}, address).Token
}

func (w *world) headersFor(ctx context.Context, s *Service, ask consent.Request, address string) *recipient.Headers {
	w.t.Helper()
	got, err := s.BatchCheck(ctx, check.BatchInput{Addresses: []string{address}, Request: ask})
	if err != nil {
		w.t.Fatal(err)
	}
	d, _ := got.Item(0)
	made, err := s.Links.Issue(ctx, ask.Channel, []recipient.Wanted{{Address: address, Verdict: d.Verdict, Decided: d.Decided}})
	if err != nil {
		w.t.Fatal(err)
	}
	if made[0] == nil {
		w.t.Fatalf("no link for a message that is %s (%s)", d.Verdict, d.Reason)
	}
	w.clock.Advance(2 * time.Second)
	return made[0]
}

// cameBack has hanna leave the newsletter and come back, and returns the token of a message from before.
func (w *world) cameBack(ctx context.Context, s *Service) string {
	w.t.Helper()
	w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
	old := w.tokenFor(ctx, s, "newsletter", hanna)
	w.mustRecord(ctx, s, withdrawal("newsletter", hanna))
	w.clock.Advance(time.Hour)
	w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
	return old
}

func (w *world) wantClick(s *Service, text string, want recipient.Outcome) {
	w.t.Helper()
	got, err := s.Links.OneClick(w.t.Context(), text, recipient.By{IP: "192.0.2.7", UserAgent: "a mailbox provider"})
	if err != nil || got != want {
		w.t.Errorf("the click came to %s, want %s (%v)", got, want, err)
	}
	w.clock.Advance(time.Second)
}

func TestOneClick_RefusesExactlyTheChannel_Once(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		both := consentOn("newsletter", hanna, start)
		both.Channels = []string{"newsletter", "product-marketing"}
		w.mustRecord(ctx, s, both)
		text := w.tokenFor(ctx, s, "newsletter", "Hanna@Example.AT")
		w.wantClick(s, text+">.", recipient.Done)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeWithdrawn)
		w.wantCheck(ctx, s, "product-marketing", hanna, consent.CodeAllowConsent)
		head := positions(t, s.Store)
		w.wantClick(s, text, recipient.Known)
		w.wantClick(s, text[:len(text)-1], recipient.Nonsense)
		w.wantClick(s, "", recipient.Nonsense)
		if now := positions(t, s.Store); now != head {
			t.Errorf("%d events were recorded after the first click", now-head)
		}
		_, records, err := s.Store.Ledger(ctx, head-1, 1)
		if err != nil {
			t.Fatal(err)
		}
		event := &records[0].Event
		evidence, err := s.OpenEvidence(event, records[0].Evidence)
		if err != nil {
			t.Fatal(err)
		}
		if event.Kind != consent.KindWithdraw || event.Actor != access.RecipientID || event.Source != consent.SourceWebForm ||
			evidence.IP != "192.0.2.7" || evidence.UserAgent != "a mailbox provider" || !strings.Contains(evidence.Note, "RFC 8058") || evidence.URL != "" {
			t.Errorf("recorded %+v with the evidence %+v", event.Facts, evidence)
		}
	})
}

func TestOneClick_OfAMessageFromBeforeThePersonCameBack_DefersAndRefusesNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		old := w.cameBack(ctx, s)
		fresh := w.tokenFor(ctx, s, "newsletter", hanna)
		w.wantClick(s, old, recipient.Unclear)
		w.wantClick(s, old, recipient.Known)
		got := w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeUnclear)
		if got.Verdict != consent.Defer || got.Retry < consent.InstantOf(w.clock.Now().Add(13*24*time.Hour)) || got.About != consent.AboutRecipient {
			t.Errorf("got %s, to be asked again at %s", got.Verdict, got.Retry)
		}
		if past, err := s.Check(ctx, check.Input{
			Address: hanna, Request: consent.Request{Channel: "newsletter"}, Moment: asof.Moment{AsOf: consent.InstantOf(w.clock.Now())},
		}); err != nil || past.Verdict != consent.Allow {
			t.Errorf("as of now the answer is %s (%v)", past.Verdict, err)
		}
		view, err := s.Links.View(t.Context(), old)
		if err != nil {
			t.Fatal(err)
		}
		if row := view.Rows[0]; !view.Old || row.State != recipient.Asked || !row.CanKeep || !row.CanLeave {
			t.Errorf("the page shows %+v, old: %t", row, view.Old)
		}
		w.do(s, old, recipient.Act{Action: recipient.ActKeep, Channel: "newsletter"}, true)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
		w.do(s, old, recipient.Act{Action: recipient.ActKeep, Channel: "newsletter"}, false)
		w.wantClick(s, old, recipient.Unclear)
		w.clock.Advance(14 * 24 * time.Hour)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
		w.wantClick(s, fresh, recipient.Done)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeWithdrawn)
		w.wantClick(s, old, recipient.Known)
	})
}

// do carries out an act and wants it to record something, or nothing.
func (w *world) do(s *Service, text string, act recipient.Act, want bool) *recipient.View {
	w.t.Helper()
	before := positions(w.t, s.Store)
	view, changed, err := s.Links.Do(w.t.Context(), text, act)
	if err != nil || changed != want {
		w.t.Fatalf("%s changed something: %t, want %t (%v)", act.Action, changed, want, err)
	}
	if after := positions(w.t, s.Store); (after > before) != want {
		w.t.Errorf("%s recorded %d events, and something was to be recorded: %t", act.Action, after-before, want)
	}
	w.clock.Advance(time.Second)
	return view
}

func TestLeaving_EndsWhatWasUnclear(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		old := w.cameBack(ctx, s)
		w.wantClick(s, old, recipient.Unclear)
		w.do(s, old, recipient.Act{Action: recipient.ActLeave, Channel: "newsletter"}, true)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeWithdrawn)
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
	})
}

func TestOneClick_ARenewedConsentWithoutANo_DoesNotMakeALinkOld(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		text := w.tokenFor(ctx, s, "newsletter", hanna)
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		w.wantClick(s, text, recipient.Done)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeWithdrawn)
	})
}

func TestOneClick_AConsentRenewedAfterComingBack_DoesNotMakeALinkOld(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, withdrawal("newsletter", hanna))
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		w.clock.Advance(time.Hour)
		text := w.tokenFor(ctx, s, "newsletter", hanna)
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		w.clock.Advance(time.Hour)
		w.wantClick(s, text, recipient.Done)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeWithdrawn)
	})
}

func TestLinks_OfAnErasedPerson_LeadToNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		text := w.tokenFor(ctx, s, "newsletter", hanna)
		if _, err := s.Erase(ctx, record.Erasure{Address: hanna, Justification: "asked for it"}); err != nil {
			t.Fatal(err)
		}
		head := positions(t, s.Store)
		w.wantClick(s, text, recipient.Gone)
		if _, err := s.Links.View(t.Context(), text); !errors.Is(err, recipient.ErrNonsense) {
			t.Errorf("the page: %v", err)
		}
		if _, _, err := s.Links.Do(t.Context(), text, recipient.Act{Action: recipient.ActEndAll}); !errors.Is(err, recipient.ErrNonsense) {
			t.Errorf("an act: %v", err)
		}
		if now := positions(t, s.Store); now != head {
			t.Errorf("%d events were recorded", now-head)
		}
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeErased)
	})
}

func TestPage_LookingChangesNothing_AndShowsLittle(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		sale := statement.Statement{
			Kind: consent.KindGrant, Address: hanna, Channels: []string{"product-marketing"}, Basis: catalog.BasisExistingCustomer,
			TransactionID: "order-1", Notice: true, Goods: []string{"coffee"}, Source: consent.SourceWebForm, Occurred: consent.InstantOf(w.clock.Now()),
		}
		w.mustRecord(ctx, s, sale)
		text := w.tokenFor(ctx, s, "product-marketing", hanna)
		head := positions(t, s.Store)
		view, err := s.Links.View(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		if view.Address != "h•••@e•••.at" || view.Controller.ID != "acme" || !view.CanEndAll || len(view.Rows) != 2 {
			t.Fatalf("the page shows %+v", view)
		}
		first, second := view.Rows[0], view.Rows[1]
		if first.Channel.ID != "product-marketing" || first.Basis != catalog.BasisExistingCustomer || first.State != recipient.Receiving ||
			!first.CanLeave || !first.CanPause || first.CanResume || first.CanKeep || first.Department.ID != "marketing" {
			t.Errorf("the first row is %+v", first)
		}
		if second.Channel.ID != "newsletter" || second.Basis != catalog.BasisConsent || second.Since == 0 {
			t.Errorf("the second row is %+v", second)
		}
		if now := positions(t, s.Store); now != head {
			t.Errorf("%d events were recorded", now-head)
		}
	})
}

func TestPage_PauseAndResume_TouchNoSuppressionOfOthers(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		text := w.tokenFor(ctx, s, "newsletter", hanna)
		pause := recipient.Act{Action: recipient.ActPause, Channel: "newsletter", Months: 3}
		resume := recipient.Act{Action: recipient.ActResume, Channel: "newsletter"}
		view := w.do(s, text, pause, true)
		if row := view.Rows[0]; row.State != recipient.Paused || row.Until == 0 || !row.CanResume || !row.CanLeave {
			t.Errorf("after a pause the page shows %+v", row)
		}
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeSuppressed)
		pause.Months = 1
		if shorter := w.do(s, text, pause, true); shorter.Rows[0].Until >= view.Rows[0].Until {
			t.Errorf("a shorter pause lasts until %s, the one before until %s", shorter.Rows[0].Until, view.Rows[0].Until)
		}
		w.do(s, text, resume, true)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
		w.do(s, text, resume, false)
		w.do(s, text, pause, true)
		w.mustRecord(ctx, s, statement.Statement{
			Kind: consent.KindSuppress, Address: hanna, Reason: consent.ReasonManual, Scope: "channel:newsletter", Note: "by the desk",
		})
		if view := w.do(s, text, resume, false); view.Rows[0].CanResume {
			t.Error("the page offers to end what the desk recorded")
		}
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeSuppressed)
	})
}

// TestPage_Pause_LeavesTheSuppressionsOfOthers pauses a channel beside what an officer recorded, which the pause outlasts or not: neither it nor its
// end touches that.
func TestPage_Pause_LeavesTheSuppressionsOfOthers(t *testing.T) {
	const days = 24 * time.Hour
	for name, c := range map[string]time.Duration{"that ends before": 20 * days, "that ends after": 90 * days, "without end": 0} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, w *world) {
				s, ctx := w.linked()
				w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
				text := w.tokenFor(ctx, s, "newsletter", hanna)
				officers := statement.Statement{
					Kind: consent.KindSuppress, Address: hanna, Reason: consent.ReasonManual, Scope: "channel:newsletter", Note: "by an officer",
				}
				if c != 0 {
					officers.Expires = consent.InstantOf(w.clock.Now().Add(c))
				}
				w.mustRecord(ctx, s, officers)
				w.clock.Advance(time.Hour)
				pause := recipient.Act{Action: recipient.ActPause, Channel: "newsletter", Months: 1}
				w.do(s, text, pause, true)
				w.do(s, text, pause, false)
				if view := w.do(s, text, recipient.Act{Action: recipient.ActResume, Channel: "newsletter"}, false); view.Rows[0].CanResume {
					t.Error("the page offers to end what the officer recorded")
				}
				w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeSuppressed)
			})
		})
	}
}

func TestOneClick_AConsentAfterAnUnclearClick_SaysWhatThePersonWants(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		old := w.cameBack(ctx, s)
		w.wantClick(s, old, recipient.Unclear)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeUnclear)
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
		w.do(s, old, recipient.Act{Action: recipient.ActKeep, Channel: "newsletter"}, false)
		w.wantClick(s, old, recipient.Unclear)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeUnclear)
	})
}

func TestIssue_AnAddressErasedSinceItWasDecidedAbout_IsToBeAskedAgain(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		decided := consent.InstantOf(w.clock.Now())
		if _, err := s.Erase(ctx, record.Erasure{Address: hanna, Justification: "asked for it"}); err != nil {
			t.Fatal(err)
		}
		_, err := s.Links.Issue(ctx, "newsletter", []recipient.Wanted{{Address: hanna, Verdict: consent.Allow, Decided: decided}})
		wantFault(t, err, fault.Unavailable)
	})
}

// TestReceipt_OfAnAnswerThatSendingIsUnclear_IsTheSameAskedAgain holds stage 9 in the replay of receipts, which asks about the past.
func TestReceipt_OfAnAnswerThatSendingIsUnclear_IsTheSameAskedAgain(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		old := w.cameBack(ctx, s)
		w.clock.Advance(time.Minute)
		w.wantClick(s, old, recipient.Unclear)
		w.clock.Advance(time.Hour)
		now := consent.InstantOf(w.clock.Now())
		for name, c := range map[string]struct {
			in   check.Input
			want consent.Code
		}{
			"now":                               {check.Input{}, consent.CodeUnclear},
			"as of now":                         {check.Input{Moment: asof.Moment{AsOf: now}}, consent.CodeAllowConsent},
			"as of now, with what is unclear":   {check.Input{Moment: asof.Moment{AsOf: now}, Operational: true}, consent.CodeUnclear},
			"of the past, with what is unclear": {check.Input{Moment: asof.Moment{AsOf: now - 3_630_000_000}, Operational: true}, consent.CodeAllowConsent},
		} {
			w.wantSameReceipt(ctx, s, name, c.in, c.want)
		}
	})
}

func TestPage_EndAll_IsAnObjectionThatIsRecordedOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		both := consentOn("newsletter", hanna, w.clock.Now())
		both.Channels = []string{"newsletter", "product-marketing"}
		w.mustRecord(ctx, s, both)
		text := w.tokenFor(ctx, s, "newsletter", hanna)
		endAll := recipient.Act{Action: recipient.ActEndAll}
		view := w.do(s, text, endAll, true)
		if view.CanEndAll || view.Rows[0].CanLeave || view.Rows[0].State != recipient.Left || view.Rows[1].State != recipient.Left {
			t.Errorf("after that the page shows %+v", view)
		}
		w.wantCheck(ctx, s, "product-marketing", hanna, consent.CodeObjection)
		w.do(s, text, endAll, false)
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
		w.do(s, text, endAll, true)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeObjection)
	})
}

func TestPage_EndAll_OfOneController_LeavesUnclearWhatIsOfAnother(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.links = recipient.Options{PublicURL: "https://consent.example"}
		s, ctx, _ := w.twoControllers()
		w.mustRecord(ctx, s, saidTo("shop", hanna, w.clock.Now()))
		old := w.tokenFor(ctx, s, "shop", hanna)
		w.mustRecord(ctx, s, withdrawal("shop", hanna))
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, saidTo("shop", hanna, w.clock.Now()))
		w.mustRecord(ctx, s, saidTo("news", hanna, w.clock.Now()))
		w.wantClick(s, old, recipient.Unclear)
		w.do(s, w.tokenFor(ctx, s, "news", hanna), recipient.Act{Action: recipient.ActEndAll}, true)
		w.wantCheck(ctx, s, "news", hanna, consent.CodeObjection)
		w.wantCheck(ctx, s, "shop", hanna, consent.CodeUnclear)
	})
}

func TestPage_ActsThatItDoesNotOffer_AreRefused(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, ctx := w.linked()
	w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
	text := w.tokenFor(ctx, s, "newsletter", hanna)
	head := positions(t, s.Store)
	for name, act := range map[string]recipient.Act{
		"no action": {}, "unknown action": {Action: "subscribe", Channel: "newsletter"}, "no channel": {Action: recipient.ActLeave},
		"not refusable": {Action: recipient.ActLeave, Channel: "legal-notices"}, "unknown channel": {Action: recipient.ActPause, Channel: "x", Months: 1},
		"pause for ever": {Action: recipient.ActPause, Channel: "newsletter", Months: 7}, "no pause": {Action: recipient.ActPause, Channel: "newsletter"},
	} {
		if _, _, err := s.Links.Do(t.Context(), text, act); !fault.Is(err, fault.InvalidRequest) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if now := positions(t, s.Store); now != head {
		t.Errorf("%d events were recorded", now-head)
	}
}

// TestPage_AfterAnAct_ShowsItsChannel leaves a channel that was retired while the page was open.
func TestPage_AfterAnAct_ShowsItsChannel(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		w.mustRecord(ctx, s, consentOn("product-marketing", hanna, w.clock.Now()))
		token := w.tokenFor(ctx, s, "newsletter", hanna)
		document := strings.Replace(acme(t), "  - id: product-marketing\n", "  - id: product-marketing\n    retired: true\n", 1)
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		view := w.do(s, token, recipient.Act{Action: recipient.ActLeave, Channel: "product-marketing"}, true)
		if len(view.Rows) != 2 || view.Rows[1].Channel.ID != "product-marketing" || view.Rows[1].State != recipient.Left {
			t.Errorf("the page is %+v", view)
		}
		if view, err := s.Links.View(t.Context(), token); err != nil || len(view.Rows) != 1 {
			t.Errorf("opened again, the page is %+v (%v)", view, err)
		}
	})
}

// TestPage_WithoutAMarketingChannel_OffersToEndAllMarketing opens the page by the link of a message about an order: nothing else is known of the
// person.
func TestPage_WithoutAMarketingChannel_OffersToEndAllMarketing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.clock.Advance(time.Second)
		document := strings.Replace(acme(t), "  - id: order-updates\n", "  - id: order-updates\n    refusable: true\n", 1)
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		token := w.headersFor(ctx, s, consent.Request{Channel: "order-updates", Reference: "order-1"}, hanna).Token
		view, err := s.Links.View(t.Context(), token)
		if err != nil || !view.CanEndAll || len(view.Rows) != 1 || view.Rows[0].Channel.ID != "order-updates" {
			t.Fatalf("the page is %+v (%v)", view, err)
		}
		view, changed, err := s.Links.Do(t.Context(), token, recipient.Act{Action: recipient.ActEndAll})
		if err != nil || !changed || view.CanEndAll {
			t.Errorf("after it the page is %+v, changed %t (%v)", view, changed, err)
		}
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeObjection)
		if got := w.headersFor(ctx, s, consent.Request{Channel: "order-updates", Reference: "order-2"}, hanna); got == nil {
			t.Error("messages about orders have ended, too")
		}
	})
}
