package consent_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/period"
)

// byContact are the rules of a channel whose consents lapse from the last contact; contacts are kept for a period.
func byContact(tb testing.TB, after, kept string) *consent.Rules {
	tb.Helper()
	document := strings.NewReplacer("AFTER", after, "KEPT", kept).Replace(`
controllers: [{id: c, name: C GmbH, postal_address: "Ring 1, 1010 Wien", privacy_contact: dsb@c.example}]
departments: [{id: d, name: {en: D, de: D}, controller: c, complaints_to: d@c.example}]
channels:
  - {id: letter, name: {en: L, de: B}, department: d, medium: email, class: marketing, legal_bases: [consent, existing_customer],
     double_opt_in: optional, consent_lapses_after: AFTER, consent_lapses_from: last_contact, sender_identities: [s]}
  - {id: offers, name: {en: O, de: A}, department: d, medium: email, class: marketing, legal_bases: [consent], sender_identities: [s]}
sender_identities: [{id: s, department: d, from: {name: Gazette, address: gazette@c.example}}]
declarations: [{id: a, kind: consent, versions: [{version: "1", language: de, channels: [letter], text: "Ja, jederzeit widerruflich."}]}]
policy: {retention: {contacts: KEPT}}
`)
	c, _, err := catalog.Parse("letter.yaml", []byte(document))
	if err != nil {
		tb.Fatal(err)
	}
	return mustRules(tb, c, consent.Request{Channel: "letter"})
}

// writtenTo is a person with a consent from a time on, and messages on the letter at others.
func writtenTo(begin time.Time, contacts ...time.Time) *consent.Known {
	known := &consent.Known{Contacts: []consent.Contact{}, Exact: &consent.State{Grants: []consent.Grant{{
		Position: 1, Channels: []string{"letter"}, Basis: catalog.BasisConsent, Declaration: consent.Declaration{ID: "a", Version: "1"},
		Source: "web_form", Origin: consent.InstantOf(begin), At: consent.InstantOf(begin), Details: consent.AllDetails,
	}}}}
	for _, at := range contacts {
		known.Contacts = append(known.Contacts, consent.Contact{Channel: "letter", At: consent.InstantOf(at)})
	}
	return known
}

func clockAt(tb testing.TB, text string) time.Time {
	tb.Helper()
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	tb.Fatalf("%s is no time", text)
	return time.Time{}
}

func parsedPeriod(tb testing.TB, text string) period.Period {
	tb.Helper()
	p, err := period.Parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// lives is the plain oracle: a consent lives at an instant before it lapses without any contact, or within the period after a contact at which it
// lived.
type lives struct {
	begin    time.Time
	after    period.Period
	kept     period.Period
	contacts []time.Time
	asked    time.Time // what was sent then or later is not known
}

// remembers reports whether a contact is still known at a time: nothing that was sent then, or at a full hour after it, is old enough to be forgotten.
func (l *lives) remembers(contact, at time.Time) bool {
	for later := range 5 * 24 {
		if !l.kept.AddTo(contact.Add(time.Duration(later) * time.Hour)).After(at) {
			return false
		}
	}
	return true
}

func (l *lives) at(x, now time.Time) bool {
	return x.Before(l.after.AddTo(l.begin)) || slices.ContainsFunc(l.contacts, func(c time.Time) bool {
		return c.After(l.begin) && c.Before(l.asked) && c.Before(x) && l.remembers(c, now) && x.Before(l.after.AddTo(c)) && l.at(c, now)
	})
}

func TestProperty_ConsentLapsesFromLastContact_AsThePlainOracleSays(t *testing.T) {
	type periods struct{ after, kept string }
	rules := map[periods]*consent.Rules{}
	all := []periods{{"P2M", "P2M"}, {"P1M", "P31D"}, {"P1M", "P2M"}, {"P1M", "P10Y"}, {"P30D", "P30D"}, {"P30D", "P2M"}, {"P1M", "P1Y/EOY"}}
	for _, p := range all {
		rules[p] = byContact(t, p.after, p.kept)
	}
	a, seen := mustAddress(t, ann), map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		p := rapid.SampledFrom(all).Draw(rt, "periods")
		hours := func(name string, days int) time.Duration { // Often whole days, so that instants meet.
			return time.Hour * time.Duration(rapid.OneOf(
				rapid.IntRange(0, days*24), rapid.Map(rapid.IntRange(0, days), func(d int) int { return d * 24 })).Draw(rt, name))
		}
		begin := time.Date(rapid.SampledFrom([]int{2027, 2028}).Draw(rt, "year"), time.January, 20, 0, 0, 0, 0, time.UTC).Add(hours("begin", 20))
		var sent []time.Time
		last := begin.AddDate(0, 0, -2)
		for range rapid.IntRange(0, 6).Draw(rt, "contacts") {
			last = last.AddDate(0, 0, rapid.IntRange(0, 20).Draw(rt, "after")).Add(hours("later", 16))
			sent = append(sent, last)
		}
		known := writtenTo(begin, sent...)
		// What was sent on another channel counts nowhere in the order.
		known.Contacts = append(known.Contacts, consent.Contact{Channel: "offers", At: consent.InstantOf(begin.Add(hours("elsewhere", 60)))})
		slices.SortStableFunc(known.Contacts, func(x, y consent.Contact) int { return int(x.At - y.At) })
		for range 8 {
			now := begin.AddDate(0, 0, rapid.IntRange(20, 90).Draw(rt, "from")).Add(hours("now", 30))
			oracle := &lives{begin, parsedPeriod(t, p.after), parsedPeriod(t, p.kept), sent, now}
			d := rules[p].Decide(a, known, consent.InstantOf(now))
			seen[agrees(rt, oracle, &d)]++
		}
	})
	if seen["lapsed"] < 20 || seen["lives by contacts"] < 20 || seen["before the first lapse"] < 20 {
		t.Errorf("seen: %v", seen)
	}
}

// agrees fails unless a decision is what the oracle says, and returns what that is.
func agrees(rt *rapid.T, oracle *lives, d *consent.Decision) string {
	now, first := oracle.asked, oracle.after.AddTo(oracle.begin)
	switch {
	case !oracle.at(now, now):
		if d.Reason != consent.CodeConsentLapsed || d.Contacts != consent.ContactsCounted {
			rt.Fatalf("at %s: %s, %d", now, d.Reason, d.Contacts)
		}
		return "lapsed"
	case d.Reason != consent.CodeAllowConsent:
		rt.Fatalf("at %s: %s", now, d.Reason)
	case now.Before(first):
		if d.BasisEnd != consent.InstantOf(first) || d.Contacts != consent.ContactsIrrelevant {
			rt.Fatalf("at %s: ends %s, %d", now, d.BasisEnd, d.Contacts)
		}
		return "before the first lapse"
	}
	end := d.BasisEnd.Time()
	if !end.After(now) || d.ValidUntil > d.BasisEnd {
		rt.Fatalf("at %s: ends %s, valid until %s", now, end, d.ValidUntil)
	}
	for at := now; at.Before(end); at = at.Add(time.Hour) {
		if !oracle.at(at, at) {
			rt.Fatalf("at %s: ends %s, and has lapsed at %s", now, end, at)
		}
	}
	if oracle.at(end, end) {
		rt.Fatalf("at %s: does not end at %s", now, end)
	}
	return "lives by contacts"
}

func TestDecide_ConsentLapsesFromLastContact_AtItsBoundaries(t *testing.T) {
	for name, c := range map[string]struct {
		after, kept, begin string
		sent               []string
		ends               string // the first instant at which it has lapsed
	}{
		"no contact":                        {"P1M", "P1Y", "2027-01-31", nil, "2027-02-28"},
		"a contact":                         {"P1M", "P1Y", "2027-01-31", []string{"2027-02-10"}, "2027-03-10"},
		"just before the lapse":             {"P1M", "P1Y", "2027-01-31", []string{"2027-02-27T23:59"}, "2027-03-27T23:59"},
		"at the lapse":                      {"P1M", "P1Y", "2027-01-31", []string{"2027-02-28"}, "2027-02-28"},
		"after the lapse":                   {"P1M", "P1Y", "2027-01-31", []string{"2027-03-01", "2027-03-02"}, "2027-02-28"},
		"a chain":                           {"P1M", "P1Y", "2027-01-31", []string{"2027-02-10", "2027-03-09", "2027-04-08"}, "2027-05-08"},
		"a chain that broke":                {"P1M", "P1Y", "2027-01-31", []string{"2027-02-10", "2027-03-10", "2027-03-20"}, "2027-03-10"},
		"before the consent":                {"P1M", "P1Y", "2027-01-31", []string{"2027-01-30T12:00"}, "2027-02-28"},
		"with the consent":                  {"P1M", "P1Y", "2027-01-31", []string{"2027-01-31"}, "2027-02-28"},
		"on a leap day":                     {"P1Y", "P5Y", "2027-06-01", []string{"2028-02-29"}, "2029-02-28"},
		"years to a leap day":               {"P24M", "P9Y", "2024-02-29", []string{"2026-02-27"}, "2028-02-27"},
		"leap day after a leap day":         {"P4Y", "P9Y", "2024-02-29", []string{"2028-02-28T12:00"}, "2032-02-28T12:00"},
		"the 31st":                          {"P1M", "P1Y", "2028-01-15", []string{"2028-01-31"}, "2028-02-29"},
		"a later contact ends earlier":      {"P1M", "P1Y", "2027-01-15", []string{"2027-01-30T12:00", "2027-01-31"}, "2027-02-28T12:00"},
		"the first contact is forgotten":    {"P1M", "P40D", "2027-01-01", []string{"2027-01-30", "2027-02-20", "2027-03-05"}, "2027-03-11"},
		"the second contact is forgotten":   {"P1M", "P40D", "2027-01-01", []string{"2027-01-10", "2027-01-30", "2027-02-20", "2027-03-05"}, "2027-03-11"},
		"forgotten at the end of the month": {"P30D", "P2M", "2026-12-15", []string{"2026-12-30T12:00", "2027-01-20", "2027-02-10"}, "2027-02-28"},
	} {
		rules, a := byContact(t, c.after, c.kept), mustAddress(t, ann)
		var sent []time.Time
		for _, at := range c.sent {
			sent = append(sent, clockAt(t, at))
		}
		known, ends := writtenTo(clockAt(t, c.begin), sent...), consent.InstantOf(clockAt(t, c.ends))
		if d := rules.Decide(a, known, ends-1); d.Reason != consent.CodeAllowConsent || d.BasisEnd != ends || d.ValidUntil != ends {
			t.Errorf("%s: just before %s: %s until %s", name, c.ends, d.Reason, d.BasisEnd)
		}
		if d := rules.Decide(a, known, ends); d.Reason != consent.CodeConsentLapsed || d.BasisEnd != 0 {
			t.Errorf("%s: at %s: %s", name, c.ends, d.Reason)
		}
	}
}

// What does not know contacts denies from the first lapse on, and says that it may be otherwise.
func TestDecide_ConsentLapsesFromLastContact_WithoutContactsIsStrict(t *testing.T) {
	rules, a := byContact(t, "P1M", "P1Y"), mustAddress(t, ann)
	known := writtenTo(clockAt(t, "2027-01-31"), clockAt(t, "2027-02-10"))
	at := consent.InstantOf(clockAt(t, "2027-03-01"))
	if d := rules.Decide(a, known, at); d.Reason != consent.CodeAllowConsent || d.Contacts != consent.ContactsCounted {
		t.Errorf("with contacts: %s, %d", d.Reason, d.Contacts)
	}
	known.Contacts = nil
	if d := rules.Decide(a, known, at); d.Reason != consent.CodeConsentLapsed || d.Contacts != consent.ContactsUnknown {
		t.Errorf("without contacts: %s, %d", d.Reason, d.Contacts)
	}
	if d := rules.Decide(a, known, consent.InstantOf(clockAt(t, "2027-02-28"))-1); d.Reason != consent.CodeAllowConsent || d.Contacts != consent.ContactsIrrelevant {
		t.Errorf("before the first lapse: %s, %d", d.Reason, d.Contacts)
	}
	// A basis that holds beside it does not hide that the consent may.
	known.Exact.Grants = append(known.Exact.Grants, consent.Grant{
		Position: 2, Channels: []string{"letter"}, Basis: catalog.BasisExistingCustomer, Source: "api", Origin: at - 1, At: at - 1, Transaction: true, Notice: true,
	})
	if d := rules.Decide(a, known, at); d.Reason != consent.CodeAllowCustomer || d.Contacts != consent.ContactsUnknown {
		t.Errorf("a customer: %s, %d", d.Reason, d.Contacts)
	}
	worth, ok := rules.Worth(&known.Exact.Grants[0], at)
	if !ok || worth.Until != consent.InstantOf(clockAt(t, "2027-02-28")) {
		t.Errorf("what others are told of the grant ends %s", worth.Until)
	}
}

// A consent that expires by itself, that a no ended, or that cannot be proved lives by no contact.
func TestDecide_ConsentLapsesFromLastContact_OtherEndsStay(t *testing.T) {
	rules, a := byContact(t, "P1M", "P1Y"), mustAddress(t, ann)
	at := consent.InstantOf(clockAt(t, "2027-03-01"))
	for want, change := range map[consent.Code]func(k *consent.Known){
		consent.CodeAllowConsent:   func(*consent.Known) {},
		consent.CodeConsentExpired: func(k *consent.Known) { k.Exact.Grants[0].Expires = at },
		consent.CodeNotProvable:    func(k *consent.Known) { k.Exact.Grants[0].Source = "" },
	} {
		known := writtenTo(clockAt(t, "2027-01-31"), clockAt(t, "2027-02-10"))
		change(known)
		if d := rules.Decide(a, known, at); d.Reason != want {
			t.Errorf("%s, want %s", d.Reason, want)
		}
	}
	known := writtenTo(clockAt(t, "2027-01-31"), clockAt(t, "2027-02-10"))
	known.Exact.Grants[0].Expires = at + 1
	if d := rules.Decide(a, known, at); d.BasisEnd != at+1 {
		t.Errorf("it ends %s, although it expires before", d.BasisEnd)
	}
}

func TestDecision_Explanation_OfALapseNamesTheLastMessage(t *testing.T) {
	counted := consent.Decision{Reason: consent.CodeConsentLapsed, Contacts: consent.ContactsCounted}
	plain := consent.Decision{Reason: consent.CodeConsentLapsed}
	if text := counted.Explanation(locale.English); !strings.Contains(text, "last message") {
		t.Error(text)
	}
	if text := counted.Explanation(locale.German); !strings.Contains(text, "letzten bekannten Nachricht") {
		t.Error(text)
	}
	if plain.Explanation(locale.English) != consent.CodeConsentLapsed.Explanation(locale.English) {
		t.Error("a lapse from the beginning is explained otherwise")
	}
}
