// Package fault is the vocabulary of refusals: a closed set of codes, and the error that carries one to the caller. Every error that a
// caller caused or can mend is an [Error]; all others are defects of the program or of its surroundings.
package fault

import (
	"errors"
	"fmt"
)

// Code is why a request is refused: the reason of an [Error]. The set is closed; package rpc maps each to a status code.
type Code string

// The codes.
const (
	InvalidAddress     Code = "INVALID_ADDRESS"
	InvalidDomain      Code = "INVALID_DOMAIN"
	UnknownChannel     Code = "UNKNOWN_CHANNEL"
	UnknownDeclaration Code = "UNKNOWN_DECLARATION"
	UnknownNotice      Code = "UNKNOWN_NOTICE"
	NotANotice         Code = "NOT_A_NOTICE"
	TimeInFuture       Code = "TIME_IN_FUTURE"
	InvalidTime        Code = "INVALID_TIME"
	InvalidEvidence    Code = "INVALID_EVIDENCE"
	InvalidSuppression Code = "INVALID_SUPPRESSION"
	InvalidEvent       Code = "INVALID_EVENT"
	InvalidToken       Code = "INVALID_TOKEN"
	InvalidReceipt     Code = "INVALID_RECEIPT"
	InvalidPageToken   Code = "INVALID_PAGE_TOKEN"
	InvalidCatalog     Code = "INVALID_CATALOG"
	InvalidClient      Code = "INVALID_CLIENT"
	InvalidRequest     Code = "INVALID_REQUEST"
	PositionUnknown    Code = "POSITION_UNKNOWN"
	OtherHistory       Code = "OTHER_HISTORY"
	PositionCompacted  Code = "POSITION_COMPACTED"
	NotRefusable       Code = "NOT_REFUSABLE"
	NoEffect           Code = "NO_EFFECT"
	BasisNotAccepted   Code = "BASIS_NOT_ACCEPTED"
	NothingPending     Code = "NOTHING_PENDING"
	RequestEnded       Code = "REQUEST_ENDED"
	NoCatalog          Code = "NO_CATALOG"
	CatalogNotFound    Code = "CATALOG_NOT_FOUND"
	VersionInUse       Code = "VERSION_IN_USE"
	InUse              Code = "IN_USE"
	EtagMismatch       Code = "ETAG_MISMATCH"
	SuppressionMissing Code = "SUPPRESSION_NOT_FOUND"
	ErasedBefore       Code = "ERASED_BEFORE"
	LegalHold          Code = "LEGAL_HOLD"
	NotHeld            Code = "NOT_HELD"
	NotVoidable        Code = "NOT_VOIDABLE"
	BatchUndone        Code = "BATCH_UNDONE"
	UndoPending        Code = "UNDO_PENDING"
	NotOfAddress       Code = "POSITION_NOT_OF_ADDRESS"
	NotInformed        Code = "NOT_INFORMED"
	SameAddress        Code = "SAME_ADDRESS"
	LinkCircle         Code = "LINK_CIRCLE"
	LinkErased         Code = "LINK_ERASED"
	NotLinked          Code = "NOT_LINKED"
	OtherController    Code = "OTHER_CONTROLLER"
	NoClaimsKey        Code = "NO_CLAIMS_KEY"
	RequestIDReused    Code = "REQUEST_ID_REUSED"
	ClientExists       Code = "CLIENT_EXISTS"
	ClientMissing      Code = "CLIENT_NOT_FOUND"
	InvalidConsumer    Code = "INVALID_CONSUMER"
	ConsumerExists     Code = "CONSUMER_EXISTS"
	ConsumerMissing    Code = "CONSUMER_NOT_FOUND"
	ConsumerRevoked    Code = "CONSUMER_REVOKED"
	WebhookMissing     Code = "WEBHOOK_NOT_FOUND"
	WebhookDisabled    Code = "WEBHOOK_DISABLED"
	DeliveryMissing    Code = "DELIVERY_NOT_FOUND"
	DeliveryNotDead    Code = "DELIVERY_NOT_DEAD"
	RotationUnderWay   Code = "ROTATION_UNDER_WAY"
	ConsumerRequired   Code = "CONSUMER_REQUIRED"
	InvalidImport      Code = "INVALID_IMPORT"
	InvalidFile        Code = "INVALID_FILE"
	ImportMissing      Code = "IMPORT_NOT_FOUND"
	HintMissing        Code = "HINT_NOT_FOUND"
	HintDecided        Code = "HINT_DECIDED"
	HintLacks          Code = "HINT_LACKS_CHANNEL"
	FileChanged        Code = "FILE_CHANGED"
	UploadReplaced     Code = "UPLOAD_REPLACED"
	InvalidList        Code = "INVALID_EXTERNAL_LIST"
	ListExists         Code = "EXTERNAL_LIST_EXISTS"
	ListMissing        Code = "EXTERNAL_LIST_NOT_FOUND"
	ListShrinks        Code = "EXTERNAL_LIST_SHRINKS"
	NoPublicURL        Code = "NO_PUBLIC_URL"
	SourceExists       Code = "SOURCE_EXISTS"
	SourceMissing      Code = "SOURCE_NOT_FOUND"
	InvalidSend        Code = "INVALID_SEND"
	SendExists         Code = "SEND_EXISTS"
	SendMissing        Code = "SEND_NOT_FOUND"
	SendState          Code = "SEND_STATE"
	OwnSend            Code = "OWN_SEND"
	CalendarExists     Code = "SEND_CALENDAR_EXISTS"
	CalendarMissing    Code = "SEND_CALENDAR_NOT_FOUND"
	SendDiffers        Code = "SEND_DIFFERS"
	ContactSent        Code = "CONTACT_SENT"
	CaseMissing        Code = "CASE_NOT_FOUND"
	CaseClosed         Code = "CASE_CLOSED"
	CaseNotClosed      Code = "CASE_NOT_CLOSED"
	CaseFull           Code = "CASE_FULL"
	CaseLacksAddress   Code = "CASE_HAS_NO_ADDRESS"
	CaseNotExtendable  Code = "CASE_NOT_EXTENDABLE"
	SenderNotInformed  Code = "SENDER_NOT_INFORMED"
	DeskMissing        Code = "DESK_NOT_FOUND"
	DeskLacksMember    Code = "DESK_HAS_NO_MEMBER"
	InvalidAbsence     Code = "INVALID_ABSENCE"
	AbsenceMissing     Code = "ABSENCE_NOT_FOUND"
	Unauthenticated    Code = "UNAUTHENTICATED"
	ScopeMissing       Code = "SCOPE_MISSING"
	OtherDepartment    Code = "OTHER_DEPARTMENT"
	TooLarge           Code = "TOO_LARGE"
	TooManyCalls       Code = "TOO_MANY_CALLS"
	SlowWatcher        Code = "SLOW_WATCHER"
	ClockSkew          Code = "CLOCK_SKEW"
	KeyMissing         Code = "KEY_MISSING"
	Unavailable        Code = "STORE_UNAVAILABLE"
	ServerStopping     Code = "SERVER_STOPPING"
)

// Error is why a request is refused. Its text never holds an address.
type Error struct {
	Code       Code
	Field      string // the field of the request, where it is one; in lowerCamelCase, dotted
	Message    string // a sentence that says what is wrong and what would be right
	Violations []Violation

	cause error // what led to it; see Because
}

// Violation is one of several problems of a request.
type Violation struct{ Field, Message string }

// Error returns the message with its reason.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Because notes what led to the error, such as that of a driver, and returns the error. It is for the log of the server alone:
// neither the text of the error nor any answer to a caller holds it.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

// Unwrap returns what led to the error; nil if nothing was noted.
func (e *Error) Unwrap() error { return e.cause }

// Errorf returns an error about a field; field may be empty.
func Errorf(code Code, field, format string, args ...any) *Error {
	return &Error{Code: code, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Is reports whether an error is a refusal with the code, or wraps one.
func Is(err error, code Code) bool {
	var refused *Error
	return errors.As(err, &refused) && refused.Code == code
}

// AllCodes returns every code there is.
func AllCodes() []Code {
	return []Code{
		InvalidAddress, InvalidDomain, UnknownChannel, UnknownDeclaration, UnknownNotice, NotANotice, TimeInFuture, InvalidTime,
		InvalidEvidence, InvalidSuppression, InvalidEvent, InvalidToken, InvalidReceipt, InvalidPageToken,
		InvalidCatalog, InvalidClient, InvalidRequest, PositionUnknown, OtherHistory, PositionCompacted, NotRefusable,
		NoEffect,
		BasisNotAccepted, NothingPending, RequestEnded, NoCatalog, CatalogNotFound, VersionInUse, InUse,
		EtagMismatch, SuppressionMissing, ErasedBefore, LegalHold, NotHeld, NotVoidable, BatchUndone, UndoPending, NotOfAddress, NotInformed,
		SameAddress, LinkCircle, LinkErased, NotLinked, OtherController, NoClaimsKey, RequestIDReused, ClientExists, ClientMissing,
		InvalidConsumer, ConsumerExists, ConsumerMissing, ConsumerRevoked, ConsumerRequired, WebhookMissing, WebhookDisabled, DeliveryMissing, DeliveryNotDead,
		InvalidImport, InvalidFile, ImportMissing, HintMissing, HintDecided, HintLacks, FileChanged, UploadReplaced,
		RotationUnderWay, Unauthenticated, ScopeMissing, OtherDepartment, TooLarge,
		InvalidList, ListExists, ListMissing, ListShrinks, NoPublicURL, SourceExists, SourceMissing,
		InvalidSend, SendExists, SendMissing, SendState, OwnSend, CalendarExists, CalendarMissing,
		SendDiffers, ContactSent,
		CaseMissing, CaseClosed, CaseNotClosed, CaseFull, CaseLacksAddress, CaseNotExtendable, SenderNotInformed, DeskMissing, DeskLacksMember, InvalidAbsence, AbsenceMissing,
		TooManyCalls, SlowWatcher, ClockSkew, KeyMissing, Unavailable,
		ServerStopping,
	}
}
