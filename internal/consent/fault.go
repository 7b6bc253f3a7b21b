package consent

import "fmt"

// Fault is why a request is refused: the reason of an [Error]. The set is closed; package rpc maps each to a status code.
type Fault string

// The faults.
const (
	FaultInvalidAddress     Fault = "INVALID_ADDRESS"
	FaultInvalidDomain      Fault = "INVALID_DOMAIN"
	FaultUnknownChannel     Fault = "UNKNOWN_CHANNEL"
	FaultUnknownDeclaration Fault = "UNKNOWN_DECLARATION"
	FaultTimeInFuture       Fault = "TIME_IN_FUTURE"
	FaultInvalidTime        Fault = "INVALID_TIME"
	FaultInvalidEvidence    Fault = "INVALID_EVIDENCE"
	FaultInvalidSuppression Fault = "INVALID_SUPPRESSION"
	FaultInvalidEvent       Fault = "INVALID_EVENT"
	FaultInvalidToken       Fault = "INVALID_TOKEN"
	FaultInvalidReceipt     Fault = "INVALID_RECEIPT"
	FaultInvalidPageToken   Fault = "INVALID_PAGE_TOKEN"
	FaultInvalidCatalog     Fault = "INVALID_CATALOG"
	FaultInvalidClient      Fault = "INVALID_CLIENT"
	FaultInvalidRequest     Fault = "INVALID_REQUEST"
	FaultPositionUnknown    Fault = "POSITION_UNKNOWN"
	FaultOtherHistory       Fault = "OTHER_HISTORY"
	FaultNotRefusable       Fault = "NOT_REFUSABLE"
	FaultNoEffect           Fault = "NO_EFFECT"
	FaultBasisNotAccepted   Fault = "BASIS_NOT_ACCEPTED"
	FaultNothingPending     Fault = "NOTHING_PENDING"
	FaultRequestEnded       Fault = "REQUEST_ENDED"
	FaultNoCatalog          Fault = "NO_CATALOG"
	FaultCatalogNotFound    Fault = "CATALOG_NOT_FOUND"
	FaultVersionInUse       Fault = "VERSION_IN_USE"
	FaultInUse              Fault = "IN_USE"
	FaultEtagMismatch       Fault = "ETAG_MISMATCH"
	FaultSuppressionMissing Fault = "SUPPRESSION_NOT_FOUND"
	FaultErasedBefore       Fault = "ERASED_BEFORE"
	FaultLegalHold          Fault = "LEGAL_HOLD"
	FaultNotHeld            Fault = "NOT_HELD"
	FaultNotVoidable        Fault = "NOT_VOIDABLE"
	FaultNoClaimsKey        Fault = "NO_CLAIMS_KEY"
	FaultRequestIDReused    Fault = "REQUEST_ID_REUSED"
	FaultClientExists       Fault = "CLIENT_EXISTS"
	FaultClientMissing      Fault = "CLIENT_NOT_FOUND"
	FaultUnauthenticated    Fault = "UNAUTHENTICATED"
	FaultScopeMissing       Fault = "SCOPE_MISSING"
	FaultOtherDepartment    Fault = "OTHER_DEPARTMENT"
	FaultTooLarge           Fault = "TOO_LARGE"
	FaultTooManyCalls       Fault = "TOO_MANY_CALLS"
	FaultClockSkew          Fault = "CLOCK_SKEW"
	FaultKeyMissing         Fault = "KEY_MISSING"
	FaultUnavailable        Fault = "STORE_UNAVAILABLE"
	FaultServerStopping     Fault = "SERVER_STOPPING"
)

// Error is why a request is refused. Its text never holds an address.
type Error struct {
	Fault      Fault
	Field      string // the field of the request, where it is one; in lowerCamelCase, dotted
	Message    string // a sentence that says what is wrong and what would be right
	Violations []Violation

	cause error // what led to it; see Because
}

// Violation is one of several problems of a request.
type Violation struct{ Field, Message string }

// Error returns the message with its reason.
func (e *Error) Error() string { return string(e.Fault) + ": " + e.Message }

// Because notes what led to the error, such as that of a driver, and returns the error. It is for the log of the server alone:
// neither the text of the error nor any answer to a caller holds it.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

// Unwrap returns what led to the error; nil if nothing was noted.
func (e *Error) Unwrap() error { return e.cause }

// Faultf returns an error about a field; field may be empty.
func Faultf(fault Fault, field, format string, args ...any) *Error {
	return &Error{Fault: fault, Field: field, Message: fmt.Sprintf(format, args...)}
}

// AllFaults returns every fault there is.
func AllFaults() []Fault {
	return []Fault{
		FaultInvalidAddress, FaultInvalidDomain, FaultUnknownChannel, FaultUnknownDeclaration, FaultTimeInFuture, FaultInvalidTime,
		FaultInvalidEvidence, FaultInvalidSuppression, FaultInvalidEvent, FaultInvalidToken, FaultInvalidReceipt, FaultInvalidPageToken,
		FaultInvalidCatalog, FaultInvalidClient, FaultInvalidRequest, FaultPositionUnknown, FaultOtherHistory, FaultNotRefusable,
		FaultNoEffect,
		FaultBasisNotAccepted, FaultNothingPending, FaultRequestEnded, FaultNoCatalog, FaultCatalogNotFound, FaultVersionInUse, FaultInUse,
		FaultEtagMismatch, FaultSuppressionMissing, FaultErasedBefore, FaultLegalHold, FaultNotHeld, FaultNotVoidable, FaultNoClaimsKey,
		FaultRequestIDReused, FaultClientExists, FaultClientMissing,
		FaultUnauthenticated, FaultScopeMissing, FaultOtherDepartment, FaultTooLarge, FaultTooManyCalls, FaultClockSkew, FaultKeyMissing, FaultUnavailable,
		FaultServerStopping,
	}
}
