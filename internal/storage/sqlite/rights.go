package sqlite

import (
	"context"
	"fmt"
	"strconv"

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

	// A request covers few positions, so that those that cover one end at most a span after it. Positions that an earlier request with
	// the id named, which has expired, expire at another time than the request.
	selectForgotten = `
		SELECT id FROM requests WHERE last_position >= ?1 AND last_position < ?1 + ?2 AND first_position <= ?1
		UNION ALL
		SELECT r.id FROM request_positions n
		CROSS JOIN requests r ON r.id = n.request AND r.expires_time = n.expires_time WHERE n.position = ?1`

	forgetRequest          = `UPDATE requests SET body_mac = x'', answer = x'', first_position = NULL, last_position = NULL WHERE id = ?1`
	deleteRequestPositions = `DELETE FROM request_positions WHERE request = ?1`
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
	}{{dropEvidence, changes.DropEvidence}, {blankEvent, changes.Blank}} {
		for _, p := range part.positions {
			if _, err := c.exec(part.query, p); err != nil {
				return err
			}
		}
	}
	for _, p := range changes.ForgetRequests {
		if err := c.forgetRequestsOf(p); err != nil {
			return err
		}
	}
	return nil
}

// forgetRequestsOf forgets the requests that were given a position or name it.
func (c *conn) forgetRequestsOf(position int64) error {
	var ids [][]byte
	err := c.query(selectForgotten, []any{position, storage.RequestSpan}, func(scan column.Scan) error {
		var id []byte
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		for _, query := range []string{forgetRequest, deleteRequestPositions} {
			if _, err := c.exec(query, id); err != nil {
				return err
			}
		}
	}
	return nil
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
	// While the log is moved beside this, SQLite would refuse to move it.
	moving, err := s.acquire(ctx, s.mover.conn)
	if err != nil {
		return classify(doing, err)
	}
	defer s.giveBack(s.mover.conn, moving)
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
