package consent_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
)

// TestDecideToSend_AnyHistory_OnlyDefersWhatWouldBeAllowed holds stage 9: it never allows, and never changes an answer but an ALLOW of a
// marketing channel, which it defers to a time in the future at which nothing but time has changed.
func TestDecideToSend_AnyHistory_OnlyDefersWhatWouldBeAllowed(t *testing.T) {
	l := newLaboratory(t)
	deferred := 0
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, l.catalog, 14)
		for range roll(t, "clicks", 4) {
			h.addUnclear(t, pick(t, "by", h.addresses...))
		}
		if last := h.addresses[len(h.addresses)-1]; roll(t, "linked", 2) == 1 {
			h.add(&statement.Statement{Kind: consent.KindLink, Occurred: drawDay(t, "linked"), Address: h.addresses[0].Exact(), With: last.Exact()})
		}
		for range roll(t, "consents", 4) {
			of := pick(t, "of", h.addresses...)
			at := drawDay(t, "consented")
			h.add(&statement.Statement{
				Kind: consent.KindGrant, Occurred: at, Address: of.Exact(), Channels: []string{"news", "shop"}, Basis: catalog.BasisConsent,
				Declaration: consent.Declaration{ID: "all", Version: "1"}, Source: "web_form", Confirmed: at, URL: "https://alpha.example", Operator: "desk-1",
			})
		}
		at := drawTime(t, "now")
		events := h.ledger()
		for _, a := range h.addresses {
			o, known := opinionOn(l.catalog, h.facts, a, at), events.known(a, at)
			for _, r := range labRequests() {
				lawful, now := l.rules[r].Decide(a, known, at), l.rules[r].DecideToSend(a, known, at)
				if diff := cmp.Diff(o.checkToSend(r), verdictOf(&now), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("%s asks %+v to send (-opinion +decision):\n%s", a.Exact(), r, diff)
				}
				if now.Verdict != consent.Defer {
					if now.Verdict != lawful.Verdict || now.Reason != lawful.Reason || !slices.Equal(now.Reasons, lawful.Reasons) {
						t.Fatalf("%s asks %+v: %s %v became %s %v", a.Exact(), r, lawful.Verdict, lawful.Reasons, now.Verdict, now.Reasons)
					}
					continue
				}
				deferred++
				ch, _ := l.catalog.Channel(r.Channel)
				if lawful.Verdict != consent.Allow || ch.Class != catalog.ClassMarketing || now.Retry <= at || now.ValidUntil != 0 || now.Position != 0 {
					t.Fatalf("%s asks %+v: %s %v became %+v", a.Exact(), r, lawful.Verdict, lawful.Reasons, now)
				}
				if again := l.rules[r].DecideToSend(a, known, now.Retry); again.Verdict == consent.Defer {
					t.Fatalf("%s asks %+v again at %s, and is told to wait until %s", a.Exact(), r, now.Retry, again.Retry)
				}
			}
		}
	})
	if deferred == 0 {
		t.Error("nothing was deferred")
	}
}

func TestDecideToSend_Allocates_NoMoreThanDecide(t *testing.T) {
	l := newLaboratory(t)
	r := labRequests()[0]
	h := &history{catalog: l.catalog}
	h.addresses = append(h.addresses, ordinaryAddress(t))
	known := h.ledger().known(h.addresses[0], instant(5))
	plain := testing.AllocsPerRun(100, func() { l.rules[r].Decide(h.addresses[0], known, instant(5)) })
	if sending := testing.AllocsPerRun(100, func() { l.rules[r].DecideToSend(h.addresses[0], known, instant(5)) }); sending > plain {
		t.Errorf("Decide allocates %v times, DecideToSend %v times", plain, sending)
	}
}

func ordinaryAddress(t testing.TB) address.Address {
	t.Helper()
	a, err := address.Parse("anna@example.com")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestDecideToSend_TheLastClickAndThoseOfLinkedAddressesCount(t *testing.T) {
	l := newLaboratory(t)
	consented := consent.Grant{
		Position: 1, Channels: []string{"news"}, Basis: catalog.BasisConsent, Declaration: consent.Declaration{ID: "all", Version: "1"},
		Source: "web_form", Origin: instant(1), At: instant(1), Confirmed: instant(1), Details: consent.AllDetails,
	}
	click := func(until consent.Instant, scope consent.Scope) consent.Suppression {
		return consent.Suppression{Reason: consent.ReasonUnsubscribeUnclear, Scope: scope, At: instant(2), Until: until}
	}
	ask := consent.Request{Channel: "news"}
	for name, c := range map[string]struct {
		own, linked []consent.Suppression
		want        consent.Verdict
		retry       consent.Instant
	}{
		"none":                   {want: consent.Allow},
		"two, the later first":   {own: []consent.Suppression{click(instant(9), "channel:news"), click(instant(7), "channel:news")}, want: consent.Defer, retry: instant(9)},
		"of another channel":     {own: []consent.Suppression{click(instant(9), "channel:shop")}, want: consent.Allow},
		"over":                   {own: []consent.Suppression{click(instant(5), "channel:news")}, want: consent.Allow},
		"of a linked address":    {linked: []consent.Suppression{click(instant(8), "channel:news")}, want: consent.Defer, retry: instant(8)},
		"of both, own the first": {own: []consent.Suppression{click(instant(7), "channel:news")}, linked: []consent.Suppression{click(instant(8), "channel:news")}, want: consent.Defer, retry: instant(8)},
	} {
		known := &consent.Known{
			Exact:  &consent.State{Grants: []consent.Grant{consented}},
			Folded: &consent.State{Suppressions: c.own},
			Linked: []consent.LinkedState{{State: &consent.State{Suppressions: c.linked}}},
		}
		d := l.rules[ask].DecideToSend(ordinaryAddress(t), known, instant(5))
		if d.Verdict != c.want || d.Retry != c.retry {
			t.Errorf("%s: got %s until %s, want %s until %s", name, d.Verdict, d.Retry, c.want, c.retry)
		}
	}
}
