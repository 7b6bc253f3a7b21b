package consent

import (
	"slices"

	"github.com/assent-io/assent/internal/catalog"
)

// Ending says since when an event is of no use any more: no decision rests on it, nor will one.
type Ending struct {
	Position    int64
	At          Instant // zero: it is of use
	Unconfirmed bool    // it is an unconfirmed request
}

// Usefulness is what the end of a grant depends on besides itself.
type Usefulness struct {
	Catalogs []*catalog.Catalog // that count for the time in question, at least one
	Folded   *State             // of the address; nil: there is none
	Spelling [16]byte           // of the exact address
}

// Endings returns the endings of an exact subject's requests, grants and confirmations. What only suspends a grant, because it may
// be lifted, does not end it.
func (u *Usefulness) Endings(events []Event) []Ending {
	standing, list := standingOnly(events)
	pending := map[string]*Event{}
	for i := range standing {
		e := &standing[i]
		switch e.Kind {
		case KindRequest:
			pending[e.Channels[0]] = e
		case KindGrant:
			g := grantOf(e)
			list = append(list, Ending{Position: e.Position, At: u.end(&g)})
		case KindConfirm:
			p, ok := pending[e.Channels[0]]
			if !ok || endedBy(p.Expires, e.Occurred) {
				list = append(list, Ending{Position: e.Position, At: e.Occurred}) // It confirmed nothing.
				continue
			}
			g := grantOf(e)
			g.Basis, g.Origin, g.Confirmed, g.Source = catalog.BasisConsent, p.Occurred, e.Occurred, confirmedBy(p.Source, e.Source)
			end := u.end(&g)
			list = append(list, Ending{Position: e.Position, At: end}, Ending{Position: p.Position, At: end})
			delete(pending, e.Channels[0])
		default:
		}
	}
	for i := range standing {
		e := &standing[i]
		if e.Kind == KindRequest && !slices.ContainsFunc(list, func(x Ending) bool { return x.Position == e.Position }) {
			list = append(list, Ending{Position: e.Position, At: e.Expires, Unconfirmed: true})
		}
	}
	return list
}

// standingOnly returns the events that are not voided in the order in which they count, and the endings of those that are.
func standingOnly(events []Event) ([]Event, []Ending) {
	standing := WithoutVoided(slices.Clone(events))
	slices.SortFunc(standing, func(a, b Event) int { return Compare(&a, &b) })
	counts := make(map[int64]bool, len(standing))
	for i := range standing {
		counts[standing[i].Position] = true
	}
	var ended []Ending
	for i := range events {
		if e := &events[i]; e.Voidable() && !counts[e.Position] {
			ended = append(ended, Ending{Position: e.Position, At: e.Occurred})
		}
	}
	return standing, ended
}

// end returns when the grant ended on the last of its channels; zero if it stands on one, or may again.
func (u *Usefulness) end(g *Grant) Instant {
	var last Instant
	for _, channel := range g.Channels {
		end := earliest(g.Expires, u.lapse(g, channel), u.refused(g, channel))
		if end == 0 {
			return 0
		}
		last = max(last, end)
	}
	return last
}

// refused returns when a refusal ended the grant on the channel, for good; zero if none did.
func (u *Usefulness) refused(g *Grant, channel string) Instant {
	no := u.Folded.lastRefusal(channel, u.Spelling)
	if no == nil || g.Basis == catalog.BasisConsent && g.Source != SourceImport && g.after(no.At) {
		return 0
	}
	return max(no.At, g.At) // A person who said no, even before, is no longer an existing customer, and no list changes that.
}

// lapse returns when the grant lapsed on the channel under all of the catalogs; zero if under one it does not.
func (u *Usefulness) lapse(g *Grant, channel string) Instant {
	var last Instant
	for _, cat := range u.Catalogs {
		ch, ok := cat.Channel(channel)
		if !ok {
			return 0
		}
		var end Instant
		switch version, known := cat.Declaration(g.Declaration.ID, g.Declaration.Version); {
		case g.Basis == catalog.BasisConsent:
			end = g.Begin().Plus(ch.ConsentLapsesAfter)
		case g.Basis == catalog.BasisExistingCustomer,
			g.Basis == catalog.BasisTerms && known && version.CountsAs == catalog.CountsAsExistingCustomer:
			end = g.At.Plus(cat.Policy.ExistingCustomerLapsesAfter)
		}
		if end == 0 {
			return 0
		}
		last = max(last, end)
	}
	return last
}

// BlockEndings returns the endings of what blocks, and of what lifted it, of a folded subject or a domain: an event is of no use since
// it occurred if it is no longer in force at now. A refusal counts for ever, unless a later one took its place.
func BlockEndings(events []Event, now Instant) []Ending {
	standing, list := standingOnly(events)
	inForce := map[int64]bool{}
	for _, p := range Fold(slices.Clone(standing)).Suppressions {
		inForce[p.Position] = !endedBy(p.Until, now)
	}
	type no struct {
		channel string
		only    [16]byte
	}
	later := map[no]bool{}
	for i := len(standing) - 1; i >= 0; i-- {
		e := &standing[i]
		ending := Ending{Position: e.Position, At: e.Occurred}
		switch e.Kind {
		case KindWithdraw, KindRefuse:
			var only [16]byte
			if e.Tagged {
				only = e.Spelling.Sum
			}
			for _, channel := range e.Channels {
				if !later[no{channel, only}] {
					later[no{channel, only}], ending.At = true, 0
				}
			}
		case KindSuppress:
			if inForce[e.Position] {
				ending.At = 0
			}
		case KindLift:
		default:
			continue
		}
		list = append(list, ending)
	}
	return list
}

// MailCounts is how long a confirmation mail counts for the limits of confirmation mails.
func MailCounts(e *Event, now Instant) bool { return e.Occurred > now-mailWindow }

// ByPosition returns endings by the positions of their events.
func ByPosition(list []Ending) map[int64]Ending {
	at := make(map[int64]Ending, len(list))
	for _, e := range list {
		at[e.Position] = e
	}
	return at
}
