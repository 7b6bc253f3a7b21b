package check

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/checkpoint"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// Check answers whether an address may be contacted. Errors: INVALID_ADDRESS, UNKNOWN_CHANNEL, TIME_IN_FUTURE,
// POSITION_UNKNOWN, OTHER_HISTORY, OTHER_DEPARTMENT, NO_CATALOG, and for a send SEND_NOT_FOUND, SEND_DIFFERS, INVALID_REQUEST.
func (s *Checker) Check(ctx context.Context, in Input) (Result, error) {
	q := s.newRequest(1)
	defer s.releaseRequest(q)
	if err := q.addAddress(in.Address); err != nil {
		return Result{}, err
	}
	if err := q.items[0].err; err != nil {
		return Result{}, err
	}
	if in.Send != "" && in.Receipt {
		return Result{}, fault.Errorf(fault.InvalidRequest, "receipt", "a receipt says what was lawful, and is not given for a send; ask without one")
	}
	got, err := s.answer(ctx, q, &checkInput{in.Request, in.Moment, in.Consistency, in.Operational, in.Send})
	if err != nil {
		return Result{}, err
	}
	result := NewResult(q.decisionAt(0), got.Snapshot, got.catalog)
	if in.Receipt {
		result.Receipt, err = s.receiptOf(q.items[0].Address, in.Request, &result)
	}
	return result, err
}

// NewResult returns the answer to a check for a decision that rests on a snapshot and a catalog.
func NewResult(d consent.Decision, basis Snapshot, cat *catalog.Catalog) Result {
	result := Result{Decision: d, Snapshot: basis}
	if d.Sender != nil {
		result.Department, _ = cat.Department(d.Sender.Department)
	}
	return result
}

// BatchCheck answers about many addresses what Check answers about one. An address that is none fails only its item. The answers are by
// what was known when the call was made, or later.
func (s *Checker) BatchCheck(ctx context.Context, in BatchInput) (BatchResult, error) {
	if len(in.Addresses) > env.MaxBatch {
		return BatchResult{}, fault.Errorf(fault.TooLarge, "addresses", "at most %d addresses in one call", env.MaxBatch)
	}
	if err := s.MayAsk(ctx, in.Request, in.Moment); err != nil {
		return BatchResult{}, err
	}
	q := s.newRequest(len(in.Addresses))
	defer s.releaseRequest(q)
	for _, typed := range in.Addresses {
		if err := q.addAddress(typed); err != nil {
			return BatchResult{}, err
		}
	}
	got, err := s.answer(ctx, q, &checkInput{in.Request, in.Moment, in.Consistency, in.Operational, in.Send})
	if err != nil {
		return BatchResult{}, err
	}
	result := BatchResult{Snapshot: got.Snapshot, Catalog: got.catalog, Outcomes: slices.Clone(q.list)}
	result.Of, result.Positions = slices.Clone(q.outcomeOf), slices.Clone(q.grant)
	result.ValidUntil, result.BasisEnd = slices.Clone(q.until), slices.Clone(q.basisEnd)
	return result, nil
}

// answer decides about the addresses of a request and counts the disclosures.
func (s *Checker) answer(ctx context.Context, q *request, in *checkInput) (answer, error) {
	if err := in.checkSend(); err != nil {
		return answer{}, err
	}
	got, err := s.decideAll(ctx, q, in)
	if err != nil {
		return answer{}, err
	}
	got.ForSending = got.ForSending && in.IsNow() && in.isStrict()
	if in.send != "" {
		if err := s.judge(ctx, q, in, &got); err != nil {
			return answer{}, err
		}
	} else if s.sampler != nil {
		s.sampler.trySample(q, in, &got)
	}
	if err := s.disclosures.Count(ctx, &got.Caller, got.decidedAt, in.Channel, q.disclosedSubjects...); err != nil {
		return answer{}, err
	}
	for i := range q.list {
		if one := &q.list[i]; one.Err == nil {
			s.decided(in.Channel, &one.Decision, one.N)
		}
	}
	return got, nil
}

// decideAll decides by the index, where there is one and it is asked about now, or else by the store; then by contacts about those whose consent may
// live by them. When a contact was reported is not known, so that what is asked as known at another time is decided without.
func (s *Checker) decideAll(ctx context.Context, q *request, in *checkInput) (answer, error) {
	q.toSend, q.ofSend, q.byContacts = in.IsNow() || in.operational, in.send != "", in.KnownAsOf == asof.KnownAsOf{}
	got, err := s.decideWithoutContacts(ctx, q, in)
	if err == nil && len(q.lapsed) > 0 {
		err = s.judgeByContacts(ctx, q)
	}
	return got, err
}

func (s *Checker) decideWithoutContacts(ctx context.Context, q *request, in *checkInput) (answer, error) {
	if s.index == nil || !in.IsNow() {
		return s.decideByStore(ctx, q, in)
	}
	got, err := s.decideByIndex(ctx, q, in)
	if errors.Is(err, errIndexUnusable) {
		return s.decideByStore(ctx, q, in)
	}
	return got, err
}

// decideByStore decides by a read of the database, which is always strict.
func (s *Checker) decideByStore(ctx context.Context, q *request, in *checkInput) (answer, error) {
	q.discardOutcomes()
	v, who, err := s.reader.Look(ctx, q.AllKeys(), in.Moment)
	if err != nil {
		return answer{}, err
	}
	if err := s.hasReached(ctx, &v.Head, &in.Consistency); err != nil {
		return answer{}, err
	}
	rules, basis, cat, err := s.rules(ctx, v, &who, in.Request)
	if err != nil {
		return answer{}, err
	}
	basis.ForSending = true
	return answer{Snapshot: basis, catalog: cat, Caller: who, decidedAt: v.Asked}, q.decideItems(0, len(q.items), rules, v, v.At)
}

// hasReached returns an error unless the ledger holds what the client has seen of it.
func (s *Checker) hasReached(ctx context.Context, head *storage.Head, c *Consistency) error {
	if c.AtLeast == 0 {
		return nil
	}
	if err := checkpoint.Reached(head, c.AtLeast, "consistency.atLeast.position"); err != nil || c.Root == nil {
		return err
	}
	root, err := s.checkpoints.RootAt(ctx, head, c.AtLeast)
	if err != nil {
		return err
	}
	if root != *c.Root {
		return fault.Errorf(fault.OtherHistory, "consistency.atLeast.rootHash", "the history of the ledger differs at position %d: "+
			"it was restored from a backup, or it is another ledger; events recorded since the backup may be lost", c.AtLeast)
	}
	return nil
}

// rules returns the rules for a request under what was seen. Whether the caller may ask is a matter of the catalog of now, and of that of the
// time asked about: a channel that went to another department, or is no more, does not show the one what the other knew.
func (s *Checker) rules(ctx context.Context, v *asof.View, who *access.Caller, r consent.Request) (*consent.Rules, Snapshot, *catalog.Catalog, error) {
	cat, version, err := s.reader.InForce(ctx, v)
	if err != nil {
		return nil, Snapshot{}, nil, err
	}
	if !who.AllDepartments {
		present, err := s.reader.Present(ctx, v)
		if err != nil {
			return nil, Snapshot{}, nil, err
		}
		if err := who.NeedChannel(r.Channel, present, cat); err != nil {
			return nil, Snapshot{}, nil, err
		}
	}
	rules, err := s.Rulebook.Rules(cat, r)
	if err != nil {
		return nil, Snapshot{}, nil, err
	}
	return rules, Snapshot{Position: v.Position, CatalogVersion: version}, cat, nil
}

// MayAsk refuses a request that the caller is not entitled to before much is done for it. What the snapshot of the check itself says
// still decides.
func (s *Checker) MayAsk(ctx context.Context, r consent.Request, m asof.Moment) error {
	if who := access.CallerOf(ctx); who.AllDepartments || m.IsNow() && s.mayAskIndex(ctx, r) {
		return nil
	}
	v, who, err := s.reader.Look(ctx, nil, m)
	if err != nil {
		return err
	}
	_, _, _, err = s.rules(ctx, v, &who, r) //nolint:dogsled // Only whether there are any is asked.
	return err
}

// Decided is told that n addresses got a decision, which it does not keep, for counting.
type Decided func(channel string, d *consent.Decision, n int)

// Checker answers whether addresses may be contacted.
type Checker struct {
	*env.Env
	*reference.Reference

	guard       *access.Guard
	reader      *asof.Reader
	engine      *txn.Engine // the answers show its acknowledged writes
	checkpoints *checkpoint.Checkpoints
	disclosures *disclosure.Counter
	contacts    *contacts.Contacts
	decided     Decided
	index       Index // nil: every check reads the store
	unsafe      env.Unsafe
	requestPool requestPool
	sampler     *sampler // nil: nothing is decided again
}

// Options are what a checker needs besides other use cases.
type Options struct {
	Decided Decided
	Index   Index // nil: every check reads the store
	// VerifySample is the share of the checks answered by the index that are decided again in the background, from 0 to 1.
	VerifySample float64
	Unsafe       env.Unsafe
}

// New returns a checker, which is closed at the end.
func New(
	reader *asof.Reader, engine *txn.Engine, checkpoints *checkpoint.Checkpoints, disclosures *disclosure.Counter, contacts *contacts.Contacts, opts Options,
) *Checker {
	c := &Checker{
		Env: reader.Env, Reference: reader.Reference, guard: reader.Guard, reader: reader, engine: engine, checkpoints: checkpoints,
		disclosures: disclosures, contacts: contacts, decided: opts.Decided, index: opts.Index, unsafe: opts.Unsafe,
	}
	if opts.VerifySample > 0 {
		c.sampler = newSampler(c, opts.VerifySample)
	}
	return c
}

// Close ends what decides again in the background.
func (s *Checker) Close() {
	if s.sampler != nil {
		s.sampler.close()
	}
}

// Consistency is how fresh an answer has to be. The zero value is strict: nothing is missed that was acknowledged before the call.
type Consistency struct {
	// AtLeast is a position that the ledger must have reached; 0: any. Root is that of the tree at the position; nil: any.
	AtLeast int64
	Root    *[ledger.HashSize]byte
	// Bounded is how old what the answer rests on may be, which is then not for sending; 0: it is strict.
	Bounded time.Duration
}

// isStrict reports whether what is asked for may be sent on.
func (c *Consistency) isStrict() bool { return c.Bounded == 0 }

// Input is a check of one address.
type Input struct {
	Address string
	consent.Request
	asof.Moment
	Consistency
	// Operational says that the operational limits (stage 9) count for a moment of the past, too. For now they always do.
	Operational bool
	Receipt     bool   // a signed receipt is wanted
	Send        string // the send that the message is of; empty: none is named
}

// BatchInput is a check of many addresses.
type BatchInput struct {
	Addresses []string
	consent.Request
	asof.Moment
	Consistency
	Operational bool   // as in Input
	Send        string // as in Input
}

// Snapshot is what decisions rest on: a position of the ledger and a version of the catalog.
type Snapshot struct {
	Position       int64
	CatalogVersion int64
	ForSending     bool // false for checks of the past, by what was known in the past, or by what may have changed since
}

// Result is the answer to a check.
type Result struct {
	consent.Decision
	Snapshot
	Department *catalog.Department // of the sender identity; nil if that is unknown
	Receipt    string              // signed; empty unless it was asked for
}

// BatchResult is the answer to a check of many: what addresses have in common once, what differs by address in the order of the
// request.
type BatchResult struct {
	Snapshot
	Catalog    *catalog.Catalog
	Outcomes   []Outcome
	Of         []uint32          // the index of the outcome
	Positions  []int64           // of the grant; 0: there is none
	ValidUntil []consent.Instant // zero if the verdict is not ALLOW
	BasisEnd   []consent.Instant // when the grant ends; zero: it does not
}

// Item returns the decision about the address at i, or why there is none.
func (r *BatchResult) Item(i int) (consent.Decision, *fault.Error) {
	one := &r.Outcomes[r.Of[i]]
	d := one.Decision
	d.Position, d.ValidUntil, d.BasisEnd = r.Positions[i], r.ValidUntil[i], r.BasisEnd[i]
	return d, one.Err
}
