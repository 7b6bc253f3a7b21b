package consent_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/operational"
	"github.com/assent-io/assent/internal/consent/statement"
)

// TestStage9_QuietHoursAndFreezes_WaitUntilTheFirstMomentAtWhichTheAnswerChanges holds stage 9 with all its limits: it defers nothing but an
// ALLOW of marketing, at the retry time it defers no longer, and until then it never allows; and no ALLOW lasts into what defers.
func TestStage9_QuietHoursAndFreezes_WaitUntilTheFirstMomentAtWhichTheAnswerChanges(t *testing.T) {
	c := labWith(t, limits(t)+"  - {from: 2026-02-21T00:00:00Z, until: 2026-03-20T00:00:00Z, reason: trial, observe: true}\n")
	plain := newLaboratory(t)
	seen := map[consent.Code]int{}
	property := func(t *rapid.T) {
		h := drawHistory(t, c, 10)
		for range roll(t, "clicks", 3) {
			h.addUnclear(t, pick(t, "by", h.addresses...))
		}
		for range roll(t, "consents", 4) {
			of := pick(t, "of", h.addresses...)
			at := drawDay(t, "consented")
			h.add(&statement.Statement{
				Kind: consent.KindGrant, Occurred: at, Address: of.Exact(), Channels: []string{"news", "shop"}, Basis: catalog.BasisConsent,
				Declaration: consent.Declaration{ID: "all", Version: "1"}, Source: "web_form", Confirmed: at, URL: "https://alpha.example", Operator: "desk-1",
			})
		}
		at := drawTime(t, "now") + consent.Instant(pick(t, "hour", 0, 3, 6, 7, 8, 10, 12, 15, 18, 19, 22))*consent.Instant(time.Hour.Microseconds())
		events := h.ledger()
		for _, a := range h.addresses {
			known := events.known(a, at)
			for _, r := range labRequests() {
				rules, err := consent.NewRules(c, r)
				if err != nil {
					t.Fatal(err)
				}
				lawful, now := rules.Decide(a, known, at), operational.Decide(rules, a, known, at)
				ch, _ := c.Channel(r.Channel)
				if lawful.Verdict != consent.Allow || ch.Class != catalog.ClassMarketing {
					if diff := cmp.Diff(verdictOf(&lawful), verdictOf(&now)); diff != "" {
						t.Fatalf("what is no ALLOW of marketing became (-lawful +now):\n%s", diff)
					}
					continue
				}
				without := operational.Decide(plain.rules[r], a, known, at)
				for _, code := range now.Reasons {
					seen[code]++
				}
				switch now.Verdict {
				case consent.Allow:
					if without.Verdict != consent.Allow || now.ValidUntil <= at || now.ValidUntil > lawful.ValidUntil {
						t.Fatalf("%+v at %s is allowed until %s, without limits %s until %s", r, at, now.ValidUntil, without.Verdict, without.ValidUntil)
					}
					if last := operational.Decide(rules, a, known, now.ValidUntil-1); last.Verdict == consent.Defer {
						t.Fatalf("%+v at %s is allowed until %s, and deferred just before that", r, at, now.ValidUntil)
					}
				case consent.Defer:
					holdDefer(t, rules, &now, at, func(at consent.Instant) consent.Decision { return operational.Decide(rules, a, known, at) })
				default:
					t.Fatalf("%+v at %s became %s", r, at, now.Verdict)
				}
			}
		}
	}
	rare := []consent.Code{consent.CodeUnclear, consent.CodeFreeze, consent.CodeQuietHours, consent.CodeWouldDefer}
	unseen := func(code consent.Code) bool { return seen[code] == 0 }
	// Few histories are tried at a time, and some of them may have no such moment.
	for rounds := 0; rounds == 0 || rounds < 20 && slices.ContainsFunc(rare, unseen); rounds++ {
		rapid.Check(t, property)
	}
	for _, code := range rare {
		if unseen(code) {
			t.Errorf("%s was never given", code)
		}
	}
}

// holdDefer holds a DEFER to its retry time.
func holdDefer(t *rapid.T, rules *consent.Rules, now *consent.Decision, at consent.Instant, ask func(at consent.Instant) consent.Decision) {
	if now.Retry <= at || now.ValidUntil != 0 || now.Position != 0 || now.Reason != now.Reasons[0] {
		t.Fatalf("on %s at %s: %+v", rules.Channel().ID, at, now)
	}
	order := []consent.Code{consent.CodeUnclear, consent.CodeFreeze, consent.CodeQuietHours}
	if !slices.IsSortedFunc(now.Reasons, func(a, b consent.Code) int { return slices.Index(order, a) - slices.Index(order, b) }) {
		t.Fatalf("the reasons are %v", now.Reasons)
	}
	if again := ask(now.Retry); again.Verdict == consent.Defer {
		t.Fatalf("asked again at %s it is to wait until %s, for %v", now.Retry, again.Retry, again.Reasons)
	}
	for part := range consent.Instant(20) {
		before := at + (now.Retry-1-at)*(part+1)/20
		if again := ask(before); again.Verdict == consent.Allow {
			t.Fatalf("at %s it is to wait until %s, and at %s it is allowed", at, now.Retry, before)
		}
	}
}
