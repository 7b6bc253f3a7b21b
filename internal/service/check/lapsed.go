package check

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/subjects"
)

// lapsed is an address of a request on which a consent has lapsed that may live by contacts, with what it was decided by.
type lapsed struct {
	item  int // its index
	known *subjects.Knowledge
	rules *consent.Rules
	at    consent.Instant
}

// keepLapsed keeps what is known of the address at i, to decide again once its contacts are known: while a view of the index is open, nothing
// reads the database. What was gathered for the request is used for the next address, so it is gathered once more.
func (q *request) keepLapsed(i int, rules *consent.Rules, by subjects.Source, at consent.Instant) error {
	one := lapsed{item: i, known: &subjects.Knowledge{}, rules: rules, at: at}
	err := one.known.Gather(&q.items[i].Places, by)
	q.lapsed = append(q.lapsed, one)
	return err
}

// judgeByContacts decides again about the addresses that were kept, by their contacts, which one read of the database finds. They are those that
// are known now: one that is reported later cannot take an ALLOW back, and an erasure that comes meanwhile can only deny.
func (s *Checker) judgeByContacts(ctx context.Context, q *request) error {
	addresses := make([]address.Address, len(q.lapsed))
	for k := range q.lapsed {
		addresses[k] = q.items[q.lapsed[k].item].Address
	}
	sent, err := s.contacts.SentByTime(ctx, addresses)
	if err != nil {
		return err
	}
	again := make(map[int]consent.Decision, len(q.lapsed))
	for k := range q.lapsed {
		one := &q.lapsed[k]
		one.known.Contacts = sent[k]
		d := q.decide(one.item, &one.known.Known, one.rules, one.at)
		again[one.item] = d
		if q.seen != nil {
			q.seen(one.item, addresses[k], &one.known.Known, &d)
		}
	}
	q.replaceDecisions(func(i int, d *consent.Decision) {
		if other, is := again[i]; is {
			*d = other
		}
	})
	return nil
}

// contactsOf returns the contacts that the address at i was judged by; nil: by none.
func (q *request) contactsOf(i int) []consent.Contact {
	k := slices.IndexFunc(q.lapsed, func(one lapsed) bool { return one.item == i })
	if k < 0 {
		return nil
	}
	return q.lapsed[k].known.Contacts
}

// deniesForSure reports whether all is denied, whatever contacts there are.
func (q *request) deniesForSure() bool { return len(q.lapsed) == 0 && q.deniesAll() }

// ContactsOf returns the messages that were sent to the person with an address, by time: those that a consent may live by. It is never nil.
func (s *Checker) ContactsOf(ctx context.Context, a address.Address) ([]consent.Contact, error) {
	sent, err := s.contacts.SentByTime(ctx, []address.Address{a})
	if err != nil {
		return nil, err
	}
	return sent[0], nil
}
