package service

import (
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/ledger"
)

// Moment is what time is asked about, and up to where the ledger counts as known. The zero value is now, strictly, with all that
// was acknowledged.
type Moment struct {
	AsOf  consent.Instant // the time to decide for; zero: that at which Known was so, or now
	Known Known
}

// Known is up to where the ledger counts as known; the zero value is all of it. At most one of the fields is set.
type Known struct {
	Position int64           // of the last event that counts
	Time     consent.Instant // the last event recorded at or before it is the last that counts
}

// isNow reports whether what is asked for may be sent on.
func (m Moment) isNow() bool { return m == Moment{} }

// Consistency is how fresh an answer has to be. The zero value is strict: nothing is missed that was acknowledged before the call.
type Consistency struct {
	// AtLeast is a position that the ledger must have reached; 0: any. Root is that of the tree at the position; nil: any.
	AtLeast int64
	Root    *[ledger.HashSize]byte
	// Bounded is how old what the answer rests on may be, which is then not for sending; 0: it is strict.
	Bounded time.Duration
}

// isStrict reports whether what is asked for may be sent on.
func (c *Consistency) isStrict() bool { return c.Bounded == 0 }

// CheckInput is a check of one address.
type CheckInput struct {
	Address string
	consent.Request
	Moment
	Consistency
	Receipt bool // a signed receipt is wanted
}

// BatchInput is a check of many addresses.
type BatchInput struct {
	Addresses []string
	consent.Request
	Moment
	Consistency
}

// LookupInput is a look at one address.
type LookupInput struct {
	Address string
	Moment
}

// Basis is what decisions rest on: a position of the ledger and a version of the catalog.
type Basis struct {
	Position       int64
	CatalogVersion int64
	ForSending     bool // false for checks of the past, by what was known in the past, or by what may have changed since
}

// CheckResult is the answer to a check.
type CheckResult struct {
	consent.Decision
	Basis
	Department *catalog.Department // of the sender identity; nil if that is unknown
	Receipt    string              // signed; empty unless it was asked for
}

// BatchResult is the answer to a check of many: what addresses have in common once, what differs by address in the order of the
// request.
type BatchResult struct {
	Basis
	Catalog    *catalog.Catalog
	Outcomes   []Outcome
	Of         []uint32          // the index of the outcome
	Positions  []int64           // of the grant; 0: there is none
	ValidUntil []consent.Instant // zero: it is no ALLOW
}

// Item returns the decision about the address at i, or why there is none.
func (r *BatchResult) Item(i int) (consent.Decision, *fault.Error) {
	one := &r.Outcomes[r.Of[i]]
	d := one.Decision
	d.Position, d.ValidUntil = r.Positions[i], r.ValidUntil[i]
	return d, one.Err
}

// Idempotency makes the repetition of a write safe: the same id of the same client with the same body gets the first answer.
// The zero value does nothing.
type Idempotency struct {
	Method string
	ID     [16]byte
	Body   []byte // any encoding of the request that is the same for the same request
}

// Recorded is what became of a statement.
type Recorded struct {
	Position  int64
	Duplicate bool // it was recorded before, at that position
	// Warnings say what was recorded otherwise than stated, and what a grant lacks to allow anything.
	Warnings []statement.Warning `json:",omitempty"`
	// StillAllowed is of a no: the channels it is for on which the address may be written to all the same.
	StillAllowed []StillAllowed `json:",omitempty"`
	// Erased is of an erasure: how many events it cut off from the address, or took the evidence of.
	Erased int64 `json:",omitzero"`
}

// StillAllowed is a channel that a no was stated for, and on which a later consent still allows messages. Reason and position are zero
// where the channel is of another department than the client.
type StillAllowed struct {
	Channel  string
	Reason   consent.Code // why a check allows
	Position int64        // of the consent; 0 on a transactional channel
}

// RecordItem is what became of one statement of a batch.
type RecordItem struct {
	Recorded
	Err *fault.Error
}

// BatchRecord is many statements to record.
type BatchRecord struct {
	Items        []BatchStatement
	ValidateOnly bool
	Batch        consent.BatchID
	Idempotency  Idempotency
}

// BatchStatement is one statement of a batch, or why it could not be read.
type BatchStatement struct {
	Statement statement.Statement
	Err       *fault.Error
}

// OptIn is a double opt-in to ask for.
type OptIn struct {
	Statement statement.Statement // of kind request
	Sender    string
	Idempotency
}

// OptInResult is the decision about the confirmation mail.
type OptInResult struct {
	CheckResult
	Token     string // empty if no mail may be sent
	Expires   consent.Instant
	Positions []int64
	Warnings  []statement.Warning
}

// Confirmation is a double opt-in to confirm.
type Confirmation struct {
	Token     string
	Statement statement.Statement // evidence only
	Idempotency
}

// Confirmed is what a confirmation gave.
type Confirmed struct {
	Position  int64
	Channel   string
	Duplicate bool // the same token had confirmed before, at that position
}

// ChannelState is what holds for an address on one channel.
type ChannelState struct {
	Channel  string
	Decision CheckResult
	Grants   []consent.Grant
	Refused  consent.Instant // the latest refusal; zero: none
	Pending  consent.Instant // when the pending request ends; zero: none is pending
}

// ActiveSuppression is a suppression in force; Domain is set where it is of a domain.
type ActiveSuppression struct {
	consent.Suppression
	Domain string
}

// Recipient is what holds for an address.
type Recipient struct {
	Basis
	Channels     []ChannelState
	Suppressions []ActiveSuppression
}

// HistoryEvent is an event with its evidence, as far as it is held.
type HistoryEvent struct {
	consent.Event
	Evidence consent.Evidence
	Held     bool // the sealed evidence is held; if not, and the header has its hash, it was deleted
	// TextWithheld is set where the evidence has text that only the department that wrote it may read.
	TextWithheld bool
}

// HistoryInput asks for a page of a person's history.
type HistoryInput struct {
	Address string
	HistoryFilter
	Size  int
	Token string // of the page before; empty for the first
}

// HistoryFilter narrows a history down to the events that all its fields fit; the zero value lets every event through.
type HistoryFilter struct {
	Since   consent.Instant // occurred at or after it
	Until   consent.Instant // occurred before it; zero: no end
	Kinds   []string        // names of kinds; none: all
	Channel string          // named by the event, among its channels or as its scope
	Actor   string          // the client that recorded it
}

// HistoryPage is a page of a person's history.
type HistoryPage struct {
	Events []HistoryEvent
	Next   string // token of the next page; empty after the last
}

// CatalogVersion is a version of the catalog.
type CatalogVersion struct {
	Version   int64
	Document  string
	ETag      string
	Effective consent.Instant // zero: for all time before
	Recorded  consent.Instant
	Position  int64
}

// ApplyCatalog is a catalog to apply.
type ApplyCatalog struct {
	Name         string // for messages: the file's name, or catalog
	Document     string
	ETag         string // of the version it is to follow; empty: whichever
	ValidateOnly bool
	Idempotency
}

// AppliedCatalog is what became of a catalog.
type AppliedCatalog struct {
	Version   int64
	ETag      string
	Position  int64
	Unchanged bool
	Warnings  []string
}

// Client is somebody who may ask.
type Client struct {
	ID             string
	Department     string
	AllDepartments bool
	Scopes         []Scope
	Lists          []string
	Created        consent.Instant
	Revoked        consent.Instant
	KeyExpires     consent.Instant // zero: never
	TwoKeys        bool            // the key before holds, too
	PriorExpires   consent.Instant // of the key before; zero: never
}

// NewClient is a client to create. Exactly one of Role and Scopes is given, and of Department and AllDepartments.
type NewClient struct {
	ID             string
	Department     string
	AllDepartments bool
	Role           string
	Scopes         []string
	Lists          []string
	KeyExpires     consent.Instant // of its key; zero: never
}

// RotateClient asks for a new key of a client.
type RotateClient struct {
	ID         string
	KeyExpires consent.Instant // of the new key; zero: never
	Overlap    *time.Duration  // how long the key before holds beside it; nil: until it is ended
}

// ClientPage is a page of clients.
type ClientPage struct {
	Clients []Client
	Next    string
}

// RebuildReport is what a rebuilding of the states found.
type RebuildReport struct {
	Subjects int
	Differed int // states that were not what their events give
	Took     time.Duration
}

// Move is a change of address.
type Move struct {
	From, To      string
	Justification string
	Idempotency
}

// Moved are the positions of what a change of address recorded, the first to the last.
type Moved struct{ First, Last int64 }

// Hold is a legal hold to place or to release.
type Hold struct {
	Address       string
	Justification string
	Idempotency
}

// Void is an event, or a batch of them, to leave out. Exactly one of Position and Batch is set.
type Void struct {
	Position      int64
	Batch         consent.BatchID
	Justification string
}

// Voided is what a void left out.
type Voided struct {
	Events   int64
	Subjects int64
	kept     int // subjects that keep what a batch recorded, for otherwise a grant without evidence would count again
}

// Erasure is an address to erase.
type Erasure struct {
	Address       string
	Occurred      consent.Instant // when it was asked for; zero: now
	Operator      string
	Justification string
	Idempotency
}

// ReturnsInput asks for a page of what came back of erased persons.
type ReturnsInput struct {
	Since consent.Instant // the day of it and later
	Size  int
	Token string
}

// ReturnsPage is a page of it.
type ReturnsPage struct {
	Returns []ErasedReturn
	Next    string
}

// ErasedReturn tells that a client sent something about an erased person from before the erasure. Person is the same for all of one
// person's, and says nothing else.
type ErasedReturn struct {
	Day        consent.Instant
	Client     string
	Department string // of the client; empty: all
	Person     string
	Count      int64
}
