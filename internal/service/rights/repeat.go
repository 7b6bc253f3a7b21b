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
// a backup. It returns how many it lacked.
func (s *Rights) RepeatErasures(ctx context.Context, list []kept.Erasure) (lacked int, err error) {
	for i := range list {
		done, err := s.repeatErasure(ctx, &list[i])
		if err != nil {
			return lacked, err
		}
		if done {
			lacked++
		}
	}
	return lacked, nil
}

func (s *Rights) repeatErasure(ctx context.Context, e *kept.Erasure) (done bool, err error) {
	who, err := s.personOf(e)
	if err != nil {
		return false, err
	}
	m := txn.Write{Bulk: true, Weight: txn.Chunk}
	for _, at := range []*subjects.Place{&who.exact, &who.folded, &who.mail} {
		m.Load.Subjects = append(m.Load.Subjects, at.Keys...)
	}
	m.Run = func(tx *txn.Tx) error {
		w := s.In(tx)
		exact, err := w.Subject(&who.exact)
		if err != nil {
			return err
		}
		if done = exact.Erased < e.Occurred; !done {
			return nil
		}
		held, err := w.isHeldSince(who, e.Recorded)
		if err != nil {
			return err
		}
		if held {
			done = false
			s.Log.LogAttrs(ctx, slog.LevelError, "an erasure that was kept is not repeated: the address was put under a legal hold after it",
				slog.Int64("position", e.Position))
			return nil
		}
		if err := w.knowAgain(who, exact); err != nil {
			return err
		}
		t, err := w.beginRepeatedClaim(who, e.Occurred)
		if err != nil {
			return err
		}
		if err := w.recordRepeatedErasure(who, e); err != nil {
			return err
		}
		return w.eraseUntil(who, e.Occurred, t)
	}
	err = s.engine.Do(ctx, &m)
	return done && err == nil, err
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

// knowAgain adds the address to what is known of the person of a kept erasure, where the database has it.
func (w *Tx) knowAgain(who *person, exact *txn.Subject) error {
	if exact.Address == nil {
		return nil
	}
	plain, err := w.rights.Keys.Open(seal.PurposeAddress, exact.ID[:], exact.Address)
	if err != nil {
		return fmt.Errorf("the address of a subject: %w", err)
	}
	a, err := address.Parse(string(plain))
	if err != nil {
		return err
	}
	return w.rights.know(who, a)
}

// beginRepeatedClaim keeps for claims what the policy has kept: what the first erasure kept was lost with its database.
// Without an officer's key nothing can be, and the erasure goes before.
func (w *Tx) beginRepeatedClaim(who *person, occurred consent.Instant) (*keptClaim, error) {
	if who.address.IsZero() || w.Head.CatalogVersion == 0 || !w.rights.Keys.HasClaimsKey() {
		return &keptClaim{}, nil
	}
	return w.beginClaim(&subjects.Places{Address: who.address}, occurred)
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
