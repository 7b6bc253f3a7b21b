package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/storage"
)

// Limits that hold for every transport.
const (
	// MaxBatch is how many addresses or events one call may have.
	MaxBatch = 10_000
	// chunk is how many events of a batch are recorded in one transaction at most.
	chunk = 1_000
	// requestTTL is how long a request id is remembered.
	requestTTL = 7 * 24 * time.Hour
	// clientSkew is how far a client's clock may be ahead: times up to it are taken as now.
	clientSkew = time.Minute
	// databaseSkew is how far this server's clock may be off the database's before it refuses to write.
	databaseSkew = 5 * time.Second
)

// Options are what a service needs besides its store and keys.
type Options struct {
	// Now is the clock. Required.
	Now func() time.Time
	// Logger is where the service reports what nobody waits for. Required.
	Logger *slog.Logger
	// Decided is told of decisions, for counting; nil: nobody is.
	Decided Decided
	// Span is told of what traces show; nil: nobody is.
	Span BeginSpan
	// Index holds the states in memory; nil: every check reads the store. Whoever made it runs it.
	Index StateIndex
	// VerifySample is the share of the checks answered by the index that are decided again in the background, from 0 to 1.
	VerifySample float64
	// Kept is what outlives the database; nil: nothing does.
	Kept Kept
	// Witnesses are those whose cosignatures count.
	Witnesses []*ledger.Witness
	// AcceptAhead goes on recording consents while the ledger is ahead of the clock.
	AcceptAhead bool
	// Unsafe is for tests.
	Unsafe Unsafe
}

// Kept is what outlives the database.
type Kept interface {
	ErasureKeeper
	CheckpointKeeper
}

// Unsafe switches off what keeps promises, so that a test can show that the promise is broken without it and that it would notice.
// No setting leads here: a program that is run as such never has any of it.
type Unsafe struct {
	// DecideByOwnClock decides checks at this server's clock alone, even where it lags behind the ledger.
	DecideByOwnClock bool
	// RecordByOwnClock records at this server's clock alone, even where it lags behind the ledger.
	RecordByOwnClock bool
	// NoFence answers by the index as it is, whatever was acknowledged since.
	NoFence bool
}

// Service is the use cases over one store, wired. It is safe for concurrent use.
type Service struct {
	*Env
	*Guard
	*Admin
	*Checkpoints
	*Disclosures
	*Checker
	*Receipts
	*Recorder
	*Rights
	*Retention
	*Exporter
	*Rebuilder

	reference *Reference
	engine    *Engine
}

// New returns the service over a store that belongs to the keys. A store without a head is initialised; that of other keys
// is refused. Close ends it; the store stays open.
func New(ctx context.Context, store storage.Store, keys *seal.Keys, opts Options) (*Service, error) {
	if err := initialise(ctx, store, keys); err != nil {
		return nil, err
	}
	env := &Env{
		Store: store, Keys: keys, Clock: func() time.Time { return opts.Now().UTC() }, Log: opts.Logger, BeginSpan: opts.Span,
	}
	if env.BeginSpan == nil {
		env.BeginSpan = func(ctx context.Context, _ string, _ int) (context.Context, func(string, bool)) {
			return ctx, func(string, bool) {}
		}
	}
	if opts.Decided == nil {
		opts.Decided = func(string, consent.Verdict, consent.Code, int) {}
	}
	return wire(env, &opts), nil
}

// wire makes the use cases, each from those below it.
func wire(env *Env, opts *Options) *Service {
	s := &Service{Env: env, Guard: NewGuard(env), reference: NewReference(env.Store)}
	s.engine = NewEngine(env, s.reference, s.Guard, EngineOptions{AcceptAhead: opts.AcceptAhead, Unsafe: opts.Unsafe})
	reader := NewReader(env, s.reference, s.Guard, opts.Unsafe)
	s.Checkpoints = NewCheckpoints(env, s.Guard, opts.Kept, opts.Witnesses)
	s.Disclosures = NewDisclosures(env, reader)
	s.Checker = NewChecker(reader, s.engine, s.Checkpoints, s.Disclosures, CheckerOptions{
		Decided: opts.Decided, Index: opts.Index, VerifySample: opts.VerifySample, Unsafe: opts.Unsafe,
	})
	s.Receipts = NewReceipts(env, s.Guard, s.Checker)
	s.Rights = NewRights(env, s.reference, s.Guard, s.engine, opts.Kept)
	s.Recorder = NewRecorder(env, s.reference, s.engine, s.Rights, opts.Decided)
	s.Retention = NewRetention(env, s.reference, reader, s.engine, s.Rights)
	s.Exporter = NewExporter(env, s.reference, s.Guard, s.Checker, s.Checkpoints, s.Disclosures)
	s.Admin = NewAdmin(env, s.reference, s.Guard, s.engine)
	s.Rebuilder = NewRebuilder(env, s.reference, s.engine)
	s.engine.SetHooks(Hooks{Recorded: s.Rights.GoAlong, Forgotten: s.Disclosures.Forget})
	return s
}

// QueuedWrites returns how many writes wait for their transaction.
func (s *Service) QueuedWrites() int { return s.engine.QueuedWrites() }

// LedgerAhead returns how far the ledger was ahead of the clock when the store was last asked; 0: it was not.
func (s *Service) LedgerAhead() time.Duration { return s.engine.LedgerAhead() }

// DeleteExpiredRequests forgets requests whose time is over, and returns how many.
func (s *Service) DeleteExpiredRequests(ctx context.Context) (int, error) {
	return s.engine.DeleteExpiredRequests(ctx)
}

// TakeKeys takes up the keys of a changed key file, and reports whether anything in it is new. Those of another store are refused,
// and those that lack one that is in use; the old ones stay then.
func (s *Service) TakeKeys(changed *seal.Keys) (bool, error) { return s.Keys.Take(changed) }

// initialise makes sure that the store is that of the keys, and gives a new one its head.
func initialise(ctx context.Context, store storage.Store, keys *seal.Keys) error {
	head, err := store.Head(ctx)
	if errors.Is(err, storage.ErrNotInitialised) {
		check, err := keys.Check()
		if err != nil {
			return err
		}
		err = store.Initialise(ctx, storage.Head{
			StoreID: keys.StoreID(), KeysCheck: check, DigestKeys: keys.DigestVersions()[:1], FoldVersion: address.FoldVersion,
			ClientsVersion: 1,
		})
		if err != nil && !errors.Is(err, storage.ErrInitialised) { // Another process may have been first.
			return fmt.Errorf("initialise the database: %w", err)
		}
		if head, err = store.Head(ctx); err != nil {
			return fmt.Errorf("read the head: %w", err)
		}
	} else if err != nil {
		return fmt.Errorf("read the head: %w", err)
	}
	if err := keys.Verify(head.StoreID, head.KeysCheck); err != nil {
		return err
	}
	if err := holds(keys, &head); err != nil {
		return err
	}
	if head.FoldVersion != address.FoldVersion {
		return fmt.Errorf("the database uses version %d of the fold table, and this program version %d; use the program that the "+
			"other servers use", head.FoldVersion, address.FoldVersion)
	}
	return nil
}

// Ready returns nil if the store answers, the keys are all that it needs, and the ledger is not ahead of the clock. It reads the
// catalog, the clients and the references that the head names, where they are not cached: a server that is asked from time to time can
// go on denying when the database goes away.
func (s *Service) Ready(ctx context.Context) error {
	head, err := s.Store.Head(ctx)
	if err != nil {
		return faultOf(err)
	}
	if err := holds(s.Keys, &head); err != nil {
		return err
	}
	if err := s.cacheClients(ctx, &head); err != nil {
		return err
	}
	if err := s.reference.read(ctx, &head); err != nil {
		return err
	}
	return s.engine.readyAt(ctx, &head)
}

// Close ends the writing of what is under way and waits for it, and stores what was counted. Calls after it fail with
// SERVER_STOPPING.
func (s *Service) Close() {
	s.engine.close()
	s.Disclosures.Close()
	s.Checker.Close()
}
