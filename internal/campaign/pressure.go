package campaign

import (
	"slices"
	"time"

	"github.com/assent-io/assent/internal/period"
)

// Cap bounds how many contacts a person has within a period. Its window rolls: no day of the calendar sets it back.
type Cap struct {
	ID  string
	Max int           // at least 1
	Per period.Period // longer than no time
	// Channels are those whose contacts count and wait; none: all of marketing.
	Channels []string
	// Observe says that it is only counted, and defers nothing.
	Observe bool
}

// Reaches reports whether contacts on a marketing channel count for the cap.
func (c *Cap) Reaches(channel string) bool {
	return len(c.Channels) == 0 || slices.Contains(c.Channels, channel)
}

// ContactState says what a contact is.
type ContactState string

// The states of contacts.
const (
	// ContactPlanned is of a recipient of a send that was not asked about yet.
	ContactPlanned ContactState = "planned"
	// ContactReserved was allowed by a check that named the send.
	ContactReserved ContactState = "reserved"
	// ContactSent was reported as sent.
	ContactSent ContactState = "sent"
)

// Contact is a message of marketing to one person: sent, or with a place reserved or planned for it.
type Contact struct {
	Send    string // the id of the send that it is of
	Channel string
	State   ContactState
	// Sent is when it was sent, and Until when it ends if nothing else happens while it was not: at the end of the send's window.
	Sent, Until int64
	// Begins is since when it counts; 0: it does already.
	Begins int64
}

// leaves returns the moment from which on the contact does not count for the cap any more, if nothing else happens.
func (c *Cap) leaves(k *Contact) int64 {
	if k.State == ContactSent {
		return c.Per.AddTo(time.UnixMicro(k.Sent)).UnixMicro()
	}
	return k.Until
}

// freeFrom returns the first moment from t on at which the cap leaves room for one more contact on a channel, beside those of the person. A
// contact that was sent leaves the count at exactly the time at which it was sent and the period, one that was not when it ends. So at most Max
// contacts of one person are sent together within any stretch of time as long as the period.
func (c *Cap) freeFrom(channel string, contacts []Contact, t int64) int64 {
	if !c.Reaches(channel) {
		return t
	}
	for {
		count, next := 0, int64(never)
		for i := range contacts {
			k := &contacts[i]
			if k.Begins > t || len(contacts) < c.Max || !c.Reaches(k.Channel) {
				continue
			}
			if end := c.leaves(k); end > t {
				count, next = count+1, min(next, end)
			}
		}
		if count < c.Max {
			return t
		}
		t = next
	}
}

// Counting returns those of a person's contacts that count at a time, or will, against a check for the send: not its own; of what was not sent, that of
// sends which are not cancelled, on the channel that they are of now, until their window ends as it is now; and of what is only planned, that of sends which have a higher priority, since
// they are cleared. Others holds the sends of contacts that were not sent; of one that is not there, the contact itself says when it ends.
func (s *Send) Counting(contacts []Contact, others map[string]*Send, t int64) []Contact {
	var counting []Contact
	for _, k := range contacts {
		if k.Send == s.ID {
			continue
		}
		other := others[k.Send]
		if k.State != ContactSent && other != nil {
			if other.State == Cancelled {
				continue
			}
			k.Until, k.Channel = other.Until, other.Channel
		}
		if k.State == ContactPlanned {
			if other == nil || other.Priority <= s.Priority {
				continue
			}
			cleared, from := other.IsCleared(t)
			if !cleared && from == 0 {
				continue
			}
			k.Begins = from
		}
		counting = append(counting, k)
	}
	return counting
}

// OpenAt reports whether messages of the send may go out at a time: its window is open, it has not ended, and, where clearing is required, it is
// cleared. If not, from is since when they may if nothing else happens; 0: they may not until a client acts.
func (s *Send) OpenAt(t int64, clearing Clearing) (open bool, from int64) {
	if s.State.Ended() || t >= s.Until {
		return false, 0
	}
	from = max(t, s.From)
	if clearing == ClearingRequired {
		cleared, since := s.IsCleared(t)
		if !cleared && since == 0 {
			return false, 0
		}
		from = max(from, since)
	}
	switch {
	case from == t:
		return true, 0
	case from >= s.Until:
		return false, 0
	default:
		return false, from
	}
}
