package follower

import (
	"fmt"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/suppressionfilter"
)

// Match is which addresses something is about.
type Match = suppressionfilter.Match

// The matches.
const (
	MatchExact  = suppressionfilter.MatchExact  // the one address in its exact form
	MatchFolded = suppressionfilter.MatchFolded // all addresses with the folded form
	MatchDomain = suppressionfilter.MatchDomain // all addresses at the domain and below it

	matches = int(MatchDomain)
)

// Recipient is whom something is about, as the consumer sees it. Two are the same if they are equal.
type Recipient struct {
	Match Match
	// Address is the form of the address that Match names; of a domain the domain. Empty for a consumer of the form keyed.
	Address string
	// Hash stands for it there.
	Hash suppressionfilter.Hash
}

// maxChanged is how many recipients a Batch names at most. To go through all of a table is then less work than to find so many in it.
const maxChanged = 100_000

// Batch is what changed at once.
type Batch struct {
	// All says that any address may have changed: the set is a new one, or very much changed. Go through all of your addresses.
	All bool
	// Changed are those whose answers may have changed, each once.
	Changed []Recipient
	// Erased are those who were erased. Delete them, also in lists that were made of the feed. None of a consumer of the form keyed,
	// which holds no address.
	Erased []Recipient

	seen map[Recipient]bool
}

// add adds a recipient once.
func (b *Batch) add(to Recipient, erased bool) {
	if b.seen == nil && !b.All {
		b.seen = map[Recipient]bool{}
	}
	if !b.All && !b.seen[to] {
		b.seen[to] = true
		b.Changed = append(b.Changed, to)
	}
	if len(b.Changed) > maxChanged {
		b.All, b.Changed, b.seen = true, nil, nil
	}
	if erased {
		b.Erased = append(b.Erased, to)
	}
}

// empty reports whether nothing changed.
func (b *Batch) empty() bool { return !b.All && len(b.Changed) == 0 && len(b.Erased) == 0 }

// Forms are the forms in which rules are about one address. A program that keeps addresses under their forms finds by them whom a Recipient
// is about.
type Forms struct {
	// Exact is the address trimmed, in lower case, with an ASCII domain.
	Exact string
	// Folded is that without what the mailbox provider ignores, such as dots and +tags at Gmail.
	Folded string
	// Domains are the domain and those above it, the longest first.
	Domains []string
}

// FormsOf returns the forms of an address as people type it. The error is an [ErrAddress], and holds nothing of the address.
func FormsOf(typed string) (Forms, error) {
	a, err := parse(typed)
	if err != nil {
		return Forms{}, err
	}
	return Forms{Exact: a.Exact(), Folded: a.Folded(), Domains: a.Domains()}, nil
}

func parse(typed string) (address.Address, error) {
	a, err := address.Parse(typed)
	if err != nil {
		return a, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	return a, nil
}

// Recipients returns all recipients by which a change may be about the address: of a key those with hashes.
func (f Forms) Recipients(key suppressionfilter.Key) []Recipient {
	of := func(m Match, text string) Recipient {
		if key.IsZero() {
			return Recipient{Match: m, Address: text}
		}
		return Recipient{Match: m, Hash: key.Hash(m, text)}
	}
	all := []Recipient{of(MatchExact, f.Exact), of(MatchFolded, f.Folded)}
	for _, domain := range f.Domains {
		all = append(all, of(MatchDomain, domain))
	}
	return all
}
