package recipient

import (
	"context"
	"errors"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/leaving"
)

// Outcome is what a click came to.
type Outcome uint8

// The outcomes.
const (
	Done     Outcome = iota + 1 // what the person said was recorded
	Known                       // it stood already; nothing was recorded
	Unclear                     // the message is from before the person came back; sending is deferred
	Nonsense                    // the token leads to nothing; nothing was recorded
	Gone                        // the token was made here, but its person is not known any more; nothing was recorded
)

// String returns the name of the outcome, as in the metrics.
func (o Outcome) String() string {
	if names := [...]string{Done: "new", Known: "known", Unclear: "unclear", Nonsense: "nonsense", Gone: "gone"}; o >= Done && int(o) < len(names) {
		return names[o]
	}
	return "unknown"
}

// recordsNothing reports whether a click that comes to the outcome leaves everything as it is.
func (o Outcome) recordsNothing() bool { return o != Done && o != Unclear }

// OneClick refuses exactly the channel of the token (RFC 8058). Where the person came back to the channel after the message was decided about, it
// refuses nothing, and defers what is to be sent on the channel for [unclearDays]; of a channel that is not marketing nothing is ever deferred,
// so it is refused. A no that stands is not recorded again. An error is a fault of ours, such as STORE_UNAVAILABLE.
func (l *Links) OneClick(ctx context.Context, text string, by By) (Outcome, error) {
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
	outcome, err := l.foresee(ctx, h, func(s *sight) (Outcome, error) { return l.judge(s, h) })
	if err != nil || outcome.recordsNothing() {
		return outcome, err
	}
	return l.write(ctx, h, func(w *transaction) (Outcome, error) {
		outcome, err := l.judge(&w.sight, h)
		if err != nil {
			return 0, err
		}
		switch outcome {
		case Done:
			err = w.leave(h.channel, by, noteOneClick)
		case Unclear:
			err = w.unclear(h.channel, by)
		default:
		}
		return outcome, err
	})
}

// noteOneClick is kept with what a click recorded.
const noteOneClick = "one click on the link of a message (RFC 8058)"

// judge says what a click comes to under what is known.
func (l *Links) judge(s *sight, h *holder) (Outcome, error) {
	rules, err := l.rulesOf(s, h)
	switch {
	case errors.Is(err, ErrGone):
		return Gone, nil
	case errors.Is(err, ErrNonsense):
		return Nonsense, nil
	case err != nil:
		return 0, err
	case leaving.Refused(rules, s.Known, s.at):
		return Known, nil
	case !l.isOld(rules, s, h):
		return Done, nil
	case leaving.IsUnclear(rules, s.Known, s.at):
		return Known, nil
	default:
		return Unclear, nil
	}
}

// isOld reports whether the message is from before the person came back to its channel. Of one that is not marketing none is: nothing could be
// deferred there.
func (l *Links) isOld(rules *consent.Rules, s *sight, h *holder) bool {
	return rules.IsMarketing() && leaving.CameBackAfter(rules, s.Known, h.decided, s.at)
}

func channelScope(channel string) consent.Scope {
	return consent.Scope(consent.ScopeChannel + ":" + channel)
}
