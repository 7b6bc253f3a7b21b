package changes

import (
	"cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
)

const (
	// defaultPage is how many events a window has at most, unless a caller asks for another number.
	defaultPage = 500
	// maxPage is how many events a caller may ask for.
	maxPage = 1000
)

// Change is what happened to a rule.
type Change uint8

// The changes.
const (
	Added Change = iota + 1
	Removed
	// Reset of a card: what is held of it is to be forgotten. Of a channel: a new snapshot is to be taken.
	Reset
	// Kept is as Added, but only for a reader that holds rules of another address with this folded form: an erasure took one of its spellings,
	// and what blocks the mailbox blocks the others.
	Kept
)

// KindAddress is that of an entry about an erased address, which is always one that is removed. It is no kind of a rule.
const KindAddress feed.Kind = 100

// Entry is a change as a reader sees it.
type Entry struct {
	Change  Change
	Match   consent.Form // 0 of the Reset of a channel
	Address string       // the form of the address; empty where Hash stands for it, and of the Reset of a channel
	Hash    string
	// FoldVersion is, of a Hash that an erasure kept, the address.FoldVersion by which its form was made, if that is not the one of this program; else 0.
	FoldVersion int
	Kind        feed.Kind // 0 of a Reset
	Rule        feed.Rule // of an Added or Removed one but KindAddress, without Reason and Code; of the Reset of a channel the channel alone
	Reason      consent.Code
	Order       uint64
	EndedBy     feed.EndedBy
	Stops       feed.Stops
	// Position is up to where the card was read; 0 for a reader that sees no positions.
	Position int64
}

// Page is a part of what is told, and how far it goes.
type Page struct {
	Entries  []Entry
	Position int64 // 0 for a reader that sees no positions
	Token    string
	More     bool            // the ledger has more
	Read     consent.Instant // when the ledger was read, by the clock: without More the page has everything that was acknowledged before
}

// Request says what to tell.
type Request struct {
	From     string // now, beginning or a token; empty: now. A snapshot has none
	Channels []string
	Kinds    []feed.Kind
	Consumer string // id; empty: none
	Size     int    // of a page, in events; 0: the default
}

// Where a reader begins, besides a token.
const (
	FromNow       = "now"
	FromBeginning = "beginning"
)

// as returns the entry as one of a change.
func (e Entry) as(change Change) Entry {
	e.Change = change
	return e
}

// compare orders the entries of a card by what the reader sees, so that the order says nothing that is hidden from it.
func (e *Entry) compare(other *Entry) int {
	return cmp.Or(
		cmp.Compare(e.Kind, other.Kind), cmp.Compare(e.Reason, other.Reason), e.Rule.Compare(&other.Rule), cmp.Compare(e.Order, other.Order),
		cmp.Compare(e.EndedBy, other.EndedBy), cmp.Compare(e.Stops, other.Stops),
	)
}

// without returns the entries that are not among others, as those of a change.
func without(list, others []Entry, change Change) []Entry {
	known := make(map[Entry]bool, len(others))
	for i := range others {
		known[others[i]] = true
	}
	var rest []Entry
	for i := range list {
		if !known[list[i]] {
			rest = append(rest, list[i].as(change))
		}
	}
	return rest
}
