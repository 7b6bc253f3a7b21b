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
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/records"
)

// ErrInUse is wrapped by the error for a database that another process, or another store of this one, has open.
var ErrInUse = errors.New("the database is in use")

// Options are the choices of a store. The zero value opens a database that has been migrated.
type Options struct {
	// Migrate makes the file, with mode 0600, if there is none, and brings its tables to the latest version.
	Migrate bool
	// Now is the clock of the database; nil is the system's.
	Now func() time.Time
	// Readers is how many reads run at once; 0 is the number of processors, at least 4.
	Readers int
}

// Store is a database in a file. It is safe for concurrent use. What it reads as every store does, it reads by its [records.Reader].
type Store struct {
	records.Reader

	now     func() time.Time
	writer  chan *conn // holds the one connection that writes, unless it is in use
	readers chan *conn
	closing chan struct{}
	release []func() error // in order

	files    *identity
	follower chan *conn // holds the one connection that follows
	followed followed   // guarded by the connection: whoever has it

	mu     sync.RWMutex // guards closed, and with active that nothing starts after Close
	closed bool
	active sync.WaitGroup
}

var _ storage.Store = (*Store)(nil)

// Open opens the database at the path. It returns an error that wraps [ErrInUse] if another process or store has it open, [ErrLinked] or
// [ErrForeignLog] if the files are not what they should be, or one of package schema if its tables are not this program's.
func Open(ctx context.Context, path string, opts Options) (_ *Store, err error) {
	f, err := lock(path, opts.Migrate)
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", path, err)
	}
	s := &Store{now: opts.Now, closing: make(chan struct{})}
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
	s.follower, err = s.pool(ctx, f.dsn(true), 1)
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

func openDB(dsn string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// Pool tells of the connections. Waiting for one is not counted.
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
	return s.releaseAll()
}

func (s *Store) releaseAll() error {
	var errs []error
	for _, release := range s.release {
		errs = append(errs, release())
	}
	return errors.Join(errs...)
}

// acquire waits for a connection of the pool. Whoever has one gives it back with giveBack.
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

// file is a database file whose lock is had.
type file struct {
	path  string // absolute, without symbolic links
	guard *flock.Flock
}

// lock takes the lock of the database at the path and, if asked to, makes the file.
func lock(path string, create bool) (*file, error) {
	resolved, err := resolve(path, create)
	if err != nil {
		return nil, err
	}
	guard := flock.New(resolved+".lock", flock.SetPermissions(0o600))
	locked, err := guard.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock file %s: %w", guard.Path(), err)
	}
	if !locked {
		return nil, errors.Join(fmt.Errorf("%w: the lock file %s is held, by another server or command", ErrInUse, guard.Path()),
			guard.Close())
	}
	f := &file{path: resolved, guard: guard}
	if err := f.checkLinks(); err != nil {
		return nil, errors.Join(err, f.unlock())
	}
	return f, nil
}

// resolve returns the one path of the file, so that it has one lock, however it is called.
func resolve(path string, create bool) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if create {
		made, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		switch {
		case err == nil:
			err = made.Close()
		case errors.Is(err, fs.ErrExist):
			err = nil
		}
		if err != nil {
			return "", err
		}
	}
	return filepath.EvalSymlinks(path)
}

// unlock lets others have the database. The lock file stays: to delete it would let two processes hold it.
func (f *file) unlock() error { return f.guard.Close() }

// dsn says how connections are opened.
func (f *file) dsn(readOnly bool) string {
	q := url.Values{
		"_pragma": {
			"journal_mode(WAL)",
			"synchronous(FULL)",
			"secure_delete(ON)", // what is erased is not left in free pages
			"cache_size(-16384)",
			"wal_autocheckpoint(4096)", // 16 MB, so that an import does not copy the same pages again and again
			"temp_store(MEMORY)",
			"trusted_schema(OFF)",
		},
		"_busy_timeout": {"5000"}, // for backup programs; the lock file keeps out other servers
		"_dqs":          {"0"},
		"_defensive":    {"1"},
		"_error_rc":     {"1"},
	}
	if readOnly {
		q.Set("_query_only", "1")
	}
	u := url.URL{Scheme: "file", Path: f.path, RawQuery: q.Encode()}
	return u.String()
}
