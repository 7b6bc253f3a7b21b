package changes

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/cards"
	"github.com/assent-io/assent/internal/service/consumers"
)

// formReader is a reader of everything in a form.
func formReader(name consumers.Form) *reader {
	r := &reader{form: form{name: name, own: [32]byte{7}}, filter: new(feed.Worths).Filter(nil, nil)}
	r.who.AllDepartments = true
	return r
}

func at(hour int) consent.Instant {
	return consent.InstantOf(time.Date(2026, 3, 2, hour, 0, 0, 0, time.UTC))
}

// applied is what a reader holds that applies the entries of one card, by all that they say of a rule.
func applied(t *testing.T, holds map[Entry]bool, entries []Entry) {
	t.Helper()
	for _, e := range entries {
		change := e.Change
		e.Change, e.Position = 0, 0
		switch {
		case change == Reset:
			clear(holds)
		case change == Added && !holds[e]:
			holds[e] = true
		case change == Removed && holds[e]:
			delete(holds, e)
		default:
			t.Errorf("a rule is told twice, or removed that is not held: %+v", e)
		}
	}
}

// TestCard_RulesThatLookTheSame_AreOneRule takes one of two rules away which differ only in what the reader does not see: it still holds one.
func TestCard_RulesThatLookTheSame_AreOneRule(t *testing.T) {
	grant := feed.Rule{Kind: feed.KindGrant, Match: consent.FormExact, Channel: "newsletter", Code: consent.CodeAllowConsent, Since: at(1), Until: at(9)}
	longer := grant
	longer.Until = at(10)
	domain := feed.Rule{Kind: feed.KindSuppression, Match: consent.FormDomain, Reason: consent.ReasonManual, Scope: consent.ScopeAll, Since: at(1)}
	later := domain
	later.Since = at(2)
	for name, test := range map[string]struct {
		form  consumers.Form
		match consent.Form
		rules []feed.Rule
		looks int // how many they look like
	}{
		"grants that end on one day":             {consumers.FormKeyed, consent.FormExact, []feed.Rule{grant, longer}, 1},
		"the same in clear":                      {consumers.FormPlain, consent.FormExact, []feed.Rule{grant, longer}, 2},
		"suppressions of a domain since one day": {consumers.FormKeyed, consent.FormDomain, []feed.Rule{domain, later}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r, holds := formReader(test.form), map[Entry]bool{}
			tell := func(before, after []feed.Rule, whole bool) {
				card := &cards.Card{Match: test.match, Before: before, After: after, Inner: [32]byte{1}, Person: [32]byte{2}}
				if !r.form.keyed() {
					card.Text = "anna@example.com"
				}
				entries, err := r.card(card, whole, 1)
				if err != nil {
					t.Fatal(err)
				}
				applied(t, holds, entries)
			}
			for _, whole := range []bool{false, true} {
				clear(holds)
				tell(nil, test.rules, whole)
				if len(holds) != test.looks {
					t.Errorf("whole %t: it holds %d rules, want %d", whole, len(holds), test.looks)
				}
				tell(test.rules, test.rules[1:], false)
				if len(holds) != 1 {
					t.Errorf("whole %t: one of the rules stays; it holds %v", whole, holds)
				}
				tell(test.rules[1:], nil, false)
				if diff := cmp.Diff(map[Entry]bool{}, holds); diff != "" {
					t.Errorf("whole %t: nothing stays (-want +got):\n%s", whole, diff)
				}
			}
		})
	}
}

// TestCard_HiddenReasons_AreNotInTheOrder: where an entry stands must not say what its reason hides.
func TestCard_HiddenReasons_AreNotInTheOrder(t *testing.T) {
	r := formReader(consumers.FormPlain)
	var first []string
	for _, hidden := range []consent.Reason{consent.ReasonProcessingRestricted, consent.ReasonLegalBlock} {
		card := &cards.Card{Match: consent.FormFolded, Text: "anna@example.com"}
		for _, reason := range []consent.Reason{consent.ReasonManual, hidden} {
			card.After = append(card.After, feed.Rule{Kind: feed.KindSuppression, Match: card.Match, Reason: reason, Scope: consent.ScopeAll, Since: at(1)})
		}
		if hidden < consent.ReasonManual { // As cards are sorted.
			card.After[0], card.After[1] = card.After[1], card.After[0]
		}
		entries, err := r.card(card, false, 1)
		if err != nil || len(entries) != 2 {
			t.Fatalf("got %v, %v", entries, err)
		}
		first = append(first, string(entries[0].Reason))
		for _, e := range entries {
			if e.Rule.Reason != "" || e.Rule.Code != "" {
				t.Errorf("the entry has the hidden reason: %+v", e)
			}
		}
	}
	if first[0] != first[1] {
		t.Errorf("the first entry is %s or %s, as the hidden reason is", first[0], first[1])
	}
}

// TestCard_OfAReaderOfMarketing_DoesNotTellABlockFromARestriction: what they stop besides marketing is nothing to it.
func TestCard_OfAReaderOfMarketing_DoesNotTellABlockFromARestriction(t *testing.T) {
	const name = "acme.yaml"
	document, err := os.ReadFile(filepath.Join("..", "..", "..", "examples", "catalogs", name))
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := catalog.Parse(name, document)
	if err != nil {
		t.Fatal(err)
	}
	worths, err := feed.NewWorths(c)
	if err != nil {
		t.Fatal(err)
	}
	r := formReader(consumers.FormPlain)
	r.filter = worths.Filter([]string{"newsletter"}, nil)
	tell := func(reason consent.Reason) []Entry {
		card := &cards.Card{Match: consent.FormFolded, Text: "anna@example.com"}
		card.After = []feed.Rule{{Kind: feed.KindSuppression, Match: card.Match, Reason: reason, Scope: consent.ScopeAll, Since: at(1)}}
		entries, err := r.card(card, false, 1)
		if err != nil || len(entries) != 1 {
			t.Fatalf("got %v, %v", entries, err)
		}
		return entries
	}
	if diff := cmp.Diff(tell(consent.ReasonLegalBlock), tell(consent.ReasonProcessingRestricted)); diff != "" {
		t.Errorf("they can be told apart:\n%s", diff)
	}
}
