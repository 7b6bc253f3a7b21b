package consent

import "slices"

// MayStand reports whether a suppression or an erasure, one of the events of a subject of which no void leaves any out, is in force after the
// last of them, or would be if other batches were undone: whether it stands among what says the same without a batch and with its own. What a
// lift has ended does not stand, whatever batch the lift is of.
func (e *Event) MayStand(events []Event) bool {
	var last Instant
	var beside []Event
	for i := range events {
		other := &events[i]
		last = max(last, other.Occurred)
		blocks := other.Kind == KindSuppress || other.Kind == KindErase
		if other.Kind == KindLift || blocks && (other.DependsOn() == BatchID{} || other.DependsOn() == e.DependsOn()) {
			beside = append(beside, *other)
		}
	}
	s := Fold(beside)
	s.Last = max(s.Last, last)
	s.prune()
	return slices.ContainsFunc(s.Suppressions, func(p Suppression) bool { return p.Position == e.Position })
}
