package consent

import (
	"bytes"
	"cmp"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/period"
)

// SubjectID identifies the subject of an event: 16 bytes, of which at least 11 are random. Only the table of subjects ties it to an address.
// Events of the catalog have the zero id.
type SubjectID [16]byte

// EventKey is a keyed digest of an event's facts and evidence, unique for its subject but for events that a void leaves out, so that the
// same fact imported twice is one event, and can be recorded again after it was left out.
type EventKey [16]byte

// BatchID groups the events of one import; zero is no batch.
type BatchID [16]byte

// Form is the form of an address that a subject stands for. The numbers are stored and never change.
type Form uint8

// The forms of an address.
const (
	FormExact  Form = 1 // grants, requests and confirmations
	FormFolded Form = 2 // everything that blocks
	FormDomain Form = 3 // what blocks a whole domain
	FormMail   Form = 4 // confirmation mails of a folded form, apart from it so that an erasure can cut them off
)

// Spelling is a keyed digest of the exact form of an address, by which bounces, tagged refusals, lifts and erasures find
// the spelling they were recorded for. Key is the version of the digest key: that of the subject's row, so that all events
// of a subject have comparable spellings however often the digest key was rotated.
type Spelling struct {
	Key uint32
	Sum [16]byte
}

// Linked names an address that is linked with another one of the same person. It stays the same however often the digest key was rotated.
type Linked struct {
	Folded   [32]byte // the digest that the row of its folded subject has
	Spelling [16]byte // as events of that subject carry it
}

// Declaration names a version of a declaration; the zero value names none.
type Declaration struct{ ID, Version string }

// IsZero reports whether no declaration is named.
func (d Declaration) IsZero() bool { return d == Declaration{} }

// String returns id@version.
func (d Declaration) String() string {
	if d.IsZero() {
		return ""
	}
	return d.ID + "@" + d.Version
}

// Facts are what an event says, as far as it counts for the fold. They stand in clear in the event's header. Which fields
// a kind has is said by the comments; the others are zero.
type Facts struct {
	Kind     Kind
	Channels []string // sorted, each once; request, confirm and mail have exactly one, suppress, lift and erase none

	Basis       catalog.Basis // of a grant
	Declaration Declaration   // of a grant and of a request; of a withdrawal the one that was withdrawn
	Expires     Instant       // of a grant and of a request; of a suppression its until

	// What is given as evidence and stands in clear, of any kind; it counts only of grants, requests and confirmations.
	Source      string
	Confirmed   Instant     // confirmed_time
	Transaction bool        // a transaction_ref is in the sealed evidence
	Document    bool        // a document_ref is in the sealed evidence
	Notice      bool        // notice_given
	NoticeShown Declaration // the notice that was shown; zero: none is named
	Details     Details     // which other parts of the sealed evidence there are
	Goods       []string    // sorted, each once

	// Of a suppression or a lift.
	Reason Reason
	Scope  Scope // of a lift: zero is any
	List   string
	Binds  Binds

	// Of a lift.
	Informed  Instant // when the person was told that a restriction ends (GDPR Art. 18(3))
	Retention bool    // not a person but retention ended it: what it ends was not a mistake

	// Of what belongs to a folded subject: the spelling it was recorded for, and whether that was tagged.
	Spelling Spelling
	Tagged   bool

	Linked Linked // of a link or its end: the other address

	// Of a version of the catalog.
	CatalogVersion int64
	Effective      Instant  // zero: for all time before
	Document256    [32]byte // of a version of an external list, too: the SHA-256 of its stored bytes

	// Of a version of an external list, which has List and Binds besides.
	ListVersion int64
	ListForm    string        // which digests it holds, see package extlist
	Obtained    Instant       // when the list was got from its keeper; its age counts from then
	Freshness   period.Period // how long it may be relied on; zero: for ever
	StaleDenies bool          // once it is older, it denies

	// Of a void: what it leaves out, an event of its subject or those of a batch. Exactly one is set. An undo has the batch.
	VoidPosition int64
	VoidBatch    BatchID
	// Undo is the number of an undo: 1, 2, 3 … in the order in which they take effect. A void of a batch that has one is without effect
	// until the ledger has the event of kind undo with that number, see [InEffect].
	Undo int64

	Move Move // of a move

	// Of a ruling: what was decided about, as the API names it, such as sends/spring, and what, such as cleared. Neither tells of a person.
	Resource string
	Outcome  string

	// Of a removal: a class of what retention removes, up to when, how many, and the positions of the events that had this
	// evidence, in ascending order.
	Removed   Removed
	Until     Instant
	Count     int64
	Positions []int64
}

// Move says on which side of a change of address a subject is. The numbers are stored and never change.
type Move uint8

// The sides of a change of address.
const (
	MovedAway Move = 1 // the person is reached elsewhere now
	MovedHere Move = 2 // what blocks came along from the address before
)

// Removed is a class of what retention removes. The strings are stored and never change.
type Removed string

// What retention removes.
const (
	RemovedEvidence    Removed = "evidence"
	RemovedRequests    Removed = "requests"    // unconfirmed requests, with their address
	RemovedDisclosures Removed = "disclosures" // counts of disclosures
	RemovedClaims      Removed = "claims"      // what was kept for the defence of claims
)

// KnownRemoved reports whether r is a class of what retention removes.
func KnownRemoved(r Removed) bool {
	switch r {
	case RemovedEvidence, RemovedRequests, RemovedDisclosures, RemovedClaims:
		return true
	default:
		return false
	}
}

// Evidence is what is kept sealed beside an event.
type Evidence struct {
	Address        string // as typed; or the domain
	URL            string
	IP             string
	UserAgent      string
	TransactionRef string
	DocumentRef    string
	Operator       string
	Note           string
	Justification  string
	Other          string // of a move, and of a link or its end: the address on the other side, in its exact form
}

// Event is an immutable fact of the ledger.
type Event struct {
	Position int64
	Recorded Instant
	Occurred Instant
	Subject  SubjectID
	Actor    string // id of the client that recorded it
	Key      EventKey
	Batch    BatchID
	Evidence [32]byte // SHA-256 of the sealed evidence; zero if there is none

	// Was are the positions of the events that this one stands for since erasures blanked them, in ascending order.
	Was []int64

	Facts
}

// IsBlank reports whether the event was blanked: another one stands for it, and only its position and time of recording are known.
func (e *Event) IsBlank() bool { return e.Kind == 0 }

// Begin is the instant from which the event counts. A consent that was given at once begins at its confirmed_time where that is
// earlier than its occurrence; every other event begins when it occurred. An erasure reaches what begins at or before it.
func (e *Event) Begin() Instant { return e.BeginAt(e.Occurred) }

// BeginAt is the instant from which facts count that occur at the given instant, as [Event.Begin].
func (f *Facts) BeginAt(occurred Instant) Instant {
	if f.Kind == KindGrant && f.Basis == catalog.BasisConsent {
		return Earliest(occurred, f.Confirmed)
	}
	return occurred
}

// Compare orders events by when they count: by the instant of their occurrence, at one instant by kind, of one kind by
// their canonical facts. Events that are equal in all of these differ in their sealed evidence or their spelling, and their
// order changes no answer; their keys give them one that does not depend on their arrival. One fact that several batches state is in the order
// of its positions.
func Compare(a, b *Event) int {
	if c := cmp.Compare(a.Occurred, b.Occurred); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Kind.row().order, b.Kind.row().order); c != 0 {
		return c
	}
	if c := bytes.Compare(AppendFacts(nil, &a.Facts), AppendFacts(nil, &b.Facts)); c != 0 {
		return c
	}
	return cmp.Or(bytes.Compare(a.Key[:], b.Key[:]), cmp.Compare(a.Position, b.Position))
}
