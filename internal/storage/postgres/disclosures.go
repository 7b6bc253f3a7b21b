package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/records"
)

// Rows of disclosures are locked in the order of their key by every statement, so that none of them waits for another in a circle.
const (
	// Additions share an advisory lock, each until it ends, and an erasure takes the lock exclusively. So an erasure
	// deletes the rows of earlier additions, and later additions see the current subjects of their keys: in a transaction,
	// each statement reads what was committed before the statement began.
	shareAdding   = `SELECT pg_advisory_xact_lock_shared(` + addingLock + `)`
	excludeAdding = `SELECT pg_advisory_xact_lock(` + addingLock + `)`
	addingLock    = `7022914473320902501` // a number of no meaning

	// Nothing is added where the id is remembered, or of what was counted before the subject was erased.
	addDisclosures = `
		WITH once AS (
			INSERT INTO requests (id, body_mac, answer, expires_time)
			SELECT $1::bytea, ''::bytea, ''::bytea, $2::bigint FROM ledger_head WHERE id = 1
			ON CONFLICT (id) DO NOTHING RETURNING id
		)
		INSERT INTO disclosures (` + column.Disclosures + `)
		SELECT k.subject, a.day, a.client, a.channel, sum(a.count)::bigint
		FROM unnest($3::smallint[], $4::bytea[], $5::bigint[], $6::text[], $7::text[], $8::bigint[], $9::bigint[])
			AS a (form, digest, day, client, channel, count, at)
		JOIN subjects k ON k.form = a.form AND k.digest = a.digest
		WHERE k.subject IS NOT NULL AND (k.erased_time IS NULL OR k.erased_time <= a.at) AND EXISTS (SELECT 1 FROM once)
		GROUP BY k.subject, a.day, a.client, a.channel
		ORDER BY k.subject, a.day, a.client COLLATE "C", a.channel COLLATE "C"
		ON CONFLICT (` + column.DisclosuresKey + `) DO UPDATE SET count = disclosures.count + excluded.count`

	selectDisclosures = `
		SELECT ` + column.Disclosures + ` FROM disclosures WHERE subject = ANY ($1::bytea[])
		ORDER BY subject, day, client COLLATE "C", channel COLLATE "C"`

	selectReaders = `
		SELECT day, client, channel, count(DISTINCT subject), sum(count)::bigint FROM disclosures
		WHERE day >= $1::bigint AND ($2::text = '' OR client = $2::text)
			AND (day, client COLLATE "C", channel COLLATE "C") > ($3::bigint, $4::text, $5::text)
		GROUP BY day, client, channel ORDER BY day, client COLLATE "C", channel COLLATE "C" LIMIT $6`

	countReaders = `
		SELECT coalesce(min(day), 0), $2::text, '', count(DISTINCT subject), coalesce(sum(count), 0)::bigint FROM disclosures
		WHERE day >= $1::bigint AND ($2::text = '' OR client = $2::text)`

	deleteDisclosures = `
		DELETE FROM disclosures WHERE (` + column.DisclosuresKey + `) IN (
			SELECT ` + column.DisclosuresKey + ` FROM disclosures WHERE (` + column.DisclosuresKey + `) IN (
				SELECT ` + column.DisclosuresKey + ` FROM disclosures WHERE day < $1 AND subject <> ALL ($3::bytea[])
				ORDER BY day LIMIT $2
			) ORDER BY subject, day, client COLLATE "C", channel COLLATE "C" FOR UPDATE)`

	// What is forgotten, and what later days are added to, is locked by one statement. Then one subject after the other is done with.
	lockDisclosures = `
		SELECT FROM disclosures WHERE subject = ANY ($1::bytea[])
		ORDER BY subject, day, client COLLATE "C", channel COLLATE "C" FOR UPDATE`
	bequeathDisclosures = `
		INSERT INTO disclosures (` + column.Disclosures + `)
		SELECT $3::bytea, day, client, channel, count FROM disclosures WHERE subject = $1 AND day > $2
		ON CONFLICT (` + column.DisclosuresKey + `) DO UPDATE SET count = disclosures.count + excluded.count`
	forgetDisclosures = `DELETE FROM disclosures WHERE subject = $1 AND (day <= $2 OR $3::bytea IS NOT NULL)`
)

// AddDisclosures adds to what is counted.
func (s *Store) AddDisclosures(ctx context.Context, id [32]byte, expires consent.Instant, counts []storage.Learnt) error {
	const doing = "add disclosures"
	ctx, release := s.enter(ctx)
	defer release()
	if err := storage.CheckLearnt(counts); err != nil {
		return s.fail(ctx, doing, err)
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return s.fail(ctx, doing, err)
	}
	defer conn.Release() // closes the connection if its transaction has not ended
	type learnt = storage.Learnt
	var head storage.Head
	batch := &pgx.Batch{}
	batch.Queue(beginWrite)
	batch.Queue(shareAdding)
	batch.Queue(selectHead).Query(scanHead(&head))
	batch.Queue(addDisclosures, id[:], int64(expires),
		array(counts, func(l *learnt) int16 { return int16(l.Key.Form) }),
		array(counts, func(l *learnt) []byte { return l.Key.Digest[:] }),
		array(counts, func(l *learnt) int64 { return l.Day }),
		array(counts, func(l *learnt) string { return l.Client }),
		array(counts, func(l *learnt) string { return l.Channel }),
		array(counts, func(l *learnt) int64 { return l.Count }),
		array(counts, func(l *learnt) int64 { return int64(l.At) }),
	)
	return s.fail(ctx, doing, commitBatch(ctx, conn, batch))
}

// Disclosures returns what is counted for the subjects.
func (s *Store) Disclosures(ctx context.Context, subjects []consent.SubjectID) ([]storage.Disclosure, error) {
	_, rows, err := records.List(ctx, s.view, "read disclosures", selectDisclosures, []any{idArray(subjects)}, column.ScanDisclosure)
	return rows, err
}

// Readers counts disclosures by day, client and channel.
func (s *Store) Readers(ctx context.Context, which storage.ReadBy, after *storage.Readership, limit int) ([]storage.Readership, error) {
	args := []any{max(which.Since, after.Day), which.Client, after.Day, after.Client, after.Channel, max(limit, 0)}
	_, rows, err := records.List(ctx, s.view, "count readers", selectReaders, args, column.ScanReadership)
	return rows, err
}

// CountReaders counts the disclosures and their subjects.
func (s *Store) CountReaders(ctx context.Context, which storage.ReadBy) (storage.Readership, error) {
	_, rows, err := records.List(ctx, s.view, "count all readers", countReaders, []any{which.Since, which.Client}, column.ScanReadership)
	if err != nil || len(rows) == 0 {
		return storage.Readership{}, err
	}
	return rows[0], nil
}

// DeleteDisclosures deletes disclosures of days before the day given.
func (s *Store) DeleteDisclosures(ctx context.Context, before int64, except []consent.SubjectID, limit int) (int, error) {
	ctx, release := s.enter(ctx)
	defer release()
	var head storage.Head
	var deleted int64
	batch := &pgx.Batch{}
	batch.Queue(selectHead).Query(scanHead(&head))
	batch.Queue(deleteDisclosures, before, max(limit, 0), idArray(except)).Exec(func(tag pgconn.CommandTag) error {
		deleted = tag.RowsAffected()
		return nil
	})
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return 0, s.fail(ctx, "delete disclosures", err)
	}
	return int(deleted), nil
}

func queueForget(batch *pgx.Batch, list []storage.ForgottenDisclosures) {
	if len(list) == 0 {
		return
	}
	ids := make([]consent.SubjectID, 0, 2*len(list))
	for i := range list {
		ids = append(ids, list[i].Subject, list[i].Heir)
	}
	batch.Queue(excludeAdding)
	batch.Queue(lockDisclosures, idArray(ids))
	for i := range list {
		f := &list[i]
		if f.Heir == (consent.SubjectID{}) {
			batch.Queue(forgetDisclosures, f.Subject[:], f.Until, nil)
			continue
		}
		batch.Queue(bequeathDisclosures, f.Subject[:], f.Until, f.Heir[:])
		batch.Queue(forgetDisclosures, f.Subject[:], f.Until, f.Heir[:])
	}
}
