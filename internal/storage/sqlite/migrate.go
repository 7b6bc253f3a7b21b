package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

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
	deleteVersion  = `DELETE FROM schema_migrations`
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

// driver opens the database for migrations.
func (f *file) driver(ctx context.Context) (database.Driver, error) {
	db, err := openDB(f.dsn(false))
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &driver{db: db, conn: conn}, nil
}

// driver runs migrations for golang-migrate. Unlike the driver that comes with it, it runs a migration and the notes of its
// begin and end in one transaction, so that a process that ends halfway leaves no dirty schema, and it does not take a
// database that cannot be read for an empty one.
type driver struct {
	db   *sql.DB
	conn *sql.Conn
	open bool // a transaction
}

var _ database.Driver = (*driver)(nil)

// Open is not used: the driver is made with its database.
func (d *driver) Open(string) (database.Driver, error) {
	return nil, errors.New("the driver for migrations is not opened by URL")
}

// Close ends what is under way and closes the database.
func (d *driver) Close() error {
	return errors.Join(d.end("ROLLBACK"), d.conn.Close(), d.db.Close())
}

// Lock does nothing: the lock file is held.
func (d *driver) Lock() error { return nil }

// Unlock does nothing: the lock file is held longer.
func (d *driver) Unlock() error { return nil }

// SetVersion notes the begin of a migration, with dirty, and its end.
func (d *driver) SetVersion(version int, dirty bool) error {
	if !d.open {
		if err := d.exec("BEGIN IMMEDIATE"); err != nil {
			return err
		}
		d.open = true
	}
	err := d.exec(createVersions)
	if err == nil {
		err = d.exec(deleteVersion)
	}
	if err == nil && version != database.NilVersion {
		err = d.exec(insertVersion, version, dirty)
	}
	if err != nil {
		return errors.Join(err, d.end("ROLLBACK"))
	}
	if dirty {
		return nil
	}
	return d.end("COMMIT")
}

// Run runs the statements of a migration.
func (d *driver) Run(migration io.Reader) error {
	script, err := io.ReadAll(migration)
	if err == nil {
		err = d.exec(string(script))
	}
	if err != nil {
		return errors.Join(err, d.end("ROLLBACK"))
	}
	return nil
}

// Version returns the version of the tables.
func (d *driver) Version() (int, bool, error) {
	version, dirty, err := readVersion(context.Background(), d.conn)
	if err != nil {
		return 0, false, err
	}
	if version == 0 {
		return database.NilVersion, false, nil
	}
	return int(version), dirty, nil
}

// Drop is refused: migrations down take back the tables.
func (d *driver) Drop() error { return errors.New("drop all tables: not supported") }

func (d *driver) exec(query string, args ...any) error {
	_, err := d.conn.ExecContext(context.Background(), query, args...)
	return err
}

// end ends the transaction, if there is one.
func (d *driver) end(how string) error {
	if !d.open {
		return nil
	}
	d.open = false
	return d.exec(how)
}
