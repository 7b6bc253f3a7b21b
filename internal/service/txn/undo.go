package txn

import (
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// PendingUndo returns the undo that is pending, as the transaction has left it so far; nil if none is.
func (w *Tx) PendingUndo() (*tables.Undo, error) {
	for _, u := range w.undos {
		if u != nil && u.Position == 0 {
			return u, nil
		}
	}
	found, err := tables.PendingUndo(w.ctx, w.tx)
	if err != nil || len(found) == 0 {
		return nil, err //nolint:nilnil // As the comment says.
	}
	if saved, ok := w.undos[found[0].Batch]; ok && saved != nil && saved.Position != 0 {
		return nil, nil //nolint:nilnil // The transaction has completed it.
	}
	w.noteUndo(found[0].Batch, &found[0])
	return &found[0], nil
}

// SaveUndo stores an undo, in the place of the one of its batch.
func (w *Tx) SaveUndo(u tables.Undo) {
	w.noteUndo(u.Batch, &u)
	w.WriteTable(tables.PutUndo(&u))
}

// CompleteUndo appends the event with which the voids of an undo take effect, all at once, and returns its position. From then on each
// subject that waited has one state only.
func (w *Tx) CompleteUndo(event *consent.Event, sealed []byte) int64 {
	w.Append(event, sealed)
	w.Head.Undone = event.Undo
	again := func(s *Subject) {
		if s.undo != 0 {
			s.undo, s.then, s.State = 0, nil, nil
		}
	}
	for _, s := range w.subjects {
		again(s)
	}
	for _, s := range w.touchedSubjects { // Those found by their ids are not among the others.
		again(s)
	}
	return event.Position
}

// BatchEvents returns the stored events of a batch after a position, by position, at most limit of them.
func (w *Tx) BatchEvents(batch consent.BatchID, after int64, limit int) ([]storage.BatchEvent, error) {
	return w.tx.Batch(w.ctx, batch, after, limit)
}

// RestatedBy returns the batches that state what each of the events does, in the order of the events: other batches than that of the event, of
// which the undo is not complete, those of which it has not begun first. An event that depends on no batch has none.
func (w *Tx) RestatedBy(events []*consent.Event) ([][]consent.BatchID, error) {
	var positions []int64
	for _, e := range events {
		if DependsOn(e) != (consent.BatchID{}) {
			positions = append(append(positions, e.Position), e.Was...)
		}
	}
	if err := w.restated.Load(w.ctx, w.tx, positions); err != nil {
		return nil, err
	}
	all := make([][]consent.BatchID, len(events))
	for i, e := range events {
		if DependsOn(e) == (consent.BatchID{}) {
			continue
		}
		var pending []consent.BatchID
		for _, batch := range w.restated.Batches(append(slices.Clone(e.Was), e.Position)...) {
			switch u, err := w.UndoOf(batch); {
			case err != nil:
				return nil, err
			case batch == e.Batch || u != nil && u.Position != 0:
			case u != nil:
				pending = append(pending, batch)
			default:
				all[i] = append(all[i], batch)
			}
		}
		all[i] = append(all[i], pending...)
	}
	return all, nil
}

// WithRestated returns events of a subject as if each batch that states the same as one of them had recorded an event of its own: beside those of a
// batch, or of any batch if that is zero, there are copies of them with the other batches. They are the same slice if there are none.
func (w *Tx) WithRestated(events []consent.Event, of consent.BatchID) ([]consent.Event, error) {
	var some []*consent.Event
	for i := range events {
		if e := &events[i]; e.Batch == of || of == (consent.BatchID{}) {
			some = append(some, e)
		}
	}
	by, err := w.RestatedBy(some)
	if err != nil {
		return nil, err
	}
	copies := map[int64][]consent.BatchID{}
	for i, e := range some {
		if len(by[i]) > 0 {
			copies[e.Position] = by[i]
		}
	}
	if len(copies) == 0 {
		return events, nil
	}
	var all []consent.Event
	for i := range events {
		all = append(all, events[i])
		for _, batch := range copies[events[i].Position] {
			e := events[i]
			e.Batch = batch
			all = append(all, e)
		}
	}
	return all, nil
}
