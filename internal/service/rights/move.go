package rights

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
)

// Move records that a person is reached at another address now (GDPR Art. 16): what blocks goes along, what permits does not. What
// is recorded about the old address later, from before the change, goes along then. Errors: INVALID_ADDRESS, INVALID_REQUEST,
// INVALID_EVIDENCE, ERASED_BEFORE.
func (s *Rights) Move(ctx context.Context, in Move) (Moved, error) {
	m := txn.Write{}
	from, to, err := s.movePlaces(&in)
	if err == nil {
		m.Load.Subjects = slices.Concat(from.Folded.Keys, to.Folded.Keys)
	}
	return txn.Idempotent(ctx, s.engine, &m, in.Idempotency, err, func(tx *txn.Tx) (Moved, bool, error) {
		w := s.In(tx)
		if err := w.Caller.NeedOfficer(); err != nil {
			return Moved{}, false, err
		}
		before := w.Head.Position
		if err := w.recordMove(&in, from, to); err != nil {
			return Moved{}, false, err
		}
		return Moved{First: before + 1, Last: w.Head.Position}, true, nil
	})
}

func (s *Rights) movePlaces(in *Move) (from, to *subjects.Places, err error) {
	if err := txn.CheckJustification(in.Justification); err != nil {
		return nil, nil, err
	}
	l := subjects.NewLocator(s.Keys, 2)
	var found [2]subjects.Places
	for i, typed := range []string{in.From, in.To} {
		a, err := address.Parse(typed)
		if err != nil {
			return nil, nil, fault.Errorf(fault.InvalidAddress, []string{"address", "newAddress"}[i], "%s", err)
		}
		if found[i], err = l.Places(a, false); err != nil {
			return nil, nil, err
		}
	}
	if found[0].Address.Folded() == found[1].Address.Folded() {
		return nil, nil, fault.Errorf(fault.InvalidRequest, "newAddress",
			"both are spellings of one mailbox, so the refusals and suppressions of each already apply to the other")
	}
	return &found[0], &found[1], nil
}

func (w *Tx) recordMove(in *Move, from, to *subjects.Places) error {
	old, err := w.Subject(&from.Folded)
	if err != nil {
		return err
	}
	spelling, err := w.Spelling(old, from.Address.Exact())
	if err != nil {
		return err
	}
	for _, side := range []struct {
		At    *subjects.Places
		typed string
		other string
		move  consent.Move
	}{
		{from, in.From, to.Address.Exact(), consent.MovedAway},
		{to, in.To, from.Address.Exact(), consent.MovedHere},
	} {
		entry := &statement.Entry{
			Form: consent.FormFolded, Address: side.At.Address,
			Facts:    consent.Facts{Kind: consent.KindMove, Move: side.move, Tagged: side.At.Address.Tagged()},
			Evidence: consent.Evidence{Address: side.typed, Other: side.other, Justification: in.Justification},
		}
		if _, err := w.recordNow(&side.At.Folded, entry); err != nil {
			return err
		}
	}
	all, err := w.EventsOf(old)
	if err != nil {
		return err
	}
	standing, err := w.WithRestated(consent.WithoutVoided(all[old]), consent.BatchID{})
	if err != nil {
		return err
	}
	blocks := newBlocks(standing)
	for i := range standing {
		if e := &standing[i]; isCarriedOver(e, spelling.Sum, blocks) {
			if err := w.recordAtNewAddress(e, to.Address); err != nil {
				return err
			}
		}
	}
	return nil
}

// recordNow records an entry as of now.
func (w *Tx) recordNow(at *subjects.Place, entry *statement.Entry) (int64, error) {
	s, err := w.Subject(at)
	if err != nil {
		return 0, err
	}
	key, err := w.rights.EventKey(w.Recorded, entry, "")
	if err != nil {
		return 0, err
	}
	return w.Record(&txn.Prepared{Subject: s, Occurred: w.Recorded, Entry: entry, Key: key})
}

// isCarriedOver reports whether an event of a folded subject goes along when the person of the spelling moves. Blocks are
// those of the subject. Each no to the person that stands at the old address goes along, also one in whose place another one of a batch
// stands, which may be undone; the event that a mailbox does not exist does not. A lift never goes along: it is of one spelling, and may be
// left out later. A caller that lifts at the old address must lift at the new one, too.
func isCarriedOver(e *consent.Event, spelling [16]byte, of *blocks) bool {
	switch e.Kind {
	case consent.KindWithdraw, consent.KindRefuse:
		return !e.Tagged || e.Spelling.Sum == spelling
	case consent.KindSuppress:
		return e.Reason != consent.ReasonHardBounce && of.mayStand(e)
	case consent.KindErase:
		return e.Spelling.Sum == spelling && of.mayStand(e)
	default:
		return false
	}
}

// blocks are the suppressions and erasures of a subject that may be in force.
type blocks struct {
	events []consent.Event                        // of the subject, those that no void leaves out
	last   consent.Instant                        // the latest time of them
	stand  map[consent.BatchID]map[int64]struct{} // by the batch: the positions of those in force beside what no batch says
}

func newBlocks(standing []consent.Event) *blocks {
	b := &blocks{events: standing, stand: map[consent.BatchID]map[int64]struct{}{}}
	for i := range standing {
		b.last = max(b.last, standing[i].Occurred)
	}
	return b
}

// mayStand reports whether one of the suppressions and erasures is in force after the last event, or would be if other batches were undone: whether
// it stands among what says the same without a batch and with its own. What a lift has ended does not stand, whatever batch the lift is of.
func (b *blocks) mayStand(e *consent.Event) bool {
	batch := txn.DependsOn(e)
	if b.stand[batch] == nil {
		b.stand[batch] = b.standingWith(batch)
	}
	_, stands := b.stand[batch][e.Position]
	return stands
}

// standingWith returns the positions of those that are in force where only one batch and what is of none says anything.
func (b *blocks) standingWith(batch consent.BatchID) map[int64]struct{} {
	var beside []consent.Event
	for i := range b.events {
		e := &b.events[i]
		isBlock := e.Kind == consent.KindSuppress || e.Kind == consent.KindErase
		of := txn.DependsOn(e)
		if e.Kind == consent.KindLift || isBlock && (of == consent.BatchID{} || of == batch) {
			beside = append(beside, *e)
		}
	}
	// A release ends nothing but what has ended by time.
	state := consent.Fold(append(beside, consent.Event{Occurred: b.last, Facts: consent.Facts{Kind: consent.KindRelease}}))
	positions := make(map[int64]struct{}, len(state.Suppressions))
	for i := range state.Suppressions {
		positions[state.Suppressions[i].Position] = struct{}{}
	}
	return positions
}

// GoAlong brings an event that was just recorded to where its person has moved since it occurred. It is a hook of the engine.
func (s *Rights) GoAlong(tx *txn.Tx, of *txn.Subject, e *consent.Event) error {
	return s.In(tx).carryToNewAddress(of, e)
}

// carryToNewAddress brings an event that was just recorded to where the person has moved since it occurred.
func (w *Tx) carryToNewAddress(s *txn.Subject, e *consent.Event) error {
	if len(s.Moves) == 0 {
		return nil
	}
	all, err := w.EventsOf(s)
	if err != nil {
		return err
	}
	standing, err := w.WithRestated(consent.WithoutVoided(all[s]), consent.BatchID{})
	if err != nil {
		return err
	}
	of := newBlocks(standing)
	for _, m := range s.Moves {
		if e.Occurred > m.At || !isCarriedOver(e, m.Spelling, of) {
			continue
		}
		moved, err := w.EvidenceAt(s, m.Position)
		if err != nil {
			return err
		}
		if moved.Other == "" {
			continue // One of the addresses was erased since: nothing says any more where the person went.
		}
		to, err := address.Parse(moved.Other)
		if err != nil {
			return err
		}
		if err := w.recordAtNewAddress(e, to); err != nil {
			return err
		}
	}
	return nil
}

// recordAtNewAddress records for another address what an event says, unless that is known there to the batch of the event. Of the evidence it has only the new
// address: if the old one is erased, and with it what says that the person moved, readers of the feed can still be told whom the event blocks.
func (w *Tx) recordAtNewAddress(e *consent.Event, to address.Address) error {
	facts := e.Facts
	facts.Spelling, facts.Tagged = consent.Spelling{}, to.Tagged()
	if e.Kind == consent.KindErase {
		facts = consent.Facts{
			Kind: consent.KindSuppress, Reason: consent.ReasonErased, Scope: consent.ScopeMarketing, Tagged: to.Tagged(),
		}
	}
	entry := &statement.Entry{Form: consent.FormFolded, Address: to, Facts: facts}
	l := subjects.NewLocator(w.rights.Keys, 1)
	place, err := l.Place(entry.Form, entry.Canonical())
	if err != nil {
		return err
	}
	s, err := w.Subject(&place)
	if err != nil {
		return err
	}
	key, err := w.rights.EventKey(e.Occurred, entry, "")
	if err != nil {
		return err
	}
	all, err := w.AllEventsOf(s)
	if err != nil {
		return err
	}
	at, restates, err := w.KnownTo(all[s], key, e.Batch)
	switch {
	case err != nil:
		return err
	case restates:
		return w.Restate(s, at, e.Batch)
	case at != 0:
		return nil
	}
	entry.Evidence.Address = to.Exact() // After the key, which is that of the event without evidence.
	_, err = w.Record(&txn.Prepared{Subject: s, Occurred: e.Occurred, Entry: entry, Key: key, Batch: e.Batch})
	return err
}

// otherSide returns the folded subject on the other side of a change of address, and the exact address there; nil if nothing says it.
func (w *Tx) otherSide(e *consent.Event) (*txn.Subject, string, error) {
	evidence, err := w.OpenEvidence(e)
	if err != nil || evidence.Other == "" {
		return nil, "", err
	}
	other, err := address.Parse(evidence.Other)
	if err != nil {
		return nil, "", err
	}
	l := subjects.NewLocator(w.rights.Keys, 1)
	at, err := l.Place(consent.FormFolded, other.Folded())
	if err != nil {
		return nil, "", err
	}
	s, err := w.Subject(&at)
	return s, other.Exact(), err
}

// forgetOtherSide deletes what says on the other side of a change of address, or of a link, that the person of this address was there, too.
func (w *Tx) forgetOtherSide(e *consent.Event, who *person, t *keptClaim) error {
	s, _, err := w.otherSide(e)
	if s == nil || err != nil {
		return err
	}
	all, err := w.EventsOf(s)
	if err != nil {
		return err
	}
	for i := range all[s] {
		there := &all[s][i]
		if !there.Kind.HasOtherSide() {
			continue
		}
		says, err := w.OpenEvidence(there)
		if err != nil {
			return err
		}
		own, err := who.isOwn(w.rights.Keys, says.Other)
		if err != nil {
			return err
		}
		if !own {
			continue
		}
		if err := w.keepSpelling(s, there, says.Address); err != nil {
			return err
		}
		if err := w.deleteEvidence(there, t); err != nil {
			return err
		}
	}
	return nil
}

// keepSpelling keeps the list hashes of an address of which the evidence of an event is about to go, though it is not erased itself: nothing
// else may say any more which address a rule of one spelling blocks.
func (w *Tx) keepSpelling(folded *txn.Subject, e *consent.Event, typed string) error {
	if !e.Tagged {
		return nil // The folded form says it.
	}
	a, err := address.Parse(typed)
	if err != nil {
		return nil //nolint:nilerr // Not every such event has its own address.
	}
	here := &person{}
	if err := w.rights.know(here, a); err != nil {
		return err
	}
	return w.RunErased(&txn.Erased{Folded: folded, Spelling: e.Spelling.Sum, Lists: here.lists})
}

// Move is a change of address.
type Move struct {
	From, To      string
	Justification string
	txn.Idempotency
}

// Moved are the positions of what a change of address recorded, the first to the last.
type Moved struct{ First, Last int64 }
