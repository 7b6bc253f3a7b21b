package record

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// Recorder records what people say and what is said of them.
type Recorder struct {
	*env.Env
	*reference.Reference

	engine      *txn.Engine
	rights      *rights.Rights
	disclosures *disclosure.Counter
	decided     check.Decided
}

// New returns a recorder; decided is told of the decisions about confirmation mails.
func New(
	env *env.Env, reference *reference.Reference, engine *txn.Engine, rights *rights.Rights, disclosures *disclosure.Counter, decided check.Decided,
) *Recorder {
	return &Recorder{Env: env, Reference: reference, engine: engine, rights: rights, disclosures: disclosures, decided: decided}
}

// transaction is a transaction as recording uses it.
type transaction struct {
	*txn.Tx

	recorder *Recorder
}

func (s *Recorder) in(tx *txn.Tx) *transaction { return &transaction{tx, s} }

// validator checks the statements of one call under the newest catalog that is known.
type validator struct {
	recorder *Recorder
	versions []reference.CatalogVersion
	fresh    bool // versions are those of the store as of this call
	recorded consent.Instant
}

func (s *Recorder) newValidator() *validator {
	return &validator{recorder: s, versions: s.Catalogs.All(), recorded: s.Instant()}
}

// validate makes a statement ready. It fails as it would under the lock.
func (v *validator) validate(ctx context.Context, st statement.Statement) (*txn.Validated, error) {
	entry, err := v.entry(ctx, &st)
	if err != nil {
		return nil, err
	}
	r := &txn.Validated{Statement: st, Entry: entry, Version: int64(len(v.versions)), Sum: v.versions[len(v.versions)-1].Sum}
	l := subjects.NewLocator(v.recorder.Keys, 1)
	if r.Place, err = l.Place(entry.Form, entry.Canonical()); err != nil {
		return nil, err
	}
	if st.Occurred != 0 {
		if r.Key, err = v.recorder.EventKey(st.Occurred, entry, access.CallerOf(ctx).Department); err != nil {
			return nil, err
		}
	}
	if st.Occurred != 0 && entry.Form == consent.FormFolded && st.Kind.IsNo() && st.Kind != consent.KindErase {
		at, err := l.Place(consent.FormExact, entry.Address.Exact())
		if err != nil {
			return nil, err
		}
		r.Exact = &at
	}
	if st.Kind == consent.KindErase {
		at, err := l.Places(entry.Address, true)
		if err != nil {
			return nil, err
		}
		r.Erases = &at
	}
	return r, nil
}

// entry checks a statement under the versions of the catalog that are cached; if it is refused under these, or none is, under the
// newest of the store, for the catalog may have changed since.
func (v *validator) entry(ctx context.Context, st *statement.Statement) (*statement.Entry, error) {
	if len(v.versions) > 0 {
		entry, err := txn.ValidateUnder(v.versions, st, v.recorded)
		if err == nil || v.fresh {
			return entry, err
		}
	}
	head, err := v.recorder.Store.Head(ctx)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	if v.versions, err = v.recorder.Catalogs.UpTo(ctx, &head); err != nil {
		return nil, err
	}
	v.fresh, v.recorded = true, max(v.recorded, head.Recorded)
	return txn.ValidateUnder(v.versions, st, v.recorded)
}

// Record records one statement as of now: a grant, a refusal, a suppression or a lift. Unlike an import it refuses an unknown
// version of a declaration and a lift of nothing.
func (s *Recorder) Record(ctx context.Context, st statement.Statement, once txn.Idempotency) (txn.Recorded, error) {
	m := txn.Write{}
	r, err := s.newValidator().validate(ctx, st)
	if err == nil {
		r.AddTo(&m.Load)
		if r.Erases != nil {
			if err := s.rights.StoreCounts(ctx); err != nil {
				return txn.Recorded{}, err
			}
		}
	}
	recorded, err := txn.Idempotent(ctx, s.engine, &m, once, err, func(tx *txn.Tx) (txn.Recorded, bool, error) {
		w := s.in(tx)
		entry, err := w.EntryOf(r)
		if err != nil {
			return txn.Recorded{}, false, err
		}
		cat, err := w.Catalog(w.Recorded)
		if err != nil {
			return txn.Recorded{}, false, err
		}
		if err := w.checkMayRecord(cat, &r.Statement, entry); err != nil {
			return txn.Recorded{}, false, err
		}
		if err := declaredVersion(cat, entry); err != nil {
			return txn.Recorded{}, false, err
		}
		if err := informed(entry); err != nil {
			return txn.Recorded{}, false, err
		}
		p, err := w.Prepare(r, entry, consent.BatchID{})
		if txn.IsErasedBefore(err) {
			err = w.Returned(r, err)
		}
		if err != nil {
			return txn.Recorded{}, false, err
		}
		if p.Known == 0 && entry.Facts.Kind == consent.KindLift {
			if err := w.liftsSomething(p); err != nil {
				return txn.Recorded{}, false, err
			}
		}
		if r.Erases != nil {
			recorded, err := w.recorder.rights.In(tx).Erase(r.Erases, p)
			return recorded, true, err
		}
		if p.Known == 0 && !entry.With.IsZero() {
			if err := w.recorder.rights.In(tx).MayLink(p); err != nil {
				return txn.Recorded{}, false, err
			}
		}
		recorded, err := w.recordPrepared(p)
		if err != nil {
			return txn.Recorded{}, false, err
		}
		err = w.addWarnings(&recorded, cat, r, p, w.Recorded)
		return recorded, true, err
	})
	return recorded, s.countAnswer(ctx, r, recorded.Duplicate, err)
}

// recordPrepared records what was found right, unless the same was recorded before; a link for both of its addresses.
func (w *transaction) recordPrepared(p *txn.Prepared) (txn.Recorded, error) {
	if !p.Entry.With.IsZero() {
		return w.recorder.rights.In(w.Tx).Link(p)
	}
	return w.RecordOnce(p)
}

// declaredVersion refuses a declaration version, and a notice, that no catalog in force has.
func declaredVersion(cat *catalog.Catalog, entry *statement.Entry) error {
	if d := entry.Facts.Declaration; !d.IsZero() {
		if _, ok := cat.Declaration(d.ID, d.Version); !ok {
			return fault.Errorf(fault.UnknownDeclaration, "declaration", "the catalog does not have the declaration version %s", d)
		}
	}
	shown := entry.Facts.NoticeShown
	if shown.IsZero() {
		return nil
	}
	switch version, ok := cat.Declaration(shown.ID, shown.Version); {
	case !ok:
		return fault.Errorf(fault.UnknownNotice, "evidence.notice", "the catalog does not have the declaration version %s", shown)
	case version.Kind != catalog.KindNotice:
		return fault.Errorf(fault.NotANotice, "evidence.notice", "%s is a declaration of kind %s; name one of kind notice", shown, version.Kind)
	}
	return nil
}

// informed refuses to end a restriction of which the person was not told (GDPR Art. 18(3)). Histories that are imported may lack it.
func informed(entry *statement.Entry) error {
	f := &entry.Facts
	if f.Kind == consent.KindLift && f.Reason == consent.ReasonProcessingRestricted && f.Informed == 0 {
		return fault.Errorf(fault.NotInformed, "informedTime",
			"before a restriction ends the person must be told (GDPR Art. 18(3)); give the time at which this was done")
	}
	return nil
}

// liftsSomething refuses a lift that would end nothing. The caller must learn that it means another block.
func (w *transaction) liftsSomething(p *txn.Prepared) error {
	state, err := w.State(p.Subject)
	if err != nil {
		return err
	}
	facts := p.Entry.Facts
	if p.Entry.Form == consent.FormFolded {
		if facts.Spelling, err = w.Spelling(p.Subject, p.Entry.Exact()); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(state.Suppressions, func(q consent.Suppression) bool { return consent.LiftEnds(p.Occurred, &facts, &q) }) {
		return nil
	}
	all, err := w.EventsOf(p.Subject)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(consent.WithoutVoided(all[p.Subject]), func(e consent.Event) bool { return e.Key == p.Key }) {
		return nil // A batch has lifted it. This lift lasts without the batch, too.
	}
	return fault.Errorf(fault.SuppressionMissing, "reason",
		"nothing was lifted: no suppression with this reason was recorded for exactly this spelling or domain before that time; "+
			"a suppression of another spelling, or of a linked address, is lifted for that one")
}

// checkMayRecord returns an error unless the caller may record the entry. A caller that may record at all may record a no for any
// channel and scope, because complaints often reach the wrong department. For everything else it is limited to its own
// channels and scopes.
func (w *transaction) checkMayRecord(cat *catalog.Catalog, st *statement.Statement, entry *statement.Entry) error {
	switch st.Kind {
	case consent.KindWithdraw, consent.KindRefuse:
		return w.Caller.Need(access.ScopeRecord, access.ScopeSuppress)
	case consent.KindSuppress:
		return w.Caller.Need(access.ScopeSuppress)
	case consent.KindErase:
		return w.Caller.Need(access.ScopeErase)
	case consent.KindLift:
		return w.mayLift(cat, &entry.Facts)
	case consent.KindLink, consent.KindUnlink:
		return w.Caller.NeedOfficer()
	default:
	}
	if err := w.Caller.Need(access.ScopeRecord); err != nil {
		return err
	}
	for _, channel := range entry.Facts.Channels {
		if err := w.Caller.NeedChannel(channel, cat); err != nil {
			return err
		}
	}
	return nil
}

// mayLift: the scope suppress lifts what departments record in their daily work, all else is an officer's.
func (w *transaction) mayLift(cat *catalog.Catalog, f *consent.Facts) error {
	own := f.Reason == consent.ReasonExternalList && slices.Contains(w.Caller.Lists, f.List)
	if own || f.Reason == consent.ReasonManual || f.Reason == consent.ReasonHardBounce {
		if err := w.Caller.Need(access.ScopeSuppress, access.ScopeLift); err != nil {
			return err
		}
	} else if err := w.Caller.Need(access.ScopeLift); err != nil {
		return err
	}
	if own || f.Reason == consent.ReasonHardBounce { // A bounce always has the scope all, which no department owns.
		return nil
	}
	return w.Caller.NeedScope(cat, f.Scope)
}

// BatchRecord records statements of the past. Each succeeds or fails by itself, and a fact that is known already changes
// nothing. History is untidy: unknown versions of declarations, confirmations of nothing and lifts of nothing are recorded.
func (s *Recorder) BatchRecord(ctx context.Context, in Batch) ([]Item, error) {
	if len(in.Items) > env.MaxBatch {
		return nil, fault.Errorf(fault.TooLarge, "events", "at most %d events in one call", env.MaxBatch)
	}
	results := make([]Item, 0, len(in.Items))
	for from := 0; from < len(in.Items); from = len(results) {
		rest, room := len(in.Items)-from, s.engine.BulkRoom() // The room changes at any time.
		chunks := (rest + room - 1) / room                    // of about the same size
		to := from + (rest+chunks-1)/chunks
		once := in.Idempotency
		if len(in.Items) > txn.SmallChunk {
			once = once.Part(from)
		}
		part, err := s.recordChunk(ctx, &in, in.Items[from:to], once)
		if err != nil {
			return nil, err
		}
		results = append(results, part...) // Of a repetition as many as there were the first time.
	}
	return results, nil
}

// recordChunk records what fits into one transaction.
func (s *Recorder) recordChunk(ctx context.Context, in *Batch, items []BatchItem, once txn.Idempotency) ([]Item, error) {
	m := txn.Write{Bulk: true, Weight: len(items)}
	v := s.newValidator()
	results := make([]Item, len(items))
	readied := make([]*txn.Validated, len(items))
	for i := range items {
		if items[i].Err != nil {
			results[i].Err = items[i].Err
			continue
		}
		r, err := v.validate(ctx, items[i].Statement)
		if results[i].Err, err = env.Refusal(err); err != nil {
			return nil, err
		}
		if r != nil {
			r.AddTo(&m.Load)
			readied[i] = r
		}
	}
	if in.ValidateOnly {
		results, err := s.validateChunk(ctx, &m, in.Batch, results, readied)
		if err != nil {
			return nil, err
		}
		return s.countItems(ctx, true, readied, results)
	}
	// Not results: the write may still read them once a caller who does not wait any longer has gone on.
	recorded, err := txn.Idempotent(ctx, s.engine, &m, once, nil, func(tx *txn.Tx) ([]Item, bool, error) {
		w := s.in(tx)
		out := slices.Clone(results)
		for i, r := range readied {
			if r == nil {
				continue
			}
			var err error
			out[i].Recorded, err = w.recordItem(r, in.Batch)
			if out[i].Err, err = env.Refusal(err); err != nil {
				return nil, false, err
			}
		}
		return out, true, nil
	})
	if err != nil {
		return nil, err
	}
	return s.countItems(ctx, false, readied, recorded)
}

// recordItem records one statement of a batch.
func (w *transaction) recordItem(r *txn.Validated, batch consent.BatchID) (txn.Recorded, error) {
	p, cat, err := w.prepareItem(r, batch)
	if txn.IsErasedBefore(err) {
		return txn.Recorded{}, w.Returned(r, err)
	}
	if err != nil {
		return txn.Recorded{}, err
	}
	recorded, err := w.recordPrepared(p)
	if err != nil {
		return txn.Recorded{}, err
	}
	err = w.addWarnings(&recorded, cat, r, p, p.JudgedAt())
	return recorded, err
}

// prepareItem returns the event that the statement of an item becomes, and the catalog in force.
func (w *transaction) prepareItem(r *txn.Validated, batch consent.BatchID) (*txn.Prepared, *catalog.Catalog, error) {
	entry, err := w.EntryOf(r)
	if err != nil {
		return nil, nil, err
	}
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return nil, nil, err
	}
	if err := w.checkMayRecord(cat, &r.Statement, entry); err != nil {
		return nil, nil, err
	}
	p, err := w.Prepare(r, entry, batch)
	if err != nil {
		return nil, nil, err
	}
	if p.Known == 0 && !entry.With.IsZero() {
		if err := w.recorder.rights.In(w.Tx).FitsLink(p); err != nil {
			return nil, nil, err
		}
	}
	if p.Known == 0 && r.Erases != nil {
		// It is carried out later, with others: see ErasePending.
		if err := w.recorder.rights.In(w.Tx).MayErase(r.Erases); err != nil {
			return nil, nil, err
		}
	}
	return p, cat, nil
}

// validateChunk says what recording would say, and records nothing.
func (s *Recorder) validateChunk(
	ctx context.Context, m *txn.Write, batch consent.BatchID, results []Item, readied []*txn.Validated,
) ([]Item, error) {
	m.Run = func(tx *txn.Tx) error {
		w := s.in(tx)
		seen := map[storage.EventRef]bool{}
		for i, r := range readied {
			if r == nil {
				continue
			}
			p, cat, err := w.prepareItem(r, batch)
			if results[i].Err, err = env.Refusal(err); err != nil {
				return err
			}
			if p == nil {
				continue
			}
			warnings, err := w.grantWarnings(cat, p, p.JudgedAt())
			if err != nil {
				return err
			}
			at := storage.EventRef{Subject: p.Subject.Key, Key: p.Key}
			results[i].Recorded = txn.Recorded{
				Position: p.Known, Duplicate: p.Known != 0 || seen[at], Warnings: append(slices.Clone(p.Entry.Warnings), warnings...),
			}
			seen[at] = true
		}
		return nil
	}
	if err := s.engine.Do(ctx, m); err != nil {
		return nil, err
	}
	return results, nil
}

// Item is what became of one statement of a batch.
type Item struct {
	txn.Recorded
	Err *fault.Error
}

// Batch is many statements to record.
type Batch struct {
	Items        []BatchItem
	ValidateOnly bool
	Batch        consent.BatchID
	Idempotency  txn.Idempotency
}

// BatchItem is one statement of a batch, or why it could not be read.
type BatchItem struct {
	Statement statement.Statement
	Err       *fault.Error
}
