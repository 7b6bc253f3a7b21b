package consent_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
)

// labLimits lie in the days of the histories, and meet one another.
const labLimits = `
quiet_hours:
  - {zone: Europe/Vienna, from: 20:00, until: 08:00}
  - {zone: Australia/Lord_Howe, from: 12:00, until: 13:00, days: [mon, thu], channels: [news]}
  - {zone: Europe/Vienna, from: 12:00, until: 13:00, channels: [shop], observe: true}
freezes:
  - {from: 2026-02-24T07:00:00Z, until: 2026-02-25T12:00:00Z, reason: stocktaking, except: {channels: [news]}}
  - {from: 2026-02-26T00:00:00Z, until: 2026-02-27T00:00:00Z, reason: trial, observe: true}
`

// TestDecideToSend_QuietHoursAndFreezes_WaitUntilTheFirstMomentAtWhichTheAnswerChanges holds stage 9 with all its limits: it defers nothing but an
// ALLOW of marketing, at the retry time it defers no longer, and until then it never allows; and no ALLOW lasts into what defers.
func TestDecideToSend_QuietHoursAndFreezes_WaitUntilTheFirstMomentAtWhichTheAnswerChanges(t *testing.T) {
	c := labWith(t, labLimits+"  - {from: 2026-02-21T00:00:00Z, until: 2026-03-20T00:00:00Z, reason: trial, observe: true}\n")
	plain := newLaboratory(t)
	seen := map[consent.Code]int{}
	rapid.Check(t, func(t *rapid.T) {
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
				lawful, now := rules.Decide(a, known, at), rules.DecideToSend(a, known, at)
				ch, _ := c.Channel(r.Channel)
				if lawful.Verdict != consent.Allow || ch.Class != catalog.ClassMarketing {
					if diff := cmp.Diff(verdictOf(&lawful), verdictOf(&now)); diff != "" {
						t.Fatalf("what is no ALLOW of marketing became (-lawful +now):\n%s", diff)
					}
					continue
				}
				without := plain.rules[r].DecideToSend(a, known, at)
				for _, code := range now.Reasons {
					seen[code]++
				}
				switch now.Verdict {
				case consent.Allow:
					if without.Verdict != consent.Allow || now.ValidUntil <= at || now.ValidUntil > lawful.ValidUntil {
						t.Fatalf("%+v at %s is allowed until %s, without limits %s until %s", r, at, now.ValidUntil, without.Verdict, without.ValidUntil)
					}
					if last := rules.DecideToSend(a, known, now.ValidUntil-1); last.Verdict == consent.Defer {
						t.Fatalf("%+v at %s is allowed until %s, and deferred just before that", r, at, now.ValidUntil)
					}
				case consent.Defer:
					holdDefer(t, rules, &now, at, func(at consent.Instant) consent.Decision { return rules.DecideToSend(a, known, at) })
				default:
					t.Fatalf("%+v at %s became %s", r, at, now.Verdict)
				}
			}
		}
	})
	for _, code := range []consent.Code{consent.CodeUnclear, consent.CodeFreeze, consent.CodeQuietHours, consent.CodeWouldDefer} {
		if seen[code] == 0 {
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

// consented is what is known of a person with a consent for news and shop that does not end.
func consented() *consent.Known {
	return &consent.Known{Exact: &consent.State{Grants: []consent.Grant{{
		Position: 1, Channels: []string{"news", "shop"}, Basis: catalog.BasisConsent, Declaration: consent.Declaration{ID: "all", Version: "1"},
		Source: "web_form", Origin: instant(3), At: instant(3), Confirmed: instant(3), Details: consent.AllDetails,
	}}}}
}

func TestDecideToSend_Limits_GiveTheirReasonsAndTimes(t *testing.T) {
	c := labWith(t, labLimits)
	at := func(text string) consent.Instant {
		if text == "" {
			return 0
		}
		parsed, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return consent.InstantOf(parsed)
	}
	for name, d := range map[string]struct {
		channel, at  string
		want         consent.Verdict
		reasons      []consent.Code
		retry, until string
	}{
		"day":                        {"news", "2026-02-25T12:00:00Z", consent.Allow, []consent.Code{"ALLOW_CONSENT"}, "", "2026-02-25T19:00:00Z"},
		"just before quiet hours":    {"news", "2026-02-25T18:58:00Z", consent.Allow, []consent.Code{"ALLOW_CONSENT"}, "", "2026-02-25T19:00:00Z"},
		"quiet hours":                {"news", "2026-02-25T19:00:00Z", consent.Defer, []consent.Code{"QUIET_HOURS"}, "2026-02-26T07:00:00Z", ""},
		"end of quiet hours":         {"news", "2026-02-25T07:00:00Z", consent.Allow, []consent.Code{"ALLOW_CONSENT"}, "", "2026-02-25T19:00:00Z"},
		"quiet hours, then freeze":   {"shop", "2026-02-24T05:00:00Z", consent.Defer, []consent.Code{"QUIET_HOURS"}, "2026-02-25T12:00:00Z", ""},
		"both":                       {"shop", "2026-02-24T20:00:00Z", consent.Defer, []consent.Code{"FREEZE", "QUIET_HOURS"}, "2026-02-25T12:00:00Z", ""},
		"excepted":                   {"news", "2026-02-24T12:00:00Z", consent.Allow, []consent.Code{"ALLOW_CONSENT"}, "", "2026-02-24T19:00:00Z"},
		"observed":                   {"news", "2026-02-26T12:00:00Z", consent.Allow, []consent.Code{"ALLOW_CONSENT", "WOULD_DEFER", "FREEZE"}, "", "2026-02-26T19:00:00Z"},
		"both observed":              {"shop", "2026-02-26T11:30:00Z", consent.Allow, []consent.Code{"ALLOW_CONSENT", "WOULD_DEFER", "FREEZE", "QUIET_HOURS"}, "", "2026-02-26T19:00:00Z"},
		"an observed one lies ahead": {"shop", "2026-02-27T10:58:00Z", consent.Allow, []consent.Code{"ALLOW_CONSENT"}, "", "2026-02-27T19:00:00Z"},
	} {
		got := mustRules(t, c, consent.Request{Channel: d.channel}).DecideToSend(ordinaryAddress(t), consented(), at(d.at))
		if got.Verdict != d.want || !slices.Equal(got.Reasons, d.reasons) || got.Retry != at(d.retry) || got.ValidUntil != at(d.until) {
			t.Errorf("%s: %s %v, retry %s, valid until %s", name, got.Verdict, got.Reasons, got.Retry, got.ValidUntil)
		}
	}
}

func TestDecideToSend_FreezeWithoutEnd_NamesNoRetryTime(t *testing.T) {
	c := labWith(t, "freezes: [{from: 2026-02-24T07:00:00Z, reason: strike}]\n")
	d := mustRules(t, c, consent.Request{Channel: "news"}).DecideToSend(ordinaryAddress(t), consented(), instant(5))
	if d.Verdict != consent.Defer || d.Reason != consent.CodeFreeze || d.Retry != 0 {
		t.Errorf("%+v", d)
	}
}

func TestDecideToSend_WithLimits_AllocatesNoMoreThanDecide(t *testing.T) {
	rules := mustRules(t, labWith(t, labLimits), consent.Request{Channel: "shop"})
	a, known := ordinaryAddress(t), consented()
	for _, hour := range []int{2, 11, 23} { // quiet hours, an observed one, quiet hours again
		at := instant(8) + consent.Instant(hour)*consent.Instant(time.Hour.Microseconds())
		rules.DecideToSend(a, known, at)
		plain := testing.AllocsPerRun(100, func() { rules.Decide(a, known, at) })
		if sending := testing.AllocsPerRun(100, func() { rules.DecideToSend(a, known, at) }); sending > plain {
			t.Errorf("at %s Decide allocates %v times, DecideToSend %v times", at, plain, sending)
		}
	}
}

func BenchmarkDecideToSend(b *testing.B) {
	a, known, at := ordinaryAddress(b), consented(), instant(5)+consent.Instant((12*time.Hour).Microseconds())
	for name, lines := range map[string]string{"without limits": "", "with limits": labLimits} {
		rules := mustRules(b, labWith(b, lines), consent.Request{Channel: "news"})
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rules.DecideToSend(a, known, at)
			}
		})
	}
}
