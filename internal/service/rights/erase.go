package rights

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
)

// Erase records an erasure, unless it is recorded already, and carries it out. What is refused is refused before anything is changed.
func (w *Tx) Erase(at *subjects.Places, p *txn.Prepared) (txn.Recorded, error) {
	if err := w.MayErase(at); err != nil {
		return txn.Recorded{}, err
	}
	who, err := w.rights.personAt(at)
	if err != nil {
		return txn.Recorded{}, err
	}
	taken, err := w.beginClaim(at, p.Occurred)
	if err != nil {
		return txn.Recorded{}, err
	}
	if err := w.keepErasure(who, p.Occurred); err != nil {
		return txn.Recorded{}, err
	}
	recorded := txn.Recorded{Position: p.Known, Duplicate: p.Known != 0}
	before := w.Removals
	if recorded.Learnt, err = w.learnt(who); err != nil {
		return txn.Recorded{}, err
	}
	if !recorded.Duplicate {
		p.Entry.Evidence = withoutPersonalData(p.Entry.Evidence)
		if recorded.Position, err = w.Record(p); err != nil {
			return txn.Recorded{}, err
		}
	}
	if err := w.eraseUntil(who, p.Occurred, taken); err != nil {
		return txn.Recorded{}, err
	}
	if recorded.Warnings = p.Entry.Warnings; w.Caller.AllDepartments {
		recorded.Erased = new(w.Removals.Since(&before))
	}
	return recorded, nil
}

// eraseUntil erases, physically, what an erasure of the person at the instant ends: docs/storage-format.md says what goes and what
// stays. It may be repeated.
func (w *Tx) eraseUntil(who *person, until consent.Instant, t *keptClaim) error {
	exact, err := w.Subject(&who.exact)
	if err != nil {
		return err
	}
	folded, err := w.Subject(&who.folded)
	if err != nil {
		return err
	}
	if err := w.runErased(who, folded); err != nil {
		return err
	}
	left, err := w.detachEvents(exact, t, func(e *consent.Event) (bool, error) { return e.Begin() > until, nil })
	if err != nil {
		return err
	}
	heir := left.ID
	if heir == (consent.SubjectID{}) {
		heir = folded.ID
	}
	w.Removals.ForgetDisclosures(&exact.Subject, until.Day(), heir)
	w.Removals.ForgetDisclosures(&folded.Subject, until.Day(), consent.SubjectID{})
	left.Erased = max(exact.Erased, until)
	w.SaveRow(left)
	if w.MergeMailbox(&who.folded, folded); left.Address != nil {
		w.KeepMailbox(&who.folded, left)
	} else {
		w.DropMailbox(&who.folded, left)
	}
	w.SaveErased(folded, until) // Other servers may still have counts of before the erasure.
	mails, err := w.Subject(&who.mail)
	if err != nil {
		return err
	}
	_, err = w.detachEvents(mails, t, func(e *consent.Event) (bool, error) {
		evidence, err := w.OpenEvidence(e)
		if err != nil || e.Occurred > until || evidence.Address == "" {
			return e.Occurred > until, err
		}
		own, err := who.isOwn(w.rights.Keys, evidence.Address)
		return !own, err
	})
	if err != nil {
		return err
	}
	if err := w.eraseFolded(who, until, t); err != nil {
		return err
	}
	return w.storeClaim(t)
}

// runErased runs the hook for an erasure of the person.
func (w *Tx) runErased(who *person, folded *txn.Subject) error {
	spelling, err := who.spelling(folded.KeyVersion)
	if err != nil {
		return err
	}
	e := &txn.Erased{Folded: folded, Spelling: spelling.Sum, Mailbox: who.mailbox.Folded(), Lists: who.lists}
	if e.Concerns, err = w.concerns(who, spelling); err != nil {
		return err
	}
	if !who.address.IsZero() {
		e.Address = who.address.Exact()
	}
	return w.RunErased(e)
}

// NotHeld refuses to erase what is under a legal hold, and says why it is. A hold of an address reaches those that the same person
// moved from or to, and those that are linked: both sides have the evidence.
func (w *Tx) NotHeld(folded *txn.Subject, exact string) error {
	if err := w.checkNotHeld(folded, exact); err != nil {
		return err
	}
	spelling, err := w.Spelling(folded, exact)
	if err != nil {
		return err
	}
	all, err := w.EventsOf(folded)
	if err != nil {
		return err
	}
	for i := range all[folded] {
		e := &all[folded][i]
		if !e.Kind.HasOtherSide() || e.Spelling != spelling {
			continue
		}
		other, there, err := w.otherSide(e)
		if err != nil {
			return err
		}
		if other == nil {
			continue
		}
		if err := w.checkNotHeld(other, there); err != nil {
			return err
		}
	}
	return nil
}

func (w *Tx) checkNotHeld(folded *txn.Subject, exact string) error {
	hold, err := w.holdOf(folded, exact)
	if err != nil || hold == nil {
		return err
	}
	// Why it is held may be in what is sent to the person, so no error says it: an officer reads it in the history.
	return fault.Errorf(fault.LegalHold, "address", "the address, or one that the person moved from or to, is under a legal "+
		"hold since %s, and cannot be erased until the hold is released; its history says why, to those who may place holds", hold.At)
}

// holdOf returns the legal hold of an exact address; nil if there is none.
func (w *Tx) holdOf(folded *txn.Subject, exact string) (*consent.Hold, error) {
	state, err := w.State(folded)
	if err != nil {
		return nil, err
	}
	spelling, err := w.Spelling(folded, exact)
	return state.Held(spelling.Sum), err
}

// detachEvents parts the subject from its events, unless all of them are to be kept. Those to be kept are appended anew under a fresh
// subject, which is returned, and only their copies tell from then on what they were; to the others nothing leads any more, and their evidence is gone.
func (w *Tx) detachEvents(s *txn.Subject, t *keptClaim, keep func(*consent.Event) (bool, error)) (*txn.Subject, error) {
	all, err := w.AllEventsOf(s)
	if err != nil {
		return nil, err
	}
	kept, err := selectKept(all[s], keep)
	if err != nil || !slices.Contains(kept, false) {
		return s, err
	}
	address, fresh := s.Address, w.Replace(s)
	for i := range all[s] {
		e := &all[s][i]
		if !kept[i] {
			if err := w.deleteEvidence(e, t); err != nil {
				return nil, err
			}
			for _, position := range append(slices.Clone(e.Was), e.Position) {
				w.Removals.Requests = append(w.Removals.Requests, position)
				w.ForgetRequests(position)
			}
			continue
		}
		if err := w.Identify(fresh, ""); err != nil {
			return nil, err
		}
		if err := w.copyEvent(fresh, s, e); err != nil {
			return nil, err
		}
	}
	w.SaveRow(fresh)
	return fresh, w.keepAddress(fresh, s.ID, address)
}

// selectKept returns which events of a subject are kept. A void is kept only together with the event that it leaves
// out, because it names it.
func selectKept(events []consent.Event, keep func(*consent.Event) (bool, error)) ([]bool, error) {
	kept := make([]bool, len(events))
	for i := range events {
		if events[i].Kind == consent.KindVoid {
			continue
		}
		var err error
		if kept[i], err = keep(&events[i]); err != nil {
			return nil, err
		}
	}
	for i := range events {
		if events[i].Kind != consent.KindVoid {
			continue
		}
		for j := range events {
			kept[i] = kept[i] || kept[j] && events[i].LeavesOut(&events[j])
		}
	}
	return kept, nil
}

// keepAddress seals the address of an exact subject anew for the fresh one. The others are not kept: they are folded forms, and one
// may be the very spelling that is erased.
func (w *Tx) keepAddress(fresh *txn.Subject, old consent.SubjectID, address []byte) error {
	if fresh.ID == (consent.SubjectID{}) || fresh.Key.Form != consent.FormExact || address == nil {
		return nil
	}
	plain, err := w.rights.Keys.Open(seal.PurposeAddress, old[:], address)
	if err != nil {
		return fmt.Errorf("the address of a subject: %w", err)
	}
	return w.Identify(fresh, string(plain))
}

// copyEvent appends a copy of an event under a fresh subject and blanks the original, so that nothing tells which of the old subject's
// events it was.
func (w *Tx) copyEvent(fresh, old *txn.Subject, e *consent.Event) error {
	evidence, err := w.OpenEvidence(e)
	if err != nil {
		return err
	}
	sealed, err := w.SealEvidence(e.Key, &evidence)
	if err != nil {
		return err
	}
	again := *e
	again.Subject, again.Evidence = fresh.ID, [32]byte{}
	again.Was = append(slices.Clone(e.Was), e.Position)
	w.Blank(e.Position)
	old.Events = slices.DeleteFunc(old.Events, func(o consent.Event) bool { return o.Position == e.Position })
	old.State = nil
	w.SaveState(old)
	w.AppendTo(fresh, &again, sealed)
	return nil
}

// eraseFolded deletes what the folded subject's events tell about the person: the evidence of those until the erasure, and the
// address. What blocks stays.
func (w *Tx) eraseFolded(who *person, until consent.Instant, t *keptClaim) error {
	s, err := w.Subject(&who.folded)
	if err != nil {
		return err
	}
	spelling, err := who.spelling(s.KeyVersion)
	if err != nil {
		return err
	}
	all, err := w.EventsOf(s)
	if err != nil {
		return err
	}
	for i := range all[s] {
		e := &all[s][i]
		if e.Spelling != spelling || e.Occurred > until {
			continue
		}
		evidence, err := w.OpenEvidence(e)
		switch {
		case err != nil:
			return err
		case e.Evidence == [32]byte{} || evidence == withoutPersonalData(evidence):
			continue // It says nothing of the person.
		case e.Kind.HasOtherSide():
			if err := w.forgetOtherSide(e, who, t); err != nil {
				return err
			}
		}
		if err := w.deleteEvidence(e, t); err != nil {
			return err
		}
	}
	if s.Address != nil {
		s.Address = nil
		w.SaveRow(s)
	}
	return nil
}

// deleteEvidence deletes the evidence of an event.
func (w *Tx) deleteEvidence(e *consent.Event, t *keptClaim) error {
	evidence, err := w.OpenEvidence(e)
	if err != nil {
		return err
	}
	t.addEvent(e, evidence)
	if e.Evidence == [32]byte{} {
		return nil
	}
	if own := w.OwnRecord(e.Position); own != nil {
		own.Evidence = nil
		return nil
	}
	w.Removals.Evidence = append(w.Removals.Evidence, e.Position)
	return nil
}

// withoutPersonalData returns what is kept of the evidence of an erasure, or of an older event: its reason and its operator,
// unless that text holds an address.
func withoutPersonalData(v consent.Evidence) consent.Evidence {
	var kept consent.Evidence
	if !strings.Contains(v.Operator, "@") {
		kept.Operator = v.Operator
	}
	if !strings.Contains(v.Justification, "@") {
		kept.Justification = v.Justification
	}
	return kept
}
