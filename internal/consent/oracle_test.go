package consent_test

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
)

// The second opinion: the decision rules once more, written from their text and not from the program. It keeps no state and
// leaves nothing out; every answer is looked up in the whole list of events, by definition, at the time asked for.

// fact is an event of the list.
type fact struct {
	entry    *statement.Entry
	occurred consent.Instant
	position int64
	key      [16]byte
}

// opinion judges one address at one time by the events up to then.
type opinion struct {
	catalog *catalog.Catalog
	facts   []fact // in the order in which they count
	address address.Address
	now     consent.Instant
	lists   []listVersion
}

// opinionOn considers those of the facts that occurred by the time; what the others say is not looked at.
func opinionOn(c *catalog.Catalog, facts []fact, a address.Address, now consent.Instant) *opinion {
	o := &opinion{catalog: c, address: a, now: now}
	for _, f := range facts {
		if f.occurred <= now {
			o.facts = append(o.facts, f)
		}
	}
	slices.SortFunc(o.facts, inOrder)
	return o
}

func inOrder(x, y fact) int {
	return cmp.Or(
		cmp.Compare(x.occurred, y.occurred),
		cmp.Compare(rank(x.kind()), rank(y.kind())),
		bytes.Compare(consent.AppendFacts(nil, &x.entry.Facts), consent.AppendFacts(nil, &y.entry.Facts)),
		bytes.Compare(x.key[:], y.key[:]),
	)
}

// rank orders kinds at one instant: request, grant, confirmation, refusal, lift, erasure, suppression.
func rank(k consent.Kind) int {
	for i, kinds := range [][]consent.Kind{
		{consent.KindRequest},
		{consent.KindGrant},
		{consent.KindConfirm},
		{consent.KindWithdraw, consent.KindRefuse},
		{consent.KindLift},
		{consent.KindErase},
		{consent.KindSuppress},
	} {
		if slices.Contains(kinds, k) {
			return i
		}
	}
	return 99
}

func (f *fact) kind() consent.Kind { return f.entry.Facts.Kind }

// ofExact tells whether the fact was stated of the very address.
func (o *opinion) ofExact(f *fact) bool {
	return f.entry.Domain == "" && f.entry.Address.Exact() == o.address.Exact()
}

// erased tells whether what occurred then was erased: the exact address was erased at that instant or later.
func (o *opinion) erased(occurred consent.Instant) bool {
	return slices.ContainsFunc(o.facts, func(f fact) bool {
		return f.kind() == consent.KindErase && o.ofExact(&f) && occurred <= f.occurred
	})
}

// basis is a grant, stated as one or come from a confirmed request.
type basis struct {
	facts     consent.Facts // what it says; of a confirmed request with the request's declaration
	position  int64
	requested consent.Instant
	at        consent.Instant
	confirmed consent.Instant
}

func (b *basis) begins() consent.Instant {
	first := b.at
	for _, i := range []consent.Instant{b.requested, b.confirmed} {
		if i != 0 && i < first {
			first = i
		}
	}
	return first
}

// later is whether the grant is later than the instant; a consent must begin later.
func (b *basis) later(since consent.Instant) bool {
	if since == 0 {
		return true
	}
	if b.facts.Basis == catalog.BasisConsent {
		return b.begins() > since
	}
	return b.at > since
}

// isConfirmed is whether it has a confirmed_time that has come.
func (o *opinion) isConfirmed(b *basis) bool { return b.confirmed != 0 && b.confirmed <= o.now }

// grants are those of the exact address that were not erased, in order.
func (o *opinion) grants() []basis {
	var all []basis
	for i := range o.facts {
		f := &o.facts[i]
		if !o.ofExact(f) || o.erased(f.occurred) {
			continue
		}
		switch f.kind() {
		case consent.KindGrant:
			given := basis{facts: f.entry.Facts, position: f.position, at: f.occurred, confirmed: f.entry.Facts.Confirmed}
			if given.facts.Basis == catalog.BasisConsent && o.erased(given.begins()) {
				continue
			}
			all = append(all, given)
		case consent.KindConfirm:
			if r := o.requestFor(i); r != nil {
				all = append(all, confirmedRequest(r, f))
			}
		default:
		}
	}
	return all
}

func confirmedRequest(r, f *fact) basis {
	given := f.entry.Facts
	given.Basis, given.Declaration, given.Expires = catalog.BasisConsent, r.entry.Facts.Declaration, 0
	given.Details |= r.entry.Facts.Details
	given.Document = given.Document || r.entry.Facts.Document
	if given.Source == "" {
		given.Source = r.entry.Facts.Source
	}
	if r.entry.Facts.Source == consent.SourceImport {
		given.Source = consent.SourceImport
	}
	return basis{facts: given, position: f.position, requested: r.occurred, at: f.occurred, confirmed: f.occurred}
}

// requestFor finds the request that the confirmation at index i takes: the last before it on the channel, if it was neither
// erased nor confirmed before, and has not expired.
func (o *opinion) requestFor(i int) *fact {
	confirmation := &o.facts[i]
	for j := i - 1; j >= 0; j-- {
		f := &o.facts[j]
		if !o.ofExact(f) || !slices.Equal(f.entry.Facts.Channels, confirmation.entry.Facts.Channels) {
			continue
		}
		switch f.kind() {
		case consent.KindConfirm:
			if o.requestFor(j) != nil {
				return nil // that one took it
			}
		case consent.KindRequest:
			if o.erased(f.occurred) || f.entry.Facts.Expires <= confirmation.occurred {
				return nil
			}
			return f
		default:
		}
	}
	return nil
}

// isPending is whether a request on the channel waits for its confirmation.
func (o *opinion) isPending(channel string) bool {
	for i := len(o.facts) - 1; i >= 0; i-- {
		f := &o.facts[i]
		if !o.ofExact(f) || !slices.Equal(f.entry.Facts.Channels, []string{channel}) {
			continue
		}
		if f.kind() == consent.KindConfirm && o.requestFor(i) != nil {
			return false
		}
		if f.kind() == consent.KindRequest {
			return !o.erased(f.occurred) && f.entry.Facts.Expires > o.now
		}
	}
	return false
}

// linked are the other addresses of the person: those that are linked with this one, or with one of them.
func (o *opinion) linked() []address.Address {
	group := []address.Address{o.address}
	for i := 0; i < len(group); i++ {
		for _, other := range o.linkedDirectly(group[i]) {
			if !slices.ContainsFunc(group, func(a address.Address) bool { return a.Folded() == other.Folded() }) {
				group = append(group, other)
			}
		}
	}
	return group[1:]
}

// linkedDirectly are the addresses that the last statement about both says to be of one person, with the mailbox of a.
func (o *opinion) linkedDirectly(a address.Address) []address.Address {
	last := map[string]fact{}
	var order []string
	for _, f := range o.facts {
		if (f.kind() == consent.KindLink || f.kind() == consent.KindUnlink) && f.entry.Address.Folded() == a.Folded() {
			other := f.entry.With.Folded()
			order = append(slices.DeleteFunc(order, func(s string) bool { return s == other }), other)
			last[other] = f
		}
	}
	var others []address.Address
	for _, name := range order {
		if f := last[name]; f.kind() == consent.KindLink {
			others = append(others, f.entry.With)
		}
	}
	return others
}

// refusal is the last on the channel that holds for the address or another one of the person; nil if there was none.
func (o *opinion) refusal(channel string) *fact {
	last := o.refusalOf(o.address, channel)
	for _, other := range o.linked() {
		if f := o.refusalOf(other, channel); f != nil && (last == nil || f.occurred > last.occurred ||
			f.occurred == last.occurred && last.kind() == consent.KindWithdraw) {
			last = f
		}
	}
	return last
}

// refusalOf is the last on the channel that holds for an address by itself.
func (o *opinion) refusalOf(a address.Address, channel string) *fact {
	var last *fact
	for i := range o.facts {
		f := &o.facts[i]
		if f.kind() != consent.KindWithdraw && f.kind() != consent.KindRefuse || !slices.Contains(f.entry.Facts.Channels, channel) {
			continue
		}
		by := f.entry.Address
		if by.Exact() == a.Exact() || !by.Tagged() && by.Folded() == a.Folded() {
			last = f
		}
	}
	return last
}

func refusalCode(f *fact) consent.Code {
	if f.kind() == consent.KindWithdraw {
		return consent.CodeWithdrawn
	}
	return consent.CodeRefused
}

// ban is a suppression that matches the address, was not lifted by a person and has not ended by time.
type ban struct {
	reason   consent.Reason
	scope    consent.Scope
	at       consent.Instant
	binds    consent.Binds
	ofDomain bool
	until    consent.Instant
	over     bool // by time: it was for a while, or retention ended it
}

func (o *opinion) bans() []ban {
	return slices.DeleteFunc(o.bansEver(), func(b ban) bool { return b.over })
}

// bansEver are the bans, and those that have ended by time.
func (o *opinion) bansEver() []ban {
	var all []ban
	for i := range o.facts {
		f := &o.facts[i]
		b := ban{
			reason: f.entry.Facts.Reason, scope: f.entry.Facts.Scope, at: f.occurred, binds: f.entry.Facts.Binds,
			ofDomain: f.entry.Form == consent.FormDomain,
		}
		switch f.kind() {
		case consent.KindSuppress:
		case consent.KindErase:
			b.reason, b.scope = consent.ReasonErased, consent.ScopeMarketing
		default:
			continue
		}
		until := f.entry.Facts.Expires
		b.until = until
		b.over = until != 0 && until <= o.now || o.lifted(f, &b, true)
		if o.matches(f, &b) && !o.lifted(f, &b, false) {
			all = append(all, b)
		}
	}
	return all
}

func (o *opinion) matches(f *fact, b *ban) bool {
	switch {
	case b.ofDomain && b.reason == consent.ReasonExternalList:
		return o.address.Domain() == f.entry.Domain
	case b.ofDomain:
		return strings.HasSuffix("."+o.address.Domain(), "."+f.entry.Domain)
	case b.reason == consent.ReasonHardBounce:
		return f.entry.Address.Exact() == o.address.Exact()
	default:
		return f.entry.Address.Folded() == o.address.Folded() || slices.ContainsFunc(o.linked(), func(other address.Address) bool {
			return f.entry.Address.Folded() == other.Folded()
		})
	}
}

// lifted tells whether a lift ended the suppression, by retention or by a person.
func (o *opinion) lifted(f *fact, b *ban, byRetention bool) bool {
	return slices.ContainsFunc(o.facts, func(l fact) bool {
		lift := &l.entry.Facts
		return lift.Retention == byRetention && lift.Kind == consent.KindLift && f.occurred < l.occurred && lift.Reason == b.reason &&
			(lift.Scope == "" || lift.Scope == b.scope) &&
			(b.reason != consent.ReasonExternalList || lift.List == f.entry.Facts.List) &&
			l.entry.Form == f.entry.Form && l.entry.Exact() == f.entry.Exact()
	})
}

// covers is whether the scope reaches the channel, under the sender where one counts.
func (o *opinion) covers(scope consent.Scope, ch *catalog.Channel, sender string) bool {
	department, _ := o.catalog.Department(ch.Department)
	within := []consent.Scope{
		consent.ScopeAll, consent.Scope("channel:" + ch.ID), consent.Scope("department:" + department.ID),
		consent.Scope("controller:" + department.Controller),
	}
	if ch.Class == catalog.ClassMarketing {
		within = append(within, consent.ScopeMarketing)
	}
	if sender != "" {
		within = append(within, consent.Scope("sender:"+sender))
	}
	return slices.Contains(within, scope)
}
