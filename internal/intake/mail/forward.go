package mail

import (
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/message"
)

// Forward is a mail that another one passes on, as a person does who hands it to a colleague.
type Forward struct {
	// From is who wrote it, as the forward says; empty: that is not to be found.
	From string
	// Text is all that the forward says, with the mail that it passes on.
	Text string
	// ID is the Message-ID of the mail that is passed on, without angle brackets; empty: not known.
	ID string
}

// forwarded returns the mail that the letter passes on: as an attachment of a mail that answers none, or under a subject that says so; nil: it passes
// none on.
func (l *letter) forwarded(answers []string) *Forward {
	says := saysForward(l.subject)
	if inner := enclosed(l.top); inner != nil && (says || len(answers) == 0) {
		in := &letter{Reader: l.Reader, m: &message.Message{Part: *inner}, top: leaves(inner, nil)}
		text := strings.TrimSpace(strings.TrimSpace(l.ownText()) + "\n\n" + strings.TrimSpace(in.plainText()))
		return &Forward{From: firstAddress(inner.Header.Get("From")), Text: text, ID: bareID(inner.Header.Get("Message-ID"))}
	}
	if !says {
		return nil
	}
	f := &Forward{Text: strings.TrimSpace(l.plainText())}
	f.From = quotedFrom(f.Text)
	if len(answers) > 0 {
		f.ID = answers[0]
	}
	return f
}

// enclosed returns the first message that is attached to a mail; nil: there is none.
func enclosed(parts []*message.Part) *message.Part {
	for _, p := range parts {
		if strings.HasPrefix(p.Type, "message/") && len(p.Parts) == 1 {
			return p.Parts[0]
		}
	}
	return nil
}

// saysForward reports whether a subject begins as mail programs begin that of a forward.
func saysForward(subject string) bool {
	subject = foldText(subject)
	return slices.ContainsFunc(forwardSubjects(), func(prefix string) bool { return strings.HasPrefix(subject, prefix) })
}

// quotedFrom returns the address of the first line that says who wrote a mail, beside one that says when; empty: there is none.
func quotedFrom(text string) string {
	from, sent := quotedFields()
	begins := func(line string, words []string) bool {
		line = strings.ToLower(strings.Trim(line, "> \t\r\n*_"))
		return slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(line, word) })
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		near := lines[max(0, i-quotedWithin):min(len(lines), i+quotedWithin)]
		if begins(line, from) && slices.ContainsFunc(near, func(line string) bool { return begins(line, sent) }) {
			if found := addressesIn(line); len(found) > 0 {
				return found[0]
			}
		}
	}
	return ""
}
