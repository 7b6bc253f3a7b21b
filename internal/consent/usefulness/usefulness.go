// Package usefulness says since when an event is of no use any more, so that retention may remove its evidence. It is pure.
package usefulness

import (
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
)

// Ending says since when an event is of no use any more: no decision rests on it, nor will one.
type Ending struct {
	Position    int64
	At          consent.Instant // zero: it is of use
	Unconfirmed bool            // it is an unconfirmed request
}

// Conditions is what the end of a grant depends on besides itself.
type Conditions struct {
	Catalogs []*catalog.Catalog // that count for the time in question, at least one
	Folded   *consent.State     // of the address; nil: there is none
	Spelling [16]byte           // of the exact address
}

// Endings returns the endings of an exact subject's requests, grants and confirmations. What only suspends a grant, because it may
// be lifted, does not end it.
func (c *Conditions) Endings(events []consent.Event) []Ending {
	standing, list := standingOnly(events)
	pending := map[string]*consent.Event{}
	for i := range standing {
		e := &standing[i]
		switch e.Kind {
		case consent.KindRequest:
			pending[e.Channels[0]] = e
		case consent.KindGrant:
			g := consent.GrantOf(e)
			list = append(list, Ending{Position: e.Position, At: c.end(&g)})
		case consent.KindConfirm:
			p, ok := pending[e.Channels[0]]
			if !ok || consent.EndedBy(p.Expires, e.Occurred) {
				list = append(list, Ending{Position: e.Position, At: e.Occurred}) // It confirmed nothing.
				continue
			}
			g := consent.GrantOf(e)
			g.Basis, g.Origin, g.Confirmed, g.Source = catalog.BasisConsent, p.Occurred, e.Occurred, consent.ConfirmedSource(p.Source, e.Source)
			end := c.end(&g)
			list = append(list, Ending{Position: e.Position, At: end}, Ending{Position: p.Position, At: end})
			delete(pending, e.Channels[0])
		default:
		}
	}
	for i := range standing {
		e := &standing[i]
		if e.Kind == consent.KindRequest && !slices.ContainsFunc(list, func(x Ending) bool { return x.Position == e.Position }) {
			list = append(list, Ending{Position: e.Position, At: e.Expires, Unconfirmed: true})
		}
	}
	return list
}

// standingOnly returns the events that are not voided in the order in which they count, and the endings of those that are.
func standingOnly(events []consent.Event) ([]consent.Event, []Ending) {
	standing := consent.WithoutVoided(slices.Clone(events))
	slices.SortFunc(standing, func(a, b consent.Event) int { return consent.Compare(&a, &b) })
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
func (c *Conditions) end(g *consent.Grant) consent.Instant {
	var last consent.Instant
	for _, channel := range g.Channels {
		end := consent.Earliest(g.Expires, c.lapse(g, channel), c.refused(g, channel))
		if end == 0 {
			return 0
		}
		last = max(last, end)
	}
	return last
}

// refused returns when a refusal ended the grant on the channel, for good; zero if none did.
func (c *Conditions) refused(g *consent.Grant, channel string) consent.Instant {
	no := c.Folded.LastRefusal(channel, c.Spelling)
	if no == nil || g.Basis == catalog.BasisConsent && g.Source != consent.SourceImport && g.After(no.At) {
		return 0
	}
	return max(no.At, g.At) // A person who said no, even before, is no longer an existing customer, and no list changes that.
}

// lapse returns when the grant lapsed on the channel under all of the catalogs; zero if under one it does not.
func (c *Conditions) lapse(g *consent.Grant, channel string) consent.Instant {
	var last consent.Instant
	for _, cat := range c.Catalogs {
		ch, ok := cat.Channel(channel)
		if !ok {
			return 0
		}
		var end consent.Instant
		switch version, known := cat.Declaration(g.Declaration.ID, g.Declaration.Version); {
		case g.Basis == catalog.BasisConsent, g.Basis == catalog.BasisExistingCustomer,
			g.Basis == catalog.BasisTerms && known && version.CountsAs == catalog.CountsAsExistingCustomer:
			end = g.LapseAtLatest(ch, cat)
		}
		if end == 0 {
			return 0
		}
		last = max(last, end)
	}
	return last
}

// BlockEndings returns the endings of what blocks, and of what lifted it, of a folded subject or a domain: an event is of no use since
// it occurred if it is no longer in force at now. A refusal counts for ever, unless a later one by the same spelling took its place: lists for
// programs that cannot fold addresses have each spelling, which only the evidence still has as a text.
func BlockEndings(events []consent.Event, now consent.Instant) []Ending {
	standing, list := standingOnly(events)
	inForce := map[int64]bool{}
	for _, p := range consent.Fold(slices.Clone(standing)).Suppressions {
		inForce[p.Position] = !consent.EndedBy(p.Until, now)
	}
	type no struct {
		channel  string
		spelling [16]byte
		tagged   bool
	}
	later := map[no]bool{}
	for i := len(standing) - 1; i >= 0; i-- {
		e := &standing[i]
		ending := Ending{Position: e.Position, At: e.Occurred}
		switch e.Kind {
		case consent.KindWithdraw, consent.KindRefuse:
			for _, channel := range e.Channels {
				if one := (no{channel, e.Spelling.Sum, e.Tagged}); !later[one] {
					later[one], ending.At = true, 0
				}
			}
		case consent.KindSuppress:
			if inForce[e.Position] {
				ending.At = 0
			}
		case consent.KindLift:
		default:
			continue
		}
		list = append(list, ending)
	}
	return list
}

// MailCounts is how long a confirmation mail counts for the limits of confirmation mails.
func MailCounts(e *consent.Event, now consent.Instant) bool {
	return e.Occurred > now-consent.MailWindow
}

// ByPosition returns endings by the positions of their events.
func ByPosition(list []Ending) map[int64]Ending {
	at := make(map[int64]Ending, len(list))
	for _, e := range list {
		at[e.Position] = e
	}
	return at
}
