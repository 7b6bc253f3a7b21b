package txn

import (
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
)

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
		v := consent.FoldVariants(events, w.Head.Undone)
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
