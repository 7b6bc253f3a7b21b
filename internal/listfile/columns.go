package listfile

import (
	"slices"

	"github.com/assent-io/assent/internal/consent"
)

// The columns of a file of events.
const (
	ColOccurred      = "occurred_time"
	ColEvent         = "event"
	ColAddress       = "address"
	ColChannels      = "channels"
	ColUntil         = "until"
	colDomain        = "domain"
	colBasis         = "legal_basis"
	colDeclaration   = "declaration"
	colExpires       = "expires_time"
	colReason        = "reason"
	colScope         = "scope"
	colBinds         = "binds"
	colList          = "list"
	colJustification = "justification"
	colConfirmed     = "confirmed_time"
	colNoticeGiven   = "notice_given"
	colGoods         = "goods"
	colOperator      = "operator"
	colNote          = "note"
	colNotice        = "notice"
	colInformed      = "informed_time"
	// ColWith is the other address of a link.
	ColWith = "with"
)

// The kinds of events, as the column event has them.
const (
	KindRequest  = "request"
	KindConfirm  = "confirm"
	KindGrant    = "grant"
	KindWithdraw = "withdraw"
	KindRefuse   = "refuse"
	KindSuppress = "suppress"
	KindLift     = "lift"
	KindErase    = "erase"
	KindLink     = "link"
	KindUnlink   = "unlink"
)

//nolint:gochecknoglobals // Tables that nothing changes; they are looked at for each row.
var (
	// columns are all columns in the order of the documentation.
	columns = slices.Concat(
		[]string{ColOccurred, ColEvent, ColAddress, colDomain, ColChannels, colBasis, colDeclaration}, evidenceColumns,
		[]string{colExpires, colReason, colScope, ColUntil, colBinds, colList, colInformed, ColWith, colJustification, colOperator, colNote},
	)
	// evidenceColumns are those that say how an event came about; each event takes them, and so it does operator and note.
	evidenceColumns = []string{
		"source", "url", "ip", "user_agent", colConfirmed, "transaction_ref", colNoticeGiven, colNotice, colGoods, "document_ref",
	}
	// eventColumns are the columns that each event takes, besides its time, its name and the evidence.
	eventColumns = map[string][]string{
		KindRequest:  {ColAddress, ColChannels, colDeclaration},
		KindConfirm:  {ColAddress, ColChannels},
		KindGrant:    {ColAddress, ColChannels, colBasis, colDeclaration, colExpires},
		KindWithdraw: {ColAddress, ColChannels, colDeclaration},
		KindRefuse:   {ColAddress, ColChannels},
		KindSuppress: {ColAddress, colDomain, colReason, colScope, ColUntil, colBinds, colList, colJustification},
		KindLift:     {ColAddress, colDomain, colReason, colScope, colList, colInformed, colJustification},
		KindErase:    {ColAddress, colJustification},
		KindLink:     {ColAddress, ColWith, colJustification},
		KindUnlink:   {ColAddress, ColWith, colJustification},
	}
)

// EventColumns returns the columns of a file of events in the order of the documentation.
func EventColumns() []string { return slices.Clone(columns) }

// IsEventColumn reports whether a file of events may have the column.
func IsEventColumn(name string) bool { return slices.Contains(columns, name) }

func isEvidence(column string) bool {
	return slices.Contains(evidenceColumns, column) || column == colOperator || column == colNote
}

// onlyBlocks reports whether events of the kind with the name only ever block: evidence never stops them.
func onlyBlocks(name string) bool {
	kind, known := consent.KindNamed(name)
	return known && kind.IsNo()
}
