package service

import (
	"context"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
)

// maxReason is how long the reason of an officer may be, in bytes.
const maxReason = 2048

// checkReason refuses a reason that is missing or could name whom it is about: it stays when the person is erased.
func checkReason(reason string) error {
	problem := consent.TextProblem(reason, maxReason)
	switch {
	case strings.TrimSpace(reason) == "":
		return fault.Errorf(fault.InvalidEvidence, "justification", "say why; it is kept with the event")
	case problem != "":
		return fault.Errorf(fault.InvalidEvidence, "justification", "the text %s", problem)
	case strings.Contains(reason, "@"):
		return fault.Errorf(fault.InvalidEvidence, "justification",
			"the text must not hold an address, for it is kept when the person is erased; name a case or a ticket")
	default:
		return nil
	}
}

// PlaceHold puts an address under a legal hold: nothing of it is erased or removed until that is released. Errors: INVALID_ADDRESS,
// INVALID_EVIDENCE.
func (s *Service) PlaceHold(ctx context.Context, in Hold) (Recorded, error) {
	return s.hold(ctx, &in, consent.KindHold)
}

// ReleaseHold ends the legal holds of an address. Errors: INVALID_ADDRESS, INVALID_EVIDENCE, NOT_HELD.
func (s *Service) ReleaseHold(ctx context.Context, in Hold) (Recorded, error) {
	return s.hold(ctx, &in, consent.KindRelease)
}

// hold records a hold, or its end, for the exact subject and the folded one, so that whoever has either of them sees it.
func (s *Service) hold(ctx context.Context, in *Hold, kind consent.Kind) (Recorded, error) {
	m := member{}
	at, err := s.holdPlaces(in, &m)
	return idempotent(ctx, s, &m, in.Idempotency, err, func(w *work) (Recorded, bool, error) {
		if err := w.who.needOfficer(); err != nil {
			return Recorded{}, false, err
		}
		if err := w.holdable(at, kind); err != nil {
			return Recorded{}, false, err
		}
		var recorded Recorded
		for _, part := range []struct {
			form consent.Form
			at   *place
		}{{consent.FormFolded, &at.folded}, {consent.FormExact, &at.exact}} {
			entry := &statement.Entry{
				Form: part.form, Address: at.address, Facts: consent.Facts{Kind: kind},
				Evidence: consent.Evidence{Justification: in.Justification},
			}
			var err error
			if recorded.Position, err = w.recordNow(part.at, entry); err != nil {
				return Recorded{}, false, err
			}
		}
		return recorded, true, nil
	})
}

func (s *Service) holdPlaces(in *Hold, m *member) (*places, error) {
	if err := checkReason(in.Justification); err != nil {
		return nil, err
	}
	a, err := parseAddress(in.Address)
	if err != nil {
		return nil, err
	}
	l := s.locator(1)
	at, err := l.places(a, false)
	m.load.Subjects = slices.Concat(at.exact.keys, at.folded.keys)
	return &at, err
}

// holdable refuses to release what is not held.
func (w *work) holdable(at *places, kind consent.Kind) error {
	if kind == consent.KindHold {
		return nil
	}
	folded, err := w.subject(&at.folded)
	if err != nil {
		return err
	}
	state, err := w.state(folded)
	if err != nil {
		return err
	}
	spelling, err := w.spelling(folded, at.address.Exact())
	if err != nil {
		return err
	}
	if state.Held(spelling.Sum) == nil {
		return fault.Errorf(fault.NotHeld, "address", "the address is under no legal hold; nothing was recorded")
	}
	return nil
}
