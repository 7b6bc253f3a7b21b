package service

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
)

// Lookup returns what holds for an address, now or at another moment, on the channels of the caller's department. Errors:
// INVALID_ADDRESS, TIME_IN_FUTURE, POSITION_UNKNOWN, NO_CATALOG.
func (s *Checker) Lookup(ctx context.Context, in LookupInput) (Recipient, error) {
	return s.lookup(ctx, in, ScopeRead, true)
}

// lookup is Lookup for a caller who has the scope. It counts as a disclosure unless it is part of something that counts itself.
func (s *Checker) lookup(ctx context.Context, in LookupInput, scope Scope, counts bool) (Recipient, error) {
	a, err := parseAddress(in.Address)
	if err != nil {
		return Recipient{}, err
	}
	l := newLocator(s.Keys, 1)
	at, err := l.places(a, false)
	if err != nil {
		return Recipient{}, err
	}
	v, who, err := s.reader.look(ctx, l.all(), in.Moment)
	if err != nil {
		return Recipient{}, err
	}
	if err := who.need(scope); err != nil {
		return Recipient{}, err
	}
	cat, version, err := s.reader.inForce(ctx, v)
	if err != nil {
		return Recipient{}, err
	}
	present, err := s.reader.present(ctx, v)
	if err != nil {
		return Recipient{}, err
	}
	var known knowledge
	if err := known.gather(&at, v); err != nil {
		return Recipient{}, err
	}
	if counts && known.held != nil {
		if err := s.disclosures.tally.add(ctx, disclosedTo(&who, v.asked, ""), *known.held); err != nil {
			return Recipient{}, err
		}
	}
	r := Recipient{Basis: Basis{Position: v.position, CatalogVersion: version, ForSending: in.isNow()}}
	for i := range cat.Channels {
		ch := &cat.Channels[i]
		if who.channelOf(ch.ID, present, cat) != nil {
			continue
		}
		rules, err := s.Rulebook.rules(cat, consent.Request{Channel: ch.ID})
		if err != nil {
			return Recipient{}, err
		}
		d := checkResult(rules.Decide(a, &known.Known, v.at), r.Basis, cat)
		standing := known.Standing(ch.ID, v.at)
		r.Channels = append(r.Channels, ChannelState{
			Channel: ch.ID, Decision: d, Grants: standing.Grants, Refused: standing.Refused, Pending: standing.Pending,
		})
	}
	for _, p := range known.InForce(a, v.at) {
		if !who.mayKnow(p.Scope, present, cat) {
			continue
		}
		r.Suppressions = append(r.Suppressions, ActiveSuppression{Suppression: p.Suppression, Domain: p.Domain})
	}
	return r, nil
}

// LookupInput is a look at one address.
type LookupInput struct {
	Address string
	Moment
}

// ChannelState is what holds for an address on one channel.
type ChannelState struct {
	Channel  string
	Decision CheckResult
	Grants   []consent.Grant
	Refused  consent.Instant // the latest refusal; zero: none
	Pending  consent.Instant // when the pending request ends; zero: none is pending
}

// ActiveSuppression is a suppression in force; Domain is set where it is of a domain.
type ActiveSuppression struct {
	consent.Suppression
	Domain string
}

// Recipient is what holds for an address.
type Recipient struct {
	Basis
	Channels     []ChannelState
	Suppressions []ActiveSuppression
}
