package rights

import (
	"slices"

	"github.com/assent-io/assent/internal/consent"
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
	walk := w.newLinkWalk()
	for _, side := range [][2][32]byte{{p.Subject.Key.Digest, with.Key.Digest}, {with.Key.Digest, p.Subject.Key.Digest}} {
		event := consent.Event{Occurred: p.Occurred, Key: p.Key, Facts: p.Entry.Facts}
		event.Linked.Folded = side[1]
		if err := walk.add(side[0], &event); err != nil {
			return err
		}
	}
	for at := p.Occurred; at != 0; {
		group, next, err := walk.group(p.Subject.Key.Digest, at)
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
	tx     *Tx
	events map[[32]byte][]consent.Event // of a folded subject, by its digest: the links and their ends, in the order in which they count
}

func (w *Tx) newLinkWalk() *linkWalk { return &linkWalk{tx: w, events: map[[32]byte][]consent.Event{}} }

// load returns the links and the ends of links of a folded subject.
func (l *linkWalk) load(folded [32]byte) ([]consent.Event, error) {
	if events, ok := l.events[folded]; ok {
		return events, nil
	}
	s, err := l.tx.Subject(&subjects.Place{
		Keys:    []storage.SubjectKey{{Form: consent.FormFolded, Digest: folded}},
		Digests: subjects.NewLocator(l.tx.rights.Keys, 1).Digests,
	})
	if err != nil {
		return nil, err
	}
	all, err := l.tx.EventsOf(s)
	if err != nil {
		return nil, err
	}
	events := slices.DeleteFunc(all[s], func(e consent.Event) bool { return e.Kind != consent.KindLink && e.Kind != consent.KindUnlink })
	slices.SortFunc(events, func(a, b consent.Event) int { return consent.Compare(&a, &b) })
	l.events[folded] = events
	return events, nil
}

// add adds an event that is yet to be recorded.
func (l *linkWalk) add(folded [32]byte, e *consent.Event) error {
	events, err := l.load(folded)
	if err != nil {
		return err
	}
	at, _ := slices.BinarySearchFunc(events, e, func(a consent.Event, b *consent.Event) int { return consent.Compare(&a, b) })
	l.events[folded] = slices.Insert(events, at, *e)
	return nil
}

// group returns the digests of the folded subjects that are linked with one at an instant, itself included; of more than maxLinked, one more
// than that. It also returns when the next link of any of them begins; 0 if none does.
func (l *linkWalk) group(of [32]byte, at consent.Instant) (group map[[32]byte]bool, next consent.Instant, err error) {
	group = map[[32]byte]bool{of: true}
	for queue := [][32]byte{of}; len(queue) > 0; queue = queue[1:] {
		events, err := l.load(queue[0])
		if err != nil {
			return nil, 0, err
		}
		linked := map[[32]byte]bool{}
		for i := range events {
			switch e := &events[i]; {
			case e.Occurred <= at:
				linked[e.Linked.Folded] = e.Kind == consent.KindLink
			case e.Kind == consent.KindLink:
				next = consent.Earliest(next, e.Occurred)
			}
		}
		for folded, holds := range linked {
			if !holds || group[folded] {
				continue
			}
			if group[folded] = true; len(group) > maxLinked {
				return group, next, nil
			}
			queue = append(queue, folded)
		}
	}
	return group, next, nil
}
