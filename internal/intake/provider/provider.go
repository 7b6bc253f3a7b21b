// Package provider reads what providers that send mail tell by webhook into reports. It reads bytes whose sender was proved before, by
// package verify below; it asks no clock and no network.
//
// Each event of a batch is read alone: a bad one does not spoil the others. Numbers are kept as they are written, since some ids are greater
// than a float can hold. Names of members are compared with case, because senders add members of their own to the events of some providers.
package provider

import "github.com/assent-io/assent/internal/intake"

// Kind is a provider. The strings are those of the command line and the API.
type Kind string

// The providers.
const (
	SES       Kind = "ses" // Amazon SES, over SNS
	SendGrid  Kind = "sendgrid"
	Mailgun   Kind = "mailgun"
	Postmark  Kind = "postmark"
	Brevo     Kind = "brevo"
	Mailjet   Kind = "mailjet"
	SparkPost Kind = "sparkpost"
	Mandrill  Kind = "mandrill" // Mailchimp Transactional
	Resend    Kind = "resend"
)

// Kinds returns all providers, in the order of the documents.
func Kinds() []Kind {
	return []Kind{SES, SendGrid, Mailgun, Postmark, Brevo, Mailjet, SparkPost, Mandrill, Resend}
}

// TokenKey is the name under which a sender tool gives a provider the link token as metadata of a message.
const TokenKey = "assent_token"

// The most bytes of the body of a request, which the caller holds before it verifies anything.
const (
	maxSingle = 1 << 20
	maxBatch  = 5 << 20
)

// MaxBody returns the most bytes of the body of a request of a provider: 1 MiB, and 5 MiB where it sends batches.
func MaxBody(kind Kind) int64 {
	switch kind {
	case SendGrid, Brevo, Mailjet, SparkPost, Mandrill:
		return maxBatch
	case SES, Mailgun, Postmark, Resend:
	}
	return maxSingle
}

// MaxEvents is the most events of one body. No provider documents more than 1,000.
const MaxEvents = 10_000

// Unknown is the name of an event that no list of this package has.
const Unknown = "unknown"

// Item is one event about one recipient, or what is wrong with an event.
type Item struct {
	// Number counts the events of a body from 1. Several items have the same one where an event names several recipients.
	Number int
	// Event is the name that the provider gives the event, from a closed list for each provider, else [Unknown].
	Event string
	// Raw is the name of an unknown event as it was written, at most 60 printable bytes; for a log, not for a label.
	Raw    string
	Report intake.Report
	// Err says what is wrong with the event, without any value of it; then Report is empty.
	Err error
}

// Refusal is the error for what is not taken in: it says what to answer. Any other error of this package and of package verify is a fault on
// this side, such as a certificate that cannot be fetched, for which a caller answers 503 so that the provider tries again.
type Refusal struct {
	// Status is that of the answer: 401, 405, 406 for Mailgun, which stops its retries, or 200 where another try would change nothing.
	Status int
	// Challenge is the value of the header WWW-Authenticate of the answer; empty: it has none.
	Challenge string
	// Reason is of a closed list, for a counter.
	Reason Reason
	// Text says what is wrong, for the log of the receiver only: the answer tells an attacker nothing.
	Text string
}

func (r *Refusal) Error() string { return string(r.Reason) + ": " + r.Text }

// Reason is why a request was refused.
type Reason string

// The reasons.
const (
	Unreadable   Reason = "unreadable"    // not the form that the provider documents
	BadMethod    Reason = "bad_method"    // no POST
	NoSignature  Reason = "no_signature"  // signature or credentials are missing
	BadSignature Reason = "bad_signature" // they do not fit the body and the keys
	TooOld       Reason = "too_old"       // or from the future
	OtherTopic   Reason = "other_topic"   // an SNS topic that is not expected
	BadHeader    Reason = "bad_header"    // a header says something else than the body
	BadURL       Reason = "bad_url"       // the URL of a certificate or of a confirmation is not one of SNS
)
