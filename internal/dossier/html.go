package dossier

import (
	"bytes"
	"cmp"
	_ "embed" // For the page.
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/consent"
)

//go:embed page.html
var page string

// HTML returns the dossier as one page to read and print, in the language of the dossier: no scripts, nothing from elsewhere.
func HTML(d *Dossier) ([]byte, error) {
	lang := d.lang()
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"t": func(key string) (string, error) {
			text, err := label(key)
			return text.In(lang), err
		},
		"in":     func(text Text) string { return text.In(lang) },
		"time":   func(t Time) string { return t.forPeople(lang) },
		"day":    func(t Time) string { return t.day(lang) },
		"date":   func(day string) string { return dateForPeople(day, lang) },
		"clock":  func(t Time) string { return t.clock(lang) },
		"format": fmt.Sprintf,
	}).Parse(page)
	if err != nil {
		return nil, fmt.Errorf("read the page of a dossier: %w", err)
	}
	var b bytes.Buffer
	if err := parsed.Execute(&b, viewOf(d)); err != nil {
		return nil, fmt.Errorf("write a dossier as HTML: %w", err)
	}
	return b.Bytes(), nil
}

// view is the dossier as the page shows it.
type view struct {
	*Dossier

	Status     Text
	Standing   []standingRow
	Purposes   []purposeRow
	History    []eventRow
	Recipients []recipientRow
	Sources    []Text
}

type standingRow struct {
	Name, Department, Answer, Why, Remedy Text
}

type purposeRow struct {
	Name, Class Text
	Bases       []Text
}

type eventRow struct {
	*Event

	Title  Text
	Fields []field
}

// field is a line about an event; a value that is the same in both languages stands in both.
type field struct {
	Label Text
	Value Text
}

type recipientRow struct {
	Client     string
	Department *Named
	Channel    Named
	From, To   string
	Count      int64
}

func viewOf(d *Dossier) *view {
	v := &view{Dossier: d, Status: statusText(d)}
	for i := range d.Channels {
		c := &d.Channels[i]
		answer, why := answerOf(c)
		row := standingRow{Name: c.Name, Department: c.Department.Name, Answer: answer, Why: why}
		if why == c.Explanation {
			row.Remedy = c.Remedy
		}
		v.Standing = append(v.Standing, row)
		purpose := purposeRow{Name: c.Name, Class: className(c.Class)}
		for _, basis := range c.LegalBases {
			purpose.Bases = append(purpose.Bases, basisName(basis))
		}
		v.Purposes = append(v.Purposes, purpose)
	}
	for i := range d.Events {
		e := &d.Events[i]
		v.History = append(v.History, eventRow{Event: e, Title: titleOf(e), Fields: fieldsOf(e, d.Subject.ExactForm)})
	}
	// People read what happened in the order in which it happened, not in that in which it was recorded.
	slices.SortStableFunc(v.History, func(a, b eventRow) int { return cmp.Compare(a.OccurredTime, b.OccurredTime) })
	v.Recipients = recipientsOf(d.Disclosures)
	v.Sources = sourcesOf(d.Events)
	return v
}

func titleOf(e *Event) Text {
	switch e.Kind {
	case "suppress":
		name := ReasonName(consent.Reason(e.Reason))
		return Text{upper(name.EN), upper(name.DE)}
	case "grant":
		if e.LegalBasis == "consent" {
			return Text{"Consent", "Einwilligung"}
		}
	}
	return KindName(e.Kind)
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// fields are what is known of an event besides its sentence; what is not known is left out.
type fields []field

func (f *fields) add(key string, value Text) {
	if value.EN == "" {
		return
	}
	name, err := label(key)
	if err != nil {
		name = Text{key, key}
	}
	*f = append(*f, field{name, value})
}

// same adds what is the same in both languages.
func (f *fields) same(key, value string) { f.add(key, Text{value, value}) }

func (f *fields) time(key string, t Time) {
	f.add(key, Text{t.forPeople(consent.English), t.forPeople(consent.German)})
}

// number adds a position; 0 is none.
func (f *fields) number(key string, position int64) {
	if position != 0 {
		f.same(key, itoa(position))
	}
}

// fieldsOf returns what is known of an event. The address is left out where it was typed as it is: it stands at the top of the page.
func fieldsOf(e *Event, exact string) []field {
	var f fields
	if e.LegalBasis != "" {
		f.add("legalBasis", basisName(e.LegalBasis))
	}
	f.same("declaration", e.Declaration)
	f.time("confirmed", e.ConfirmedTime)
	if e.Kind != "request" {
		f.time("expires", e.ExpiresTime)
	}
	if e.Source != "" {
		f.add("sourceOf", sourceName(e.Source))
	}
	if e.NoticeGiven {
		f.add("notice", fieldLabel("given"))
	}
	f.same("goods", strings.Join(e.Goods, ", "))
	f.same("list", e.List)
	f.evidence(&e.Evidence, exact)
	f.number("voids", e.VoidPosition)
	f.number("voidedBy", e.VoidedBy)
	if e.EvidenceState == EvidenceDeleted {
		f.add("evidence", fieldLabel("evidenceDeleted"))
	}
	return f
}

func (f *fields) evidence(v *Evidence, exact string) {
	switch {
	case v.Address == exact:
	case strings.Contains(v.Address, "@"):
		f.same("typed", v.Address)
	default:
		f.same("domain", v.Address)
	}
	f.same("url", v.URL)
	f.same("ip", v.IP)
	f.same("userAgent", v.UserAgent)
	f.same("transaction", v.TransactionRef)
	f.same("documentRef", v.DocumentRef)
	f.same("operator", v.Operator)
	if v.OperatorWithheld {
		f.add("operator", withheld())
	}
	f.same("note", v.Note)
	f.same("justification", v.Justification)
	if v.TextWithheld {
		f.add("note", withheldText())
	}
	f.same("otherAddress", v.OtherAddress)
}

// recipientsOf puts the days of each client and channel together.
func recipientsOf(all []Disclosure) []recipientRow {
	var rows []recipientRow
	for i := range all {
		d := &all[i]
		at := slices.IndexFunc(rows, func(r recipientRow) bool { return r.Client == d.Client && r.Channel.ID == d.Channel.ID })
		if at < 0 {
			rows = append(rows, recipientRow{Client: d.Client, Department: d.Department, Channel: d.Channel, From: d.Day, To: d.Day})
			at = len(rows) - 1
		}
		r := &rows[at]
		r.From, r.To, r.Count = min(r.From, d.Day), max(r.To, d.Day), r.Count+d.Count
	}
	slices.SortStableFunc(rows, func(a, b recipientRow) int {
		return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.Channel.ID, b.Channel.ID))
	})
	return rows
}

// sourcesOf counts the events by their source.
func sourcesOf(events []Event) []Text {
	var order []string
	counts := map[string]int{}
	for i := range events {
		source := events[i].Source
		if counts[source]++; counts[source] == 1 {
			order = append(order, source)
		}
	}
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	var list []Text
	for _, source := range order {
		name, n := sourceName(source), counts[source]
		list = append(list, Text{
			name.EN + ": " + plural(n, "event", "events"), name.DE + ": " + plural(n, "Vorgang", "Vorgänge"),
		})
	}
	return list
}
