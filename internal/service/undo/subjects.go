package undo

import (
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/service/voidcheck"
	"github.com/assent-io/assent/internal/storage"
)

// voidSubjects records the void for each subject of the events that has something to leave out. The subjects are taken by their ids, never in
// the same transaction as by their keys.
func (r *run) voidSubjects(tx *txn.Tx, events []storage.BatchEvent) error {
	seen := make(map[consent.SubjectID]bool, len(events))
	var list []*txn.Subject
	for i := range events {
		if id := events[i].Subject; !seen[id] {
			seen[id] = true
			list = append(list, &txn.Subject{Subject: storage.Subject{ID: id}})
		}
	}
	if len(list) == 0 {
		return nil
	}
	all, err := tx.AllEventsOf(list...)
	if err != nil {
		return err
	}
	if err := r.stateAgain(tx, list, all); err != nil {
		return err
	}
	for _, of := range list {
		if err := r.voidSubject(tx, of, all[of]); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) voidSubject(tx *txn.Tx, of *txn.Subject, all []consent.Event) error {
	if !slices.ContainsFunc(all, func(e consent.Event) bool { return e.Batch == r.batch && e.Position > r.undo.Scanned }) {
		return nil // An earlier step has looked at the subject as it is, or an erasure has taken what the batch recorded.
	}
	facts := consent.Facts{Kind: consent.KindVoid, VoidBatch: r.batch, Undo: r.undo.Number}
	if slices.ContainsFunc(all, func(e consent.Event) bool {
		return e.Kind == consent.KindVoid && e.VoidBatch == r.batch && e.Undo == facts.Undo
	}) {
		return nil // An erasure has recorded it anew, and its void with it.
	}
	n := voidcheck.LeftOut(consent.InEffect(all, tx.Head.Undone), &facts)
	if n == 0 {
		return nil
	}
	refused, err := env.Refusal(voidcheck.RefuseUnprovableGrant(tx, r.undoer.Env, &facts, all))
	if err != nil {
		return err
	}
	kept := r.keptBefore(tx, all, &facts)
	if refused != nil {
		if !kept {
			r.undo.Kept++
		}
		return nil // It is counted; the rest of the batch is left out.
	}
	if kept {
		r.undo.Kept--
	}
	event, sealed, err := r.event(tx, &facts)
	if err != nil {
		return err
	}
	event.Subject = of.ID
	tx.AppendTo(of, event, sealed)
	r.undo.Events += int64(n)
	r.undo.Subjects++
	return nil
}

// keptBefore reports whether an earlier step has counted a subject without the void, of which all are the events, as one that keeps what the
// batch recorded.
func (r *run) keptBefore(tx *txn.Tx, all []consent.Event, void *consent.Facts) bool {
	if !slices.ContainsFunc(all, func(e consent.Event) bool { return e.Batch == r.batch && e.Position <= r.undo.Scanned }) {
		return false
	}
	scanned := slices.DeleteFunc(slices.Clone(all), func(e consent.Event) bool { return e.Batch == r.batch && e.Position > r.undo.Scanned })
	return voidcheck.LeftOut(consent.InEffect(scanned, tx.Head.Undone), void) > 0
}
