// Package catalog reads the rules of a company as data: its controllers,
// departments, channels, sender identities, declarations and policy.
//
// Parse refuses a document that breaks a rule and reports every problem with
// its line and what would be right. CheckSuccessor says whether one document
// may follow another, given what events refer to. A Catalog is immutable once
// parsed and safe for concurrent use; callers must not change what its
// methods and fields give them.
package catalog

import (
	"regexp"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/catalog/yamlread"
	"github.com/assent-io/assent/internal/period"
)

// Basis is a legal basis that a grant stands on.
type Basis string

// The legal bases.
const (
	BasisConsent          Basis = "consent"
	BasisExistingCustomer Basis = "existing_customer"
	BasisTerms            Basis = "terms"
	BasisContract         Basis = "contract"
	BasisLegalObligation  Basis = "legal_obligation"
)

// ParseBasis returns the basis of that name, and whether there is one.
func ParseBasis(name string) (Basis, bool) {
	switch basis := Basis(name); basis {
	case BasisConsent, BasisExistingCustomer, BasisTerms, BasisContract, BasisLegalObligation:
		return basis, true
	default:
		return "", false
	}
}

// Class is the kind of communication that a channel carries.
type Class string

// The classes of channels.
const (
	ClassMarketing     Class = "marketing"
	ClassTransactional Class = "transactional"
	ClassLegalNotice   Class = "legal_notice"
)

// Medium is how a channel reaches people.
type Medium string

// MediumEmail is the only medium so far.
const MediumEmail Medium = "email"

// DeclarationKind says what people agree to with a declaration.
type DeclarationKind string

// The kinds of declarations.
const (
	KindConsent DeclarationKind = "consent"
	KindTerms   DeclarationKind = "terms"
	// KindNotice is a text that people were shown when their address was collected with a sale: that they may refuse.
	KindNotice DeclarationKind = "notice"
)

// CountsAs is what a clause of the terms is worth. It is empty for other
// declarations.
type CountsAs string

// What a clause of the terms may count as.
const (
	CountsAsNone             CountsAs = "none"
	CountsAsExistingCustomer CountsAs = "existing_customer"
)

// Evidence is a part of the evidence that a channel may require of a consent, besides what every consent must prove.
type Evidence string

// What a channel may require.
const (
	EvidenceURL       Evidence = "url"
	EvidenceIP        Evidence = "ip"
	EvidenceUserAgent Evidence = "user_agent"
	EvidenceOperator  Evidence = "operator"
)

// RecipientRole is what a client is to the controllers whose data it is told.
type RecipientRole string

// The roles of recipients.
const (
	RoleOwnDepartment   RecipientRole = "own_department"
	RoleProcessor       RecipientRole = "processor"
	RoleOtherController RecipientRole = "other_controller"
)

// Catalog is one version of the rules. Fields hold what the document says,
// with defaults filled in.
type Catalog struct {
	// EffectiveTime is when the version begins to count, in UTC, in whole
	// microseconds; nil when the document leaves it out.
	EffectiveTime *time.Time
	Controllers   []Controller
	// Recipients say who clients are. Not every client is among them.
	Recipients       []Recipient
	Departments      []Department
	Channels         []Channel
	SenderIdentities []SenderIdentity
	Declarations     []Declaration
	// GenericWords are words that tell no sender identity from another, besides those that are built in.
	GenericWords []string
	Policy       Policy
	// QuietHours and Freezes are when marketing waits although it is lawful.
	QuietHours []campaign.QuietHours
	Freezes    []campaign.Freeze
	// Sends is what is asked of planned mailings.
	Sends SendRules
	// Pressure bounds how much marketing a person gets; all of them hold.
	Pressure []campaign.Cap

	file        string
	lines       yamlread.Lines
	controllers map[string]*Controller
	recipients  map[string]*Recipient
	departments map[string]*Department
	channels    map[string]*Channel
	senders     map[string]*SenderIdentity
	versions    map[versionKey]*DeclarationVersion
	calendars   map[string]*campaign.Calendar // by channel
}

type versionKey struct{ id, version string }

// LocalName is a text in the languages that people are answered in. Both are
// set, or neither where the key is optional and missing.
type LocalName struct {
	EN string
	DE string
}

// Controller is a legal entity that answers for the processing.
type Controller struct {
	ID             string
	Name           string
	PostalAddress  string
	PrivacyContact string // e-mail address in its exact form
	ImprintURL     string // empty when not given
	PrivacyURL     string // of the notice on data protection; empty when not given
	// SupervisoryAuthority is the name and address of the authority that a person may complain to (GDPR Art. 15(1)(f));
	// empty when not given.
	SupervisoryAuthority string
	// RetentionNote says how long the controller keeps what is held elsewhere (GDPR Art. 15(1)(d)); empty when not given.
	RetentionNote LocalName
}

// Recipient is who a client is, by name, as a person is told who asks for access (GDPR Art. 15(1)(c); CJEU C-154/21).
type Recipient struct {
	Client        string // the id of the client
	Name          string
	PostalAddress string
	Role          RecipientRole
	Country       string // where the data goes: two capitals of ISO 3166-1
}

// Department is an organisational unit that sends and receives complaints.
type Department struct {
	ID           string
	Name         LocalName
	Controller   string
	ComplaintsTo string // e-mail address in its exact form
	// Desk answers the cases of the department; nil: it has none, and the officer gets them.
	Desk *casework.Desk
}

// Channel is a stream of communication that a person can join or leave.
type Channel struct {
	ID         string
	Name       LocalName
	Department string
	// Controller is that of the department; the document does not repeat it.
	Controller string
	Medium     Medium
	Class      Class
	// LegalBases are the accepted bases in the order in which they are tried.
	LegalBases []Basis
	// DoubleOptIn says that a consent needs a confirmation to be provable.
	DoubleOptIn bool
	// EvidenceRequired is what a consent needs besides to be provable; each once.
	EvidenceRequired []Evidence
	// NoticeRequired says that a grant of a customer must name the notice that was shown.
	NoticeRequired bool
	// ConsentLapsesAfter is zero when consents do not lapse.
	ConsentLapsesAfter period.Period
	// ConsentLapsesFrom is from when on that period counts; empty when consents do not lapse.
	ConsentLapsesFrom LapsesFrom
	// Honours names the channels with refusals that hold here, too, for every
	// basis but consent.
	Honours []string
	// Goods are what counts as similar for existing customers; empty means
	// that no goods are asked for.
	Goods []string
	// Refusable says that a refusal on the channel is accepted. It is always
	// true for marketing.
	Refusable bool
	// ReferencePattern is the pattern as written, empty when there is none.
	// MatchesReference applies it.
	ReferencePattern string
	// SenderIdentities are never empty; the first is the default.
	SenderIdentities []string
	Retired          bool

	reference *regexp.Regexp
}

// LapsesFrom says from when on the period counts after which a consent lapses.
type LapsesFrom string

// From when on the period counts.
const (
	// FromBeginning counts from when the consent began; a contact changes nothing.
	FromBeginning LapsesFrom = "beginning"
	// FromLastContact counts from the last message that the person was sent on the channel before the consent had lapsed.
	FromLastContact LapsesFrom = "last_contact"
)

// Accepts reports whether a grant on the basis counts on the channel.
func (c *Channel) Accepts(basis Basis) bool { return slices.Contains(c.LegalBases, basis) }

// Allows reports whether the sender identity is one of the channel's.
func (c *Channel) Allows(senderIdentity string) bool {
	return slices.Contains(c.SenderIdentities, senderIdentity)
}

// DefaultSender returns the sender identity that is used when none is named.
func (c *Channel) DefaultSender() string { return c.SenderIdentities[0] }

// MatchesReference reports whether the whole reference matches the channel's
// pattern. Without a pattern every reference does, the empty one included.
func (c *Channel) MatchesReference(reference string) bool {
	return c.reference == nil || c.reference.MatchString(reference)
}

// Mailbox is the From of a sender identity.
type Mailbox struct {
	Name    string
	Address string // in its exact form
}

// SenderIdentity is the sender that a message shows.
type SenderIdentity struct {
	ID         string
	Department string
	From       Mailbox
	ReplyTo    string // e-mail address in its exact form; empty when not given
	// LookalikeAccepted is nil unless a likeness was accepted on purpose.
	LookalikeAccepted *LookalikeAcceptance
	Retired           bool
}

// LookalikeAcceptance says that two sender identities may look alike, and why.
type LookalikeAcceptance struct {
	With          string
	Justification string
}

// Declaration is a text that people agree to, in its versions.
type Declaration struct {
	ID       string
	Kind     DeclarationKind
	Versions []DeclarationVersion
}

// DeclarationVersion is one wording of a declaration.
type DeclarationVersion struct {
	// ID and Kind are those of the declaration.
	ID       string
	Kind     DeclarationKind
	Version  string
	Language string
	Channels []string
	Text     string
	// CountsAs is set for terms only.
	CountsAs CountsAs
	// Assessed is nil when the document leaves it out.
	Assessed *Assessment
	// Place says where a notice stood, such as a page; RefusalOffered that a box to refuse stood beside it. Both of notices only.
	Place          string
	RefusalOffered bool
}

// Covers reports whether the version speaks of the channel.
func (v *DeclarationVersion) Covers(channel string) bool {
	return slices.Contains(v.Channels, channel)
}

// Ref returns the version as grants name it: id@version.
func (v *DeclarationVersion) Ref() string { return v.ID + "@" + v.Version }

// Assessment says who found that a clause of the terms counts as consent, and when.
type Assessment struct {
	By   string
	On   time.Time // midnight UTC of the day
	Note string
}

// Policy holds the periods that apply to every channel.
type Policy struct {
	// DecisionTTL is how long a decision may be relied on.
	DecisionTTL period.Period
	// ExistingCustomerLapsesAfter ends existing-customer grants.
	ExistingCustomerLapsesAfter period.Period
	// ConfirmationExpiresAfter is the time after which an unconfirmed request ends.
	ConfirmationExpiresAfter period.Period
	// ClaimsPeriod is how long the evidence of an erased person is kept, sealed for an officer, for the defence of claims
	// (GDPR Art. 17(3)(e)); zero: not at all.
	ClaimsPeriod period.Period
	// ComplaintScope says how far a complaint about a message reaches.
	ComplaintScope ComplaintScope
	// SoftBouncesSuppress is how many soft bounces without a delivery between, over at least a week, mean that an address is dead.
	SoftBouncesSuppress int
	// Retention says how long what is held is kept.
	Retention Retention
}

// ComplaintScope says how far a complaint about a message reaches.
type ComplaintScope string

// The scopes of complaints.
const (
	ComplaintDepartment ComplaintScope = "department" // all marketing of the department that sent
	ComplaintMarketing  ComplaintScope = "marketing"  // all marketing
)

// How many soft bounces mean that an address is dead: where the catalog does not say it, and at most.
const (
	defaultSoftBounces = 5
	maxSoftBounces     = 100
)

// Retention holds the periods after which what is held is removed; zero: it is kept without end.
type Retention struct {
	// Evidence is for the evidence of consents and refusals, from when the event is of no use any more.
	Evidence period.Period
	// Requests is how long unconfirmed requests are kept, from their expiry.
	Requests period.Period
	// Disclosures is how long the counts of disclosures about a person are kept, from the end of their day.
	Disclosures period.Period
	// HardBounces is for hard bounces: then the address may be tried again.
	HardBounces period.Period
	// Contacts is how long it is kept what a person was sent, from then; it is never without end.
	Contacts period.Period
	// Cases is how long what is personal of a case is kept, from when it is closed.
	Cases period.Period
}

// Controller returns the controller with the id.
func (c *Catalog) Controller(id string) (*Controller, bool) {
	controller, ok := c.controllers[id]
	return controller, ok
}

// Recipient returns who the client with the id is.
func (c *Catalog) Recipient(client string) (*Recipient, bool) {
	recipient, ok := c.recipients[client]
	return recipient, ok
}

// Department returns the department with the id.
func (c *Catalog) Department(id string) (*Department, bool) {
	department, ok := c.departments[id]
	return department, ok
}

// Channel returns the channel with the id, retired ones included.
func (c *Catalog) Channel(id string) (*Channel, bool) {
	channel, ok := c.channels[id]
	return channel, ok
}

// SenderIdentity returns the sender identity with the id, retired ones
// included.
func (c *Catalog) SenderIdentity(id string) (*SenderIdentity, bool) {
	sender, ok := c.senders[id]
	return sender, ok
}

// Declaration returns the version of the declaration.
func (c *Catalog) Declaration(id, version string) (*DeclarationVersion, bool) {
	found, ok := c.versions[versionKey{id, version}]
	return found, ok
}

// index makes the documents' parts findable. The first of two parts with one
// id wins; Parse refuses such documents. Departments come before channels,
// which take their controller from them.
func (c *Catalog) index() {
	c.controllers = byID(c.Controllers, func(x *Controller) string { return x.ID })
	c.recipients = byID(c.Recipients, func(x *Recipient) string { return x.Client })
	c.departments = byID(c.Departments, func(x *Department) string { return x.ID })
	c.channels = byID(c.Channels, func(x *Channel) string { return x.ID })
	c.senders = byID(c.SenderIdentities, func(x *SenderIdentity) string { return x.ID })
	for i := range c.Channels {
		if department, ok := c.departments[c.Channels[i].Department]; ok {
			c.Channels[i].Controller = department.Controller
		}
	}
	c.versions = map[versionKey]*DeclarationVersion{}
	for i := range c.Declarations {
		for j := range c.Declarations[i].Versions {
			version := &c.Declarations[i].Versions[j]
			key := versionKey{version.ID, version.Version}
			if _, taken := c.versions[key]; !taken {
				c.versions[key] = version
			}
		}
	}
}

func byID[T any](items []T, id func(*T) string) map[string]*T {
	index := make(map[string]*T, len(items))
	for i := range items {
		if _, taken := index[id(&items[i])]; !taken {
			index[id(&items[i])] = &items[i]
		}
	}
	return index
}
