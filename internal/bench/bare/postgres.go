package bare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

type postgresDB struct{ pool *pgxpool.Pool }

func openPostgres(ctx context.Context, url string) (DB, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, errors.New("connect to the database: its URL cannot be used") // The error may hold the password.
	}
	return &postgresDB{pool}, nil
}

func (d *postgresDB) Prepare(ctx context.Context) error {
	if err := d.drop(ctx); err != nil {
		return err
	}
	for _, t := range tables() {
		if _, err := d.pool.Exec(ctx, "CREATE TABLE "+t.copied+" (LIKE "+t.name+" INCLUDING ALL)"); err != nil {
			return fmt.Errorf("copy the table %s: %w", t.name, err)
		}
	}
	return nil
}

func (d *postgresDB) TouchHead(ctx context.Context) error {
	_, err := d.pool.Exec(ctx, touchHead)
	return err
}

func (d *postgresDB) Position(ctx context.Context) (position int64, err error) {
	err = d.pool.QueryRow(ctx, readHead).Scan(&position)
	return position, err
}

func (d *postgresDB) MadeBy(ctx context.Context, batch [16]byte, clients string) (bool, error) {
	var foreign int
	err := d.pool.QueryRow(ctx, foreignOne, batch[:], clients+"%").Scan(&foreign)
	return foreign == 0, err
}

func (d *postgresDB) Rows(ctx context.Context, after, upTo int64) (all Rows, err error) {
	for i, t := range tables() {
		rows, err := d.pool.Query(ctx, "SELECT "+t.columns+" FROM "+t.name+" WHERE "+t.where, after, upTo)
		if err != nil {
			return all, fmt.Errorf("read %s: %w", t.name, err)
		}
		if all[i], err = pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() }); err != nil {
			return all, fmt.Errorf("read %s: %w", t.name, err)
		}
	}
	return all, nil
}

func (d *postgresDB) ReadStates(ctx context.Context) (n int64, err error) {
	err = d.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		tag, err := conn.Conn().PgConn().CopyTo(ctx, io.Discard, "COPY ("+allStates+") TO STDOUT (FORMAT binary)")
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

func (d *postgresDB) Insert(ctx context.Context, all Rows) error {
	return pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		batch := &pgx.Batch{} // Sent at once, as the server sends its statements.
		for i, t := range tables() {
			batch.Queue(insertUnnest(t), columnsOf(t, all[i])...)
		}
		return tx.SendBatch(ctx, batch).Close()
	})
}

func insertUnnest(t table) string {
	arrays := make([]string, len(t.casts))
	for i, cast := range t.casts {
		arrays[i] = "$" + strconv.Itoa(i+1) + "::" + cast + "[]"
	}
	return "INSERT INTO " + t.copied + " (" + t.columns + ") SELECT * FROM unnest(" + strings.Join(arrays, ", ") +
		") ON CONFLICT DO NOTHING"
}

// columnsOf returns the rows as an array for each column, typed as its values are.
func columnsOf(t table, list [][]any) []any {
	columns := make([]any, len(t.casts))
	for i, cast := range t.casts {
		switch cast {
		case "bytea":
			columns[i] = columnOf[[]byte](list, i)
		case "text":
			columns[i] = columnOf[string](list, i)
		case "smallint":
			columns[i] = columnOf[int16](list, i)
		case "integer":
			columns[i] = columnOf[int32](list, i)
		default:
			columns[i] = columnOf[int64](list, i)
		}
	}
	return columns
}

func columnOf[T any](list [][]any, i int) []*T {
	column := make([]*T, len(list))
	for n, row := range list {
		if value, ok := row[i].(T); ok { // Else it is NULL.
			column[n] = &value
		}
	}
	return column
}

func (d *postgresDB) drop(ctx context.Context) error {
	for _, t := range tables() {
		if _, err := d.pool.Exec(ctx, "DROP TABLE IF EXISTS "+t.copied); err != nil {
			return fmt.Errorf("drop the table %s: %w", t.copied, err)
		}
	}
	return nil
}

func (d *postgresDB) Close(ctx context.Context) error {
	err := d.drop(ctx)
	d.pool.Close()
	return err
}
