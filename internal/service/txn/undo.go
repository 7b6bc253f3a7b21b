package txn

import (
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
