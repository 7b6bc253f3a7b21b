package consent_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
)

// What a consumer of the feed concludes from cards is what a check answers, under every catalog, at every time from the last event on.

// feedCatalog draws a catalog: that of the laboratory with some of its channels' rules changed, or the example with every key, in which ids
// are renamed to those that histories are made of.
func feedCatalog(t *rapid.T) *catalog.Catalog {
	t.Helper()
	file, changes := filepath.Join("testdata", "lab.yaml"), []string{
		"\n    refusable: true", "",
		"\n    retired: true", "",
		"\n    double_opt_in: optional", "",
		"\n    notice_required: true", "",
		"\n    goods: [tea, mugs]", "",
		"\n    evidence_required: [url, operator]", "",
		"\n    consent_lapses_after: P5D", "",
		"honours: [news]", "honours: [news, parcels]",
		"honours: [shop, parcels]", "honours: [parcels]",
		"[editor, gone]", "[gone, editor]",
		"legal_bases: [existing_customer, consent, terms]", "legal_bases: [terms, consent]",
		"legal_bases: [terms, existing_customer]", "legal_bases: [consent, terms, existing_customer]",
		"existing_customer_lapses_after: P4D", "existing_customer_lapses_after: P30D",
		"channels: [news, shop, club, parcels, former]", "channels: [news, shop, parcels]",
		"class: transactional\n    legal_bases: [contract]\n    refusable: true\n    reference_pattern: \"p-[0-9]+\"", "class: marketing\n    legal_bases: [consent]",
	}
	if roll(t, "every key", 4) == 1 {
		file, changes = filepath.Join("..", "..", "examples", "catalogs", "every-key.yaml"), []string{"consent_lapses_after: P18M", "consent_lapses_after: P5D"}
	}
	document, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("reading a catalog: %v", err)
	}
	document = []byte(strings.NewReplacer(
		"magazine", "news", "offers", "shop", "outages", "parcels", "old-letter", "former", "id: web", "id: all", `"2026"`, "customer",
		"checkout-notice", "till", "electricity", "tea", "[url, ip]", "[url, operator]", "z-[0-9]+", "p-[0-9]+", "netz", "alpha",
	).Replace(string(document)))
	for i := 0; i < len(changes); i += 2 {
		if roll(t, changes[i], 3) == 1 {
			document = bytes.ReplaceAll(document, []byte(changes[i]), []byte(changes[i+1]))
		}
	}
	c, _, err := catalog.Parse(file, document)
	if err != nil {
		t.Fatalf("parsing a catalog: %v\n%s", err, document)
	}
	return c
}

// feedWorld is a ledger that grows, and what a consumer may ask of it.
type feedWorld struct {
	catalog *catalog.Catalog
	worths  *feed.Worths
	history *history
	ledger  *ledger // everything
}

func newFeedWorld(t *rapid.T) *feedWorld {
	w := &feedWorld{catalog: feedCatalog(t)}
	var err error
	if w.worths, err = feed.NewWorths(w.catalog); err != nil {
		t.Fatal(err)
	}
	w.history = drawHistory(t, w.catalog, 14)
	w.ledger = w.history.ledger()
	position := int64(len(w.history.facts))
	for i := range w.history.facts {
		f := &w.history.facts[i]
		if roll(t, "void", 12) != 1 {
			continue
		}
		position++
		key := subject{f.entry.Form, f.entry.Canonical()}
		w.ledger.subjects[key] = append(w.ledger.subjects[key], consent.Event{
			Position: position, Occurred: f.occurred + day, Facts: consent.Facts{Kind: consent.KindVoid, VoidPosition: f.position},
		})
	}
	w.ledger.arrived = position
	return w
}

// upTo is the ledger as it was at a position.
func (w *feedWorld) upTo(position int64) *ledger {
	l := newLedger()
	l.arrived = position
	for key, events := range w.ledger.subjects {
		if events = slices.DeleteFunc(slices.Clone(events), func(e consent.Event) bool { return e.Position > position }); len(events) > 0 {
			l.subjects[key] = events
		}
	}
	return l
}

// last is when the last event of a ledger occurred.
func (l *ledger) last() (last consent.Instant) {
	for _, events := range l.subjects {
		for i := range events {
			last = max(last, events[i].Occurred)
		}
	}
	return max(last, instant(0))
}

// card names what a consumer holds rules of.
type card struct {
	match consent.Form
	text  string
}

// cards are all rules that the feed tells about an address.
func (w *feedWorld) cards(a address.Address, known *consent.Known) map[card][]feed.Rule {
	cards := map[card][]feed.Rule{
		{consent.FormExact, a.Exact()}:   w.worths.ExactCard(known.Exact, known.Folded, known.Spelling),
		{consent.FormFolded, a.Folded()}: feed.FoldedCard(known.Folded, known.Linked),
	}
	for i, domain := range a.Domains() {
		cards[card{consent.FormDomain, domain}] = feed.DomainCard(known.Domains[i])
	}
	return cards
}

// consumer turns rules into what a consumer of a form holds.
type consumer struct {
	name   string
	coarse bool // it gets no times, but days
	hold   func(t *rapid.T, a address.Address, r *feed.Rule) feed.Held
}

func consumers() []consumer {
	keyed := func(t *rapid.T, a address.Address, r *feed.Rule) uint64 {
		order, err := feed.NewKeyedOrder([32]byte{7}, sha256.Sum256([]byte(a.Folded())))
		if err != nil {
			t.Fatal(err)
		}
		return order.OfRule(r)
	}
	return []consumer{
		{name: "plain", hold: func(_ *rapid.T, _ address.Address, r *feed.Rule) feed.Held { return feed.Hold(r, feed.PlainOrder(r)) }},
		{name: "keyed", hold: func(t *rapid.T, a address.Address, r *feed.Rule) feed.Held { return feed.Hold(r, keyed(t, a, r)) }},
		{name: "keyed by day", coarse: true, hold: func(t *rapid.T, a address.Address, r *feed.Rule) feed.Held {
			rounded := r.ByDay()
			return feed.Hold(&rounded, keyed(t, a, r))
		}},
	}
}

func (c *consumer) held(t *rapid.T, a address.Address, cards map[card][]feed.Rule) *feed.Cards {
	all := func(match consent.Form, text string) []feed.Held {
		var held []feed.Held
		for _, r := range cards[card{match, text}] {
			held = append(held, c.hold(t, a, &r))
		}
		return held
	}
	of := &feed.Cards{Exact: all(consent.FormExact, a.Exact()), Folded: all(consent.FormFolded, a.Folded())}
	for _, domain := range a.Domains() {
		of.Domains = append(of.Domains, all(consent.FormDomain, domain))
	}
	return of
}

// blockedBy is whether a check of the channel says that something stops its messages, and not only that nothing allows them. Known is that
// of an address that is of no role.
func blockedBy(rules *consent.Rules, a address.Address, known *consent.Known, at consent.Instant) bool {
	d := rules.Decide(a, known, at)
	return slices.ContainsFunc(d.Reasons, func(code consent.Code) bool {
		switch code {
		case consent.CodeLegalBlock, consent.CodeRestricted, consent.CodeHardBounce, consent.CodeSuppressed, consent.CodeWithdrawn,
			consent.CodeRefused, consent.CodeObjection, consent.CodeComplaint, consent.CodeErased:
			return true
		case consent.CodeExternalList: // Of one that binds only existing customers it is a finding about the grants.
			return slices.ContainsFunc(known.InForce(a, at), func(b consent.InForce) bool {
				return b.Reason == consent.ReasonExternalList && b.Binds == consent.BindsAll && rules.Covers(b.Scope)
			})
		default:
			return false
		}
	})
}

// neverOrdered is whether the hard bounce of a domain has ended, of which a consumer without times cannot say what is later.
func neverOrdered(known *consent.Known, at consent.Instant) bool {
	return slices.ContainsFunc(known.Domains, func(s *consent.State) bool {
		return s != nil && slices.ContainsFunc(s.Suppressions, func(p consent.Suppression) bool {
			return p.Reason == consent.ReasonHardBounce && consent.EndedBy(p.Until, at)
		})
	})
}

// ordinary stands for an address of a role: what blocks is asked of an address of the same domains that is of none.
func ordinary(t *rapid.T, a address.Address) address.Address {
	if !a.Role() {
		return a
	}
	plain, err := address.Parse("somebody@" + a.Domains()[0])
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// differs compares what a consumer concludes with what a check answers, and says how they differ; empty: they do not.
func (w *feedWorld) differs(t *rapid.T, c *consumer, ch *feed.Channel, a address.Address, known *consent.Known, cards *feed.Cards, at consent.Instant) string {
	rules := mustRulesOf(t, w.catalog, ch.Coverage.Channel)
	want, wantBlocked := rules.Decide(a, known, at), blockedBy(rules, ordinary(t, a), known, at)
	allowed := want.Verdict == consent.Allow
	got := ch.Evaluate(cards, a.Role(), at)
	switch {
	case got.Allowed && got.Blocked, got.Reason == "":
		return "the answer contradicts itself"
	case got.Allowed && !allowed:
		return "it allows what a check denies"
	case !got.Allowed && allowed && !c.coarse && (c.name == "plain" || !neverOrdered(known, at)):
		return "it denies what a check allows"
	case got.Allowed && (got.Reason == consent.CodeAllowConsent) != (want.Reason == consent.CodeAllowConsent):
		return "it allows for another reason"
	case ch.Closed != "":
		if got.Reason != ch.Closed || want.Reason != ch.Closed {
			return "the channel is closed"
		}
	case got.Blocked && !wantBlocked && !c.coarse:
		return "it blocks what a check does not"
	case !got.Blocked && wantBlocked:
		return "it does not block what a check does"
	}
	return ""
}

func mustRulesOf(t *rapid.T, c *catalog.Catalog, channel string) *consent.Rules {
	rules, err := consent.NewRules(c, consent.Request{Channel: channel, Reference: "p-1"})
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// times are from the last event on: boundaries, moments beside them, and later.
func drawTimes(t *rapid.T, last consent.Instant) []consent.Instant {
	times := []consent.Instant{last}
	for range 3 {
		at := max(drawTime(t, "now"), drawTime(t, "now"))
		times = append(times, max(last, at))
	}
	return append(times, last+consent.Instant(roll(t, "later", 8))*day)
}

func TestFeed_AnyHistory_AConsumerConcludesWhatACheckAnswers(t *testing.T) {
	seen := map[consent.Code]int{}
	rapid.Check(t, func(t *rapid.T) {
		w := newFeedWorld(t)
		last := w.ledger.last()
		for _, at := range drawTimes(t, last) {
			for _, a := range w.history.addresses {
				known := w.ledger.known(a, at)
				rules := w.cards(a, known)
				for _, c := range consumers() {
					held := c.held(t, a, rules)
					for i := range w.worths.Channels() {
						ch := &w.worths.Channels()[i]
						if wrong := w.differs(t, &c, ch, a, known, held, at); wrong != "" {
							d := mustRulesOf(t, w.catalog, ch.Coverage.Channel).Decide(a, known, at)
							t.Fatalf("%s, %s on %s at %s: %s\nit answers %+v\na check answers %s %v\ncards: %+v", c.name, a.Exact(), ch.Coverage.Channel, at,
								wrong, ch.Evaluate(held, a.Role(), at), d.Verdict, d.Reasons, rules)
						}
						seen[ch.Evaluate(held, a.Role(), at).Reason]++
					}
				}
			}
		}
	})
	t.Log(seen)
	for _, code := range []consent.Code{
		consent.CodeAllowConsent, consent.CodeAllowCustomer, consent.CodeAllowTerms, consent.CodeAllowContract, consent.CodeAllowLegal,
		consent.CodeSuppressed, consent.CodeHardBounce, consent.CodeWithdrawn, consent.CodeRefused, consent.CodeObjection, consent.CodeComplaint,
		consent.CodeExternalList, consent.CodeRefusedBefore, consent.CodeHonouredRefusal, consent.CodeNoLegalBasis, consent.CodeRoleAddress,
	} {
		if seen[code] == 0 {
			t.Errorf("no history led to %s", code)
		}
	}
}

// receive applies a window to what a consumer holds.
func receive(held map[card][]feed.Rule, of card, removed, added []feed.Rule) {
	rules := slices.DeleteFunc(slices.Clone(held[of]), func(r feed.Rule) bool { return slices.Contains(removed, r) })
	rules = append(rules, added...)
	slices.SortFunc(rules, func(a, b feed.Rule) int { return a.Compare(&b) })
	held[of] = rules
}

func TestFeed_CardsBeforeAndWhatChanged_AreTheCardsAfter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newFeedWorld(t)
		middle := int64(rapid.IntRange(0, int(w.ledger.arrived)).Draw(t, "position"))
		end := w.ledger.last() + day
		earlier := w.upTo(middle)
		for _, a := range w.history.addresses {
			known, before := w.ledger.known(a, end), earlier.known(a, end)
			held, after := w.cards(a, before), w.cards(a, known)
			for of := range after {
				removed, added := feed.Diff(held[of], after[of])
				receive(held, of, removed, added)
				if diff := cmp.Diff(after[of], held[of]); diff != "" && len(after[of])+len(held[of]) > 0 {
					t.Fatalf("the card of %v (-after +before and what changed):\n%s", of, diff)
				}
			}
			exact := card{consent.FormExact, a.Exact()}
			if cmp.Equal(before.Exact, known.Exact) && !slices.Equal(w.cards(a, before)[exact], after[exact]) &&
				!slices.Contains(slices.Concat(feed.Spellings(before.Folded), feed.Spellings(known.Folded)), known.Spelling) {
				t.Fatalf("the exact card of %s changed with its folded subject, but that does not name its spelling", a.Exact())
			}
		}
	})
}

// TestFeed_WithoutWhatWasRemoved_AConsumerIsWrong shows that the comparison finds a feed that loses entries.
func TestFeed_WithoutWhatWasRemoved_AConsumerIsWrong(t *testing.T) {
	wrong, right, plain := 0, 0, consumers()[0]
	rapid.Check(t, func(t *rapid.T) {
		w := newFeedWorld(t)
		end := w.ledger.last()
		earlier := w.upTo(w.ledger.arrived / 2)
		for _, a := range w.history.addresses {
			known := w.ledger.known(a, end)
			held, after := w.cards(a, earlier.known(a, end)), w.cards(a, known)
			for of := range after {
				_, added := feed.Diff(held[of], after[of])
				receive(held, of, nil, added)
			}
			cards := plain.held(t, a, held)
			for i := range w.worths.Channels() {
				if w.differs(t, &plain, &w.worths.Channels()[i], a, known, cards, end) != "" {
					wrong++
				} else {
					right++
				}
			}
		}
	})
	if t.Logf("%d answers were wrong, %d right", wrong, right); wrong == 0 {
		t.Error("no answer was wrong")
	}
}

func TestFeed_WhatAFilterLeavesOut_ChangesNoAnswerAboutItsChannels(t *testing.T) {
	left := 0
	rapid.Check(t, func(t *rapid.T) {
		w := newFeedWorld(t)
		at := w.ledger.last()
		wanted := someOf(t, labChannels()...)
		filter := w.worths.Filter(wanted, nil)
		for _, a := range w.history.addresses {
			known := w.ledger.known(a, at)
			all := w.cards(a, known)
			some := map[card][]feed.Rule{}
			for of, rules := range all {
				some[of] = filter.Of(rules)
				left += len(rules) - len(some[of])
			}
			plain := consumers()[0]
			for _, id := range wanted {
				ch := w.worths.Channel(id)
				if ch == nil {
					continue
				}
				if wrong := w.differs(t, &plain, ch, a, known, plain.held(t, a, some), at); wrong != "" {
					t.Fatalf("%s on %s with the filter %v: %s\nall: %+v\nsome: %+v", a.Exact(), id, wanted, wrong, all, some)
				}
			}
		}
	})
	if left == 0 {
		t.Error("the filters left nothing out")
	}
}
