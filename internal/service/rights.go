package service

import (
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/kept"
)

// Rights is what a person, or an officer for one, may ask for: erasure, a change of address, a legal hold, leaving out a mistake.
type Rights struct {
	*Env
	*Reference

	guard  *Guard
	engine *Engine
	keeper ErasureKeeper // nil: none
}

// ErasureKeeper keeps erasures apart from the database: a restored backup repeats by them what it lacks.
type ErasureKeeper interface {
	// Append adds erasures, durably. It is called under the lock of the head, before the transaction that records them commits; if
	// it returns an error, they must not be recorded. Erasures that were appended and then not recorded do no harm.
	Append(erasures []kept.Erasure) error
}

// NewRights returns the rights; the keeper may be nil.
func NewRights(env *Env, reference *Reference, guard *Guard, engine *Engine, keeper ErasureKeeper) *Rights {
	return &Rights{Env: env, Reference: reference, guard: guard, engine: engine, keeper: keeper}
}

// rightsTx is a transaction as rights use it.
type rightsTx struct {
	*work

	rights *Rights
}

func (s *Rights) in(tx *work) *rightsTx { return &rightsTx{tx, s} }

// GoAlong brings an event that was just recorded to where its person has moved since it occurred. It is a hook of the engine.
func (s *Rights) GoAlong(tx *work, of *subject, e *consent.Event) error {
	return s.in(tx).goAlong(of, e)
}
