package cases

import (
	"cmp"
	"context"
	"strings"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// Draft is a text for a desk to work on.
type Draft struct {
	Subject string // with the mark by which an answer to it finds the case
	Text    string
	From    string // the mailbox of the desk; empty: the case is with the officers
}

// DraftAnswer drafts the answer to a case, in English or in German: why the person got the message, as it was recorded when the case came, and what
// holds now. Errors: INVALID_REQUEST, CASE_NOT_FOUND, CASE_HAS_NO_ADDRESS, SCOPE_MISSING.
func (s *Cases) DraftAnswer(ctx context.Context, number, language string) (Draft, error) {
	v, row, err := s.find(ctx, number)
	if err != nil {
		return Draft{}, err
	}
	in, err := s.open(row)
	if err != nil {
		return Draft{}, err
	}
	if in.Address == "" {
		return Draft{}, fault.Errorf(fault.CaseLacksAddress, "id", "the case has no address, so nothing is known about the message")
	}
	then, err := s.standing(ctx, in.Address, row, asof.Moment{AsOf: row.Received})
	if err != nil {
		return Draft{}, err
	}
	now, err := s.standing(ctx, in.Address, row, asof.Moment{})
	if err != nil {
		return Draft{}, err
	}
	w := &writer{cat: v.cat, row: row, then: then, now: now}
	lang := locale.English
	if language == locale.German.Tag() {
		lang = locale.German
	}
	desk, _ := s.desk(v.cat, row.Department)
	draft := Draft{Subject: answerSubject(in.Subject, numberOf(row.ID)), Text: w.text(lang)}
	if len(desk.Mailboxes) > 0 {
		draft.From = desk.Mailboxes[0]
	}
	return draft, nil
}

// answerSubject returns the subject of an answer, with one Re: and one mark.
func answerSubject(subject, number string) string {
	subject = strings.TrimSpace(marked.ReplaceAllString(subject, ""))
	if len(subject) >= 3 && !strings.EqualFold(subject[:3], "re:") && !strings.EqualFold(subject[:3], "aw:") {
		subject = "Re: " + subject
	}
	return strings.TrimSpace(subject + " " + mark(number))
}

// standing returns what holds for the address on the channel of a case; nil where that is not known to the caller.
func (s *Cases) standing(ctx context.Context, address string, row *casetable.Case, at asof.Moment) (*check.ChannelState, error) {
	r, err := s.checker.LookupFor(ctx, check.LookupInput{Address: address, Moment: at}, access.ScopeCases, true)
	if err != nil {
		return nil, err
	}
	for i := range r.Channels {
		if r.Channels[i].Channel == row.Channel {
			return &r.Channels[i], nil
		}
	}
	return nil, nil //nolint:nilnil // No channel and no error.
}

// writer writes a draft.
type writer struct {
	cat       *catalog.Catalog
	row       *casetable.Case
	then, now *check.ChannelState // nil: the channel is not known
}

// text returns the text of the draft.
func (w *writer) text(lang locale.Language) string {
	paragraphs := []locale.Text{locale.Get("draft.greeting"), w.came(), w.why()}
	if text := w.next(); text.EN != "" {
		paragraphs = append(paragraphs, text)
	}
	if w.row.LawDue != 0 {
		day := wording.Day(w.row.LawDue - 1) // The last day on which an answer is in time.
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
func (w *writer) came() locale.Text {
	key := "draft.wrote"
	if w.row.Origin == string(casework.FromReport) {
		key = "draft.reported"
	}
	return locale.Fill(key, locale.Values{"day": wording.Day(w.row.Received)})
}

// why says why the person got the message.
func (w *writer) why() locale.Text {
	ch, ok := w.cat.Channel(w.row.Channel)
	if !ok || w.then == nil {
		return locale.Get("draft.unknown")
	}
	values := locale.Values{"channel": nameOr(ch.Name, ch.ID), "department": w.department(ch.Department)}
	if w.then.Decision.Verdict != consent.Allow {
		return locale.Fill("draft.denied", values)
	}
	g := grantOf(w.then)
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
func (w *writer) next() locale.Text {
	ch, ok := w.cat.Channel(w.row.Channel)
	switch {
	case !ok || w.now == nil || ch.Class != catalog.ClassMarketing:
		return locale.Text{}
	case w.now.Decision.Verdict == consent.Deny:
		return locale.Get("draft.stopped")
	default:
		return locale.Get("draft.offer")
	}
}

// signature says who answers.
func (w *writer) signature() locale.Text {
	d, ok := w.cat.Department(w.row.Department)
	if !ok {
		return locale.Get("draft.regards")
	}
	values := locale.Values{"department": nameOr(d.Name, d.ID), "controller": locale.Same(""), "address": locale.Same("")}
	if c, ok := w.cat.Controller(d.Controller); ok {
		values["controller"], values["address"] = locale.Same(c.Name), locale.Same(c.PostalAddress)
	}
	return locale.Fill("draft.signature", values)
}

func (w *writer) department(id string) locale.Text {
	if d, ok := w.cat.Department(id); ok {
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
