package campaign

// Pressed reports whether a cap that defers leaves no room at a time for one more contact on the channel of the send, beside those of the question.
func (q *Question) Pressed(t int64) bool { return q.pressureFrom(t, false) > t }

// Apart returns how far two windows are apart, in microseconds: from the last moment of the earlier one to the first of the other; 0 where they
// have moments in common or meet.
func (w Window) Apart(other Window) int64 { return max(other.From-w.Until, w.From-other.Until, 0) }
