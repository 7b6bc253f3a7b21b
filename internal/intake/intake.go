// Package intake has the words in which mails and webhooks of providers are read: what came back about which recipient, and how much it
// may count. What reads them is in the packages below; what becomes of a report is decided by the service.
package intake

import "time"

// Kind is what a mail, or an event of a provider, is.
type Kind string

// The kinds. The strings are those of the command line and the API.
const (
	Bounce      Kind = "bounce"      // a message could not be delivered (RFC 3464, or the plain texts that servers write)
	Complaint   Kind = "complaint"   // the person called the message spam (RFC 5965, RFC 9477)
	Unsubscribe Kind = "unsubscribe" // the person asks for no more messages
	AutoReply   Kind = "auto_reply"  // a program answered (RFC 3834), or a disposition notification; no act
	Delayed     Kind = "delayed"     // delivery is still tried; no act
	Delivered   Kind = "delivered"   // the message arrived; ends a series of soft bounces
	Listed      Kind = "listed"      // the provider did not send, for its own list said so: a hint at most
	Inquiry     Kind = "inquiry"     // everything else that a person wrote
	Unreadable  Kind = "unreadable"  // beyond a limit, or no mail at all
	Ignored     Kind = "ignored"     // known, and of no meaning here
)

// Class is what a bounce says of the mailbox.
type Class string

// The classes of a bounce; empty for all other kinds.
const (
	Hard   Class = "hard"   // the mailbox does not exist
	Soft   Class = "soft"   // it may work later: mailbox full, host down
	Block  Class = "block"  // the receiver does not want mail of this network or of this content
	Policy Class = "policy" // the sender's own fault: authentication, relaying, size, format. Never the recipient's
)

// Then is what follows from a bounce besides its class.
type Then string

// What follows.
const (
	// Nothing besides the class.
	Nothing Then = ""
	// HardAtSecond: a second one, at least 24 hours later and without a delivery between, means that the address (or the domain) is dead. One
	// alone never does, also of the class hard.
	HardAtSecond Then = "hard_at_second"
	// NewOwner: the address has a new owner, so the consents of the one before end.
	NewOwner Then = "new_owner"
)

// Report is what came back about one recipient.
type Report struct {
	Kind    Kind
	Class   Class  // of a bounce
	Then    Then   // what follows besides
	Address string // as it was written; empty: the report names none, and only a token says whom it is about
	Domain  bool   // the bounce speaks of the domain of the address: no such host, or a null MX (RFC 7505)
	Status  string // enhanced status code (RFC 3463) such as 5.1.1; empty: none
	Rule    string // id of the rule that decided about the class
	Text    string // what the server said, one line of at most [MaxText] bytes of UTF-8

	// Time is when it happened, by what the report itself says; zero: it does not say. The sender of a mail writes any time into it, so the service
	// takes one that lies after the arrival for that of the arrival.
	Time time.Time
	// ID is that of the event at the provider, or of the mail, which is the same for all recipients of the mail: with Address, the same report
	// twice has the same one. Empty: none.
	ID string
	// Group names the list, topic or unsubscribe group of the provider that an unsubscribe is about; empty: none.
	Group string
	// Tokens are texts that may be tokens of Assent, from the most trustworthy place to the least, at most [MaxTokens]. Only a key can tell.
	Tokens []Token
	// Ambiguous says that the provider named several recipients, or none of them for certain: a hint at most.
	Ambiguous bool
	// InWords says that a person asks for something in their own words, in a letter to another mailbox than the one for it: a hint at most.
	InWords bool
}
