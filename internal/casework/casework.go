// Package casework has the rules of cases: complaints, inquiries and requests of persons, and the desk of a department that answers them. It
// reckons deadlines, deputies, and the desk that a case belongs to. It has no clock and no storage: times are
// parameters, and everything that it returns follows from what it is given.
package casework

import (
	"slices"
	"time"
)

// Kind is what a case is about. The strings are those of tables, the API and the command line.
type Kind string

// The kinds.
const (
	Complaint Kind = "complaint" // about a message, or about who sent it
	Inquiry   Kind = "inquiry"   // a question to which the desk owes an answer
	Access    Kind = "access"    // what is held about me (GDPR Art. 15); portability (Art. 20) is answered the same way
	Erasure   Kind = "erasure"   // erase, correct or restrict what is held (GDPR Art. 16 to 18)
	Objection Kind = "objection" // no more marketing (GDPR Art. 21(2), 7(3)). The refusal is recorded at once; the case only answers
	Other     Kind = "other"     // what fits none of these
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Complaint, Inquiry, Access, Erasure, Objection, Other} }

// Valid reports whether it is a kind.
func (k Kind) Valid() bool { return slices.Contains(Kinds(), k) }

// Right reports whether the person makes use of a right of GDPR Art. 15 to 22, so that Art. 12(3) sets a deadline.
func (k Kind) Right() bool { return k == Access || k == Erasure || k == Objection }

// State is how far a case has come.
type State string

// The states. A case is opened as Open, and every state but Closed waits for the desk or the person.
const (
	Open     State = "open"     // the desk, or the member that it is assigned to, has to act
	Waiting  State = "waiting"  // put aside until a time, when it comes back as Open (Wiedervorlage)
	Answered State = "answered" // an answer went out, and the desk has not said yet what came of it
	Closed   State = "closed"   // with an outcome
)

// States returns all states.
func States() []State { return []State{Open, Waiting, Answered, Closed} }

// CanBecome reports whether a case of the state may be put into another one. A closed case is opened again only as Open: by a mail of the
// person, or by an officer.
func (s State) CanBecome(next State) bool {
	switch s {
	case Open:
		return next == Waiting || next == Answered || next == Closed
	case Waiting:
		return next == Open || next == Answered || next == Closed
	case Answered:
		return next == Open || next == Waiting || next == Closed
	case Closed:
		return next == Open
	}
	return false
}

// Origin is how a case came.
type Origin string

// The origins.
const (
	FromMail    Origin = "mail"    // a mail that no other rule took
	FromPage    Origin = "page"    // the page of recipients
	FromOfficer Origin = "officer" // an officer or a member of a desk opened it, for what came by telephone, on paper or in person
	FromReport  Origin = "report"  // a complaint of a mailbox provider (ARF, CFBL, webhook)
)

// Origins returns all origins.
func Origins() []Origin { return []Origin{FromMail, FromPage, FromOfficer, FromReport} }

// Outcome is what came of a case.
type Outcome string

// The outcomes. The first five are those of a complaint.
const (
	Justified    Outcome = "justified"     // the person is right, and none of the next three says why
	RuleWrong    Outcome = "rule_wrong"    // the message was allowed, and the rule of the catalog that allowed it is wrong
	SenderWrong  Outcome = "sender_wrong"  // the sender did not ask, or sent in spite of the answer
	AddressWrong Outcome = "address_wrong" // the address belongs to another person, or was recorded by mistake
	Unfounded    Outcome = "unfounded"     // the message was lawful and is explained

	Done      Outcome = "done"       // the request was fulfilled, or the question answered
	Refused   Outcome = "refused"    // the request was refused, with reasons and the right to complain (GDPR Art. 12(4))
	Withdrawn Outcome = "withdrawn"  // the person no longer wants an answer
	Duplicate Outcome = "duplicate"  // the same as another case, in which it is answered
	NotForUs  Outcome = "not_for_us" // spam, or meant for a company that is none of ours
)

// Outcomes returns the outcomes that a case of the kind can be closed with.
func Outcomes(k Kind) []Outcome {
	general := []Outcome{Done, Withdrawn, Duplicate, NotForUs}
	switch k {
	case Complaint:
		return append([]Outcome{Justified, RuleWrong, SenderWrong, AddressWrong, Unfounded}, general[1:]...)
	case Access, Erasure, Objection:
		return append([]Outcome{Refused}, general...)
	case Inquiry, Other:
		return general
	}
	return nil
}

// AgainstSender reports whether the outcome counts as a complaint that was right about who sent, in the figures of a sender identity.
func (o Outcome) AgainstSender() bool {
	return o == Justified || o == SenderWrong || o == RuleWrong || o == AddressWrong
}

// Deadline is a time by which something has to be done, with the rule that set it. Both are stored with the case, so that a changed catalog
// does not move them.
type Deadline struct {
	// At is the first moment that is too late; in UTC.
	At time.Time
	// Rule is what set it, such as answer_within:P1D or gdpr_12_3:P1M.
	Rule string
}

// IsZero reports whether there is no deadline.
func (d Deadline) IsZero() bool { return d.At.IsZero() }
