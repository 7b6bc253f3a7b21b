// Package scenario reads and runs scenario files: cases stated as data, with what happened, what is asked and what has to
// be answered. The format is described in docs/decision-rules.md.
//
// [Load] and [Parse] read a file strictly: an unknown key or a value of the wrong kind is an error that names file and line.
// [RunCore] runs a scenario through the pure core. Other surfaces that answer checks run the same files: they record the
// statements of [Event], ask the [Check]s, and compare what they got with [Expect.Compare]; and they hand in the [Case]s, and compare what became of
// them with [Case.Compare].
package scenario

import (
	"fmt"
	"strings"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/period"
)

// Scenario is one document of a scenario file.
type Scenario struct {
	Name string
	File string
	Line int // on which it begins

	Catalog         *catalog.Catalog
	CatalogDocument []byte // from which the catalog was read

	Lists  []List  // external lists
	Events []Event // in the order of the file, which means nothing
	Sends  []Send
	// Reports are what became of messages of the sends.
	Reports []Report
	Caps    []Cap // of persons

	Absences []Absence
	Cases    []Case
	Checks   []Check // at least one, if there is no case
}

// List is an external list with the versions that came into force.
type List struct {
	Line        int
	ID          string
	Binds       consent.Binds
	Freshness   period.Period // zero: the list never becomes stale
	StaleDenies bool
	Versions    []ListVersion // by time
}

// ListVersion is a version of an external list.
type ListVersion struct {
	At       consent.Instant // when it came into force
	Obtained consent.Instant // when it was got from the keeper of the list
	Entries  []string        // addresses, and domains after an @
	HasAsked bool
	Asked    []string // which addresses the keeper was asked about, where HasAsked is set; otherwise the list is about all
}

// Event is something that happened.
type Event struct {
	Line      int
	Statement statement.Statement // with its time; not yet held against the catalog
}

// Check is a question with the answer that is expected.
type Check struct {
	Line    int
	At      consent.Instant // the clock of the check
	Address string          // as written; it need not be an address
	Request consent.Request
	// Operational says that the limits of sending are judged, too, as they are for a message that is to go out at that time.
	Operational bool
	// Send is the id of the send that the message is of; empty: none is named. An ALLOW then reserves, for the checks of later times.
	Send   string
	Expect Expect
}

// VerdictError is the verdict of what is refused before any address is judged: a request that is not valid.
const VerdictError = "ERROR"

// Expect is what has to be answered. Verdict and reason are always set; of the others a nil means that anything will do.
type Expect struct {
	Verdict string // ALLOW, DENY, DEFER or ERROR
	Reason  string

	LegalBasis     *string
	Reasons        []string // exactly these, in order
	About          *string
	SenderIdentity *string
	SenderAddress  *string
	Obligations    []string        // these at least
	Retry          consent.Instant // zero: any, or none
}

// Got is what a surface answered, in the words of scenario files. What an answer does not have is empty.
type Got struct {
	Verdict        string
	Reason         string
	Reasons        []string
	LegalBasis     string
	About          string
	SenderIdentity string
	SenderAddress  string
	Obligations    []string
	Retry          consent.Instant
}

// GotDecision returns the answer that a decision is.
func GotDecision(d *consent.Decision) Got {
	got := Got{
		Verdict: d.Verdict.String(), Reason: string(d.Reason), LegalBasis: string(d.Basis), About: d.About.String(),
		Obligations: d.Obligations, Retry: d.Retry,
	}
	for _, code := range d.Reasons {
		got.Reasons = append(got.Reasons, string(code))
	}
	if d.Sender != nil {
		got.SenderIdentity, got.SenderAddress = d.Sender.ID, d.Sender.From.Address
	}
	return got
}

// GotError returns the answer that an error with the reason is.
func GotError(reason string) Got {
	return Got{Verdict: VerdictError, Reason: reason, Reasons: []string{reason}}
}

// Difference is one thing that was answered otherwise.
type Difference struct {
	Field string // as in a scenario file
	Want  string
	Got   string
}

// String returns the difference on one line.
func (d Difference) String() string {
	return fmt.Sprintf("%s: expected %s, got %s", d.Field, orNothing(d.Want), orNothing(d.Got))
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// Compare returns what differs, in the order of the fields; nothing if the answer is as expected.
func (e *Expect) Compare(got Got) []Difference {
	var differences []Difference
	add := func(field, want, got string) {
		if want != got {
			differences = append(differences, Difference{field, want, got})
		}
	}
	optional := func(field string, want *string, got string) {
		if want != nil {
			add(field, *want, got)
		}
	}
	add("verdict", e.Verdict, got.Verdict)
	add("reason", e.Reason, got.Reason)
	optional("legal_basis", e.LegalBasis, got.LegalBasis)
	if e.Reasons != nil {
		add("reasons", strings.Join(e.Reasons, ", "), strings.Join(got.Reasons, ", "))
	}
	optional("about", e.About, got.About)
	optional("sender_identity", e.SenderIdentity, got.SenderIdentity)
	optional("sender_address", e.SenderAddress, got.SenderAddress)
	if missing := without(e.Obligations, got.Obligations); len(missing) > 0 {
		add("obligations", "at least "+strings.Join(e.Obligations, ", "), strings.Join(got.Obligations, ", "))
	}
	if e.Retry != 0 && e.Retry != got.Retry {
		add("retry_time", e.Retry.String(), got.Retry.String())
	}
	return differences
}

// without returns what of list is not among the others.
func without(list, others []string) []string {
	among := map[string]bool{}
	for _, other := range others {
		among[other] = true
	}
	var missing []string
	for _, item := range list {
		if !among[item] {
			missing = append(missing, item)
		}
	}
	return missing
}
