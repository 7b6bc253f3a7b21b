package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/ledger"
	host "github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/telemetry"
)

// serve runs a server.
func (a *app) serve() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a server",
		Long: "Run a server until it is interrupted. For a new SQLite file it creates the key file beside it, and writes the API key\n" +
			"of the first admin to FILE.admin-key. Each setting comes from its flag, else its ASSENT_* variable, else the file of\n" +
			"--config, else the default.",
		Args: noArguments,
	}
	config.AddFlags(cmd.Flags())
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		cfg, err := a.settings(cmd)
		if err != nil {
			return err
		}
		return a.runServer(ctx, cfg, func(log *slog.Logger, at host.Addresses) {
			attrs := []slog.Attr{slog.String("grpc_address", at.GRPC), slog.String("http_address", at.HTTP)}
			if at.Pprof != "" {
				attrs = append(attrs, slog.String("pprof_address", at.Pprof))
			}
			if at.LMTP != "" {
				attrs = append(attrs, slog.String("lmtp_address", at.LMTP))
			}
			log.LogAttrs(ctx, slog.LevelInfo, "serving", attrs...)
		})
	})
	return cmd
}

// settings reads the settings of a server; wrong ones are the caller's mistake.
func (a *app) settings(cmd *cobra.Command) (config.Server, error) {
	cfg, err := config.Load(cmd.Flags(), a.env)
	if err != nil {
		return config.Server{}, terminal.Usagef("%v", err)
	}
	if _, err := ledger.ParseWitnesses(cfg.WitnessKeys); err != nil {
		return config.Server{}, terminal.Usagef("--witness-key: %v", err)
	}
	return cfg, nil
}

// runServer runs a server that logs to standard error. Ready is called as that of
// Local.Serve, with the server's log. In the JSON format the error that ends the
// server is a line of the log, too.
func (a *app) runServer(ctx context.Context, cfg config.Server, ready func(*slog.Logger, host.Addresses)) error {
	log, err := telemetry.NewLogger(a.Stderr, string(cfg.LogFormat), cfg.LogLevel)
	if err != nil {
		return err
	}
	if a.ownsProcess {
		telemetry.RouteLibraries(log) //nolint:contextcheck // Libraries log outside of any call.
	}
	log.LogAttrs(ctx, slog.LevelInfo, "starting", slog.String("version", telemetry.BuildVersion()), slog.String("go", runtime.Version()))
	err = nameListenFlag(cfg, a.local.Serve(ctx, cfg, log, func(at host.Addresses) { ready(log, at) }))
	if err == nil || cfg.LogFormat != config.LogJSON {
		return err
	}
	log.LogAttrs(ctx, slog.LevelError, "the server ended with an error", slog.String("error", err.Error()))
	return terminal.ExitCode(terminal.ExitFailed)
}

// nameListenFlag adds to the error of an address that cannot be listened on
// the flag that chooses another.
func nameListenFlag(cfg config.Server, err error) error {
	failed, ok := errors.AsType[*net.OpError](err)
	if !ok || failed.Op != "listen" {
		return err
	}
	flag := "--http-address"
	if at, ok := failed.Addr.(*net.TCPAddr); ok && strings.HasSuffix(cfg.GRPCAddress, ":"+strconv.Itoa(at.Port)) {
		flag = "--grpc-address"
	}
	return fmt.Errorf("%w; %s chooses another address", err, flag)
}

// localKeys returns the settings that a command needs to open a database.
func localKeys() []string { return []string{"database_url", "keys"} }

// creatingKeys are the settings of a command that may be the first to open a database.
func creatingKeys() []string { return append(localKeys(), "adopt_keys") }

// createLocally creates a client in the database.
func (a *app) createLocally(ctx context.Context, cmd *cobra.Command, in *assentv1.CreateClientRequest) error {
	cfg, err := a.settings(cmd)
	if err != nil {
		return err
	}
	answer, err := a.local.CreateClient(ctx, cfg, in)
	if err != nil {
		return err
	}
	return a.writeKey(answer, "Created", answer.GetClient().GetId(), answer.GetApiKey())
}
