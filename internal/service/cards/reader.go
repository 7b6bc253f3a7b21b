// Package cards reads the cards of the change feed (package feed) from the ledger: those that a part of it touches, with their rules before and
// after, and those of subjects as they are. A subject touches the cards of its form, of the addresses that are linked with it, and of the
// spellings that it has rules of their own for.
package cards

import (
	"context"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/storage"
)

// Reader reads cards.
type Reader struct {
	*env.Env
	*reference.Reference

	consumers *consumers.Consumers
}

// NewReader returns a reader.
func NewReader(env *env.Env, reference *reference.Reference, consumers *consumers.Consumers) *Reader {
	return &Reader{Env: env, Reference: reference, consumers: consumers}
}

// Part is a part of the ledger that cards are read of: the events after one position up to another.
type Part struct {
	After, UpTo int64
	// Present reads states as of the head instead, with nothing before.
	Present bool
	// Lists are the external lists in force.
	Lists *extlist.Consulted
}

// Touched names what a part of the ledger touched.
type Touched struct {
	Keys   []storage.SubjectKey // of subjects that events are about
	Named  []storage.SubjectKey // of subjects with rows that changed: their cards are told whole
	Erased []address.Address    // that erasures took
}

// Read returns the cards that were touched, in order, worth what a catalog makes of them.
func (r *Reader) Read(ctx context.Context, part Part, worths *feed.Worths, touched *Touched) ([]Card, error) {
	return r.newGatherer(part, worths).gather(ctx, touched.Keys, touched.Named, touched.Erased)
}
