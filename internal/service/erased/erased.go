// Package erased has the lists that an officer reads about persons who were erased: what is kept for the defence of claims, and what clients
// sent of them again.
package erased

import (
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
)

// Lists reads what is kept of erased persons, and what came back of them.
type Lists struct {
	*env.Env

	guard *access.Guard
}

// New returns the lists.
func New(env *env.Env, guard *access.Guard) *Lists { return &Lists{Env: env, guard: guard} }
