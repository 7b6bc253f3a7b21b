package suppressionfile

import (
	"fmt"
	"iter"
)

// checked numbers and counts the entries, and holds each to its shape.
func checked(entries iter.Seq2[Entry, error], o Options, t *tally) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for e, err := range entries {
			if err != nil {
				yield(Entry{}, err)
				return
			}
			t.read++
			if problem := e.problem(o.Hashing); problem != "" {
				yield(Entry{}, fmt.Errorf("entry %d: %s", t.read, problem))
				return
			}
			if !e.Until.IsZero() && !e.Until.After(o.Made) {
				t.leaveOut(causeEnded)
				continue
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}
