package txn

import (
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// WaitsForUndo reports whether a void of the subject waits for an undo, once its state or its events were read.
func (s *Subject) WaitsForUndo() bool { return s.undo != 0 }

// UndoOf returns the undo of a batch as the transaction has left it so far; nil if there is none.
func (w *Tx) UndoOf(batch consent.BatchID) (*tables.Undo, error) {
	if u, read := w.undos[batch]; read {
		return u, nil
	}
	found, err := tables.UndoOf(w.ctx, w.tx, batch)
	if err != nil {
		return nil, err
	}
	var u *tables.Undo
	if len(found) > 0 {
		u = &found[0]
	}
	w.noteUndo(batch, u)
	return u, nil
}

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
	if saved, ok := w.undos[found[0].Batch]; ok && saved.Position != 0 {
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

func (w *Tx) noteUndo(batch consent.BatchID, u *tables.Undo) {
	if w.undos == nil {
		w.undos = map[consent.BatchID]*tables.Undo{}
	}
	w.undos[batch] = u
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

// isUndone reports whether a batch is left out, or is about to be.
func (w *Tx) isUndone(batch consent.BatchID) (bool, error) {
	if batch == (consent.BatchID{}) {
		return false, nil
	}
	u, err := w.UndoOf(batch)
	return u != nil, err
}

// refuseUndone refuses to record with a batch that is left out: what comes late would be in it and count.
func (w *Tx) refuseUndone(batch consent.BatchID) error {
	undone, err := w.isUndone(batch)
	if err != nil || !undone {
		return err
	}
	return fault.Errorf(fault.BatchUndone, "batchId", "this batch was undone, or is being undone: nothing is recorded with it any more; "+
		"take another batch id")
}

// Stands reports whether one of the events of a subject, which are all that there are, counts, and will once every undo is complete: no void
// leaves it out and its batch was not undone. The same fact is recorded again only where no event of it stands.
func (w *Tx) Stands(e *consent.Event, all []consent.Event) (bool, error) {
	if slices.ContainsFunc(all, func(void consent.Event) bool { return void.LeavesOut(e) }) {
		return false, nil
	}
	undone, err := w.isUndone(e.Batch)
	return !undone, err
}

// known returns the position of the same fact, where it was recorded before and stands.
func (w *Tx) known(s *Subject, key consent.EventKey) (int64, error) {
	if at, ok := w.eventPositions[eventID{s.ID, key}]; ok {
		return at, nil
	}
	at, ok := w.loaded.Events[storage.EventRef{Subject: s.Key, Key: key}]
	if !ok {
		return 0, nil
	}
	if at.Void {
		all, err := w.AllEventsOf(s)
		if err != nil {
			return 0, err
		}
		i := slices.IndexFunc(all[s], func(e consent.Event) bool { return e.Position == at.Position })
		if i < 0 {
			return 0, nil // An erasure of this transaction took it.
		}
		if stands, err := w.Stands(&all[s][i], all[s]); err != nil || !stands {
			return 0, err
		}
		return at.Position, nil
	}
	undone, err := w.isUndone(at.Batch)
	if err != nil || undone {
		return 0, err
	}
	return at.Position, nil
}
