package recipient

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/leaving"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/recipient/concerns"
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

	ActLessOften Action = "less_often" // at most one message of marketing within some days
	ActAsOften   Action = "as_often"   // as much marketing as before that
	ActComplain  Action = "complain"   // of the message that the link was in
	ActAskAccess Action = "access"     // what is held about the person (GDPR Art. 15)
)

// Act is one act of a person on the page of a link.
type Act struct {
	Action  Action
	Channel string // of keep, leave, pause and resume
	Months  int    // of a pause: 1 to 6
	Days    int    // of less_often: one of [concerns.WishDays]
	Text    string // of a complaint: at most [concerns.MaxComplaint] characters
	Subject string // of a complaint and a request for access: what it is called where it is answered
	By      By
}

// maxPause is how many months a pause has at most.
const maxPause = 6

// Do carries out an act and returns what the page shows after it, and whether anything was recorded: what stands already is not recorded
// again. The error is [ErrNonsense]; INVALID_REQUEST for an act that the page does not offer, of the field text for a complaint without a text
// or with a long one; [concerns.ErrManyCases]; or a fault of ours.
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
	changed, about, err := l.perform(ctx, h, &act)
	if err != nil {
		return nil, false, err
	}
	after, err := l.look(ctx, h)
	if err != nil {
		return nil, changed, err
	}
	v, err := l.view(ctx, h, after, act.Channel)
	if err != nil {
		return nil, changed, err
	}
	v.About = about
	return v, changed, nil
}

// perform carries out an act under the lock, and returns whether anything was recorded, and the case that it opened or found open.
func (l *Links) perform(ctx context.Context, h *holder, act *Act) (bool, *concerns.Case, error) {
	var about atomic.Pointer[concerns.Case]
	var many atomic.Bool
	outcome, err := l.write(ctx, h, func(w *transaction) (Outcome, error) {
		if err := l.offers(&w.sight, h, act); err != nil {
			return 0, err
		}
		if act.kind() == "" {
			changed, err := l.carryOut(w, act)
			return newOr(changed), err
		}
		c, opened, err := l.opts.Concerns.OpenCase(w.Tx, concerns.NewCase{
			Kind: act.kind(), Address: h.Address, Channel: h.channel, Subject: act.Subject, Text: act.Text,
		})
		if errors.Is(err, concerns.ErrManyCases) {
			many.Store(true)
			return Known, nil // It is no fault that would end the transaction, which others share.
		}
		about.Store(&c)
		return newOr(opened), err
	})
	switch {
	case err != nil:
		return false, nil, err
	case outcome == Nonsense:
		return false, nil, ErrNonsense
	case many.Load():
		return false, nil, concerns.ErrManyCases
	default:
		return outcome == Done, about.Load(), nil
	}
}

// kind returns the kind of the case that the act opens; empty: it opens none.
func (a *Act) kind() casework.Kind {
	switch a.Action {
	case ActComplain:
		return casework.Complaint
	case ActAskAccess:
		return casework.Access
	default:
		return ""
	}
}

// days returns within how many days the person wants one message at most; 0: as many as before.
func (a *Act) days() int {
	if a.Action == ActAsOften {
		return 0
	}
	return cmp.Or(a.Days, -1) // An act that says nothing takes nothing back.
}

// offers refuses an act that no page of the link could offer: on a channel that cannot be refused, or of another controller.
func (l *Links) offers(s *sight, h *holder, act *Act) error {
	rules, err := l.rulesOf(s, h)
	if err != nil {
		return err
	}
	switch act.Action {
	case ActEndAll:
		return nil
	case ActLessOften, ActAsOften:
		return l.opts.Concerns.CheckWish(s.catalog, act.days())
	case ActComplain, ActAskAccess:
		return l.opts.Concerns.CheckCase(act.kind(), act.Text)
	case ActLeave, ActKeep, ActResume:
	case ActPause:
		if act.Months < 1 || act.Months > maxPause {
			return fault.Errorf(fault.InvalidRequest, "months", "a pause has 1 to %d months", maxPause)
		}
	default:
		return fault.Errorf(fault.InvalidRequest, "action", "the action must be one of end_all, leave, keep, pause, resume, less_often, as_often, complain, access")
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
		if err != nil || leaving.Refused(rules, w.Known, w.at) {
			return false, err
		}
		return true, w.leave(act.Channel, act.By, notePage)
	case ActKeep:
		rules, err := l.refusable(w.catalog, act.Channel)
		if err != nil || !leaving.IsUnclear(rules, w.Known, w.at) {
			return false, err
		}
		return true, w.clear(act.Channel, act.By, notePage)
	case ActPause:
		return w.pause(scope, act)
	case ActLessOften, ActAsOften:
		return l.opts.Concerns.PutWish(w.Tx, w.holder.Address, act.days())
	default:
		return w.resume(scope, act)
	}
}

// endAll records an objection to all marketing, unless one stands that no consent has ended on any channel, and ends what was unclear about the
// channels that it reaches.
func (l *Links) endAll(w *transaction, act *Act) (bool, error) {
	scope := marketingOf(w.catalog, w.holder.channel)
	ended, err := l.allEnded(&w.sight, w.holder)
	if err != nil {
		return false, err
	}
	reached, err := l.reachedBy(w.catalog, scope)
	if err != nil {
		return false, err
	}
	for _, rules := range reached {
		if err := w.clear(rules.Channel().ID, act.By, notePage); err != nil {
			return false, err
		}
	}
	if ended {
		return false, nil
	}
	return true, w.endAll(scope, act.By)
}

// allEnded reports whether an objection to all marketing of the controller stands that no consent has ended on any channel.
func (l *Links) allEnded(s *sight, h *holder) (bool, error) {
	scope := marketingOf(s.catalog, h.channel)
	if len(s.Own(consent.ReasonObjection, scope, s.at)) == 0 {
		return false, nil
	}
	reached, err := l.reachedBy(s.catalog, scope)
	return err == nil && !slices.ContainsFunc(reached, func(r *consent.Rules) bool { return !leaving.Objected(r, s.Known, s.at) }), err
}

// canEndAll reports whether the controller has marketing, and it has not all been ended.
func (l *Links) canEndAll(s *sight, h *holder) (bool, error) {
	ended, err := l.allEnded(s, h)
	if err != nil || ended {
		return false, err
	}
	reached, err := l.reachedBy(s.catalog, marketingOf(s.catalog, h.channel))
	return len(reached) > 0, err
}

// reachedBy returns the rules of the marketing channels that a scope reaches.
func (l *Links) reachedBy(cat *catalog.Catalog, scope consent.Scope) ([]*consent.Rules, error) {
	var reached []*consent.Rules
	for i := range cat.Channels {
		rules, err := l.reader.Rulebook.Rules(cat, consent.Request{Channel: cat.Channels[i].ID})
		if err != nil {
			return nil, err
		}
		if rules.IsMarketing() && rules.Covers(scope) {
			reached = append(reached, rules)
		}
	}
	return reached, nil
}

// pause suppresses a channel for some months. Of one that the person's own pause lasts through nothing is recorded, if it ends on the same day; a
// shorter one takes the place of a longer one of the person. What others recorded stays beside it.
func (w *transaction) pause(scope consent.Scope, act *Act) (bool, error) {
	until := w.Recorded.Plus(period.Months(int64(act.Months)))
	found, err := w.pauses(scope)
	if err != nil {
		return false, err
	}
	if found.own != 0 && sameDay(found.own, until) {
		return false, nil
	}
	if _, err := w.resume(scope, act); err != nil {
		return false, err
	}
	return true, w.state(statement.Statement{Kind: consent.KindSuppress, Reason: consent.ReasonManual, Scope: scope, Expires: until}, act.By, notePage)
}

// resume ends the pause of a channel, if nothing else would end with it.
func (w *transaction) resume(scope consent.Scope, act *Act) (bool, error) {
	found, err := w.pauses(scope)
	if err != nil || found.own == 0 || found.others {
		return false, err
	}
	return true, w.state(statement.Statement{Kind: consent.KindLift, Reason: consent.ReasonManual, Scope: scope}, act.By, notePage)
}

// pauses returns the pauses of a scope under the lock.
func (w *transaction) pauses(scope consent.Scope) (pauses, error) {
	folded, err := w.Subject(&w.holder.Folded)
	if err != nil {
		return pauses{}, err
	}
	events, err := w.EventsOf(folded)
	if err != nil {
		return pauses{}, err
	}
	return pausesIn(events[folded], scope, &w.sight), nil
}

// sameDay reports whether two instants are on one day, in UTC.
func sameDay(a, b consent.Instant) bool { return a/day == b/day }
