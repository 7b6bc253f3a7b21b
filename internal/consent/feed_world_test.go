package consent_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/leaving"
	"github.com/assent-io/assent/internal/consent/operational"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/feed"
)

// The worlds of the tests of the feed: histories under many catalogs, and what consumers hold of them.

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
	w.history = drawHistory(t, w.catalog, pick(t, "most", 4, 14))
	for range roll(t, "telling", 6) {
		s := drawTelling(t, pick(t, "of", w.history.addresses[:2]...).Exact())
		w.history.add(&s)
	}
	w.ledger = w.history.ledger()
	w.ledger.arrived = int64(len(w.history.facts))
	w.void(t, 12)
	return w
}

// void leaves out about one in so many of the events.
func (w *feedWorld) void(t *rapid.T, of int) {
	for i := range w.history.facts {
		f := &w.history.facts[i]
		if roll(t, "void", of) != 1 {
			continue
		}
		w.ledger.arrived++
		key := subject{f.entry.Form, f.entry.Canonical()}
		w.ledger.subjects[key] = append(w.ledger.subjects[key], consent.Event{
			Position: w.ledger.arrived, Occurred: f.occurred, Facts: consent.Facts{Kind: consent.KindVoid, VoidPosition: f.position},
		})
	}
}

// drawTelling is one of a few statements that together lead to what random ones seldom lead to: a customer who once said no, to this channel
// or to one that it honours, and came back with a consent that ended again.
func drawTelling(t *rapid.T, of string) statement.Statement {
	s := statement.Statement{Address: of, Occurred: drawDay(t, "occurred"), Channels: []string{pick(t, "channel", "shop", "shop", "news", "club", "parcels")}}
	switch roll(t, "telling what", 6) {
	case 0, 1:
		s.Kind, s.Basis, s.Source = consent.KindGrant, catalog.BasisExistingCustomer, "web_form"
		s.Channels = []string{"shop", "club"}
		s.TransactionID, s.Notice, s.NoticeShown, s.Goods = "order-1", true, consent.Declaration{ID: "till", Version: "1"}, []string{"tea"}
	case 2, 3:
		s.Kind, s.Basis, s.Source = consent.KindGrant, catalog.BasisConsent, pick(t, "source", "web_form", "web_form", "import")
		s.Declaration, s.URL, s.Operator = consent.Declaration{ID: "all", Version: "1"}, "https://alpha.example", "desk-1"
		s.Confirmed = s.Occurred + pick[consent.Instant](t, "confirmed", 0, 0, 2*day)
		s.Expires = s.Occurred + day
	case 4:
		s.Kind = consent.KindRefuse
	default:
		s.Kind, s.Reason, s.Scope = consent.KindSuppress, pick(t, "reason", consent.ReasonObjection, consent.ReasonHardBounce, consent.ReasonExternalList), ""
		if s.Channels = nil; s.Reason == consent.ReasonExternalList {
			s.List, s.Binds = "ecg", consent.BindsExistingCustomer
		}
		s.Expires = s.Occurred + 2*day
	}
	return s
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
		{consent.FormExact, a.Exact()}:   w.worths.ExactCard(known.Exact, known.Folded, known.Spelling, known.Lists...),
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
	hold   func(t fails, a address.Address, r *feed.Rule) feed.Held
}

func consumers() []consumer {
	keyed := func(t fails, a address.Address, r *feed.Rule) uint64 {
		order, err := feed.NewKeyedOrder([32]byte{7}, sha256.Sum256([]byte(a.Folded())))
		if err != nil {
			t.Fatalf("the order: %v", err)
		}
		return order.OfRule(r)
	}
	return []consumer{
		{name: "plain", hold: func(_ fails, _ address.Address, r *feed.Rule) feed.Held { return feed.Hold(r, feed.PlainOrder(r)) }},
		{name: "keyed", hold: func(t fails, a address.Address, r *feed.Rule) feed.Held { return feed.Hold(r, keyed(t, a, r)) }},
		{name: "keyed by day", coarse: true, hold: func(t fails, a address.Address, r *feed.Rule) feed.Held {
			rounded := r.ByDay()
			return feed.Hold(&rounded, keyed(t, a, r))
		}},
	}
}

func (c *consumer) held(t fails, a address.Address, cards map[card][]feed.Rule) *feed.Cards {
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
func blockedBy(rules *consent.Rules, a address.Address, known *consent.Known, granted bool, at consent.Instant) bool {
	if !granted { // Of external lists nothing is told.
		bare := *known
		bare.Lists, known = nil, &bare
	}
	if _, unclear := leaving.UnclearUntil(rules, known, at); unclear && rules.IsMarketing() {
		return true
	}
	d := rules.Decide(a, known, at)
	return slices.ContainsFunc(d.Reasons, func(code consent.Code) bool {
		switch code {
		case consent.CodeLegalBlock, consent.CodeRestricted, consent.CodeHardBounce, consent.CodeSuppressed, consent.CodeWithdrawn,
			consent.CodeRefused, consent.CodeObjection, consent.CodeComplaint, consent.CodeErased:
			return true
		case consent.CodeListStale, consent.CodeExternalList: // Of one that binds only existing customers it is a finding about the grants.
			return slices.ContainsFunc(known.InForce(a, at), func(b consent.InForce) bool {
				return b.Reason == consent.ReasonExternalList && b.Binds == consent.BindsAll && rules.Covers(b.Scope)
			}) || slices.ContainsFunc(known.Lists, func(l consent.Listing) bool {
				return l.Binds == consent.BindsAll && (l.Listed || l.Unasked || consent.EndedBy(l.Stale, at))
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
func ordinary(t fails, a address.Address) address.Address {
	if !a.Role() {
		return a
	}
	plain, err := address.Parse("somebody@" + a.Domains()[0])
	if err != nil {
		t.Fatalf("an address of the domain: %v", err)
	}
	return plain
}

// granted is whether a consumer holds a grant of the address.
func granted(cards *feed.Cards) bool {
	return slices.ContainsFunc(cards.Exact, func(h feed.Held) bool { return h.Kind == feed.KindGrant })
}

// differs compares what a consumer concludes with what a check answers, and says how they differ; empty: they do not.
func (w *feedWorld) differs(t fails, c *consumer, ch *feed.Channel, a address.Address, known *consent.Known, cards *feed.Cards, at consent.Instant) string {
	rules := mustRulesOf(t, w.catalog, ch.Channel)
	want, wantBlocked := operational.Decide(rules, a, known, at), blockedBy(rules, ordinary(t, a), known, granted(cards), at)
	if want.Reason == consent.CodeFreeze || want.Reason == consent.CodeQuietHours {
		want = rules.Decide(a, known, at) // Rules say who may be written to, and not when.
	}
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
	case ch.Closed == consent.CodeNotCleared: // Only the server knows the sends: a consumer denies everything, whatever a check says.
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

// mustRulesOf are the rules for messages on a channel with a right reference.
func mustRulesOf(t fails, c *catalog.Catalog, channel string) *consent.Rules {
	t.Helper()
	ch, _ := c.Channel(channel)
	for _, reference := range []string{"p-1", "z-1", "order-1", "abo-1"} {
		rules, err := consent.NewRules(c, consent.Request{Channel: channel, Reference: reference})
		if err != nil {
			t.Fatalf("the rules of %s: %v", channel, err)
		}
		if ch.MatchesReference(reference) {
			return rules
		}
	}
	t.Fatalf("no reference is right for %s", channel)
	return nil
}
