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
	"github.com/assent-io/assent/internal/locale"
)

//go:embed page.html
var page string

// HTML returns the dossier as one page to read and print, in the language of the dossier: no scripts, nothing from elsewhere.
func HTML(d *Dossier) ([]byte, error) {
	lang := d.lang()
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"t": func(key string) (string, error) { return written(lang, key, nil) },
		"wording": func(version int64) (string, error) {
			return written(lang, "page.wordingFrom", locale.Values{"version": locale.Same(itoa(version))})
		},
		"in":    func(text locale.Text) string { return text.In(lang) },
		"day":   func(t Time) string { return t.day().In(lang) },
		"time":  func(t Time) string { return t.forPeople().In(lang) },
		"date":  func(day string) string { return dateForPeople(day).In(lang) },
		"clock": func(t Time) string { return t.clock().In(lang) },
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

// written returns what stands in the page under a key.
func written(lang locale.Language, key string, values locale.Values) (string, error) {
	if _, ok := locale.Find(key); !ok {
		return "", fmt.Errorf("the template has no text for %q", key)
	}
	return locale.Fill(key, values).In(lang), nil
}

// view is the dossier as the page shows it.
type view struct {
	*Dossier

	Status     locale.Text
	Standing   []standingRow
	Purposes   []purposeRow
	History    []eventRow
	Recipients []recipientRow
	Sources    []locale.Text
}

type standingRow struct {
	Name, Department, Answer, Why, Remedy locale.Text
}

type purposeRow struct {
	Name, Class locale.Text
	Bases       []locale.Text
}

type eventRow struct {
	*Event

	Title  locale.Text
	Fields []field
}

// field is a line about an event; a value that is the same in both languages stands in both.
type field struct {
	Label locale.Text
	Value locale.Text
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

func titleOf(e *Event) locale.Text {
	switch e.Kind {
	case "suppress":
		name := ReasonName(consent.Reason(e.Reason))
		return locale.Text{EN: upper(name.EN), DE: upper(name.DE)}
	case "grant":
		if e.LegalBasis == "consent" {
			return locale.Get("event.title.consent")
		}
	}
	return KindName(e.Kind)
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// fields are what is known of an event besides its sentence; what is not known is left out.
type fields []field

func (f *fields) add(key string, value locale.Text) {
	if value.EN == "" {
		return
	}
	*f = append(*f, field{locale.Get(key), value})
}

// same adds what is the same in both languages.
func (f *fields) same(key, value string) { f.add(key, locale.Same(value)) }

func (f *fields) time(key string, t Time) { f.add(key, t.forPeople()) }

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
		f.add("field.legalBasis", basisName(e.LegalBasis))
	}
	f.same("field.declaration", e.Declaration)
	f.time("field.confirmed", e.ConfirmedTime)
	if e.Kind != "request" {
		f.time("field.expires", e.ExpiresTime)
	}
	if e.Source != "" {
		f.add("field.sourceOf", sourceName(e.Source))
	}
	if e.NoticeGiven {
		f.add("field.notice", locale.Get("field.given"))
	}
	f.same("field.goods", strings.Join(e.Goods, ", "))
	f.same("field.list", e.List)
	f.evidence(&e.Evidence, exact)
	f.number("field.voids", e.VoidPosition)
	f.number("field.voidedBy", e.VoidedBy)
	switch {
	case e.EvidenceState == EvidenceDeleted:
		f.add("field.evidence", locale.Get("field.evidenceDeleted"))
	case e.WithheldGround != "":
		f.add("field.evidence", locale.Fill("field.evidenceWithheld", locale.Values{"ground": locale.Same(e.WithheldGround)}))
	case e.Of != "":
		f.add("field.of", locale.Get("of."+e.Of))
		f.same("field.domain", e.Domain)
	}
	return f
}

func (f *fields) evidence(v *Evidence, exact string) {
	switch {
	case v.Address == exact:
	case strings.Contains(v.Address, "@"):
		f.same("field.typed", v.Address)
	default:
		f.same("field.domain", v.Address)
	}
	f.same("field.url", v.URL)
	f.same("field.ip", v.IP)
	f.same("field.userAgent", v.UserAgent)
	f.same("field.transaction", v.TransactionRef)
	f.same("field.documentRef", v.DocumentRef)
	f.same("field.operator", v.Operator)
	if v.OperatorWithheld {
		f.add("field.operator", withheld())
	}
	f.same("field.note", v.Note)
	f.same("field.justification", v.Justification)
	if v.TextWithheld {
		f.add("field.note", withheldText())
	}
	f.same("field.otherAddress", v.OtherAddress)
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
func sourcesOf(events []Event) []locale.Text {
	var order []string
	counts := map[string]int{}
	for i := range events {
		source := events[i].Source
		if counts[source]++; counts[source] == 1 {
			order = append(order, source)
		}
	}
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	var list []locale.Text
	for _, source := range order {
		list = append(list, locale.Count("source.count", counts[source], locale.Values{"source": sourceName(source)}))
	}
	return list
}
