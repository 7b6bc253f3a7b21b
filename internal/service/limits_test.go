package service

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/receipts"
	"github.com/assent-io/assent/internal/service/recipient"
)

// TestCheck_FreezeOfTheCatalog_DefersWhatIsToBeSent holds that a freeze reaches each way of asking, and that no ALLOW lasts into it.
func TestCheck_FreezeOfTheCatalog_DefersWhatIsToBeSent(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		text := w.tokenFor(ctx, s, "newsletter", hanna)
		from := w.clock.Now().Add(2 * time.Minute).Truncate(time.Second)
		until := from.Add(time.Hour)
		document := acme(t) + fmt.Sprintf("freezes: [{from: %s, until: %s, reason: stocktaking}, {from: %[2]s, reason: trial, observe: true}]\n",
			from.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339))
		w.clock.Advance(time.Second)
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		if d := w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent); d.ValidUntil != consent.InstantOf(from) {
			t.Errorf("an ALLOW lasts until %s, and the freeze begins at %s", d.ValidUntil, from)
		}
		w.clock.Advance(10 * time.Minute)
		if d := w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeFreeze); d.Verdict != consent.Defer || d.Retry != consent.InstantOf(until) {
			t.Errorf("in the freeze: %s until %s", d.Verdict, d.Retry)
		}
		got, err := s.BatchCheck(ctx, check.BatchInput{Addresses: []string{hanna, "bert@example.at"}, Request: consent.Request{Channel: "newsletter"}})
		if err != nil {
			t.Fatal(err)
		}
		if d, _ := got.Item(0); d.Reason != consent.CodeFreeze || d.Retry != consent.InstantOf(until) {
			t.Errorf("in a batch: %+v", d)
		}
		if d, _ := got.Item(1); d.Verdict != consent.Deny {
			t.Errorf("a denial became %+v", d)
		}
		now := consent.InstantOf(w.clock.Now())
		for name, c := range map[string]struct {
			in   check.Input
			want consent.Code
		}{
			"now":                      {check.Input{}, consent.CodeFreeze},
			"as of now":                {check.Input{Moment: asof.Moment{AsOf: now}}, consent.CodeAllowConsent},
			"as of now, to be sent":    {check.Input{Moment: asof.Moment{AsOf: now}, Operational: true}, consent.CodeFreeze},
			"as of before, to be sent": {check.Input{Moment: asof.Moment{AsOf: consent.InstantOf(from) - 1}, Operational: true}, consent.CodeAllowConsent},
		} {
			w.wantSameReceipt(ctx, s, name, c.in, c.want)
		}
		view, err := s.Links.View(t.Context(), text)
		if err != nil || len(view.Rows) != 1 || view.Rows[0].State != recipient.Receiving {
			t.Errorf("the page in a freeze: %+v, %v", view, err)
		}
		w.clock.Set(until)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeAllowConsent)
		observed := check.Input{Moment: asof.Moment{AsOf: consent.InstantOf(until)}, Operational: true}
		d := w.wantSameReceipt(ctx, s, "what is only observed", observed, consent.CodeAllowConsent)
		if !slices.Equal(d.Reasons, []consent.Code{consent.CodeAllowConsent, consent.CodeWouldDefer, consent.CodeFreeze}) {
			t.Errorf("what is only observed: %v", d.Reasons)
		}
	})
}

// wantSameReceipt asks about hanna on the newsletter, wants the reason, and that its receipt says the same when it is asked again.
func (w *world) wantSameReceipt(ctx context.Context, s *Service, name string, in check.Input, want consent.Code) check.Result {
	w.t.Helper()
	in.Address, in.Request, in.Receipt = hanna, consent.Request{Channel: "newsletter"}, true
	d, err := s.Check(ctx, in)
	if err != nil || d.Reason != want {
		w.t.Errorf("%s: got %s, want %s (%v)", name, d.Reason, want, err)
	}
	v, err := s.VerifyReceipt(ctx, receipts.Input{Receipt: d.Receipt, Address: hanna})
	if err != nil || v.Outcome != receipts.Same {
		w.t.Errorf("%s: the receipt came to %v with %v (%v)", name, v.Outcome, v.Differences, err)
	}
	return d
}

func TestPage_UnclearClickInAFreeze_SaysWhenTheClickEnds(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		old := w.cameBack(ctx, s)
		w.clock.Advance(time.Minute)
		w.wantClick(s, old, recipient.Unclear)
		ends := w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeUnclear).Retry
		w.clock.Advance(time.Second)
		document := acme(t) + fmt.Sprintf("freezes: [{from: %s, reason: stocktaking}]\n", w.clock.Now().UTC().Format(time.RFC3339))
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		if d := w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeUnclear); d.Retry != 0 {
			t.Errorf("in a freeze without end a check may be repeated from %s", d.Retry)
		}
		view, err := s.Links.View(t.Context(), old)
		if err != nil || len(view.Rows) != 1 || view.Rows[0].State != recipient.Asked || view.Rows[0].Until != ends {
			t.Errorf("the page: %+v, %v; want until %s", view, err, ends)
		}
	})
}
