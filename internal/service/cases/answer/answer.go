// Package answer writes the draft of the answer to a case: why the person got the message, and what holds now.
package answer

import (
	"cmp"
	"strings"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/cases/number"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// Subject returns the subject of an answer to a mail, with one Re: and the mark of the case.
func Subject(subject, id string) string {
	subject = number.Without(subject)
	if len(subject) >= 3 && !strings.EqualFold(subject[:3], "re:") && !strings.EqualFold(subject[:3], "aw:") {
		subject = "Re: " + subject
	}
	return strings.TrimSpace(subject + " " + number.Mark(id))
}

// Case is what a draft is about.
type Case struct {
	Catalog *catalog.Catalog
	Row     *casetable.Case
	// Then is what held on the channel of the case when it came, and Now what holds now; nil: the channel is not known.
	Then, Now *check.ChannelState
}

// Text returns the text of the draft in a language.
func (w *Case) Text(lang locale.Language) string {
	paragraphs := []locale.Text{locale.Get("draft.greeting"), w.came(), w.why()}
	if text := w.next(); text.EN != "" {
		paragraphs = append(paragraphs, text)
	}
	if w.Row.LawDue != 0 {
		day := wording.Day(w.Row.LawDue - 1) // The last day on which an answer is in time.
		paragraphs = append(paragraphs, locale.Fill("draft.law", locale.Values{"day": day}))
	}
	paragraphs = append(paragraphs, w.signature())
	lines := make([]string, len(paragraphs))
	for i, p := range paragraphs {
		lines[i] = p.In(lang)
	}
	return strings.Join(lines, "\n\n") + "\n"
}

// came says how the case came.
func (w *Case) came() locale.Text {
	key := "draft.wrote"
	if w.Row.Origin == string(casework.FromReport) {
		key = "draft.reported"
	}
	return locale.Fill(key, locale.Values{"day": wording.Day(w.Row.Received)})
}

// why says why the person got the message.
func (w *Case) why() locale.Text {
	ch, ok := w.Catalog.Channel(w.Row.Channel)
	if !ok || w.Then == nil {
		return locale.Get("draft.unknown")
	}
	values := locale.Values{"channel": nameOr(ch.Name, ch.ID), "department": w.department(ch.Department)}
	if w.Then.Decision.Verdict != consent.Allow {
		return locale.Fill("draft.denied", values)
	}
	g := grantOf(w.Then)
	if g == nil {
		return locale.Fill("draft.allowed", values)
	}
	values["day"], values["source"] = wording.Day(g.At), locale.Name("source", cmp.Or(g.Source, "none"))
	parts := []locale.Text{locale.Fill("draft.allowed."+string(g.Basis), values)}
	if g.Confirmed != 0 {
		parts = append(parts, locale.Fill("draft.confirmed", locale.Values{"day": wording.Day(g.Confirmed)}))
	}
	if !g.Declaration.IsZero() {
		parts = append(parts, locale.Fill("draft.declaration", locale.Values{"declaration": locale.Same(g.Declaration.String())}))
	}
	return joined(parts)
}

// grantOf returns the grant that an ALLOW rests on; nil where it rests on none.
func grantOf(state *check.ChannelState) *consent.Grant {
	for i := range state.Grants {
		if state.Grants[i].Position == state.Decision.Decision.Position {
			return &state.Grants[i]
		}
	}
	return nil
}

// next says what holds from now on; nothing where that is not known.
func (w *Case) next() locale.Text {
	ch, ok := w.Catalog.Channel(w.Row.Channel)
	switch {
	case !ok || w.Now == nil || ch.Class != catalog.ClassMarketing:
		return locale.Text{}
	case w.Now.Decision.Verdict == consent.Deny:
		return locale.Get("draft.stopped")
	default:
		return locale.Get("draft.offer")
	}
}

// signature says who answers.
func (w *Case) signature() locale.Text {
	d, ok := w.Catalog.Department(w.Row.Department)
	if !ok {
		return locale.Get("draft.regards")
	}
	values := locale.Values{"department": nameOr(d.Name, d.ID), "controller": locale.Same(""), "address": locale.Same("")}
	if c, ok := w.Catalog.Controller(d.Controller); ok {
		values["controller"], values["address"] = locale.Same(c.Name), locale.Same(c.PostalAddress)
	}
	return locale.Fill("draft.signature", values)
}

func (w *Case) department(id string) locale.Text {
	if d, ok := w.Catalog.Department(id); ok {
		return nameOr(d.Name, d.ID)
	}
	return locale.Same(id)
}

func nameOr(name catalog.LocalName, id string) locale.Text {
	return locale.Text{EN: cmp.Or(name.EN, name.DE, id), DE: cmp.Or(name.DE, name.EN, id)}
}

func joined(parts []locale.Text) locale.Text {
	var all locale.Text
	for _, p := range parts {
		all.EN, all.DE = strings.TrimSpace(all.EN+" "+p.EN), strings.TrimSpace(all.DE+" "+p.DE)
	}
	return all
}
