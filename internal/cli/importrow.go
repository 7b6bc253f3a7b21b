package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// The columns of an import file.
const (
	colOccurred      = "occurred_time"
	colEvent         = "event"
	colAddress       = "address"
	colDomain        = "domain"
	colChannels      = "channels"
	colBasis         = "legal_basis"
	colDeclaration   = "declaration"
	colExpires       = "expires_time"
	colReason        = "reason"
	colScope         = "scope"
	colUntil         = "until"
	colBinds         = "binds"
	colList          = "list"
	colJustification = "justification"
)

// importColumns returns the columns in the order of the documentation.
func importColumns() []string {
	return slices.Concat(
		[]string{colOccurred, colEvent, colAddress, colDomain, colChannels, colBasis, colDeclaration}, evidenceColumns(),
		[]string{colExpires, colReason, colScope, colUntil, colBinds, colList, colJustification, "operator", "note"},
	)
}

func evidenceColumns() []string {
	return []string{
		"source", "url", "ip", "user_agent", "confirmed_time", "transaction_ref", "notice_given", "goods", "document_ref",
	}
}

// eventColumns returns the columns that each event takes, besides its time,
// its name and the evidence.
func eventColumns() map[string][]string {
	return map[string][]string{
		"request":  {colAddress, colChannels, colDeclaration},
		"confirm":  {colAddress, colChannels},
		"grant":    {colAddress, colChannels, colBasis, colDeclaration, colExpires},
		"withdraw": {colAddress, colChannels},
		"refuse":   {colAddress, colChannels},
		"suppress": {colAddress, colDomain, colReason, colScope, colUntil, colBinds, colList, colJustification},
		"lift":     {colAddress, colDomain, colReason, colScope, colList, colJustification},
		"erase":    {colAddress, colJustification},
	}
}

// importRow is one row: the columns that are not empty.
type importRow map[string]string

// withReadableEvidence returns the row without the cells of evidence that cannot be read, and how many these are, where its event only
// blocks: evidence never stops a refusal. Of any other event the row is returned as it is, for there such a cell is an error.
func (r importRow) withReadableEvidence() (readable importRow, removed int64) {
	if !slices.Contains([]string{"withdraw", "refuse", "suppress", "erase"}, r[colEvent]) {
		return r, 0
	}
	readable = maps.Clone(r)
	for column, read := range map[string]func(v *rowValues){
		"confirmed_time": func(v *rowValues) { v.time("confirmed_time") },
		"notice_given":   func(v *rowValues) { v.boolean("notice_given") },
		"goods":          func(v *rowValues) { v.words("goods") },
	} {
		v := rowValues{row: r}
		if read(&v); v.err != nil {
			delete(readable, column)
			removed++
		}
	}
	return readable, removed
}

// event returns the event of the row, or what is wrong with the row. The
// error never repeats a value: in a row that slipped a column it may be an
// address. What only the server can know, it says.
func (r importRow) event() (*assentv1.EventInput, error) {
	name := r[colEvent]
	takes, known := eventColumns()[name]
	if !known {
		return nil, fmt.Errorf("%s: it must be request, confirm, grant, withdraw, refuse, suppress, lift or erase", colEvent)
	}
	for _, column := range importColumns() {
		if r[column] != "" && column != colOccurred && column != colEvent && !slices.Contains(takes, column) &&
			!isEvidence(column) {
			return nil, fmt.Errorf("%s: a row of the event %s has none", column, name)
		}
	}
	v := rowValues{row: r}
	in := &assentv1.EventInput{OccurredTime: v.time(colOccurred)}
	if r[colOccurred] == "" {
		// Without a time the same row would be another event each time.
		v.fail(colOccurred, "it is missing")
	}
	v.setFact(in, name)
	return in, v.err
}

func isEvidence(column string) bool {
	return slices.Contains(evidenceColumns(), column) || column == "operator" || column == "note"
}

// rowValues reads the values of a row and keeps the first error.
type rowValues struct {
	row importRow
	err error
}

func (v *rowValues) fail(column, format string, args ...any) {
	if v.err == nil {
		v.err = fmt.Errorf("%s: %s", column, fmt.Sprintf(format, args...))
	}
}

func (v *rowValues) setFact(in *assentv1.EventInput, name string) {
	r := v.row
	address, evidence := r[colAddress], v.evidence()
	if address == "" && r[colDomain] == "" {
		v.fail(colAddress, "it is missing")
	}
	switch name {
	case "request":
		in.Fact = &assentv1.EventInput_Request{Request: &assentv1.Request{
			Address: address, Channel: v.channel(), Declaration: v.declaration(), Evidence: evidence,
		}}
	case "confirm":
		in.Fact = &assentv1.EventInput_Confirm{Confirm: &assentv1.Confirmation{
			Address: address, Channel: v.channel(), Evidence: evidence,
		}}
	case "grant":
		in.Fact = &assentv1.EventInput_Grant{Grant: &assentv1.Grant{
			Address: address, Channels: v.channels(), LegalBasis: v.basis(), Declaration: v.declaration(), Evidence: evidence,
			ExpiresTime: v.time(colExpires),
		}}
	case "withdraw":
		in.Fact = &assentv1.EventInput_Withdraw{Withdraw: v.refusal(evidence)}
	case "refuse":
		in.Fact = &assentv1.EventInput_Refuse{Refuse: v.refusal(evidence)}
	case "suppress":
		in.Fact = &assentv1.EventInput_Suppress{Suppress: v.suppression(evidence)}
	case "lift":
		in.Fact = &assentv1.EventInput_Lift{Lift: v.lift(evidence)}
	case "erase":
		in.Fact = &assentv1.EventInput_Erase{Erase: &assentv1.Erasure{
			Address: address, Justification: r[colJustification], Evidence: evidence,
		}}
	}
}

func (v *rowValues) refusal(evidence *assentv1.Evidence) *assentv1.Refusal {
	refusal := &assentv1.Refusal{Address: v.row[colAddress], Evidence: evidence}
	if v.row[colChannels] == "*" {
		refusal.AllMarketing = true
	} else {
		refusal.Channels = v.channels()
	}
	return refusal
}

func (v *rowValues) suppression(evidence *assentv1.Evidence) *assentv1.Suppression {
	r := v.row
	s := &assentv1.Suppression{
		Reason: r[colReason], Scope: r[colScope], UntilTime: v.time(colUntil), List: r[colList], Binds: r[colBinds],
		Justification: r[colJustification], Evidence: evidence,
	}
	if v.isDomain() {
		s.Target = &assentv1.Suppression_Domain{Domain: r[colDomain]}
	} else {
		s.Target = &assentv1.Suppression_Address{Address: r[colAddress]}
	}
	return s
}

func (v *rowValues) lift(evidence *assentv1.Evidence) *assentv1.Lift {
	r := v.row
	l := &assentv1.Lift{
		Reason: r[colReason], Scope: r[colScope], List: r[colList], Justification: r[colJustification], Evidence: evidence,
	}
	if v.isDomain() {
		l.Target = &assentv1.Lift_Domain{Domain: r[colDomain]}
	} else {
		l.Target = &assentv1.Lift_Address{Address: r[colAddress]}
	}
	return l
}

// isDomain reports whether the row is about a domain instead of an address.
func (v *rowValues) isDomain() bool {
	if v.row[colDomain] != "" && v.row[colAddress] != "" {
		v.fail(colDomain, "it does not go with an address")
	}
	return v.row[colDomain] != ""
}

// evidence returns nil where the row has none.
func (v *rowValues) evidence() *assentv1.Evidence {
	r := v.row
	e := &assentv1.Evidence{
		Source: r["source"], Url: r["url"], Ip: r["ip"], UserAgent: r["user_agent"],
		ConfirmedTime: v.time("confirmed_time"), TransactionRef: r["transaction_ref"], NoticeGiven: v.boolean("notice_given"),
		Goods: v.words("goods"), DocumentRef: r["document_ref"], Operator: r["operator"], Note: r["note"],
	}
	if proto.Size(e) == 0 {
		return nil
	}
	return e
}

func (v *rowValues) time(column string) *timestamppb.Timestamp {
	text := v.row[column]
	if text == "" {
		return nil
	}
	at, err := parseTime(text)
	if err != nil {
		v.fail(column, "%v", err)
	}
	return at
}

func (v *rowValues) boolean(column string) bool {
	switch strings.ToLower(v.row[column]) {
	case "true":
		return true
	case "", "false":
		return false
	default:
		v.fail(column, "it must be true or false")
		return false
	}
}

// words splits at semicolons.
func (v *rowValues) words(column string) []string {
	if v.row[column] == "" {
		return nil
	}
	words := strings.Split(v.row[column], ";")
	for i, word := range words {
		if words[i] = strings.TrimSpace(word); words[i] == "" {
			v.fail(column, "there is nothing between two semicolons")
		}
	}
	return words
}

func (v *rowValues) channels() []string {
	channels := v.words(colChannels)
	if len(channels) == 0 {
		v.fail(colChannels, "it is missing")
	}
	if slices.Contains(channels, "*") {
		v.fail(colChannels, "* stands alone, and only in withdraw and refuse")
	}
	return channels
}

func (v *rowValues) channel() string {
	channels := v.channels()
	if len(channels) > 1 {
		v.fail(colChannels, "this event is about one channel")
	}
	return strings.Join(channels, "")
}

func (v *rowValues) basis() assentv1.LegalBasis {
	basis, ok := basisNames()[v.row[colBasis]]
	if !ok {
		v.fail(colBasis, "it must be consent, existing_customer, terms, contract or legal_obligation")
	}
	return basis
}

func (v *rowValues) declaration() *assentv1.DeclarationRef {
	if v.row[colDeclaration] == "" {
		return nil
	}
	ref, err := parseDeclaration(v.row[colDeclaration])
	if err != nil {
		v.fail(colDeclaration, "%v", err)
	}
	return ref
}
