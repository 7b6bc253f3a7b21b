// Package optin decides about a double opt-in: whether the mail that asks the person to confirm may be sent, and whether what it asks is
// still worth anything. The mail is the only way back after a no, and also the tool of those who sign up others; so neither a no nor a hard
// bounce stops it, but the number of such mails is limited. The rules are those of docs/decision-rules.md, "The confirmation mail".
package optin

import (
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/obligation"
)

// DecideMail answers whether the mail that asks a to confirm a double opt-in may be sent at t. Known is what is known of a at t.
func DecideMail(r *consent.Rules, a address.Address, known *consent.Known, t consent.Instant) consent.Decision {
	if d, denied := r.DenyAll(t); denied {
		return d
	}
	blocks := known.InForce(a, t)
	if found := stopping(r, blocks); len(found) > 0 {
		return r.Deny(t, found...)
	}
	if a.Role() {
		return r.Deny(t, consent.CodeRoleAddress)
	}
	if known.Mail != nil {
		if retry := nextMail(known.Mail.Mails, r.Channel().ID, firstNo(r, blocks)); retry > t {
			d := r.Deny(t, consent.CodeConfirmationLimit)
			d.Retry = retry
			return d
		}
	}
	d := r.Allow(t, consent.CodeAllowConfirmation, "")
	d.Obligations = []string{obligation.NoAdvertising, obligation.Imprint, obligation.NotMeLink}
	return d
}

// stopping returns the codes of the suppressions in force that stop the mail, each once, in the order of the decision rules.
func stopping(r *consent.Rules, blocks []consent.InForce) []consent.Code {
	var legal, restricted, manual bool
	for i := range blocks {
		switch b := &blocks[i]; b.Reason {
		case consent.ReasonLegalBlock:
			legal = true // of whatever scope
		case consent.ReasonProcessingRestricted:
			restricted = restricted || r.Covers(b.Scope)
		case consent.ReasonManual:
			manual = manual || b.Scope != consent.ScopeMarketing && r.Covers(b.Scope)
		default: // A confirmed consent ends it, or it is about another kind of message.
		}
	}
	var found []consent.Code
	for _, stop := range [...]struct {
		is   bool
		code consent.Code
	}{{legal, consent.CodeLegalBlock}, {restricted, consent.CodeRestricted}, {manual, consent.CodeSuppressed}} {
		if stop.is {
			found = append(found, stop.code)
		}
	}
	return found
}

// The limits of confirmation mails for a mailbox.
const (
	minute        = 60 * 1_000_000
	day           = 24 * 60 * minute
	mailDistance  = 10 * minute // between two on a channel
	mailsOfADay   = 2           // on a channel
	mailsInWindow = 3           // over all channels
	mailsAfterNo  = 1           // in the window, since an objection or complaint
)

// nextMail returns the time from which another mail for the channel may be sent, if nothing else happens until then; the beginning of time
// if it may be sent at once. The mails ascend.
func nextMail(mails []consent.Mail, channel string, firstNo consent.Instant) consent.Instant {
	var ofChannel, inWindow, sinceNo []consent.Instant
	for _, m := range mails {
		inWindow = append(inWindow, m.At)
		if firstNo != 0 && m.At >= firstNo {
			sinceNo = append(sinceNo, m.At)
		}
		if m.Channel == channel {
			ofChannel = append(ofChannel, m.At)
		}
	}
	return max(
		freeAgain(ofChannel, 1, mailDistance), freeAgain(ofChannel, mailsOfADay, day),
		freeAgain(inWindow, mailsInWindow, consent.MailWindow), freeAgain(sinceNo, mailsAfterNo, consent.MailWindow),
	)
}

// freeAgain returns the time from which fewer than limit of the times, which ascend, lie within the window before it.
func freeAgain(times []consent.Instant, limit int, window consent.Instant) consent.Instant {
	if len(times) < limit {
		return 0
	}
	return times[len(times)-limit] + window
}

// firstNo returns the time of the first objection or complaint in scope, for a second one must not start the count of mails anew.
func firstNo(r *consent.Rules, blocks []consent.InForce) consent.Instant {
	var first consent.Instant
	for i := range blocks {
		b := &blocks[i]
		if (b.Reason == consent.ReasonObjection || b.Reason == consent.ReasonComplaint) && r.Covers(b.Scope) {
			first = consent.Earliest(first, b.At)
		}
	}
	return first
}

// RequestEnded reports whether the person said no to the channel at or after since: a refusal, an objection, a complaint or an
// erasure that came since a double opt-in was requested, so that its link is worth nothing any more. Known is what is known of a at t.
func RequestEnded(r *consent.Rules, a address.Address, known *consent.Known, since, t consent.Instant) bool {
	if last := known.LastRefusal(r.Channel().ID); last != nil && last.At >= since {
		return true
	}
	if erased := known.Folded.ErasedAt(known.Spelling); erased != 0 && erased >= since {
		return true
	}
	for _, b := range known.InForce(a, t) {
		switch b.Reason {
		case consent.ReasonObjection, consent.ReasonComplaint, consent.ReasonErased:
			if b.At >= since && r.Covers(b.Scope) {
				return true
			}
		default:
		}
	}
	return false
}
