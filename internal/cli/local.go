package cli

import (
	"context"
	"fmt"
	"log/slog"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/config"
	host "github.com/assent-io/assent/internal/server"
)

// Local holds what the commands do that open the database themselves. The
// configuration they are given is valid. A command whose function is nil says
// that it is not part of the build.
type Local struct {
	// Serve runs a server until the context ends, which is no error. It calls
	// ready once, when it accepts calls; an error before that means that it
	// never did.
	Serve func(ctx context.Context, cfg config.Server, log *slog.Logger, ready func(Endpoints)) error
	// CreateClient creates a client in the database.
	CreateClient func(ctx context.Context, cfg config.Server, in *assentv1.CreateClientRequest) (*assentv1.CreateClientResponse, error)
	// MigrateUp applies all missing migrations, MigrateDown takes the given
	// number of them back; all three return the state afterwards.
	MigrateUp     func(ctx context.Context, cfg config.Server) (Schema, error)
	MigrateDown   func(ctx context.Context, cfg config.Server, steps int) (Schema, error)
	MigrateStatus func(ctx context.Context, cfg config.Server) (Schema, error)
	// RebuildLedger makes all states anew from the events; done is called now
	// and then with the number of subjects so far, by one goroutine.
	RebuildLedger func(ctx context.Context, cfg config.Server, done func(subjects int)) (Rebuilt, error)
}

// Endpoints are the addresses that a server listens on, with the ports it got.
type Endpoints struct {
	GRPC string
	HTTP string
}

// Schema is the state of a database's schema.
type Schema struct {
	// Version is the database's, 0 without any; Latest is this program's.
	Version uint `json:"version"`
	Latest  uint `json:"latest"`
	// Dirty is set when a migration stopped halfway.
	Dirty bool `json:"dirty"`
}

// Rebuilt is what a rebuild found.
type Rebuilt struct {
	Subjects int `json:"subjects"`
	// Differed is how many states were not what the events say.
	Differed int `json:"differed"`
}

// local returns what is done on a real database.
func local() Local {
	quiet := slog.New(slog.DiscardHandler)
	return Local{
		Serve: func(ctx context.Context, cfg config.Server, log *slog.Logger, ready func(Endpoints)) error {
			return host.Run(ctx, cfg, host.Options{Logger: log, Ready: func(at host.Addresses) { ready(Endpoints(at)) }})
		},
		CreateClient: func(
			ctx context.Context, cfg config.Server, in *assentv1.CreateClientRequest,
		) (*assentv1.CreateClientResponse, error) {
			return host.CreateClient(ctx, cfg, quiet, in)
		},
		MigrateUp: func(ctx context.Context, cfg config.Server) (Schema, error) {
			schema, err := host.MigrateUp(ctx, cfg)
			return Schema(schema), err
		},
		MigrateDown: func(ctx context.Context, cfg config.Server, steps int) (Schema, error) {
			schema, err := host.MigrateDown(ctx, cfg, steps)
			return Schema(schema), err
		},
		MigrateStatus: func(ctx context.Context, cfg config.Server) (Schema, error) {
			schema, err := host.MigrateStatus(ctx, cfg)
			return Schema(schema), err
		},
		RebuildLedger: func(ctx context.Context, cfg config.Server, done func(int)) (Rebuilt, error) {
			report, err := host.RebuildLedger(ctx, cfg, quiet, done)
			return Rebuilt{Subjects: report.Subjects, Differed: report.Differed}, err
		},
	}
}

// absent is the error of a command whose function is nil.
func absent(command string) error {
	return fmt.Errorf("%s is not part of this build", command)
}
