package recipient

import (
	"context"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/standing"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
)

// State is how a channel stands for a person.
type State uint8

// The states.
const (
	Receiving State = iota + 1 // messages may be sent
	Left                       // the person refused it, or all marketing
	Paused                     // the person paused it until a time
	Asked                      // it is unclear whether the person wants to leave; nothing is sent meanwhile
	Inactive                   // nothing is sent at present, for another reason
)

// Row is a channel as the page shows it.
type Row struct {
	Channel    *catalog.Channel
	Department *catalog.Department
	State      State
	Until      consent.Instant // of what is paused or asked: when it ends
	// Basis is the legal basis of what was granted last, and Since when it was; zero where nothing was.
	Basis catalog.Basis
	Since consent.Instant
	// CanLeave, CanPause, CanResume and CanKeep say which acts would change something.
	CanLeave, CanPause, CanResume, CanKeep bool
}

// View is what the page of a link shows.
type View struct {
	Address    string // masked
	Controller *catalog.Controller
	Channel    string // of the message that the link was in
	Rows       []Row  // that channel first
	// CanEndAll says that an act against all marketing would change something.
	CanEndAll bool
	// Old says that the message is from before the person came back to its channel.
	Old bool
}

// View returns what the page of a link shows. It changes nothing. The error is [ErrNonsense], or a fault of ours.
func (l *Links) View(ctx context.Context, text string) (*View, error) {
	ctx = asRecipient(ctx)
	h, err := l.find(ctx, text)
	if err != nil {
		return nil, err
	}
	seen, err := l.look(ctx, h)
	if err != nil {
		return nil, err
	}
	return l.view(ctx, h, seen)
}

func (l *Links) view(ctx context.Context, h *holder, s *sight) (*View, error) {
	rules, err := l.refusable(s.catalog, h.channel)
	if err != nil {
		return nil, err
	}
	v := &View{Address: Mask(h.Address.Exact()), Channel: h.channel, Old: l.isOld(rules, s, h)}
	v.Controller, _ = s.catalog.Controller(rules.Channel().Controller)
	objected := len(s.Own(consent.ReasonObjection, marketingOf(s.catalog, h.channel), s.at)) > 0
	for i := range s.catalog.Channels {
		ch := &s.catalog.Channels[i]
		if !ch.Refusable || ch.Controller != rules.Channel().Controller || ch.ID != h.channel && !s.concerns(ch) {
			continue
		}
		row, err := l.row(ctx, h, s, ch)
		if err != nil {
			return nil, err
		}
		v.Rows = append(v.Rows, row)
		if ch.Class == catalog.ClassMarketing && (row.State != Left || !objected) {
			v.CanEndAll = true
		}
	}
	slices.SortStableFunc(v.Rows, func(a, b Row) int {
		switch {
		case a.Channel.ID == h.channel:
			return -1
		case b.Channel.ID == h.channel:
			return 1
		default:
			return 0
		}
	})
	return v, nil
}

// concerns reports whether anything was granted to, or refused of, a channel that is in use.
func (s *sight) concerns(ch *catalog.Channel) bool {
	on := standing.Of(s.Known, ch.ID, s.at)
	return !ch.Retired && (len(on.Grants) > 0 || on.Refused != 0)
}

// row says how a channel stands.
func (l *Links) row(ctx context.Context, h *holder, s *sight, ch *catalog.Channel) (Row, error) {
	row := Row{Channel: ch, State: Inactive}
	row.Department, _ = s.catalog.Department(ch.Department)
	rules, err := l.reader.Rulebook.Rules(s.catalog, consent.Request{Channel: ch.ID})
	if err != nil {
		return Row{}, err
	}
	d := rules.DecideToSend(h.Address, s.Known, s.at)
	if g := s.lastGrant(ch.ID, d.Position); g != nil {
		row.Basis, row.Since = g.Basis, g.At
	}
	pause, own, err := l.pauseOf(ctx, s, ch.ID)
	if err != nil {
		return Row{}, err
	}
	clicked := s.Own(consent.ReasonUnsubscribeUnclear, channelScope(ch.ID), s.at)
	refused := rules.Refused(s.Known, s.at)
	switch {
	case refused, slices.ContainsFunc(d.Reasons, saysNo):
		row.State = Left
	case pause != nil && own:
		row.State, row.Until = Paused, pause.Until
	case d.Reason == consent.CodeUnclear:
		row.State, row.Until = Asked, d.Retry
	case d.Verdict == consent.Allow, !rules.IsMarketing() && aboutReferenceOnly(&d):
		row.State = Receiving
	}
	row.CanLeave = row.State != Left
	row.CanPause = row.State == Receiving && !ch.Retired
	row.CanResume = row.State == Paused
	row.CanKeep = row.State == Asked && len(clicked) > 0
	return row, nil
}

// saysNo reports whether the code is that of a no of the person.
func saysNo(code consent.Code) bool {
	switch code {
	case consent.CodeObjection, consent.CodeComplaint, consent.CodeErased, consent.CodeWithdrawn, consent.CodeRefused:
		return true
	default:
		return false
	}
}

// aboutReferenceOnly reports whether nothing but the reference of a message is missing, which the page cannot know.
func aboutReferenceOnly(d *consent.Decision) bool {
	return !slices.ContainsFunc(d.Reasons, func(code consent.Code) bool {
		return code != consent.CodeReferenceMissing && code != consent.CodeReferenceInvalid
	})
}

// lastGrant returns the grant at a position; where that is none, the latest on the channel; nil if there is none.
func (s *sight) lastGrant(channel string, position int64) *consent.Grant {
	grants := standing.Of(s.Known, channel, s.at).Grants
	for i := range grants {
		if grants[i].Position == position {
			return &grants[i]
		}
	}
	if len(grants) == 0 {
		return nil
	}
	return &grants[len(grants)-1]
}

// pauseOf returns a manual suppression of the channel that was recorded for the very address, and whether all of these are the person's own: a
// lift ends them all.
func (l *Links) pauseOf(ctx context.Context, s *sight, channel string) (last *consent.Suppression, own bool, err error) {
	all := s.Own(consent.ReasonManual, channelScope(channel), s.at)
	for i := range all {
		_, records, err := l.Store.Ledger(ctx, all[i].Position-1, 1)
		if err != nil {
			return nil, false, env.StoreFault(err)
		}
		if len(records) == 0 || records[0].Event.Position != all[i].Position || records[0].Event.Actor != access.RecipientID {
			return &all[i], false, nil
		}
		if last == nil || all[i].Until > last.Until {
			last = &all[i]
		}
	}
	return last, last != nil, nil
}

// Mask returns an exact address as it may be shown to those to whom a message was forwarded: the first letters of its parts, and its top-level
// domain.
func Mask(exact string) string {
	const hidden = "•••"
	at := strings.LastIndexByte(exact, '@')
	if at < 0 {
		return hidden
	}
	local, domain := exact[:at], exact[at+1:]
	top := ""
	if dot := strings.LastIndexByte(domain, '.'); dot >= 0 {
		domain, top = domain[:dot], domain[dot:]
	}
	return first(local) + hidden + "@" + first(domain) + hidden + top
}

func first(text string) string {
	for _, r := range text {
		return string(r)
	}
	return ""
}
