package service

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/storage"
)

// stated is a statement made ready outside the lock: checked under the catalog of then, with its place and key.
type stated struct {
	statement statement.Statement
	place     place
	exact     *place // of a no of the past about an address: where a consent stands that may outlive it
	entry     *statement.Entry
	version   int64            // of the catalog that the entry was checked under
	sum       [32]byte         // of the versions up to it
	erases    *places          // where everything is that an erasure reaches
	key       consent.EventKey // if it is stated when it occurred
}

// vetting checks the statements of one call under the newest catalog that is known.
type vetting struct {
	service  *Service
	versions []catalogVersion
	fresh    bool // versions are those of the store as of this call
	recorded consent.Instant
}

func (s *Service) vet() *vetting {
	return &vetting{service: s, versions: s.catalogs.all(), recorded: s.instant()}
}

// ready makes a statement ready. It fails as it would under the lock.
func (v *vetting) ready(ctx context.Context, st statement.Statement) (*stated, error) {
	entry, err := v.entry(ctx, &st)
	if err != nil {
		return nil, err
	}
	r := &stated{statement: st, entry: entry, version: int64(len(v.versions)), sum: v.versions[len(v.versions)-1].sum}
	l := v.service.locator(1)
	if r.place, err = l.place(entry.Form, entry.Canonical()); err != nil {
		return nil, err
	}
	if st.Occurred != 0 {
		if r.key, err = v.service.eventKey(st.Occurred, entry); err != nil {
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
func (v *vetting) entry(ctx context.Context, st *statement.Statement) (*statement.Entry, error) {
	if len(v.versions) > 0 {
		entry, err := entryUnder(v.versions, st, v.recorded)
		if err == nil || v.fresh {
			return entry, err
		}
	}
	head, err := v.service.store.Head(ctx)
	if err != nil {
		return nil, faultOf(err)
	}
	if v.versions, err = v.service.catalogs.upTo(ctx, &head); err != nil {
		return nil, err
	}
	v.fresh, v.recorded = true, max(v.recorded, head.Recorded)
	return entryUnder(v.versions, st, v.recorded)
}

// entryUnder checks a statement under the catalogs in force when it is recorded and when it occurred.
func entryUnder(versions []catalogVersion, st *statement.Statement, recorded consent.Instant) (*statement.Entry, error) {
	dated := *st
	if dated.Occurred == 0 {
		dated.Occurred = recorded
	}
	return dated.Entry(effective(versions, recorded).parsed, effective(versions, dated.Occurred).parsed)
}

// load adds what recording the statement has to see.
func (r *stated) load(l *storage.Load) {
	l.Subjects = append(l.Subjects, r.place.keys...)
	if r.exact != nil {
		l.Subjects = append(l.Subjects, r.exact.keys...)
	}
	if r.erases != nil {
		l.Subjects = append(append(l.Subjects, r.erases.exact.keys...), r.erases.mail.keys...)
	}
	if r.statement.Occurred == 0 {
		return // Its key will be of a new instant: it cannot have been recorded before.
	}
	for _, k := range r.place.keys {
		l.Events = append(l.Events, storage.EventRef{Subject: k, Key: r.key})
	}
}

// entryOf returns the entry under the lock: the one made ready, unless the catalog has changed since or the entry depends on the
// very time of recording.
func (w *work) entryOf(r *stated) (*statement.Entry, error) {
	if r.version == w.head.CatalogVersion && r.sum == w.head.CatalogsSum && r.statement.Occurred != 0 {
		entry := *r.entry
		return &entry, nil
	}
	versions, err := w.service.catalogs.upTo(w.ctx, &w.head)
	if err != nil {
		return nil, err
	}
	return entryUnder(versions, &r.statement, w.recorded)
}

// Record records one statement as of now: a grant, a refusal, a suppression or a lift. Unlike an import it refuses an unknown
// version of a declaration and a lift of nothing.
func (s *Service) Record(ctx context.Context, st statement.Statement, once Idempotency) (Recorded, error) {
	m := member{}
	r, err := s.vet().ready(ctx, st)
	if err == nil {
		r.load(&m.load)
	}
	return idempotent(ctx, s, &m, once, err, func(w *work) (Recorded, bool, error) {
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
			err = w.returned(r, err)
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
			recorded, err := w.erase(r.erases, p)
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

// since counts the events that were erased since an earlier state of the same work.
func (e *erased) since(before *erased) int64 {
	taken := map[int64]bool{}
	for _, position := range e.requests[len(before.requests):] {
		taken[position] = true
	}
	for _, position := range e.evidence[len(before.evidence):] {
		taken[position] = true
	}
	return int64(len(taken))
}

// recordOnce records the event unless the same fact was recorded before.
func (w *work) recordOnce(p *prepared) (Recorded, error) {
	if p.known != 0 {
		return Recorded{Position: p.known, Duplicate: true}, nil
	}
	position, err := w.record(p)
	return Recorded{Position: position}, err
}

// declared refuses a declaration version that no catalog in force has.
func declared(cat *catalog.Catalog, entry *statement.Entry) error {
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
func (w *work) liftsSomething(p *prepared) error {
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
func (w *work) may(cat *catalog.Catalog, st *statement.Statement, entry *statement.Entry) error {
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
func (w *work) mayLift(cat *catalog.Catalog, f *consent.Facts) error {
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
func (s *Service) BatchRecord(ctx context.Context, in BatchRecord) ([]RecordItem, error) {
	if len(in.Items) > MaxBatch {
		return nil, fault.Errorf(fault.TooLarge, "events", "at most %d events in one call", MaxBatch)
	}
	results := make([]RecordItem, 0, len(in.Items))
	for from := 0; from < len(in.Items); from = len(results) {
		to := min(from+s.commits.room(), len(in.Items))
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
func (s *Service) recordChunk(ctx context.Context, in *BatchRecord, items []BatchStatement, once Idempotency) ([]RecordItem, error) {
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
	return idempotent(ctx, s, &m, once, nil, func(w *work) ([]RecordItem, bool, error) {
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

// refusal tells an error that is an answer to one item from one that ends everything.
func refusal(err error) (*fault.Error, error) {
	refused, ok := err.(*fault.Error) //nolint:errorlint // A wrapped one is a fault of its wrapper.
	if !ok {
		return nil, err
	}
	switch refused.Code {
	case fault.Unavailable, fault.ServerStopping, fault.ClockSkew, fault.KeyMissing, fault.NoCatalog:
		return nil, err
	default:
		return refused, nil
	}
}

// recordItem records one statement of a batch.
func (w *work) recordItem(r *stated, batch consent.BatchID) (Recorded, error) {
	p, cat, err := w.prepareItem(r, batch)
	if isErasedBefore(err) {
		return Recorded{}, w.returned(r, err)
	}
	if err != nil {
		return Recorded{}, err
	}
	if p.known == 0 && p.entry.Facts.Kind == consent.KindErase {
		// It is carried out later, with others: see ErasePending.
		if err := w.notHeld(p.subject, p.entry.Exact()); err != nil {
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
func (w *work) prepareItem(r *stated, batch consent.BatchID) (*prepared, *catalog.Catalog, error) {
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
func (s *Service) validateChunk(ctx context.Context, m *member, results []RecordItem, readied []*stated) ([]RecordItem, error) {
	m.run = func(w *work) error {
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
	if err := s.commits.do(ctx, m); err != nil {
		return nil, err
	}
	return results, nil
}
