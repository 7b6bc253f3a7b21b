package dossier

import (
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/locale"
)

// statusText says in one sentence what is known about the address.
func statusText(d *Dossier) locale.Text {
	on := locale.Values{"day": d.Subject.ErasedTime.day()}
	switch d.Subject.Status {
	case StatusErased:
		return locale.Fill("status.erased", on)
	case StatusErasing:
		return locale.Fill("status.erasing", on)
	case StatusUnknown:
		return locale.Get("status.unknown")
	default:
		known := locale.Count("status.known", len(d.Events), nil)
		if d.Subject.ErasedTime == 0 {
			return known
		}
		return locale.Fill("status.known.erased", locale.Values{"known": known, "day": d.Subject.ErasedTime.day()})
	}
}

// className returns what a class of channels is called.
func className(class string) locale.Text { return locale.Name("class", class) }

// basisName returns what a legal basis is called, with the law.
func basisName(basis string) locale.Text { return locale.Name("basis", basis) }

// sourceName returns what a source of evidence is called.
func sourceName(source string) locale.Text {
	if source == "" {
		return locale.Get("source.none")
	}
	return locale.Name("source", source)
}

// answerOf says whether a channel may be used. Messages that need no consent are sent on the strength of what they are about.
func answerOf(c *Channel) (answer, why locale.Text) {
	switch {
	case c.Verdict == "ALLOW":
		return locale.Get("answer.yes"), c.Explanation
	case c.Reason == string(consent.CodeReferenceMissing) && c.Class == string(catalog.ClassLegalNotice):
		return locale.Get("answer.duty"), locale.Get("answer.duty.why")
	case c.Reason == string(consent.CodeReferenceMissing):
		return locale.Get("answer.contract"), locale.Get("answer.contract.why")
	case c.Verdict == "DEFER":
		return locale.Get("answer.defer"), c.Explanation
	default:
		return locale.Get("answer.no"), c.Explanation
	}
}
