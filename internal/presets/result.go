package presets

import (
	"time"

	"github.com/assent-io/assent/internal/consent"
)

// Outcome is what became of a row.
type Outcome string

// The outcomes. A fourth, duplicate, only the store can tell.
const (
	// Recorded: the row has facts.
	Recorded Outcome = "recorded"
	// Skipped: the row is understood and has no fact, such as a soft bounce.
	Skipped Outcome = "skipped"
	// Rejected: the row, or a part of it, could not be read, or lacks what its fact needs.
	Rejected Outcome = "rejected"
)

// Verb is what a record does.
type Verb string

// The verbs. There is none that ends a refusal or a suppression.
const (
	Grant    Verb = "grant"
	Withdraw Verb = "withdraw"
	Suppress Verb = "suppress"
)

// Cause is why a row was skipped or rejected. The set is closed, so that a report can count by it.
type Cause string

// The causes of skipped rows.
const (
	SoftBounce  Cause = "SOFT_BOUNCE"  // a soft bounce, a block, a deferral: no fact about the mailbox
	NoStatement Cause = "NO_STATEMENT" // the row says neither yes nor no, such as a contact that was never asked
	Allowlist   Cause = "ALLOWLIST"    // an allowlist or a reactivation, which is no consent
	OtherMedium Cause = "OTHER_MEDIUM" // about text messages or calls
	Hint        Cause = "HINT"         // what other senders saw
	OwnEntry    Cause = "OWN_ENTRY"    // what an export from here left there
)

// The causes of rejected rows.
const (
	NoAddress      Cause = "NO_ADDRESS"      // the column of the address is empty or missing
	InvalidAddress Cause = "INVALID_ADDRESS" // no address, and no domain where one may stand
	NoProof        Cause = "NO_PROOF"        // a subscriber whose consent the row does not prove
	Unmapped       Cause = "UNMAPPED"        // a list, group, topic, stream or tag without a channel
	UnknownStatus  Cause = "UNKNOWN_STATUS"  // a word that the preset does not know
	InvalidTime    Cause = "INVALID_TIME"    // a time that cannot be read, or that never was
	TimeInFuture   Cause = "TIME_IN_FUTURE"  // a time after the import
	TooMany        Cause = "TOO_MANY"        // more tags, lists and so on than a row may have
	AmbiguousRow   Cause = "AMBIGUOUS_ROW"   // two columns of one name that differ, or cells more or fewer than columns
)

// Result is what became of one row.
type Result struct {
	Outcome Outcome
	// Cause is empty of a row that is recorded.
	Cause Cause
	// Why says in one sentence what became of the row. It repeats no cell.
	Why string
	// Column is the column that the cause is about, as the preset calls it; empty: the row as a whole.
	Column string
	// Unmapped are the keys that --map would need, such as group:12. They come from cells; a key that may be an address is left out.
	Unmapped []string
	// Address is the address as it stands in the row, without spaces around it; Domain stands there instead where the entry is a domain.
	Address, Domain string
	// Records are the facts, all about that address or domain. A rejected row may have some: what could be read of it is recorded, because
	// a refusal is never left out for the sake of a neighbour that could not be read. A grant never stands beside anything rejected.
	Records []Record
}

// Record is one fact.
type Record struct {
	Verb Verb
	// Reason and Scope are those of a suppression. A withdrawal from all marketing has OBJECTION and marketing, which it is recorded as.
	Reason consent.Reason
	Scope  consent.Scope
	// Channel is the id of the channel of a grant or a withdrawal; empty for a withdrawal from all marketing.
	Channel string
	// Time is when it happened; it is never zero and never after the import.
	Time time.Time
	// Imported reports that the row has no time of its own, and Time is the one of the whole file.
	Imported bool
	// Until is when a suppression ends by itself; zero: never. That of a hard bounce may be before the import.
	Until time.Time
	// Declaration is id@version, of a grant only.
	Declaration string
	Evidence    Evidence
}

// AllMarketing reports whether the record withdraws from all marketing.
func (r *Record) AllMarketing() bool { return r.Verb == Withdraw && r.Channel == "" }

// Evidence is what the row proves. Of a refusal or a suppression only the source is given.
type Evidence struct {
	// Source is always import.
	Source string
	// IP is that of the opt-in, as netip.Addr writes it.
	IP string
	// Confirmed is when the person confirmed; zero: the row proves no confirmation.
	Confirmed time.Time
	// Note is what else the row proves: the IP address of the confirmation.
	Note string
}
