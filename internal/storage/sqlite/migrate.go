package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/golang-migrate/migrate/v4/database"

	"github.com/assent-io/assent/internal/storage/schema"
	"github.com/assent-io/assent/migrations"
)

// Migrator returns a migrator of the database at the path, and creates the file if there is none. It holds the lock of
// the database until it is closed. The error wraps [ErrInUse] if another process holds the lock.
func Migrator(path string) (*schema.Migrator, error) {
	f, err := lock(path, true)
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", path, err)
	}
	return f.migrator(f.unlock), nil
}

func (f *file) migrator(release func() error) *schema.Migrator {
	return schema.NewMigrator(schema.Database{
		Migrations: migrations.SQLite,
		Folder:     "sqlite",
		Version:    f.version,
		Driver:     f.driver,
		Classify:   func(_ context.Context, doing string, err error) error { return classify(doing, err) },
		Release:    release,
	})
}

// prepare checks the version of the tables or, if asked to, makes it the latest.
func (f *file) prepare(ctx context.Context, migrate bool) error {
	m := f.migrator(nil)
	if migrate {
		return m.Up(ctx)
	}
	status, err := m.Status(ctx)
	if err != nil {
		return err
	}
	return status.Check()
}

// version reads the version of the tables.
func (f *file) version(ctx context.Context) (version uint, dirty bool, err error) {
	if err := f.checkLog(ctx); err != nil {
		return 0, false, err
	}
	db, err := openDB(f.dsn(true))
	if err != nil {
		return 0, false, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return readVersion(ctx, db)
}

const (
	hasVersions    = `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'`
	createVersions = `CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER NOT NULL, dirty INTEGER NOT NULL) STRICT`
	selectVersion  = `SELECT version, dirty FROM schema_migrations`
	insertVersion  = `INSERT INTO schema_migrations (version, dirty) VALUES (?, ?)`
)

func readVersion(ctx context.Context, db interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
},
) (version uint, dirty bool, err error) {
	var tables int
	if err := db.QueryRowContext(ctx, hasVersions).Scan(&tables); err != nil || tables == 0 {
		return 0, false, err
	}
	err = db.QueryRowContext(ctx, selectVersion).Scan(&version, &dirty)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return version, dirty, err
}

// driver opens the database for migrations. Their processes are kept apart by the lock file.
func (f *file) driver(ctx context.Context) (database.Driver, error) {
	db, err := openDB(f.dsn(false))
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return schema.NewDriver(db, conn, &schema.Dialect{
		Begin: "BEGIN IMMEDIATE", CreateVersion: createVersions, InsertVersion: insertVersion,
		ReadVersion: func(ctx context.Context, conn *sql.Conn) (uint, bool, error) { return readVersion(ctx, conn) },
	}), nil
}
