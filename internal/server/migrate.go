package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/storage/sqlite"
)

// Schema is the state of a database's tables.
type Schema struct {
	Version uint // of the database; 0: no tables
	Latest  uint // that this program knows
	Dirty   bool // a migration stopped halfway
}

// MigrateUp applies all missing migrations and returns the state afterwards. A SQLite file that does not exist is made.
func MigrateUp(ctx context.Context, cfg config.Server) (Schema, error) {
	if err := checkMissing(cfg); err != nil {
		return Schema{}, err
	}
	return migrate(ctx, cfg, func(m migrator) error { return m.Up(ctx) })
}

// MigrateDown takes back the last migrations, at most steps of them and with them what their tables hold, and returns the state
// afterwards.
func MigrateDown(ctx context.Context, cfg config.Server, steps int) (Schema, error) {
	if err := mustExist(cfg); err != nil {
		return Schema{}, err
	}
	return migrate(ctx, cfg, func(m migrator) error { return m.Down(ctx, steps) })
}

// MigrateStatus returns the state. It changes nothing.
func MigrateStatus(ctx context.Context, cfg config.Server) (Schema, error) {
	if err := mustExist(cfg); err != nil {
		return Schema{}, err
	}
	return migrate(ctx, cfg, func(migrator) error { return nil })
}

// mustExist refuses a SQLite file that does not exist: to ask about it must not make it.
func mustExist(cfg config.Server) error {
	path, ok := cfg.SQLitePath()
	if !ok {
		return nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the database %s does not exist", path)
	}
	return nil
}

type migrator interface {
	Up(ctx context.Context) error
	Down(ctx context.Context, steps int) error
}

func migrate(ctx context.Context, cfg config.Server, do func(migrator) error) (_ Schema, err error) {
	open, target := postgres.Migrator, cfg.DatabaseURL.Reveal()
	if path, ok := cfg.SQLitePath(); ok {
		open, target = sqlite.Migrator, path
	}
	m, err := open(target)
	if err != nil {
		return Schema{}, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if err := do(m); err != nil {
		return Schema{}, once(cfg, err)
	}
	status, err := m.Status(ctx)
	return Schema{Version: status.Version, Latest: status.Latest, Dirty: status.Dirty}, once(cfg, err)
}
