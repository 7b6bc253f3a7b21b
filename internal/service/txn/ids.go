package txn

import (
	"crypto/rand"

	"github.com/assent-io/assent/internal/consent"
)

// subjectIDs makes the ids of subjects. Those that are made one after the other stand beside each other in the tables, which are in order of
// id: a transaction then writes to a few pages, and not to another one for each new subject. What they tell of two subjects, that these were
// first recorded at about the same time, the positions of their events tell as well.
type subjectIDs struct {
	run [4]byte // that the ids begin with
	n   uint8   // how many have begun with it; 0: the next begins a run
}

// next returns a new id: the four bytes that its run of 256 ids begins with, its number in the run, and eleven random bytes. A run is small
// beside the ranges of storage.SplitIDs, which are to have as many subjects each. Next is called by the goroutine that writes.
func (s *subjectIDs) next() (id consent.SubjectID, err error) {
	if _, err := rand.Read(id[:]); err != nil {
		return id, err
	}
	if s.n == 0 {
		copy(s.run[:], id[:])
	}
	copy(id[:], s.run[:])
	id[len(s.run)] = s.n
	s.n++
	return id, nil
}
