package retention

import (
	"fmt"
	"math"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/usefulness"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// removal is one transaction of retention.
type removal struct {
	*transaction
	run      *retentionRun
	catalogs []*catalog.Catalog         // that counted at some time within the period of evidence, and those to come
	held     map[int64][]byte           // the sealed evidence of the events that may be due
	places   map[int64]*subjects.Places // the addresses that these events are about, from their evidence
	due      map[consent.Removed][]consent.Event
	report   *Report
}

// removeDue removes what is due of the subjects.
func (w *transaction) removeDue(r *retentionRun, list []candidate) (*Report, error) {
	if err := w.Caller.NeedOfficer(); err != nil {
		return nil, err
	}
	t := &removal{
		transaction: w, run: r, places: map[int64]*subjects.Places{}, due: map[consent.Removed][]consent.Event{}, report: newReport(),
	}
	if err := t.loadEvidence(list); err != nil {
		return nil, err
	}
	whom := make([]*txn.Subject, len(list))
	for i := range list {
		whom[i] = &txn.Subject{Subject: storage.Subject{ID: list[i].subject}}
	}
	all, err := w.EventsOf(whom...)
	if err != nil {
		return nil, err
	}
	if err := t.locateSubjects(list, whom, all); err != nil {
		return nil, err
	}
	for i := range list {
		if whom[i].WaitsForUndo() {
			continue // What has ended may count again once the undo is complete; a run after it decides.
		}
		var err error
		switch kind := list[i].kind; {
		case kind == consent.KindMail:
			err = t.retainMails(&list[i], all[whom[i]])
		case kind.IsCutOff():
			err = t.retainExact(&list[i], all[whom[i]])
		default:
			err = t.retainSuppressions(&list[i], whom[i], all[whom[i]])
		}
		if err != nil {
			return nil, err
		}
	}
	return t.report, t.applyRemoval()
}

// loadEvidence reads the catalogs and the evidence.
func (t *removal) loadEvidence(list []candidate) error {
	versions, err := t.CatalogVersions()
	if err != nil {
		return err
	}
	for i := range versions {
		// A version counted until the next one began; the last counts without end.
		next := i + 1
		if next < len(versions) && (t.run.policy.Evidence.IsZero() || isDue(t.run.policy.Evidence, versions[next].Effective, t.run.now)) {
			continue
		}
		t.catalogs = append(t.catalogs, versions[i].Parsed)
	}
	var positions []int64
	for i := range list {
		for p := range list[i].events {
			positions = append(positions, p)
		}
	}
	slices.Sort(positions)
	t.held, err = t.StoredEvidence(positions)
	return err
}

// owner is the address that events are about, with its folded subject.
type owner struct {
	at       subjects.Places
	folded   *txn.Subject
	state    *consent.State
	spelling [16]byte
}

// locateSubjects finds the addresses of requests, grants, confirmations and mails in their evidence, and reads all of their
// subjects at once.
func (t *removal) locateSubjects(list []candidate, whom []*txn.Subject, all map[*txn.Subject][]consent.Event) error {
	l := subjects.NewLocator(t.remover.Keys, len(list))
	for i := range list {
		c := &list[i]
		if !c.kind.IsCutOff() {
			continue
		}
		for _, e := range t.removableEvents(c, all[whom[i]]) {
			evidence, err := t.remover.OpenEvidence(&e, t.held[e.Position])
			if err != nil {
				return err
			}
			a, err := address.Parse(evidence.Address)
			if err != nil {
				continue // An event without an address in its evidence is left alone.
			}
			at, err := l.Places(a, true)
			if err != nil {
				return err
			}
			t.places[e.Position] = &at
			if c.kind != consent.KindMail {
				break // All are about the same address.
			}
		}
	}
	return t.LoadSubjects(l.AllKeys())
}

// ownerOf returns the owner of an event; nil if its evidence has no address.
func (t *removal) ownerOf(e *consent.Event) (*owner, error) {
	at, ok := t.places[e.Position]
	if !ok {
		return nil, nil //nolint:nilnil // No owner and no error.
	}
	o := &owner{at: *at}
	var err error
	if o.folded, err = t.Subject(&o.at.Folded); err != nil {
		return nil, err
	}
	if o.state, err = t.State(o.folded); err != nil {
		return nil, err
	}
	spelling, err := t.Spelling(o.folded, at.Address.Exact())
	o.spelling = spelling.Sum
	return o, err
}

// removableEvents returns the events that may be due and still have their evidence.
func (t *removal) removableEvents(c *candidate, events []consent.Event) []consent.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e consent.Event) bool {
		return !c.events[e.Position] || t.held[e.Position] == nil
	})
}

// retainExact decides about the evidence of requests, grants and confirmations.
func (t *removal) retainExact(c *candidate, events []consent.Event) error {
	may := t.removableEvents(c, events)
	if len(may) == 0 {
		return nil
	}
	o, err := t.ownerOf(&may[0])
	if err != nil || o == nil || o.folded.WaitsForUndo() || o.state.Held(o.spelling) != nil || consent.Fold(slices.Clone(events)).Held([16]byte{}) != nil {
		return err
	}
	useful := usefulness.Conditions{Catalogs: t.catalogs, Folded: o.state, Spelling: o.spelling}
	endings := usefulness.ByPosition(useful.Endings(events))
	gone := map[int64]bool{}
	for i := range may {
		ending := endings[may[i].Position]
		class, period := consent.RemovedEvidence, t.run.policy.Evidence
		if ending.Unconfirmed {
			class, period = consent.RemovedRequests, t.run.policy.Requests
		}
		if isDue(period, ending.At, t.run.now) && isDue(period, may[i].Occurred, t.run.now) {
			t.due[class] = append(t.due[class], may[i])
			gone[may[i].Position] = true
		}
	}
	dropped, err := t.dropOrphan(&o.at.Exact, c.subject, consent.KindRequest, events, gone)
	if dropped != nil {
		t.DropMailbox(&o.at.Folded, dropped)
	}
	return err
}

// retainMails decides about confirmation mails, which are kept as long as unconfirmed requests.
func (t *removal) retainMails(c *candidate, events []consent.Event) error {
	may := t.removableEvents(c, events)
	gone := map[int64]bool{}
	var o *owner
	for i := range may {
		var err error
		if o, err = t.ownerOf(&may[i]); err != nil {
			return err
		}
		if o == nil || o.state.Held(o.spelling) != nil || usefulness.MailCounts(&may[i], t.run.now) {
			return nil
		}
		gone[may[i].Position] = true
	}
	if o == nil {
		return nil
	}
	t.due[consent.RemovedRequests] = append(t.due[consent.RemovedRequests], may...)
	_, err := t.dropOrphan(&o.at.Mail, c.subject, consent.KindMail, events, gone)
	return err
}

// dropOrphan cuts the address off from a subject about which nothing is held any more: all its events are of the kind, and the evidence
// of each is gone, or goes now. It returns the subject; nil if that is not so, or nothing is removed.
func (t *removal) dropOrphan(
	at *subjects.Place, id consent.SubjectID, kind consent.Kind, events []consent.Event, gone map[int64]bool,
) (*txn.Subject, error) {
	var others []int64
	for i := range events {
		if events[i].Kind != kind {
			return nil, nil //nolint:nilnil // No subject and no error.
		}
		if !gone[events[i].Position] {
			others = append(others, events[i].Position)
		}
	}
	if len(gone) == 0 {
		return nil, nil //nolint:nilnil // As above.
	}
	held, err := t.StoredEvidence(others)
	if err != nil || len(held) > 0 {
		return nil, err
	}
	row, err := t.Subject(at)
	if err != nil || row.ID != id || t.run.dryRun {
		return nil, err
	}
	t.Removals.ForgetDisclosures(&row.Subject, math.MaxInt64, consent.SubjectID{})
	if row.Erased != 0 { // The tombstone of an earlier erasure stays.
		row.ID, row.Address = consent.SubjectID{}, nil
		t.SaveRow(row)
		return row, nil
	}
	t.Removals.DropSubjects = append(t.Removals.DropSubjects, row.Key)
	return row, nil
}

// retainSuppressions decides about refusals, suppressions and lifts, and lifts the hard bounces that are due.
func (t *removal) retainSuppressions(c *candidate, s *txn.Subject, events []consent.Event) error {
	state := consent.Fold(slices.Clone(events))
	endings := usefulness.ByPosition(usefulness.BlockEndings(events, t.run.now))
	for _, e := range t.removableEvents(c, events) {
		ending := endings[e.Position]
		if isDue(t.run.policy.Evidence, ending.At, t.run.now) && state.Held(e.Spelling.Sum) == nil {
			t.due[consent.RemovedEvidence] = append(t.due[consent.RemovedEvidence], e)
		}
	}
	return t.liftBounce(c, s, events, state)
}

// liftBounce ends the hard bounces that are due, as by time: only later grants count after them. A lift ends all bounces of its spelling and scope, so none is recorded as long as one of
// those in force is younger, and one does for all of them.
func (t *removal) liftBounce(c *candidate, s *txn.Subject, events []consent.Event, state *consent.State) error {
	bounces := slices.DeleteFunc(slices.Clone(state.Suppressions), func(p consent.Suppression) bool {
		return p.Reason != consent.ReasonHardBounce || p.Until != 0 && p.Until <= t.run.now
	})
	for i := range bounces {
		first := &bounces[i]
		together := func(p consent.Suppression) bool { return p.Spelling == first.Spelling && p.Scope == first.Scope }
		// With the first of them, wherever the others stand, so that they are counted once in a dry run, too.
		if !c.events[first.Position] || slices.ContainsFunc(bounces[:i], together) || state.Held(first.Spelling) != nil {
			continue
		}
		all := slices.DeleteFunc(slices.Clone(bounces), func(p consent.Suppression) bool { return !together(p) })
		if slices.ContainsFunc(all, func(p consent.Suppression) bool { return !isDue(t.run.policy.HardBounces, p.At, t.run.now) }) {
			continue
		}
		for _, p := range all {
			t.report.add(HardBounces, 1, p.At)
			if t.run.dryRun {
				t.report.name(HardBounces, p.Position)
			}
		}
		if t.run.dryRun {
			continue
		}
		at := slices.IndexFunc(events, func(e consent.Event) bool { return e.Position == first.Position })
		facts := consent.Facts{Kind: consent.KindLift, Reason: first.Reason, Scope: first.Scope, Retention: true}
		err := t.byRetention(s, &facts, events[at].Spelling, consent.Evidence{
			Justification: fmt.Sprintf("policy retention.hard_bounces: the bounce at position %d is older", first.Position),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// applyRemoval takes away the evidence that is due, and records that.
func (t *removal) applyRemoval() error {
	for _, class := range []consent.Removed{consent.RemovedEvidence, consent.RemovedRequests} {
		events := t.due[class]
		if len(events) == 0 {
			continue
		}
		facts := consent.Facts{Removed: class, Count: int64(len(events))}
		for i := range events {
			t.report.add(string(class), 1, events[i].Occurred)
			if t.run.dryRun {
				t.report.name(string(class), events[i].Position)
			}
			facts.Until = max(facts.Until, events[i].Occurred)
			facts.Positions = append(facts.Positions, events[i].Position)
		}
		slices.Sort(facts.Positions)
		if t.run.dryRun {
			continue
		}
		t.Removals.Evidence = append(t.Removals.Evidence, facts.Positions...)
		if err := t.recordRemoval(&facts); err != nil {
			return err
		}
	}
	return nil
}
