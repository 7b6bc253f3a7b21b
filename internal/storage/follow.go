package storage

import "context"

// Mark is up to where a follower has taken in the store.
type Mark struct {
	Position int64 // of the last event
	Revision int64 // of the head
}

// KeyedState is the packed state of a subject under the key it is found by.
type KeyedState struct {
	Key    SubjectKey
	Packed []byte // nil: there is a subject, and no state of it is stored
	Gone   bool   // there is no subject any more
}

// News is what changed after a mark, as of one snapshot.
type News struct {
	Mark   Mark
	Leaves [][32]byte   // the leaf hashes of the events after the old mark up to the new one, in order
	States []KeyedState // of the subjects that changed, in no order, each once
	Reload bool         // what changed cannot be told any more: everything has to be read anew
}

// Followed is what an in-memory copy of the states follows. Keys of confirmation mails are left out of it everywhere.
type Followed interface {
	// Follow returns the head, read from a primary, and what changed after the mark: of the events at most limit, in which case the new
	// mark stays behind the head. Where nothing changed it costs one short statement. A mark beyond the head has no news. It returns
	// ErrUnavailable from a standby, too.
	Follow(ctx context.Context, since Mark, limit int) (Head, News, error)
	// EachState calls each with the states of the subjects whose keys follow after, in order of form and digest, at most limit of them,
	// read in one short transaction; what is passed is valid during the call only. It returns the last key, and how many there were.
	EachState(ctx context.Context, after SubjectKey, limit int, each func(KeyedState) error) (last SubjectKey, n int, err error)
}
