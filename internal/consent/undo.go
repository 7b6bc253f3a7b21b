package consent

import "slices"

// Waits reports whether the event is a void that has no effect yet, where undone is the number of the last undo that is complete.
func (e *Event) Waits(undone int64) bool { return e.Kind == KindVoid && e.Undo > undone }

// InEffect returns the events of a subject without the voids that wait for an undo after undone, the number of the last one that is
// complete. They are the same slice if none waits; else a new one. What folds or judges events is given these only.
func InEffect(events []Event, undone int64) []Event {
	waits := func(e Event) bool { return e.Waits(undone) }
	if !slices.ContainsFunc(events, waits) {
		return events
	}
	return slices.DeleteFunc(slices.Clone(events), waits)
}

// Waiting returns the number of the undo that a void among the events waits for; 0: none waits. At most one undo is pending at a time.
func Waiting(events []Event, undone int64) int64 {
	var number int64
	for i := range events {
		if events[i].Waits(undone) {
			number = max(number, events[i].Undo)
		}
	}
	return number
}

// Undos are the positions of the events of kind undo, in order: that of undo 1 is the first.
type Undos []int64

// At returns the number of the last undo that was complete at a position.
func (u Undos) At(position int64) int64 {
	n, found := slices.BinarySearch(u, position)
	if found {
		n++
	}
	return int64(n)
}
