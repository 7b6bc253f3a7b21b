package txn

import (
	"errors"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/storage"
)

// WaitsForUndo reports whether a void of the subject waits for an undo, once its state or its events were read.
func (s *Subject) WaitsForUndo() bool { return s.undo != 0 }

// State returns the fold of the subject with everything that the transaction has recorded.
func (w *Tx) State(s *Subject) (*consent.State, error) {
	if s.State != nil {
		return s.State, nil
	}
	if err := w.refoldStates([]*Subject{s}); err != nil {
		return nil, err
	}
	return s.State, nil
}

// refoldStates folds subjects anew: their stored events and those of this transaction.
func (w *Tx) refoldStates(list []*Subject) error {
	if len(list) == 0 {
		return nil
	}
	all, err := w.AllEventsOf(list...)
	if err != nil {
		return err
	}
	for _, s := range list {
		events := all[s]
		s.foldedPosition = 0
		if len(events) > 0 {
			s.foldedPosition = events[len(events)-1].Position
		}
		v := codec.FoldVariants(events, w.Head.Undone)
		s.State, s.undo, s.then = v.Now, v.Undo, v.Then
	}
	return nil
}

// EventsOf returns the events of subjects by position: those stored, but for what this transaction has blanked, and those of this transaction.
// Voids that wait for an undo are left out.
func (w *Tx) EventsOf(list ...*Subject) (map[*Subject][]consent.Event, error) {
	all, err := w.AllEventsOf(list...)
	for s, events := range all {
		all[s] = consent.InEffect(events, w.Head.Undone)
	}
	return all, err
}

// AllEventsOf returns the events of subjects, as EventsOf does, with the voids that wait for an undo.
func (w *Tx) AllEventsOf(list ...*Subject) (map[*Subject][]consent.Event, error) {
	ids := make([]consent.SubjectID, 0, len(list))
	for _, s := range list {
		if s.ID != (consent.SubjectID{}) {
			ids = append(ids, s.ID)
		}
	}
	var stored map[consent.SubjectID][][]byte
	if len(ids) > 0 {
		var err error
		if stored, err = w.tx.Events(w.ctx, ids); err != nil {
			return nil, err
		}
	}
	all := make(map[*Subject][]consent.Event, len(list))
	for _, s := range list {
		events := make([]consent.Event, 0, len(stored[s.ID])+len(s.Events))
		for _, header := range stored[s.ID] {
			e, err := codec.DecodeHeader(header)
			if err != nil {
				return nil, err
			}
			if !w.Removals.blank[e.Position] {
				events = append(events, e)
			}
		}
		all[s] = append(events, s.Events...)
		s.undo = consent.Waiting(all[s], w.Head.Undone)
	}
	return all, nil
}

// OwnRecord returns the record at the position if this transaction made it; else nil.
func (w *Tx) OwnRecord(position int64) *storage.Record {
	first := w.loaded.Head.Position + 1
	if position < first {
		return nil
	}
	return &w.records[position-first]
}

// OpenEvidence returns the evidence of an event, as far as it is held.
func (w *Tx) OpenEvidence(e *consent.Event) (consent.Evidence, error) {
	if e.Evidence == [32]byte{} {
		return consent.Evidence{}, nil
	}
	var sealed []byte
	if own := w.OwnRecord(e.Position); own != nil {
		sealed = own.Evidence
	} else {
		stored, err := w.tx.Evidence(w.ctx, []int64{e.Position})
		if err != nil {
			return consent.Evidence{}, err
		}
		sealed = stored[e.Position]
	}
	if sealed == nil || slices.Contains(w.Removals.Evidence, e.Position) {
		return consent.Evidence{}, nil
	}
	return w.engine.OpenEvidence(e, sealed)
}

// Disclosures returns what is counted for subjects, as it is stored.
func (w *Tx) Disclosures(of ...*Subject) ([]storage.Disclosure, error) {
	ids := make([]consent.SubjectID, 0, len(of))
	for _, s := range of {
		if s.ID != (consent.SubjectID{}) {
			ids = append(ids, s.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return w.tx.Disclosures(w.ctx, ids)
}

// EvidenceAt returns the evidence of the subject's event at a position.
func (w *Tx) EvidenceAt(s *Subject, position int64) (consent.Evidence, error) {
	all, err := w.EventsOf(s)
	if err != nil {
		return consent.Evidence{}, err
	}
	i := slices.IndexFunc(all[s], func(e consent.Event) bool { return e.Position == position })
	if i < 0 {
		return consent.Evidence{}, nil
	}
	return w.OpenEvidence(&all[s][i])
}

func erasedBeforeFault() *fault.Error {
	return fault.Errorf(fault.ErasedBefore, "address",
		"the person was erased after that time, and grants from before the erasure are not kept. "+
			"Nothing was recorded: erase the data on your side, too")
}

// IsErasedBefore reports whether an error is the refusal of what began before an erasure.
func IsErasedBefore(err error) bool {
	var refused *fault.Error
	return errors.As(err, &refused) && refused.Code == fault.ErasedBefore
}

// SealEvidence seals evidence for the event with the key; nil if there is none.
func (w *Tx) SealEvidence(key consent.EventKey, evidence *consent.Evidence) ([]byte, error) {
	if *evidence == (consent.Evidence{}) {
		return nil, nil
	}
	return w.engine.Keys.Seal(seal.PurposeEvidence, key[:], codec.AppendEvidence(nil, evidence))
}
