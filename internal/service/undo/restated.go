package undo

import (
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/txn"
)

// stateAgain has the other batches that restate events of the batch state these facts without it, before its voids are judged. All are the events of
// the subjects.
func (r *run) stateAgain(tx *txn.Tx, list []*txn.Subject, all map[*txn.Subject][]consent.Event) error {
	var events []*consent.Event
	var subjects []*txn.Subject // of the events
	for _, of := range list {
		for i := range all[of] {
			e := &all[of][i]
			if txn.DependsOn(e) != r.batch {
				continue
			}
			if !slices.ContainsFunc(all[of], func(void consent.Event) bool { return void.VoidPosition != 0 && void.LeavesOut(e) }) {
				events, subjects = append(events, e), append(subjects, of)
			}
		}
	}
	by, err := tx.RestatedBy(events)
	if err != nil {
		return err
	}
	var positions []int64
	for i, e := range events {
		if len(by[i]) > 0 && e.Evidence != [32]byte{} {
			positions = append(positions, e.Position)
		}
	}
	evidence, err := tx.StoredEvidence(positions)
	if err != nil {
		return err
	}
	for i, batches := range by {
		for _, batch := range batches {
			if err := r.stateBy(tx, subjects[i], all[subjects[i]], events[i], evidence[events[i].Position], batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// stateBy has a batch that restates an event of a subject, of which all are the events, state the same without it: as what stands without it says, else
// by a new event, which has the sealed evidence and the actor of the other. Evidence may have been deleted: then both say that there was some.
func (r *run) stateBy(
	tx *txn.Tx, of *txn.Subject, all []consent.Event, e *consent.Event, evidence []byte, batch consent.BatchID,
) error {
	others := slices.DeleteFunc(slices.Concat(all, of.Events), func(o consent.Event) bool { return txn.DependsOn(&o) == r.batch })
	at, restates, err := tx.KnownTo(others, e.Key, batch)
	switch {
	case err != nil:
		return err
	case restates:
		return tx.Restate(of, at, batch)
	case at != 0:
		return nil
	}
	again := *e
	again.Batch, again.Was = batch, nil
	tx.AppendTo(of, &again, evidence)
	return nil
}
