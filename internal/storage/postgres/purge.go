package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// selectPurgeRights reads what the role of the connection may not do, but a purge does: the first column names the right, the second the
// statement that gives it. PostgreSQL only warns where VACUUM passes over a table for want of rights, so it is asked beforehand.
const selectPurgeRights = `
	WITH rewritten AS (
		SELECT c.oid, c.relname, c.relowner FROM unnest($1::text[]) AS name JOIN pg_class c ON c.oid = to_regclass(name)
	), missing AS (
		SELECT 1 AS rank, 'to read and change ' || t.name AS what,
			'GRANT SELECT, ' || t.privilege || ' ON ' || t.name || ' TO ' || quote_ident(current_user) AS mend
		FROM (VALUES ('ledger_head', 'UPDATE'), ('revisions', 'DELETE')) AS t (name, privilege)
		WHERE NOT (has_table_privilege(t.name, 'SELECT') AND has_table_privilege(t.name, t.privilege))
		UNION ALL
		SELECT 2, 'to rewrite ' || string_agg(relname, ', ' ORDER BY relname), CASE
			WHEN current_setting('server_version_num')::int >= 170000
			THEN 'GRANT MAINTAIN ON ' || string_agg(relname, ', ' ORDER BY relname) || ' TO '
			ELSE 'GRANT ' || quote_ident(pg_get_userbyid(relowner)) || ' TO ' END || quote_ident(current_user)
		FROM rewritten
		WHERE NOT pg_has_role(relowner, 'USAGE')
			AND NOT (SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database())
			AND CASE WHEN current_setting('server_version_num')::int >= 170000 THEN NOT has_table_privilege(oid, 'MAINTAIN') ELSE true END
		GROUP BY relowner
		UNION ALL
		SELECT 3, 'to write a checkpoint', 'GRANT pg_checkpoint TO ' || quote_ident(current_user)
		WHERE NOT pg_has_role('pg_checkpoint', 'USAGE')
	)
	SELECT current_user, what, mend FROM missing ORDER BY rank`

// rewritten returns the names of the tables that a purge rewrites: those that an erasure touches.
func rewritten() []string {
	names := []string{"events", "subjects", "states", "requests", "request_positions", "disclosures", "revisions"}
	for _, table := range tables.All() {
		if table.Persons {
			names = append(names, table.Name)
		}
	}
	return names
}

// checkPurgeRights returns an error that names every right that the role lacks for a purge, and the statement that gives it.
func (s *Store) checkPurgeRights(ctx context.Context) error {
	rows, err := s.pool.Query(ctx, selectPurgeRights, rewritten())
	if err != nil {
		return err
	}
	var role, what, mend string
	var rights, statements []string
	_, err = pgx.ForEachRow(rows, []any{&role, &what, &mend}, func() error {
		rights, statements = append(rights, what), append(statements, mend+";")
		return nil
	})
	if err != nil || len(rights) == 0 {
		return err
	}
	return fmt.Errorf("the role %s lacks the right %s; nothing was changed. A superuser can give it: %s "+
		"(docs/operations.md, Rights of the database roles)", role, strings.Join(rights, " and "), strings.Join(statements, " "))
}

// forgetRevisions makes followers read everything anew, if there were keys that they would have read. A transaction
// that adds one holds the lock of the head.
func forgetRevisions(ctx context.Context, s *Store) error {
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	batch.Queue(lockHead)
	batch.Queue(outdateFollowers, storage.RevisionsKept+1)
	batch.Queue(`DELETE FROM revisions`)
	batch.Queue(commit)
	return s.pool.SendBatch(ctx, batch).Close()
}

// Purge forgets revisions and rewrites the tables, if the role has the right to all of it. The segments of the write-ahead log are the
// server's: docs/operations.md says how they end.
func (s *Store) Purge(ctx context.Context) error {
	const doing = "purge the database"
	ctx, release := s.enter(ctx)
	defer release()
	if err := s.checkPurgeRights(ctx); err != nil {
		return s.fail(ctx, doing, err)
	}
	if err := forgetRevisions(ctx, s); err != nil {
		return s.fail(ctx, doing, err)
	}
	for _, name := range rewritten() {
		if _, err := s.pool.Exec(ctx, "VACUUM (FULL) "+name); err != nil {
			return s.fail(ctx, doing, err)
		}
	}
	_, err := s.pool.Exec(ctx, "CHECKPOINT")
	return s.fail(ctx, doing, err)
}
