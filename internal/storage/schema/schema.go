// Package schema brings the tables of a database to a version, and says which version they have. The adapters of the
// storage port hand it what differs between databases.
package schema

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/source"
	"github.com/golang-migrate/migrate/v4/source/iofs"
)

// The reasons why a schema is not this program's, wrapped with what to do.
var (
	ErrOlder = errors.New("the tables of the database are older than this program")
	ErrNewer = errors.New("the tables of the database are newer than this program")
	ErrDirty = errors.New("a migration of the database's tables stopped halfway")
)

// Status is the version of a schema.
type Status struct {
	Version uint // of the database; 0: no tables
	Latest  uint // that this program knows
	Dirty   bool // a migration to or from Version failed halfway
}

// Check returns nil if the schema is the one that this program works with, else an error that says what to do.
func (s Status) Check() error {
	switch {
	case s.Dirty:
		return fmt.Errorf("%w, at version %d: assent runs each migration in one transaction, so another tool or a changed table "+
			"schema_migrations is the cause; restore a backup, or, if the tables are those of version %d, set dirty to false there", ErrDirty,
			s.Version, s.Version)
	case s.Version < s.Latest:
		return fmt.Errorf("%w: they have version %d, this program needs %d: run `assent migrate up`", ErrOlder, s.Version, s.Latest)
	case s.Version > s.Latest:
		return fmt.Errorf("%w: they have version %d, this program knows %d: run a newer version of assent", ErrNewer, s.Version, s.Latest)
	default:
		return nil
	}
}

// Database is a database with tables that can be migrated.
type Database struct {
	Migrations fs.FS  // the SQL files
	Folder     string // of the SQL files
	// Version returns the version of the tables without changing anything; 0 if there are none.
	Version func(ctx context.Context) (version uint, dirty bool, err error)
	// Driver opens the database for a migration, which closes it at its end.
	Driver func(ctx context.Context) (database.Driver, error)
	// Classify turns an error of the database into one of the storage port's.
	Classify func(ctx context.Context, doing string, err error) error
	// Release is called once by Close.
	Release func() error
}

// Migrator changes the schema of a database. It is for one goroutine.
type Migrator struct{ db Database }

// NewMigrator returns a migrator of the database.
func NewMigrator(db Database) *Migrator { return &Migrator{db: db} }

// Close releases the database. The migrator must not be used afterwards.
func (m *Migrator) Close() error { return m.db.Release() }

// Status returns the version of the schema. It changes nothing.
func (m *Migrator) Status(ctx context.Context) (Status, error) {
	latest, err := m.latest()
	if err != nil {
		return Status{}, err
	}
	version, dirty, err := m.db.Version(ctx)
	if err != nil {
		return Status{}, m.db.Classify(ctx, "read the version of the tables", err)
	}
	return Status{Version: version, Latest: latest, Dirty: dirty}, nil
}

// Up brings the schema to the latest version. It does nothing if it is there, and refuses one that is dirty or newer.
func (m *Migrator) Up(ctx context.Context) error {
	status, err := m.Status(ctx)
	if err != nil {
		return err
	}
	if err := status.Check(); err == nil || !errors.Is(err, ErrOlder) {
		return err
	}
	return m.run(ctx, (*migrate.Migrate).Up)
}

// Down takes back the last migrations, at most steps of them; 0 takes back all, and with them all data.
func (m *Migrator) Down(ctx context.Context, steps int) error {
	if steps < 0 {
		return fmt.Errorf("revert migrations: %d is not a number of steps", steps)
	}
	status, err := m.Status(ctx)
	if err != nil {
		return err
	}
	if err := status.Check(); err != nil && !errors.Is(err, ErrOlder) {
		return err
	}
	applied, err := m.applied(status.Version)
	if err != nil || applied == 0 {
		return err
	}
	if steps == 0 || steps > applied {
		steps = applied
	}
	return m.run(ctx, func(run *migrate.Migrate) error { return run.Steps(-steps) })
}

// run runs migrations. A cancelled context stops before the next one; the one that runs is finished.
func (m *Migrator) run(ctx context.Context, do func(*migrate.Migrate) error) (err error) {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	src, err := iofs.New(m.db.Migrations, m.db.Folder)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	driver, err := m.db.Driver(ctx)
	if err != nil {
		return m.db.Classify(ctx, "open the database for a migration", err)
	}
	run, err := migrate.NewWithInstance(m.db.Folder, src, m.db.Folder, driver)
	if err != nil {
		return errors.Join(fmt.Errorf("prepare the migrations: %w", err), driver.Close())
	}
	defer func() {
		sourceErr, databaseErr := run.Close()
		err = errors.Join(err, sourceErr, databaseErr)
	}()
	stop := context.AfterFunc(ctx, func() { run.GracefulStop <- true })
	defer stop()
	err = do(run)
	if err != nil && !errors.Is(err, migrate.ErrNoChange) {
		return m.db.Classify(ctx, "migrate the tables", err)
	}
	return context.Cause(ctx)
}

// latest returns the version of the last migration.
func (m *Migrator) latest() (uint, error) {
	versions, err := m.versions()
	if err != nil {
		return 0, err
	}
	if len(versions) == 0 {
		return 0, errors.New("there are no migrations")
	}
	return versions[len(versions)-1], nil
}

// applied returns how many migrations lead to the version.
func (m *Migrator) applied(version uint) (int, error) {
	versions, err := m.versions()
	if err != nil {
		return 0, err
	}
	n := 0
	for _, v := range versions {
		if v <= version {
			n++
		}
	}
	return n, nil
}

// versions returns the versions that migrations lead to, in order.
func (m *Migrator) versions() ([]uint, error) {
	entries, err := fs.ReadDir(m.db.Migrations, m.db.Folder)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	var versions []uint
	for _, entry := range entries {
		migration, err := source.Parse(entry.Name())
		if err != nil {
			return nil, fmt.Errorf("name of migration %s: %w", entry.Name(), err)
		}
		if migration.Direction == source.Up {
			versions = append(versions, migration.Version)
		}
	}
	slices.Sort(versions)
	return versions, nil
}
