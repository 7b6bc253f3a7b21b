package consent_test

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/statement"
)

// subject is whom events are kept for: a form of an address.
type subject struct {
	form      consent.Form
	canonical string
}

// ledger keeps the events of a history by subject, as a store does, and knows them in the order of their arrival.
type ledger struct {
	subjects map[subject][]consent.Event
	arrived  int64
}

func newLedger() *ledger { return &ledger{subjects: map[subject][]consent.Event{}} }

// spelling stands in for the keyed digest of an exact form.
func spelling(exact string) (sum [16]byte) {
	digest := sha256.Sum256([]byte(exact))
	copy(sum[:], digest[:])
	return sum
}

// record adds what was found valid with the next position.
func (l *ledger) record(entry *statement.Entry, occurred consent.Instant) {
	l.arrived++
	key := subject{entry.Form, entry.Canonical()}
	l.subjects[key] = append(l.subjects[key], eventOf(entry, occurred, l.arrived))
}

// eventOf is the event that a store would keep of the entry.
func eventOf(entry *statement.Entry, occurred consent.Instant, position int64) consent.Event {
	e := consent.Event{Position: position, Recorded: consent.MaxInstant, Occurred: occurred, Actor: "test", Facts: entry.Facts}
	if entry.Form == consent.FormFolded {
		e.Spelling = consent.Spelling{Key: 1, Sum: spelling(entry.Exact())}
	}
	if !entry.With.IsZero() {
		e.Linked = consent.Linked{Folded: sha256.Sum256([]byte(entry.With.Folded())), Spelling: spelling(entry.With.Exact())}
	}
	digest := sha256.Sum256(codec.EventKeyInput(occurred, &entry.Facts, entry.Exact(), &entry.Evidence))
	copy(e.Key[:], digest[:])
	return e
}

// state is the fold of a subject's events up to t; nil if there are none, as in a store.
func (l *ledger) state(s subject, t consent.Instant) *consent.State {
	var known []consent.Event
	for _, e := range l.subjects[s] {
		if e.Occurred <= t {
			known = append(known, e)
		}
	}
	if known == nil {
		return nil
	}
	return consent.Fold(known)
}

// known is what a store would find about the address at t.
func (l *ledger) known(a address.Address, t consent.Instant) *consent.Known {
	k := &consent.Known{
		Exact:    l.state(subject{consent.FormExact, a.Exact()}, t),
		Folded:   l.state(subject{consent.FormFolded, a.Folded()}, t),
		Mail:     l.state(subject{consent.FormMail, a.Mailbox()}, t),
		Spelling: spelling(a.Exact()),
	}
	for _, domain := range a.Domains() {
		k.Domains = append(k.Domains, l.state(subject{consent.FormDomain, domain}, t))
	}
	_ = k.GatherLinked(sha256.Sum256([]byte(a.Folded())), func(folded [32]byte) (*consent.State, error) {
		for s := range l.subjects {
			if s.form == consent.FormFolded && sha256.Sum256([]byte(s.canonical)) == folded {
				return l.state(s, t), nil
			}
		}
		return nil, nil //nolint:nilnil // There is no such state.
	})
	return k
}

func mustAddress(tb testing.TB, typed string) address.Address {
	tb.Helper()
	a, err := address.Parse(typed)
	if err != nil {
		tb.Fatalf("parsing the address: %v", err)
	}
	return a
}

func mustCatalog(tb testing.TB) *catalog.Catalog {
	tb.Helper()
	const name = "acme.yaml"
	document, err := os.ReadFile(filepath.Join("..", "..", "examples", "catalogs", name))
	if err != nil {
		tb.Fatalf("reading the catalog: %v", err)
	}
	c, _, err := catalog.Parse(name, document)
	if err != nil {
		tb.Fatalf("parsing the catalog: %v", err)
	}
	return c
}

func mustRules(tb testing.TB, c *catalog.Catalog, r consent.Request) *consent.Rules {
	tb.Helper()
	rules, err := consent.NewRules(c, r)
	if err != nil {
		tb.Fatalf("the rules for %s: %v", r.Channel, err)
	}
	return rules
}
