// Package feed says what consumers of the change feed are told of an address, and what they may conclude from it. What it
// tells are rules: grants, refusals and suppressions as the fold has them, by the form of the address that they match. It is
// pure: the use case that reads the ledger is internal/service/changes.
package feed

import (
	"github.com/assent-io/assent/internal/consent"
)

// Kind is what a rule is.
type Kind uint8

// The kinds of rules. The numbers order the rules of a card.
const (
	// KindGrant: a legal basis for a channel, worth what the catalog in force says.
	KindGrant Kind = iota + 1
	// KindReopening: a confirmed consent on any channel, which ends a hard bounce before it.
	KindReopening
	// KindRefusal: the last no to a channel.
	KindRefusal
	// KindSuppression: a block of the scope.
	KindSuppression
)

// Rule is what the feed tells about one form of an address. Two rules are the same if all their fields are. Which fields a
// kind has is said by the comments; the others are zero.
type Rule struct {
	Kind    Kind
	Match   consent.Form // exact, folded or domain
	Channel string       // of a grant and of a refusal
	Code    consent.Code // of a grant: of the ALLOW that it gives, empty if it allows nothing; of a refusal WITHDRAWN or REFUSED
	// Spelling is which spelling of a folded subject an exact rule is for: that of a bounce, and of the refusal of a tagged
	// address.
	Spelling [16]byte

	// Of a suppression.
	Reason consent.Reason
	Scope  consent.Scope
	List   string
	Binds  consent.Binds

	// Since is what the rule counts from: of a consent when it begins. Until is when it ends; zero: time does not end it. A hard
	// bounce past its until does not stop messages, but grants must be later than it.
	Since, Until consent.Instant

	// Of a grant.
	EndsRefusal   bool // an earlier refusal on the channel
	EndsObjection bool // an earlier objection, complaint or erasure, for the channel
	Imported      bool // it counts only where there never was a no
}
