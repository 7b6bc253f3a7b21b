package server

import (
	"log/slog"
	"time"

	"github.com/assent-io/assent/internal/service/env"
)

// Addresses are where a server is reached, with the ports that it got.
type Addresses struct {
	GRPC  string
	HTTP  string
	Pprof string // empty: nowhere
	LMTP  string // likewise
}

// Options are what a server needs besides its settings.
type Options struct {
	// Logger is where it logs. Required.
	Logger *slog.Logger
	// Ready is called once, when the server answers calls; nil: nothing is called.
	Ready func(Addresses)
	// Now is the clock; nil is the system's. A SQLite database has the same one.
	Now func() time.Time
	// DatabaseNow stands in for the clock of a PostgreSQL in tests; nil is its own.
	DatabaseNow func() time.Time
	// Unsafe is for tests and cannot be set from outside.
	Unsafe env.Unsafe
}
