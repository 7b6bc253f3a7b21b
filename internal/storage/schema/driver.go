package schema

import (
	"context"
	"database/sql"
	"errors"
	"io"

	"github.com/golang-migrate/migrate/v4/database"
)

// Dialect is how a database begins a transaction, notes the version of its tables, and keeps the migrations of several processes apart.
type Dialect struct {
	Begin         string // begins a transaction
	Lock, Unlock  string // waits for other processes, and lets them go on; empty: they are kept apart otherwise
	CreateVersion string // makes the table of the version if there is none
	InsertVersion string // with a version and whether a migration to it is under way
	// ReadVersion returns the version of the tables; 0 if there are none.
	ReadVersion func(ctx context.Context, conn *sql.Conn) (version uint, dirty bool, err error)
}

const deleteVersion = `DELETE FROM schema_migrations`

// NewDriver returns a driver for golang-migrate on a connection of the database, both of which it closes. Unlike the drivers that come with
// golang-migrate, it runs a migration and the notes of its begin and end in one transaction: a migration that fails, or whose process ends
// halfway, leaves nothing behind. It does not take a database that cannot be read for an empty one.
func NewDriver(db *sql.DB, conn *sql.Conn, dialect *Dialect) database.Driver {
	return &driver{db: db, conn: conn, dialect: dialect}
}

type driver struct {
	db      *sql.DB
	conn    *sql.Conn
	dialect *Dialect
	open    bool // a transaction
}

// Open is not used: the driver is made with its database.
func (d *driver) Open(string) (database.Driver, error) {
	return nil, errors.New("the driver for migrations is not opened by URL")
}

// Close ends what is under way and closes the database.
func (d *driver) Close() error { return errors.Join(d.end("ROLLBACK"), d.conn.Close(), d.db.Close()) }

// Lock waits until no other process runs migrations.
func (d *driver) Lock() error { return d.exec(d.dialect.Lock) }

// Unlock lets other processes run migrations.
func (d *driver) Unlock() error { return d.exec(d.dialect.Unlock) }

// SetVersion notes the begin of a migration, with dirty, and its end.
func (d *driver) SetVersion(version int, dirty bool) error {
	if !d.open {
		if err := d.exec(d.dialect.Begin); err != nil {
			return err
		}
		d.open = true
	}
	err := d.exec(d.dialect.CreateVersion)
	if err == nil {
		err = d.exec(deleteVersion)
	}
	if err == nil && version != database.NilVersion {
		err = d.exec(d.dialect.InsertVersion, version, dirty)
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
	version, dirty, err := d.dialect.ReadVersion(context.Background(), d.conn)
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
	if query == "" {
		return nil
	}
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
