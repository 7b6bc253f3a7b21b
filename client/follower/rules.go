package follower

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
)

// A card is held as bytes: its rules, one after the other. A rule is the number of its shape and two bits, as a varint; its order, eight
// bytes; and until when and from when it counts, each a varint that is there if its bit is set. So two rules are the same exactly if their
// bytes are.
const (
	bitUntil  = 1 << 0
	bitFrom   = 1 << 1
	shapeBits = 2
)

// shape is what very many rules have in common.
type shape struct {
	Kind    feed.Kind       `json:"kind"`
	Stops   feed.Stops      `json:"stops,omitempty"`
	EndedBy feed.EndedBy    `json:"endedBy,omitempty"`
	Channel string          `json:"channel,omitempty"`
	Reason  consent.Code    `json:"reason,omitempty"`
	Scope   consent.Scope   `json:"scope,omitempty"`
	List    string          `json:"list,omitempty"`
	Binds   string          `json:"binds,omitempty"`
	Since   consent.Instant `json:"since,omitempty"` // only of a rule without an order, which says as much

	EndsRefusal   bool `json:"endsRefusal,omitempty"`
	EndsHonoured  bool `json:"endsHonoured,omitempty"`
	EndsObjection bool `json:"endsObjection,omitempty"`
	Imported      bool `json:"imported,omitempty"`
}

// held returns a rule of the shape, but for its times.
func (s *shape) held() feed.Held {
	return feed.Held{
		Kind: s.Kind, Stops: s.Stops, EndedBy: s.EndedBy, EndsRefusal: s.EndsRefusal, EndsHonoured: s.EndsHonoured,
		EndsObjection: s.EndsObjection, Imported: s.Imported, Channel: s.Channel, Reason: s.Reason, Scope: s.Scope,
	}
}

// shapes are all shapes of a set. They are only added.
type shapes struct {
	list    []shape
	held    []feed.Held // by number
	numbers map[shape]uint64
}

func newShapes(list []shape) *shapes {
	s := &shapes{numbers: map[shape]uint64{}}
	for i := range list {
		s.number(&list[i])
	}
	return s
}

func (s *shapes) number(of *shape) uint64 {
	if n, ok := s.numbers[*of]; ok {
		return n
	}
	n := uint64(len(s.list))
	s.list, s.held, s.numbers[*of] = append(s.list, *of), append(s.held, of.held()), n
	return n
}

// appendRule appends the rule of a change.
func (s *shapes) appendRule(to []byte, c *assentv1.Change) ([]byte, error) {
	kind, err := kindOf(c.GetKind())
	if err != nil {
		return nil, err
	}
	stops, err := stopsOf(c.GetStops())
	if err != nil {
		return nil, err
	}
	endedBy, err := endedByOf(c.GetEndedBy())
	if err != nil {
		return nil, err
	}
	of := shape{
		Kind: kind, Stops: stops, EndedBy: endedBy, Channel: c.GetChannel(), Reason: consent.Code(c.GetReason()),
		Scope: consent.Scope(c.GetScope()), List: c.GetList(), Binds: c.GetBinds(),
		EndsRefusal: c.GetEndsRefusal(), EndsHonoured: c.GetEndsHonoured(), EndsObjection: c.GetEndsObjection(), Imported: c.GetImported(),
	}
	if c.GetOrder() == 0 {
		of.Since = instant(c.GetSinceTime())
	}
	until, from := instant(c.GetUntilTime()), instant(c.GetCountsFromTime())
	head := s.number(&of) << shapeBits
	if until != 0 {
		head |= bitUntil
	}
	if from != 0 {
		head |= bitFrom
	}
	to = binary.AppendUvarint(to, head)
	to = binary.LittleEndian.AppendUint64(to, c.GetOrder())
	if until != 0 {
		to = binary.AppendVarint(to, int64(until))
	}
	if from != 0 {
		to = binary.AppendVarint(to, int64(from))
	}
	return to, nil
}

func instant(t *timestamppb.Timestamp) consent.Instant {
	if t == nil {
		return 0
	}
	return consent.InstantOf(t.AsTime())
}

// nextRule returns the first rule of a card and how many bytes it has; none: the card is no card.
func nextRule(card []byte, held []feed.Held) (rule feed.Held, size int) {
	head, n := binary.Uvarint(card)
	if n <= 0 || head>>shapeBits >= uint64(len(held)) || len(card) < n+8 {
		return rule, 0
	}
	rule = held[head>>shapeBits]
	rule.Order = binary.LittleEndian.Uint64(card[n:])
	n += 8
	for _, field := range [...]struct {
		bit uint64
		to  *consent.Instant
	}{{bitUntil, &rule.Until}, {bitFrom, &rule.From}} {
		if head&field.bit == 0 {
			continue
		}
		value, k := binary.Varint(card[n:])
		if k <= 0 {
			return rule, 0
		}
		*field.to, n = consent.Instant(value), n+k
	}
	return rule, n
}

// appendHeld appends the rules of a card.
func appendHeld(to []feed.Held, card []byte, held []feed.Held) []feed.Held {
	for len(card) > 0 {
		rule, size := nextRule(card, held)
		if size == 0 {
			return to // The set was checked when it was read.
		}
		to, card = append(to, rule), card[size:]
	}
	return to
}

// ruleIn returns where a card has a rule, given as its bytes; -1: it does not have it.
func ruleIn(card, rule []byte, held []feed.Held) int {
	for at := 0; at < len(card); {
		_, size := nextRule(card[at:], held)
		if size == 0 {
			return -1
		}
		if bytes.Equal(card[at:at+size], rule) {
			return at
		}
		at += size
	}
	return -1
}

// errUnknown says that the server tells what this version of the package does not know.
func errUnknown(what string, number int32) error {
	return fmt.Errorf("%w: %s %d", ErrVersion, what, number)
}

func kindOf(k assentv1.RuleKind) (feed.Kind, error) {
	switch k {
	case assentv1.RuleKind_RULE_KIND_GRANT:
		return feed.KindGrant, nil
	case assentv1.RuleKind_RULE_KIND_REOPENING:
		return feed.KindReopening, nil
	case assentv1.RuleKind_RULE_KIND_REFUSAL:
		return feed.KindRefusal, nil
	case assentv1.RuleKind_RULE_KIND_SUPPRESSION:
		return feed.KindSuppression, nil
	default:
		return 0, errUnknown("a rule of the kind", int32(k))
	}
}

func stopsOf(s assentv1.Stops) (feed.Stops, error) {
	switch s {
	case assentv1.Stops_STOPS_UNSPECIFIED:
		return 0, nil
	case assentv1.Stops_STOPS_EVERYTHING:
		return feed.StopsEverything, nil
	case assentv1.Stops_STOPS_ALL_BUT_NOTICES:
		return feed.StopsAllButNotices, nil
	case assentv1.Stops_STOPS_MARKETING:
		return feed.StopsMarketing, nil
	case assentv1.Stops_STOPS_CUSTOMER_MARKETING:
		return feed.StopsCustomerMarketing, nil
	default:
		return 0, errUnknown("a suppression that stops", int32(s))
	}
}

func endedByOf(by assentv1.EndedBy) (feed.EndedBy, error) {
	switch by {
	case assentv1.EndedBy_ENDED_BY_UNSPECIFIED:
		return 0, nil
	case assentv1.EndedBy_ENDED_BY_NOTHING:
		return feed.EndedByNothing, nil
	case assentv1.EndedBy_ENDED_BY_CONSENT:
		return feed.EndedByConsent, nil
	case assentv1.EndedBy_ENDED_BY_CONFIRMED_CONSENT:
		return feed.EndedByConfirmedConsent, nil
	case assentv1.EndedBy_ENDED_BY_ANY_CONFIRMED_CONSENT:
		return feed.EndedByAnyConfirmedConsent, nil
	case assentv1.EndedBy_ENDED_BY_CLARIFICATION:
		return feed.EndedByClarification, nil
	default:
		return 0, errUnknown("a rule that is ended by", int32(by))
	}
}
