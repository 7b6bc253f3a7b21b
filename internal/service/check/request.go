package check

import (
	"sync"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/leaving"
	"github.com/assent-io/assent/internal/consent/operational"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
)

// checkInput is what a check asks about each of its addresses.
type checkInput struct {
	consent.Request
	asof.Moment
	Consistency

	operational bool   // of a moment of the past: stage 9 counts, too
	send        string // the send that the messages are of; empty: none is named
}

// request is the addresses of one check, where everything about them is found, and what was decided. It is used again for others, so
// that a check hardly needs memory of its own.
type request struct {
	subjects.Locator
	subjects.Knowledge
	outcomes

	items             []item
	toSend            bool                 // the operational limits of sending count
	ofSend            bool                 // they are judged with the send, once all else is decided
	unclear           []consent.Instant    // of a send, for each address until when a click has to be understood first; zero: there is none
	seen              Surveyed             // is told of each address; nil: nothing is
	byContacts        bool                 // a consent that has lapsed may live by contacts
	lapsed            []lapsed             // the addresses with such a consent
	disclosedSubjects []storage.SubjectKey // the subjects to count disclosures for, once all is decided
}

// answer is what the answers about all addresses of a request have in common.
type answer struct {
	Snapshot

	catalog   *catalog.Catalog
	Caller    access.Caller
	decidedAt consent.Instant // when

	decidedInView int   // how many of the first addresses the index answered by one view; 0: the database did
	revision      int64 // of the head then
}

// item is an address that is asked about.
type item struct {
	subjects.Places

	err *fault.Error // set if the text is not a valid address
}

// requestPool keeps requests that are not in use.
type requestPool struct{ pool sync.Pool }

// maxPooledItems is how large a request may have been to be kept.
const maxPooledItems = 2 * env.MaxBatch // Slices grow by more than they need.

func (s *Checker) newRequest(addresses int) *request {
	q, ok := s.requestPool.pool.Get().(*request)
	if !ok {
		q = &request{}
	}
	q.Reset(s.Keys)
	q.Hasher = q.Digests.Hasher()
	q.reset(addresses)
	q.items = q.items[:0]
	return q
}

// releaseRequest gives a request back. Nothing that it holds may be used any more.
func (s *Checker) releaseRequest(q *request) {
	q.Hasher.Release()
	q.Hasher, q.seen, q.lapsed = nil, nil, nil
	if cap(q.items) <= maxPooledItems {
		s.requestPool.pool.Put(q)
	}
}

// addAddress adds an address as it was typed. What is none fails only its item.
func (q *request) addAddress(typed string) error {
	a, err := address.Parse(typed)
	if err != nil {
		q.items = append(q.items, item{err: subjects.InvalidAddress(err)})
		return nil
	}
	n := len(q.items)
	if n < cap(q.items) {
		q.items = q.items[:n+1]
	} else {
		q.items = append(q.items, item{})
	}
	q.items[n].err = nil
	return q.Locate(&q.items[n].Places, a, false)
}

// decideItems decides about the items from one to another, by what is seen.
func (q *request) decideItems(from, to int, rules *consent.Rules, by subjects.Source, at consent.Instant) error {
	for i := from; i < to; i++ {
		asked := &q.items[i]
		if asked.err != nil {
			q.addFailure(i, asked.err)
			continue
		}
		if err := q.Gather(&asked.Places, by); err != nil {
			return err
		}
		d := q.decide(i, &q.Known, rules, at)
		q.addDecision(i, &d)
		if d.Contacts == consent.ContactsUnknown && q.byContacts {
			if err := q.keepLapsed(i, rules, by, at); err != nil {
				return err
			}
		}
		if q.seen != nil {
			q.seen(i, asked.Address, &q.Known, &d)
		}
		if q.About != nil {
			q.disclosedSubjects = append(q.disclosedSubjects, *q.About)
		}
	}
	return nil
}

// decide decides about the address at i by what is known of it.
func (q *request) decide(i int, known *consent.Known, rules *consent.Rules, at consent.Instant) consent.Decision {
	a := q.items[i].Address
	switch {
	case q.seen != nil:
		return rules.Decide(a, known, at)
	case q.ofSend:
		q.unclear[i], _ = leaving.UnclearUntil(rules, known, at)
		return rules.Decide(a, known, at)
	case q.toSend:
		return operational.Decide(rules, a, known, at)
	default:
		return rules.Decide(a, known, at)
	}
}

// replaceDecisions has each decision changed.
func (q *request) replaceDecisions(change func(i int, d *consent.Decision)) {
	var changed outcomes
	changed.reset(len(q.items))
	for i := range q.items {
		if q.items[i].err != nil {
			changed.addFailure(i, q.items[i].err)
			continue
		}
		d := q.decisionAt(i)
		change(i, &d)
		changed.addDecision(i, &d)
	}
	q.outcomes = changed
}

// discardOutcomes forgets what was decided.
func (q *request) discardOutcomes() {
	q.reset(len(q.items))
	if q.ofSend {
		q.unclear = resized(q.unclear, len(q.items))
	}
	q.disclosedSubjects, q.lapsed = q.disclosedSubjects[:0], nil
}
