package retention

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

const (
	// actor is the actor of the events that retention records.
	actor = "retention"
	// PageSize is how many events are looked at at once.
	PageSize = 2_000
	// candidatesPerTransaction is how many of a list of candidates are removed or ended in one transaction at most.
	candidatesPerTransaction = 100
)

// Remover removes what the policy of the catalog does not keep any longer.
type Remover struct {
	*env.Env
	*reference.Reference

	reader *asof.Reader
	engine *txn.Engine
	rights *rights.Rights
}

// New returns the retention.
func New(env *env.Env, reference *reference.Reference, reader *asof.Reader, engine *txn.Engine, rights *rights.Rights) *Remover {
	return &Remover{Env: env, Reference: reference, reader: reader, engine: engine, rights: rights}
}

// transaction is a transaction as retention uses it.
type transaction struct {
	*txn.Tx

	remover *Remover
}

func (s *Remover) in(tx *txn.Tx) *transaction { return &transaction{tx, s} }

// The classes of what retention removes or ends, in the order in which they are told.
const (
	Erasures = "erasures" // that were imported, and are carried out now
	// ErasuresHeld are erasures that were imported and are put off: by a legal hold, or because a client of one department asked for what
	// another controller would lose.
	ErasuresHeld = "erasures_held"
	Evidence     = "evidence"     // of consents and refusals that are of no use any more
	Requests     = "requests"     // of requests that were never confirmed, and of confirmation mails
	Disclosures  = "disclosures"  // which client learnt something about which person
	HardBounces  = "hard_bounces" // are lifted
	Claims       = "claims"       // what was kept of the erased for the defence of claims, until their time
)

// Class is what became of a class.
type Class struct {
	Class  string
	Count  int64
	Oldest consent.Instant // when the oldest of it occurred; of disclosures the day, of claims when their time ended; not of erasures
	// Positions are, in a dry run and of what is put off, those of the events that were found first, at most positionsShown, in order.
	Positions []int64
}

// positionsShown is how many positions a report names of each class.
const positionsShown = 100

// Report is what retention did, or in a dry run would do.
type Report struct {
	Classes []Class // all of them
}

func newReport() *Report {
	var r Report
	for _, class := range []string{
		Erasures, ErasuresHeld, Evidence, Requests, Disclosures, HardBounces, Claims,
	} {
		r.Classes = append(r.Classes, Class{Class: class})
	}
	return &r
}

func (r *Report) add(class string, n int64, oldest consent.Instant) {
	i := slices.IndexFunc(r.Classes, func(c Class) bool { return c.Class == class })
	c := &r.Classes[i]
	if n > 0 && (c.Count == 0 || oldest < c.Oldest) {
		c.Oldest = oldest
	}
	c.Count += n
}

func (r *Report) addAll(other *Report) {
	for _, c := range other.Classes {
		r.add(c.Class, c.Count, c.Oldest)
		r.name(c.Class, c.Positions...)
	}
}

// name adds positions to a class, as far as a report names them.
func (r *Report) name(class string, positions ...int64) {
	i := slices.IndexFunc(r.Classes, func(c Class) bool { return c.Class == class })
	c := &r.Classes[i]
	c.Positions = append(c.Positions, positions[:min(len(positions), positionsShown-len(c.Positions))]...)
	slices.Sort(c.Positions)
}

// RunRetention carries out the erasures that were imported, removes what the policy does not keep any longer, and records what it removed; in a dry run it only counts. It goes in
// short transactions that other writes overtake, and may be interrupted, repeated, and done by several servers at once. With an error comes
// what was done all the same: a class that fails does not hold up the others. The log has each failure and what was done. Errors: SCOPE_MISSING,
// OTHER_DEPARTMENT, NO_CATALOG, NO_CLAIMS_KEY.
func (s *Remover) RunRetention(ctx context.Context, dryRun bool) (Report, error) {
	v, who, err := s.reader.Look(ctx, nil, asof.Moment{})
	if err != nil {
		return Report{}, err
	}
	if err := who.NeedOfficer(); err != nil {
		return Report{}, err
	}
	cat, err := s.reader.Present(ctx, v)
	if err != nil {
		return Report{}, err
	}
	current := &retentionRun{service: s, policy: cat.Policy.Retention, dryRun: dryRun, now: v.Asked, report: newReport()}
	err = current.removeAll(ctx)
	if !dryRun {
		current.logReport(ctx)
	}
	return *current.report, err
}

// removeAll does all classes, and logs each failure: a caller is told one of them at most.
func (r *retentionRun) removeAll(ctx context.Context) error {
	var failed []error
	for _, part := range []struct {
		classes []string
		remove  func(context.Context) error
	}{
		{[]string{Erasures}, r.carryOutErasures},
		{[]string{Evidence, Requests, HardBounces}, r.removeEvents},
		{[]string{Disclosures}, r.removeDisclosures},
		{[]string{Claims}, r.removeClaims},
	} {
		err := part.remove(ctx)
		if err != nil {
			failed = append(failed, env.StoreFault(err))
		}
		if ctx.Err() != nil {
			break // What is said of a run that was ended is that it was.
		}
		if err != nil {
			r.logFailure(ctx, part.classes, err)
		}
	}
	return errors.Join(failed...)
}

// logFailure writes to the log that some classes could not be done, and why.
func (r *retentionRun) logFailure(ctx context.Context, classes []string, err error) {
	attrs := []slog.Attr{slog.Any("classes", classes), slog.String("error", err.Error())}
	var refused *fault.Error
	if errors.As(err, &refused) && refused.Unwrap() != nil {
		attrs = append(attrs, slog.String("cause", refused.Unwrap().Error()))
	}
	r.service.Log.LogAttrs(ctx, slog.LevelError, "retention could not do a part of its work", attrs...)
}

// logReport writes to the log how much the run did of each class, also where it failed: an answer that is an error has no report.
func (r *retentionRun) logReport(ctx context.Context) {
	var attrs []slog.Attr
	for _, c := range r.report.Classes {
		if c.Count > 0 {
			attrs = append(attrs, slog.Int64(c.Class, c.Count))
		}
	}
	if len(attrs) > 0 {
		r.service.Log.LogAttrs(ctx, slog.LevelInfo, "retention removed what the policy does not keep", attrs...)
	}
}

// retentionRun is one run of the retention.
type retentionRun struct {
	service  *Remover
	policy   catalog.Retention
	dryRun   bool
	now      consent.Instant
	everHeld []consent.SubjectID // subjects that are or were under a legal hold, as far as the events were read
	read     int64               // position of the last of these events
	report   *Report
}

// isDue reports whether the period has passed since the instant; without a period nothing is due.
func isDue(p period.Period, since, now consent.Instant) bool {
	return !p.IsZero() && since != 0 && consent.InstantOf(p.AddTo(since.Time())) <= now
}

// carryOutErasures carries out those that imports recorded.
func (r *retentionRun) carryOutErasures(ctx context.Context) error {
	done, err := r.service.rights.ErasePending(ctx, r.dryRun)
	r.report.add(Erasures, int64(len(done.Erased)), 0)
	r.report.add(ErasuresHeld, int64(len(done.Held)), 0)
	if r.dryRun {
		r.report.name(Erasures, done.Erased...)
	}
	r.report.name(ErasuresHeld, done.Held...)
	return err
}

// removeEvents looks at all events of the ledger, page by page, and takes up those that may be due with their subjects.
func (r *retentionRun) removeEvents(ctx context.Context) error {
	if r.policy == (catalog.Retention{}) {
		return nil
	}
	for after := int64(0); ; {
		page, err := r.readOutlines(ctx, after)
		if err != nil {
			return err
		}
		var list []candidate
		at := map[consent.SubjectID]int{}
		for i := range page {
			o := &page[i]
			if !r.mayBeDue(o) {
				continue
			}
			n, seen := at[o.Subject]
			if !seen {
				n = len(list)
				at[o.Subject] = n
				list = append(list, candidate{subject: o.Subject, kind: o.Kind, events: map[int64]bool{}})
			}
			list[n].events[o.Position] = true
		}
		for group := range slices.Chunk(list, candidatesPerTransaction) {
			if err := r.removeGroup(ctx, group); err != nil {
				return err
			}
		}
		if len(page) < PageSize {
			return nil
		}
		after = page[len(page)-1].Position
	}
}

// readOutlines reads a page of outlines and remembers the subjects of holds.
func (r *retentionRun) readOutlines(ctx context.Context, after int64) ([]storage.Outline, error) {
	page, err := r.service.Store.Outlines(ctx, after, PageSize)
	for i := range page {
		if page[i].Kind == consent.KindHold && page[i].Position > r.read {
			r.everHeld = append(r.everHeld, page[i].Subject)
		}
	}
	if len(page) > 0 {
		r.read = max(r.read, page[len(page)-1].Position)
	}
	return page, err
}

// candidate is a subject with the events that may be due.
type candidate struct {
	subject consent.SubjectID
	kind    consent.Kind // of one of them: tells the form of the subject
	events  map[int64]bool
}

// mayBeDue reports by the outline whether an event is old enough. Its subject decides whether it is still needed.
func (r *retentionRun) mayBeDue(o *storage.Outline) bool {
	switch o.Kind {
	case consent.KindRequest:
		return o.Evidence && (isDue(r.policy.Evidence, o.Occurred, r.now) || isDue(r.policy.Requests, o.Occurred, r.now))
	case consent.KindMail:
		return o.Evidence && isDue(r.policy.Requests, o.Occurred, r.now)
	case consent.KindSuppress:
		return o.Evidence && isDue(r.policy.Evidence, o.Occurred, r.now) || isDue(r.policy.HardBounces, o.Occurred, r.now)
	case consent.KindGrant, consent.KindConfirm, consent.KindWithdraw, consent.KindRefuse, consent.KindLift:
		return o.Evidence && isDue(r.policy.Evidence, o.Occurred, r.now)
	default:
		return false
	}
}

// removeGroup decides about some subjects, in one transaction.
func (r *retentionRun) removeGroup(ctx context.Context, list []candidate) error {
	var report *Report
	m := txn.Write{Bulk: true, Weight: txn.Chunk}
	m.Run = func(tx *txn.Tx) (err error) {
		w := r.service.in(tx)
		report, err = w.removeDue(r, list)
		return err
	}
	if err := r.service.engine.Do(ctx, &m); err != nil {
		return err
	}
	r.report.addAll(report)
	return nil
}

// removeDisclosures deletes those of days after the end of their period, and records each part of them that is gone:
// their rows are no events, so nothing else would tell of them if the run ended before its end.
func (r *retentionRun) removeDisclosures(ctx context.Context) error {
	if r.policy.Disclosures.IsZero() {
		return nil
	}
	before := lastDueDay(r.policy.Disclosures, r.now)
	held, err := r.heldSubjects(ctx)
	if err != nil {
		return err
	}
	n, earliest, err := r.service.Store.DisclosuresBefore(ctx, before, held)
	if err != nil || n == 0 {
		return err
	}
	if r.dryRun {
		r.report.add(Disclosures, n, consent.InstantOfDay(earliest))
		return nil
	}
	for {
		n, err := r.service.Store.DeleteDisclosures(ctx, before, held, PageSize)
		if err != nil || n == 0 {
			return err
		}
		r.report.add(Disclosures, int64(n), consent.InstantOfDay(earliest))
		facts := consent.Facts{Removed: consent.RemovedDisclosures, Until: consent.InstantOfDay(before), Count: int64(n)}
		if err := r.recordRemoval(context.WithoutCancel(ctx), facts, nil); err != nil || n < PageSize {
			return err
		}
		if held, err = r.heldSubjects(ctx); err != nil { // A hold may have been placed meanwhile.
			return err
		}
	}
}

// heldSubjects returns the subjects that are under a legal hold now. It is a transaction, which a server with a wrong clock is
// refused.
func (r *retentionRun) heldSubjects(ctx context.Context) ([]consent.SubjectID, error) {
	for {
		page, err := r.readOutlines(ctx, r.read)
		if err != nil {
			return nil, err
		}
		if len(page) < PageSize {
			break
		}
	}
	var held []consent.SubjectID
	m := txn.Write{Bulk: true, Weight: txn.Chunk}
	m.Run = func(tx *txn.Tx) error {
		w := r.service.in(tx)
		held = nil
		subjects := make([]*txn.Subject, len(r.everHeld))
		for i, id := range r.everHeld {
			subjects[i] = &txn.Subject{Subject: storage.Subject{ID: id}}
		}
		all, err := w.EventsOf(subjects...)
		if err != nil {
			return err
		}
		for s, events := range all {
			if len(consent.Fold(events).Holds) > 0 {
				held = append(held, s.ID)
			}
		}
		return nil
	}
	err := r.service.engine.Do(ctx, &m)
	return held, err
}

// lastDueDay returns the day before which the period has passed since the end of every day; a day before all without a period.
func lastDueDay(p period.Period, now consent.Instant) int64 {
	low, high := int64(0), now.Day()+1 // all days before low are due, high is not
	if p.IsZero() {
		return low
	}
	for low+1 < high {
		if middle := (low + high) / 2; isDue(p, consent.InstantOfDay(middle), now) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// removeClaims deletes what was kept of erased persons when its time has ended.
func (r *retentionRun) removeClaims(ctx context.Context) error {
	for after := ([16]byte{}); ; {
		page, err := tables.Claims(ctx, r.service.Store, after, PageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		var ended [][16]byte
		oldest := consent.Instant(0)
		for i := range page {
			if page[i].HasEnded(r.now) {
				ended = append(ended, page[i].ID)
				if oldest == 0 || page[i].Until < oldest {
					oldest = page[i].Until
				}
			}
		}
		n := int64(len(ended))
		if n > 0 && !r.dryRun {
			facts := consent.Facts{Removed: consent.RemovedClaims, Until: r.now, Count: n}
			if err := r.recordRemoval(ctx, facts, ended); err != nil {
				return err
			}
		}
		r.report.add(Claims, n, oldest)
		if len(page) < PageSize {
			return nil
		}
		after = page[len(page)-1].ID
	}
}

// recordRemoval records a removal, and deletes the claims in the same transaction.
func (r *retentionRun) recordRemoval(ctx context.Context, facts consent.Facts, claims [][16]byte) error {
	return r.service.engine.Do(ctx, &txn.Write{Bulk: true, Weight: txn.Chunk, Run: func(tx *txn.Tx) error {
		w := r.service.in(tx)
		if err := w.Caller.NeedOfficer(); err != nil {
			return err
		}
		for _, id := range claims {
			w.Tables = append(w.Tables, tables.DropClaim(id))
		}
		return w.recordRemoval(&facts)
	}})
}

// recordRemoval records what was removed.
func (w *transaction) recordRemoval(facts *consent.Facts) error {
	facts.Kind = consent.KindRemoval
	return w.byRetention(&txn.Subject{}, facts, consent.Spelling{}, consent.Evidence{})
}

// byRetention records an event of the subject. If the subject has no id, the event is of no subject.
func (w *transaction) byRetention(s *txn.Subject, facts *consent.Facts, spelling consent.Spelling, evidence consent.Evidence) error {
	key, err := w.remover.Keys.EventKey(codec.EventKeyInput(w.Recorded, facts, "", &evidence))
	if err != nil {
		return err
	}
	sealed, err := w.SealEvidence(key, &evidence)
	if err != nil {
		return err
	}
	event := consent.Event{Occurred: w.Recorded, Subject: s.ID, Actor: actor, Key: key, Facts: *facts}
	event.Spelling = spelling
	w.NumberNames(facts)
	if s.ID != (consent.SubjectID{}) {
		w.AppendTo(s, &event, sealed)
	} else {
		w.Append(&event, sealed)
	}
	return nil
}
