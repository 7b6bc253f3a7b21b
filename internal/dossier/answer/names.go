package answer

import (
	"strconv"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/locale"
)

// statusText says in one sentence what is known about the address.
func statusText(d *dossier.Dossier) locale.Text {
	on := locale.Values{"day": d.Subject.ErasedTime.Day()}
	switch d.Subject.Status {
	case dossier.StatusErased:
		return locale.Fill("status.erased", on)
	case dossier.StatusErasing:
		return locale.Fill("status.erasing", on)
	case dossier.StatusUnknown:
		return locale.Get("status.unknown")
	default:
		known := locale.Count("status.known", len(d.Events), nil)
		if d.Subject.ErasedTime == 0 {
			return known
		}
		return locale.Fill("status.known.erased", locale.Values{"known": known, "day": d.Subject.ErasedTime.Day()})
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
func answerOf(c *dossier.Channel) (answer, why locale.Text) {
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

// dateForPeople writes a day as people write it; one that is none as it is.
func dateForPeople(day string) locale.Text {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return locale.Same(day)
	}
	return wording.Day(consent.InstantOf(at))
}

// itoa writes a number.
func itoa(n int64) string { return strconv.FormatInt(n, 10) }
