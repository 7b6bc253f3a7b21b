package recipient

import (
	"context"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/leaving"
	"github.com/assent-io/assent/internal/consent/operational"
	"github.com/assent-io/assent/internal/consent/standing"
	"github.com/assent-io/assent/internal/service/recipient/concerns"
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
	// CanEndAll says that an act against all marketing would change something. That it does also where no row is of a marketing channel: who gets
	// invoices may say no to all marketing that is to come (GDPR Art. 21(2)).
	CanEndAll bool
	Wish      concerns.Wish
	// OpensCases says that the person can complain, and ask what is held about them.
	OpensCases bool
	Cases      []concerns.Case // of the person, the last one first
	About      *concerns.Case  // that an act opened, or found open already; nil: it opened none
	// Now is when the page was made.
	Now consent.Instant
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
	return l.view(ctx, h, seen, "")
}

// view returns what the page shows. A channel that an act was about is on it, too, so that the answer to the act has its name and state: it may have
// been retired since the page was opened.
func (l *Links) view(ctx context.Context, h *holder, s *sight, acted string) (*View, error) {
	rules, err := l.rulesOf(s, h)
	if err != nil {
		return nil, err
	}
	v := &View{Address: Mask(h.Address.Exact()), Channel: h.channel, Old: l.isOld(rules, s, h), OpensCases: l.opts.Concerns.Cases != nil, Now: s.at}
	v.Controller, _ = s.catalog.Controller(rules.Channel().Controller)
	if v.CanEndAll, err = l.canEndAll(s, h); err != nil {
		return nil, err
	}
	if v.Wish, err = l.opts.Concerns.WishOf(ctx, h.Address, s.catalog, v.CanEndAll); err != nil {
		return nil, err
	}
	if v.Cases, err = l.opts.Concerns.CasesOf(ctx, h.Address, v.Controller.ID); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(s.catalog.Channels, func(ch catalog.Channel) bool { return ch.ConsentLapsesFrom == catalog.FromLastContact }) {
		if s.Contacts, err = l.memory.ContactsOf(ctx, h.Address); err != nil {
			return nil, err
		}
	}
	for i := range s.catalog.Channels {
		ch := &s.catalog.Channels[i]
		if !ch.Refusable || ch.Controller != rules.Channel().Controller || ch.ID != h.channel && ch.ID != acted && !s.concerns(ch) {
			continue
		}
		row, err := l.row(ctx, h, s, ch)
		if err != nil {
			return nil, err
		}
		v.Rows = append(v.Rows, row)
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
	d := operational.Decide(rules, h.Address, s.Known, s.at)
	if d.Reason == consent.CodeNotCleared || d.Reason == consent.CodeFreeze || d.Reason == consent.CodeQuietHours {
		d = rules.Decide(h.Address, s.Known, s.at) // When messages go out is no choice of the person.
	}
	if g := s.lastGrant(ch.ID, d.Position); g != nil {
		row.Basis, row.Since = g.Basis, g.At
	}
	pause, err := l.pauses(ctx, h, s, ch.ID)
	if err != nil {
		return Row{}, err
	}
	refused := leaving.Refused(rules, s.Known, s.at)
	switch {
	case refused, slices.ContainsFunc(d.Reasons, saysNo):
		row.State = Left
	case pause.own != 0 && !pause.others:
		row.State, row.Until = Paused, pause.own
	case d.Reason == consent.CodeUnclear:
		row.State = Asked
		row.Until, _ = leaving.UnclearUntil(rules, s.Known, s.at)
	case d.Verdict == consent.Allow, !rules.IsMarketing() && aboutReferenceOnly(&d):
		row.State = Receiving
	}
	row.CanLeave = row.State != Left
	row.CanPause = row.State == Receiving && !ch.Retired
	row.CanResume = row.State == Paused
	row.CanKeep = row.State == Asked && leaving.IsUnclear(rules, s.Known, s.at)
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
