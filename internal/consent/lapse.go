package consent

import (
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/period"
)

// Contact is a message of marketing that was sent to a person.
type Contact struct {
	Channel string
	At      Instant // when it was sent
}

// ContactsRole says what the contacts of a person had to do with a decision.
type ContactsRole uint8

// What contacts had to do with a decision.
const (
	ContactsIrrelevant ContactsRole = iota // nothing
	// ContactsUnknown: a consent that was given has lapsed from its beginning, and may live by contacts, which were not known.
	ContactsUnknown
	// ContactsCounted: such a consent was judged by the contacts that are known.
	ContactsCounted
)

// Explanation is a sentence for people that says what the reason of the decision means.
func (d *Decision) Explanation(lang locale.Language) string { return d.ExplanationText().In(lang) }

// ExplanationText is [Decision.Explanation] in all languages.
func (d *Decision) ExplanationText() locale.Text {
	if d.Reason == CodeConsentLapsed && d.Contacts != ContactsIrrelevant {
		return locale.Explanation(string(CodeConsentLapsed) + ".contact")
	}
	return locale.Explanation(string(d.Reason))
}

// lapse returns when a consent lapses; zero: it does not. On a channel that counts from the last contact it is looked at contacts only after the
// consent would have lapsed without any, so that nothing else has to know them.
func (e *evaluation) lapse(g *Grant) Instant {
	first := g.Lapse(e.rules.channel, e.rules.catalog)
	if e.rules.channel.ConsentLapsesFrom != catalog.FromLastContact || !EndedBy(first, e.at) {
		return first
	}
	if e.known.Contacts == nil {
		e.contacts = max(e.contacts, ContactsUnknown)
		return first
	}
	e.contacts = ContactsCounted
	return e.rules.lapseByContacts(e.known.Contacts, g.Begin(), first, e.at)
}

// lapseByContacts returns when a consent lapses that begins at begin and would lapse at first without any contact, as it is known at t. A contact
// before t and before the lapse so far moves that to the end of the period that begins with the contact, if this is later: a period of months from
// the end of a month may end before one that began earlier. A contact counts until it is forgotten. With the last one before first, what joins the
// beginning to the later ones is gone, and the consent ends.
func (r *Rules) lapseByContacts(contacts []Contact, begin, first, t Instant) Instant {
	kept := r.catalog.Policy.Retention.Contacts
	end, joined := first, Instant(0)
	for i := range contacts {
		at := contacts[i].At
		if contacts[i].Channel != r.channel.ID || at <= begin || EndedBy(forgotten(at, kept), t) {
			continue
		}
		if at >= min(end, t) {
			break
		}
		if at < first {
			joined = at
		}
		end = max(end, at.Plus(r.channel.ConsentLapsesAfter))
	}
	if joined == 0 {
		return first
	}
	return min(end, forgotten(joined, kept))
}

// LapseAtLatest returns when a grant has lapsed on a channel whatever was sent to the person; zero: it does not. A consent that lives by contacts ends
// at the latest when the last one is forgotten that was sent before it would have lapsed without any.
func (g *Grant) LapseAtLatest(ch *catalog.Channel, c *catalog.Catalog) Instant {
	end := g.Lapse(ch, c)
	if end == 0 || g.Basis != catalog.BasisConsent || ch.ConsentLapsesFrom != catalog.FromLastContact {
		return end
	}
	return end.Plus(c.Policy.Retention.Contacts)
}

// forgotten returns when a contact may be forgotten at the earliest that is kept for a period: when the period ends that begins with it, or with
// any later instant. Of those that begin in the last days of a month some end earlier on the same day.
func forgotten(at Instant, kept period.Period) Instant {
	end := at.Plus(kept)
	if next := at.Add(24 * time.Hour).Plus(kept); next.Day() == end.Day() {
		return InstantOfDay(end.Day())
	}
	return end
}
