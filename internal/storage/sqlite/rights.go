package sqlite

import (
	"context"
	"fmt"
	"strconv"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

const (
	selectEvidence = `
		SELECT e.position, e.evidence FROM events e
		WHERE e.position IN (SELECT a.value FROM json_each(?1) a) AND e.evidence IS NOT NULL`

	dropEvidence = `UPDATE events SET evidence = NULL WHERE position = ?1`

	blankEvent = `
		UPDATE events SET subject = zeroblob(16), event_key = zeroblob(16), kind = 0, occurred_time = 0, actor = '', batch = NULL,
			header = x'', evidence = NULL
		WHERE position = ?1`

	// A request covers few positions, so that those that cover one end at most a span after it.
	forgetRequests = `
		UPDATE requests SET body_mac = x'', answer = x'', first_position = NULL, last_position = NULL
		WHERE last_position >= ?1 AND last_position < ?1 + ?2 AND first_position <= ?1`

	addReturn = `
		INSERT INTO erased_returns (` + column.Returns + `) VALUES (?, ?, ?, ?)
		ON CONFLICT (subject, day, client) DO UPDATE SET count = count + excluded.count`

	insertClaim = `INSERT INTO claims (` + column.Claims + `) VALUES (?, ?, ?)`

	selectBatch = `
		SELECT e.position, e.subject FROM events e WHERE e.batch = ?1 AND e.position > ?2 ORDER BY e.position LIMIT ?3`

	selectErasures = `
		SELECT ` + column.Record + ` FROM events e
		WHERE e.kind = 9 AND e.evidence IS NOT NULL AND e.position > ?1 ORDER BY e.position LIMIT ?2`

	selectReturns = `
		SELECT ` + column.Returns + ` FROM erased_returns WHERE day >= ?1 AND (day, client, subject) > (?2, ?3, ?4)
		ORDER BY day, client, subject LIMIT ?5`

	selectClaims = `SELECT ` + column.Claims + ` FROM claims WHERE id > ?1 ORDER BY id LIMIT ?2`
)

func jsonPositions(positions []int64) string {
	b := []byte{'['}
	for i, p := range positions {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, p, 10)
	}
	return string(append(b, ']'))
}

// storeRights stores what an erasure does and what is kept because of it.
func (c *conn) storeRights(changes *storage.Changes) error {
	for _, part := range []struct {
		query     string
		positions []int64
		more      []any
	}{
		{dropEvidence, changes.DropEvidence, nil},
		{blankEvent, changes.Blank, nil},
		{forgetRequests, changes.ForgetRequests, []any{storage.RequestSpan}},
	} {
		for _, p := range part.positions {
			if _, err := c.exec(part.query, append([]any{p}, part.more...)...); err != nil {
				return err
			}
		}
	}
	err := each(c, addReturn, changes.Returns, func(r *storage.Return) []any {
		return []any{r.Subject[:], r.Day, r.Client, r.Count}
	})
	if err != nil {
		return err
	}
	return each(c, insertClaim, changes.Claims, func(k *storage.Claim) []any {
		return []any{k.ID[:], k.Until, column.NotNull(k.Sealed)}
	})
}

// Erasures returns erasures that have evidence.
func (s *Store) Erasures(ctx context.Context, after int64, limit int) (storage.Head, []storage.Record, error) {
	return list(ctx, s, "read erasures", selectErasures, []any{after, max(limit, 0)}, column.ScanRecord)
}

// Batch returns events of a batch.
func (s *Store) Batch(ctx context.Context, batch consent.BatchID, after int64, limit int) ([]storage.BatchEvent, error) {
	_, rows, err := list(ctx, s, "read a batch", selectBatch, []any{batch[:], after, max(limit, 0)}, column.ScanBatchEvent)
	return rows, err
}

// Returns returns what came back of erased persons.
func (s *Store) Returns(ctx context.Context, day int64, after storage.Return, limit int) ([]storage.Return, error) {
	args := []any{day, after.Day, after.Client, after.Subject[:], max(limit, 0)}
	_, rows, err := list(ctx, s, "read returns", selectReturns, args, column.ScanReturn)
	return rows, err
}

// Claims returns claims by id.
func (s *Store) Claims(ctx context.Context, after [16]byte, limit int) ([]storage.Claim, error) {
	_, rows, err := list(ctx, s, "read claims", selectClaims, []any{after[:], max(limit, 0)}, column.ScanClaim)
	return rows, err
}

// forgetRevisions makes followers read everything anew, if there were keys that they would have read.
func (c *conn) forgetRevisions() error {
	return c.transaction("BEGIN IMMEDIATE", func() error {
		if _, err := c.exec(outdateFollowers, storage.RevisionsKept+1); err != nil {
			return err
		}
		_, err := c.exec(`DELETE FROM revisions`)
		return err
	})
}

// Purge forgets revisions, rewrites the file and empties its log.
func (s *Store) Purge(ctx context.Context) error {
	const doing = "purge the database"
	c, err := s.acquire(ctx, s.writer)
	if err != nil {
		return classify(doing, err)
	}
	defer s.giveBack(s.writer, c)
	if err := c.forgetRevisions(); err != nil {
		return classify(doing, err)
	}
	if _, err := c.exec("VACUUM"); err != nil {
		return classify(doing, err)
	}
	var busy, logged, moved int64
	err = c.query("PRAGMA wal_checkpoint(TRUNCATE)", nil, func(scan column.Scan) error { return scan(&busy, &logged, &moved) })
	if err == nil && busy != 0 {
		err = fmt.Errorf("a reader holds the log; try again")
	}
	if err == nil {
		err = s.files.usable() // Else it was another file than the path names.
	}
	return classify(doing, err)
}
