package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
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
	Decided func(channel string, verdict consent.Verdict, reason consent.Code, n int)
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

// Service is the use cases over one store. It is safe for concurrent use.
type Service struct {
	store       storage.Store
	keys        *seal.Keys
	now         func() time.Time
	log         *slog.Logger
	decided     func(channel string, verdict consent.Verdict, reason consent.Code, n int)
	span        BeginSpan
	kept        Kept
	witness     []*ledger.Witness
	unsafe      Unsafe
	names       *names
	catalogs    *catalogs
	clients     *clients
	strangers   *strangers
	rulebook    rulebook
	commits     *committer
	index       StateIndex // nil: every check reads the store
	questions   questions
	written     written      // what this server has acknowledged
	sampler     *sampler     // nil: nothing is decided again
	ahead       atomic.Int64 // how far the ledger was ahead of the clock, in nanoseconds
	acceptAhead bool
	learners    *tally // who learnt something about whom; nil: nobody counts it
}

// New returns the service over a store that belongs to the keys. A store without a head is initialised; that of other keys
// is refused. Close ends it; the store stays open.
func New(ctx context.Context, store storage.Store, keys *seal.Keys, opts Options) (*Service, error) {
	if err := initialise(ctx, store, keys); err != nil {
		return nil, err
	}
	s := &Service{
		store: store, keys: keys, log: opts.Logger, decided: opts.Decided, span: opts.Span,
		kept: opts.Kept, witness: opts.Witnesses, unsafe: opts.Unsafe, index: opts.Index, acceptAhead: opts.AcceptAhead,
		now:   func() time.Time { return opts.Now().UTC() },
		names: newNameCache(store), catalogs: newCatalogs(store), clients: newClients(store),
	}
	if s.decided == nil {
		s.decided = func(string, consent.Verdict, consent.Code, int) {}
	}
	if s.span == nil {
		s.span = func(ctx context.Context, _ string, _ int) (context.Context, func(string, bool)) {
			return ctx, func(string, bool) {}
		}
	}
	s.strangers = newStrangers(s.lookForClients)
	s.commits = newCommitter(s)                    //nolint:contextcheck // It outlives the call that starts it.
	s.learners = newTally(store, s.instant, s.log) //nolint:contextcheck // It, too.
	if opts.VerifySample > 0 {
		s.sampler = newSampler(s, opts.VerifySample) //nolint:contextcheck // And it.
	}
	return s, nil
}

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

// Ready returns nil if the store answers, the keys are all that it needs, and the ledger is not ahead of the clock. It reads the catalog, the clients and the references that
// the head names, where they are not cached: a server that is asked from time to time can go on denying when the database goes away.
func (s *Service) Ready(ctx context.Context) error {
	head, err := s.store.Head(ctx)
	if err != nil {
		return faultOf(err)
	}
	if err := holds(s.keys, &head); err != nil {
		return err
	}
	if _, err := s.names.of(ctx, &head); err != nil {
		return err
	}
	if err := s.clients.cache(ctx, head.ClientsVersion); err != nil {
		return err
	}
	if head.CatalogVersion > 0 {
		if _, err = s.catalogs.upTo(ctx, &head); err != nil {
			return err
		}
	}
	ahead := s.aheadOf(&head)
	if s.noteAhead(ctx, ahead); ahead > 0 && !s.acceptAhead {
		return ledgerAhead(ahead)
	}
	return nil
}

// Close ends the writing of what is under way and waits for it, and stores what was counted. Calls after it fail with
// SERVER_STOPPING.
func (s *Service) Close() {
	s.commits.close()
	s.learners.close()
	if s.sampler != nil {
		s.sampler.close()
	}
}
