package cli

import (
	"context"
	"log/slog"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/config"
	host "github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/service"
)

// Local holds what the commands do that open the database themselves, each of
// them required. The configuration they are given is valid.
type Local struct {
	// Serve runs a server until the context ends, which is no error. It calls
	// ready once, when it accepts calls; an error before that means that it
	// never did.
	Serve func(ctx context.Context, cfg config.Server, log *slog.Logger, ready func(host.Addresses)) error
	// CreateClient creates a client in the database.
	CreateClient func(ctx context.Context, cfg config.Server, in *assentv1.CreateClientRequest) (*assentv1.CreateClientResponse, error)
	// MigrateUp applies all missing migrations, MigrateDown takes the given
	// number of them back; all three return the state afterwards.
	MigrateUp     func(ctx context.Context, cfg config.Server) (host.Schema, error)
	MigrateDown   func(ctx context.Context, cfg config.Server, steps int) (host.Schema, error)
	MigrateStatus func(ctx context.Context, cfg config.Server) (host.Schema, error)
	// RebuildLedger makes all states anew from the events; done is called now
	// and then with the number of subjects so far, by one goroutine.
	RebuildLedger func(ctx context.Context, cfg config.Server, done func(subjects int)) (service.RebuildReport, error)
}

// local returns what is done on a real database.
func local() Local {
	quiet := slog.New(slog.DiscardHandler)
	return Local{
		Serve: func(ctx context.Context, cfg config.Server, log *slog.Logger, ready func(host.Addresses)) error {
			return host.Run(ctx, cfg, host.Options{Logger: log, Ready: ready})
		},
		CreateClient: func(
			ctx context.Context, cfg config.Server, in *assentv1.CreateClientRequest,
		) (*assentv1.CreateClientResponse, error) {
			return host.CreateClient(ctx, cfg, quiet, in)
		},
		MigrateUp:     host.MigrateUp,
		MigrateDown:   host.MigrateDown,
		MigrateStatus: host.MigrateStatus,
		RebuildLedger: func(ctx context.Context, cfg config.Server, done func(int)) (service.RebuildReport, error) {
			return host.RebuildLedger(ctx, cfg, quiet, done)
		},
	}
}
