package campaign

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Send is a planned mailing: one message that goes out on one channel within one window.
type Send struct {
	ID             string
	Channel        string
	SenderIdentity string
	Department     string // of the channel: the owner
	Subject        string // for people, such as the subject line
	ContentLink    string // where its content can be seen; empty: nowhere
	ContentDigest  string // of its content, as the planner gives it; empty: none was given
	Window
	ExpectedSize int64 // how many recipients are expected; 0: it is not known
	Priority     int   // from 0 to MaxPriority
	State        State
	// CommentUntil is when silence clears it, while it is planned. It was reckoned when the plan was made or changed last.
	CommentUntil int64
	// Objections is how many departments object, without having withdrawn it. Silence clears nothing over an objection.
	Objections int
	// ClearedTime is since when it is cleared, and ClearedBy what cleared it; zero and empty while it is planned.
	ClearedTime int64
	ClearedBy   Cause
}

// MaxPriority is the priority of the send that goes before all others.
const MaxPriority = 100

// Window is the span of time in which a send goes out: from From to just before Until.
type Window struct{ From, Until int64 }

// The bounds of windows.
const (
	// LongestWindow is how long a send may go out at most: as long it holds the places of its recipients.
	LongestWindow = 31 * 24 * time.Hour
	// FarthestWindow is how long after the plan a window may begin at most.
	FarthestWindow = 2 * 366 * 24 * time.Hour
)

// Check returns an error that says what would be right, unless a send that is planned at a time may have the window. One that has begun may.
func (w Window) Check(now int64) error {
	switch {
	case w.From >= w.Until:
		return fmt.Errorf("the window runs backwards: it begins at %s and ends at %s; its end must be later", shown(w.From), shown(w.Until))
	case w.Until <= now:
		return fmt.Errorf("the window ended at %s, which is over; a send is planned before it goes out", shown(w.Until))
	case w.Until-w.From > LongestWindow.Microseconds():
		return errors.New("a window lasts 31 days at most; plan what goes out for longer as several sends")
	case w.From-now > FarthestWindow.Microseconds():
		return fmt.Errorf("the window begins at %s; a send is planned two years ahead at most", shown(w.From))
	default:
		return nil
	}
}

// Holds reports whether a time lies in the window.
func (w Window) Holds(t int64) bool { return w.From <= t && t < w.Until }

// Near reports whether two windows overlap or lie less than a distance in microseconds apart.
func (w Window) Near(other Window, distance int64) bool {
	return w.From-distance < other.Until && other.From-distance < w.Until
}

func shown(t int64) string { return time.UnixMicro(t).UTC().Format(time.RFC3339) }

// State says how far a send is.
type State string

// The states.
const (
	Planned   State = "planned"   // it waits for comments
	Cleared   State = "cleared"   // it may go out
	Sending   State = "sending"   // it goes out
	Sent      State = "sent"      // it has gone out
	Cancelled State = "cancelled" // it does not go out, or goes out no further
)

// States returns the states in their order.
func States() []State { return []State{Planned, Cleared, Sending, Sent, Cancelled} }

// Ended reports whether no change comes after the state.
func (s State) Ended() bool { return s == Sent || s == Cancelled }

// Cause says what cleared a send.
type Cause string

// The causes.
const (
	BySilence   Cause = "silence"     // CommentUntil passed without an objection
	ByOfficer   Cause = "officer"     // an officer cleared it before, without an objection
	ByOverride  Cause = "override"    // an officer cleared it over an objection, and said why
	WithoutRule Cause = "no_clearing" // the catalog asks for no clearing
)

// Change is what is done with a send.
type Change string

// The changes.
const (
	Update Change = "update" // of what concerns no other department
	Return Change = "return" // of what was cleared: it is planned again
	Clear  Change = "clear"
	Start  Change = "start"
	Finish Change = "finish"
	Cancel Change = "cancel"
)

// Clearing says what the catalog asks of a send before it goes out.
type Clearing string

// The ways of clearing.
const (
	// ClearingOff: a send is cleared when it is planned.
	ClearingOff Clearing = "off"
	// ClearingAdvised: a send waits for comments, and may yet start before it is cleared.
	ClearingAdvised Clearing = "advised"
	// ClearingRequired: a send starts once it is cleared.
	ClearingRequired Clearing = "required"
)

// After returns the state after a change. The error says what is possible instead.
func (s State) After(change Change, clearing Clearing) (State, error) {
	if s == Planned && change == Start && clearing == ClearingRequired {
		return s, errors.New("it is not cleared yet, and the catalog asks for that (sends.clearing: required); wait until the time for comments " +
			"has passed, or have an officer clear it")
	}
	next, ok := changes()[s][change]
	if !ok {
		return s, fmt.Errorf("it is %s, and %s", s, possible(s))
	}
	return next, nil
}

func changes() map[State]map[Change]State {
	return map[State]map[Change]State{
		Planned: {Update: Planned, Return: Planned, Clear: Cleared, Start: Sending, Cancel: Cancelled},
		Cleared: {Update: Cleared, Return: Planned, Start: Sending, Cancel: Cancelled},
		Sending: {Finish: Sent, Cancel: Cancelled},
	}
}

// possible says what may be done in a state.
func possible(s State) string {
	var words []string
	for _, change := range []Change{Update, Clear, Start, Finish, Cancel} {
		if _, ok := changes()[s][change]; ok {
			words = append(words, string(change))
		}
	}
	if len(words) == 0 {
		return "nothing can be changed of it any more"
	}
	return "what can be done with it is: " + strings.Join(words, ", ")
}

// IsCleared reports whether the send may go out at a time, as far as its clearing is concerned: it was cleared and has not ended, or the time
// for comments has passed in silence, whether or not that was noted yet. If not, from is since when it will be if nothing else happens; 0: it
// will not until a client acts.
func (s *Send) IsCleared(t int64) (cleared bool, from int64) {
	switch {
	case s.State.Ended():
		return false, 0
	case s.State == Cleared || s.State == Sending && s.ClearedTime != 0:
		return true, 0
	case s.Objections > 0:
		return false, 0
	case t >= s.CommentUntil:
		return true, 0
	default:
		return false, s.CommentUntil
	}
}

// Since returns since when the send is cleared at a time at which it is.
func (s *Send) Since() int64 {
	if s.ClearedTime != 0 {
		return s.ClearedTime
	}
	return s.CommentUntil
}

// Compare orders sends that are cleared by who goes first where there is room for one only: the higher priority, then the one that was cleared
// earlier, then the lower id.
func (s *Send) Compare(other *Send) int {
	return cmp.Or(cmp.Compare(other.Priority, s.Priority), cmp.Compare(s.Since(), other.Since()), cmp.Compare(s.ID, other.ID))
}
