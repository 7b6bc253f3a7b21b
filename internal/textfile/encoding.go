package textfile

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// Encoding is the name of an encoding, such as windows-1252.
type Encoding string

// The encodings that are found out. Others have to be stated.
const (
	UTF8    Encoding = "utf-8"
	UTF16LE Encoding = "utf-16le"
	UTF16BE Encoding = "utf-16be"
	// Windows1252 is Latin-1 with letters in place of the control characters 0x80 to 0x9f. What is not Unicode is read as this: in a
	// list, these bytes are never control characters.
	Windows1252 Encoding = "windows-1252"
)

// ParseEncoding returns the encoding of that name, in any case, with or without hyphens: UTF-8, UTF-16LE, UTF-16BE, and the encodings of
// one byte a letter: windows-1250 and its neighbours, iso-8859-1 (latin-1) and its neighbours, macintosh, koi8-r, cp850.
func ParseEncoding(name string) (Encoding, error) {
	wanted := foldName(name)
	switch wanted {
	case "latin1":
		wanted = "iso88591"
	case "macroman":
		wanted = "macintosh"
	}
	if page, ok := strings.CutPrefix(wanted, "cp"); ok {
		if wanted = "windows" + page; !strings.HasPrefix(page, "125") {
			wanted = "ibmcodepage" + page
		}
	}
	for _, known := range []Encoding{UTF8, UTF16LE, UTF16BE} {
		if foldName(string(known)) == wanted {
			return known, nil
		}
	}
	for _, one := range charmap.All {
		if known := nameOf(one); foldName(string(known)) == wanted {
			return known, nil
		}
	}
	return "", fmt.Errorf("the encoding must be one such as %s, %s, %s, %s or iso-8859-15", UTF8, UTF16LE, UTF16BE, Windows1252)
}

// foldName leaves out what people write differently.
func foldName(name string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name))
}

// nameOf returns the name of an encoding of one byte a letter.
func nameOf(e encoding.Encoding) Encoding {
	return Encoding(strings.ReplaceAll(strings.ToLower(fmt.Sprint(e)), " ", "-"))
}

// decodingOf returns how the encoding is read; false for UTF-8, which needs nothing, and for an unknown one.
func decodingOf(name Encoding) (encoding.Encoding, bool) {
	if name == UTF16LE {
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), true
	}
	if name == UTF16BE {
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), true
	}
	for _, one := range charmap.All {
		if nameOf(one) == name {
			return one, true
		}
	}
	return nil, false
}

// markOf returns the encoding that a byte order mark tells, and its length; nothing where there is none.
func markOf(look []byte) (Encoding, int) {
	switch {
	case bytes.HasPrefix(look, []byte("\xef\xbb\xbf")):
		return UTF8, 3
	case bytes.HasPrefix(look, []byte("\xff\xfe")):
		return UTF16LE, 2
	case bytes.HasPrefix(look, []byte("\xfe\xff")):
		return UTF16BE, 2
	}
	return "", 0
}

// guess finds out the encoding of a file without a byte order mark. UTF-16 shows by zeros in every second byte. A text with more whole
// letters of UTF-8 than bytes that are none is UTF-8 with broken rows, and so is JSON, which has no other form.
func guess(look []byte) (found Encoding, guessed bool) {
	if order := utf16Order(look); order != "" {
		return order, false
	}
	letters, broken := 0, 0
	for rest := look; len(rest) > 0; {
		if rest[0] < utf8.RuneSelf {
			rest = rest[1:]
			continue
		}
		if len(rest) < utf8.UTFMax && !utf8.FullRune(rest) && len(look) >= lookSize {
			// The look ends within a letter.
			break
		}
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 {
			broken++
		} else {
			letters++
		}
		rest = rest[size:]
	}
	if broken == 0 || letters > broken || isJSON(look) {
		return UTF8, false
	}
	return Windows1252, true
}

// isJSON reports whether a text begins as JSON does.
func isJSON(look []byte) bool {
	text := bytes.TrimLeft(look, " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}

// utf16Order returns the order of UTF-16 that is mostly ASCII, as the header and the addresses of a list are.
func utf16Order(look []byte) Encoding {
	var zeros [2]int
	for i, b := range look {
		if b == 0 {
			zeros[i%2]++
		}
	}
	most := len(look) / 2 * 6 / 10
	switch {
	case most == 0:
		return ""
	case zeros[1] >= most && zeros[0] < most/4+1:
		return UTF16LE
	case zeros[0] >= most && zeros[1] < most/4+1:
		return UTF16BE
	}
	return ""
}
