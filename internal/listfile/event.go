package listfile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/timetext"
)

// Row is one row of a file of events: the columns that are not empty.
type Row map[string]string

// Event is what a row says. Fields that its kind does not take are empty, times that it does not have nil.
type Event struct {
	Kind         string
	OccurredTime *time.Time
	// Address is the address of the event; with Domain the event is about a domain instead.
	Address, Domain string
	// Channels are those that it names; AllMarketing stands for * in their place.
	Channels     []string
	AllMarketing bool
	LegalBasis   catalog.Basis
	Declaration  Declaration
	ExpiresTime  *time.Time
	Reason       string
	Scope        string
	UntilTime    *time.Time
	Binds        string
	List         string
	InformedTime *time.Time
	// With is the other address of a link.
	With string
	// Justification is why.
	Justification string
	Evidence      Evidence
}

// Declaration names a version of a declaration; it is zero where there is none.
type Declaration struct{ ID, Version string }

// ParseDeclaration reads id@version. Its error does not repeat the text.
func ParseDeclaration(text string) (Declaration, error) {
	id, version, found := strings.Cut(text, "@")
	if !found || id == "" || version == "" || strings.Contains(version, "@") {
		return Declaration{}, errors.New("it must be id@version, such as newsletter-signup@2026-01")
	}
	return Declaration{id, version}, nil
}

// Evidence is how an event came about.
type Evidence struct {
	Source, URL, IP, UserAgent string
	ConfirmedTime              *time.Time
	TransactionRef             string
	NoticeGiven                bool
	Notice                     Declaration
	Goods                      []string
	DocumentRef                string
	Operator, Note             string
}

// WithReadableEvidence returns the row without the cells of evidence that cannot be read, and how many these are, where its event only
// blocks: evidence never stops a refusal. Of any other event the row is returned as it is, for there such a cell is an error.
func (r Row) WithReadableEvidence() (readable Row, removed int64) {
	if !onlyBlocks(r[ColEvent]) {
		return r, 0
	}
	for _, cell := range [...]struct {
		column string
		read   func(v *rowValues)
	}{
		{colConfirmed, func(v *rowValues) { v.time(colConfirmed) }},
		{colNoticeGiven, func(v *rowValues) { v.boolean(colNoticeGiven) }},
		{colNotice, func(v *rowValues) { v.declaration(colNotice) }},
		{colGoods, func(v *rowValues) { v.words(colGoods) }},
	} {
		v := rowValues{row: r}
		if cell.read(&v); v.err == nil {
			continue
		}
		if removed == 0 {
			readable = maps.Clone(r)
		}
		delete(readable, cell.column)
		removed++
	}
	if removed == 0 {
		return r, 0
	}
	return readable, removed
}

// Event returns the event of the row, or what is wrong with the row. The
// error never repeats a value: in a row that slipped a column it may be an
// address. What only the server can know, it says.
func (r Row) Event() (Event, error) {
	kind := r[ColEvent]
	takes, known := eventColumns[kind]
	if !known {
		return Event{}, fmt.Errorf("%s: it must be request, confirm, grant, withdraw, refuse, suppress, lift, erase, link or unlink", ColEvent)
	}
	for _, column := range columns {
		if r[column] != "" && column != ColOccurred && column != ColEvent && !slices.Contains(takes, column) && !isEvidence(column) {
			return Event{}, fmt.Errorf("%s: it must be empty in a row of the event %s", column, kind)
		}
	}
	v := rowValues{row: r}
	e := Event{Kind: kind, OccurredTime: v.time(ColOccurred)}
	if r[ColOccurred] == "" {
		// Without a time the same row would be another event each time.
		v.fail(ColOccurred, "it is missing")
	}
	v.setFact(&e)
	return e, v.err
}

// rowValues reads the values of a row and keeps the first error.
type rowValues struct {
	row Row
	err error
}

func (v *rowValues) fail(column, text string) {
	if v.err == nil {
		v.err = fmt.Errorf("%s: %s", column, text)
	}
}

// setFact reads what the kind of the event takes. The columns of other kinds are empty.
func (v *rowValues) setFact(e *Event) {
	r := v.row
	e.Evidence = v.evidence()
	e.Address, e.Domain = r[ColAddress], r[colDomain]
	if e.Address == "" && e.Domain == "" {
		v.fail(ColAddress, "it is missing")
	}
	switch e.Kind {
	case KindRequest, KindConfirm:
		e.Channels = v.channel()
	case KindGrant:
		e.Channels = v.channels()
		e.LegalBasis = v.basis()
	case KindWithdraw, KindRefuse:
		e.AllMarketing = r[ColChannels] == "*"
		if !e.AllMarketing && (r[colDeclaration] == "" || r[ColChannels] != "") {
			e.Channels = v.channels()
		}
	case KindLink, KindUnlink:
		if e.With = r[ColWith]; e.With == "" {
			v.fail(ColWith, "it is missing")
		}
	}
	e.Declaration = v.declaration(colDeclaration)
	e.InformedTime = v.time(colInformed)
	e.ExpiresTime = v.time(colExpires)
	e.UntilTime = v.time(ColUntil)
	if e.Domain != "" && e.Address != "" {
		v.fail(colDomain, "it cannot be used with an address")
	}
	e.Reason, e.Scope, e.Binds, e.List, e.Justification = r[colReason], r[colScope], r[colBinds], r[colList], r[colJustification]
}

func (v *rowValues) evidence() Evidence {
	r := v.row
	return Evidence{
		Source: r["source"], URL: r["url"], IP: r["ip"], UserAgent: r["user_agent"],
		ConfirmedTime: v.time(colConfirmed), TransactionRef: r["transaction_ref"], NoticeGiven: v.boolean(colNoticeGiven),
		Notice: v.declaration(colNotice), Goods: v.words(colGoods), DocumentRef: r["document_ref"], Operator: r[colOperator], Note: r[colNote],
	}
}

func (v *rowValues) time(column string) *time.Time {
	text := v.row[column]
	if text == "" {
		return nil
	}
	at, err := timetext.ParseTimestamp(text)
	if err != nil {
		v.fail(column, err.Error())
		return nil
	}
	return &at
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
			v.fail(column, "a name is missing between two semicolons")
		}
	}
	return words
}

func (v *rowValues) channels() []string {
	channels := v.words(ColChannels)
	if len(channels) == 0 {
		v.fail(ColChannels, "it is missing")
	}
	if slices.Contains(channels, "*") {
		v.fail(ColChannels, "* must be the only value, and can be used with withdraw and refuse only")
	}
	return channels
}

// channel returns one channel.
func (v *rowValues) channel() []string {
	channels := v.channels()
	if len(channels) > 1 {
		v.fail(ColChannels, "this event needs exactly one channel")
	}
	return channels
}

func (v *rowValues) basis() catalog.Basis {
	basis, ok := catalog.ParseBasis(v.row[colBasis])
	if !ok {
		v.fail(colBasis, "it must be consent, existing_customer, terms, contract or legal_obligation")
	}
	return basis
}

func (v *rowValues) declaration(column string) Declaration {
	if v.row[column] == "" {
		return Declaration{}
	}
	declaration, err := ParseDeclaration(v.row[column])
	if err != nil {
		v.fail(column, err.Error())
	}
	return declaration
}
