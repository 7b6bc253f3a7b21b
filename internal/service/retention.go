package service

import (
	"context"
	"errors"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/storage"
)

const (
	// retentionActor is who events are by that retention records.
	retentionActor = "retention"
	// retentionPage is how many events are looked at at once, retentionGroup how many subjects one transaction is about at most.
	retentionPage  = 2_000
	retentionGroup = 100
)

// The classes of what retention removes or ends, in the order in which they are told.
const (
	RetentionErasures    = "erasures"     // that were imported, and are carried out now
	RetentionEvidence    = "evidence"     // of consents and refusals that are of no use any more
	RetentionRequests    = "requests"     // of requests that nobody confirmed, and of confirmation mails
	RetentionDisclosures = "disclosures"  // who learnt something about whom
	RetentionHardBounces = "hard_bounces" // are lifted
	RetentionClaims      = "claims"       // what was kept of the erased for the defence of claims, until their time
)

// RetentionClass is what became of a class.
type RetentionClass struct {
	Class  string
	Count  int64
	Oldest consent.Instant // when the oldest of it occurred; of disclosures the day, of claims when their time ended; not of erasures
}

// RetentionReport is what retention did, or in a dry run would do.
type RetentionReport struct {
	Classes []RetentionClass // all of them
}

func newRetentionReport() *RetentionReport {
	var r RetentionReport
	for _, class := range []string{
		RetentionErasures, RetentionEvidence, RetentionRequests, RetentionDisclosures, RetentionHardBounces, RetentionClaims,
	} {
		r.Classes = append(r.Classes, RetentionClass{Class: class})
	}
	return &r
}

func (r *RetentionReport) add(class string, n int64, oldest consent.Instant) {
	i := slices.IndexFunc(r.Classes, func(c RetentionClass) bool { return c.Class == class })
	c := &r.Classes[i]
	if n > 0 && (c.Count == 0 || oldest < c.Oldest) {
		c.Oldest = oldest
	}
	c.Count += n
}

func (r *RetentionReport) addAll(other *RetentionReport) {
	for _, c := range other.Classes {
		r.add(c.Class, c.Count, c.Oldest)
	}
}

// RunRetention carries out the erasures that were imported, removes what the policy does not keep any longer, and records what it removed; in a dry run it only counts. It goes in
// short transactions that other writes overtake, and may be interrupted, repeated, and done by several servers at once. With an error comes
// what was done all the same: a class that fails does not keep the others. Errors: SCOPE_MISSING, OTHER_DEPARTMENT, NO_CATALOG,
// NO_CLAIMS_KEY.
func (s *Service) RunRetention(ctx context.Context, dryRun bool) (RetentionReport, error) {
	v, who, err := s.look(ctx, nil, Moment{})
	if err != nil {
		return RetentionReport{}, err
	}
	if err := who.needOfficer(); err != nil {
		return RetentionReport{}, err
	}
	cat, err := s.present(ctx, v)
	if err != nil {
		return RetentionReport{}, err
	}
	run := &retention{service: s, policy: cat.Policy.Retention, dryRun: dryRun, now: v.asked, report: newRetentionReport()}
	// What is due of one class does not wait for another that cannot be done.
	var failed []error
	for _, part := range []func(context.Context) error{run.erasures, run.events, run.disclosures, run.claims} {
		if err := part(ctx); err != nil {
			failed = append(failed, faultOf(err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return *run.report, errors.Join(failed...)
}

// retention is one run.
type retention struct {
	service *Service
	policy  catalog.Retention
	dryRun  bool
	now     consent.Instant
	holds   []consent.SubjectID // subjects that are or were under a legal hold, as far as the events were read
	read    int64               // position of the last of these events
	report  *RetentionReport
}

// isDue reports whether the period has passed since the instant; without a period nothing is due.
func isDue(p period.Period, since, now consent.Instant) bool {
	return !p.IsZero() && since != 0 && consent.InstantOf(p.AddTo(since.Time())) <= now
}

// erasures carries out those that imports recorded.
func (r *retention) erasures(ctx context.Context) error {
	done, err := r.service.ErasePending(ctx, r.dryRun)
	r.report.add(RetentionErasures, int64(done.Erased), 0)
	return err
}

// events looks at all events of the ledger, page by page, and takes up those that may be due with their subjects.
func (r *retention) events(ctx context.Context) error {
	if r.policy == (catalog.Retention{}) {
		return nil
	}
	for after := int64(0); ; {
		page, err := r.outlines(ctx, after)
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
		for group := range slices.Chunk(list, retentionGroup) {
			if err := r.group(ctx, group); err != nil {
				return err
			}
		}
		if len(page) < retentionPage {
			return nil
		}
		after = page[len(page)-1].Position
	}
}

// outlines reads a page of outlines and remembers whom holds are about.
func (r *retention) outlines(ctx context.Context, after int64) ([]storage.Outline, error) {
	page, err := r.service.store.Outlines(ctx, after, retentionPage)
	for i := range page {
		if page[i].Kind == consent.KindHold && page[i].Position > r.read {
			r.holds = append(r.holds, page[i].Subject)
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

// mayBeDue tells from its outline whether an event is old enough; whether it is of use its subject tells.
func (r *retention) mayBeDue(o *storage.Outline) bool {
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

// group decides about some subjects, in one transaction.
func (r *retention) group(ctx context.Context, list []candidate) error {
	var report *RetentionReport
	m := member{bulk: true, weight: chunk}
	m.run = func(w *work) (err error) {
		report, err = w.retain(r, list)
		return err
	}
	if err := r.service.commits.do(ctx, &m); err != nil {
		return err
	}
	r.report.addAll(report)
	return nil
}

// disclosures deletes those of days whose period has passed, and records each part of them that is gone: their rows are no events, so
// nothing else would tell of them if the run ended before its end.
func (r *retention) disclosures(ctx context.Context) error {
	if r.policy.Disclosures.IsZero() {
		return nil
	}
	before := lastDueDay(r.policy.Disclosures, r.now)
	held, err := r.heldSubjects(ctx)
	if err != nil {
		return err
	}
	n, earliest, err := r.service.store.DisclosuresBefore(ctx, before, held)
	if err != nil || n == 0 {
		return err
	}
	if r.dryRun {
		r.report.add(RetentionDisclosures, n, consent.InstantOfDay(earliest))
		return nil
	}
	for {
		n, err := r.service.store.DeleteDisclosures(ctx, before, held, retentionPage)
		if err != nil || n == 0 {
			return err
		}
		r.report.add(RetentionDisclosures, int64(n), consent.InstantOfDay(earliest))
		facts := consent.Facts{Removed: consent.RemovedDisclosures, Until: consent.InstantOfDay(before), Count: int64(n)}
		if err := r.record(context.WithoutCancel(ctx), facts, nil); err != nil || n < retentionPage {
			return err
		}
		if held, err = r.heldSubjects(ctx); err != nil { // Somebody may have been put under a hold meanwhile.
			return err
		}
	}
}

// heldSubjects returns the subjects that are under a legal hold now. It is a transaction, which a server whose clock is wrong is
// refused.
func (r *retention) heldSubjects(ctx context.Context) ([]consent.SubjectID, error) {
	for {
		page, err := r.outlines(ctx, r.read)
		if err != nil {
			return nil, err
		}
		if len(page) < retentionPage {
			break
		}
	}
	var held []consent.SubjectID
	m := member{bulk: true, weight: chunk}
	m.run = func(w *work) error {
		held = nil
		subjects := make([]*subject, len(r.holds))
		for i, id := range r.holds {
			subjects[i] = &subject{Subject: storage.Subject{ID: id}}
		}
		all, err := w.eventsOf(subjects...)
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
	err := r.service.commits.do(ctx, &m)
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

// claims deletes what was kept of the erased whose time has ended.
func (r *retention) claims(ctx context.Context) error {
	for after := ([16]byte{}); ; {
		page, err := r.service.store.Claims(ctx, after, retentionPage)
		if err != nil || len(page) == 0 {
			return err
		}
		var ended [][16]byte
		oldest := consent.Instant(0)
		for i := range page {
			if page[i].Until <= r.now {
				ended = append(ended, page[i].ID)
				if oldest == 0 || page[i].Until < oldest {
					oldest = page[i].Until
				}
			}
		}
		n := int64(len(ended))
		if n > 0 && !r.dryRun {
			facts := consent.Facts{Removed: consent.RemovedClaims, Until: r.now, Count: n}
			if err := r.record(ctx, facts, ended); err != nil {
				return err
			}
		}
		r.report.add(RetentionClaims, n, oldest)
		if len(page) < retentionPage {
			return nil
		}
		after = page[len(page)-1].ID
	}
}

// record records a removal, and deletes the claims in the same transaction.
func (r *retention) record(ctx context.Context, facts consent.Facts, claims [][16]byte) error {
	return r.service.commits.do(ctx, &member{bulk: true, weight: chunk, run: func(w *work) error {
		if err := w.who.needOfficer(); err != nil {
			return err
		}
		w.erased.dropClaims = append(w.erased.dropClaims, claims...)
		return w.removal(&facts)
	}})
}

// removal records what was removed.
func (w *work) removal(facts *consent.Facts) error {
	facts.Kind = consent.KindRemoval
	return w.byRetention(&subject{}, facts, consent.Spelling{}, consent.Evidence{})
}

// byRetention records an event of the subject; of nobody if it has no id.
func (w *work) byRetention(s *subject, facts *consent.Facts, spelling consent.Spelling, evidence consent.Evidence) error {
	key, err := w.service.keys.EventKey(codec.EventKeyInput(w.recorded, facts, "", &evidence))
	if err != nil {
		return err
	}
	sealed, err := w.sealEvidence(key, &evidence)
	if err != nil {
		return err
	}
	event := consent.Event{Occurred: w.recorded, Subject: s.ID, Actor: retentionActor, Key: key, Facts: *facts}
	event.Spelling = spelling
	w.use(facts)
	w.append(&event, sealed)
	if s.ID != (consent.SubjectID{}) {
		w.fold(s, &event)
	}
	return nil
}
