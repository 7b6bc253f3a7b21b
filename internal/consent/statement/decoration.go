package statement

import (
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storedtext"
)

// A no counts whatever comes with it. Evidence of a withdrawal, refusal, suppression or erasure only decorates it, so evidence that
// cannot be stored as given is shortened or left out, and the answer says so in a warning. A grant needs its evidence as proof: there
// the same defects are errors.

// WarningCode says what kind of defect a [Warning] is about. The set may grow.
type WarningCode string

// The codes of warnings; besides them the codes of denials, of grants that allow nothing by themselves.
const (
	WarningEvidenceShortened WarningCode = "EVIDENCE_SHORTENED"
	WarningEvidenceRemoved   WarningCode = "EVIDENCE_REMOVED"
	WarningAlreadyAllowed    WarningCode = "ALREADY_ALLOWED"
)

// Warning says that a statement was recorded otherwise than given, or that the event lacks something. The event is recorded
// all the same. No text of a warning holds an address.
type Warning struct {
	Code    WarningCode
	Field   string // of the request, in lowerCamelCase, dotted; empty: the whole
	Message string // one sentence
}

// InvalidInstant stands in a statement for a time that was given and cannot be one. Only what decorates a no may hold it.
const InvalidInstant consent.Instant = -1

// The limits of evidence: of texts in bytes, of goods in number.
const (
	maxURL            = 2048
	maxIP             = 64
	maxUserAgent      = 1024
	maxTransactionRef = 256
	maxDocumentRef    = 256
	maxOperator       = 256
	maxNote           = 4096
	maxJustification  = 2048
	maxGoods          = 32
)

// evidenceText is a text of a statement that is stored sealed.
type evidenceText struct {
	field string
	text  *string
	limit int
}

// StorableUserAgent returns a user agent, which no person typed, as evidence can hold it: what is too long is cut, and signs that no text has are
// left out.
func StorableUserAgent(text string) string { return storedtext.Storable(text, maxUserAgent) }

func (s *Statement) evidenceTexts() [8]evidenceText {
	return [...]evidenceText{
		{"evidence.url", &s.URL, maxURL},
		{"evidence.ip", &s.IP, maxIP},
		{"evidence.userAgent", &s.UserAgent, maxUserAgent},
		{"evidence.transactionRef", &s.TransactionID, maxTransactionRef},
		{"evidence.documentRef", &s.DocumentRef, maxDocumentRef},
		{"evidence.operator", &s.Operator, maxOperator},
		{"evidence.note", &s.Note, maxNote},
		{"justification", &s.Justification, maxJustification},
	}
}

// withStorableEvidence returns the statement with its evidence made storable, and a warning for each field that was changed.
func (s *Statement) withStorableEvidence() (*Statement, []Warning) {
	clean := *s
	var warnings []Warning
	warn := func(code WarningCode, field, message string) {
		warnings = append(warnings, Warning{Code: code, Field: field, Message: message})
	}
	if !consent.KnownSource(s.Source) {
		clean.Source = ""
		warn(WarningEvidenceRemoved, "evidence.source", "the source is unknown and was left out")
	}
	for _, t := range clean.evidenceTexts() {
		if problem := storedtext.Problem(*t.text, t.limit); problem != "" {
			*t.text = storedtext.Storable(*t.text, t.limit)
			warn(WarningEvidenceShortened, t.field, "the text "+problem+" and was stored shortened or with replacement characters")
		}
	}
	if clean.Confirmed == InvalidInstant {
		clean.Confirmed = 0
		warn(WarningEvidenceRemoved, "evidence.confirmedTime", "the time cannot be read and was left out")
	}
	clean.Goods = slices.DeleteFunc(slices.Clone(s.Goods), func(g string) bool { return !isName(g) })
	clean.Goods = clean.Goods[:min(len(clean.Goods), maxGoods)]
	if len(clean.Goods) != len(s.Goods) {
		warn(WarningEvidenceRemoved, "evidence.goods", "goods with an invalid name, and goods beyond the first 32, were left out")
	}
	return &clean, warnings
}
