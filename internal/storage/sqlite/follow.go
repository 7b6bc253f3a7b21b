package sqlite

import (
	"context"
	"database/sql"
	"slices"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

const (
	// dataVersion returns another value on the same connection if another connection, of this process or of another, has
	// committed since.
	dataVersion = `PRAGMA data_version`

	selectLeaves = `SELECT ` + column.Leaf + ` FROM events e WHERE e.position > ?1 AND e.position <= ?2 ORDER BY e.position`

	selectChanged = `
		SELECT ` + column.KeyedState + `
		FROM (SELECT DISTINCT subject FROM events WHERE position > ?1 AND position <= ?2) e
		CROSS JOIN subjects k ON k.subject = e.subject
		LEFT JOIN states s ON s.subject = k.subject
		WHERE k.form < ` + column.Mails

	selectReread = `
		SELECT r.form, r.digest, k.subject IS NULL, s.state
		FROM (SELECT DISTINCT form, digest FROM revisions WHERE revision > ?1) r
		LEFT JOIN subjects k ON k.form = r.form AND k.digest = r.digest
		LEFT JOIN states s ON s.subject = k.subject
		WHERE r.form < ` + column.Mails

	// Both the index, which has the keys, and the states are in order of id: so both are read from one end to the other.
	selectEachState = `
		SELECT ` + column.KeyedState + `
		FROM subjects k INDEXED BY subjects_by_id LEFT JOIN states s ON s.subject = k.subject
		WHERE k.subject > ?1 AND k.subject <= ?2 AND k.form < ` + column.Mails

	insertRevision = `INSERT INTO revisions (revision, form, digest) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING`

	outdateFollowers = `UPDATE ledger_head SET revision = revision + ?1 WHERE id = 1 AND EXISTS (SELECT 1 FROM revisions)`

	deleteRevisions = `DELETE FROM revisions WHERE revision <= ?1`
)

// Follow returns the head and what changed after the mark. If no other connection committed since the last call, it
// reads the version only.
func (s *Store) Follow(ctx context.Context, since storage.Mark, limit int) (storage.Head, storage.News, error) {
	const doing = "follow the ledger"
	c, err := s.acquire(ctx, s.follower)
	if err != nil {
		return storage.Head{}, storage.News{}, classify(doing, err)
	}
	defer s.giveBack(s.follower, c)
	if s.followed.on == c.sql && s.followed.on != nil {
		version, err := c.dataVersion()
		if err != nil {
			s.followed.on = nil
			return storage.Head{}, storage.News{}, classify(doing, err)
		}
		if version == s.followed.version {
			if news, quiet := column.Quiet(&s.followed.head, since); quiet {
				return copyOf(&s.followed.head), news, nil
			}
		}
	}
	head, news, err := s.changed(c, since, int64(max(limit, 0)))
	if err != nil {
		return storage.Head{}, storage.News{}, classify(doing, err)
	}
	return head, news, nil
}

// changed reads the head and what changed after the mark on one snapshot, and remembers the head with the version of that snapshot.
func (s *Store) changed(c *conn, since storage.Mark, limit int64) (head storage.Head, news storage.News, err error) {
	s.followed.on = nil
	var version int64
	err = c.transaction("BEGIN", func() error {
		if version, err = c.dataVersion(); err != nil {
			return err
		}
		if head, err = c.head(); err != nil {
			return err
		}
		news, err = c.news(&head, since, limit)
		return err
	})
	if err == nil {
		s.followed = followed{on: c.sql, version: version, head: copyOf(&head)}
	}
	return head, news, err
}

// news reads what changed after the mark until the head, in a transaction.
func (c *conn) news(head *storage.Head, since storage.Mark, limit int64) (storage.News, error) {
	if news, quiet := column.Quiet(head, since); quiet {
		return news, nil
	}
	found := column.NewFollow[sql.RawBytes](since, limit)
	upTo := found.UpTo()
	if err := c.query(selectLeaves, []any{since.Position, upTo}, found.AddLeaf); err != nil {
		return storage.News{}, err
	}
	if err := c.query(selectChanged, []any{since.Position, upTo}, found.AddState); err != nil {
		return storage.News{}, err
	}
	if err := c.query(selectReread, []any{since.Revision}, found.AddState); err != nil {
		return storage.News{}, err
	}
	return found.End(head)
}

func (c *conn) dataVersion() (version int64, err error) {
	err = c.query(dataVersion, nil, func(scan column.Scan) error { return scan(&version) })
	return version, err
}

// copyOf returns a head that shares nothing with the one given.
func copyOf(h *storage.Head) storage.Head {
	own := *h
	own.KeysCheck, own.Tree, own.DigestKeys = slices.Clone(h.KeysCheck), slices.Clone(h.Tree), slices.Clone(h.DigestKeys)
	return own
}

// EachState calls each with the states of a range.
func (s *Store) EachState(ctx context.Context, ids storage.IDRange, each func(storage.KeyedState) error) (head storage.Head, err error) {
	var stopped error // given back as it is
	row := column.NewKeyed[sql.RawBytes]()
	head, err = s.view(ctx, "read all states", func(c *conn) error {
		return c.query(selectEachState, []any{ids.After[:], ids.Through[:]}, func(scan column.Scan) error {
			state, err := row.Scan(scan)
			if err != nil {
				return err
			}
			if stopped = each(state); stopped != nil {
				return stopped
			}
			return context.Cause(ctx)
		})
	})
	if stopped != nil {
		err = stopped
	}
	return head, err
}

// reread keeps the keys that followers read anew, and deletes those that are kept no longer.
func (c *conn) reread(changes *storage.Changes) error {
	if len(changes.Reread) == 0 {
		return nil
	}
	revision := changes.Head.Revision
	err := each(c, insertRevision, changes.Reread, func(k *storage.SubjectKey) []any {
		return []any{revision, k.Form, k.Digest[:]}
	})
	if err != nil {
		return err
	}
	_, err = c.exec(deleteRevisions, revision-storage.RevisionsKept)
	return err
}
