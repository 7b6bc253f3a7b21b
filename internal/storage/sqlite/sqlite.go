// Package sqlite is the storage port over a SQLite file, the embedded default: one process, one writer, many readers.
//
// The file is in WAL mode with synchronous=FULL, so a commit is on the disk before it is acknowledged and readers never
// wait for the writer. The one connection that writes takes the database's lock at the begin of a transaction, before it
// reads anything. A lock file beside the database keeps other processes out; SQLite alone would let them in, and what two
// servers keep in memory would then go apart.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/records"
)

// Store is a database in a file. It is safe for concurrent use. What it reads as every store does, it reads by its [records.Reader].
type Store struct {
	records.Reader

	now     func() time.Time
	writer  chan *conn // holds the one connection that writes, unless it is in use
	readers chan *conn
	closing chan struct{}
	release []func() error // in order

	files    *identity
	mover    mover
	follower chan *conn // holds the one connection that follows
	followed followed   // guarded by the connection: only the goroutine that acquired it reads it

	mu     sync.RWMutex // guards closed, and with active that nothing starts after Close
	closed bool
	active sync.WaitGroup
}

var _ storage.Store = (*Store)(nil)

// followed is what was read last on the one connection that followers have.
type followed struct {
	on      *sql.Conn // nil: nothing was
	version int64     // of the data, as the connection counts it
	head    storage.Head
}

// Pool tells of the connections that calls have. Waiting for one is not counted.
func (s *Store) Pool() storage.PoolStats {
	idle, most := len(s.writer)+len(s.readers)+len(s.follower), cap(s.writer)+cap(s.readers)+cap(s.follower)
	return storage.PoolStats{InUse: most - idle, Idle: idle, Max: most}
}

// Close waits for the calls that are under way, except those that wait for their turn to write or read, which return
// [storage.ErrClosed] as every later call does. It may be called again, and then does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.closing)
	s.mu.Unlock()
	s.active.Wait()
	<-s.mover.ended
	return s.releaseAll()
}

func (s *Store) releaseAll() error {
	var errs []error
	for _, release := range s.release {
		errs = append(errs, release())
	}
	return errors.Join(errs...)
}

// acquire waits for a connection of the pool. The caller gives it back with giveBack.
func (s *Store) acquire(ctx context.Context, pool chan *conn) (*conn, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return nil, storage.ErrClosed
	}
	s.active.Add(1)
	s.mu.RUnlock()
	select {
	case c := <-pool:
		if err := c.open(ctx); err != nil {
			s.giveBack(pool, c)
			return nil, err
		}
		return c, nil
	case <-ctx.Done():
		s.active.Done()
		return nil, context.Cause(ctx)
	case <-s.closing:
		s.active.Done()
		return nil, storage.ErrClosed
	}
}

func (s *Store) giveBack(pool chan *conn, c *conn) {
	pool <- c
	s.active.Done()
}
