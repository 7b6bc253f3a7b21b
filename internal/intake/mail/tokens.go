package mail

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/message"
)

// A collector gathers texts that may be tokens.
type collector struct {
	tokens intake.Tokens
}

// returned gathers the tokens of the header of a message that came back.
func (c *collector) returned(h message.Header) {
	for _, value := range h.All("Assent-Token") {
		c.tokens.Add(value, intake.InHeader)
	}
	for _, value := range h.All("List-Unsubscribe") {
		// A link that was folded has white space within.
		value = strings.Join(strings.Fields(value), "")
		c.links(value, intake.InUnsubscribe)
		c.mailSubjects(value, intake.InUnsubscribe)
	}
	for _, value := range h.All("Message-ID") {
		c.messageID(value)
	}
	for _, name := range []string{"CFBL-Feedback-ID", "Feedback-ID"} {
		for _, value := range h.All(name) {
			// White space in it means nothing (RFC 9477), and Gmail's has four texts with colons between.
			for piece := range strings.SplitSeq(strings.Join(strings.Fields(value), ""), ":") {
				c.tokens.Add(piece, intake.InFeedbackID)
			}
		}
	}
}

// messageID adds the left part of message ids.
func (c *collector) messageID(value string) {
	for id := range strings.FieldsSeq(value) {
		left, _, _ := strings.Cut(strings.Trim(id, "<>"), "@")
		c.tokens.Add(left, intake.InMessageID)
	}
}

// links adds the tokens of links to our page, whose path ends in /u/TOKEN, or to /c/TOKEN.
func (c *collector) links(text string, found intake.Place) {
	for _, mark := range []string{"/u/", "/c/"} {
		for rest := text; ; {
			_, after, ok := strings.Cut(rest, mark)
			if !ok {
				break
			}
			end := strings.IndexAny(after, " \t\n<>\"'?#&,)]/")
			if end < 0 {
				end = len(after)
			}
			token := after[:end]
			if plain, err := url.PathUnescape(token); err == nil {
				token = plain
			}
			c.tokens.Add(token, found)
			rest = after
		}
	}
}

// mailSubjects adds what may be tokens in the subjects of links mailto: (RFC 6068) in angle brackets.
func (c *collector) mailSubjects(text string, found intake.Place) {
	for link := range strings.SplitSeq(text, ">") {
		_, link, _ = strings.Cut(link, "<")
		address, err := url.Parse(link)
		if err != nil || address.Scheme != "mailto" {
			continue
		}
		query := address.Query()
		for _, name := range slices.Sorted(maps.Keys(query)) {
			if strings.EqualFold(name, "subject") {
				c.words(query[name][0], found)
			}
		}
	}
}

// returnPath adds the tags of return paths among addresses: LOCAL+1.TAG@DOMAIN. The text is what follows the plus sign.
func (c *collector) returnPath(to []string) {
	for _, address := range to {
		if tag := returnTag(address); tag != "" {
			c.tokens.Add(tag, intake.InReturnPath)
		}
	}
}

// returnTag returns the tag of a return path: 1. and 26 characters of base32; empty: the address has none.
func returnTag(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	_, tag, _ := strings.Cut(address[:at], "+")
	const characters = 26
	if code, ok := strings.CutPrefix(tag, "1."); ok && len(code) == characters {
		return tag
	}
	return ""
}

// words adds what may be a token in the subject of a mail: one of its words, or several of them together where a mail client wrapped it,
// after a word such as "unsubscribe" or without.
func (c *collector) words(text string, found intake.Place) {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == ':' })
	for _, word := range words {
		c.tokens.Add(word, found)
	}
	const before = 3
	for i := range words[:min(len(words), before)] {
		c.tokens.Add(strings.Join(words[i:], ""), found)
	}
}
