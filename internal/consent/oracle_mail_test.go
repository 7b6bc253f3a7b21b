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
	if o.mailLimit(ch, sender) {
		return no(consent.AboutRecipient, sender, consent.CodeConfirmationLimit)
	}
	return verdict{
		Verdict: consent.Allow, Reasons: []consent.Code{consent.CodeAllowConfirmation}, Sender: sender, ValidUntil: o.soon(),
	}
}

func (o *opinion) mailLimit(ch *catalog.Channel, sender string) bool {
	const day = 86_400_000_000
	ofDay, ofMonth := 0, 0
	for _, m := range o.facts {
		if m.kind() != consent.KindMail || m.entry.Address.Folded() != o.address.Folded() || o.now-m.occurred >= 30*day {
			continue
		}
		ofMonth++
		if o.now-m.occurred < day && m.entry.Facts.Channels[0] == ch.ID {
			ofDay++
		}
		if slices.ContainsFunc(o.bans(), func(b ban) bool {
			return (b.reason == consent.ReasonObjection || b.reason == consent.ReasonComplaint) &&
				o.covers(b.scope, ch, sender) && b.at <= m.occurred
		}) {
			return true // the one after an objection was sent
		}
	}
	return ofDay >= 1 || ofMonth >= 3
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
