package blocklist

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/cards"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
)

// Entry is one rule that blocks one form of an address.
type Entry struct {
	Match consent.Form
	Text  string         // the form; empty: only its list hash is known
	Inner [32]byte       // the list hash, where Text is empty
	Rule  feed.Rule      // why it is blocked
	About *cards.Subject // that a disclosure is counted for; nil: none
	// Partial says of a folded form that a consent reopened one of its spellings. Those that are blocked have entries of their own, so only a
	// list of which a hit is asked about needs it.
	Partial bool
}

// Page is what a part of the store has for the list.
type Page struct {
	Entries []Entry
	// Missing counts the forms that are blocked, and cannot be listed because the address is not known any more.
	Missing int64
	// Reopened counts the addresses that are not blocked because of a consent, although their folded form is.
	Reopened int64
}

// Reader reads the list.
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
	At      consent.Instant // what ended by then does not block
	// Hashed says that the entries are for a list of keyed hashes. Who looks up in it looks for the exact form of an address, its folded form and
	// its domains. So a folded form stands for its spellings, a domain for its addresses, and the list hashes of erased addresses count as known.
	// Otherwise each known address that is blocked has an entry, for what is on the list is compared with addresses as they are.
	Hashed bool
}

// Page returns what the subjects with ids in a range have for the list. All ranges together make the list: an address that several subjects
// know is given by one of them.
func (r *Reader) Page(ctx context.Context, ids storage.IDRange, in *Request) (Page, error) {
	var keys []storage.SubjectKey
	_, err := r.Store.EachState(ctx, ids, func(s storage.KeyedState) error {
		if s.Key.Form != consent.FormMail {
			keys = append(keys, s.Key)
		}
		return nil
	})
	if err != nil || len(keys) == 0 {
		return Page{}, err
	}
	g := newGathering(r, in)
	if err := g.load(ctx, keys); err != nil {
		return Page{}, err
	}
	return g.page, g.list(ctx, keys)
}
