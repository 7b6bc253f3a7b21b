package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/index"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/audit"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/imports"
	"github.com/assent-io/assent/internal/service/intake"
	"github.com/assent-io/assent/internal/service/noticemail"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/service/sources"
	"github.com/assent-io/assent/internal/service/webhooks"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/postgres"
	"github.com/assent-io/assent/internal/storage/sqlite"
	"github.com/assent-io/assent/internal/webhook"
)

// localCaller is the actor of what commands do that open the database themselves.
const localCaller = "local"

// Local is the use cases over a database that this process has opened. Close ends it.
type Local struct {
	*service.Service

	store storage.Store
	index *index.Index // nil: there is none
	bytes atomic.Int64 // that the database takes; 0: not measured yet
}

// Ready returns nil if calls can be answered, and as fast as they are to be.
func (l *Local) Ready(ctx context.Context) error {
	if l.index != nil {
		select {
		case <-l.index.Settled():
		default:
			return errLoading
		}
	}
	return l.Service.Ready(ctx)
}

// errLoading says why a server is not ready yet.
var errLoading = errors.New("the index is being loaded")

// Close ends the use cases and closes the database.
func (l *Local) Close() error {
	l.Service.Close()
	if err := l.store.Close(); err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return nil
}

// opening is how a database is opened.
type opening struct {
	log         *slog.Logger
	now         func() time.Time
	decided     func(channel string, d *consent.Decision, n int)
	attempted   func(webhook string, outcome webhook.Outcome)
	imported    func(outcome string, rows int64)
	listFailed  func(list, step string)
	returned    func(intake.Counted)
	sources     sources.Options
	mails       noticemail.Options
	span        env.BeginSpan
	kept        service.Kept
	witnesses   []*ledger.Witness
	databaseNow func() time.Time // of a PostgreSQL; nil: its own
	unsafe      env.Unsafe
	index       bool // answer checks from memory, unless the settings say otherwise
	migrate     bool // make missing tables, and for SQLite the file
}

// OpenStore opens the database that the settings name. Tables of another version are refused; with cfg.Migrate they are brought
// to this program's.
func OpenStore(ctx context.Context, cfg config.Server) (storage.Store, error) {
	return openStore(ctx, cfg, opening{now: time.Now, migrate: cfg.Migrate})
}

func openStore(ctx context.Context, cfg config.Server, how opening) (storage.Store, error) {
	// A nil pointer in the interface would be no nil store: each branch returns by itself.
	if path, ok := cfg.SQLitePath(); ok {
		if how.migrate {
			if err := checkMissing(cfg); err != nil {
				return nil, err
			}
		}
		store, err := sqlite.Open(ctx, path, sqlite.Options{Migrate: how.migrate, Now: how.now})
		if err != nil {
			return nil, err
		}
		return store, nil
	}
	store, err := postgres.Open(ctx, cfg.DatabaseURL.Reveal(), postgres.Options{Migrate: how.migrate, Now: how.databaseNow})
	if err != nil {
		return nil, once(cfg, err)
	}
	return store, nil
}

// told is an error with a text of its own.
type told struct {
	error

	text string
}

// once returns the error of a driver, which may say the same several times, as one that says it once, and without a password.
func once(cfg config.Server, err error) error {
	if err == nil {
		return nil
	}
	return &told{err, postgres.Scrub(cfg.DatabaseURL.Reveal(), rpc.OneLine(err.Error()))}
}

// explained returns the error of a start with the cause that calls hide from clients, for the administrator has to know it.
func explained(cfg config.Server, err error) error {
	var hidden *fault.Error
	if !errors.As(err, &hidden) || hidden.Unwrap() == nil {
		return err
	}
	return &told{err, postgres.Scrub(cfg.DatabaseURL.Reveal(), err.Error()+": "+rpc.CauseText(err))}
}

func (e *told) Error() string { return e.text }
func (e *told) Unwrap() error { return e.error }

// OpenService opens the database that the settings name, with its keys, for a command on the server. What it does there is
// done as the caller of [AsLocal]. A SQLite file must exist. Of the options it takes the logger and the clocks.
func OpenService(ctx context.Context, cfg config.Server, opts Options) (*Local, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return openService(ctx, cfg, opening{log: opts.Logger, now: opts.Now, databaseNow: opts.DatabaseNow, migrate: cfg.Migrate})
}

func openService(ctx context.Context, cfg config.Server, how opening) (_ *Local, err error) {
	store, err := openStore(ctx, cfg, how)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, store.Close())
		}
	}()
	keys, err := openKeys(ctx, cfg, store)
	if err != nil {
		return nil, err
	}
	local := &Local{store: store}
	opts := service.Options{
		Now: how.now, Logger: how.log, Decided: how.decided, Span: how.span, Kept: how.kept, Witnesses: how.witnesses,
		AcceptAhead: cfg.AcceptLedgerAhead, Feed: changes.Options{Keeps: cfg.FeedKeeps}, Unsafe: how.unsafe,
		Webhooks: webhooks.Options{AllowPrivate: cfg.AllowPrivateWebhooks, Attempted: how.attempted},
		Imports:  imports.Limits{Bytes: cfg.ImportMaxBytes, Counted: how.imported}, ListFailed: how.listFailed,
		Intake: intake.Options{Unsubscribe: cfg.UnsubscribeAddresses, Counted: how.returned},
		Links: recipient.Options{
			PublicURL: cfg.PublicURL, BounceLocal: cfg.BounceLocal, BounceDomain: cfg.BounceDomain,
			UnsubscribeAddress: cfg.UnsubscribeAddress(),
		},
		Sources: how.sources, NoticeMails: how.mails,
	}
	if how.index && !cfg.NoIndex {
		local.index = index.New(store, index.Options{Logger: how.log, MaxBytes: cfg.IndexMaxBytes})
		opts.Index, opts.VerifySample = local.index, cfg.VerifySample
	}
	if local.Service, err = service.New(ctx, store, keys, opts); err != nil {
		return nil, err
	}
	noteUse(ctx, cfg, keys, how.log)
	return local, nil
}

// openKeys opens the key file. For a SQLite database that has no head yet, and so holds nothing that was sealed or digested, it
// makes one if there is none.
func openKeys(ctx context.Context, cfg config.Server, store storage.Reader) (*seal.Keys, error) {
	path, err := cfg.KeyFile()
	if err != nil {
		return nil, err
	}
	exists, err := seal.Exists(path)
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	if exists {
		return takeKeys(ctx, cfg, path, store)
	}
	_, embedded := cfg.SQLitePath()
	switch _, err := store.Head(ctx); {
	case errors.Is(err, storage.ErrNotInitialised) && embedded:
		return seal.Create(path)
	case errors.Is(err, storage.ErrNotInitialised):
		return nil, fmt.Errorf("the key file %s does not exist: create one with `assent keys create`, and give the same file to every server of "+
			"the database", path)
	case err != nil:
		return nil, fmt.Errorf("read the head: %w", err)
	default:
		return nil, fmt.Errorf("the key file %s is missing, and without it no data in the database can be found or decrypted: restore it "+
			"from your copy", path)
	}
}

// takeKeys opens the key file. An empty database does not take keys that another one has.
func takeKeys(ctx context.Context, cfg config.Server, path string, store storage.Reader) (*seal.Keys, error) {
	keys, err := seal.Open(path)
	if err != nil || keys.Unused() || cfg.AdoptKeys {
		return keys, err
	}
	switch _, err := store.Head(ctx); {
	case errors.Is(err, storage.ErrNotInitialised):
		return nil, fmt.Errorf("the database is empty, and the key file %s belongs to the database with the store id %x: use that "+
			"database, a key file made by `assent keys create`, or --adopt-keys to start again with these keys", path, keys.StoreID())
	case err != nil:
		return nil, fmt.Errorf("read the head: %w", err)
	}
	return keys, nil
}

// noteUse notes in the key file that the database has taken the keys. Where the file cannot be changed that is said, and no error.
func noteUse(ctx context.Context, cfg config.Server, keys *seal.Keys, log *slog.Logger) {
	if !keys.Unused() {
		return
	}
	if err := seal.MarkUsed(cfg.Keys); err != nil {
		log.LogAttrs(ctx, slog.LevelWarn, "the key file cannot be marked as used, so that an empty database would take it, too",
			slog.String("file", cfg.Keys), slog.String("error", err.Error()))
	}
}

// checkMissing refuses to make a SQLite file where the files beside it say that there was one.
func checkMissing(cfg config.Server) error {
	path, embedded := cfg.SQLitePath()
	if !embedded {
		return nil
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // What is wrong with it, opening it says.
	}
	missing := func(beside string) error {
		return fmt.Errorf("the database %s is missing, but %s exists: restore the database from where it was moved or from a "+
			"backup; for a new database, move that file away", path, beside)
	}
	if info, err := os.Stat(path + adminKeySuffix); err == nil && info.Size() > 0 {
		return missing(path + adminKeySuffix)
	}
	if cfg.Keys == "" || cfg.AdoptKeys {
		return nil
	}
	exists, err := seal.Exists(cfg.Keys)
	if err != nil || !exists {
		return nil //nolint:nilerr // What is wrong with it, opening it says.
	}
	keys, err := seal.Open(cfg.Keys)
	if err != nil {
		return err
	}
	if !keys.Unused() {
		return fmt.Errorf("%w, or use --adopt-keys to start again with these keys", missing(cfg.Keys))
	}
	return nil
}

// AsLocal returns a context in which calls are made by this process, which may do everything.
func AsLocal(ctx context.Context) context.Context {
	return access.WithCaller(ctx, access.Process(localCaller))
}

// CreateClient creates a client in the database that the settings name, without a server.
func CreateClient(
	ctx context.Context, cfg config.Server, log *slog.Logger, in *assentv1.CreateClientRequest,
) (_ *assentv1.CreateClientResponse, err error) {
	local, err := OpenService(ctx, cfg, Options{Logger: log})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, local.Close()) }()
	return handler.CreateClient(AsLocal(ctx), local, in)
}

// RebuildLedger makes all states anew from the events of the database that the settings name. Done is told now and then how many
// subjects are done.
func RebuildLedger(
	ctx context.Context, cfg config.Server, log *slog.Logger, done func(subjects int),
) (_ audit.RebuildReport, err error) {
	local, err := OpenService(ctx, cfg, Options{Logger: log})
	if err != nil {
		return audit.RebuildReport{}, err
	}
	defer func() { err = errors.Join(err, local.Close()) }()
	return local.Rebuild(AsLocal(ctx), done)
}

// VerifyLedger compares the database that the settings name with its ledger and older checkpoints. It changes nothing: tables of
// another version and a database without a key file are refused.
func VerifyLedger(
	ctx context.Context, cfg config.Server, checkpoints []audit.KeptCheckpoint, done func(int64),
) (_ audit.Report, err error) {
	if err := mustExist(cfg); err != nil {
		return audit.Report{}, err
	}
	path, err := cfg.KeyFile()
	if err != nil {
		return audit.Report{}, err
	}
	keys, err := seal.Open(path)
	if err != nil {
		return audit.Report{}, err
	}
	store, err := openStore(ctx, cfg, opening{now: time.Now})
	if err != nil {
		return audit.Report{}, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return audit.Verify(ctx, store, keys, checkpoints, done)
}
