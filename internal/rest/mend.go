package rest

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// noCharacter replaces invalid characters in a mended body. No text of the API may hold it, so the use case decides: in evidence that
// only decorates a no it is replaced, with a warning, and everywhere else the field is refused by its name.
const noCharacter = `\u0000`

// mendTexts returns the JSON with its strings made such that any reader takes them: bytes that are not UTF-8, halves of surrogate pairs and
// escapes that JSON does not have become noCharacter, and control characters that stand there as they are become their escapes. What
// stands between strings stays, and so does JSON that is right.
func mendTexts(text []byte) []byte {
	mended := make([]byte, 0, len(text))
	inside := false
	for i := 0; i < len(text); {
		b := text[i]
		switch size := sizeOf(text[i:]); {
		case !inside || b == '"':
			inside = inside != (b == '"')
			mended = append(mended, b)
			i++
		case size > 0:
			mended = append(mended, text[i:i+size]...)
			i += size
		case b < ' ':
			mended = fmt.Appendf(mended, `\u%04x`, b)
			i++
		default:
			mended = append(mended, noCharacter...)
			i -= size
		}
	}
	return mended
}

// sizeOf returns how many bytes the first character of a string in JSON takes, with an escape or without; negative for what is none.
func sizeOf(text []byte) int {
	switch {
	case text[0] < ' ':
		return -1
	case text[0] != '\\':
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			return -1
		}
		return size
	case len(text) > 1 && text[1] != 'u':
		for _, known := range []byte(`"\/bfnrt`) {
			if text[1] == known {
				return 2
			}
		}
		return -1
	}
	first, ok := unit(text)
	if !ok {
		return -1
	}
	if !utf16.IsSurrogate(first) {
		return len(noCharacter)
	}
	if second, ok := unit(text[len(noCharacter):]); ok && utf16.DecodeRune(first, second) != utf8.RuneError {
		return 2 * len(noCharacter)
	}
	return -len(noCharacter)
}

// unit returns the value of the escape of four hexadecimal digits at the start of the text.
func unit(text []byte) (rune, bool) {
	if len(text) < len(noCharacter) || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	value, err := strconv.ParseUint(string(text[2:len(noCharacter)]), 16, 16)
	return rune(value), err == nil
}
