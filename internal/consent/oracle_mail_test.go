package consent_test

import (
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
)

// confirmationMail answers whether the mail that asks for a confirmation may be sent.
func (o *opinion) confirmationMail(r consent.Request) verdict {
	ch, _ := o.catalog.Channel(r.Channel)
	sender, codes := o.stage2(ch, r.Sender)
	if len(codes) > 0 {
		return no(consent.AboutRequest, sender, codes...)
	}
	if codes := o.stage3(ch, sender, true); len(codes) > 0 {
		return no(consent.AboutRecipient, sender, codes...)
	}
	if o.address.Role() {
		return no(consent.AboutRecipient, sender, consent.CodeRoleAddress)
	}
	if !o.mayMail(ch, sender, o.now) {
		v := no(consent.AboutRecipient, sender, consent.CodeConfirmationLimit)
		v.Retry = o.nextMail(ch, sender)
		return v
	}
	return verdict{
		Verdict: consent.Allow, Reasons: []consent.Code{consent.CodeAllowConfirmation}, Sender: sender, ValidUntil: o.soon(),
		Obligations: []string{"NO_ADVERTISING", "IMPRINT", "NOT_ME_LINK"},
	}
}

// mayMail is whether the limits leave room for a mail at the time, if nothing else happens until then.
func (o *opinion) mayMail(ch *catalog.Channel, sender string, at consent.Instant) bool {
	const minute = 60_000_000
	ofDay, ofMonth, afterNo, justNow := 0, 0, 0, 0
	for _, m := range o.facts {
		if m.kind() != consent.KindMail || m.entry.Address.Mailbox() != o.address.Mailbox() {
			continue
		}
		same, age := m.entry.Facts.Channels[0] == ch.ID, at-m.occurred
		if age < 10*minute && same {
			justNow++
		}
		if age < 24*60*minute && same {
			ofDay++
		}
		if age >= 30*24*60*minute {
			continue
		}
		ofMonth++
		if slices.ContainsFunc(o.bans(), func(b ban) bool {
			return (b.reason == consent.ReasonObjection || b.reason == consent.ReasonComplaint) &&
				o.covers(b.scope, ch, sender) && b.at <= m.occurred
		}) {
			afterNo++
		}
	}
	return justNow == 0 && ofDay < 2 && ofMonth < 3 && afterNo == 0
}

// nextMail is the first time at which a limit that stands now has passed, and no other one stands.
func (o *opinion) nextMail(ch *catalog.Channel, sender string) consent.Instant {
	const minute = 60_000_000
	var times []consent.Instant
	for _, m := range o.facts {
		if m.kind() == consent.KindMail {
			times = append(times, m.occurred+10*minute, m.occurred+24*60*minute, m.occurred+30*24*60*minute)
		}
	}
	slices.Sort(times)
	for _, at := range times {
		if at > o.now && o.mayMail(ch, sender, at) {
			return at
		}
	}
	return 0
}

// requestEnded is whether a no came since the request.
func (o *opinion) requestEnded(r consent.Request, since consent.Instant) bool {
	ch, _ := o.catalog.Channel(r.Channel)
	sender := r.Sender
	if sender == "" {
		sender = ch.SenderIdentities[0]
	}
	if last := o.refusal(ch.ID); last != nil && last.occurred >= since || o.erased(since) {
		return true
	}
	return slices.ContainsFunc(o.bans(), func(b ban) bool {
		no := b.reason == consent.ReasonObjection || b.reason == consent.ReasonComplaint || b.reason == consent.ReasonErased
		return no && b.at >= since && o.covers(b.scope, ch, sender)
	})
}
