package answer

import (
	"strings"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/locale"
)

// field is a line about an event; a value that is the same in both languages stands in both.
type field struct {
	Label locale.Text
	Value locale.Text
}

func titleOf(e *dossier.Event) locale.Text {
	switch e.Kind {
	case "suppress":
		name := wording.ReasonName(consent.Reason(e.Reason))
		return locale.Text{EN: upper(name.EN), DE: upper(name.DE)}
	case "grant":
		if e.LegalBasis == "consent" {
			return locale.Get("event.title.consent")
		}
	}
	return wording.KindName(e.Kind)
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

func (f *fields) time(key string, t dossier.Time) { f.add(key, t.ForPeople()) }

// number adds a position; 0 is none.
func (f *fields) number(key string, position int64) {
	if position != 0 {
		f.same(key, itoa(position))
	}
}

// version adds a version of a declaration, id@version; nothing where none is named.
func (f *fields) version(key, ref string) {
	if id, version, versioned := strings.Cut(ref, "@"); versioned {
		f.add(key, locale.Fill("field.declarationVersion", locale.Values{"id": locale.Same(id), "version": locale.Same(version)}))
	}
}

// fieldsOf returns what is known of an event. The address is left out where it was typed as it is: it stands at the top of the page.
func fieldsOf(e *dossier.Event, exact string) []field {
	var f fields
	if e.LegalBasis != "" {
		f.add("field.legalBasis", basisName(e.LegalBasis))
	}
	f.version("field.declaration", e.Declaration)
	f.time("field.confirmed", e.ConfirmedTime)
	if e.Kind != "request" {
		f.time("field.expires", e.ExpiresTime)
	}
	f.add("field.sourceOf", originOf(e))
	if e.NoticeGiven {
		f.add("field.notice", locale.Get("field.given"))
	}
	f.version("field.noticeShown", e.Notice)
	f.time("field.informed", e.InformedTime)
	f.same("field.goods", strings.Join(e.Goods, ", "))
	f.same("field.list", e.List)
	f.evidence(&e.Evidence, exact)
	if e.Kind == "hold" || e.Kind == "release" {
		f.add("field.justification", locale.Get("withheld.hold"))
	}
	f.number("field.voids", e.VoidPosition)
	f.number("field.undo", e.Undo)
	f.number("field.voidedBy", e.VoidedBy)
	switch {
	case e.EvidenceState == dossier.EvidenceDeleted:
		f.add("field.evidence", locale.Get("field.evidenceDeleted"))
	case e.WithheldGround != "":
		f.add("field.evidence", locale.Fill("field.evidenceWithheld", locale.Values{"ground": locale.Same(e.WithheldGround)}))
	case e.Of != "":
		f.add("field.of", locale.Get("of."+e.Of))
		f.same("field.domain", e.Domain)
	}
	return f
}

func (f *fields) evidence(v *dossier.Evidence, exact string) {
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
		f.add("field.operator", locale.Get("withheld.operator"))
	}
	f.same("field.note", v.Note)
	f.same("field.justification", v.Justification)
	if v.TextWithheld {
		f.add("field.note", locale.Get("withheld.text"))
	}
	f.same("field.otherAddress", v.OtherAddress)
}
