package cases

import (
	"context"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/cases/figures"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// AuthorID is the author of what the program does by itself in a case. No client can have this id.
const AuthorID = "assent"

// Checker says what holds for an address.
type Checker interface {
	LookupFor(ctx context.Context, in check.LookupInput, scope access.Scope, counts bool) (check.Recipient, error)
}

// Contacts knows which messages were sent to whom.
type Contacts interface {
	// SentTo returns the departments that sent to an address since a time, the latest first.
	SentTo(ctx context.Context, a address.Address, since time.Time) ([]casework.Candidate, error)
	figures.Contacts
}

// Options say what cases are told by others. The zero value knows no contacts.
type Options struct {
	// Contacts knows which messages were sent; nil: nothing does.
	Contacts Contacts
	// Desk returns the desk of a department of a catalog; nil: [desks.Of].
	Desk func(cat *catalog.Catalog, department string) (casework.Desk, bool)
}

// Cases is the use cases about cases.
type Cases struct {
	*env.Env

	reference *reference.Reference
	guard     *access.Guard
	engine    *txn.Engine
	checker   Checker
	contacts  Contacts
	desk      func(cat *catalog.Catalog, department string) (casework.Desk, bool)
}

// New returns the use cases about cases.
func New(
	env *env.Env, reference *reference.Reference, guard *access.Guard, engine *txn.Engine, checker Checker, opts Options,
) *Cases {
	s := &Cases{Env: env, reference: reference, guard: guard, engine: engine, checker: checker, contacts: opts.Contacts, desk: opts.Desk}
	if s.contacts == nil {
		s.contacts = noContacts{}
	}
	if s.desk == nil {
		s.desk = desks.Of
	}
	return s
}

type noContacts struct{}

func (noContacts) SentTo(context.Context, address.Address, time.Time) ([]casework.Candidate, error) {
	return nil, nil
}

func (noContacts) Sent(context.Context, time.Time, time.Time) (map[string]int64, error) {
	return nil, nil
}

// Case is a case as it is shown.
type Case struct {
	ID             string // such as 2026-000123
	Kind           casework.Kind
	State          casework.State
	Origin         casework.Origin
	Department     string // empty: it is with the officers
	Assignee       string
	Deputy         string // who stands in for the assignee now; empty: the assignee is there, or the whole desk answers
	Address        string // empty: not known, or taken away
	Subject        string
	Text           string
	Channel        string
	SenderIdentity string
	Mailbox        string // that it was written to
	Personal       bool
	Received       consent.Instant
	Opened         consent.Instant
	Due            consent.Instant
	DueRule        string
	LawDue         consent.Instant // zero: the law sets none
	LawDueRule     string
	Resubmit       consent.Instant
	Answered       consent.Instant
	Closed         consent.Instant
	Outcome        casework.Outcome
	SenderInformed string
	Candidates     []casework.Candidate
	Etag           string
}

// Entry is one line of what happened in a case.
type Entry struct {
	Number int
	Time   consent.Instant
	Author string
	Kind   string
	Text   string
}

// The kinds of entries.
const (
	EntryOpened      = "opened"
	EntryMail        = "mail"   // of the person
	EntryAnswer      = "answer" // of the desk
	EntryComment     = "comment"
	EntryAssigned    = "assigned"
	EntryResubmitted = "resubmitted"
	EntryReturned    = "returned" // at the time for which it was put aside
	EntryHandedOver  = "handed_over"
	EntryClosed      = "closed"
	EntryReopened    = "reopened"
	EntryReminded    = "reminded"
	EntryEscalated   = "escalated"
	EntryExtended    = "extended"  // the deadline of the law was, which the person was told
	EntryObjection   = "objection" // of the person, recorded with the case
)

// catalog returns the catalog in force under a head.
func (s *Cases) catalog(ctx context.Context, head *storage.Head) (*catalog.Catalog, error) {
	versions, err := s.reference.Catalogs.UpTo(ctx, head)
	if err != nil {
		return nil, err
	}
	return reference.InForce(versions, max(s.Instant(), head.Recorded)).Parsed, nil
}

func missing() error {
	return fault.Errorf(fault.CaseMissing, "id", "there is no case of this number, or its desk is another department's")
}
