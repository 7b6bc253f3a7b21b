package rights

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/kept"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
)

// keepErasure keeps what it takes to repeat an erasure, before anything of it is stored.
func (w *Tx) keepErasure(who *person, until consent.Instant) error {
	if w.rights.keeper == nil {
		return nil
	}
	e, err := w.rights.keptErasure(who)
	if err != nil {
		return err
	}
	e.Position, e.Recorded, e.Occurred, e.Actor = w.Head.Position+1, w.Recorded, until, w.Caller.ID
	if err := w.rights.keeper.Append([]kept.Erasure{e}); err != nil {
		return fault.Errorf(fault.Unavailable, "", "the erasure could not be written to the checkpoint directory, where the restore of a "+
			"backup looks for it; nothing was erased: try again").Because(err)
	}
	return nil
}

// RepeatErasures carries out erasures that were kept apart from the database, as far as the database lacks them: it was restored from
// a backup. Of those that it has, only list hashes that are missing are stored. It returns how many it lacked. Errors: KEY_MISSING, after
// all of them were carried out, if list hashes cannot be opened: to repeat them with the right keys makes up for it.
func (s *Rights) RepeatErasures(ctx context.Context, list []kept.Erasure) (lacked int, err error) {
	var unopened error
	var positions []int64
	for i := range list {
		r := repeated{Erasure: &list[i]}
		if err := s.repeatErasure(ctx, &r); err != nil {
			return lacked, err
		}
		if r.lacked {
			lacked++
		}
		if r.unopened != nil {
			unopened, positions = r.unopened, append(positions, list[i].Position)
		}
	}
	if unopened != nil {
		return lacked, fault.Errorf(fault.KeyMissing, "", "the erasures were repeated, but no master key of the key file opens the list hashes of %d of "+
			"the persons, the first erased at position %d, so they are not on the lists of keyed consumers; give the server a key file with all "+
			"master keys since then, and start it again", len(positions), positions[0]).Because(unopened)
	}
	return lacked, nil
}

// repeated is an erasure that is repeated, and what became of it.
type repeated struct {
	*kept.Erasure

	lacked   bool
	unopened error // why its list hashes could not be opened
}

func (s *Rights) repeatErasure(ctx context.Context, e *repeated) error {
	kept, err := s.personOf(e.Erasure)
	if err != nil {
		return err
	}
	m := txn.Write{Bulk: true, Weight: txn.Chunk}
	for _, at := range []*subjects.Place{&kept.exact, &kept.folded, &kept.mail} {
		m.Load.Subjects = append(m.Load.Subjects, at.Keys...)
	}
	m.Run = func(tx *txn.Tx) error {
		known, w := *kept, s.In(tx) // The transaction may be run again.
		e.lacked, e.unopened = false, nil
		who := &known
		exact, err := w.Subject(&who.exact)
		if err != nil {
			return err
		}
		if exact.Erased >= e.Occurred {
			return w.keepListsAgain(who, e)
		}
		return w.repeat(ctx, who, e)
	}
	err = s.engine.Do(ctx, &m)
	e.lacked = e.lacked && err == nil
	return err
}

// repeat carries out a kept erasure that the database lacks.
func (w *Tx) repeat(ctx context.Context, who *person, e *repeated) error {
	held, err := w.isHeldSince(who, e.Recorded)
	if err != nil {
		return err
	}
	if held {
		w.rights.Log.LogAttrs(ctx, slog.LevelError, "an erasure that was kept is not repeated: the address was put under a legal hold after it",
			slog.Int64("position", e.Position))
		return nil
	}
	if err := w.knowAgain(who); err != nil {
		return err
	}
	e.lacked, e.unopened = true, w.rights.openLists(who)
	t, err := w.beginRepeatedClaim(who, e.Occurred)
	if err != nil {
		return err
	}
	if err := w.recordRepeatedErasure(who, e.Erasure); err != nil {
		return err
	}
	return w.eraseUntil(who, e.Occurred, t)
}

// keepListsAgain stores the list hashes of a person who was erased, where they are missing: an older program, or the way back to it, may have
// lost them.
func (w *Tx) keepListsAgain(who *person, e *repeated) error {
	folded, err := w.Subject(&who.folded)
	if err != nil || folded.ID == (consent.SubjectID{}) {
		return err
	}
	spelling, err := who.spelling(folded.KeyVersion)
	if err != nil {
		return err
	}
	stored, err := w.ListHashesOf(folded.ID)
	if err != nil {
		return err
	}
	has := func(spelling [16]byte) bool {
		return slices.ContainsFunc(stored, func(h tables.ListHash) bool { return h.Spelling == spelling })
	}
	if has([16]byte{}) && has(spelling.Sum) {
		return nil
	}
	if e.unopened = w.rights.openLists(who); who.lists == nil {
		return nil
	}
	return w.RunErased(&txn.Erased{Folded: folded, Spelling: spelling.Sum, Lists: who.lists})
}

// isHeldSince reports whether the person was put under a legal hold after the instant: an erasure that was kept and never made, because
// its transaction failed, is not to be made up for then.
func (w *Tx) isHeldSince(who *person, at consent.Instant) (bool, error) {
	folded, err := w.Subject(&who.folded)
	if err != nil {
		return false, err
	}
	spelling, err := who.spelling(folded.KeyVersion)
	if err != nil {
		return false, err
	}
	state, err := w.State(folded)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(state.Holds, func(h consent.Hold) bool { return h.Spelling == spelling.Sum && h.At > at }), nil
}

// knowAgain adds to what is known of the person of a kept erasure what the database has: the address of the row, else that which was typed,
// else the folded form, which may be the address itself.
func (w *Tx) knowAgain(who *person) error {
	exact, err := w.Subject(&who.exact)
	if err != nil {
		return err
	}
	if exact.Address != nil {
		a, err := w.addressOf(exact)
		if err != nil {
			return err
		}
		return w.rights.know(who, a)
	}
	folded, err := w.Subject(&who.folded)
	if err != nil {
		return err
	}
	typed, err := w.typedAddress(who, folded)
	if err != nil {
		return err
	}
	if !typed.IsZero() {
		return w.rights.know(who, typed)
	}
	if folded.Address == nil {
		return nil
	}
	mailbox, err := w.addressOf(folded)
	if err != nil {
		return err
	}
	own, err := who.isOwn(w.rights.Keys, mailbox.Exact())
	if err != nil {
		return err
	}
	if own {
		return w.rights.know(who, mailbox)
	}
	who.mailbox = mailbox
	return nil
}

// addressOf returns the address in the row of a subject that has one.
func (w *Tx) addressOf(s *txn.Subject) (address.Address, error) {
	plain, err := w.rights.Keys.Open(seal.PurposeAddress, s.ID[:], s.Address)
	if err != nil {
		return address.Address{}, fmt.Errorf("the address of a subject: %w", err)
	}
	return address.Parse(string(plain))
}

// typedAddress returns the address of the person as the evidence of an event of the folded subject has it; zero: none has.
func (w *Tx) typedAddress(who *person, folded *txn.Subject) (address.Address, error) {
	spelling, err := who.spelling(folded.KeyVersion)
	if err != nil {
		return address.Address{}, err
	}
	all, err := w.EventsOf(folded)
	if err != nil {
		return address.Address{}, err
	}
	for i := range all[folded] {
		e := &all[folded][i]
		if e.Spelling != spelling {
			continue
		}
		evidence, err := w.OpenEvidence(e)
		if err != nil {
			return address.Address{}, err
		}
		if a, err := address.Parse(evidence.Address); err == nil {
			return a, nil
		}
	}
	return address.Address{}, nil
}

// beginRepeatedClaim keeps for claims what the policy has kept: what the first erasure kept was lost with its database. It has the folded form
// of the address where only that is known. Without an officer's key nothing can be kept, and the erasure goes before.
func (w *Tx) beginRepeatedClaim(who *person, occurred consent.Instant) (*keptClaim, error) {
	known := who.address
	if known.IsZero() {
		known = who.mailbox
	}
	if known.IsZero() || w.Head.CatalogVersion == 0 || !w.rights.Keys.HasClaimsKey() {
		return &keptClaim{}, nil
	}
	return w.beginClaim(&subjects.Places{Address: known}, occurred)
}

// recordRepeatedErasure records an erasure that was kept, unless the ledger has it: an import may have taken note of it before the backup.
func (w *Tx) recordRepeatedErasure(who *person, e *kept.Erasure) error {
	folded, err := w.Subject(&who.folded)
	if err != nil {
		return err
	}
	spelling, err := who.spelling(folded.KeyVersion)
	if err != nil {
		return err
	}
	if folded.ErasedAt(spelling.Sum) >= e.Occurred {
		return nil
	}
	event := consent.Event{
		Occurred: e.Occurred, Actor: e.Actor, Facts: consent.Facts{Kind: consent.KindErase, Spelling: spelling},
	}
	// The event key differs from that of the original erasure, which included the address. If the caller states the
	// erasure again, a second event is recorded, which says the same.
	if event.Key, err = w.rights.Keys.EventKey(codec.EventKeyInput(e.Occurred, &event.Facts, "", &consent.Evidence{})); err != nil {
		return err
	}
	if err := w.Identify(folded, ""); err != nil {
		return err
	}
	event.Subject = folded.ID
	w.NumberNames(&event.Facts)
	w.AppendTo(folded, &event, nil)
	return w.RunRecorded(folded, &event)
}
