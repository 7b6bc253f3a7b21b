// Package prose looks for words in the texts of declarations.
package prose

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Names reports whether a text holds a name as words of their own; both as Flowing writes them.
func Names(text, name string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], name)
		if i < 0 {
			return false
		}
		begin, end := from+i, from+i+len(name)
		before, _ := utf8.DecodeLastRuneInString(text[:begin])
		after, _ := utf8.DecodeRuneInString(text[end:])
		if !isLetterOrDigit(before) && !isLetterOrDigit(after) {
			return true
		}
		_, size := utf8.DecodeRuneInString(text[begin:])
		from = begin + size
	}
}

func isLetterOrDigit(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// Flowing returns a text in small letters, its words with a space between, so that line breaks and hyphens do not hide a word.
func Flowing(text string) string {
	const softHyphen, hyphens = "\u00ad", "-\u2010\u2011"
	small := strings.ToLower(norm.NFKC.String(strings.ReplaceAll(text, softHyphen, "")))
	return strings.Join(strings.FieldsFunc(small, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(hyphens, r) }), " ")
}

// withdrawalWords are beginnings of words by which a text says that a consent can be withdrawn.
const withdrawalWords = "widerruf,widersprech,widerspruch,abmeld,abgemeldet,abbestell,abzubestell,abzumeld,austrag,auszutrag,jederzeit," +
	"withdraw,withdrew,unsubscrib,opt out,opting out,revoke,revoking,revocation,cancel,any time,anytime"

// SaysHowToWithdraw reports whether a text in German or English has a word by which texts say that a consent can be withdrawn.
func SaysHowToWithdraw(text string) bool {
	flowing := Flowing(text)
	for word := range strings.SplitSeq(withdrawalWords, ",") {
		if strings.Contains(flowing, word) {
			return true
		}
	}
	return false
}
