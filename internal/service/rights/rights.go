package rights

import (
	"context"

	"github.com/assent-io/assent/internal/kept"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/service/undo"
)

// Rights is what a person, or an officer for one, may ask for: erasure, a change of address, a legal hold, leaving out a mistake.
type Rights struct {
	*env.Env
	*reference.Reference

	guard  *access.Guard
	engine *txn.Engine
	keeper ErasureKeeper // nil: none
	counts Counts
	undoer *undo.Undoer
}

// Counts are the disclosures that this process has counted and not stored yet.
type Counts interface {
	// Flush stores them. Once an erasure has cut a subject off, a count of a later day would have nothing to be added to.
	Flush(ctx context.Context) error
}

// ErasureKeeper keeps erasures apart from the database: a restored backup repeats by them what it lacks.
type ErasureKeeper interface {
	// Append adds erasures, durably. It is called under the lock of the head, before the transaction that records them commits; if
	// it returns an error, they must not be recorded. Erasures that were appended and then not recorded do no harm.
	Append(erasures []kept.Erasure) error
}

// New returns the rights; the keeper may be nil.
func New(
	env *env.Env, reference *reference.Reference, guard *access.Guard, engine *txn.Engine, keeper ErasureKeeper, counts Counts,
	undoer *undo.Undoer,
) *Rights {
	return &Rights{Env: env, Reference: reference, guard: guard, engine: engine, keeper: keeper, counts: counts, undoer: undoer}
}

// StoreCounts stores the disclosures that were counted so far. It is called before an erasure, without the lock of the head.
func (s *Rights) StoreCounts(ctx context.Context) error { return s.counts.Flush(ctx) }

// Tx is a transaction as rights use it.
type Tx struct {
	*txn.Tx

	rights *Rights
}

// In returns a transaction as rights use it.
func (s *Rights) In(tx *txn.Tx) *Tx { return &Tx{tx, s} }
