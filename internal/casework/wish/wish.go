// Package wish finds in the words of a person what they ask for: what is held about them, its erasure, no more messages, or whether they
// complain. It knows phrases of English and German and takes none of them for a wish that is denied. What it does not know is an inquiry or
// something else: a member of the desk reads every letter, and a wrong guess costs more than none.
package wish

import (
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/casework"
)

// Wish is something that a letter asks for.
type Wish struct {
	Kind casework.Kind
	// Words are those by which it was found, as they were read: in lower case, umlauts as two letters. They are the person's own words and
	// personal data. Empty: no words of English or German say so.
	Words string
}

// maxText is how much of a letter is read.
const maxText = 64 << 10

// Read returns what a letter asks for, what weighs most first: access, erasure, a complaint, an objection, else an inquiry, else something other. It
// returns at least one. The text is what the person wrote, without what is quoted and without a signature. AsksToLeave says that words of any
// language ask for no more mail; it counts unless English or German words deny it.
func Read(subject, text string, asksToLeave bool) []Wish {
	text = text[:min(len(text), maxText)]
	clauses := append(clausesOf(subject), clausesOf(text)...)
	var wishes []Wish
	denied := map[casework.Kind]bool{}
	for _, kind := range []casework.Kind{casework.Access, casework.Erasure, casework.Complaint, casework.Objection} {
		words, isDenied := find(phrases(kind), clauses)
		if words != "" {
			wishes = append(wishes, Wish{Kind: kind, Words: words})
		}
		denied[kind] = isDenied
	}
	if alone := strings.Join(words(text), " "); alone == "stop" || alone == "stopp" || alone == "bitte stopp" || alone == "please stop" {
		wishes = append(wishes, Wish{Kind: casework.Objection, Words: alone})
	}
	isObjection := func(w Wish) bool { return w.Kind == casework.Objection }
	if asksToLeave && !denied[casework.Objection] && !slices.ContainsFunc(wishes, isObjection) {
		wishes = append(wishes, Wish{Kind: casework.Objection})
	}
	switch {
	case len(wishes) > 0:
	case asks(subject, text, clauses):
		wishes = []Wish{{Kind: casework.Inquiry}}
	default:
		wishes = []Wish{{Kind: casework.Other}}
	}
	return wishes
}

// find returns the words of the first clause that says one of the phrases, and whether another clause denies one.
func find(all []phrase, clauses [][]string) (said string, denied bool) {
	for _, clause := range clauses {
		for i := range all {
			words, is, isDenied := all[i].in(clause)
			denied = denied || isDenied
			if is && said == "" {
				said = words
			}
		}
	}
	return said, denied
}

// asks reports whether a letter has a question.
func asks(subject, text string, clauses [][]string) bool {
	if strings.Contains(subject, "?") || strings.Contains(text, "?") {
		return true
	}
	words, _ := find(questions(), clauses)
	return words != ""
}

// clausesOf returns the clauses of a text as words. A single line break ends none, because mail programs break lines.
func clausesOf(text string) [][]string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n", ".")
	var clauses [][]string
	for _, clause := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(".!?;:,()–—", r) }) {
		if w := words(clause); len(w) > 0 {
			clauses = append(clauses, w)
		}
	}
	return clauses
}

// words returns the words of a text: in lower case, without apostrophes, umlauts as two letters.
func words(text string) []string {
	text = strings.NewReplacer(
		"ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "a\u0308", "ae", "o\u0308", "oe", "u\u0308", "ue", "'", "", "’", "", "`", "", "´", "", "e-mail", "email",
	).Replace(strings.ToLower(text))
	return strings.FieldsFunc(text, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r < 0x80 || r == '\u00a0' })
}
