package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/assent-io/assent/internal/storage/column"
)

// conn is a connection with its prepared statements.
//
// Its statements run without the caller's cancellation: they are short, and both database/sql and the driver would start a
// goroutine for each statement to watch for it. Callers look at the context between statements.
type conn struct {
	db       *sql.DB
	sql      *sql.Conn // nil: not open
	prepared map[string]*sql.Stmt
	changed  int64 // rows, since it was last set to zero
}

// open opens the connection unless it is open.
func (c *conn) open(ctx context.Context) error {
	if c.sql != nil {
		return nil
	}
	opened, err := c.db.Conn(ctx)
	if err != nil {
		return err
	}
	var mode string
	err = opened.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode)
	if err == nil && !strings.EqualFold(mode, "wal") {
		err = fmt.Errorf("the file system does not support the journal mode WAL, only %s", mode)
	}
	if err != nil {
		return errors.Join(err, opened.Close())
	}
	c.sql, c.prepared = opened, map[string]*sql.Stmt{}
	return nil
}

// close closes the connection; it can be opened again.
func (c *conn) close() error {
	if c.sql == nil {
		return nil
	}
	var errs []error
	for _, stmt := range c.prepared {
		errs = append(errs, stmt.Close())
	}
	errs = append(errs, c.sql.Close())
	c.sql, c.prepared = nil, nil
	return errors.Join(errs...)
}

// prepare returns the statement of a query. SQLite takes $1, as statements that both databases share have it, for a name, and ?1 for a
// number. No statement has a $ that is anything else.
func (c *conn) prepare(query string) (*sql.Stmt, error) {
	if stmt, ok := c.prepared[query]; ok {
		return stmt, nil
	}
	stmt, err := c.sql.PrepareContext(context.Background(), strings.ReplaceAll(query, "$", "?"))
	if err != nil {
		return nil, err
	}
	c.prepared[query] = stmt
	return stmt, nil
}

// exec runs a statement and returns how many rows it changed.
func (c *conn) exec(query string, args ...any) (int64, error) {
	stmt, err := c.prepare(query)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	c.changed += n
	return n, err
}

// query runs a statement and calls each for its rows.
func (c *conn) query(query string, args []any, each func(column.Scan) error) (err error) {
	stmt, err := c.prepare(query)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// transaction runs do between the begin given and a commit. If do fails, or panics, everything is rolled back. The error of
// the commit itself is a [commitError].
func (c *conn) transaction(begin string, do func() error) (err error) {
	if _, err := c.exec(begin); err != nil {
		return err
	}
	ended := false
	defer func() {
		if !ended {
			err = errors.Join(err, c.rollback())
		}
	}()
	if err := do(); err != nil {
		return err
	}
	if _, err := c.exec("COMMIT"); err != nil {
		return &commitError{err}
	}
	ended = true
	return nil
}

// rollback ends the transaction. If SQLite has ended it by itself, or cannot, the connection is closed: a new one has none.
func (c *conn) rollback() error {
	if _, err := c.exec("ROLLBACK"); err != nil {
		return c.close()
	}
	return nil
}

// each runs the statement with the values of every row.
func each[Row any](c *conn, query string, rows []Row, values func(*Row) []any) error {
	for i := range rows {
		if _, err := c.exec(query, values(&rows[i])...); err != nil {
			return err
		}
	}
	return nil
}

// fewRows is how many rows one statement stores where there are many. With 16 rows of an event, 192 parameters, nothing was gained.
const fewRows = 5

// insert is a statement that stores one row, and the same for [fewRows].
type insert struct{ one, few string }

// eachInsert stores the rows, the values of each of which are appended to args.
func eachInsert[Row any](c *conn, into insert, rows []Row, values func(args []any, r *Row) []any) error {
	var args []any
	for len(rows) > 0 {
		query, n := into.one, 1
		if len(rows) >= fewRows {
			query, n = into.few, fewRows
		}
		args = args[:0]
		for i := range n {
			args = values(args, &rows[i])
		}
		if _, err := c.exec(query, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
