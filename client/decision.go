package client

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// Verdict is the short form of a decision. The zero Verdict is no answer.
type Verdict string

// The verdicts.
const (
	// Allow says that the address may be contacted as asked.
	Allow Verdict = "ALLOW"
	// Deny says that the address must not be contacted as asked.
	Deny Verdict = "DENY"
	// Defer says that the address may be contacted, but not now.
	Defer Verdict = "DEFER"
)

// Decision is the answer to a check: assentv1.Decision with times of package time. A time that is zero is not set. What is behind a pointer or
// in a slice is shared by the decisions of one list and must not be changed. The zero Decision allows nothing.
type Decision struct {
	Verdict Verdict
	// Reason is the code that explains the verdict, such as HARD_BOUNCE or ALLOW_CONSENT; docs/decision-rules.md lists them. The set grows.
	Reason string
	// Reasons are the findings of the stage that decided, in order; of an ALLOW its own code, then what was tried before it.
	Reasons []string
	// LegalBasis is what an ALLOW relies on.
	LegalBasis assentv1.LegalBasis
	// GrantPosition is the position of the event that gave the basis; 0 where a reference of the request is the basis.
	GrantPosition int64
	// Declaration is what was agreed to, where the basis has one; else nil.
	Declaration *assentv1.DeclarationRef
	// SenderIdentity is the one to use, or the one that was asked for and is known; else nil.
	SenderIdentity *assentv1.SenderIdentity
	// Obligations are what the message must carry, as codes such as LIST_UNSUBSCRIBE_ONE_CLICK.
	Obligations []string
	// About says whether a denial concerns the request or the recipient.
	About assentv1.About
	// ValidUntil is until when an ALLOW may be relied on; at this instant it has ended.
	ValidUntil time.Time
	// Decided is the time that was decided for.
	Decided time.Time
	// Position is that of the ledger that the decision rests on.
	Position int64
	// CatalogVersion is that of the catalog that the decision rests on.
	CatalogVersion int64
	// Explanation is the reason as a sentence, in the language of [WithLanguage].
	Explanation string
	// Remedy is what would change the answer, as a sentence; empty for an ALLOW.
	Remedy string
	// ForSending says whether the decision may be relied on for sending: false for checks of the past, for bounded ones, and for a DENY that
	// was given while the database was away.
	ForSending bool
	// Receipt is the signed receipt, where one was asked for: keep it byte for byte.
	Receipt string
	// Retry is, of a DEFER and of a denial that time alone ends, from when it may be asked for again; zero of a DEFER: no end is foreseen.
	Retry time.Time
	// BasisEnd is, of an ALLOW that rests on a grant, when that grant ends by its expiry or its lapse. Another grant may hold then. Of a
	// consent that lapses from the last contact it is the earliest time at which it can end.
	BasisEnd time.Time
	// Links are, of an ALLOW, the links of the message, where they were asked for; else nil. They stand in the message to that address only.
	Links *assentv1.MessageLinks
}

// MaySend reports whether a message may be sent on this decision: only if it is an ALLOW that is for sending. Of all else, also of the zero
// Decision that stands beside an error, it is false. It knows no clock: see [Decision.MaySendAt] for a message that waits.
func (d Decision) MaySend() bool { return d.Verdict == Allow && d.ForSending }

// MaySendAt reports whether a message may be sent at a time on this decision: MaySend, and the time is before ValidUntil.
func (d Decision) MaySendAt(t time.Time) bool { return d.MaySend() && t.Before(d.ValidUntil) }

// DecisionOf returns a decision that a generated client got; the zero Decision of nil.
func DecisionOf(d *assentv1.Decision) Decision {
	if d == nil {
		return Decision{}
	}
	return Decision{
		Verdict: verdictOf(d.GetVerdict()), Reason: d.GetReason(), Reasons: d.GetReasons(), LegalBasis: d.GetLegalBasis(),
		GrantPosition: d.GetGrantPosition(), Declaration: d.GetDeclaration(), SenderIdentity: d.GetSenderIdentity(),
		Obligations: d.GetObligations(), About: d.GetAbout(), ValidUntil: timeOf(d.GetValidUntilTime()), Decided: timeOf(d.GetDecidedTime()),
		Position: d.GetPosition(), CatalogVersion: d.GetCatalogVersion(), Explanation: d.GetExplanation(), Remedy: d.GetRemedy(),
		ForSending: d.GetForSending(), Receipt: d.GetReceipt(), Retry: timeOf(d.GetRetryTime()), BasisEnd: timeOf(d.GetBasisEndTime()),
	}
}

func verdictOf(v assentv1.Verdict) Verdict {
	if v == assentv1.Verdict_VERDICT_UNSPECIFIED {
		return ""
	}
	return Verdict(strings.TrimPrefix(v.String(), "VERDICT_"))
}

// timeOf returns a time in UTC; the zero time of nil.
func timeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// secondsOf returns a time from seconds since 1970; the zero time of 0.
func secondsOf(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
