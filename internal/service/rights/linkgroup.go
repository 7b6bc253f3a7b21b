package rights

import (
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/standing"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// maxLinked is how many addresses may be linked with one another at any time: a check looks at all of them, one read after the other.
const maxLinked = 32

// FitsLink refuses a link, also of an import, by which more than maxLinked addresses would be linked with one another: at its own time, or at
// a later one, for a check can ask about each. What is no link fits.
func (w *Tx) FitsLink(p *txn.Prepared) error {
	if p.Entry.Facts.Kind != consent.KindLink {
		return nil
	}
	with, err := w.foldedOf(p.Entry.OtherSide())
	if err != nil {
		return err
	}
	return w.newLinkWalk().fits(p, with)
}

// fits is FitsLink for a link with a subject.
func (l *linkWalk) fits(p *txn.Prepared, with *txn.Subject) error {
	if err := l.load(p.Subject.Key.Digest, with.Key.Digest); err != nil {
		return err
	}
	for _, side := range [][2][32]byte{{p.Subject.Key.Digest, with.Key.Digest}, {with.Key.Digest, p.Subject.Key.Digest}} {
		event := consent.Event{Occurred: p.Occurred, Key: p.Key, Facts: p.Entry.Facts}
		event.Linked.Folded = side[1]
		l.add(side[0], &event)
	}
	for at := p.Occurred; at != 0; {
		group, next, err := l.group(p.Subject.Key.Digest, at)
		if err != nil {
			return err
		}
		if len(group) > maxLinked {
			return fault.Errorf(fault.TooLarge, "otherAddress",
				"at most %d addresses can be linked with one another at any time; nothing was recorded of this link", maxLinked)
		}
		at = next
	}
	return nil
}

// linkWalk follows links as they are, or were, at an instant.
type linkWalk struct {
	tx      *Tx
	digests *subjects.DigestKeys
	events  map[[32]byte][]consent.Event // of a folded subject, by its digest: the links and their ends, in the order in which they count
}

func (w *Tx) newLinkWalk() *linkWalk {
	return &linkWalk{tx: w, digests: subjects.NewLocator(w.rights.Keys, 1).Digests, events: map[[32]byte][]consent.Event{}}
}

// load reads the links and the ends of links of folded subjects, as far as they were not read before, all at once.
func (l *linkWalk) load(folded ...[32]byte) error {
	var keys []storage.SubjectKey
	for _, digest := range folded {
		if _, ok := l.events[digest]; !ok {
			keys = append(keys, storage.SubjectKey{Form: consent.FormFolded, Digest: digest})
		}
	}
	if len(keys) == 0 {
		return nil
	}
	if err := l.tx.LoadSubjects(keys); err != nil {
		return err
	}
	list := make([]*txn.Subject, len(keys))
	for i, key := range keys {
		s, err := l.tx.Subject(&subjects.Place{Keys: []storage.SubjectKey{key}, Digests: l.digests})
		if err != nil {
			return err
		}
		list[i] = s
	}
	all, err := l.tx.EventsOf(list...)
	if err != nil {
		return err
	}
	for i, s := range list {
		events := slices.DeleteFunc(all[s], func(e consent.Event) bool { return e.Kind != consent.KindLink && e.Kind != consent.KindUnlink })
		slices.SortFunc(events, func(a, b consent.Event) int { return consent.Compare(&a, &b) })
		l.events[keys[i].Digest] = events
	}
	return nil
}

// add adds an event that is yet to be recorded to those of a subject that was loaded.
func (l *linkWalk) add(folded [32]byte, e *consent.Event) {
	events := l.events[folded]
	at, _ := slices.BinarySearchFunc(events, e, func(a consent.Event, b *consent.Event) int { return consent.Compare(&a, b) })
	l.events[folded] = slices.Insert(events, at, *e)
}

// group returns the digests of the folded subjects that are linked with one at an instant, itself included; of more than maxLinked, one more
// than that. It also returns when the next link of any of them begins; 0 if none does.
func (l *linkWalk) group(of [32]byte, at consent.Instant) (group map[[32]byte]bool, next consent.Instant, err error) {
	group = map[[32]byte]bool{of: true}
	for step := [][32]byte{of}; len(step) > 0; {
		if err := l.load(step...); err != nil {
			return nil, 0, err
		}
		var further [][32]byte
		for _, folded := range step {
			linked, begins := standing.LinksAt(l.events[folded], at)
			next = consent.Earliest(next, begins)
			for other, holds := range linked {
				if !holds || group[other] {
					continue
				}
				if group[other] = true; len(group) > maxLinked {
					return group, next, nil
				}
				further = append(further, other)
			}
		}
		step = further
	}
	return group, next, nil
}
