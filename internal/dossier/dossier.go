package dossier

import (
	"github.com/assent-io/assent/internal/locale"
)

// Format names the format of the dossier as JSON, and its version.
const Format = "assent-dossier/1"

// The states of an address.
const (
	StatusKnown   = "known"   // something is recorded about it
	StatusErasing = "erasing" // its erasure is recorded, but not carried out yet
	StatusErased  = "erased"  // it was erased; what is still held is what the law lets be held
	StatusUnknown = "unknown" // nothing is recorded about it
)

// The states of the evidence of an event.
const (
	EvidenceNone    = "none"    // there never was any
	EvidenceHeld    = "held"    // it is held
	EvidenceDeleted = "deleted" // it was deleted by an erasure or when its time was over
	// EvidenceWithheld is that of an event whose evidence is not told in this dossier, which need not mean that it is held.
	EvidenceWithheld = "withheld"
)

// Dossier is everything that is held about one address, as it stood at one position of the ledger.
type Dossier struct {
	Format       string        `json:"format"`
	Language     string        `json:"language"` // en or de: of what is written for people
	Subject      Subject       `json:"subject"`
	Request      Request       `json:"request,omitzero"`
	Made         Made          `json:"made"`
	Held         Held          `json:"held"`
	Controllers  []Controller  `json:"controllers"`
	Channels     []Channel     `json:"channels"`
	Suppressions []Suppression `json:"suppressions"`
	Events       []Event       `json:"events"` // by position
	Declarations []Declaration `json:"declarations"`
	Catalogs     []Catalog     `json:"catalogs"`           // by version
	Disclosures  []Disclosure  `json:"disclosures"`        // by day
	Recipients   []Recipient   `json:"recipients"`         // that the disclosures are to, by client
	Messages     []Message     `json:"messages,omitempty"` // of marketing, by time
	Wish         *Wish         `json:"wish,omitempty"`     // absent: the person did not say how much they want
	Cases        []Case        `json:"cases,omitempty"`    // by number
	Retention    []Retention   `json:"retention"`
}

// Subject is the address that the dossier is about.
type Subject struct {
	Address     string `json:"address"`   // as it was asked for
	ExactForm   string `json:"exactForm"` // the form that grants belong to
	Status      string `json:"status"`
	ErasedTime  Time   `json:"erasedTime,omitzero"` // of the last erasure of this address
	AddressHeld bool   `json:"addressHeld"`         // the address itself is held, sealed, in this spelling
	// OtherSpellingHeld is set where another spelling of the address is held, sealed: one that was used, or the form without
	// differences of spelling.
	OtherSpellingHeld bool `json:"otherSpellingHeld"`
	// Linked are other addresses of the same person: of the links that hold, as far as the events have them.
	Linked []string `json:"linked,omitempty"`
	// ClaimsKept is set where the erasure left something for the defence of claims, as the rules of its time say.
	ClaimsKept bool `json:"claimsKept,omitempty"`
	// ErasurePending is set where an erasure of this spelling is recorded, but not carried out yet. Status says so.
	ErasurePending bool `json:"-"`
}

// Request is the request for access that the dossier answers, as an officer states it. What is empty is not said.
type Request struct {
	FileNumber    string `json:"fileNumber,omitempty"`
	Name          string `json:"name,omitempty"`
	Date          string `json:"date,omitempty"`    // 2026-11-22, on which it was received
	DueDate       string `json:"dueDate,omitempty"` // the last day of the month that GDPR Art. 12(3) gives for the answer
	IdentityCheck string `json:"identityCheck,omitempty"`
}

// Made says when, for which client and from which data the dossier was made.
type Made struct {
	Time           Time   `json:"time"`
	By             string `json:"by"`                   // id of the client
	Department     *Named `json:"department"`           // the only one that it is about; null: all
	Controller     string `json:"controller,omitempty"` // id of the only one that it is about; empty: all
	Ledger         string `json:"ledger"`               // the name of the ledger in its checkpoints
	Position       int64  `json:"position"`             // of the last event that it knows of
	CatalogVersion int64  `json:"catalogVersion"`
	Undone         int64  `json:"undone,omitempty"` // the number of the last undo that is complete: voids with a greater one wait
	Checkpoint     string `json:"checkpoint"`       // a signed note of that position
	VerifierKey    string `json:"verifierKey"`      // of the key that signed it
}

// IsLimited reports whether the dossier is about one department or controller only.
func (m *Made) IsLimited() bool { return m.Department != nil || m.Controller != "" }

// Held counts what is held.
type Held struct {
	Digests         []Digest      `json:"digests"`
	Events          int           `json:"events"`
	WithEvidence    int           `json:"withEvidence"`
	EvidenceDeleted int           `json:"evidenceDeleted"`
	Suppressions    int           `json:"suppressions"` // in force
	Disclosures     int           `json:"disclosures"`  // rows
	Statements      []locale.Text `json:"statements"`   // the same in sentences; nothing else is held
}

// Digest is a keyed digest of a form of the address, by which its events are found.
type Digest struct {
	Form        string `json:"form"` // exact, folded, mail or domain
	AddressHeld bool   `json:"addressHeld"`
	ErasedTime  Time   `json:"erasedTime,omitzero"`
}

// Controller answers for the processing.
type Controller struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	PostalAddress  string `json:"postalAddress"`
	PrivacyContact string `json:"privacyContact"`
	ImprintURL     string `json:"imprintUrl"`
	// SupervisoryAuthority is the one that a person may complain to, RetentionNote how long the controller keeps what is held elsewhere.
	SupervisoryAuthority string      `json:"supervisoryAuthority,omitempty"`
	RetentionNote        locale.Text `json:"retentionNote,omitzero"`
}

// Named is something that the catalog gives a name in two languages. Where the catalog does not know it both are its id.
type Named struct {
	ID   string      `json:"id"`
	Name locale.Text `json:"name"`
}

// Channel is what holds on a channel, as decided at the time and position of the dossier.
type Channel struct {
	Named
	Department       Named       `json:"department"`
	Controller       string      `json:"controller"`
	Medium           string      `json:"medium"`
	Class            string      `json:"class"`
	Retired          bool        `json:"retired"`
	LegalBases       []string    `json:"legalBases"` // that the channel accepts
	Verdict          string      `json:"verdict"`
	Reason           string      `json:"reason"`
	Reasons          []string    `json:"reasons"`
	Explanation      locale.Text `json:"explanation"`
	Remedy           locale.Text `json:"remedy"`
	LegalBasis       string      `json:"legalBasis"`
	GrantPosition    int64       `json:"grantPosition"` // 0: no grant decides
	RefusedTime      Time        `json:"refusedTime,omitzero"`
	PendingUntilTime Time        `json:"pendingUntilTime,omitzero"`
}

// Suppression is one in force; Domain is set where it is of a domain and not of the address.
type Suppression struct {
	Reason      string      `json:"reason"`
	Explanation locale.Text `json:"explanation"`
	Remedy      locale.Text `json:"remedy"`
	Scope       string      `json:"scope"`
	Stops       locale.Text `json:"stops"`
	SinceTime   Time        `json:"sinceTime"`
	UntilTime   Time        `json:"untilTime,omitzero"`
	List        string      `json:"list"`
	Binds       string      `json:"binds"`
	Domain      string      `json:"domain"`
	Linked      bool        `json:"linked,omitempty"` // it is of another address of the same person
	Position    int64       `json:"position"`
}

// Event is an event of the ledger: what stands in its header, and its evidence as far as it is held.
type Event struct {
	Position        int64       `json:"position"`
	RecordedTime    Time        `json:"recordedTime"`
	OccurredTime    Time        `json:"occurredTime"`
	Kind            string      `json:"kind"`
	Summary         locale.Text `json:"summary"`
	Actor           string      `json:"actor"` // id of the client that recorded it
	ActorDepartment *Named      `json:"actorDepartment"`
	BatchID         string      `json:"batchId,omitempty"`
	Channels        []Named     `json:"channels"`
	LegalBasis      string      `json:"legalBasis,omitempty"`
	Declaration     string      `json:"declaration,omitempty"` // id@version
	ExpiresTime     Time        `json:"expiresTime,omitzero"`  // of a suppression its until
	Source          string      `json:"source,omitempty"`
	ConfirmedTime   Time        `json:"confirmedTime,omitzero"`
	NoticeGiven     bool        `json:"noticeGiven,omitempty"`
	Notice          string      `json:"notice,omitempty"`      // id@version of the notice that was shown
	InformedTime    Time        `json:"informedTime,omitzero"` // of a lift: when the person was told that a restriction ends
	Goods           []string    `json:"goods,omitempty"`
	Reason          string      `json:"reason,omitempty"`
	Scope           string      `json:"scope,omitempty"`
	List            string      `json:"list,omitempty"`
	Binds           string      `json:"binds,omitempty"`
	Was             []int64     `json:"was,omitempty"`          // positions of events that it stands for since erasures blanked them
	VoidPosition    int64       `json:"voidPosition,omitempty"` // the event that it declares void
	VoidBatch       string      `json:"voidBatch,omitempty"`    // the batch; its events about the address are declared void
	Undo            int64       `json:"undo,omitempty"`         // of a void: the number of the undo with which it takes effect
	VoidedBy        int64       `json:"voidedBy,omitempty"`     // position of the event that declared this one void
	Moved           string      `json:"moved,omitempty"`        // of a change of address: away or here
	Removed         *Removed    `json:"removed,omitempty"`      // of a removal after the retention period
	CatalogVersion  int64       `json:"catalogVersion"`         // in force when it occurred
	// Of says what else than the address it was recorded for: spelling (another one of the same mailbox) or domain. Then only the fact,
	// its time, its reason and what it covers are told.
	Of             string   `json:"of,omitempty"`
	Domain         string   `json:"domain,omitempty"` // that it was recorded for
	EvidenceState  string   `json:"evidenceState"`
	Evidence       Evidence `json:"evidence,omitzero"`
	WithheldGround string   `json:"withheldGround,omitempty"` // why the evidence is withheld (GDPR Art. 15(4))
	EvidenceSHA256 string   `json:"evidenceSha256,omitempty"` // of the sealed evidence, in hex
	LeafHash       string   `json:"leafHash"`                 // in base64
}

// Removed is what was removed when its time was over.
type Removed struct {
	Of        string  `json:"of"`
	UntilTime Time    `json:"untilTime,omitzero"`
	Count     int64   `json:"count"`
	Positions []int64 `json:"positions,omitempty"` // of the events that had this evidence
}

// Evidence is what was sealed beside an event.
type Evidence struct {
	Address        string `json:"address,omitempty"` // as typed, or the domain
	URL            string `json:"url,omitempty"`
	IP             string `json:"ip,omitempty"`
	UserAgent      string `json:"userAgent,omitempty"`
	TransactionRef string `json:"transactionRef,omitempty"`
	DocumentRef    string `json:"documentRef,omitempty"`
	Operator       string `json:"operator,omitempty"`
	// OperatorWithheld is true if the event names the employee who took it down, and the dossier leaves the name out.
	OperatorWithheld bool   `json:"operatorWithheld,omitempty"`
	Note             string `json:"note,omitempty"`
	Justification    string `json:"justification,omitempty"`
	// TextWithheld is set where operator, note or justification were left out because a client of another department wrote them.
	TextWithheld bool   `json:"textWithheld,omitempty"`
	OtherAddress string `json:"otherAddress,omitempty"` // of a change of address or a link that holds: the other one
}

// Declaration is a version of a declaration that an event names.
type Declaration struct {
	ID             string   `json:"id"`
	Version        string   `json:"version"`
	Kind           string   `json:"kind"` // consent or terms; empty where no catalog has the version
	Language       string   `json:"language"`
	Channels       []string `json:"channels"`
	Text           string   `json:"text"`           // the wording
	CatalogVersion int64    `json:"catalogVersion"` // that has this wording; 0: none
}

// Catalog is a version of the catalog that was in force when an event occurred, or is now.
type Catalog struct {
	Version       int64  `json:"version"`
	EffectiveTime Time   `json:"effectiveTime,omitzero"` // absent: for all time before
	RecordedTime  Time   `json:"recordedTime"`
	Position      int64  `json:"position"`
	SHA256        string `json:"sha256"` // of the document, in hex
	InForce       bool   `json:"inForce"`
}

// Disclosure is how often one client learnt something about the address on one day.
type Disclosure struct {
	Client     string `json:"client"`
	Department *Named `json:"department"` // of the client; null: it acts for all of them
	Channel    Named  `json:"channel"`    // that it asked about; of what told of all of them see AllPurposes
	Day        string `json:"day"`        // 2026-11-22, UTC
	Count      int64  `json:"count"`
}

// Recipient is who a client is (GDPR Art. 15(1)(c)). Of a client that the catalog does not list only the id is known.
type Recipient struct {
	Client        string `json:"client"`
	Name          string `json:"name,omitempty"`
	PostalAddress string `json:"postalAddress,omitempty"`
	Role          string `json:"role,omitempty"`    // own_department, processor or other_controller
	Country       string `json:"country,omitempty"` // two capitals of ISO 3166-1
}

// AllPurposes stands in the place of a channel if a client learnt of all channels: by a look-up, a history or an
// export.
func AllPurposes() Named { return Named{Name: locale.Get("channel.all")} }

// Retention is how long something of a kind is kept.
type Retention struct {
	Of     string      `json:"of"`     // evidence, requests, disclosures, hard_bounces, suppressions or ledger
	Period string      `json:"period"` // ISO 8601; empty: kept while it is of use, no end is set
	Text   locale.Text `json:"text"`
}

// Lang is the language of the dossier.
func (d *Dossier) Lang() locale.Language {
	if d.Language == locale.German.Tag() {
		return locale.German
	}
	return locale.English
}
