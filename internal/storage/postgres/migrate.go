package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/golang-migrate/migrate/v4/database"
	migratepgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/jackc/pgx/v5"
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
	return schema.NewMigrator(schema.Database{
		Migrations: migrations.Postgres,
		Folder:     "postgres",
		Version:    func(ctx context.Context) (uint, bool, error) { return readVersion(ctx, conn) },
		Driver:     func(context.Context) (database.Driver, error) { return openDriver(conn) },
		Classify:   classify,
		Release:    func() error { return nil },
	}), nil
}

// prepare checks the version of the tables or, if asked to, makes it the latest.
func prepare(ctx context.Context, databaseURL string, migrate bool) error {
	m, err := Migrator(databaseURL)
	if err != nil {
		return err
	}
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
	hasVersions   = `SELECT to_regclass('schema_migrations') IS NOT NULL`
	selectVersion = `SELECT version, dirty FROM schema_migrations`
)

// readVersion reads the version of the tables. A database without any has version 0.
func readVersion(ctx context.Context, config *pgx.ConnConfig) (version uint, dirty bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return 0, false, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
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

// openDriver opens the database for golang-migrate. The driver of golang-migrate closes it.
func openDriver(config *pgx.ConnConfig) (database.Driver, error) {
	db := stdlib.OpenDB(*config)
	driver, err := migratepgx.WithInstance(db, &migratepgx.Config{})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare the migrations: %w", err), db.Close())
	}
	return driver, nil
}
