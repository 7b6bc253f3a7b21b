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
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/audit"
	"github.com/assent-io/assent/internal/service/cases"
	"github.com/assent-io/assent/internal/service/cases/absences"
	"github.com/assent-io/assent/internal/service/cases/figures"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/checkpoint"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/erased"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/extlists"
	"github.com/assent-io/assent/internal/service/imports"
	"github.com/assent-io/assent/internal/service/intake"
	"github.com/assent-io/assent/internal/service/mailboxes"
	"github.com/assent-io/assent/internal/service/noticemail"
	"github.com/assent-io/assent/internal/service/notices"
	"github.com/assent-io/assent/internal/service/receipts"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/service/recipient/concerns"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/retention"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/sends"
	"github.com/assent-io/assent/internal/service/sources"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/service/undo"
	"github.com/assent-io/assent/internal/service/webhooks"
	"github.com/assent-io/assent/internal/storage"
)

// Options are what a service needs besides its store and keys.
type Options struct {
	// Now is the clock. Required.
	Now func() time.Time
	// Logger logs the failures that no caller waits for. Required.
	Logger *slog.Logger
	// Decided is called with decisions, for counting. It may be nil.
	Decided check.Decided
	// Span is called to begin a span of a trace. It may be nil.
	Span env.BeginSpan
	// Index holds the states in memory. If it is nil, every check reads the store. The caller that made the index must run
	// it.
	Index check.Index
	// VerifySample is the share of the checks answered by the index that are decided again in the background, from 0 to 1.
	VerifySample float64
	// Kept is what outlives the database; nil: nothing does.
	Kept Kept
	// Witnesses are the witnesses with cosignatures that count.
	Witnesses []*ledger.Witness
	// AcceptAhead goes on recording consents while the ledger is ahead of the clock.
	AcceptAhead bool
	// Feed says how the change feed is told. The zero value is a year, without anything that is told of it.
	Feed changes.Options
	// Webhooks says how webhooks are sent. The zero value is safe.
	Webhooks webhooks.Options
	// UndoPage is how many events of a batch one transaction leaves out; 0 is the usual number. It is for tests.
	UndoPage int
	// Imports bound the lists of other tools. The zero value is 4 GiB a file.
	Imports imports.Limits
	// ListFailed is told of each step of bringing an external list up to date that failed; nil: nothing is.
	ListFailed func(list, step string)
	// Links say under which addresses the links in messages lead here. Without them none are made.
	Links recipient.Options
	// Intake says how what comes back is read. The zero value reads no mail to unsubscribe.
	Intake intake.Options
	// Sources says how webhooks of providers are read. The zero value is safe.
	Sources sources.Options
	// Sends says how sends are cleared. The zero value is as the catalog says.
	Sends sends.Options
	// Cases says what cases are told by others. The zero value knows those of the store.
	Cases cases.Options
	// NoticeMails say how notices are sent by mail. The zero value only lists them.
	NoticeMails noticemail.Options
	// Unsafe is for tests.
	Unsafe env.Unsafe
}

// Kept is what outlives the database.
type Kept interface {
	rights.ErasureKeeper
	checkpoint.Keeper
}

// Service is the use cases over one store, wired. It is safe for concurrent use.
type Service struct {
	*env.Env
	*access.Guard
	*administration.Admin
	*checkpoint.Checkpoints
	*disclosure.Counter
	*check.Checker
	*receipts.Verifier
	*record.Recorder
	*rights.Rights
	Undoer *undo.Undoer
	*erased.Lists
	*consumers.Consumers
	*retention.Remover
	*export.Exporter
	*audit.Rebuilder
	*changes.Feed
	*webhooks.Webhooks
	*extlists.ExternalLists
	*imports.Imports
	*mailboxes.Filler
	// Links are what persons do by the links in messages. They need no caller.
	Links *recipient.Links
	*intake.Intake
	*sources.Sources
	*sends.Sends
	*contacts.Contacts
	*cases.Cases
	*absences.Absences
	*figures.Reckoner
	*notices.Notices
	*noticemail.Mails
	// Allowed counts what checks were allowed.
	Allowed *sources.Allowed

	reference *reference.Reference
	engine    *txn.Engine
}

// New returns the service over a store that belongs to the keys. A store without a head is initialised; that of other keys
// is refused. Close ends it; the store stays open.
func New(ctx context.Context, store storage.Store, keys *seal.Keys, opts Options) (*Service, error) {
	if err := initialise(ctx, store, keys); err != nil {
		return nil, err
	}
	env := &env.Env{
		Store: store, Keys: keys, Clock: func() time.Time { return opts.Now().UTC() }, Log: opts.Logger, BeginSpan: opts.Span,
	}
	if env.BeginSpan == nil {
		env.BeginSpan = func(ctx context.Context, _ string, _ int) (context.Context, func(string, bool)) {
			return ctx, func(string, bool) {}
		}
	}
	if opts.Decided == nil {
		opts.Decided = func(string, *consent.Decision, int) {}
	}
	return wire(env, &opts), nil //nolint:contextcheck // What writes and counts outlives the call that starts it.
}

// wire makes the use cases, each from those below it.
func wire(env *env.Env, opts *Options) *Service {
	s := &Service{Env: env, Guard: access.NewGuard(env), reference: reference.NewReference(env.Store)}
	writing := txn.EngineOptions{AcceptAhead: opts.AcceptAhead, Unsafe: opts.Unsafe}
	s.engine = txn.NewEngine(env, s.reference, s.Guard, writing)
	s.Allowed = sources.NewAllowed(env)
	decided := func(channel string, d *consent.Decision, n int) {
		if d.Verdict == consent.Allow {
			s.Allowed.Add(channel, n)
		}
		opts.Decided(channel, d, n)
	}
	reader := asof.NewReader(env, s.reference, s.Guard, opts.Unsafe)
	s.Checkpoints = checkpoint.NewCheckpoints(env, s.Guard, opts.Kept, opts.Witnesses)
	s.Counter = disclosure.New(env, reader)
	s.Contacts = contacts.New(env, s.reference, s.engine, opts.Unsafe)
	s.Checker = check.New(reader, s.engine, s.Checkpoints, s.Counter, s.Contacts, check.Options{
		Decided: decided, Index: opts.Index, VerifySample: opts.VerifySample, Unsafe: opts.Unsafe,
	})
	s.Verifier = receipts.New(env, s.Guard, s.Checker)
	s.Undoer = undo.New(env, s.engine, opts.UndoPage)
	s.Rights = rights.New(env, s.reference, s.Guard, s.engine, opts.Kept, s.Counter, s.Undoer)
	s.Lists = erased.New(env, s.Guard)
	s.Consumers = consumers.New(env, s.Guard, s.engine)
	s.Recorder = record.New(env, s.reference, s.engine, s.Rights, s.Counter, decided)
	ofCases := opts.Cases
	if ofCases.Contacts == nil {
		ofCases.Contacts = s.Contacts
	}
	s.Cases = cases.New(env, s.reference, s.Guard, s.engine, s.Checker, ofCases)
	s.Reckoner = figures.New(env, s.reference, s.Guard, ofCases.Contacts, ofCases.Desk)
	s.Absences = absences.New(env, s.Guard, s.engine, ofCases.Desk)
	links := opts.Links
	links.Concerns = concerns.Concerns{Caps: s.Contacts, Cases: s.Cases}
	s.Links = recipient.New(env, reader, s.engine, s.Recorder, s.Checker, links)
	s.Remover = retention.New(env, s.reference, reader, s.engine, s.Rights)
	s.Exporter = export.New(env, s.reference, s.Guard, s.Checker, s.Checkpoints, s.Counter, s.Contacts, s.Cases)
	s.Feed = changes.New(env, s.reference, s.Guard, s.Checkpoints, s.Counter, s.Consumers, opts.Feed)
	s.Admin = administration.New(env, s.reference, s.Guard, s.engine)
	s.Rebuilder = audit.New(env, s.reference, s.engine)
	s.Imports = imports.New(env, s.reference, s.Guard, s.Recorder, s.Undoer, opts.Imports)
	s.Filler = mailboxes.New(env, s.engine)
	s.Webhooks = webhooks.New(env, s.engine, s.Consumers, s.Feed, opts.Webhooks)
	s.ExternalLists = extlists.New(env, s.reference, s.Guard, s.engine, s.Consumers, s.Counter, opts.ListFailed)
	s.Notices = notices.New(env, s.Guard)
	mails := opts.NoticeMails
	if mails.Desk == nil {
		mails.Desk = ofCases.Desk
	}
	s.Mails = noticemail.New(env, s.reference, s.engine, mails)
	s.Intake = intake.New(env, s.reference, s.Guard, s.engine, s.Links, s.Cases, opts.Intake)
	s.Sources = sources.New(env, s.reference, s.Guard, s.engine, s.Intake, s.Allowed, opts.Sources)
	s.Sends = sends.New(env, s.reference, s.Guard, s.engine, s.Contacts, s.Checker, opts.Sends)
	s.engine.SetHooks(txn.Hooks{Recorded: s.GoAlong, Erased: s.erased, Forgotten: s.Forget, Committed: s.LookNow})
	return s
}

// erased is told of each erasure.
func (s *Service) erased(w *txn.Tx, e *txn.Erased) error {
	return errors.Join(s.Erased(w, e), s.ErasedDeliveries(w, e), s.ErasedReports(w, e), s.ErasedContacts(w, e), s.ErasedCases(w, e))
}

// MayIssue refuses what Issue would refuse, as that of Links.
func (s *Service) MayIssue(ctx context.Context, channel string) error {
	return s.Links.MayIssue(ctx, channel)
}

// Issue makes the links of messages, as that of Links.
func (s *Service) Issue(ctx context.Context, channel string, wanted []recipient.Wanted) ([]*recipient.Headers, error) {
	return s.Links.Issue(ctx, channel, wanted)
}

// QueuedWrites returns how many writes wait for their transaction.
func (s *Service) QueuedWrites() int {
	urgent, bulk := s.engine.Queued()
	return urgent + bulk
}

// LedgerAhead returns how far the ledger was ahead of the clock when the store was last asked; 0: it was not.
func (s *Service) LedgerAhead() time.Duration { return s.engine.LedgerAhead() }

// DeleteExpiredRequests forgets expired requests, and returns how many.
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
	if err := env.CheckKeys(keys, &head); err != nil {
		return err
	}
	if head.FoldVersion != address.FoldVersion {
		return fmt.Errorf("the database uses version %d of the fold table, and this program version %d; use the program that the "+
			"other servers use", head.FoldVersion, address.FoldVersion)
	}
	return nil
}

// Ready returns nil if the store answers, the keys are all that it needs, and the ledger is not ahead of the clock. It reads the
// names, the clients and the catalog that the head names, where they are not cached: a server that is asked from time to time can go on
// denying when the database goes away.
func (s *Service) Ready(ctx context.Context) error {
	head, err := s.Store.Head(ctx)
	if err != nil {
		return env.StoreFault(err)
	}
	if err := env.CheckKeys(s.Keys, &head); err != nil {
		return err
	}
	if _, err := s.reference.Names.Of(ctx, &head); err != nil {
		return err
	}
	if err := s.CacheClients(ctx, &head); err != nil {
		return err
	}
	if head.CatalogVersion > 0 {
		if _, err := s.reference.Catalogs.UpTo(ctx, &head); err != nil {
			return err
		}
	}
	if _, err := s.reference.Lists.At(ctx, &head, head.Position, max(s.Instant(), head.Recorded)); err != nil {
		return err
	}
	return s.engine.CheckClock(ctx, &head)
}

// Close ends the writing of what is under way and waits for it, and stores what was counted. Calls after it fail with
// SERVER_STOPPING.
func (s *Service) Close() {
	s.CloseFeed()
	s.CloseWebhooks()
	s.engine.Close()
	s.Counter.Close()
	s.Checker.Close()
}
