package consent_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/operational"
	"github.com/assent-io/assent/internal/consent/statement"
)

// TestStage9_AnyHistory_OnlyDefersWhatWouldBeAllowed holds stage 9: it never allows, and never changes an answer but an ALLOW of a
// marketing channel, which it defers to a time in the future at which nothing but time has changed.
func TestStage9_AnyHistory_OnlyDefersWhatWouldBeAllowed(t *testing.T) {
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
				lawful, now := l.rules[r].Decide(a, known, at), operational.Decide(l.rules[r], a, known, at)
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
				if again := operational.Decide(l.rules[r], a, known, now.Retry); again.Verdict == consent.Defer {
					t.Fatalf("%s asks %+v again at %s, and is told to wait until %s", a.Exact(), r, now.Retry, again.Retry)
				}
			}
		}
	})
	if deferred == 0 {
		t.Error("nothing was deferred")
	}
}
