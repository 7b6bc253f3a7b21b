package lookalike

import (
	"slices"
	"strings"
	"unicode"

	"go.mau.fi/util/confusable"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// The forms in which texts are compared.
const (
	plain   = iota // the letters as written, case folded
	lowered        // their skeleton, taken after folding
	cased          // their skeleton, taken before: a capital I passes for a small l
	formCount
)

// appearance is a text in the forms in which it is compared.
type appearance struct {
	forms [formCount]words
	ascii bool
}

func (a appearance) isEmpty() bool { return len(a.forms[plain]) == 0 }

// words are those of a text, without the spaces and punctuation between them.
type words []string

func (w words) joined() string { return strings.Join(w, "") }

// without returns the words that the other text lacks.
func (w words) without(other words) words {
	var rest words
	for _, word := range w {
		if !slices.Contains(other, word) {
			rest = append(rest, word)
		}
	}
	return rest
}

// writer turns texts into their appearance. It is for one goroutine.
type writer struct {
	fold    cases.Caser
	umlauts *strings.Replacer
}

func newWriter() *writer {
	return &writer{
		fold:    cases.Fold(),
		umlauts: strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss"),
	}
}

func (w *writer) appearance(text string) appearance {
	folded := w.folded(text)
	a := appearance{ascii: !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })}
	a.forms[plain] = split(folded)
	a.forms[lowered] = split(w.skeleton(folded))
	a.forms[cased] = split(w.skeleton(norm.NFC.String(text)))
	return a
}

// folded returns the text in one case, the German letters written out, and
// letters of other widths and styles as ordinary ones: the skeleton does not
// know all of those.
func (w *writer) folded(text string) string {
	return w.umlauts.Replace(w.fold.String(norm.NFKC.String(text)))
}

// skeleton returns the UTS #39 skeleton in one case. The skeleton writes m as
// rn; here both become m again, so that words keep their length and the rules
// that count letters count what people see.
func (w *writer) skeleton(text string) string {
	return strings.ReplaceAll(w.folded(confusable.Skeleton(text)), "rn", "m")
}

func split(text string) words {
	return strings.FieldsFunc(text, func(r rune) bool { return !isWordRune(r) })
}

// HasWord reports whether a text has a letter or digit, which is what is compared of it.
func HasWord(text string) bool { return strings.ContainsFunc(text, isWordRune) }

// isWordRune reports whether r is part of a word: a letter, a digit, or a mark
// on one.
func isWordRune(r rune) bool { return unicode.In(r, unicode.L, unicode.M, unicode.N) }
