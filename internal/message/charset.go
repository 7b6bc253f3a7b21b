package message

import (
	"bytes"
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
)

// isASCII reports whether a text has bytes of ASCII only.
func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isJIS reports whether a text has the escape sequences of ISO-2022-JP (RFC 1468), whose bytes are all of ASCII.
func isJIS(text []byte) bool {
	return bytes.Contains(text, []byte("\x1b$B")) || bytes.Contains(text, []byte("\x1b$@"))
}

// toUTF8 returns a text in UTF-8. A text that is not in the charset that is stated is read as what it is: UTF-8 where it can be that,
// ISO-2022-JP where it has its escape sequences, else windows-1252. Without a charset it should be ASCII (RFC 2045, 5.2).
func toUTF8(text []byte, charset string) (string, Rule) {
	charset = strings.ToLower(strings.TrimSpace(charset))
	var broken Rule
	switch charset {
	case "", "us-ascii", "ascii", "utf-8", "utf8", "unknown-8bit", "x-unknown", "8bit", "default":
		if isJIS(text) {
			return decodeAs(text, japanese.ISO2022JP), WrongCharset
		}
		if utf8.Valid(text) {
			if (charset == "" || charset == "us-ascii") && !isASCII(string(text)) {
				broken = WrongCharset
			}
			return string(text), broken
		}
		if isMostlyUTF8(text) {
			return strings.ToValidUTF8(string(text), "\ufffd"), WrongCharset
		}
		return decodeAs(text, charmap.Windows1252), WrongCharset
	}
	found := charsetOf(charset)
	if found == nil {
		decoded, _ := toUTF8(text, "")
		return decoded, UnknownCharset
	}
	return decodeAs(text, found), ""
}

// isMostlyUTF8 reports whether a text has more whole letters of UTF-8 beyond ASCII than bytes that are none.
func isMostlyUTF8(text []byte) bool {
	letters, broken := 0, 0
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			broken++
		case size > 1:
			letters++
		}
		text = text[size:]
	}
	return letters > broken
}

// trimPartial cuts a letter of UTF-8 off that is not whole, as at the end of a text that was cut.
func trimPartial(text []byte) []byte {
	for back := 1; back < utf8.UTFMax && back < len(text); back++ {
		if cut := text[:len(text)-back]; utf8.RuneStart(text[len(text)-back]) && utf8.Valid(cut) {
			return cut
		}
	}
	return text
}

// charsetOf finds a charset by a name of the WHATWG or of IANA; nil: it is unknown, or x/text has no table.
func charsetOf(name string) encoding.Encoding {
	if found, err := htmlindex.Get(name); err == nil {
		return found
	}
	if found, err := ianaindex.MIME.Encoding(name); err == nil {
		return found
	}
	if page, ok := strings.CutPrefix(name, "cp"); ok {
		return charsetOf("windows-" + strings.TrimPrefix(page, "-"))
	}
	return nil
}

// decodeAs decodes a text; what is wrong in it becomes U+FFFD.
func decodeAs(text []byte, charset encoding.Encoding) string {
	decoded, err := charset.NewDecoder().Bytes(text)
	if err != nil {
		return strings.ToValidUTF8(string(text), "\ufffd")
	}
	return strings.ToValidUTF8(string(decoded), "\ufffd")
}

// maxWords is how long a value with encoded words is at most: the decoder looks for the end of a word again at each beginning.
const maxWords = 32 << 10

// decodeWords decodes the encoded words of a value (RFC 2047), and bytes that are not UTF-8.
func decodeWords(value string) (string, Rule) {
	var broken Rule
	if !isASCII(value) || isJIS([]byte(value)) {
		value, broken = toUTF8([]byte(value), "utf-8")
		if broken != "" {
			broken = RawHeader
		}
	}
	if !strings.Contains(value, "=?") {
		return value, broken
	}
	if len(value) > maxWords {
		return value, BadWord
	}
	decoder := mime.WordDecoder{CharsetReader: func(charset string, input io.Reader) (io.Reader, error) {
		text, err := io.ReadAll(input)
		if err != nil {
			return nil, err
		}
		charset, _, _ = strings.Cut(charset, "*") // the language of RFC 2231
		decoded, unknown := toUTF8(text, charset)
		if unknown != "" {
			broken = BadWord
		}
		return strings.NewReader(decoded), nil
	}}
	decoded, err := decoder.DecodeHeader(value)
	if err != nil {
		return value, BadWord
	}
	if strings.Contains(decoded, "=?") && strings.Contains(decoded, "?=") {
		broken = BadWord
	}
	return strings.ToValidUTF8(decoded, "\ufffd"), broken
}
