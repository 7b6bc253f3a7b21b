// Package voidcheck refuses a void after which a consent would count again that cannot be proved any more.
package voidcheck

import (
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/usefulness"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// check is one void that is looked at in a transaction.
type check struct {
	*txn.Tx

	env    *env.Env
	undone int64 // the last undo whose voids count
}

// RefuseUnprovableGrant refuses a void after which a grant would count again without its evidence, which retention
// removed because the grant had ended: an ALLOW would rest on nothing. The grants are those of every spelling that the
// events of the folded subject name. A refusal in force stays if its spelling is unknown because of an erasure. Facts are those of the void, all
// those of its subject, of which voids may wait: neither now nor once the pending undo is complete may such a grant count. Error: NOT_VOIDABLE.
func RefuseUnprovableGrant(tx *txn.Tx, env *env.Env, facts *consent.Facts, all []consent.Event) error {
	w := check{Tx: tx, env: env, undone: tx.Head.Undone}
	all, err := w.withRestated(facts, all)
	if err != nil {
		return err
	}
	if err := w.refuseUnprovable(facts, consent.InEffect(all, w.undone)); err != nil {
		return err
	}
	pending, err := tx.PendingUndo()
	if err != nil || pending == nil {
		return err
	}
	w.undone++
	return w.refuseUnprovable(facts, consent.InEffect(all, w.undone))
}

// withRestated returns events of a subject with what other batches state besides: it lasts without a batch.
func (w *check) withRestated(void *consent.Facts, events []consent.Event) ([]consent.Event, error) {
	if void.VoidBatch == (consent.BatchID{}) {
		return events, nil
	}
	return w.WithRestated(events, void.VoidBatch)
}

func (w *check) refuseUnprovable(facts *consent.Facts, events []consent.Event) error {
	catalogs, err := w.currentAndFutureCatalogs()
	if err != nil {
		return err
	}
	void := consent.Event{Facts: *facts}
	after := append(slices.Clone(events), void)
	if !slices.ContainsFunc(events, func(e consent.Event) bool { return e.Kind == consent.KindWithdraw || e.Kind == consent.KindRefuse }) {
		// Of an exact subject. A refusal that ended a grant besides is not looked at, which is on the safe side.
		u := &usefulness.Conditions{Catalogs: catalogs}
		return w.refuseLostEvidence(u, events, u, after)
	}
	people, err := w.addressesOf(&void, events)
	if err != nil {
		return err
	}
	l := subjects.NewLocator(w.env.Keys, len(people))
	places := make([]subjects.Places, len(people))
	for i, a := range people {
		if places[i], err = l.Places(a, false); err != nil {
			return err
		}
	}
	rows, err := w.StoredSubjects(l.AllKeys())
	if err != nil {
		return err
	}
	was, is := consent.Fold(slices.Clone(events)), consent.Fold(slices.Clone(after))
	for i := range places {
		exact, folded := rowAt(rows, &places[i].Exact), rowAt(rows, &places[i].Folded)
		if exact == nil || folded == nil {
			continue
		}
		spelling, err := w.Spelling(folded, places[i].Address.Exact())
		if err != nil {
			return err
		}
		all, err := w.AllEventsOf(exact)
		if err != nil {
			return err
		}
		own, err := w.withRestated(facts, consent.InEffect(all[exact], w.undone))
		if err != nil {
			return err
		}
		before := &usefulness.Conditions{Catalogs: catalogs, Folded: was, Spelling: spelling.Sum}
		then := &usefulness.Conditions{Catalogs: catalogs, Folded: is, Spelling: spelling.Sum}
		// A void of a batch leaves out its grants, too.
		if err := w.refuseLostEvidence(before, own, then, append(slices.Clone(own), void)); err != nil {
			return err
		}
	}
	return nil
}

// LeftOut returns how many events of a subject a void leaves out that no earlier one does.
func LeftOut(events []consent.Event, void *consent.Facts) int {
	standing := consent.WithoutVoided(slices.Clone(events))
	with := append(slices.Clone(events), consent.Event{Facts: *void})
	return len(standing) - len(consent.WithoutVoided(with))
}

// rowAt returns the subject at a place; nil if there is none. It is for reading only.
func rowAt(rows map[storage.SubjectKey]storage.SubjectState, at *subjects.Place) *txn.Subject {
	for _, key := range at.Keys {
		if row, ok := rows[key]; ok {
			return &txn.Subject{Subject: row.Subject}
		}
	}
	return nil
}

// currentAndFutureCatalogs returns the catalog in force and those that will be.
func (w *check) currentAndFutureCatalogs() ([]*catalog.Catalog, error) {
	versions, err := w.CatalogVersions()
	if err != nil {
		return nil, err
	}
	var list []*catalog.Catalog
	for i := range versions {
		if i+1 == len(versions) || versions[i+1].Effective > w.Recorded {
			list = append(list, versions[i].Parsed)
		}
	}
	return list, nil
}

// addressesOf returns the addresses that the events of a folded subject are about, in each spelling that they tell, and as it is folded.
func (w *check) addressesOf(void *consent.Event, events []consent.Event) ([]address.Address, error) {
	var positions []int64
	for i := range events {
		positions = append(positions, events[i].Position)
	}
	held, err := w.StoredEvidence(positions)
	if err != nil {
		return nil, err
	}
	endings := usefulness.ByPosition(usefulness.BlockEndings(events, w.Recorded))
	seen := map[string]bool{}
	var list []address.Address
	add := func(text string) bool {
		a, err := address.Parse(text)
		if err == nil && !seen[a.Exact()] {
			seen[a.Exact()] = true
			list = append(list, a)
		}
		return err == nil
	}
	for i := range events {
		e := &events[i]
		var evidence consent.Evidence
		if sealed := held[e.Position]; sealed != nil {
			if evidence, err = w.env.OpenEvidence(e, sealed); err != nil {
				return nil, err
			}
		}
		if add(evidence.Address) {
			add(list[len(list)-1].Folded())
			continue
		}
		ends := e.Kind == consent.KindWithdraw || e.Kind == consent.KindRefuse
		if ends && void.LeavesOut(e) && endings[e.Position].At == 0 {
			return nil, fault.Errorf(fault.NotVoidable, "position", "an erasure removed the person of this refusal, so it is not known "+
				"what would count again without it; it stays")
		}
	}
	return list, nil
}

// refuseLostEvidence refuses if a grant counts after and did not before, and its evidence was deleted.
func (w *check) refuseLostEvidence(before *usefulness.Conditions, events []consent.Event, then *usefulness.Conditions, after []consent.Event) error {
	stands := func(e usefulness.Ending) bool { return !e.Unconfirmed && (e.At == 0 || e.At > w.Recorded) }
	stood := map[int64]bool{}
	for _, e := range before.Endings(events) {
		stood[e.Position] = stood[e.Position] || stands(e) // By the event, or by one that stands for a batch which states the same.
	}
	var back []int64
	for _, e := range then.Endings(after) {
		if stands(e) && !stood[e.Position] {
			back = append(back, e.Position)
		}
	}
	if len(back) == 0 {
		return nil
	}
	held, err := w.StoredEvidence(back)
	if err != nil {
		return err
	}
	for i := range events {
		e := &events[i]
		if slices.Contains(back, e.Position) && e.Evidence != [32]byte{} && held[e.Position] == nil {
			return fault.Errorf(fault.NotVoidable, "position", "without it the consent at position %d would count again, but its "+
				"evidence was deleted after it ended; record a new consent instead", e.Position)
		}
	}
	return nil
}
