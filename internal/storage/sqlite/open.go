package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/assent-io/assent/internal/storage/records"
)

// Options are the choices of a store. The zero value opens a database that has been migrated.
type Options struct {
	// Migrate makes the file, with mode 0600, if there is none, and brings its tables to the latest version.
	Migrate bool
	// Now is the clock of the database; nil is the system's.
	Now func() time.Time
	// Readers is how many reads run at once; 0 is the number of processors, at least 4.
	Readers int
}

// Open opens the database at the path. It returns an error that wraps [ErrInUse] if another process or store has it open, [ErrLinked] or
// [ErrForeignLog] if the files are not what they should be, or one of package schema if its tables are not this program's.
func Open(ctx context.Context, path string, opts Options) (_ *Store, err error) {
	f, err := lock(path, opts.Migrate)
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", path, err)
	}
	s := &Store{now: opts.Now, closing: make(chan struct{})}
	s.mover.wake, s.mover.ended = make(chan struct{}, 1), make(chan struct{})
	s.Reader = records.NewReader(s.query)
	defer func() {
		if err != nil {
			s.release = append(s.release, f.unlock)
			err = errors.Join(fmt.Errorf("open the database %s: %w", path, err), s.releaseAll())
		}
	}()
	if s.now == nil {
		s.now = time.Now
	}
	if err := f.prepare(ctx, opts.Migrate); err != nil {
		return nil, err
	}
	if err := s.connect(ctx, f, opts.Readers); err != nil {
		return nil, err
	}
	if s.files, err = f.identify(); err != nil {
		return nil, err
	}
	s.release = append(s.release, f.unlock)
	go s.moveLog()
	return s, nil
}

// connect opens the connections of the store.
func (s *Store) connect(ctx context.Context, f *file, readers int) error {
	if readers <= 0 {
		readers = max(4, runtime.NumCPU())
	}
	var err error
	if s.writer, err = s.pool(ctx, f.dsn(false), 1); err != nil {
		return err
	}
	if s.readers, err = s.pool(ctx, f.dsn(true), readers); err != nil {
		return err
	}
	if s.follower, err = s.pool(ctx, f.dsn(true), 1); err != nil {
		return err
	}
	s.mover.conn, err = s.pool(ctx, f.dsn(true), 1)
	return err
}

// pool opens n connections.
func (s *Store) pool(ctx context.Context, dsn string, n int) (chan *conn, error) {
	db, err := openDB(dsn)
	if err != nil {
		return nil, err
	}
	pool := make(chan *conn, n)
	s.release = append([]func() error{func() error { return closePool(pool, db) }}, s.release...)
	for range n {
		c := &conn{db: db}
		if err := c.open(ctx); err != nil {
			return nil, err
		}
		pool <- c
	}
	return pool, nil
}

// closePool closes the connections of a pool, all of which have been given back.
func closePool(pool chan *conn, db *sql.DB) error {
	var errs []error
	for len(pool) > 0 {
		errs = append(errs, (<-pool).close())
	}
	return errors.Join(append(errs, db.Close())...)
}
