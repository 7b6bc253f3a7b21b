// Package feed says what consumers of the change feed are told of an address, and what they may conclude from it. All that is said about one
// form of an address is a card. It is a set of rules: grants, refusals and suppressions as the fold has them, worth what the catalog in force
// makes of them. The package is pure: the use case that reads the ledger is internal/service/changes.
package feed

import (
	"cmp"
	"slices"

	"github.com/assent-io/assent/internal/consent"
)

// Kind is what a rule is.
type Kind uint8

// The kinds of rules. The numbers order the rules of a card.
const (
	// KindGrant is a legal basis for a channel.
	KindGrant Kind = iota + 1
	// KindReopening is a confirmed consent on any channel, which ends a hard bounce before it. A card without such a bounce has none.
	KindReopening
	// KindRefusal is a no to a channel.
	KindRefusal
	// KindSuppression is a block of its scope.
	KindSuppression
)

// ReasonListStale is the reason of a rule that an external list, on which the address does not stand, cannot be relied on. No suppression that is
// recorded has it.
const ReasonListStale consent.Reason = consent.Reason(consent.CodeListStale)

// Rule is one thing that the feed tells about one form of an address. Two rules are the same if all their fields are. The comments say which
// kinds have a field; elsewhere it is zero. Of which spelling an exact rule is, its card says.
type Rule struct {
	Kind    Kind
	Match   consent.Form // exact, folded or domain
	Channel string       // of a grant and of a refusal
	Code    consent.Code // of a grant: of the ALLOW that it gives by itself, empty if none; of a refusal WITHDRAWN or REFUSED

	// Of a suppression.
	Reason consent.Reason
	Scope  consent.Scope
	List   string
	Binds  consent.Binds

	// Since is when it began; what must be later than another rule must have a later Since. Until is when a grant stops to give its ALLOW,
	// while what it has ended stays so, and when a suppression ends; zero: time does not end it. A hard bounce past its Until stops no
	// message, but grants must be later than it.
	Since, Until consent.Instant

	// From is before when a rule counts for nothing; zero: it counts at once. It is set only of a grant or reopening whose consent was recorded
	// with a confirmed_time after its own, and of an external list that is going to be stale.
	From consent.Instant

	// Of a grant.
	EndsRefusal   bool // it ends an earlier refusal on the channel
	EndsHonoured  bool // it ends an earlier refusal on the channel, as far as other channels honour it; on a marketing channel as EndsRefusal
	EndsObjection bool // it ends an earlier objection, complaint or erasure, for the channel
	Imported      bool // it counts only where there never was a no
}

// Stops is which messages in its scope a suppression stops.
type Stops uint8

// What suppressions stop.
const (
	StopsEverything        Stops = iota + 1 // messages of every class
	StopsAllButNotices                      // messages of every class but legal notices
	StopsMarketing                          // marketing
	StopsCustomerMarketing                  // marketing on every basis but consent
)

// Stops returns which messages a suppression stops; zero for another kind.
func (r *Rule) Stops() Stops {
	switch {
	case r.Kind != KindSuppression:
		return 0
	case r.Reason == consent.ReasonLegalBlock:
		return StopsEverything
	case r.Reason == consent.ReasonProcessingRestricted, r.Reason == consent.ReasonHardBounce,
		r.Reason == consent.ReasonManual && r.Scope != consent.ScopeMarketing:
		return StopsAllButNotices
	case (r.Reason == consent.ReasonExternalList || r.Reason == ReasonListStale) && r.Binds == consent.BindsExistingCustomer:
		return StopsCustomerMarketing
	default:
		return StopsMarketing
	}
}

// EndedBy is which grants end a refusal or a suppression before them.
type EndedBy uint8

// What ends refusals and suppressions, besides their until.
const (
	EndedByNothing             EndedBy = iota + 1
	EndedByConsent                     // a consent on the channel: a grant with EndsRefusal
	EndedByConfirmedConsent            // for one channel a confirmed consent on it: a grant with EndsObjection
	EndedByAnyConfirmedConsent         // a confirmed consent on any channel: a reopening
	EndedByClarification               // as EndedByConfirmedConsent, but the rule is no refusal: what the person said before it goes on counting
)

// EndedBy returns which grants end the rule; zero for a grant and a reopening.
func (r *Rule) EndedBy() EndedBy {
	switch {
	case r.Kind == KindRefusal:
		return EndedByConsent
	case r.Kind != KindSuppression:
		return 0
	case r.Match == consent.FormDomain:
		return EndedByNothing
	}
	switch r.Reason {
	case consent.ReasonHardBounce:
		return EndedByAnyConfirmedConsent
	case consent.ReasonObjection, consent.ReasonComplaint, consent.ReasonErased:
		return EndedByConfirmedConsent
	case consent.ReasonUnsubscribeUnclear:
		return EndedByClarification
	default:
		return EndedByNothing
	}
}

// Shown returns what consumers see as the reason of the rule: a marketing tool need not know of an erasure, an injunction, a restriction, or
// that a click is to be cleared up.
func (r *Rule) Shown() consent.Code {
	switch r.Reason {
	case "":
		return r.Code
	case consent.ReasonErased, consent.ReasonLegalBlock, consent.ReasonProcessingRestricted, consent.ReasonUnsubscribeUnclear:
		return consent.CodeSuppressed
	default:
		return consent.Code(r.Reason)
	}
}

// Compare orders the rules of a card.
func (r *Rule) Compare(other *Rule) int {
	return cmp.Or(
		cmp.Compare(r.Kind, other.Kind), cmp.Compare(r.Match, other.Match), cmp.Compare(r.Channel, other.Channel), cmp.Compare(r.Code, other.Code),
		cmp.Compare(r.Reason, other.Reason), cmp.Compare(r.Scope, other.Scope), cmp.Compare(r.List, other.List), cmp.Compare(r.Binds, other.Binds),
		cmp.Compare(r.Since, other.Since), cmp.Compare(r.Until, other.Until), cmp.Compare(r.From, other.From), cmp.Compare(r.flags(), other.flags()),
	)
}

func (r *Rule) flags() (bits uint8) {
	for i, set := range [...]bool{r.EndsRefusal, r.EndsHonoured, r.EndsObjection, r.Imported} {
		if set {
			bits |= 1 << i
		}
	}
	return bits
}

// sorted puts the rules of a card in order, each once.
func sorted(rules []Rule) []Rule {
	slices.SortFunc(rules, func(a, b Rule) int { return a.Compare(&b) })
	return slices.Compact(rules)
}

// Diff returns the rules that are only in before and those that are only in after. Both must be sorted, as those of a card are.
func Diff(before, after []Rule) (removed, added []Rule) {
	for len(before) > 0 && len(after) > 0 {
		switch c := before[0].Compare(&after[0]); {
		case c < 0:
			removed, before = append(removed, before[0]), before[1:]
		case c > 0:
			added, after = append(added, after[0]), after[1:]
		default:
			before, after = before[1:], after[1:]
		}
	}
	return append(removed, before...), append(added, after...)
}
