package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/phrase"
	host "github.com/assent-io/assent/internal/server"
)

// migrate holds the commands about the tables of the database.
func (a *app) migrate() *cobra.Command {
	var steps int
	var yes bool
	up := a.migration("up", "Apply all missing migrations", a.local.MigrateUp)
	down := a.migration("down", "Revert migrations, and delete the data of their tables", func(ctx context.Context, cfg config.Server) (host.Schema, error) {
		if steps < 1 {
			return host.Schema{}, terminal.Usagef("--steps must be 1 or more")
		}
		if err := a.Ask(fmt.Sprintf("Revert %s and delete the data in these tables?", phrase.Count(steps, "migration")), yes); err != nil {
			return host.Schema{}, err
		}
		return a.local.MigrateDown(ctx, cfg, steps)
	})
	down.Flags().IntVar(&steps, "steps", 1, "how many migrations")
	addYes(down, &yes)
	status := a.migration("status", "Say which migrations are applied", a.local.MigrateStatus)
	status.Long = "Say which migrations are applied; the exit code is 1 when the database is not at this program's version."
	return family("migrate", "The tables of the database: up, down or status", up, down, status)
}

// migration makes a command that writes the state it comes to.
func (a *app) migration(use, short string, do func(context.Context, config.Server) (host.Schema, error)) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: noArguments}
	config.AddFlags(cmd.Flags(), "database_url")
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		cfg, err := a.settings(cmd)
		if err != nil {
			return err
		}
		schema, err := do(ctx, cfg)
		if err != nil {
			return err
		}
		if err := a.writeSchema(schema); err != nil {
			return err
		}
		if use == "status" && (schema.Dirty || schema.Version != schema.Latest) {
			return terminal.ExitCode(terminal.ExitFailed)
		}
		return nil
	})
	return cmd
}

func (a *app) writeSchema(s host.Schema) error {
	if a.JSON() {
		return a.PrintJSON(struct {
			Version uint `json:"version"`
			Latest  uint `json:"latest"`
			Dirty   bool `json:"dirty"`
		}(s))
	}
	state := "up to date"
	switch {
	case s.Dirty:
		state = "a migration stopped halfway"
	case s.Version < s.Latest:
		state = "older than this program"
	case s.Version > s.Latest:
		state = "newer than this program"
	}
	return a.Print(fmt.Sprintf("version %d of %d: %s\n", s.Version, s.Latest, state))
}

func (a *app) ledgerRebuild() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Rebuild all states from the events",
		Long: "Rebuild the states of all addresses from the events, and report how many differed. If any differed, the exit code\n" +
			"is 1, although the states are now correct.",
		Args: noArguments,
	}
	config.AddFlags(cmd.Flags(), localKeys()...)
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		cfg, err := a.settings(cmd)
		if err != nil {
			return err
		}
		bar := a.NewProgress("rebuilding", -1)
		report, err := a.local.RebuildLedger(ctx, cfg, func(subjects int) { bar.Set(int64(subjects)) })
		bar.End()
		if err != nil {
			return err
		}
		if a.JSON() {
			err = a.PrintJSON(struct {
				Subjects int `json:"subjects"`
				Differed int `json:"differed"`
			}{report.Subjects, report.Differed})
		} else {
			err = a.Print(fmt.Sprintf("%s, %d differed\n", phrase.Count(report.Subjects, "subject"), report.Differed))
		}
		if err == nil && report.Differed > 0 {
			return terminal.ExitCode(terminal.ExitFailed)
		}
		return err
	})
	return cmd
}

func (a *app) ledgerPurge() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "purge",
		Short: "Remove erased data from the free pages of the database",
		Long: "Rewrite the database itself, so that no erased or removed data is left in free pages and dead rows, and on SQLite in\n" +
			"its log. Stop a server on SQLite first; on PostgreSQL other sessions wait meanwhile. See docs/operations.md for data that\n" +
			"the write-ahead log, standbys and archives still have. The command needs disk space for a second copy of the database.",
		Args: noArguments,
	}
	config.AddFlags(cmd.Flags(), "database_url")
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		cfg, err := a.settings(cmd)
		if err != nil {
			return err
		}
		if err := a.local.Purge(ctx, cfg); err != nil {
			return err
		}
		_, embedded := cfg.SQLitePath()
		if a.JSON() {
			return a.PrintJSON(struct {
				Purged bool `json:"purged"`
			}{true})
		}
		if !embedded {
			a.Notef("The write-ahead log of PostgreSQL, standbys, archives and backups may still have erased data: see " +
				"\"Erasing\" in docs/operations.md.")
		}
		return a.Print("purged: the free pages of the database have no erased data\n")
	})
	return cmd
}
