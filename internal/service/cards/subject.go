package cards

import (
	"context"
	"errors"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/tlv"
)

// subject is what was read of one form of an address.
type subject struct {
	key     storage.SubjectKey
	id      consent.SubjectID
	version uint32         // of the digest key of its row
	address string         // that its row has; empty: an erasure took it
	before  *consent.State // nil: it had no events
	after   *consent.State
	// events are those up to the end of the part of the ledger, by position, and inside those of them that are in the part. Neither is to be
	// changed. Both are nil where states are read as of the head.
	events, inside []consent.Event
	undos          consent.Undos
	// rewritten reports that an erasure took events of it that may have been told.
	rewritten bool
	actors    []string // clients that recorded the events of the part that is read
}

// load reads the subjects that exist for the keys. One that was erased as a whole is left out.
func (r *Reader) load(ctx context.Context, part Part, keys []storage.SubjectKey) ([]*subject, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	head, rows, err := r.Store.States(ctx, keys)
	if err != nil {
		return nil, err
	}
	all, err := r.open(rows)
	if err != nil {
		return nil, err
	}
	if part.Present {
		return all, r.unpack(ctx, &head, rows, all)
	}
	return all, r.fold(ctx, part, all)
}

// open returns the subjects of rows in their order, but for those that were erased as a whole, without their states.
func (r *Reader) open(rows []storage.SubjectState) ([]*subject, error) {
	made := make([]subject, len(rows)) // One piece of memory: they are read together, and forgotten together.
	all := make([]*subject, 0, len(rows))
	for i := range rows {
		row := &rows[i]
		if row.ID == (consent.SubjectID{}) {
			continue
		}
		s := &made[i]
		s.key, s.id, s.version = row.Key, row.ID, row.KeyVersion
		if row.Address != nil {
			plain, err := r.Keys.Open(seal.PurposeAddress, row.ID[:], row.Address)
			if err != nil {
				return nil, err
			}
			s.address = string(plain)
		}
		all = append(all, s)
	}
	return all, nil
}

// HasUndo reports whether an undo took effect in a part of the ledger, which may have changed any card.
func (r *Reader) HasUndo(ctx context.Context, head *storage.Head, part Part) (bool, error) {
	if head.Undone == 0 {
		return false, nil
	}
	undos, err := tables.CompleteUndos(ctx, r.Store)
	return undos.At(part.After) != undos.At(part.UpTo), err
}

// fold puts the folds of the events up to the two ends of a reading into the subjects, from one read of the events.
func (r *Reader) fold(ctx context.Context, part Part, all []*subject) error {
	byKey := make(map[storage.SubjectKey]*subject, len(all))
	keys := make([]storage.SubjectKey, len(all))
	for i, s := range all {
		byKey[s.key], keys[i] = s, s.key
	}
	head, headers, err := r.Store.EventsOf(ctx, keys, 0, part.UpTo)
	if err != nil {
		return err
	}
	var undos consent.Undos
	if head.Undone > 0 {
		if undos, err = tables.CompleteUndos(ctx, r.Store); err != nil {
			return err
		}
	}
	for key, of := range headers {
		s := byKey[key]
		if s == nil || part.UpTo == 0 { // With nothing before the end there is no event; the store takes 0 for no limit.
			continue
		}
		events, err := asof.DecodeHeaders(of)
		if err != nil {
			return err
		}
		known := slices.IndexFunc(events, func(e consent.Event) bool { return e.Position > part.After })
		if known < 0 {
			known = len(events)
		}
		s.events, s.inside = events, events[known:]
		s.rewritten = slices.ContainsFunc(s.inside, func(e consent.Event) bool { return len(e.Was) > 0 })
		for i := range s.inside {
			s.actors = append(s.actors, s.inside[i].Actor)
		}
		s.undos = undos
		s.before = s.at(part.After)
		if undone := undos.At(part.UpTo); undone == undos.At(part.After) {
			s.after = foldOn(s.before, consent.InEffect(events, undone), len(consent.InEffect(events[:known], undone)))
		} else {
			s.after = s.at(part.UpTo)
		}
	}
	return nil
}

// foldOn returns the fold of the events, of which the first so many have the fold before. All are folded anew only where one of the others
// comes late, undoes one, or stands for one that an erasure took: that one may have been undone by its position.
func foldOn(before *consent.State, events []consent.Event, known int) *consent.State {
	after := before.Clone()
	for i := known; i < len(events); i++ {
		if len(events[i].Was) > 0 || !after.Apply(&events[i]) {
			return consent.Fold(slices.Clone(events))
		}
	}
	return after
}

// at returns the fold of the events up to a position; nil of no subject.
func (s *subject) at(position int64) *consent.State {
	if s == nil {
		return nil
	}
	n := slices.IndexFunc(s.events, func(e consent.Event) bool { return e.Position > position })
	if n < 0 {
		n = len(s.events)
	}
	return consent.Fold(slices.Clone(consent.InEffect(s.events[:n], s.undos.At(position))))
}

// undone reports whether the part of the ledger has an event that may undo another one of it.
func (s *subject) undone() bool {
	return len(s.inside) > 1 && slices.ContainsFunc(s.inside, isUndoing)
}

func isUndoing(e consent.Event) bool { return e.Kind == consent.KindVoid || e.Kind == consent.KindLift }

// links returns the addresses that are linked before, inside or after the part of the ledger.
func (s *subject) links() []consent.Linked {
	var with []consent.Linked
	for _, state := range []*consent.State{s.before, s.after} {
		if state != nil {
			for i := range state.Links {
				with = append(with, state.Links[i].With)
			}
		}
	}
	for i := range s.inside {
		if s.inside[i].Kind == consent.KindLink {
			with = append(with, s.inside[i].Linked)
		}
	}
	return with
}

// unpack puts the stored states into the subjects that open made of the rows. Those that cannot be read are folded from their events.
func (r *Reader) unpack(ctx context.Context, head *storage.Head, rows []storage.SubjectState, all []*subject) error {
	names, err := r.Names.Of(ctx, head)
	if err != nil {
		return err
	}
	var unread []*subject
	for i := range rows {
		if len(all) == 0 || rows[i].Key != all[0].key {
			continue
		}
		s := all[0]
		all = all[1:]
		state, err := asof.UnpackState(names, rows[i].State.Packed, head)
		if errors.Is(err, tlv.ErrEncoding) {
			unread = append(unread, s)
			continue
		}
		if err != nil {
			return err
		}
		s.after = state
	}
	if len(unread) == 0 {
		return nil
	}
	return r.fold(ctx, Part{UpTo: head.Position}, unread)
}
