package blocklist

import (
	"context"
	"sync"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/cards"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
)

// Entry is one rule that blocks one form of an address.
type Entry struct {
	Match consent.Form
	Text  string   // the form; empty: only its list hash is known
	Inner [32]byte // the list hash, where Text is empty
	// FoldVersion is the address.FoldVersion by which the form of Inner was made, if that is not the one of this program; else 0.
	FoldVersion int
	Rule        feed.Rule      // why it is blocked
	About       *cards.Subject // that a disclosure is counted for; nil: none
	// Partial says of a folded form that a consent reopened one of its spellings. Those that are blocked have entries of their own, so only a
	// list of which a hit is asked about needs it.
	Partial bool
	// Derived says of a folded form that the address which is written so was never seen, but others of the mailbox were, which have entries of
	// their own: a tool that has only what people typed does not need it.
	Derived bool
}

// Page is what a part of the store has for the list.
type Page struct {
	Entries []Entry
	// Missing counts the forms that are blocked, and cannot be listed because the address is not known any more.
	Missing int64
	// Reopened counts the addresses that are not blocked because of a consent, although their folded form is.
	Reopened int64
}

// Reader reads lists.
type Reader struct {
	*env.Env

	cards     *cards.Reader
	consumers *consumers.Consumers
}

// NewReader returns a reader.
func NewReader(env *env.Env, cards *cards.Reader, consumers *consumers.Consumers) *Reader {
	return &Reader{Env: env, cards: cards, consumers: consumers}
}

// Request says which list is read.
type Request struct {
	Channel *feed.Channel
	Worths  *feed.Worths
	Lists   *extlist.Consulted // in force
	At      consent.Instant    // what ended by then does not block
	// Hashed says that the entries are for a list of keyed hashes. Who looks up in it looks for the exact form of an address, its folded form and
	// its domains. So a folded form stands for its spellings, a domain for its addresses, and the list hashes of erased addresses count as known.
	// Otherwise each known address that is blocked has an entry, for what is on the list is compared with addresses as they are.
	Hashed bool
}

// List is a block list that is being read.
type List struct {
	reader *Reader
	mu     sync.Mutex // guards what follows
	// erased are the folded subjects of which a form is known by its list hash only. They come last: whether a person came back since is known by
	// then. Returned are the list hashes of exact forms that did, reopened those of the folded forms of which one is not blocked.
	erased             []storage.SubjectKey
	returned, reopened map[[32]byte]bool
	// domains are those that were read; nil values: they do not exist. Each is as it was at the beginning of the list, or later, which is what
	// the list promises: what changed of it since is told after the list.
	domains map[storage.SubjectKey]*cards.Subject
}

// maxDomains is how many domains are kept at most for the pages of a list.
const maxDomains = 100_000

// Begin returns a list of which nothing was read.
func (r *Reader) Begin() *List {
	return &List{
		reader: r, returned: map[[32]byte]bool{}, reopened: map[[32]byte]bool{}, domains: map[storage.SubjectKey]*cards.Subject{},
	}
}

// takeDomains puts those of the domains that were read for the list into a map that lacks them, and returns the keys of the others.
func (l *List) takeDomains(into map[storage.SubjectKey]*cards.Subject, keys []storage.SubjectKey) []storage.SubjectKey {
	l.mu.Lock()
	defer l.mu.Unlock()
	var missing []storage.SubjectKey
	for _, key := range keys {
		if _, ok := into[key]; ok {
			continue
		}
		s, ok := l.domains[key]
		if !ok {
			missing = append(missing, key)
		}
		into[key] = s
	}
	return missing
}

// keepDomains keeps the domains with the keys as a map has them.
func (l *List) keepDomains(from map[storage.SubjectKey]*cards.Subject, keys []storage.SubjectKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.domains)+len(keys) > maxDomains {
		clear(l.domains)
	}
	for _, key := range keys {
		l.domains[key] = from[key]
	}
}

// Page returns what the first subjects with ids in a range have for the list, about as many subjects as the limit says, and the id of the last;
// zero if the range has none. All ids together, and the rest, make the list: an address that several subjects know is given by one of them.
// Parts of the store may be read at once.
func (l *List) Page(ctx context.Context, ids storage.IDRange, limit int, in *Request) (page Page, last consent.SubjectID, err error) {
	all, last, err := l.reader.cards.PresentIn(ctx, ids, limit)
	if err != nil || len(all) == 0 {
		return Page{}, last, err
	}
	g := newGathering(l, in, len(all))
	g.keep(all)
	err = g.list(ctx, all)
	return g.page, last, err
}

func (l *List) addErased(key storage.SubjectKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erased = append(l.erased, key)
}

// Rest returns a part of what is left when all ranges were read, of at most so many subjects; false if nothing is left.
func (l *List) Rest(ctx context.Context, limit int, in *Request) (page Page, more bool, err error) {
	n := min(limit, len(l.erased))
	if n == 0 {
		return Page{}, false, nil
	}
	g := newGathering(l, in, n)
	if err := g.load(ctx, l.erased[:n]); err != nil {
		return Page{}, false, err
	}
	var all []*cards.Subject
	for _, key := range l.erased[:n] {
		if s := g.loaded[key]; s != nil {
			all = append(all, s)
		}
	}
	l.erased = l.erased[n:]
	err = g.rest(ctx, all)
	return g.page, true, err
}
