package receipt

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// escape writes a value so that it stays on its line: what a reference or an unknown identity holds comes from outside. A backslash
// is written twice; a control character, a line separator, and a space at either end, which mail programs lose, as a backslash, u and four
// hexadecimal digits.
func escape(value string) string {
	if isPlain(value) {
		return value
	}
	var b strings.Builder
	for i, r := range value {
		switch atEnd := i == 0 || i == len(value)-1; {
		case r == '\\':
			b.WriteString(`\\`)
		case breaks(r), r == ' ' && atEnd:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isPlain(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r == '\\' || breaks(r) }) && strings.Trim(value, " ") == value
}

// breaks reports whether a character is a control character or may end a line. The set is part of the format, so it is written out.
func breaks(r rune) bool {
	return r < 0x20 || r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029 || r == utf8.RuneError
}

// unescape undoes escape. What escape never writes comes out as something that escape writes otherwise.
func unescape(value string) string {
	if !strings.Contains(value, `\`) {
		return value
	}
	var b strings.Builder
	for value != "" {
		before, after, found := strings.Cut(value, `\`)
		b.WriteString(before)
		if !found {
			break
		}
		value = after
		if strings.HasPrefix(value, `\`) {
			b.WriteByte('\\')
			value = value[1:]
			continue
		}
		if code, ok := escaped(value); ok {
			b.WriteRune(code)
			value = value[escapeLength:]
		}
	}
	return b.String()
}

// escapeLength is the length of an escape after its backslash: u and four digits.
const escapeLength = 5

// escaped reads what follows a backslash.
func escaped(text string) (rune, bool) {
	if len(text) < escapeLength || text[0] != 'u' {
		return 0, false
	}
	code, err := strconv.ParseUint(text[1:escapeLength], 16, 16)
	return rune(code), err == nil
}
