package recipient

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/period"
)

// Action is what a person can do on the page.
type Action string

// The actions.
const (
	ActEndAll Action = "end_all" // no marketing any more
	ActLeave  Action = "leave"   // a channel
	ActKeep   Action = "keep"    // a channel of which it is unclear whether the person wants to leave it
	ActPause  Action = "pause"   // a channel, for a while
	ActResume Action = "resume"  // a channel that is paused
)

// Act is one act of a person on the page of a link.
type Act struct {
	Action  Action
	Channel string // of each action but end_all
	Months  int    // of a pause: 1 to 6
	By      By
}

// maxPause is how many months a pause has at most.
const maxPause = 6

// Do carries out an act and returns what the page shows after it, and whether anything was recorded: what stands already is not recorded
// again. The error is [ErrNonsense], INVALID_REQUEST for an act that the page does not offer, or a fault of ours.
func (l *Links) Do(ctx context.Context, text string, act Act) (*View, bool, error) {
	ctx = asRecipient(ctx)
	h, err := l.find(ctx, text)
	if err != nil {
		return nil, false, err
	}
	before, err := l.look(ctx, h)
	if err != nil {
		return nil, false, err
	}
	if err := l.offers(before, h, &act); err != nil {
		return nil, false, err
	}
	changed := false
	if err := l.write(ctx, h, func(w *transaction) (err error) {
		changed, err = l.carryOut(w, &act)
		return err
	}); err != nil {
		return nil, false, err
	}
	after, err := l.look(ctx, h)
	if err != nil {
		return nil, changed, err
	}
	v, err := l.view(ctx, h, after)
	return v, changed, err
}

// offers refuses an act that no page of the link could offer: on a channel that cannot be refused, or of another controller.
func (l *Links) offers(s *sight, h *holder, act *Act) error {
	rules, err := l.refusable(s.catalog, h.channel)
	if err != nil {
		return err
	}
	switch act.Action {
	case ActEndAll:
		return nil
	case ActLeave, ActKeep, ActResume:
	case ActPause:
		if act.Months < 1 || act.Months > maxPause {
			return fault.Errorf(fault.InvalidRequest, "months", "a pause has 1 to %d months", maxPause)
		}
	default:
		return fault.Errorf(fault.InvalidRequest, "action", "the action must be one of end_all, leave, keep, pause, resume")
	}
	ch, ok := s.catalog.Channel(act.Channel)
	if !ok || !ch.Refusable || ch.Controller != rules.Channel().Controller {
		return fault.Errorf(fault.InvalidRequest, "channel", "the page does not show this channel")
	}
	return nil
}

// carryOut records what the act says, unless it stands already.
func (l *Links) carryOut(w *transaction, act *Act) (changed bool, err error) {
	scope := channelScope(act.Channel)
	switch act.Action {
	case ActEndAll:
		return l.endAll(w, act)
	case ActLeave:
		rules, err := l.refusable(w.catalog, act.Channel)
		if err != nil || rules.Refused(w.Known, w.at) {
			return false, err
		}
		return true, w.leave(act.Channel, act.By, notePage)
	case ActKeep:
		changed = len(w.Own(consent.ReasonUnsubscribeUnclear, scope, w.at)) > 0
		return changed, w.clear(act.Channel, act.By, notePage)
	case ActPause:
		return w.pause(scope, act)
	default:
		return w.resume(scope, act)
	}
}

// endAll records an objection to all marketing, unless one stands that no consent has ended on any channel.
func (l *Links) endAll(w *transaction, act *Act) (bool, error) {
	scope := marketingOf(w.catalog, w.holder.channel)
	stands := len(w.Own(consent.ReasonObjection, scope, w.at)) > 0
	for i := range w.catalog.Channels {
		ch := &w.catalog.Channels[i]
		rules, err := l.reader.Rulebook.Rules(w.catalog, consent.Request{Channel: ch.ID})
		if err != nil {
			return false, err
		}
		if !rules.IsMarketing() || !rules.Covers(scope) {
			continue
		}
		stands = stands && rules.Objected(w.Known, w.at)
		if err := w.clear(ch.ID, act.By, notePage); err != nil {
			return false, err
		}
	}
	if stands {
		return false, nil
	}
	return true, w.endAll(scope, act.By)
}

// pause suppresses a channel for some months. Of a pause that lasts as long nothing is recorded; a shorter one takes the place of the person's
// own longer one.
func (w *transaction) pause(scope consent.Scope, act *Act) (bool, error) {
	until := w.Recorded.Plus(period.Months(int64(act.Months)))
	for _, p := range w.Own(consent.ReasonManual, scope, w.at) {
		if p.Until == 0 || p.Until == until {
			return false, nil
		}
	}
	if _, err := w.resume(scope, act); err != nil {
		return false, err
	}
	return true, w.state(statement.Statement{Kind: consent.KindSuppress, Reason: consent.ReasonManual, Scope: scope, Expires: until}, act.By, notePage)
}

// resume ends the pauses of a channel, if nothing else would end with them.
func (w *transaction) resume(scope consent.Scope, act *Act) (bool, error) {
	paused := w.Own(consent.ReasonManual, scope, w.at)
	for _, p := range paused {
		if own, err := w.isOwn(p.Position); err != nil || !own {
			return false, err
		}
	}
	if len(paused) == 0 {
		return false, nil
	}
	return true, w.state(statement.Statement{Kind: consent.KindLift, Reason: consent.ReasonManual, Scope: scope}, act.By, notePage)
}
