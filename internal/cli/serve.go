package cli

import (
	"context"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/config"
)

// serve runs a server.
func (a *app) serve() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a server",
		Long: "Run a server until it is interrupted. Beside a new SQLite file it makes the key file and writes the first\n" +
			"admin's API key to FILE.admin-key. Each setting is taken from its flag, else its ASSENT_* variable, else the\n" +
			"file of --config, else the default.",
		Args: cobra.NoArgs,
	}
	config.AddFlags(cmd.Flags())
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		cfg, err := a.settings(cmd)
		if err != nil {
			return err
		}
		if a.local.Serve == nil {
			return absent("serve")
		}
		log := newLogger(cfg, a.stderr)
		return a.local.Serve(ctx, cfg, log, func(at Endpoints) {
			log.LogAttrs(ctx, slog.LevelInfo, "serving", slog.String("grpc_address", at.GRPC), slog.String("http_address", at.HTTP))
		})
	})
	return cmd
}

// settings reads the settings of a server; wrong ones are the caller's mistake.
func (a *app) settings(cmd *cobra.Command) (config.Server, error) {
	cfg, err := config.Load(cmd.Flags(), a.env)
	if err != nil {
		return config.Server{}, usagef("%v", err)
	}
	return cfg, nil
}

// newLogger returns the logger that the settings ask for.
func newLogger(cfg config.Server, to io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == config.LogJSON {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}

// localKeys returns the settings that a command needs to open a database.
func localKeys() []string { return []string{"database_url", "keys"} }

// createLocally creates a client in the database.
func (a *app) createLocally(ctx context.Context, cmd *cobra.Command, in *assentv1.CreateClientRequest) error {
	cfg, err := a.settings(cmd)
	if err != nil {
		return err
	}
	if a.local.CreateClient == nil {
		return absent("clients create --local")
	}
	answer, err := a.local.CreateClient(ctx, cfg, in)
	if err != nil {
		return err
	}
	return a.writeCreated(answer)
}
