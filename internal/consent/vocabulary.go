package consent

import "strings"

// Reason is why an address is suppressed.
type Reason string

// The reasons of suppressions.
const (
	ReasonLegalBlock           Reason = "LEGAL_BLOCK"
	ReasonProcessingRestricted Reason = "PROCESSING_RESTRICTED"
	ReasonHardBounce           Reason = "HARD_BOUNCE"
	ReasonManual               Reason = "MANUAL"
	ReasonObjection            Reason = "OBJECTION"
	ReasonComplaint            Reason = "COMPLAINT"
	ReasonErased               Reason = "ERASED"
	ReasonExternalList         Reason = "EXTERNAL_LIST"
	// ReasonUnsubscribeUnclear is that of a click on the link of a message from before the person came back: whether they want to leave again
	// is unclear. Only the service records it, with an end, for a marketing channel. It denies nothing: it defers what is to be sent.
	ReasonUnsubscribeUnclear Reason = "UNSUBSCRIBE_UNCLEAR"
)

// DefaultScope is the scope that a suppression has unless one is given; empty where one must be.
func (r Reason) DefaultScope() Scope {
	switch r {
	case ReasonProcessingRestricted, ReasonHardBounce:
		return ScopeAll
	case ReasonLegalBlock, ReasonObjection, ReasonComplaint, ReasonErased, ReasonExternalList:
		return ScopeMarketing
	default:
		return ""
	}
}

// Known reports whether r is one of the reasons.
func (r Reason) Known() bool {
	return r == ReasonManual || r == ReasonUnsubscribeUnclear || r.DefaultScope() != ""
}

// Scope is what a suppression covers: all, marketing, or KIND:ID with kind controller, department, channel or sender.
type Scope string

// The scopes without an id.
const (
	ScopeAll       Scope = "all"
	ScopeMarketing Scope = "marketing"
)

// The kinds of scopes with an id.
const (
	ScopeController = "controller"
	ScopeDepartment = "department"
	ScopeChannel    = "channel"
	ScopeSender     = "sender"
)

// Split returns the kind and the id of a scope; all and marketing have no id.
func (s Scope) Split() (kind, id string) {
	kind, id, _ = strings.Cut(string(s), ":")
	return kind, id
}

// Binds is what a listing of an external list binds.
type Binds string

// What a listing binds.
const (
	BindsAll              Binds = "all"               // marketing on every basis
	BindsExistingCustomer Binds = "existing_customer" // marketing on every basis but consent
)

// Sources of evidence. The set grows with the rules, not with the data.
const (
	SourceWebForm     = "web_form"
	SourceDoubleOptIn = "double_opt_in"
	SourceAPI         = "api"
	SourceImport      = "import"
	SourcePaper       = "paper"
	SourceInPerson    = "in_person"
	SourcePhone       = "phone"
)

// KnownSource reports whether s is a source, or empty for an unknown one.
func KnownSource(s string) bool {
	switch s {
	case "", SourceWebForm, SourceDoubleOptIn, SourceAPI, SourceImport, SourcePaper, SourceInPerson, SourcePhone:
		return true
	}
	return false
}
