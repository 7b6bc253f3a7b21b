package changes

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/cards"
	"github.com/assent-io/assent/internal/service/consumers"
)

// form is how a reader sees addresses, times and positions.
type form struct {
	name consumers.Form
	own  [32]byte // the consumer's own key, of the form keyed
	keys *seal.Keys
}

// keyed reports whether the reader sees keyed hashes, days and no positions.
func (x *form) keyed() bool { return x.name == consumers.FormKeyed }

// legacy reports whether the reader sees hashes without a key, of exact forms. Such a reader cannot fold an address that it has as a hash only.
func (x *form) legacy() bool { return !x.keyed() && x.name != consumers.FormPlain }

// position returns a position as the reader sees it.
func (x *form) position(at int64) int64 {
	if x.keyed() {
		return 0
	}
	return at
}

const (
	// snapshotPage is how many subjects a page of a snapshot has at most.
	snapshotPage = 1000
	// keyedPage is how many events a page of a keyed reader may have at least: entries of one event alone would be those of one person.
	keyedPage = 100
	// keyedSnapshotPage is how many subjects a page of a snapshot of a keyed reader has at most: it mixes more people than that of others.
	keyedSnapshotPage = 5 * snapshotPage
)

// beginning returns an error unless the reader may begin with the first event: by what came one after the other, two keyed readers could find
// which of their hashes are of one person.
func (x *form) beginning() error {
	if x.keyed() {
		return fault.Errorf(fault.InvalidRequest, "from", "a keyed consumer cannot begin at the beginning, for the order of the history would show "+
			"which hashes of two consumers are of one person; take a snapshot (ExportSuppressions), and go on from its token")
	}
	return nil
}

// page returns how many events a page has at most where a size was asked for; 0: none was.
func (x *form) page(asked int) int {
	if asked <= 0 {
		asked = defaultPage
	}
	if x.keyed() {
		asked = max(asked, keyedPage)
	}
	return min(asked, maxPage)
}

// snapshotPage returns how many subjects a page of a snapshot has at most.
func (x *form) snapshotPage() int {
	if x.keyed() {
		return keyedSnapshotPage
	}
	return snapshotPage
}

// mix puts the entries of a page in an order that says nothing: for a keyed reader that of the hashes, which are others for every consumer.
// Those of one card stay together and in their order.
func (x *form) mix(entries []Entry) {
	if x.keyed() {
		slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Hash, b.Hash) })
	}
}

// recipient is whom entries are about, as a reader sees it.
type recipient struct {
	match         consent.Form
	address, hash string
	foldVersion   int // see Entry
	order         func(*feed.Rule) uint64
}

// recipient returns whom the entries of a card are about; false if the reader cannot be told.
func (x *form) recipient(c *cards.Card) (recipient, bool, error) {
	to := recipient{match: c.Match, order: feed.PlainOrder}
	switch {
	case x.keyed():
		return x.keyedRecipient(c)
	case c.Text == "":
		return to, false, nil
	case x.legacy():
		to.hash = x.name.Sum(c.Text)
	default:
		to.address = c.Text
	}
	return to, true, nil
}

func (x *form) keyedRecipient(c *cards.Card) (to recipient, known bool, err error) {
	inner, person := c.Inner, c.Person
	if c.Text != "" {
		if inner, err = x.keys.ListHash(c.Match, c.Text); err != nil {
			return to, false, err
		}
		if person, err = x.keys.ListHash(consent.FormFolded, c.Folded); err != nil {
			return to, false, err
		}
	}
	to = recipient{match: c.Match, hash: x.outer(inner), foldVersion: c.FoldVersion, order: func(*feed.Rule) uint64 { return 0 }}
	if c.Match == consent.FormDomain {
		return to, true, nil
	}
	order, err := feed.NewKeyedOrder(x.own, person)
	if err != nil {
		return to, false, err
	}
	to.order = order.OfRule
	return to, true, nil
}

// outer returns the hash that a keyed reader sees, of a list hash.
func (x *form) outer(inner [32]byte) string {
	mac := hmac.New(sha256.New, x.own[:])
	mac.Write(inner[:])
	return hex.EncodeToString(mac.Sum(nil))
}

// entry returns an entry about a rule, but for what it stops, as the reader sees it: what is hidden from it is not in there.
func (x *form) entry(to *recipient, rule *feed.Rule, position int64) Entry {
	e := Entry{Match: to.match, Address: to.address, Hash: to.hash, FoldVersion: to.foldVersion, Kind: rule.Kind, Rule: *rule, Position: x.position(position)}
	if rule.Kind == 0 {
		return e
	}
	e.Reason, e.EndedBy, e.Order = rule.Shown(), rule.EndedBy(), to.order(rule)
	if x.keyed() {
		e.Rule = rule.ByDay()
	}
	e.Rule.Reason, e.Rule.Code = "", ""
	return e
}
