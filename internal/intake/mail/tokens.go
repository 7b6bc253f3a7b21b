package mail

import (
	"net/url"
	"strings"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/message"
)

// What may be a token: an alphabet of base64url or base32, and a length. The shortest has a tag of 128 bits.
const (
	minToken = 26
	maxToken = 600
)

// A collector gathers texts that may be tokens, each once.
type collector struct {
	tokens []intake.Token
	seen   map[string]bool
}

// add adds a text as it stands, if it may be a token: a damaged one may have white space within, and signs around.
func (c *collector) add(text string, found intake.Place) {
	text = strings.Join(strings.Fields(text), "")
	text = strings.Trim(text, `<>()[]{}"'.,;:!?*|=`)
	if len(text) < minToken || len(text) > maxToken || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=") != "" {
		return
	}
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	if !c.seen[text] {
		c.seen[text] = true
		c.tokens = append(c.tokens, intake.Token{Text: text, Found: found})
	}
}

// returned gathers the tokens of the header of a message that came back.
func (c *collector) returned(h message.Header) {
	for _, value := range h.All("Assent-Token") {
		c.add(value, intake.InHeader)
	}
	for _, value := range h.All("List-Unsubscribe") {
		c.links(strings.ReplaceAll(value, " ", ""), intake.InUnsubscribe)
	}
	for _, value := range h.All("Message-ID") {
		c.messageID(value)
	}
	for _, name := range []string{"CFBL-Feedback-ID", "Feedback-ID"} {
		for _, value := range h.All(name) {
			// White space in it means nothing (RFC 9477), and Gmail's has four texts with colons between.
			for piece := range strings.SplitSeq(strings.Join(strings.Fields(value), ""), ":") {
				c.add(piece, intake.InFeedbackID)
			}
		}
	}
}

// messageID adds the left part of message ids.
func (c *collector) messageID(value string) {
	for id := range strings.FieldsSeq(value) {
		left, _, _ := strings.Cut(strings.Trim(id, "<>"), "@")
		c.add(left, intake.InMessageID)
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
			c.add(token, found)
			rest = after
		}
	}
}

// returnPath adds the tags of return paths among addresses: LOCAL+1.TAG@DOMAIN. The text is what follows the plus sign.
func (c *collector) returnPath(to []string) {
	for _, address := range to {
		if tag := returnTag(address); tag != "" {
			c.add(tag, intake.InReturnPath)
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

// subject adds what may be a token in the subject of a mail: one of its words, or several of them together where a mail client wrapped it,
// after a word such as "unsubscribe" or without.
func (c *collector) subject(text string) {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == ':' })
	for _, word := range words {
		c.add(word, intake.InSubject)
	}
	const before = 3
	for i := range words[:min(len(words), before)] {
		c.add(strings.Join(words[i:], ""), intake.InSubject)
	}
}
