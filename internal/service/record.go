package service

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/storage"
)

// Recorder records what people say and what is said of them.
type Recorder struct {
	*Env
	*Reference

	engine  *Engine
	rights  *Rights
	decided Decided
}

// NewRecorder returns a recorder; decided is told of the decisions about confirmation mails.
func NewRecorder(env *Env, reference *Reference, engine *Engine, rights *Rights, decided Decided) *Recorder {
	return &Recorder{Env: env, Reference: reference, engine: engine, rights: rights, decided: decided}
}

// recordTx is a transaction as recording uses it.
type recordTx struct {
	*work

	recorder *Recorder
}

func (s *Recorder) in(tx *work) *recordTx { return &recordTx{tx, s} }

// vetting checks the statements of one call under the newest catalog that is known.
type vetting struct {
	recorder *Recorder
	versions []catalogVersion
	fresh    bool // versions are those of the store as of this call
	recorded consent.Instant
}

func (s *Recorder) vet() *vetting {
	return &vetting{recorder: s, versions: s.Catalogs.all(), recorded: s.Instant()}
}

// ready makes a statement ready. It fails as it would under the lock.
func (v *vetting) ready(ctx context.Context, st consent.Statement) (*stated, error) {
	entry, err := v.entry(ctx, &st)
	if err != nil {
		return nil, err
	}
	r := &stated{statement: st, entry: entry, version: int64(len(v.versions)), sum: v.versions[len(v.versions)-1].sum}
	l := newLocator(v.recorder.Keys, 1)
	if r.place, err = l.place(entry.Form, entry.Canonical()); err != nil {
		return nil, err
	}
	if st.Occurred != 0 {
		if r.key, err = v.recorder.eventKey(st.Occurred, entry); err != nil {
			return nil, err
		}
	}
	if st.Occurred != 0 && entry.Form == consent.FormFolded && st.Kind.IsNo() && st.Kind != consent.KindErase {
		at, err := l.place(consent.FormExact, entry.Address.Exact())
		if err != nil {
			return nil, err
		}
		r.exact = &at
	}
	if st.Kind == consent.KindErase {
		at, err := l.places(entry.Address, true)
		if err != nil {
			return nil, err
		}
		r.erases = &at
	}
	return r, nil
}

// entry checks a statement under the versions of the catalog that are cached; if it is refused under these, or none is, under the
// newest of the store, for the catalog may have changed since.
func (v *vetting) entry(ctx context.Context, st *consent.Statement) (*consent.Entry, error) {
	if len(v.versions) > 0 {
		entry, err := entryUnder(v.versions, st, v.recorded)
		if err == nil || v.fresh {
			return entry, err
		}
	}
	head, err := v.recorder.Store.Head(ctx)
	if err != nil {
		return nil, faultOf(err)
	}
	if v.versions, err = v.recorder.Catalogs.upTo(ctx, &head); err != nil {
		return nil, err
	}
	v.fresh, v.recorded = true, max(v.recorded, head.Recorded)
	return entryUnder(v.versions, st, v.recorded)
}

// Record records one statement as of now: a grant, a refusal, a suppression or a lift. Unlike an import it refuses an unknown
// version of a declaration and a lift of nothing.
func (s *Recorder) Record(ctx context.Context, st consent.Statement, once Idempotency) (Recorded, error) {
	m := member{}
	r, err := s.vet().ready(ctx, st)
	if err == nil {
		r.load(&m.load)
	}
	return idempotent(ctx, s.engine, &m, once, err, func(tx *work) (Recorded, bool, error) {
		w := s.in(tx)
		entry, err := w.entryOf(r)
		if err != nil {
			return Recorded{}, false, err
		}
		cat, err := w.catalog(w.recorded)
		if err != nil {
			return Recorded{}, false, err
		}
		if err := w.may(cat, &r.statement, entry); err != nil {
			return Recorded{}, false, err
		}
		if err := declared(cat, entry); err != nil {
			return Recorded{}, false, err
		}
		p, err := w.prepare(r, entry, consent.BatchID{})
		if isErasedBefore(err) {
			err = w.recorder.rights.in(w.work).returned(r, err)
		}
		if err != nil {
			return Recorded{}, false, err
		}
		if p.known == 0 && entry.Facts.Kind == consent.KindLift {
			if err := w.liftsSomething(p); err != nil {
				return Recorded{}, false, err
			}
		}
		if r.erases != nil {
			before := w.erased
			recorded, err := w.recorder.rights.in(tx).erase(r.erases, p)
			recorded.Erased, recorded.Warnings = w.erased.since(&before), p.entry.Warnings
			return recorded, true, err
		}
		recorded, err := w.recordOnce(p)
		if err != nil {
			return Recorded{}, false, err
		}
		err = w.addWarnings(&recorded, cat, r, p, w.recorded)
		return recorded, true, err
	})
}

// declared refuses a declaration version that no catalog in force has.
func declared(cat *catalog.Catalog, entry *consent.Entry) error {
	d := entry.Facts.Declaration
	if d.IsZero() {
		return nil
	}
	if _, ok := cat.Declaration(d.ID, d.Version); !ok {
		return fault.Errorf(fault.UnknownDeclaration, "declaration", "the catalog has no such declaration version: %s", d)
	}
	return nil
}

// liftsSomething refuses a lift that would end nothing: who lifts must learn that the block they mean is another one.
func (w *recordTx) liftsSomething(p *prepared) error {
	state, err := w.state(p.subject)
	if err != nil {
		return err
	}
	facts := p.entry.Facts
	if p.entry.Form == consent.FormFolded {
		if facts.Spelling, err = w.spelling(p.subject, p.entry.Exact()); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(state.Suppressions, func(q consent.Suppression) bool { return consent.LiftEnds(p.occurred, &facts, &q) }) {
		return nil
	}
	return fault.Errorf(fault.SuppressionMissing, "reason",
		"nothing was lifted: no suppression for that reason was recorded for that very spelling or domain before that time")
}

// may returns an error unless the caller may record the entry. Who may record at all may record a no for any channel and scope, for
// complaints often reach the wrong department; everything else is held to the caller's own.
func (w *recordTx) may(cat *catalog.Catalog, st *consent.Statement, entry *consent.Entry) error {
	switch st.Kind {
	case consent.KindWithdraw, consent.KindRefuse:
		return w.who.need(ScopeRecord, ScopeSuppress)
	case consent.KindSuppress:
		return w.who.need(ScopeSuppress)
	case consent.KindErase:
		return w.who.need(ScopeErase)
	case consent.KindLift:
		return w.mayLift(cat, &entry.Facts)
	default:
	}
	if err := w.who.need(ScopeRecord); err != nil {
		return err
	}
	for _, channel := range entry.Facts.Channels {
		if err := w.who.channelOf(channel, cat); err != nil {
			return err
		}
	}
	return nil
}

// mayLift: the scope suppress lifts what departments record in their daily work, all else is an officer's.
func (w *recordTx) mayLift(cat *catalog.Catalog, f *consent.Facts) error {
	own := f.Reason == consent.ReasonExternalList && slices.Contains(w.who.Lists, f.List)
	if own || f.Reason == consent.ReasonManual || f.Reason == consent.ReasonHardBounce {
		if err := w.who.need(ScopeSuppress, ScopeLift); err != nil {
			return err
		}
	} else if err := w.who.need(ScopeLift); err != nil {
		return err
	}
	if own || f.Reason == consent.ReasonHardBounce { // A bounce always has the scope all, which no department owns.
		return nil
	}
	return w.who.scopeOf(cat, f.Scope)
}

// BatchRecord records statements of the past. Each succeeds or fails by itself, and a fact that is known already changes
// nothing. History is untidy: unknown versions of declarations, confirmations of nothing and lifts of nothing are recorded.
func (s *Recorder) BatchRecord(ctx context.Context, in BatchRecord) ([]RecordItem, error) {
	if len(in.Items) > MaxBatch {
		return nil, fault.Errorf(fault.TooLarge, "events", "at most %d events in one call", MaxBatch)
	}
	results := make([]RecordItem, 0, len(in.Items))
	for from := 0; from < len(in.Items); from = len(results) {
		to := min(from+s.engine.room(), len(in.Items))
		once := in.Idempotency
		if len(in.Items) > smallChunk {
			once = once.part(from)
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
func (s *Recorder) recordChunk(ctx context.Context, in *BatchRecord, items []BatchStatement, once Idempotency) ([]RecordItem, error) {
	m := member{bulk: true, weight: len(items)}
	v := s.vet()
	results := make([]RecordItem, len(items))
	readied := make([]*stated, len(items))
	for i := range items {
		if items[i].Err != nil {
			results[i].Err = items[i].Err
			continue
		}
		r, err := v.ready(ctx, items[i].Statement)
		if results[i].Err, err = refusal(err); err != nil {
			return nil, err
		}
		if r != nil {
			r.load(&m.load)
			readied[i] = r
		}
	}
	if in.ValidateOnly {
		return s.validateChunk(ctx, &m, results, readied)
	}
	return idempotent(ctx, s.engine, &m, once, nil, func(tx *work) ([]RecordItem, bool, error) {
		w := s.in(tx)
		out := slices.Clone(results)
		for i, r := range readied {
			if r == nil {
				continue
			}
			var err error
			out[i].Recorded, err = w.recordItem(r, in.Batch)
			if out[i].Err, err = refusal(err); err != nil {
				return nil, false, err
			}
		}
		return out, true, nil
	})
}

// recordItem records one statement of a batch.
func (w *recordTx) recordItem(r *stated, batch consent.BatchID) (Recorded, error) {
	p, cat, err := w.prepareItem(r, batch)
	if isErasedBefore(err) {
		return Recorded{}, w.recorder.rights.in(w.work).returned(r, err)
	}
	if err != nil {
		return Recorded{}, err
	}
	if p.known == 0 && p.entry.Facts.Kind == consent.KindErase {
		// It is carried out later, with others: see ErasePending.
		if err := w.recorder.rights.in(w.work).notHeld(p.subject, p.entry.Exact()); err != nil {
			return Recorded{}, err
		}
	}
	recorded, err := w.recordOnce(p)
	if err != nil {
		return Recorded{}, err
	}
	err = w.addWarnings(&recorded, cat, r, p, p.judgedAt())
	return recorded, err
}

// prepareItem returns the event that the statement of an item becomes, and the catalog in force.
func (w *recordTx) prepareItem(r *stated, batch consent.BatchID) (*prepared, *catalog.Catalog, error) {
	entry, err := w.entryOf(r)
	if err != nil {
		return nil, nil, err
	}
	cat, err := w.catalog(w.recorded)
	if err != nil {
		return nil, nil, err
	}
	if err := w.may(cat, &r.statement, entry); err != nil {
		return nil, nil, err
	}
	p, err := w.prepare(r, entry, batch)
	return p, cat, err
}

// validateChunk says what recording would say, and records nothing.
func (s *Recorder) validateChunk(ctx context.Context, m *member, results []RecordItem, readied []*stated) ([]RecordItem, error) {
	m.run = func(tx *work) error {
		w := s.in(tx)
		seen := map[storage.EventRef]bool{}
		for i, r := range readied {
			if r == nil {
				continue
			}
			p, cat, err := w.prepareItem(r, consent.BatchID{})
			if results[i].Err, err = refusal(err); err != nil {
				return err
			}
			if p == nil {
				continue
			}
			warnings, err := w.grantWarnings(cat, p, p.judgedAt())
			if err != nil {
				return err
			}
			at := storage.EventRef{Subject: p.subject.Key, Key: p.key}
			results[i].Recorded = Recorded{
				Position: p.known, Duplicate: p.known != 0 || seen[at], Warnings: append(slices.Clone(p.entry.Warnings), warnings...),
			}
			seen[at] = true
		}
		return nil
	}
	if err := s.engine.do(ctx, m); err != nil {
		return nil, err
	}
	return results, nil
}

// RecordItem is what became of one statement of a batch.
type RecordItem struct {
	Recorded
	Err *fault.Error
}

// BatchRecord is many statements to record.
type BatchRecord struct {
	Items        []BatchStatement
	ValidateOnly bool
	Batch        consent.BatchID
	Idempotency  Idempotency
}

// BatchStatement is one statement of a batch, or why it could not be read.
type BatchStatement struct {
	Statement consent.Statement
	Err       *fault.Error
}
