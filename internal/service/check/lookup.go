package check

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/operational"
	"github.com/assent-io/assent/internal/consent/standing"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/subjects"
)

// Lookup returns what holds for an address, now or at another moment, on the channels of the caller's department. Errors:
// INVALID_ADDRESS, TIME_IN_FUTURE, POSITION_UNKNOWN, NO_CATALOG.
func (s *Checker) Lookup(ctx context.Context, in LookupInput) (Recipient, error) {
	return s.LookupFor(ctx, in, access.ScopeRead, true)
}

// LookupFor is Lookup for a caller with the scope. It counts as a disclosure if counts is set; use cases that count on
// their own pass false.
func (s *Checker) LookupFor(ctx context.Context, in LookupInput, scope access.Scope, counts bool) (Recipient, error) {
	a, err := subjects.ParseAddress(in.Address)
	if err != nil {
		return Recipient{}, err
	}
	l := subjects.NewLocator(s.Keys, 1)
	at, err := l.Places(a, false)
	if err != nil {
		return Recipient{}, err
	}
	v, who, err := s.reader.Look(ctx, l.AllKeys(), in.Moment)
	if err != nil {
		return Recipient{}, err
	}
	if err := who.Need(scope); err != nil {
		return Recipient{}, err
	}
	cat, version, err := s.reader.InForce(ctx, v)
	if err != nil {
		return Recipient{}, err
	}
	present, err := s.reader.Present(ctx, v)
	if err != nil {
		return Recipient{}, err
	}
	var known subjects.Knowledge
	if err := in.gather(&known, &at, v); err != nil {
		return Recipient{}, err
	}
	if counts && known.About != nil {
		if err := s.disclosures.Count(ctx, &who, v.Asked, "", *known.About); err != nil {
			return Recipient{}, err
		}
	}
	r := Recipient{Snapshot: Snapshot{Position: v.Position, CatalogVersion: version, ForSending: in.IsNow()}}
	for i := range cat.Channels {
		ch := &cat.Channels[i]
		if who.NeedChannel(ch.ID, present, cat) != nil {
			continue
		}
		rules, err := s.Rulebook.Rules(cat, consent.Request{Channel: ch.ID})
		if err != nil {
			return Recipient{}, err
		}
		decided, err := s.decideLookup(ctx, &in, rules, a, &known.Known, v.At)
		if err != nil {
			return Recipient{}, err
		}
		state := ChannelState{Channel: ch.ID, Decision: NewResult(decided, r.Snapshot, cat), Standing: standing.Of(&known.Known, ch.ID, v.At)}
		if slices.Contains(decided.Reasons, consent.CodeNotCleared) {
			state.Cleared = cleared(operational.DecideCleared(rules, a, &known.Known, v.At), r.Snapshot, cat)
		}
		r.Channels = append(r.Channels, state)
	}
	for _, p := range known.InForce(a, v.At) {
		if who.MayKnow(p.Scope, present, cat) {
			r.Suppressions = append(r.Suppressions, p)
		}
	}
	return r, nil
}

// cleared returns a decision for a message of a send that is cleared. A check that names the send says whether to send.
func cleared(d consent.Decision, s Snapshot, cat *catalog.Catalog) *Result {
	s.ForSending = false
	r := NewResult(d, s, cat)
	return &r
}

// decideLookup decides on one channel, by contacts where a consent may live by them; then what is known has them for the next channel.
func (s *Checker) decideLookup(
	ctx context.Context, in *LookupInput, rules *consent.Rules, a address.Address, known *consent.Known, at consent.Instant,
) (consent.Decision, error) {
	decide := (*consent.Rules).Decide
	if in.IsNow() {
		decide = operational.Decide
	}
	d := decide(rules, a, known, at)
	if d.Contacts != consent.ContactsUnknown || !in.countsContacts() {
		return d, nil
	}
	var err error
	if known.Contacts, err = s.ContactsOf(ctx, a); err != nil {
		return consent.Decision{}, err
	}
	return decide(rules, a, known, at), nil
}

// LookupInput is a look at one address.
type LookupInput struct {
	Address string
	asof.Moment

	// Folded takes the place of what is known of the folded form, where that has events of another person's address; nil: nothing does.
	Folded *consent.State
	// ByContacts says that contacts count although the moment says what was known: for the moment that is now.
	ByContacts bool
}

// countsContacts reports whether a consent that has lapsed may live by contacts: when they were reported is not known.
func (in *LookupInput) countsContacts() bool {
	return in.ByContacts || in.KnownAsOf == asof.KnownAsOf{}
}

// gather gathers what is known of the address.
func (in *LookupInput) gather(known *subjects.Knowledge, at *subjects.Places, v *asof.View) error {
	if err := known.Gather(at, v); err != nil || in.Folded == nil {
		return err
	}
	return known.ReplaceFolded(in.Folded, at, v)
}

// ChannelState is what holds for an address on one channel.
type ChannelState struct {
	Channel  string
	Decision Result
	// Cleared is what would be decided for a message of a send that is cleared, but for caps; nil: the decision waits for no send.
	Cleared *Result
	standing.Standing
}

// Recipient is what holds for an address.
type Recipient struct {
	Snapshot
	Channels     []ChannelState
	Suppressions []consent.InForce
}
