package txn

import (
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
)

// Recorded is what became of a statement.
type Recorded struct {
	Position  int64
	Duplicate bool // it was recorded before, at that position
	// SameBatch is of a duplicate that an earlier transaction recorded with the batch of this one. Answers of requests do not have it.
	SameBatch bool `json:"-"`
	// Restates is of a duplicate of which it was noted that the batch states it, too. Answers of requests do not have it.
	Restates bool `json:"-"`
	// Warnings say what was recorded otherwise than stated, and what a grant lacks to allow anything.
	Warnings []statement.Warning `json:",omitempty"`
	// StillAllowed is of a no: the channels it is for on which the address may be written to all the same.
	StillAllowed []StillAllowed `json:",omitempty"`
	// Erased is of an erasure: how many events it cut off from the address, or took the evidence of. It is nil where the caller acts for one
	// department: the number tells whether another one knows the address.
	Erased *int64 `json:",omitzero"`
	// Learnt is of an erasure: whom it has to be told.
	Learnt *Learnt `json:",omitzero"`
}

// Learnt are the clients and the controllers that learnt something of an address, each by id.
type Learnt struct {
	Clients     []LearntClient     `json:",omitempty"`
	Controllers []LearntController `json:",omitempty"`
}

// LearntClient is a client that learnt something of an address. What the catalog says of recipients is empty where it says nothing of the
// client.
type LearntClient struct {
	ID         string
	Department string // empty: it acts for all

	Name, Role, Country, PostalAddress string
}

// LearntController is a controller that learnt something of an address.
type LearntController struct{ ID, Name, PrivacyContact string }

// StillAllowed is a channel that a no was stated for, and on which a later consent still allows messages. Reason and position are zero
// where the channel is of another department than the client.
type StillAllowed struct {
	Channel  string
	Reason   consent.Code // why a check allows
	Position int64        // of the consent; 0 on a transactional channel
}
