package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/assent-io/assent/internal/storage/schema"
	"github.com/assent-io/assent/migrations"
)

// Migrator returns a migrator of the database at the URL. It connects only while it works; migrations of several processes
// wait for each other.
func Migrator(databaseURL string) (*schema.Migrator, error) {
	config, err := poolConfig(databaseURL, Options{})
	if err != nil {
		return nil, err
	}
	conn := config.ConnConfig
	return newMigrator(conn, func(ctx context.Context) (uint, bool, error) { return readVersion(ctx, conn) }), nil
}

// newMigrator returns a migrator that reads the version of the tables as given, and makes a connection of its own where it changes them.
func newMigrator(conn *pgx.ConnConfig, version func(ctx context.Context) (uint, bool, error)) *schema.Migrator {
	return schema.NewMigrator(schema.Database{
		Migrations: migrations.Postgres,
		Folder:     "postgres",
		Version:    version,
		Driver:     func(ctx context.Context) (database.Driver, error) { return openDriver(ctx, conn) },
		Classify:   classify,
		Release:    func() error { return nil },
	})
}

// prepare checks the version of the tables, by a connection of the pool, or, if asked to, makes it the latest.
func prepare(ctx context.Context, pool *pgxpool.Pool, migrate bool) error {
	m := newMigrator(pool.Config().ConnConfig, func(ctx context.Context) (version uint, dirty bool, err error) {
		err = pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
			version, dirty, err = versionOf(ctx, conn.Conn())
			return err
		})
		return version, dirty, err
	})
	if migrate {
		return m.Up(ctx)
	}
	status, err := m.Status(ctx)
	if err != nil {
		return err
	}
	return status.Check()
}

const (
	hasVersions    = `SELECT to_regclass('schema_migrations') IS NOT NULL`
	createVersions = `CREATE TABLE IF NOT EXISTS schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)`
	selectVersion  = `SELECT version, dirty FROM schema_migrations`
	insertVersion  = `INSERT INTO schema_migrations (version, dirty) VALUES ($1, $2)`

	// The lock of migrations is of the database and the schema, and ends with the connection.
	lockMigrations   = `SELECT pg_advisory_lock(hashtextextended('assent migrations ' || current_schema(), 0))`
	unlockMigrations = `SELECT pg_advisory_unlock(hashtextextended('assent migrations ' || current_schema(), 0))`
)

// readVersion reads the version of the tables. A database without any has version 0.
func readVersion(ctx context.Context, config *pgx.ConnConfig) (version uint, dirty bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return 0, false, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	return versionOf(ctx, conn)
}

// versionOf reads the version of the tables on a connection.
func versionOf(ctx context.Context, conn *pgx.Conn) (version uint, dirty bool, err error) {
	var exists bool
	if err := conn.QueryRow(ctx, hasVersions).Scan(&exists); err != nil || !exists {
		return 0, false, err
	}
	var number int64
	err = conn.QueryRow(ctx, selectVersion).Scan(&number, &dirty)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	return uint(max(number, 0)), dirty, err
}

// openDriver opens the database for migrations.
func openDriver(ctx context.Context, config *pgx.ConnConfig) (database.Driver, error) {
	simple := config.Copy()
	simple.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // A migration has several statements.
	db := stdlib.OpenDB(*simple)
	conn, err := db.Conn(ctx)
	if err == nil {
		// What the role may not do is said before any migration is read: golang-migrate leaves those that it has read waiting.
		if _, err = conn.ExecContext(ctx, "BEGIN; "+createVersions+"; ROLLBACK"); err != nil {
			err = errors.Join(err, conn.Close())
		}
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return schema.NewDriver(db, conn, &schema.Dialect{
		Begin: "BEGIN", Lock: lockMigrations, Unlock: unlockMigrations, CreateVersion: createVersions, InsertVersion: insertVersion,
		ReadVersion: func(ctx context.Context, conn *sql.Conn) (version uint, dirty bool, err error) {
			err = conn.Raw(func(driver any) error {
				version, dirty, err = versionOf(ctx, driver.(*stdlib.Conn).Conn()) //nolint:errcheck,forcetypeassert // It is pgx's.
				return err
			})
			return version, dirty, err
		},
	}), nil
}
