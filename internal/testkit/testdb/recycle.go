package testdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// recycler keeps prepared databases that a test has finished with, emptied, for the next test: emptying one takes a tenth of the time
// that making one takes. A database that is not as the template made it, but for its rows, is dropped instead.
type recycler struct {
	query       string // reads the fingerprint of a database
	fingerprint string // of the template
	empty       string // deletes the rows of the tables that are empty in the template

	mu   sync.Mutex
	free []*prepared
}

// prepared is a prepared database, with the connection that empties it once it was emptied: the next emptying takes the same.
type prepared struct {
	name string
	conn *pgx.Conn // nil: none yet
}

// structure describes everything in a database but rows of tables that are empty in the template. Rows of other tables are
// put in for %s.
const structure = `
	WITH spaces AS (SELECT oid, nspname, nspacl FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%%' AND nspname <> 'information_schema'),
	relations AS (SELECT c.* FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace),
	parts (part) AS (
		SELECT format('schema %%s %%s', nspname, nspacl) FROM spaces
		UNION ALL SELECT format('relation %%s %%s %%s %%s %%s', relname, relkind, relowner, relacl, reloptions) FROM relations
		UNION ALL SELECT format('column %%s %%s %%s %%s %%s %%s', r.relname, a.attnum, a.attname, a.atttypid, a.attnotnull, a.attcollation)
			FROM pg_attribute a JOIN relations r ON r.oid = a.attrelid WHERE a.attnum > 0
		UNION ALL SELECT format('index %%s', pg_get_indexdef(i.indexrelid)) FROM pg_index i JOIN relations r ON r.oid = i.indrelid
		UNION ALL SELECT format('constraint %%s %%s', c.conname, pg_get_constraintdef(c.oid))
			FROM pg_constraint c JOIN spaces s ON s.oid = c.connamespace
		UNION ALL SELECT format('default %%s %%s', r.relname, pg_get_expr(d.adbin, d.adrelid))
			FROM pg_attrdef d JOIN relations r ON r.oid = d.adrelid
		UNION ALL SELECT format('trigger %%s %%s', r.relname, t.tgname) FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid
		UNION ALL SELECT format('function %%s %%s', p.proname, p.prosrc) FROM pg_proc p JOIN spaces s ON s.oid = p.pronamespace
		UNION ALL SELECT format('sequence %%s %%s', sequencename, last_value) FROM pg_sequences
		UNION ALL SELECT format('setting %%s %%s', setrole, setconfig) FROM pg_db_role_setting
		UNION ALL SELECT format('rights %%s %%s %%s', datacl, datallowconn, datconnlimit) FROM pg_database WHERE datname = current_database()
		%s
	)
	SELECT md5(string_agg(part, E'\n' ORDER BY part)) FROM parts`

// newRecycler reads what the template is like.
func newRecycler(ctx context.Context, template string) (r *recycler, err error) {
	conn, err := pgx.Connect(ctx, template)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	rows, err := conn.Query(ctx, `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
		WHERE schemaname NOT LIKE 'pg\_%' AND schemaname <> 'information_schema'`)
	if err != nil {
		return nil, err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	var rest, filled strings.Builder
	for _, table := range tables {
		var isFilled bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+table+")").Scan(&isFilled); err != nil {
			return nil, err
		}
		if isFilled {
			fmt.Fprintf(&filled, "UNION ALL SELECT format('row of %s %%s', t) FROM %s t\n", table, table)
		} else {
			fmt.Fprintf(&rest, emptyTable, table)
		}
	}
	r = &recycler{query: fmt.Sprintf(structure, &filled), empty: "SET session_replication_role = replica;" + rest.String()}
	return r, conn.QueryRow(ctx, r.query).Scan(&r.fingerprint)
}

// emptyTable deletes the rows of a table. Giving a table new files takes longer than deleting few rows, and leaves no dead ones.
const emptyTable = `
	DO $$ BEGIN
		IF pg_relation_size('%[1]s') > 100000 THEN TRUNCATE %[1]s; ELSE DELETE FROM %[1]s; END IF;
	END $$;`

// take returns an emptied database, if there is one.
func (r *recycler) take() (db *prepared, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.free) == 0 {
		return nil, false
	}
	db, r.free = r.free[len(r.free)-1], r.free[:len(r.free)-1]
	return db, true
}

// giveBack empties a database for the next test. It reports false for one that cannot be used again.
func (r *recycler) giveBack(ctx context.Context, url string, db *prepared) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	if db.conn == nil || db.conn.Ping(ctx) != nil { // A test may have ended all connections.
		if db.conn, err = pgx.Connect(ctx, url); err != nil {
			return false, nil // The test renamed it, dropped it, or refuses connections to it.
		}
	}
	defer func() {
		if !again {
			err = errors.Join(err, db.conn.Close(ctx))
		}
	}()
	if err := endOthers(ctx, db.conn); err != nil {
		return false, err
	}
	var found string
	if err := db.conn.QueryRow(ctx, r.query).Scan(&found); err != nil || found != r.fingerprint {
		return false, err
	}
	if _, err := db.conn.Exec(ctx, r.empty); err != nil {
		return false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free = append(r.free, db)
	return true, nil
}

// endOthers ends the other connections to the database. Most are about to end by themselves, which takes less time than
// pg_terminate_backend takes to see that one has ended.
func endOthers(ctx context.Context, conn *pgx.Conn) error {
	const others = ` FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`
	for range 20 {
		var n int
		if err := conn.QueryRow(ctx, "SELECT count(*)"+others).Scan(&n); err != nil || n == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
	_, err := conn.Exec(ctx, "SELECT count(pg_terminate_backend(pid, 10000))"+others)
	return err
}
