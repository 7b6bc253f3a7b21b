package sqlite

import (
	"context"
	"sync/atomic"

	"github.com/assent-io/assent/internal/storage/column"
)

const (
	// moveEvery is after about how many pages that were written to the log it is moved into the database, beside the writes. That is 16 MB,
	// so that an import does not copy the same pages again and again.
	moveEvery = 4096
	// pagesPerCommit is about how many pages a commit writes for the head, the log of the tree and their indexes.
	pagesPerCommit = 8
	// rowsPerPage is about how many rows of an import share a page.
	rowsPerPage = 2
)

// mover moves the log into the database on a connection of its own, so that no commit waits for it. It moves all of it:
// only then SQLite writes the log from its start again. A log that were never empty would grow until a commit moves it itself, once it has four times as
// much (see wal_autocheckpoint), and that commit would be slow.
type mover struct {
	pages atomic.Int64  // that were written since the log was last moved, about
	wake  chan struct{} // has room for one
	conn  chan *conn    // holds the connection, unless it is in use
	ended chan struct{}
}

// wrote notes a commit of so many rows.
func (m *mover) wrote(rows int64) {
	if m.pages.Add(pagesPerCommit+rows/rowsPerPage) < moveEvery {
		return
	}
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// moveLog moves the log whenever it is long, until the store is closed.
func (s *Store) moveLog() {
	defer close(s.mover.ended)
	for {
		select {
		case <-s.mover.wake:
		case <-s.closing:
			return
		}
		s.mover.pages.Store(0)
		// What could not be moved stays in the log, where it is found as well, and is moved the next time.
		_ = s.moveOnce(context.Background())
	}
}

// moveOnce moves what the log has, as far as no reader needs it there. What is written meanwhile is moved next, which is less each time, and the
// last of it while no write is under way, so that the next one begins the log anew.
func (s *Store) moveOnce(ctx context.Context) error {
	const passes = 2
	for range passes {
		if err := s.moveBy(ctx, s.mover.conn); err != nil {
			return err
		}
	}
	return s.moveBy(ctx, s.writer)
}

// moveBy moves what the log has when it begins, on a connection of the pool.
func (s *Store) moveBy(ctx context.Context, pool chan *conn) error {
	c, err := s.acquire(ctx, pool)
	if err != nil {
		return err
	}
	defer s.giveBack(pool, c)
	// SQLite would write into whatever the open files have become.
	if err := s.files.usable(); err != nil {
		return err
	}
	return c.query("PRAGMA wal_checkpoint(PASSIVE)", nil, func(scan column.Scan) error {
		var busy, logged, moved int64
		return scan(&busy, &logged, &moved)
	})
}
