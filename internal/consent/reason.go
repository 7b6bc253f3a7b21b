package consent

import "github.com/assent-io/assent/internal/locale"

// Verdict is what a check answers.
type Verdict uint8

// The verdicts.
const (
	Allow Verdict = iota + 1
	Deny
	Defer
)

// String returns ALLOW, DENY or DEFER.
func (v Verdict) String() string {
	if names := [...]string{Allow: "ALLOW", Deny: "DENY", Defer: "DEFER"}; v >= Allow && int(v) < len(names) {
		return names[v]
	}
	return "UNSPECIFIED"
}

// About is what a denial concerns.
type About uint8

// What a denial concerns; zero of what is none.
const (
	AboutRequest About = iota + 1
	AboutRecipient
)

// String returns request, recipient or nothing.
func (a About) String() string {
	if names := [...]string{AboutRequest: "request", AboutRecipient: "recipient"}; int(a) < len(names) {
		return names[a]
	}
	return ""
}

// Code is why a check answers what it answers. The set grows.
type Code string

// The codes of decisions, in the order in which they are looked for.
const (
	CodeChannelRetired    Code = "CHANNEL_RETIRED"
	CodeSenderUnknown     Code = "SENDER_UNKNOWN"
	CodeSenderInactive    Code = "SENDER_INACTIVE"
	CodeSenderNotAllowed  Code = "SENDER_NOT_ALLOWED"
	CodeLegalBlock        Code = "LEGAL_BLOCK"
	CodeRestricted        Code = "PROCESSING_RESTRICTED"
	CodeHardBounce        Code = "HARD_BOUNCE"
	CodeSuppressed        Code = "SUPPRESSED"
	CodeMixedContent      Code = "MIXED_CONTENT"
	CodeWithdrawn         Code = "WITHDRAWN"
	CodeRefused           Code = "REFUSED"
	CodeReferenceMissing  Code = "REFERENCE_MISSING"
	CodeReferenceInvalid  Code = "REFERENCE_INVALID"
	CodeAllowContract     Code = "ALLOW_CONTRACT"
	CodeAllowLegal        Code = "ALLOW_LEGAL_OBLIGATION"
	CodeRoleAddress       Code = "ROLE_ADDRESS"
	CodeObjection         Code = "OBJECTION"
	CodeComplaint         Code = "COMPLAINT"
	CodeErased            Code = "ERASED"
	CodeExternalList      Code = "EXTERNAL_LIST"
	CodeListStale         Code = "EXTERNAL_LIST_STALE"
	CodeAllowConsent      Code = "ALLOW_CONSENT"
	CodeScopeMismatch     Code = "CONSENT_SCOPE_MISMATCH"
	CodeNotProvable       Code = "CONSENT_NOT_PROVABLE"
	CodeConsentExpired    Code = "CONSENT_EXPIRED"
	CodeConsentLapsed     Code = "CONSENT_LAPSED"
	CodeConsentPending    Code = "CONSENT_PENDING"
	CodeRefusedBefore     Code = "REFUSED_BEFORE"
	CodeHonouredRefusal   Code = "HONOURED_REFUSAL"
	CodeSaleMissing       Code = "CUSTOMER_SALE_MISSING"
	CodeNoticeMissing     Code = "CUSTOMER_NOTICE_MISSING"
	CodeNotSimilar        Code = "CUSTOMER_NOT_SIMILAR"
	CodeBasisExpired      Code = "BASIS_EXPIRED"
	CodeCustomerLapsed    Code = "CUSTOMER_LAPSED"
	CodeAllowCustomer     Code = "ALLOW_EXISTING_CUSTOMER"
	CodeTermsInsufficient Code = "TERMS_INSUFFICIENT"
	CodeAllowTerms        Code = "ALLOW_TERMS"
	CodeUnclear           Code = "UNSUBSCRIBE_UNCLEAR"
	CodeNotCleared        Code = "SEND_NOT_CLEARED"
	CodeFreeze            Code = "FREEZE"
	CodeQuietHours        Code = "QUIET_HOURS"
	CodePressure          Code = "CONTACT_PRESSURE"
	CodeWouldDefer        Code = "WOULD_DEFER" // among the reasons of an ALLOW; what follows would defer if it were not only observed
	CodeBasisNotAccepted  Code = "BASIS_NOT_ACCEPTED"
	CodeNoLegalBasis      Code = "NO_LEGAL_BASIS"
	CodeConfirmationLimit Code = "CONFIRMATION_LIMIT"
	CodeAllowConfirmation Code = "ALLOW_CONFIRMATION"
)

// about says what a denial with this primary code concerns.
func (c Code) about() About {
	switch c {
	case CodeChannelRetired, CodeSenderUnknown, CodeSenderInactive, CodeSenderNotAllowed, CodeMixedContent,
		CodeReferenceMissing, CodeReferenceInvalid:
		return AboutRequest
	default:
		return AboutRecipient
	}
}

// Explanation is a sentence for people that says what the code means; empty for a code that this package does not give.
func (c Code) Explanation(lang locale.Language) string { return locale.Explanation(string(c)).In(lang) }

// Remedy is a sentence for people that says what would change the answer; empty for what allows.
func (c Code) Remedy(lang locale.Language) string { return locale.Remedy(string(c)).In(lang) }

// AllCodes returns every code that decisions give, in the order in which they are looked for.
func AllCodes() []Code {
	return []Code{
		CodeChannelRetired, CodeSenderUnknown, CodeSenderInactive, CodeSenderNotAllowed, CodeLegalBlock, CodeRestricted, CodeHardBounce,
		CodeSuppressed, CodeMixedContent, CodeWithdrawn, CodeRefused, CodeReferenceMissing, CodeReferenceInvalid, CodeAllowContract,
		CodeAllowLegal, CodeRoleAddress, CodeObjection, CodeComplaint, CodeErased, CodeExternalList, CodeListStale, CodeAllowConsent,
		CodeScopeMismatch, CodeNotProvable, CodeConsentExpired, CodeConsentLapsed, CodeConsentPending, CodeRefusedBefore, CodeHonouredRefusal,
		CodeSaleMissing, CodeNoticeMissing, CodeNotSimilar, CodeBasisExpired, CodeCustomerLapsed, CodeAllowCustomer,
		CodeTermsInsufficient, CodeAllowTerms, CodeUnclear, CodeNotCleared, CodeFreeze, CodeQuietHours, CodePressure, CodeWouldDefer, CodeBasisNotAccepted, CodeNoLegalBasis,
		CodeConfirmationLimit, CodeAllowConfirmation,
	}
}
