package txn

import (
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// known returns the position of the event by which a fact is known to the batch that states it; 0: it is not known, and is recorded. Such an
// event stands, and the undo of no other batch leaves it out: it is one of the batch itself, else one that depends on no batch. So what a batch
// states, and what is stated without one, lasts whatever becomes of the batches that state the same.
func (w *Tx) known(p *Prepared) (int64, error) {
	recorded := w.loaded.Events[storage.EventRef{Subject: p.Subject.Key, Key: p.Key}]
	if len(recorded) > 0 && recorded[0].Void {
		all, err := w.AllEventsOf(p.Subject)
		if err != nil {
			return 0, err
		}
		return KnownAmong(all[p.Subject], p.Key, p.Batch), nil
	}
	for _, batch := range [...]consent.BatchID{p.Batch, {}} {
		if at, ok := w.eventPositions[eventID{p.Subject.ID, p.Key, batch}]; ok {
			return at, nil
		}
		for i := range recorded {
			e := consent.Event{Batch: recorded[i].Batch, Facts: consent.Facts{Kind: p.Entry.Facts.Kind}} // The key says the kind.
			if DependsOn(&e) == batch {
				return recorded[i].Position, nil
			}
		}
		if p.Batch == (consent.BatchID{}) {
			break
		}
	}
	return 0, nil
}

// recordedBefore reports whether an earlier transaction recorded the event by which a fact is known, with the batch that states it.
func (w *Tx) recordedBefore(p *Prepared) bool {
	if p.Known == 0 || p.Batch == (consent.BatchID{}) {
		return false
	}
	return slices.ContainsFunc(w.loaded.Events[storage.EventRef{Subject: p.Subject.Key, Key: p.Key}], func(at storage.BatchedAt) bool {
		return at.Position == p.Known && at.Batch == p.Batch
	})
}

// KnownAmong returns the position of the event by which a fact with the key is known to a batch, among all events of its subject; 0: there is
// none. A void leaves out the event that it names. Voids of whole batches are not looked at: the undo of the batch would leave out a second
// event of it as well.
func KnownAmong(all []consent.Event, key consent.EventKey, batch consent.BatchID) int64 {
	voided := func(e *consent.Event) bool {
		return slices.ContainsFunc(all, func(void consent.Event) bool { return void.VoidPosition != 0 && void.LeavesOut(e) })
	}
	for _, of := range [...]consent.BatchID{batch, {}} {
		for i := range all {
			if e := &all[i]; e.Key == key && DependsOn(e) == of && !voided(e) {
				return e.Position
			}
		}
	}
	return 0
}

// DependsOn returns the batch whose undo leaves an event out; zero: there is none.
func DependsOn(e *consent.Event) consent.BatchID {
	if !e.Voidable() {
		return consent.BatchID{}
	}
	return e.Batch
}
