// Package lookalike finds senders of different departments that a reader can take for one another: by their display names, by
// their From addresses, and by the mailboxes that answers and complaints go to. It is pure: it stores nothing and asks nothing.
package lookalike

import (
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"github.com/assent-io/assent/internal/address"
)

// Likeness is how far two senders can be taken for one another.
type Likeness int

// The likenesses, the closest last.
const (
	// Unlike senders are told apart.
	Unlike Likeness = iota
	// Maybe is plain ASCII whose skeletons collide: modern, modem.
	Maybe
	// Similar is what a reader would take one for the other by.
	Similar
)

// Sender is what a reader sees of a sender identity, and where answers and complaints about it go. An address that is empty or
// invalid is not compared, and neither is a name without a letter or digit.
type Sender struct {
	Department   string
	Name         string // of From
	Address      string // of From
	ReplyTo      string
	ComplaintsTo string // of the department
}

// Pair is two senders of different departments that can be taken for one another.
type Pair struct {
	First, Second int // their places in the list; First is the smaller
	Likeness      Likeness
	// Reasons say by what, each a clause such as "their From addresses are the same". There is at least one, and none holds
	// an address. Those of a Similar pair leave out what is Maybe alike besides.
	Reasons []string
}

// Find compares each two senders of different departments, and returns the pairs that are alike, ordered by Second, then First.
// The generic words are added to the built-in ones, which tell no sender from another.
func Find(senders []Sender, genericWords []string) []Pair {
	w := newWriter()
	v := w.vocabulary(genericWords)
	faces := make([]face, len(senders))
	for i := range senders {
		faces[i] = w.face(&senders[i])
	}
	var pairs []Pair
	for i := range senders {
		for j := range i {
			if senders[i].Department == senders[j].Department {
				continue
			}
			if pair := v.pair(&faces[j], &faces[i]); pair.Likeness != Unlike {
				pair.First, pair.Second = j, i
				pairs = append(pairs, pair)
			}
		}
	}
	return pairs
}

// pair applies every rule to two senders, and keeps the reasons of the closest likeness.
func (v *vocabulary) pair(a, b *face) Pair {
	var pair Pair
	for _, rule := range []func(a, b *face) (Likeness, string){v.names, v.addresses, domains, replies, complaints} {
		found, why := rule(a, b)
		if found > pair.Likeness {
			pair = Pair{Likeness: found}
		}
		if found == pair.Likeness && found != Unlike {
			pair.Reasons = append(pair.Reasons, why)
		}
	}
	return pair
}

// face is a sender, prepared for comparison.
type face struct {
	sender     *Sender
	name       appearance
	address    address.Address
	local      appearance
	domain     appearance
	below      []appearance // the labels left of the registrable domain
	registered string       // the registrable domain, such as acme.example of news.acme.example
	replyTo    address.Address
	complaints address.Address
}

// face prepares a sender for comparison. Domains are compared as people see them, not as A-labels.
func (w *writer) face(s *Sender) face {
	f := face{sender: s, name: w.appearance(s.Name), replyTo: parsed(s.ReplyTo), complaints: parsed(s.ComplaintsTo)}
	f.address = parsed(s.Address)
	if f.address.IsZero() {
		return f
	}
	local, _, _ := strings.Cut(f.address.Exact(), "@")
	f.local = w.appearance(local)
	f.domain = w.appearance(seen(f.address.Domain()))
	f.registered = registrable(f.address.Domain())
	if below, ok := strings.CutSuffix(f.address.Domain(), "."+f.registered); ok {
		for label := range strings.SplitSeq(below, ".") {
			f.below = append(f.below, w.appearance(seen(label)))
		}
	}
	return f
}

// parsed returns the address; the zero one if it is none, which was reported when it was read.
func parsed(s string) address.Address {
	a, err := address.Parse(s)
	if err != nil {
		return address.Address{}
	}
	return a
}

// seen returns a domain, or a label of one, as people see it.
func seen(domain string) string {
	unicode, err := idna.Lookup.ToUnicode(domain)
	if err != nil {
		return domain
	}
	return unicode
}

// registrable returns the part of a domain that one company registers: the public suffix and a label. A public suffix is the
// whole of it.
func registrable(domain string) string {
	registered, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return domain
	}
	return registered
}
