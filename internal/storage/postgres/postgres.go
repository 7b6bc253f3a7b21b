// Package postgres is the storage port over PostgreSQL, for any number of processes on one database.
//
// A write is two round trips. The first begins a transaction, locks the head row, and reads the clock and everything else
// that the write needs; every statement of a READ COMMITTED transaction sees what was committed before it began, so all
// that comes after the lock sees what its last holder stored. The second stores what was decided and commits. Nothing here
// needs sequences or notifications; an advisory lock keeps counts of disclosures from subjects that are being erased.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/records"
)

const (
	defaultMaxConns = 16
	// minConns leaves readers a connection while writes wait: deciding a write may require a read first.
	minConns       = 4
	connectTimeout = 5 * time.Second
	// storeTimeout bounds the second round trip of a write, which does not end with the caller's context: a commit that is
	// cut off would leave the caller not knowing.
	storeTimeout = 30 * time.Second
	// idleTimeout is how long the server lets a process that hangs hold the lock of the head row.
	idleTimeout = "60s"
	// writeSlots is how many writes of this process may wait for the head row in the database: one has the lock, the next
	// waits right behind it. The others wait here, where they take no connection from the reads.
	writeSlots = 2
)

// Options are the choices of a store. The zero value is for a server.
type Options struct {
	// Migrate brings the tables to the latest version.
	Migrate bool
	// Now is the clock of the database for tests; nil is the database's own.
	Now func() time.Time
	// MaxConns is how many connections there are at most; 0 is what the URL says with pool_max_conns, or 16.
	MaxConns int32
}

// Store is a database. It is safe for concurrent use. What it reads as every store does, it reads by its [records.Reader].
type Store struct {
	records.Reader

	pool    *pgxpool.Pool
	now     func() time.Time
	writing chan struct{}
	life    context.Context // ends, with the cause storage.ErrClosed, by Close
	end     context.CancelCauseFunc
}

var _ storage.Store = (*Store)(nil)

// Open opens the database at the URL. It returns an error that wraps [storage.ErrUnavailable] if it cannot be reached, or
// one of package schema if its tables are not this program's. The context counts for the opening only.
func Open(ctx context.Context, databaseURL string, opts Options) (*Store, error) {
	config, err := poolConfig(databaseURL, opts)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	err = prepare(ctx, pool, opts.Migrate)
	if err == nil {
		err = checkDurable(ctx, pool)
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	s := &Store{pool: pool, now: opts.Now, writing: make(chan struct{}, writeSlots)}
	s.Reader = records.NewReader(s.view)
	s.life, s.end = context.WithCancelCause(context.WithoutCancel(ctx))
	return s, nil
}

// poolConfig reads the URL. Its errors do not repeat the URL, which may hold a password.
func poolConfig(databaseURL string, opts Options) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, unreadable(databaseURL, err)
	}
	own, err := takeOwnSettings(config.ConnConfig.RuntimeParams)
	if err != nil {
		return nil, err
	}
	switch {
	case opts.MaxConns > 0:
		config.MaxConns = opts.MaxConns
	case !urlHas(databaseURL, "pool_max_conns"):
		config.MaxConns = defaultMaxConns
	}
	if opts.MaxConns == 0 && config.MaxConns < minConns {
		return nil, fmt.Errorf("a pool of %d connections is too small: give at least %d with pool_max_conns", config.MaxConns, minConns)
	}
	conn := &config.ConnConfig.Config
	if !urlHas(databaseURL, "connect_timeout") {
		conn.ConnectTimeout = connectTimeout
	}
	// Never a standby, because its answers are old, whatever target_session_attrs says.
	conn.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	for name, value := range sessionSettings() {
		if own && conn.RuntimeParams[name] == "" {
			conn.RuntimeParams[name] = value
		}
	}
	return config, nil
}

// sessionSettings are what connections ask for unless the URL says otherwise. Every statement here finds its rows by key,
// whatever its parameters: so it is planned once for all of them, which takes four fifths off the time of a check's read.
// But a plan that is kept from when the tables were small would read them whole when they have grown; so reading whole
// tables, and joins that do, are ruled out. Their prohibitive cost must not bring in JIT.
func sessionSettings() map[string]string {
	return map[string]string{
		"application_name":                    "assent",
		"idle_in_transaction_session_timeout": idleTimeout,
		"enable_seqscan":                      "off",
		"enable_hashjoin":                     "off",
		"enable_mergejoin":                    "off",
		"jit":                                 "off",
		"plan_cache_mode":                     "force_generic_plan",
	}
}

func urlHas(databaseURL, parameter string) bool {
	u, err := url.Parse(databaseURL)
	return err == nil && u.Query().Has(parameter)
}

// checkDurable refuses a standby, and a database that acknowledges what a crash may lose, or that cannot store every text.
func checkDurable(ctx context.Context, pool *pgxpool.Pool) error {
	var standby bool
	var setting, encoding string
	const settings = `SELECT pg_is_in_recovery(), current_setting('synchronous_commit'), current_setting('server_encoding')`
	err := pool.QueryRow(ctx, settings).Scan(&standby, &setting, &encoding)
	if err == nil && standby {
		err = errStandby()
	}
	if err != nil {
		return classify(ctx, "open the database", err)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("open the database: its encoding is %s, which has no room for every text: make it with ENCODING 'UTF8'", encoding)
	}
	if setting == "off" {
		return errors.New("open the database: synchronous_commit is off, so that a crash would lose what was acknowledged: set it to on")
	}
	return nil
}

// Pool tells of the connections.
func (s *Store) Pool() storage.PoolStats {
	now := s.pool.Stat()
	return storage.PoolStats{
		InUse: int(now.AcquiredConns()), Idle: int(now.IdleConns()), Max: int(now.MaxConns()),
		Waits: now.EmptyAcquireCount(), Waited: now.EmptyAcquireWaitTime(),
	}
}

// Close ends the calls that are under way, which return [storage.ErrClosed] as every later call does, except for writes
// that have been decided: it waits for those. It may be called again, and then does nothing.
func (s *Store) Close() error {
	s.end(storage.ErrClosed)
	s.pool.Close()
	return nil
}

// enter returns a context that also ends by Close, and a function that releases it.
func (s *Store) enter(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.life, func() { cancel(storage.ErrClosed) })
	if s.life.Err() != nil { // AfterFunc calls its function at once, but in a goroutine of its own
		cancel(storage.ErrClosed)
	}
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// fail classifies the error of a call. After a broken connection it has the idle connections of the pool made anew, for
// what broke one most likely broke all.
func (s *Store) fail(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	err = classify(ctx, doing, err)
	if errors.Is(err, storage.ErrUnavailable) && s.life.Err() != nil {
		// Close may break a connection that is being made before the context of the call has ended.
		return fmt.Errorf("%s: %w", doing, storage.ErrClosed)
	}
	if (errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrCommitUnknown)) && s.life.Err() == nil {
		s.pool.Reset()
	}
	return err
}
