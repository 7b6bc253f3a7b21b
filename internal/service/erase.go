package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/storage"
)

// erased is what the erasures of a work take away, and what they leave beside the ledger.
type erased struct {
	evidence []int64              // positions of the events that lose their evidence
	blank    map[int64]bool       // positions of the events that another one stands for now
	requests []int64              // positions of the events whose requests are forgotten
	learnt   []consent.SubjectID  // whose disclosures are deleted
	keys     []storage.SubjectKey // of these
	returns  []storage.Return
	claims   []storage.Claim

	dropSubjects []storage.SubjectKey // of nothing but what retention removed
	dropClaims   [][16]byte
}

// Erase records an erasure and carries it out. Errors: INVALID_ADDRESS, INVALID_EVIDENCE, TIME_IN_FUTURE, LEGAL_HOLD, NO_CLAIMS_KEY,
// ERASED_BEFORE.
func (s *Service) Erase(ctx context.Context, in Erasure) (Recorded, error) {
	if in.Justification != "" {
		if err := checkReason(in.Justification); err != nil {
			return Recorded{}, err
		}
	}
	if strings.Contains(in.Operator, "@") {
		return Recorded{}, fault.Errorf(fault.InvalidEvidence, "operator",
			"it must not hold an address, for it is kept when the person is erased; name a person or a role")
	}
	statement := statement.Statement{
		Kind: consent.KindErase, Address: in.Address, Occurred: in.Occurred, Operator: in.Operator, Justification: in.Justification,
	}
	return s.Record(ctx, statement, in.Idempotency)
}

// erase records an erasure, unless it is recorded already, and carries it out. What is refused is refused before anything is changed.
func (w *work) erase(at *places, p *prepared) (Recorded, error) {
	if err := w.notHeld(p.subject, at.address.Exact()); err != nil {
		return Recorded{}, err
	}
	who, err := w.service.personAt(at)
	if err != nil {
		return Recorded{}, err
	}
	taken, err := w.take(at, p.occurred)
	if err != nil {
		return Recorded{}, err
	}
	if err := w.keepErasure(who, p.occurred); err != nil {
		return Recorded{}, err
	}
	recorded := Recorded{Position: p.known, Duplicate: p.known != 0}
	if !recorded.Duplicate {
		p.entry.Evidence = withoutPerson(p.entry.Evidence)
		if recorded.Position, err = w.record(p); err != nil {
			return Recorded{}, err
		}
	}
	return recorded, w.carryOut(who, p.occurred, taken)
}

// carryOut erases, physically, what an erasure of the person at the instant ends: docs/storage-format.md says what goes and what
// stays. It may be repeated.
func (w *work) carryOut(who *person, until consent.Instant, t *taken) error {
	exact, err := w.subject(&who.exact)
	if err != nil {
		return err
	}
	folded, err := w.subject(&who.folded)
	if err != nil {
		return err
	}
	for _, s := range []*subject{exact, folded} {
		if s.ID != (consent.SubjectID{}) {
			w.erased.learnt, w.erased.keys = append(w.erased.learnt, s.ID), append(w.erased.keys, s.Key)
		}
	}
	err = w.cutOff(exact, t, func(e *consent.Event) (bool, error) { return e.Begin() > until, nil })
	if err != nil {
		return err
	}
	left := w.subjects[exact.Key]
	left.Erased = max(exact.Erased, until)
	w.save(left)
	mails, err := w.subject(&who.mail)
	if err != nil {
		return err
	}
	err = w.cutOff(mails, t, func(e *consent.Event) (bool, error) {
		evidence, err := w.open(e)
		if err != nil || e.Occurred > until || evidence.Address == "" {
			return e.Occurred > until, err
		}
		own, err := who.isOwn(w.service.keys, evidence.Address)
		return !own, err
	})
	if err != nil {
		return err
	}
	if err := w.eraseFolded(who, until, t); err != nil {
		return err
	}
	return w.claim(t)
}

// notHeld refuses to erase what is under a legal hold, and says why it is. A hold of an address reaches those that the same person
// moved from or to: the evidence of the change stands on both sides.
func (w *work) notHeld(folded *subject, exact string) error {
	if err := w.notHeldItself(folded, exact); err != nil {
		return err
	}
	spelling, err := w.spelling(folded, exact)
	if err != nil {
		return err
	}
	all, err := w.eventsOf(folded)
	if err != nil {
		return err
	}
	for i := range all[folded] {
		e := &all[folded][i]
		if e.Kind != consent.KindMove || e.Spelling != spelling {
			continue
		}
		other, there, err := w.otherSide(e)
		if err != nil {
			return err
		}
		if other == nil {
			continue
		}
		if err := w.notHeldItself(other, there); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) notHeldItself(folded *subject, exact string) error {
	hold, err := w.holdOf(folded, exact)
	if err != nil || hold == nil {
		return err
	}
	why := "an officer of all departments knows why"
	if w.who.AllDepartments {
		evidence, err := w.evidenceAt(folded, hold.Position)
		if err != nil {
			return err
		}
		why = evidence.Justification
	}
	return fault.Errorf(fault.LegalHold, "address", "the address, or one that the person moved from or to, is under a legal "+
		"hold since %s, and nothing of it may be erased until that is released: %s", hold.At, why)
}

// holdOf returns the legal hold of an exact address; nil if there is none.
func (w *work) holdOf(folded *subject, exact string) (*consent.Hold, error) {
	state, err := w.state(folded)
	if err != nil {
		return nil, err
	}
	spelling, err := w.spelling(folded, exact)
	return state.Held(spelling.Sum), err
}

// cutOff parts the subject from its events, unless all of them are to be kept. Those to be kept are appended anew under a fresh
// subject, and only their copies tell from then on what they were; to the others nothing leads any more, and their evidence is gone.
func (w *work) cutOff(s *subject, t *taken, keep func(*consent.Event) (bool, error)) error {
	all, err := w.eventsOf(s)
	if err != nil {
		return err
	}
	kept, err := split(all[s], keep)
	if err != nil || !slices.Contains(kept, false) {
		return err
	}
	fresh := &subject{state: &consent.State{}, Subject: storage.Subject{
		Key: s.Key, KeyVersion: s.KeyVersion, FoldVersion: s.FoldVersion, Erased: s.Erased,
	}}
	address := s.Address
	w.subjects[s.Key] = fresh
	for i := range all[s] {
		e := &all[s][i]
		if !kept[i] {
			if err := w.lose(e, t); err != nil {
				return err
			}
			for _, position := range append(slices.Clone(e.Was), e.Position) {
				w.erased.requests = append(w.erased.requests, position)
				w.forget(position)
			}
			continue
		}
		if err := w.identify(fresh, ""); err != nil {
			return err
		}
		if err := w.again(fresh, s, e); err != nil {
			return err
		}
	}
	w.save(fresh)
	return w.keepAddress(fresh, s.ID, address)
}

// split tells which events of a subject are kept. A void is kept with what it leaves out, and only then: it names what that was.
func split(events []consent.Event, keep func(*consent.Event) (bool, error)) ([]bool, error) {
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
func (w *work) keepAddress(fresh *subject, old consent.SubjectID, address []byte) error {
	if fresh.ID == (consent.SubjectID{}) || fresh.Key.Form != consent.FormExact || address == nil {
		return nil
	}
	plain, err := w.service.keys.Open(seal.PurposeAddress, old[:], address)
	if err != nil {
		return fmt.Errorf("the address of a subject: %w", err)
	}
	return w.identify(fresh, string(plain))
}

// again appends a copy of an event under a fresh subject and blanks the original, so that nothing tells which of the old subject's
// events it was.
func (w *work) again(fresh, old *subject, e *consent.Event) error {
	evidence, err := w.open(e)
	if err != nil {
		return err
	}
	sealed, err := w.sealEvidence(e.Key, &evidence)
	if err != nil {
		return err
	}
	again := *e
	again.Subject, again.Evidence = fresh.ID, [32]byte{}
	again.Was = append(slices.Clone(e.Was), e.Position)
	w.blank(e.Position)
	old.events = slices.DeleteFunc(old.events, func(o consent.Event) bool { return o.Position == e.Position })
	old.state = nil
	w.touch(old)
	w.append(&again, sealed)
	w.keyed[eventID{fresh.ID, again.Key}] = again.Position
	w.fold(fresh, &again)
	return nil
}

// eraseFolded deletes what the folded subject's events tell about the person: the evidence of those until the erasure, and the
// address. What blocks stays.
func (w *work) eraseFolded(who *person, until consent.Instant, t *taken) error {
	s, err := w.subject(&who.folded)
	if err != nil {
		return err
	}
	spelling, err := who.spelling(s.KeyVersion)
	if err != nil {
		return err
	}
	all, err := w.eventsOf(s)
	if err != nil {
		return err
	}
	for i := range all[s] {
		e := &all[s][i]
		if e.Spelling != spelling || e.Occurred > until {
			continue
		}
		evidence, err := w.open(e)
		switch {
		case err != nil:
			return err
		case e.Evidence == [32]byte{} || evidence == withoutPerson(evidence):
			continue // It says nothing of the person.
		case e.Kind == consent.KindMove:
			if err := w.forgetMove(e, who, t); err != nil {
				return err
			}
		}
		if err := w.lose(e, t); err != nil {
			return err
		}
	}
	if s.Address != nil {
		s.Address = nil
		w.save(s)
	}
	return nil
}

// lose deletes the evidence of an event.
func (w *work) lose(e *consent.Event, t *taken) error {
	evidence, err := w.open(e)
	if err != nil {
		return err
	}
	t.keep(e, evidence)
	if e.Evidence == [32]byte{} {
		return nil
	}
	if own := w.own(e.Position); own != nil {
		own.Evidence = nil
		return nil
	}
	w.erased.evidence = append(w.erased.evidence, e.Position)
	return nil
}

// blank takes everything from an event that the copy says.
func (w *work) blank(position int64) {
	if own := w.own(position); own != nil {
		own.Event = consent.Event{Position: position, Recorded: own.Event.Recorded}
		own.Header, own.Evidence = nil, nil
		return
	}
	if w.erased.blank == nil {
		w.erased.blank = map[int64]bool{}
	}
	w.erased.blank[position] = true
}

// forget forgets the requests of this work that gave the position.
func (w *work) forget(position int64) {
	for i := range w.requests {
		if r := &w.requests[i]; r.First <= position && position <= r.Last {
			r.BodyMAC, r.Answer, r.First, r.Last = nil, nil, 0, 0
		}
	}
}

// own returns the record at the position if this work made it; else nil.
func (w *work) own(position int64) *storage.Record {
	first := w.loaded.Head.Position + 1
	if position < first {
		return nil
	}
	return &w.records[position-first]
}

// open returns the evidence of an event, as far as it is held.
func (w *work) open(e *consent.Event) (consent.Evidence, error) {
	if e.Evidence == [32]byte{} {
		return consent.Evidence{}, nil
	}
	var sealed []byte
	if own := w.own(e.Position); own != nil {
		sealed = own.Evidence
	} else {
		stored, err := w.tx.Evidence(w.ctx, []int64{e.Position})
		if err != nil {
			return consent.Evidence{}, err
		}
		sealed = stored[e.Position]
	}
	if sealed == nil || slices.Contains(w.erased.evidence, e.Position) {
		return consent.Evidence{}, nil
	}
	return w.service.openEvidence(e, sealed)
}

// openEvidence opens the sealed evidence of an event.
func (s *Service) openEvidence(e *consent.Event, sealed []byte) (consent.Evidence, error) {
	plain, err := s.keys.Open(seal.PurposeEvidence, e.Key[:], sealed)
	if err != nil {
		return consent.Evidence{}, fmt.Errorf("evidence of position %d: %w", e.Position, err)
	}
	return codec.DecodeEvidence(plain)
}

// evidenceAt returns the evidence of the subject's event at a position.
func (w *work) evidenceAt(s *subject, position int64) (consent.Evidence, error) {
	all, err := w.eventsOf(s)
	if err != nil {
		return consent.Evidence{}, err
	}
	i := slices.IndexFunc(all[s], func(e consent.Event) bool { return e.Position == position })
	if i < 0 {
		return consent.Evidence{}, nil
	}
	return w.open(&all[s][i])
}

// withoutPerson returns what evidence of an erasure, or of something older than one, is kept: why it was done and by whom, unless
// that holds an address.
func withoutPerson(v consent.Evidence) consent.Evidence {
	var kept consent.Evidence
	if !strings.Contains(v.Operator, "@") {
		kept.Operator = v.Operator
	}
	if !strings.Contains(v.Justification, "@") {
		kept.Justification = v.Justification
	}
	return kept
}

func erasedBefore() *fault.Error {
	return fault.Errorf(fault.ErasedBefore, "address",
		"the person was erased after that; what they agreed to before is not kept. Nothing was recorded: erase it on your side, too")
}

func isErasedBefore(err error) bool {
	var refused *fault.Error
	return errors.As(err, &refused) && refused.Code == fault.ErasedBefore
}

// returned notes that the caller brought back an erased person, for the officer to follow up (GDPR Art. 19), and returns the error
// that says so.
func (w *work) returned(r *stated, refused error) error {
	l := w.service.locator(1)
	at, err := l.place(consent.FormFolded, r.entry.Address.Folded())
	if err != nil {
		return err
	}
	s, err := w.subject(&at)
	if err != nil {
		return err
	}
	w.erased.returns = append(w.erased.returns, storage.Return{
		Subject: s.ID, Day: w.recorded.Day(), Client: w.who.ID, Count: 1,
	})
	w.changed = true
	return refused
}
