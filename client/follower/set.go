package follower

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/versionmap"
	"github.com/assent-io/assent/suppressionfilter"
)

// set is what was told, as the goroutine that follows the feed writes it.
type set struct {
	keyed    bool
	shapes   *shapes
	cards    [matches]*versionmap.Map // by match
	twins    *versionmap.Map          // how many exact cards have a folded form that is another text; of a set in clear
	channels []*assentv1.FeedChannel
	told     map[string]*followed // by id

	token    string
	position int64
	asOf     time.Time // up to when the server said that this is all, by its clock; zero: it did not
	clock    clock     // of the server
	caughtUp bool      // it was once of one moment of the ledger; what a snapshot tells alone is not
	unknown  int       // rules that were removed and not held
	erased   bool      // since the set was compacted
	buffer   []byte
}

func newSet(keyed bool, channels []*assentv1.FeedChannel, list []shape) (*set, error) {
	s := &set{keyed: keyed, shapes: newShapes(list), twins: versionmap.New(), channels: channels, told: make(map[string]*followed, len(channels))}
	for i := range s.cards {
		s.cards[i] = versionmap.New()
	}
	for _, m := range channels {
		coverage, err := coverageOf(m)
		if err != nil {
			return nil, err
		}
		ch := &followed{Channel: feed.Channel{Coverage: coverage, Closed: consent.Code(m.GetClosed()), Refusable: m.GetRefusable()}}
		if ch.calendar, err = calendarOf(m); err != nil {
			return nil, err
		}
		for _, h := range m.GetHonours() {
			coverage, err := coverageOf(h)
			if err != nil {
				return nil, err
			}
			ch.Honours = append(ch.Honours, coverage)
		}
		s.told[m.GetId()] = ch
	}
	return s, nil
}

func coverageOf(m *assentv1.FeedChannel) (consent.Coverage, error) {
	c := consent.Coverage{
		Class: catalog.Class(m.GetClass()), Controller: m.GetController(), Department: m.GetDepartment(), Channel: m.GetId(),
		Sender: m.GetSenderIdentity(),
	}
	switch c.Class {
	case catalog.ClassMarketing, catalog.ClassTransactional, catalog.ClassLegalNotice:
		return c, nil
	default:
		return c, fmt.Errorf("%w: a channel of the class %q", ErrVersion, c.Class)
	}
}

// moveTo notes up to where the set was told. Without a token it could not be gone on from, for an empty one means the end of the ledger, and
// without the time of the server nothing is known of its age.
func (s *set) moveTo(beat *assentv1.Heartbeat) error {
	if beat.GetToken() == "" || beat.GetTime() == nil {
		return fmt.Errorf("%w: the server sent a heartbeat without a token or a time", ErrVersion)
	}
	s.token, s.position = beat.GetToken(), beat.GetPosition()
	return nil
}

// errRenew says that the rules of the catalog for a channel changed, so that a new snapshot is to be taken.
var errRenew = errors.New("the catalog changed")

// apply applies changes. Nothing of it is seen before the set is published. It adds to the batch whom they are about. After errRenew the set is
// of no use, and the batch has who was erased: a snapshot may not tell it again.
func (s *set) apply(changes []*assentv1.Change, batch *Batch) error {
	renew := slices.ContainsFunc(changes, func(c *assentv1.Change) bool {
		return c.GetChange() == assentv1.ChangeType_CHANGE_TYPE_RESET && c.GetRecipient() == nil
	})
	for _, c := range changes {
		if renew && c.GetKind() != assentv1.RuleKind_RULE_KIND_ADDRESS {
			continue
		}
		if err := s.change(c, batch); err != nil {
			return err
		}
	}
	if renew {
		return errRenew
	}
	return nil
}

func (s *set) change(c *assentv1.Change, batch *Batch) error {
	to, key, err := s.recipient(c)
	if err != nil {
		return err
	}
	erased := c.GetKind() == assentv1.RuleKind_RULE_KIND_ADDRESS
	switch kind := c.GetChange(); {
	case kind == assentv1.ChangeType_CHANGE_TYPE_RESET, kind == assentv1.ChangeType_CHANGE_TYPE_REMOVED && erased:
		s.put(to.Match, key, nil)
	case erased:
		return errUnknown("a change of an address, of the kind", int32(kind))
	case kind == assentv1.ChangeType_CHANGE_TYPE_KEPT && !s.holdsTwin(key):
		return nil
	case kind == assentv1.ChangeType_CHANGE_TYPE_ADDED, kind == assentv1.ChangeType_CHANGE_TYPE_REMOVED,
		kind == assentv1.ChangeType_CHANGE_TYPE_KEPT:
		if err := s.rule(to.Match, key, c); err != nil {
			return err
		}
	default:
		return errUnknown("a change of the kind", int32(kind))
	}
	batch.add(to, erased)
	s.erased = s.erased || erased
	return nil
}

// rule adds or removes a rule of a card.
func (s *set) rule(match Match, key []byte, c *assentv1.Change) error {
	rule, err := s.shapes.appendRule(s.buffer[:0], c)
	if err != nil {
		return err
	}
	s.buffer = rule
	card := s.cards[match-1].Get(key)
	at := ruleIn(card, rule, s.shapes.held)
	switch removed := c.GetChange() == assentv1.ChangeType_CHANGE_TYPE_REMOVED; {
	case removed && at < 0:
		s.unknown++
	case removed:
		s.put(match, key, slices.Concat(card[:at], card[at+len(rule):]))
	case at < 0:
		s.put(match, key, slices.Concat(card, rule))
	}
	return nil
}

// put sets a card; an empty one is none.
func (s *set) put(match Match, key, card []byte) {
	cards := s.cards[match-1]
	had := len(cards.Get(key)) > 0
	cards.Set(key, card)
	if s.keyed || match != MatchExact || had == (len(card) > 0) {
		return
	}
	a, err := address.Parse(string(key))
	if err != nil || a.Folded() == a.Exact() {
		return // Of the first, the server knows more than this program, and nothing is found by its folded form here.
	}
	folded := []byte(a.Folded())
	n, _ := binary.Uvarint(s.twins.Get(folded))
	if had {
		n--
	} else {
		n++
	}
	if n == 0 {
		s.twins.Set(folded, nil)
		return
	}
	s.twins.Set(folded, binary.AppendUvarint(nil, n))
}

// holdsTwin reports whether the set has rules of an exact form with the folded form.
func (s *set) holdsTwin(folded []byte) bool {
	return s.cards[MatchExact-1].Get(folded) != nil || s.twins.Get(folded) != nil
}

// recipient returns whom a change is about, and the key of the card.
func (s *set) recipient(c *assentv1.Change) (Recipient, []byte, error) {
	to := Recipient{}
	switch c.GetMatch() {
	case assentv1.AddressMatch_ADDRESS_MATCH_EXACT:
		to.Match = MatchExact
	case assentv1.AddressMatch_ADDRESS_MATCH_FOLDED:
		to.Match = MatchFolded
	case assentv1.AddressMatch_ADDRESS_MATCH_DOMAIN:
		to.Match = MatchDomain
	default:
		return to, nil, errUnknown("a match of addresses", int32(c.GetMatch()))
	}
	switch r := c.GetRecipient().(type) {
	case *assentv1.Change_Address:
		if to.Address = r.Address; s.keyed || r.Address == "" {
			return to, nil, fmt.Errorf("%w: the server sent an address in clear", ErrForm)
		}
		return to, []byte(r.Address), nil
	case *assentv1.Change_Hash:
		sum, err := hex.DecodeString(r.Hash)
		if err != nil || len(sum) != len(to.Hash) || !s.keyed {
			return to, nil, fmt.Errorf("%w: the server sent a hash of %d bytes", ErrForm, len(r.Hash)/2)
		}
		to.Hash = suppressionfilter.Hash(sum)
		return to, sum, nil
	default:
		return to, nil, fmt.Errorf("%w: the server sent a change without an address", ErrForm)
	}
}

// view is a set as of one moment of the ledger. It never changes.
type view struct {
	keyed    bool
	cards    [matches]versionmap.View
	held     []feed.Held
	told     map[string]*followed
	channels []*assentv1.FeedChannel
	shapes   []shape

	token    string
	position int64
	asOf     time.Time // by the clock of the server
	clock    clock
}

// publish returns the set as it is.
func (s *set) publish() *view {
	v := &view{
		keyed: s.keyed, held: s.shapes.held, told: s.told, channels: s.channels, shapes: s.shapes.list, token: s.token, position: s.position,
		asOf: s.asOf, clock: s.clock,
	}
	for i := range s.cards {
		v.cards[i] = s.cards[i].Publish()
	}
	s.twins.Publish() // So that it drops what it does not need.
	return v
}

// compact drops what was erased from memory, too.
func (s *set) compact() {
	for i := range s.cards {
		s.cards[i].Compact()
	}
	s.twins.Compact()
	s.erased = false
}

// size returns how many cards the set has, and how many bytes they take.
func (s *set) size() (cards, bytes int) {
	for i := range s.cards {
		cards, bytes = cards+s.cards[i].Len(), bytes+s.cards[i].Size()
	}
	return cards, bytes + s.twins.Size()
}
