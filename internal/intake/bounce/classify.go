// Package bounce says what a failed delivery means: whether the mailbox is dead, may work later, does not want this mail, or whether the
// sender did something wrong. The text decides first, then the code, then a careful default. The rules are the rows of [Table];
// docs/bounce-classes.md shows them to readers.
package bounce

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/assent-io/assent/internal/intake"
)

// gap is how many bytes a * within a phrase stands for at most.
const gap = 80

// maxText is how much of a text is looked at: what decides stands at its beginning.
const maxText = 4_000

// A Verdict is what a failed delivery means.
type Verdict struct {
	Class  intake.Class
	Rule   string // id of the row that decided
	Domain bool   // the whole domain of the address gets no mail
	Then   Then
	Status string // the enhanced status code that was used, such as 5.1.1; empty: none is known
}

// A Classifier holds the table in the form in which it is asked. It may be used by several goroutines.
type Classifier struct {
	rows []compiled
}

// compiled is a row with its phrases split at each *.
type compiled struct {
	Row
	phrases []phrase
}

// A phrase is pieces that follow each other, and whether letters may touch them.
type phrase struct {
	pieces            []string
	openLeft, openEnd bool
}

// New returns the classifier of [Table].
func New() *Classifier {
	c := &Classifier{}
	for _, row := range Table() {
		one := compiled{Row: row}
		for _, text := range row.Phrases {
			p := phrase{openLeft: strings.HasPrefix(text, "*"), openEnd: strings.HasSuffix(text, "*")}
			for _, piece := range strings.Split(strings.Trim(text, "*"), "*") {
				p.pieces = append(p.pieces, strings.TrimSpace(piece))
			}
			one.phrases = append(one.phrases, p)
		}
		c.rows = append(c.rows, one)
	}
	return c
}

// Row returns the row of an id; false: there is none.
func (c *Classifier) Row(id string) (Row, bool) {
	for _, row := range c.rows {
		if row.ID == id {
			return row.Row, true
		}
	}
	return Row{}, false
}

// Classify says what a failed delivery means. Status is the field Status of a report (RFC 3464), which may have a comment or be empty;
// text is what the server said, such as Diagnostic-Code. An action other than failed is no failure: its verdict has no class.
func (c *Classifier) Classify(status, action, text string) Verdict {
	if action != "" && !strings.EqualFold(action, "failed") {
		return Verdict{Rule: "no-failure", Status: enhanced(status)}
	}
	code, reply := codes(status, text)
	plain := plainText(text)
	for _, row := range c.rows {
		if row.fits(code, reply) && row.says(plain) {
			return Verdict{Class: row.Class, Rule: row.ID, Domain: row.Domain, Then: row.Then, Status: code}
		}
	}
	// The last row has neither codes nor phrases, so it fits all.
	return Verdict{Class: intake.Soft, Rule: "unexplained", Status: code}
}

// fits reports whether the row is for such a code. The enhanced code goes before the reply code: with one, only the classes 4 and 5 and a
// row that names the reply code itself go by the reply.
func (r *compiled) fits(code, reply string) bool {
	if len(r.Codes) == 0 {
		return true
	}
	for _, want := range r.Codes {
		switch {
		case want == "none":
			if code == "" && reply == "" {
				return true
			}
		case len(want) == 3 && want[1] != '.':
			if reply == want && (code == "" || strings.HasSuffix(code, ".0.0")) {
				return true
			}
		case code == want || strings.HasPrefix(code, want+"."):
			return true
		case code == "" && len(want) == 1 && strings.HasPrefix(reply, want):
			return true
		}
	}
	return false
}

// says reports whether the text has one of the phrases, or the row has none.
func (r *compiled) says(text string) bool {
	if len(r.phrases) == 0 {
		return true
	}
	for i := range r.phrases {
		if r.phrases[i].in(text) {
			return true
		}
	}
	return false
}

// in reports whether the text has the phrase.
func (p *phrase) in(text string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], p.pieces[0])
		if i < 0 {
			return false
		}
		begin := from + i
		end, ok := p.rest(text, begin+len(p.pieces[0]))
		if ok && (p.openLeft || isEdge(lastRune(text[:begin]), firstRune(p.pieces[0]))) &&
			(p.openEnd || isEdge(firstRune(text[end:]), lastRune(p.pieces[len(p.pieces)-1]))) {
			return true
		}
		from = begin + 1
	}
}

// rest finds the other pieces of a phrase, and returns where the last ends.
func (p *phrase) rest(text string, end int) (int, bool) {
	for _, piece := range p.pieces[1:] {
		i := strings.Index(text[end:min(end+gap, len(text))], piece)
		if i < 0 {
			return 0, false
		}
		end += i + len(piece)
	}
	return end, true
}

func firstRune(s string) rune {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ' '
	}
	return r
}

func lastRune(s string) rune {
	r, size := utf8.DecodeLastRuneInString(s)
	if size == 0 {
		return ' '
	}
	return r
}

// isEdge reports whether a word ends between the letter outside and the letter inside.
func isEdge(outside, inside rune) bool {
	return !isWord(outside) || !isWord(inside)
}

// isWord reports whether a letter is of a script that separates words.
func isWord(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r)) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}
