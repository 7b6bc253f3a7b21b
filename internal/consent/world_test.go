package consent_test

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/statement"
)

// Random histories are made to collide: the spellings of one or two mailboxes, a handful of channels, one instant a day, and
// periods of a few days in the catalog.

func lab(tb testing.TB) *catalog.Catalog { tb.Helper(); return labWith(tb, "") }

// labWith is the catalog with more lines at its end.
func labWith(tb testing.TB, lines string) *catalog.Catalog {
	tb.Helper()
	document, err := os.ReadFile(filepath.Join("testdata", "lab.yaml"))
	if err != nil {
		tb.Fatalf("reading the catalog: %v", err)
	}
	c, _, err := catalog.Parse("lab.yaml", append(document, lines...))
	if err != nil {
		tb.Fatalf("parsing the catalog: %v", err)
	}
	return c
}

// limits are quiet hours and freezes for the catalog.
func limits(tb testing.TB) string {
	tb.Helper()
	lines, err := os.ReadFile(filepath.Join("testdata", "limits.yaml"))
	if err != nil {
		tb.Fatalf("reading the limits: %v", err)
	}
	return string(lines)
}

func labChannels() []string { return []string{"news", "shop", "club", "parcels", "duties", "former"} }

// families are addresses that may be taken for one another, or share domains.
func families() [][]string {
	return [][]string{
		{"ab@gmail.com", "a.b@googlemail.com", "AB+x@gmail.com", "ab+y@gmail.com"},
		{"ab@posteo.de", "ab+t@posteo.de", "a.b@posteo.de"},
		{"ann@firma.example", "Ann@FIRMA.example", "ann@sub.firma.example", "ann@deep.sub.firma.example"},
		{"kim@straße.example", "kim@strasse.example"},
		{"noreply@firma.example", "ann+tag@firma.example"},
		{"a-b@proton.me", "ab@pm.me", "a.b+z@protonmail.com"},
	}
}

func domains() []string { return []string{"firma.example", "sub.firma.example", "strasse.example"} }

const days = 14

// instant returns the beginning of a day of the history.
func instant(day int) consent.Instant {
	return consent.InstantOf(time.Date(2026, 2, 20+day, 0, 0, 0, 0, time.UTC))
}

func drawDay(t *rapid.T, label string) consent.Instant {
	return instant(roll(t, label, days+1))
}

// drawTime is a time to ask for: a boundary, or a moment beside one.
func drawTime(t *rapid.T, label string) consent.Instant {
	return max(drawDay(t, label), drawDay(t, label)) + consent.Instant(pick(t, label+" offset", 0, 0, 0, -1, 1))
}

func maybe[T any](t *rapid.T, label string, draw func() T) (none T) {
	if roll(t, label+"?", 2) == 1 {
		return draw()
	}
	return none
}

// roll draws a number below n. Unlike a range of the library it prefers none, so that histories are full and varied; and it
// still shrinks to the first.
func roll(t *rapid.T, label string, n int) int {
	value := 0
	for _, bit := range rapid.SliceOfN(rapid.Bool(), 8, 8).Draw(t, label) {
		value *= 2
		if bit {
			value++
		}
	}
	return value % n
}

func pick[T any](t *rapid.T, label string, from ...T) T { return from[roll(t, label, len(from))] }

// someOf picks one or two of them.
func someOf(t *rapid.T, from ...string) []string {
	picked := []string{pick(t, "one", from...)}
	if roll(t, "two", 2) == 1 {
		picked = append(picked, pick(t, "other", from...))
	}
	return picked
}

// history is a list of events about the spellings of a family.
type history struct {
	catalog   *catalog.Catalog
	addresses []address.Address
	facts     []fact
}

func drawHistory(t *rapid.T, c *catalog.Catalog, most int) *history {
	h := &history{catalog: c}
	family := pick(t, "family", families()...)
	if roll(t, "another mailbox", 3) == 1 {
		family = append(slices.Clone(family), "second@home.example", "third@home.example")
	}
	for _, typed := range family {
		a, err := address.Parse(typed)
		if err != nil {
			t.Fatalf("an address of the test is none: %v", err)
		}
		h.addresses = append(h.addresses, a)
	}
	focused := roll(t, "focused", 2) == 1
	for range most - roll(t, "events", most+1)*roll(t, "few", 2) {
		if roll(t, "mail", 16) == 1 {
			h.addMail(drawDay(t, "sent"), pick(t, "to", h.addresses...), pick(t, "on", labChannels()...))
			continue
		}
		if roll(t, "unclear", 16) == 1 {
			h.addUnclear(t, pick(t, "of", h.addresses...))
			continue
		}
		if roll(t, "retention", 24) == 1 {
			h.addRetention(drawDay(t, "lifted"), pick(t, "of", h.addresses...))
			continue
		}
		s := drawStatement(t, family)
		if roll(t, "link", 10) == 1 {
			s = statement.Statement{
				Kind:     pick(t, "link or end", consent.KindLink, consent.KindLink, consent.KindLink, consent.KindUnlink),
				Occurred: drawDay(t, "linked"), Address: pick(t, "one", family...), With: pick(t, "with", family...),
			}
		} else if focused {
			narrow(t, &s, family[0])
		}
		h.add(&s)
	}
	return h
}

// add records a statement if the rules accept it.
func (h *history) add(s *statement.Statement) bool {
	entry, err := s.Entry(h.catalog, h.catalog)
	if err != nil {
		return false
	}
	h.append(entry, s.Occurred)
	if !entry.With.IsZero() {
		h.append(entry.OtherSide(), s.Occurred) // A link is recorded for both addresses.
	}
	return true
}

func (h *history) addMail(at consent.Instant, to address.Address, channel string) {
	h.append(&statement.Entry{
		Form: consent.FormMail, Address: to, Facts: consent.Facts{Kind: consent.KindMail, Channels: []string{channel}},
	}, at)
}

// addUnclear adds what a click records on the link of an old message, or what ends it.
func (h *history) addUnclear(t *rapid.T, of address.Address) {
	at := drawDay(t, "clicked")
	facts := consent.Facts{
		Kind: consent.KindSuppress, Reason: consent.ReasonUnsubscribeUnclear, Expires: at + consent.Instant(1+roll(t, "days", 3))*day, Tagged: of.Tagged(),
		Scope: consent.Scope("channel:" + pick(t, "clicked on", "news", "news", "shop", "club")),
	}
	if roll(t, "keep", 4) == 1 {
		facts.Kind, facts.Expires = consent.KindLift, 0
	}
	h.append(&statement.Entry{Form: consent.FormFolded, Address: of, Facts: facts}, at)
}

// addRetention adds what retention records when it tries a mailbox again.
func (h *history) addRetention(at consent.Instant, of address.Address) {
	h.append(&statement.Entry{Form: consent.FormFolded, Address: of, Facts: consent.Facts{
		Kind: consent.KindLift, Reason: consent.ReasonHardBounce, Scope: consent.ScopeAll, Retention: true,
	}}, at)
}

func (h *history) append(entry *statement.Entry, occurred consent.Instant) {
	f := fact{entry: entry, occurred: occurred, position: int64(len(h.facts) + 1)}
	digest := sha256.Sum256(codec.EventKeyInput(occurred, &entry.Facts, entry.Exact(), &entry.Evidence))
	copy(f.key[:], digest[:])
	if slices.ContainsFunc(h.facts, func(g fact) bool { return g.key == f.key && g.entry.Canonical() == entry.Canonical() }) {
		return // the same fact twice is one event
	}
	h.facts = append(h.facts, f)
}

// events returns the ledger of a store that recorded the history in the given order.
func (h *history) events(order []int) *ledger {
	l := newLedger()
	for _, i := range order {
		f := &h.facts[i]
		key := subject{f.entry.Form, f.entry.Canonical()}
		l.subjects[key] = append(l.subjects[key], eventOf(f.entry, f.occurred, f.position))
	}
	return l
}

func (h *history) ledger() *ledger {
	order := make([]int, len(h.facts))
	for i := range order {
		order[i] = i
	}
	return h.events(order)
}

func drawStatement(t *rapid.T, family []string) statement.Statement {
	s := statement.Statement{
		Kind: pick(t, "kind", consent.KindRequest, consent.KindConfirm, consent.KindConfirm, consent.KindGrant, consent.KindGrant,
			consent.KindGrant, consent.KindGrant, consent.KindGrant, consent.KindGrant, consent.KindWithdraw, consent.KindRefuse,
			consent.KindSuppress, consent.KindSuppress, consent.KindLift, consent.KindErase),
		Occurred: drawDay(t, "occurred"),
		Address:  pick(t, "address", family...),
	}
	switch s.Kind {
	case consent.KindRequest, consent.KindConfirm:
		s.Channels = []string{pick(t, "channel", "news", "news", "shop", "club")}
		s.Source = pick(t, "source", "web_form", "double_opt_in", "", "import")
		drawDetails(t, &s)
		if s.Kind == consent.KindRequest {
			s.Declaration = drawDeclaration(t)
		}
	case consent.KindGrant:
		drawGrant(t, &s)
	case consent.KindWithdraw, consent.KindRefuse:
		s.AllMarketing = roll(t, "all marketing", 6) == 1
		switch {
		case s.AllMarketing:
		case s.Kind == consent.KindWithdraw && roll(t, "by declaration", 4) == 1:
			s.Declaration = drawDeclaration(t)
		default:
			s.Channels = someOf(t, "news", "shop", "club", "parcels")
		}
	case consent.KindSuppress, consent.KindLift:
		drawSuppression(t, &s)
	case consent.KindErase:
		if roll(t, "no erasure", 3) > 0 { // they end so much that other rules would not be reached
			s.Kind = consent.KindGrant
			drawGrant(t, &s)
		}
	default:
	}
	return s
}

// narrow makes the statement one of a few that differ in little but their times, so that the fold meets what stands for one
// another, what was erased in between, and what was said twice.
func narrow(t *rapid.T, s *statement.Statement, address string) {
	s.Domain, s.Address = "", address
	switch s.Kind {
	case consent.KindGrant:
		channels, confirmed := []string{"shop"}, pick(t, "confirmed", 0, s.Occurred, drawDay(t, "confirmed"))
		if roll(t, "both", 3) == 1 {
			channels = []string{"news", "shop"}
		}
		*s = statement.Statement{
			Kind: s.Kind, Occurred: s.Occurred, Address: address, Channels: channels, Basis: catalog.BasisConsent, Expires: s.Expires,
			Declaration: consent.Declaration{ID: "all", Version: "1"}, Source: "web_form", Confirmed: confirmed, URL: "https://alpha.example",
			Operator: "desk-1",
		}
	case consent.KindRequest, consent.KindConfirm:
		s.Channels, s.Source = []string{"shop"}, "web_form"
		if s.Kind == consent.KindRequest {
			s.Declaration = consent.Declaration{ID: "all", Version: "1"}
		}
	case consent.KindWithdraw, consent.KindRefuse:
		if s.Declaration = (consent.Declaration{}); !s.AllMarketing {
			s.Channels = []string{"shop"}
		}
	case consent.KindSuppress:
		*s = statement.Statement{Kind: s.Kind, Occurred: s.Occurred, Address: address, Expires: s.Expires, Reason: consent.ReasonObjection}
	case consent.KindLift:
		*s = statement.Statement{Kind: s.Kind, Occurred: s.Occurred, Address: address, Reason: pick(t, "lifted", consent.ReasonErased,
			consent.ReasonErased, consent.ReasonObjection)}
	default:
	}
}

func drawDeclaration(t *rapid.T) consent.Declaration {
	return pick(t, "declaration", consent.Declaration{ID: "all", Version: "1"}, consent.Declaration{ID: "all", Version: "1"},
		consent.Declaration{ID: "all", Version: "2"}, consent.Declaration{ID: "lost", Version: "9"}, consent.Declaration{})
}

func drawGrant(t *rapid.T, s *statement.Statement) {
	s.Channels = someOf(t, "shop", "news", "club", "shop", "news", "parcels", "duties")
	s.Basis = pick(t, "basis", catalog.BasisConsent, catalog.BasisConsent, catalog.BasisConsent, catalog.BasisExistingCustomer,
		catalog.BasisTerms, catalog.BasisTerms, catalog.BasisContract)
	s.Source = pick(t, "source", "web_form", "web_form", "paper", "in_person", "import", "")
	s.Declaration = drawDeclaration(t)
	if s.Basis == catalog.BasisTerms {
		s.Declaration = consent.Declaration{ID: "terms", Version: pick(t, "version", "none", "customer", "customer", "shop", "lost")}
	}
	s.Confirmed = pick(t, "confirmed", 0, s.Occurred, s.Occurred, s.Occurred-1, s.Occurred+day, drawDay(t, "confirmed"))
	if roll(t, "expires?", 4) == 1 {
		s.Expires = s.Occurred + instant(roll(t, "expires", 6)) - instant(0)
	}
	s.TransactionID = pick(t, "transaction", "order-1", "order-1", "order-2", "")
	s.Notice = roll(t, "notice", 4) != 1
	s.NoticeShown = pick(t, "notice shown", consent.Declaration{}, consent.Declaration{ID: "till", Version: "1"},
		consent.Declaration{ID: "till", Version: "2"}, consent.Declaration{ID: "all", Version: "1"}, consent.Declaration{ID: "lost", Version: "1"})
	drawDetails(t, s)
	s.Goods = pick(t, "goods", []string{"tea"}, []string{"tea", "cups"}, []string{"cups"}, nil)
	s.DocumentRef = pick(t, "document", "scan-1", "")
	if s.Basis == catalog.BasisConsent && roll(t, "flawless", 2) == 1 {
		s.Declaration, s.Source, s.Confirmed = consent.Declaration{ID: "all", Version: "1"}, "web_form", s.Occurred
		s.URL, s.Operator = "https://alpha.example", "desk-1"
	}
}

// drawDetails gives a statement parts of the evidence that channels may require.
func drawDetails(t *rapid.T, s *statement.Statement) {
	s.URL = pick(t, "url", "https://alpha.example", "https://alpha.example", "https://alpha.example", "")
	s.Operator = pick(t, "operator", "desk-1", "desk-1", "desk-1", "")
}

func drawSuppression(t *rapid.T, s *statement.Statement) {
	s.Reason = pick(t, "reason", consent.ReasonObjection, consent.ReasonComplaint, consent.ReasonHardBounce, consent.ReasonManual,
		consent.ReasonExternalList, consent.ReasonExternalList, consent.ReasonLegalBlock, consent.ReasonProcessingRestricted)
	if s.Kind == consent.KindLift && roll(t, "lift the erasure", 4) == 1 {
		s.Reason = consent.ReasonErased
	}
	s.Scope = pick(t, "scope", "", "", "", consent.ScopeAll, consent.ScopeMarketing, "controller:alpha", "department:sales",
		"channel:news", "channel:shop", "channel:parcels", "sender:editor", "sender:seller")
	if s.Reason == consent.ReasonHardBounce && s.Kind == consent.KindSuppress || s.Scope == "" && s.Reason == consent.ReasonManual {
		s.Scope = consent.ScopeAll
	}
	if s.Reason == consent.ReasonExternalList {
		s.List = pick(t, "list", "ecg", "robinson")
	}
	if roll(t, "of a domain", 5) == 1 {
		s.Address, s.Domain = "", pick(t, "domain", domains()...)
	}
	if s.Kind == consent.KindLift {
		if s.Reason == consent.ReasonProcessingRestricted {
			s.Informed = s.Occurred
		}
		return
	}
	if s.Reason == consent.ReasonExternalList {
		s.Binds = pick(t, "binds", consent.BindsAll, consent.BindsExistingCustomer)
	}
	s.Expires = maybe(t, "until", func() consent.Instant {
		return s.Occurred + instant(1+roll(t, "until", 4)) - instant(0)
	})
}
