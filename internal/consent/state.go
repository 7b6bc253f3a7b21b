package consent

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
)

// State is the fold of one subject's events: what has to be known of them to decide for any time from the last of them on.
// What can no longer change an answer is left out. Slices are in the order in which their events count, the last last.
type State struct {
	Last         Instant // occurrence of the last event folded
	Grants       []Grant
	Pending      []Pending // at most one for a channel
	Refusals     []Refusal // the last for a channel and what it holds for
	Suppressions []Suppression
	Erasures     []Erasure // the last for a spelling
	Mails        []Mail    // of the last 30 days before Last
	Holds        []Hold    // legal holds that were not released
	Moves        []Moved   // to where the person moved away
	Links        []Link    // other addresses of the person
	Voided       []BatchID // batches that are left out, in order: their events may still come
}

// Reset empties the state and keeps the memory of its lists for what is put into them next.
func (s *State) Reset() {
	s.Last = 0
	s.Grants, s.Pending, s.Refusals, s.Suppressions = s.Grants[:0], s.Pending[:0], s.Refusals[:0], s.Suppressions[:0]
	s.Erasures, s.Mails, s.Holds, s.Moves = s.Erasures[:0], s.Mails[:0], s.Holds[:0], s.Moves[:0]
	s.Links, s.Voided = s.Links[:0], s.Voided[:0]
}

// Clone returns a copy that events may be applied to.
func (s *State) Clone() *State {
	return &State{
		Last: s.Last, Grants: slices.Clone(s.Grants), Pending: slices.Clone(s.Pending), Refusals: slices.Clone(s.Refusals),
		Suppressions: slices.Clone(s.Suppressions), Erasures: slices.Clone(s.Erasures), Mails: slices.Clone(s.Mails),
		Holds: slices.Clone(s.Holds), Moves: slices.Clone(s.Moves), Links: slices.Clone(s.Links), Voided: slices.Clone(s.Voided),
	}
}

// Grant is a legal basis that was given for some channels.
type Grant struct {
	Position    int64
	Channels    []string
	Basis       catalog.Basis
	Declaration Declaration
	Source      string
	Origin      Instant // of a confirmed request the request's time; else the same as At
	At          Instant // its own time
	Confirmed   Instant
	Expires     Instant
	Transaction bool
	Document    bool
	Notice      bool
	NoticeShown Declaration
	Details     Details // of a confirmed request those of either
	Goods       []string
}

// Begin is the instant from which a consent counts: wherever it must be later than something, it must begin later.
func (g *Grant) Begin() Instant { return Earliest(g.Origin, g.At, g.Confirmed) }

// On reports whether g is for the channel.
func (g *Grant) On(channel string) bool { return slices.Contains(g.Channels, channel) }

// Pending is a double opt-in that waits for its confirmation.
type Pending struct {
	Position    int64
	Channel     string
	Declaration Declaration
	Source      string
	Details     Details
	Document    bool
	At          Instant
	Expires     Instant
}

// Refusal is the last no to a channel.
type Refusal struct {
	Channel  string
	At       Instant
	Withdrew bool     // what was granted; else it never was
	Only     [16]byte // the only spelling it holds for; zero: all
}

// Suppression forbids contact until it ends.
type Suppression struct {
	Position int64
	Reason   Reason
	Scope    Scope
	At       Instant
	Until    Instant
	List     string
	Binds    Binds
	Spelling [16]byte // that it was recorded for; zero of a domain
}

// Erasure is the last erasure of a spelling.
type Erasure struct {
	Spelling [16]byte
	At       Instant
}

// Mail is a confirmation mail that was allowed.
type Mail struct {
	Channel string
	At      Instant
}

// Hold is a legal hold: nothing of the spelling may be erased.
type Hold struct {
	Position int64    // of the event; its sealed evidence says why
	Spelling [16]byte // zero of an exact subject, which has one only
	At       Instant
}

// Moved is a change of address away from the spelling. Where to stands in the sealed evidence of the event.
type Moved struct {
	Position int64
	Spelling [16]byte
	At       Instant
}

// Link says that another address is of the same person: what blocks one of the two blocks both.
type Link struct {
	Position int64
	With     Linked
	At       Instant
}

// MailWindow is how long a confirmation mail counts.
const MailWindow = 30 * 24 * 60 * 60 * 1_000_000

// Fold returns the state after the events, which it sorts into the order in which they count. What a void among them leaves out
// counts as never made.
func Fold(events []Event) *State {
	var s State
	for i := range events {
		if events[i].VoidBatch != (BatchID{}) {
			s.Voided = append(s.Voided, events[i].VoidBatch)
		}
	}
	slices.SortFunc(s.Voided, func(a, b BatchID) int { return bytes.Compare(a[:], b[:]) })
	s.Voided = slices.Compact(s.Voided)
	events = WithoutVoided(events)
	slices.SortFunc(events, func(a, b Event) int { return Compare(&a, &b) })
	for i := range events {
		s.fold(&events[i])
	}
	return &s
}

// WithoutVoided returns the events but for the voids and what they leave out.
func WithoutVoided(events []Event) []Event {
	var positions map[int64]bool
	var batches map[BatchID]bool
	for i := range events {
		if e := &events[i]; e.Kind == KindVoid {
			if positions == nil {
				positions, batches = map[int64]bool{}, map[BatchID]bool{}
			}
			positions[e.VoidPosition] = e.VoidPosition != 0
			batches[e.VoidBatch] = e.VoidBatch != BatchID{}
		}
	}
	if positions == nil {
		return events
	}
	return slices.DeleteFunc(events, func(e Event) bool {
		return e.Kind == KindVoid || e.Voidable() && (positions[e.Position] || batches[e.Batch] ||
			slices.ContainsFunc(e.Was, func(was int64) bool { return positions[was] }))
	})
}

// LeavesOut reports whether e is a void that leaves the other event of its subject out.
func (e *Event) LeavesOut(other *Event) bool {
	if e.Kind != KindVoid || !other.Voidable() {
		return false
	}
	if e.VoidPosition == 0 {
		return other.Batch == e.VoidBatch
	}
	return other.Position == e.VoidPosition || slices.Contains(other.Was, e.VoidPosition)
}

// Voidable reports whether a void may leave the event out, as [Kind.Voidable].
func (e *Event) Voidable() bool { return e.Kind.Voidable() }

// Apply folds e into s if e is later than everything in s, leaves nothing of it out and is not left out itself. It reports false,
// and leaves s as it was, if not: then the subject's events have to be folded anew.
func (s *State) Apply(e *Event) bool {
	if e.Occurred <= s.Last || e.Kind == KindVoid || slices.Contains(s.Voided, e.Batch) {
		return false
	}
	s.fold(e)
	return true
}

func (s *State) fold(e *Event) {
	s.Last = e.Occurred
	s.prune()
	switch e.Kind {
	case KindRequest:
		s.dropPending(e.Channels[0])
		s.Pending = append(s.Pending, Pending{
			Position: e.Position, Channel: e.Channels[0], Declaration: e.Declaration, Source: e.Source, Details: e.Details,
			Document: e.Document, At: e.Occurred, Expires: e.Expires,
		})
	case KindGrant:
		g := GrantOf(e)
		s.addGrant(&g)
	case KindConfirm:
		s.confirm(e)
	case KindWithdraw, KindRefuse:
		s.refuse(e)
	case KindSuppress:
		s.suppress(&Suppression{
			Position: e.Position, Reason: e.Reason, Scope: e.Scope, At: e.Occurred, Until: e.Expires,
			List: e.List, Binds: e.Binds, Spelling: e.Spelling.Sum,
		})
	case KindLift:
		s.lift(e)
	case KindErase:
		s.Erasures = slices.DeleteFunc(s.Erasures, func(x Erasure) bool { return x.Spelling == e.Spelling.Sum })
		s.Erasures = append(s.Erasures, Erasure{Spelling: e.Spelling.Sum, At: e.Occurred})
		s.suppress(&Suppression{
			Position: e.Position, Reason: ReasonErased, Scope: ScopeMarketing, At: e.Occurred, Spelling: e.Spelling.Sum,
		})
	case KindMail:
		s.Mails = append(s.Mails, Mail{Channel: e.Channels[0], At: e.Occurred})
	case KindHold:
		s.Holds = append(s.Holds, Hold{Position: e.Position, Spelling: e.Spelling.Sum, At: e.Occurred})
	case KindRelease:
		s.Holds = slices.DeleteFunc(s.Holds, func(h Hold) bool { return h.Spelling == e.Spelling.Sum })
	case KindMove:
		if e.Move == MovedAway {
			s.Moves = append(s.Moves, Moved{Position: e.Position, Spelling: e.Spelling.Sum, At: e.Occurred})
		}
	case KindLink, KindUnlink:
		s.Links = slices.DeleteFunc(s.Links, func(l Link) bool { return l.With.Folded == e.Linked.Folded })
		if e.Kind == KindLink {
			s.Links = append(s.Links, Link{Position: e.Position, With: e.Linked, At: e.Occurred})
		}
	case KindCatalog, KindRemoval, KindUndo, KindVoid, KindList, KindRuling: // belong to no subject; a void has done its work before
	}
}

// ConfirmationOf returns where the request stands now that was recorded at a position, for an erasure may have recorded it anew, and
// the position of the confirmation that took it. Each is 0 if there is none.
func ConfirmationOf(events []Event, recordedAt int64) (request, confirmation int64) {
	var s State
	events = WithoutVoided(slices.Clone(events))
	slices.SortFunc(events, func(a, b Event) int { return Compare(&a, &b) })
	for i := range events {
		e := &events[i]
		if e.Kind == KindRequest && (e.Position == recordedAt || slices.Contains(e.Was, recordedAt)) {
			request = e.Position
		}
		if e.Kind == KindConfirm && request != 0 && slices.ContainsFunc(s.Pending, func(p Pending) bool {
			return p.Position == request && p.Channel == e.Channels[0] && !EndedBy(p.Expires, e.Occurred)
		}) {
			return request, e.Position
		}
		s.fold(e)
	}
	return request, 0
}

// GrantOf returns the grant that an event gives by itself.
func GrantOf(e *Event) Grant {
	return Grant{
		Position: e.Position, Channels: e.Channels, Basis: e.Basis, Declaration: e.Declaration, Source: e.Source,
		Origin: e.Occurred, At: e.Occurred, Confirmed: e.Confirmed, Expires: e.Expires,
		Transaction: e.Transaction, Document: e.Document, Notice: e.Notice, NoticeShown: e.NoticeShown, Details: e.Details, Goods: e.Goods,
	}
}

// ConfirmedSource returns the source of a consent that was asked for and confirmed.
func ConfirmedSource(request, confirmation string) string {
	switch {
	case request == SourceImport || confirmation == SourceImport:
		return SourceImport
	case confirmation == "":
		return request
	default:
		return confirmation
	}
}

// prune drops what has ended by s.Last and so counts as never made from then on.
func (s *State) prune() {
	s.Pending = slices.DeleteFunc(s.Pending, func(p Pending) bool { return EndedBy(p.Expires, s.Last) })
	bounces := s.endedBounces()
	s.Suppressions = slices.DeleteFunc(s.Suppressions, func(p Suppression) bool {
		return EndedBy(p.Until, s.Last) && (p.Reason != ReasonHardBounce ||
			slices.ContainsFunc(bounces, func(q Suppression) bool { return q.Spelling == p.Spelling && q.At > p.At }))
	})
	s.Mails = slices.DeleteFunc(s.Mails, func(m Mail) bool { return m.At <= s.Last-MailWindow })
}

// endedBounces returns the hard bounces that ended by time. Of one spelling only the last is of use: after it, only later grants count.
func (s *State) endedBounces() []Suppression {
	var ended []Suppression
	for i := range s.Suppressions {
		if p := &s.Suppressions[i]; p.Reason == ReasonHardBounce && EndedBy(p.Until, s.Last) {
			ended = append(ended, *p)
		}
	}
	return ended
}

func (s *State) dropPending(channel string) {
	s.Pending = slices.DeleteFunc(s.Pending, func(p Pending) bool { return p.Channel == channel })
}

// confirm turns the channel's pending request, if there is one, into a consent.
func (s *State) confirm(e *Event) {
	i := slices.IndexFunc(s.Pending, func(p Pending) bool { return p.Channel == e.Channels[0] })
	if i < 0 {
		return
	}
	p := s.Pending[i]
	s.Pending = slices.Delete(s.Pending, i, i+1)
	s.addGrant(&Grant{
		Position: e.Position, Channels: e.Channels, Basis: catalog.BasisConsent, Declaration: p.Declaration, Source: ConfirmedSource(p.Source, e.Source),
		Origin: p.At, At: e.Occurred, Confirmed: e.Occurred, Details: p.Details | e.Details, Document: p.Document || e.Document,
	})
}

func (s *State) refuse(e *Event) {
	var only [16]byte
	if e.Tagged {
		only = e.Spelling.Sum
	}
	for _, channel := range e.Channels {
		s.Refusals = slices.DeleteFunc(s.Refusals, func(r Refusal) bool { return r.Channel == channel && r.Only == only })
		s.Refusals = append(s.Refusals, Refusal{Channel: channel, At: e.Occurred, Withdrew: e.Kind == KindWithdraw, Only: only})
	}
}

// suppress adds p and drops those before it that say the same and do not outlast it. Of a no the first in force is kept, too,
// for the confirmation mails after it are counted. Of those at one instant, as where several batches state one fact, the last is enough.
func (s *State) suppress(p *Suppression) {
	if EndedBy(p.Until, p.At) {
		return
	}
	all := slices.Clone(s.Suppressions)
	s.Suppressions = slices.DeleteFunc(s.Suppressions, func(q Suppression) bool {
		if !q.saysTheSame(p) || !outlasts(p.Until, q.Until) {
			return false
		}
		return q.Reason != ReasonObjection && q.Reason != ReasonComplaint || q.At == p.At || slices.ContainsFunc(all, func(first Suppression) bool {
			return first.At < q.At && first.saysTheSame(&q) && outlasts(first.Until, q.Until)
		})
	})
	s.Suppressions = append(s.Suppressions, *p)
}

// lift ends suppressions. One that a person lifts counts as never made. One that retention lifts has ended by time, and of a hard
// bounce that remains known.
func (s *State) lift(e *Event) {
	s.Suppressions = slices.DeleteFunc(s.Suppressions, func(p Suppression) bool {
		return LiftEnds(e.Occurred, &e.Facts, &p) && (!e.Retention || p.Reason != ReasonHardBounce)
	})
	if !e.Retention {
		return
	}
	for i := range s.Suppressions {
		if p := &s.Suppressions[i]; LiftEnds(e.Occurred, &e.Facts, p) {
			p.Until = Earliest(p.Until, e.Occurred)
		}
	}
	s.prune()
}

func (p *Suppression) saysTheSame(q *Suppression) bool {
	return p.Reason == q.Reason && p.Scope == q.Scope && p.List == q.List && p.Binds == q.Binds && p.Spelling == q.Spelling
}

// outlasts reports whether what ends at a lasts at least as long as what ends at b.
func outlasts(a, b Instant) bool { return a == 0 || b != 0 && a >= b }

// LiftEnds reports whether a lift with the facts f at the instant at ends p.
func LiftEnds(at Instant, f *Facts, p *Suppression) bool {
	return p.At < at && p.Reason == f.Reason && p.Spelling == f.Spelling.Sum &&
		(f.Scope == "" || p.Scope == f.Scope) && p.List == f.List
}

// addGrant adds g and drops the grants that it stands for at every time from now on.
func (s *State) addGrant(g *Grant) {
	s.Grants = slices.DeleteFunc(s.Grants, func(h Grant) bool { return g.standsFor(&h, s.Last) })
	s.Grants = append(s.Grants, *g)
}

// standsFor reports whether g, which counts after h, gives every answer that h would give, at now and later: it says the
// same, for no fewer channels, and begins, was given, could be erased and ends no earlier.
func (g *Grant) standsFor(h *Grant, now Instant) bool {
	if g.Basis != h.Basis || g.Declaration != h.Declaration || g.Source != h.Source ||
		g.Transaction != h.Transaction || g.Document != h.Document || g.Notice != h.Notice || g.NoticeShown != h.NoticeShown ||
		g.Details != h.Details || !slices.Equal(g.Goods, h.Goods) {
		return false
	}
	if (g.Confirmed == 0) != (h.Confirmed == 0) || g.Confirmed > now && g.Confirmed != h.Confirmed {
		return false // one is confirmed and the other is not, or not yet
	}
	for _, channel := range h.Channels {
		if !g.On(channel) {
			return false
		}
	}
	return g.Begin() >= h.Begin() && g.Origin >= h.Origin && g.At >= h.At && outlasts(g.Expires, h.Expires)
}

// ErasedAt returns the time of the last erasure of the spelling; zero if there was none.
func (s *State) ErasedAt(spelling [16]byte) Instant {
	if s == nil {
		return 0
	}
	for i := range s.Erasures {
		if s.Erasures[i].Spelling == spelling {
			return s.Erasures[i].At
		}
	}
	return 0
}

// HasGrantAfter reports whether a grant of the subject is later than the instant: of a consent, whether it begins later.
func (s *State) HasGrantAfter(t Instant) bool {
	return s != nil && slices.ContainsFunc(s.Grants, func(g Grant) bool { return g.After(t) })
}

// Held returns the legal hold of the spelling that came first; nil if there is none. Of an exact subject the spelling is zero.
func (s *State) Held(spelling [16]byte) *Hold {
	if s == nil {
		return nil
	}
	for i := range s.Holds {
		if s.Holds[i].Spelling == spelling {
			return &s.Holds[i]
		}
	}
	return nil
}

// lastBounce returns the time of the last hard bounce of the spelling, ended or not; zero if there was none.
func (s *State) lastBounce(spelling [16]byte) Instant {
	if s == nil {
		return 0
	}
	var last Instant
	for i := range s.Suppressions {
		if p := &s.Suppressions[i]; p.Reason == ReasonHardBounce && p.Spelling == spelling {
			last = max(last, p.At)
		}
	}
	return last
}

// LastRefusal returns the last refusal of the channel that holds for the spelling; nil if there was none.
func (s *State) LastRefusal(channel string, spelling [16]byte) *Refusal {
	if s == nil {
		return nil
	}
	var last *Refusal
	for i := range s.Refusals {
		r := &s.Refusals[i]
		if r.Channel != channel || r.Only != ([16]byte{}) && r.Only != spelling {
			continue
		}
		// At one instant the one later in the slice counts.
		if last == nil || cmp.Compare(r.At, last.At) >= 0 {
			last = r
		}
	}
	return last
}
