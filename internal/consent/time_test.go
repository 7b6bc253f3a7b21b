package consent_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
)

// Between two events nothing but the end of a suppression that was for a while allows what was denied. A confirmation whose time is still
// to come is an event of then.
func TestTime_Alone_NeverTurnsADenialIntoAnAllow(t *testing.T) {
	l := newLaboratory(t)
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, l.catalog, 12)
		from, to := drawTime(t, "from"), drawTime(t, "to")
		if from > to {
			from, to = to, from
		}
		between := func(at consent.Instant) bool { return from < at && at <= to }
		h.facts = slices.DeleteFunc(h.facts, func(f fact) bool {
			facts := &f.entry.Facts
			ends := f.kind() == consent.KindSuppress && facts.Reason != consent.ReasonHardBounce && between(facts.Expires)
			return f.occurred > from || ends || between(facts.Confirmed)
		})
		a := pick(t, "asked", h.addresses...)
		before := l.decideAll(h.ledger(), a, from)
		for r, after := range l.decideAll(h.ledger(), a, to) {
			if l.isMarketing(r) && before[r].Verdict == consent.Deny && after.Verdict == consent.Allow {
				t.Fatalf("%+v: from %s to %s %v became %v", r, from, to, before[r], after)
			}
		}
	})
}

// What retention ends was not a mistake: only a later consent counts.
func TestRetention_OfAHardBounce_LeavesOnlyLaterGrants(t *testing.T) {
	bounce := statement.Statement{Kind: consent.KindSuppress, Occurred: instant(2), Reason: consent.ReasonHardBounce}
	for name, test := range map[string]struct {
		until consent.Instant
		end   func(h *history)
		later bool // a consent of after the bounce
		want  consent.Code
	}{
		"retention":                 {0, func(h *history) { h.addRetention(instant(4), h.addresses[0]) }, false, consent.CodeNoLegalBasis},
		"its until":                 {instant(4), func(*history) {}, false, consent.CodeNoLegalBasis},
		"retention, then a consent": {0, func(h *history) { h.addRetention(instant(4), h.addresses[0]) }, true, consent.CodeAllowConsent},
		"its until, then a consent": {instant(4), func(*history) {}, true, consent.CodeAllowConsent},
		"a person":                  {0, liftBounce(4), false, consent.CodeAllowConsent},
		"a person, after its until": {instant(3), liftBounce(4), false, consent.CodeAllowConsent},
		"a person, after retention": {0, func(h *history) { h.addRetention(instant(3), h.addresses[0]); liftBounce(4)(h) }, false, consent.CodeAllowConsent},
	} {
		bounce.Expires = test.until
		h := tell(t, consentOn(1, instant(1)), bounce)
		h.addresses = append(h.addresses, mustAddress(t, ann))
		test.end(h)
		if test.later {
			again := consentOn(5, instant(5))
			again.Address = ann
			h.add(&again)
		}
		if d := h.decide(t, consent.Request{Channel: "shop"}, instant(6)); d.Reason != test.want {
			t.Errorf("ended by %s: got %s, want %s", name, d.Reason, test.want)
		}
	}
}

func liftBounce(day int) func(h *history) {
	return func(h *history) {
		h.add(&statement.Statement{Kind: consent.KindLift, Occurred: instant(day), Address: ann, Reason: consent.ReasonHardBounce})
	}
}

// What blocks one address of a person blocks the others, from the link on until its end; grants do not go along.
func TestLink_RefusalsAndSuppressionsOfEither_HoldForBoth(t *testing.T) {
	const second, third = "second@home.example", "third@home.example"
	link := func(kind consent.Kind, day int, a, b string) statement.Statement {
		return statement.Statement{Kind: kind, Occurred: instant(day), Address: a, With: b}
	}
	said := func(kind consent.Kind, day int, of string) statement.Statement {
		return statement.Statement{Kind: kind, Occurred: instant(day), Address: of, Channels: []string{"shop"}}
	}
	bounced := statement.Statement{Kind: consent.KindSuppress, Occurred: instant(2), Address: second, Reason: consent.ReasonHardBounce}
	blocked := statement.Statement{Kind: consent.KindSuppress, Occurred: instant(2), Address: third, Reason: consent.ReasonLegalBlock}
	for name, test := range map[string]struct {
		told []statement.Statement
		want consent.Code
	}{
		"not linked":            {[]statement.Statement{said(consent.KindWithdraw, 2, second)}, consent.CodeAllowConsent},
		"a refusal before":      {[]statement.Statement{said(consent.KindRefuse, 2, second), link(consent.KindLink, 3, ann, second)}, consent.CodeRefused},
		"a withdrawal after":    {[]statement.Statement{link(consent.KindLink, 3, second, ann), said(consent.KindWithdraw, 4, second)}, consent.CodeWithdrawn},
		"through another":       {[]statement.Statement{link(consent.KindLink, 3, ann, second), link(consent.KindLink, 3, second, third), blocked}, consent.CodeLegalBlock},
		"a bounce of a mailbox": {[]statement.Statement{link(consent.KindLink, 3, ann, second), bounced}, consent.CodeAllowConsent},
		"ended":                 {[]statement.Statement{link(consent.KindLink, 3, ann, second), blocked, link(consent.KindUnlink, 4, second, ann)}, consent.CodeAllowConsent},
		"an earlier refusal":    {[]statement.Statement{said(consent.KindRefuse, 0, second), link(consent.KindLink, 3, ann, second)}, consent.CodeAllowConsent},
		"not yet":               {[]statement.Statement{said(consent.KindRefuse, 2, second), link(consent.KindLink, 7, ann, second)}, consent.CodeAllowConsent},
	} {
		h := tell(t, append([]statement.Statement{consentOn(1, instant(1))}, test.told...)...)
		if d := h.decide(t, consent.Request{Channel: "shop"}, instant(6)); d.Reason != test.want {
			t.Errorf("%s: got %s, want %s", name, d.Reason, test.want)
		}
	}
}
