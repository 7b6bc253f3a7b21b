package storage

import (
	"context"
	"encoding/binary"
	"math/bits"

	"github.com/assent-io/assent/internal/consent"
)

// Mark is up to where a follower has taken in the store. The zero mark is before everything.
type Mark struct {
	Position int64 // of the last event
	Revision int64 // of the head
}

// MarkOf returns the mark of a follower that has read everything up to the head.
func MarkOf(h *Head) Mark { return Mark{Position: h.Position, Revision: h.Revision} }

// Reaches reports whether everything up to the other mark is taken in.
func (m Mark) Reaches(other Mark) bool {
	return m.Position >= other.Position && m.Revision >= other.Revision
}

// KeyedState is the packed state of a subject under the key it is found by.
type KeyedState struct {
	Key    SubjectKey
	Packed []byte // nil: there is a subject, and no state of it is stored
	Gone   bool   // there is no subject any more
}

// News is what changed after a mark, as of one snapshot.
type News struct {
	Mark   Mark         // up to which it tells everything; of the news that tell nothing the old one
	Leaves [][32]byte   // the leaf hashes of the events after the old mark up to the new one, in order
	States []KeyedState // as of the head, of the subjects that changed up to the new mark, in no order, each once
	Reload bool         // what changed cannot be told any more, and nothing is: everything has to be read anew
}

// IDRange are the ids after one up to and with another. No subject has the id zero.
type IDRange struct{ After, Through consent.SubjectID }

// AllIDs returns the range that all ids are in.
func AllIDs() IDRange { return SplitIDs(0, 1) }

// SplitIDs returns one of so many ranges, counted from 0, that make up all ids. Ids begin with random bytes, each
// for many of them in a row, so every range has about as many subjects as any other if the store has many.
func SplitIDs(part, of int) IDRange {
	return IDRange{After: lastOf(part, of), Through: lastOf(part+1, of)}
}

// lastOf returns the last id of the first so many parts; zero of none.
func lastOf(parts, of int) (id consent.SubjectID) {
	if parts <= 0 {
		return id
	}
	for i := range id {
		id[i] = 0xff
	}
	if parts < of {
		upTo, _ := bits.Div64(uint64(parts), 0, uint64(of)) // parts/of of 2^64
		binary.BigEndian.PutUint64(id[:8], upTo-1)
	}
	return id
}

// Followed is what an in-memory copy of the states follows. Subjects of confirmation mails are left out of it everywhere.
//
// A follower misses nothing if it reads the head first, then the states of ranges that together cover all ids, in any
// order, and then follows from the mark of that head. A subject that keeps its id is in its range. A subject that was
// given another id, or is new, comes from Follow.
type Followed interface {
	// Follow returns the head, read from a primary, and what changed after the mark, of one snapshot: the subjects of the events
	// after it, of which it takes at most limit, and those that Changes.Reread named after it, always all. Where more events follow the
	// new mark stays behind the head. Where nothing changed it costs one short statement. If the head is below the mark in anything it
	// returns no news, for that is the head of another history, or of a store that lost some. If the revision of the mark is more than
	// RevisionsKept below that of the head it returns Reload. It returns ErrNotInitialised, ErrUnavailable, from a standby, too, or
	// ErrClosed.
	Follow(ctx context.Context, since Mark, limit int) (Head, News, error)
	// EachState calls each with the states of the subjects with ids in the range, in no order, read on one snapshot; what is passed
	// is valid during the call only. None of them is gone. It returns the head of that snapshot, read from a primary, by which a
	// follower knows that all ranges are of one history. If each returns an error, EachState returns it as it is. It may be called for
	// several ranges at once. It returns ErrNotInitialised, ErrUnavailable, from a standby, too, or ErrClosed.
	EachState(ctx context.Context, ids IDRange, each func(KeyedState) error) (Head, error)
}
