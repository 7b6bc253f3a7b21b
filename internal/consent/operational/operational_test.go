package operational_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/operational"
	"github.com/assent-io/assent/internal/period"
)

// read returns a file of the catalog that the tests of package consent decide by, where the stage is held against random histories.
func read(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// rulesFor are the rules of a channel in the catalog with more lines at its end.
func rulesFor(tb testing.TB, lines, channel string) *consent.Rules {
	tb.Helper()
	c, _, err := catalog.Parse("lab.yaml", []byte(read(tb, "lab.yaml")+lines))
	if err != nil {
		tb.Fatalf("parsing the catalog: %v", err)
	}
	rules, err := consent.NewRules(c, consent.Request{Channel: channel})
	if err != nil {
		tb.Fatalf("the rules for %s: %v", channel, err)
	}
	return rules
}

// instant is the beginning of a day of the histories.
func instant(day int) consent.Instant {
	return consent.InstantOf(time.Date(2026, 2, 20+day, 0, 0, 0, 0, time.UTC))
}

func ordinaryAddress(t testing.TB) address.Address {
	t.Helper()
	a, err := address.Parse("anna@example.com")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// consented is what is known of a person with a consent for news and shop that does not end.
func consented() *consent.Known {
	return &consent.Known{Exact: &consent.State{Grants: []consent.Grant{{
		Position: 1, Channels: []string{"news", "shop"}, Basis: catalog.BasisConsent, Declaration: consent.Declaration{ID: "all", Version: "1"},
		Source: "web_form", Origin: instant(3), At: instant(3), Confirmed: instant(3), Details: consent.AllDetails,
	}}}}
}

func TestDecide_Limits_GiveTheirReasonsAndTimes(t *testing.T) {
	limits := read(t, "limits.yaml")
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
		got := operational.Decide(rulesFor(t, limits, d.channel), ordinaryAddress(t), consented(), at(d.at))
		if got.Verdict != d.want || !slices.Equal(got.Reasons, d.reasons) || got.Retry != at(d.retry) || got.ValidUntil != at(d.until) {
			t.Errorf("%s: %s %v, retry %s, valid until %s", name, got.Verdict, got.Reasons, got.Retry, got.ValidUntil)
		}
	}
}

func TestDecide_FreezeWithoutEnd_NamesNoRetryTime(t *testing.T) {
	const freeze = "freezes: [{from: 2026-02-24T07:00:00Z, reason: strike}]\n"
	d := operational.Decide(rulesFor(t, freeze, "news"), ordinaryAddress(t), consented(), instant(5))
	if d.Verdict != consent.Defer || d.Reason != consent.CodeFreeze || d.Retry != 0 {
		t.Errorf("%+v", d)
	}
}

func TestDecide_OfAnUnknownAddress_AllocatesNoMoreThanTheLawfulDecision(t *testing.T) {
	rules, a, known := rulesFor(t, "", "news"), ordinaryAddress(t), &consent.Known{}
	plain := testing.AllocsPerRun(100, func() { rules.Decide(a, known, instant(5)) })
	if sending := testing.AllocsPerRun(100, func() { operational.Decide(rules, a, known, instant(5)) }); sending > plain {
		t.Errorf("the lawful decision allocates %v times, the one to send %v times", plain, sending)
	}
}

func TestDecide_WithLimits_AllocatesNoMoreThanTheLawfulDecision(t *testing.T) {
	rules := rulesFor(t, read(t, "limits.yaml"), "shop")
	a, known := ordinaryAddress(t), consented()
	for _, hour := range []int{2, 11, 23} { // quiet hours, an observed one, quiet hours again
		at := instant(8) + consent.Instant(hour)*consent.Instant(time.Hour.Microseconds())
		operational.Decide(rules, a, known, at)
		plain := testing.AllocsPerRun(100, func() { rules.Decide(a, known, at) })
		if sending := testing.AllocsPerRun(100, func() { operational.Decide(rules, a, known, at) }); sending > plain {
			t.Errorf("at %s the lawful decision allocates %v times, the one to send %v times", at, plain, sending)
		}
	}
}

// TestJudge_AllFindingsOfTheStage_StandInTheirOrder has a send that is not open, in quiet hours and a freeze, for a person who clicked and got too much.
func TestJudge_AllFindingsOfTheStage_StandInTheirOrder(t *testing.T) {
	rules := rulesFor(t, "quiet_hours: {zone: UTC, from: 20:00, until: 06:00}\nfreezes: [{from: 2026-02-24T07:00:00Z, until: 2026-02-26T07:00:00Z, reason: x}]\n", "news")
	at := instant(5) + consent.Instant((21 * time.Hour).Microseconds()) // 2026-02-25T21:00:00Z
	send := campaign.Send{
		ID: "s", Channel: "news", State: campaign.Planned, Objections: 0, CommentUntil: int64(instant(7)),
		Window: campaign.Window{From: int64(instant(6)), Until: int64(instant(20))},
	}
	q := campaign.Question{
		Send: &send, Clearing: campaign.ClearingRequired, Unclear: int64(instant(8)), Caps: []campaign.Cap{{Max: 1, Per: period.Days(6)}},
		Contacts: []campaign.Contact{{Send: "o", Channel: "shop", State: campaign.ContactSent, Sent: int64(instant(3))}},
	}
	d := rules.Decide(ordinaryAddress(t), consented(), at)
	if d.Verdict != consent.Allow {
		t.Fatal(d.Reasons)
	}
	lawful := d
	operational.Judge(rules, &d, &q)
	want := []consent.Code{consent.CodeUnclear, consent.CodeNotCleared, consent.CodeFreeze, consent.CodeQuietHours, consent.CodePressure}
	morning := instant(9) + consent.Instant((6 * time.Hour).Microseconds()) // The contact leaves at midnight, in quiet hours.
	if d.Verdict != consent.Defer || !slices.Equal(d.Reasons, want) || d.Retry != morning || d.ValidUntil != 0 {
		t.Errorf("%s %v until %s, want %v until %s", d.Verdict, d.Reasons, d.Retry, want, morning)
	}
	again := lawful
	again.Decided = morning
	operational.Judge(rules, &again, &q)
	if again.Verdict != consent.Allow || again.ValidUntil > instant(20) || len(again.Reasons) != 1 {
		t.Errorf("at that time: %s %v", again.Verdict, again.Reasons)
	}
}

func TestDecide_WithoutASend_WaitsWhereOneIsRequired(t *testing.T) {
	rules := rulesFor(t, "sends: {clearing: required}\n", "news")
	if d := operational.Decide(rules, ordinaryAddress(t), consented(), instant(5)); d.Verdict != consent.Defer || d.Reason != consent.CodeNotCleared || d.Retry != 0 {
		t.Errorf("%+v", d)
	}
}

func BenchmarkDecide(b *testing.B) {
	a, known, at := ordinaryAddress(b), consented(), instant(5)+consent.Instant((12*time.Hour).Microseconds())
	for name, lines := range map[string]string{"without limits": "", "with limits": read(b, "limits.yaml")} {
		rules := rulesFor(b, lines, "news")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				operational.Decide(rules, a, known, at)
			}
		})
	}
}

func TestDecide_TheLastClickAndThoseOfLinkedAddressesCount(t *testing.T) {
	rules := rulesFor(t, "", "news")
	consented := consent.Grant{
		Position: 1, Channels: []string{"news"}, Basis: catalog.BasisConsent, Declaration: consent.Declaration{ID: "all", Version: "1"},
		Source: "web_form", Origin: instant(1), At: instant(1), Confirmed: instant(1), Details: consent.AllDetails,
	}
	click := func(until consent.Instant, scope consent.Scope) consent.Suppression {
		return consent.Suppression{Reason: consent.ReasonUnsubscribeUnclear, Scope: scope, At: instant(2), Until: until}
	}
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
		d := operational.Decide(rules, ordinaryAddress(t), known, instant(5))
		if d.Verdict != c.want || d.Retry != c.retry {
			t.Errorf("%s: got %s until %s, want %s until %s", name, d.Verdict, d.Retry, c.want, c.retry)
		}
	}
}
