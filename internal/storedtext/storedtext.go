// Package storedtext says which texts may be stored, and makes storable what only decorates.
package storedtext

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Problem says what is wrong with a text; nothing if it may be stored.
func Problem(text string, limit int) string {
	switch {
	case len(text) > limit:
		return fmt.Sprintf("is longer than %d bytes", limit)
	case !utf8.ValidString(text), strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }):
		return "has control characters or bytes that are not valid UTF-8"
	default:
		return ""
	}
}

// cutMark ends a text that was shortened.
const cutMark = "…"

// Storable returns the text as valid UTF-8 without control characters, cut to the limit in bytes. What was replaced shows as
// U+FFFD, and a text that was cut ends with an ellipsis.
func Storable(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text[:min(len(text), 2*limit)]) // Map replaces invalid UTF-8, too. A character becomes at most three times as long.
	if len(text) <= limit {
		return text
	}
	end := limit - len(cutMark)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + cutMark
}
