package bare

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// perStatement is how many rows one statement takes: SQLite has at most 32,766 parameters in one.
const perStatement = 2000

type sqliteDB struct{ db *sql.DB }

func openSQLite(ctx context.Context, path string) (DB, error) {
	path, err := resolve(path)
	if err != nil {
		return nil, err
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"_pragma":       {"journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)", "cache_size(-16384)", "wal_autocheckpoint(4096)"},
		"_busy_timeout": {"10000"}, "_txlock": {"immediate"},
	}.Encode()}
	connector, err := sqlite.NewConnector(u.String())
	if err != nil {
		return nil, err
	}
	d := &sqliteDB{sql.OpenDB(connector)}
	d.db.SetMaxOpenConns(1)
	if err := d.db.PingContext(ctx); err != nil {
		return nil, closeAfter(err, d.db.Close)
	}
	return d, nil
}

// resolve returns the path as the server opens it. In a URL a relative one would be taken for a host.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

func (d *sqliteDB) Prepare(ctx context.Context) error {
	if err := d.drop(ctx); err != nil {
		return err
	}
	for _, t := range tables() {
		if err := d.copyTable(ctx, t); err != nil {
			return fmt.Errorf("copy the table %s: %w", t.name, err)
		}
	}
	return nil
}

// copyTable makes a table, and its indexes, from the statements that made the other.
func (d *sqliteDB) copyTable(ctx context.Context, t table) error {
	statements, err := d.statements(ctx, t)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if _, err := d.db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// statements returns what makes the copy: first the table.
func (d *sqliteDB) statements(ctx context.Context, t table) (list []string, err error) {
	rows, err := d.db.QueryContext(ctx, "SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC", t.name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		text = strings.Replace(text, "CREATE TABLE "+t.name, "CREATE TABLE "+t.copied, 1)
		text = strings.Replace(text, "CREATE INDEX ", "CREATE INDEX assent_bench_", 1)
		list = append(list, strings.Replace(text, " ON "+t.name+" ", " ON "+t.copied+" ", 1))
	}
	return list, rows.Err()
}

func (d *sqliteDB) TouchHead(ctx context.Context) error {
	_, err := d.db.ExecContext(ctx, touchHead)
	return err
}

func (d *sqliteDB) Position(ctx context.Context) (position int64, err error) {
	err = d.db.QueryRowContext(ctx, readHead).Scan(&position)
	return position, err
}

func (d *sqliteDB) MadeBy(ctx context.Context, batch [16]byte, clients string) (bool, error) {
	var foreign int
	err := d.db.QueryRowContext(ctx, foreignOne, batch[:], clients+"%").Scan(&foreign)
	return foreign == 0, err
}

func (d *sqliteDB) Rows(ctx context.Context, after, upTo int64) (all Rows, err error) {
	for i, t := range tables() {
		if all[i], err = d.read(ctx, t, after, upTo); err != nil {
			return all, fmt.Errorf("read %s: %w", t.name, err)
		}
	}
	return all, nil
}

func (d *sqliteDB) read(ctx context.Context, t table, after, upTo int64) (list [][]any, err error) {
	rows, err := d.db.QueryContext(ctx, "SELECT "+t.columns+" FROM "+t.name+" WHERE "+t.where, after, upTo)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		row, into := make([]any, len(t.casts)), make([]any, len(t.casts))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

func (d *sqliteDB) ReadStates(ctx context.Context) (n int64, err error) {
	rows, err := d.db.QueryContext(ctx, allStates)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for ; rows.Next(); n++ {
		var form int64
		var digest, state sql.RawBytes
		if err := rows.Scan(&form, &digest, &state); err != nil {
			return n, err
		}
	}
	return n, rows.Err()
}

func (d *sqliteDB) Insert(ctx context.Context, all Rows) (err error) {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = closeAfter(err, tx.Rollback)
		}
	}()
	for i, t := range tables() {
		for list := all[i]; len(list) > 0; {
			n := min(len(list), perStatement)
			if err := insertValues(ctx, tx, t, list[:n]); err != nil {
				return fmt.Errorf("insert into %s: %w", t.copied, err)
			}
			list = list[n:]
		}
	}
	return tx.Commit()
}

func insertValues(ctx context.Context, tx *sql.Tx, t table, list [][]any) error {
	one := "(" + strings.Repeat("?, ", len(t.casts)-1) + "?)"
	args := make([]any, 0, len(list)*len(t.casts))
	for _, row := range list {
		for _, value := range row {
			if blob, ok := value.([]byte); ok && len(blob) == 0 {
				value = []byte{} // The driver reads it as nil, which it would write as NULL.
			}
			args = append(args, value)
		}
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO "+t.copied+" ("+t.columns+") VALUES "+
		strings.Repeat(one+", ", len(list)-1)+one+" ON CONFLICT DO NOTHING", args...)
	return err
}

func (d *sqliteDB) drop(ctx context.Context) error {
	for _, t := range tables() {
		if _, err := d.db.ExecContext(ctx, "DROP TABLE IF EXISTS "+t.copied); err != nil {
			return err
		}
	}
	return nil
}

func (d *sqliteDB) Close(ctx context.Context) error {
	return errors.Join(d.drop(ctx), d.db.Close())
}
