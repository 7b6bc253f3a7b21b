package rights

import (
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
)

// Link records that two addresses are of one person, or that they are not any more, for both of them. What was found right is that of one of
// them. The position is its own; that of the other follows.
func (w *Tx) Link(p *txn.Prepared) (txn.Recorded, error) {
	if p.Known != 0 {
		return txn.Recorded{Position: p.Known, Duplicate: true}, nil
	}
	other := p.Entry.OtherSide()
	with, err := w.foldedOf(other)
	if err != nil {
		return txn.Recorded{}, err
	}
	mine, err := w.linked(with, other.Address.Exact())
	if err != nil {
		return txn.Recorded{}, err
	}
	theirs, err := w.linked(p.Subject, p.Entry.Exact())
	if err != nil {
		return txn.Recorded{}, err
	}
	key, err := w.rights.EventKey(p.Occurred, other, "")
	if err != nil {
		return txn.Recorded{}, err
	}
	// A link from before an erasure still protects, but neither side may tell who was erased.
	if with.ErasedAt(mine.Spelling) >= p.Occurred || p.Subject.ErasedAt(theirs.Spelling) >= p.Occurred {
		p.Entry.Evidence, other.Evidence = consent.Evidence{}, consent.Evidence{}
	}
	p.Entry.Facts.Linked, other.Facts.Linked = mine, theirs
	recorded, err := w.RecordOnce(p)
	if err != nil {
		return txn.Recorded{}, err
	}
	_, err = w.Record(&txn.Prepared{Subject: with, Occurred: p.Occurred, Entry: other, Key: key, Batch: p.Batch})
	return recorded, err
}

// linked names an address as the events of the other side of a link do.
func (w *Tx) linked(s *txn.Subject, exact string) (consent.Linked, error) {
	spelling, err := w.Spelling(s, exact)
	return consent.Linked{Folded: s.Key.Digest, Spelling: spelling.Sum}, err
}

func (w *Tx) foldedOf(e *statement.Entry) (*txn.Subject, error) {
	at, err := subjects.NewLocator(w.rights.Keys, 1).Place(consent.FormFolded, e.Address.Folded())
	if err != nil {
		return nil, err
	}
	return w.Subject(&at)
}

// MayLink refuses a link that says nothing new or that protects nobody any more, and the end of a link that is not there. It also refuses
// what a later event overrules: its caller would take for linked, or for ended, what checks do not.
func (w *Tx) MayLink(p *txn.Prepared) error {
	with, err := w.foldedOf(p.Entry.OtherSide())
	if err != nil {
		return err
	}
	state, err := w.State(p.Subject)
	if err != nil {
		return err
	}
	if p.Entry.Facts.Kind == consent.KindUnlink {
		return w.mayUnlink(p, state, with)
	}
	walk := w.newLinkWalk()
	group, _, err := walk.group(p.Subject.Key.Digest, consent.MaxInstant)
	if err != nil {
		return err
	}
	if group[with.Key.Digest] {
		return fault.Errorf(fault.LinkCircle, "otherAddress", "the two addresses are linked already, directly or through others; nothing was recorded")
	}
	if err := walk.fits(p, with); err != nil {
		return err
	}
	if state, err = w.stateWith(p, with); err != nil {
		return err
	}
	if !isLinked(state, with) {
		return fault.Errorf(fault.NotLinked, "occurredTime",
			"a link of the two addresses ended after that time, so this one would not hold now; omit the time, or give a later one; nothing was recorded")
	}
	return w.eitherIsThere(p.Entry, p.Subject, with)
}

// mayUnlink refuses the end of a link that is not there, or not until later.
func (w *Tx) mayUnlink(p *txn.Prepared, state *consent.State, with *txn.Subject) error {
	if !isLinked(state, with) {
		return fault.Errorf(fault.NotLinked, "otherAddress", "the two addresses are not linked with one another; nothing was recorded")
	}
	after, err := w.stateWith(p, with)
	if err != nil {
		return err
	}
	if isLinked(after, with) {
		return fault.Errorf(fault.NotLinked, "occurredTime",
			"the two addresses were linked after that time, so they would stay linked; omit the time, or give a later one; nothing was recorded")
	}
	return nil
}

// isLinked reports whether the subject of a state is linked with the other one, not through others.
func isLinked(state *consent.State, with *txn.Subject) bool {
	return slices.ContainsFunc(state.Links, func(l consent.Link) bool { return l.With.Folded == with.Key.Digest })
}

// stateWith returns the state that the first address of a link or of its end would have with it.
func (w *Tx) stateWith(p *txn.Prepared, with *txn.Subject) (*consent.State, error) {
	all, err := w.EventsOf(p.Subject)
	if err != nil {
		return nil, err
	}
	event := consent.Event{Occurred: p.Occurred, Key: p.Key, Facts: p.Entry.Facts}
	event.Linked.Folded = with.Key.Digest
	return consent.Fold(append(all[p.Subject], event)), nil
}

// eitherIsThere refuses to link two addresses that were both erased and have not come back.
func (w *Tx) eitherIsThere(entry *statement.Entry, one, other *txn.Subject) error {
	for _, side := range []struct {
		folded *txn.Subject
		exact  string
	}{{one, entry.Address.Exact()}, {other, entry.With.Exact()}} {
		spelling, err := w.Spelling(side.folded, side.exact)
		if err != nil {
			return err
		}
		erased := side.folded.ErasedAt(spelling.Sum)
		if erased == 0 {
			return nil
		}
		at, err := subjects.NewLocator(w.rights.Keys, 1).Place(consent.FormExact, side.exact)
		if err != nil {
			return err
		}
		exact, err := w.Find(&at, nil)
		if err != nil {
			return err
		}
		if exact.State.HasGrantAfter(erased) {
			return nil
		}
	}
	return fault.Errorf(fault.LinkErased, "otherAddress", "both addresses were erased, so nothing says whose they were; nothing was recorded")
}
