package recipient

import (
	"context"
	"errors"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/leaving"
)

// Named is what the token of a link names.
type Named struct {
	Address address.Address
	Channel string
	Decided consent.Instant // the end of the second in which the message was decided about
}

// Named returns what a token names. It changes nothing. The error is [ErrNonsense] for what leads to nothing, [ErrGone] where its
// person is not known any more, or a fault of ours.
func (l *Links) Named(ctx context.Context, text string) (Named, error) {
	h, err := l.find(ctx, text)
	if err != nil {
		return Named{}, err
	}
	return Named{Address: h.Address, Channel: h.channel, Decided: h.decided}, nil
}

// noteMailed is kept with what a mail to the address in List-Unsubscribe recorded.
const noteMailed = "a mail to the address of List-Unsubscribe (RFC 2369)"

// Mailed does for a mail to the address of List-Unsubscribe what OneClick does for a click. At is when the person wrote it, zero if that is not
// known: where the person came back to the channel since, what they wrote is out of date, and nothing is recorded. With dryRun it says what it
// would come to, and changes nothing.
func (l *Links) Mailed(ctx context.Context, text string, at consent.Instant, dryRun bool) (Outcome, error) {
	ctx = asRecipient(ctx)
	h, err := l.find(ctx, text)
	switch {
	case errors.Is(err, ErrGone):
		return Gone, nil
	case errors.Is(err, ErrNonsense):
		return Nonsense, nil
	case err != nil:
		return 0, err
	}
	judge := func(s *sight) (Outcome, error) { return l.judgeMailed(s, h, at) }
	if dryRun {
		seen, err := l.look(ctx, h)
		if err != nil {
			return 0, err
		}
		return judge(seen)
	}
	outcome, err := l.foresee(ctx, h, judge)
	if err != nil || outcome.recordsNothing() {
		return outcome, err
	}
	return l.write(ctx, h, func(w *transaction) (Outcome, error) {
		outcome, err := l.judgeMailed(&w.sight, h, at)
		if err != nil {
			return 0, err
		}
		switch outcome {
		case Done:
			if at != 0 {
				w.said = min(at, w.Recorded)
			}
			return outcome, w.leave(h.channel, By{}, noteMailed)
		case Unclear:
			return outcome, w.unclear(h.channel, By{})
		default:
			return outcome, nil
		}
	})
}

// judgeMailed says what a mail that the person wrote at a time comes to under what is known. A no of then or later that a consent has ended is the
// last word about it. Where they had not come back by then, it is clear what they meant, and what they recorded since decides what it is worth.
func (l *Links) judgeMailed(s *sight, h *holder, at consent.Instant) (Outcome, error) {
	outcome, err := l.judge(s, h)
	if err != nil || at == 0 || outcome.recordsNothing() {
		return outcome, err
	}
	rules, err := l.rulesOf(s, h)
	switch {
	case err != nil:
		return 0, err
	case leaving.CameBackAfter(rules, s.Known, at-1, s.at):
		return Known, nil
	case leaving.CameBackAfter(rules, s.Known, h.decided, at):
		return outcome, nil
	default:
		return Done, nil
	}
}
