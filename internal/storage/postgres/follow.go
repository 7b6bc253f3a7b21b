package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

const (
	selectLeaves = `SELECT ` + column.Leaf + ` FROM events e WHERE e.position > $1 AND e.position <= $2 ORDER BY e.position`

	selectChanged = `
		SELECT ` + column.KeyedState + `
		FROM (SELECT DISTINCT subject FROM events WHERE position > $1 AND position <= $2) e
		JOIN subjects k ON k.subject = e.subject
		LEFT JOIN states s ON s.subject = k.subject
		WHERE k.form < ` + column.Mails

	selectReread = `
		SELECT r.form, r.digest, k.subject IS NULL, s.state
		FROM (SELECT DISTINCT form, digest FROM revisions WHERE revision > $1) r
		LEFT JOIN subjects k ON k.form = r.form AND k.digest = r.digest
		LEFT JOIN states s ON s.subject = k.subject
		WHERE r.form < ` + column.Mails

	// Ids are random, so the rows of a range lie everywhere in both tables. Where a nested loop would look each of them up, this reads the
	// pages that have some, in order, and joins what it found: see [joinRanges]. The sum keeps the planner from the index by form, which a small table seems to
	// be found by as well.
	selectEachState = `
		SELECT ` + column.KeyedState + `
		FROM subjects k
		LEFT JOIN (SELECT subject, state FROM states WHERE subject > $1 AND subject <= $2) s ON s.subject = k.subject
		WHERE k.subject > $1 AND k.subject <= $2 AND k.form + 0 < ` + column.Mails

	// For the rest of a transaction, in place of the settings of the session. The memory is that of the states of a range and of the
	// list of pages.
	joinRanges = `
		SELECT set_config('enable_hashjoin', 'on', true), set_config('enable_nestloop', 'off', true),
			set_config('enable_indexscan', 'off', true), set_config('work_mem', '64MB', true)`

	insertRevisions = `
		INSERT INTO revisions (revision, form, digest)
		SELECT $1::bigint, a.* FROM unnest($2::smallint[], $3::bytea[]) AS a
		ON CONFLICT (revision, form, digest) DO NOTHING`

	outdateFollowers = `
		UPDATE ledger_head SET revision = revision + $1 WHERE id = 1 AND EXISTS (SELECT 1 FROM revisions)`

	deleteRevisions = `DELETE FROM revisions WHERE revision <= $1`
)

// Follow returns the head and what changed after the mark.
func (s *Store) Follow(ctx context.Context, since storage.Mark, limit int) (storage.Head, storage.News, error) {
	ctx, release := s.enter(ctx)
	defer release()
	head, news, err := s.follow(ctx, since, int64(max(limit, 0)))
	if err != nil {
		return storage.Head{}, storage.News{}, s.fail(ctx, "follow the ledger", err)
	}
	return head, news, nil
}

func (s *Store) follow(ctx context.Context, since storage.Mark, limit int64) (storage.Head, storage.News, error) {
	head, err := scanPrimary(s.pool.QueryRow(ctx, selectHead).Scan, column.ScanHead)
	if err != nil {
		return head, storage.News{}, err
	}
	if news, quiet := column.Quiet(&head, since); quiet {
		return head, news, nil
	}
	return s.changed(ctx, since, limit)
}

// changed reads the head again, and what changed after the mark, on one snapshot and in one round trip.
func (s *Store) changed(ctx context.Context, since storage.Mark, limit int64) (head storage.Head, news storage.News, err error) {
	found := column.NewFollow[pgtype.DriverBytes](since, limit)
	upTo := found.UpTo()
	batch := &pgx.Batch{}
	batch.Queue(beginRead)
	batch.Queue(selectHead).Query(scanHead(&head))
	batch.Queue(selectLeaves, since.Position, upTo).Query(scanAll(found.AddLeaf))
	batch.Queue(selectChanged, since.Position, upTo).Query(scanAll(found.AddState))
	batch.Queue(selectReread, since.Revision).Query(scanAll(found.AddState))
	batch.Queue(commit)
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return head, news, err
	}
	news, err = found.End(&head)
	return head, news, err
}

// EachState calls each with the states of a range.
func (s *Store) EachState(ctx context.Context, ids storage.IDRange, each func(storage.KeyedState) error) (head storage.Head, err error) {
	ctx, release := s.enter(ctx)
	defer release()
	var stopped error // given back as it is
	row := column.NewKeyed[pgtype.DriverBytes]()
	batch := &pgx.Batch{}
	batch.Queue(beginRead)
	batch.Queue(selectHead).Query(scanHead(&head))
	batch.Queue(joinRanges)
	batch.Queue(selectEachState, ids.After[:], ids.Through[:]).Query(scanAll(func(scan column.Scan) error {
		state, err := row.Scan(scan)
		if err == nil {
			stopped = each(state)
			err = stopped
		}
		return err
	}))
	batch.Queue(commit)
	err = s.pool.SendBatch(ctx, batch).Close()
	if stopped != nil {
		return head, stopped
	}
	if err != nil {
		return storage.Head{}, s.fail(ctx, "read all states", err)
	}
	return head, nil
}

// queueReread queues the keys that followers read anew, and the deletion of those that are kept no longer.
func queueReread(batch *pgx.Batch, changes *storage.Changes) {
	if len(changes.Reread) == 0 {
		return
	}
	forms, digests := keyArrays(changes.Reread)
	batch.Queue(insertRevisions, changes.Head.Revision, forms, digests)
	batch.Queue(deleteRevisions, changes.Head.Revision-storage.RevisionsKept)
}
