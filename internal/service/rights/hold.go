package rights

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
)

// PlaceHold puts an address under a legal hold: nothing of it is erased or removed until that is released. Errors: INVALID_ADDRESS,
// INVALID_EVIDENCE.
func (s *Rights) PlaceHold(ctx context.Context, in Hold) (txn.Recorded, error) {
	return s.hold(ctx, &in, consent.KindHold)
}

// ReleaseHold ends the legal holds of an address. Errors: INVALID_ADDRESS, INVALID_EVIDENCE, NOT_HELD.
func (s *Rights) ReleaseHold(ctx context.Context, in Hold) (txn.Recorded, error) {
	return s.hold(ctx, &in, consent.KindRelease)
}

// hold records a hold, or its end, for the exact subject and the folded one, so that a read of either of them sees it.
func (s *Rights) hold(ctx context.Context, in *Hold, kind consent.Kind) (txn.Recorded, error) {
	m := txn.Write{}
	at, err := s.holdPlaces(in, &m)
	return txn.Idempotent(ctx, s.engine, &m, in.Idempotency, err, func(tx *txn.Tx) (txn.Recorded, bool, error) {
		w := s.In(tx)
		if err := w.Caller.NeedOfficer(); err != nil {
			return txn.Recorded{}, false, err
		}
		if err := w.checkHeld(at, kind); err != nil {
			return txn.Recorded{}, false, err
		}
		var recorded txn.Recorded
		for _, part := range []struct {
			form consent.Form
			At   *subjects.Place
		}{{consent.FormFolded, &at.Folded}, {consent.FormExact, &at.Exact}} {
			entry := &statement.Entry{
				Form: part.form, Address: at.Address, Facts: consent.Facts{Kind: kind},
				Evidence: consent.Evidence{Justification: in.Justification},
			}
			var err error
			if recorded.Position, err = w.recordNow(part.At, entry); err != nil {
				return txn.Recorded{}, false, err
			}
		}
		return recorded, true, nil
	})
}

func (s *Rights) holdPlaces(in *Hold, m *txn.Write) (*subjects.Places, error) {
	if err := txn.CheckJustification(in.Justification); err != nil {
		return nil, err
	}
	a, err := subjects.ParseAddress(in.Address)
	if err != nil {
		return nil, err
	}
	l := subjects.NewLocator(s.Keys, 1)
	at, err := l.Places(a, false)
	m.Load.Subjects = slices.Concat(at.Exact.Keys, at.Folded.Keys)
	return &at, err
}

// checkHeld refuses to release what is not held.
func (w *Tx) checkHeld(at *subjects.Places, kind consent.Kind) error {
	if kind == consent.KindHold {
		return nil
	}
	folded, err := w.Subject(&at.Folded)
	if err != nil {
		return err
	}
	state, err := w.State(folded)
	if err != nil {
		return err
	}
	spelling, err := w.Spelling(folded, at.Address.Exact())
	if err != nil {
		return err
	}
	if state.Held(spelling.Sum) == nil {
		return fault.Errorf(fault.NotHeld, "address", "the address is not under a legal hold; nothing was recorded")
	}
	return nil
}

// Hold is a legal hold to place or to release.
type Hold struct {
	Address       string
	Justification string
	txn.Idempotency
}
