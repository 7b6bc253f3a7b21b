package message

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// A sink decodes the transfer encoding of a content, counts its bytes and keeps the first of them.
type sink struct {
	encoding string // base64, quoted-printable, another name, or empty for none
	keep     int    // how many bytes are kept
	kept     []byte
	size     int64
	pending  string // the line end before a line that may be a boundary, to which it belongs then

	quad      [4]byte // of base64
	inQuad    int
	padded    bool
	badBase64 bool
	quoted    []byte // of quoted-printable: the line so far
	badQuoted bool
}

// transferEncoding returns the transfer encoding in lower case.
func transferEncoding(h Header) string {
	value := h.Get("Content-Transfer-Encoding")
	if i := strings.IndexAny(value, "(;"); i >= 0 {
		value = value[:i]
	}
	return strings.ToLower(strings.Trim(value, " \t\""))
}

// broken returns what was wrong with the encoding.
func (s *sink) broken() []Rule {
	var rules []Rule
	switch s.encoding {
	case "", "7bit", "8bit", "binary", "quoted-printable", "base64":
	default:
		rules = append(rules, BadEncoding)
	}
	if s.badBase64 {
		rules = append(rules, BadBase64)
	}
	if s.badQuoted {
		rules = append(rules, BadQuoted)
	}
	return rules
}

// line takes a piece of a line.
func (s *sink) line(one piece) {
	switch s.encoding {
	case "base64":
		s.base64(one.data)
	case "quoted-printable":
		s.quotedLine(one)
	default:
		if one.first && s.pending != "" {
			s.write([]byte(s.pending))
		}
		s.pending = ""
		s.write(one.data)
		s.pending = usualEnd(one.end)
	}
}

// write takes decoded bytes.
func (s *sink) write(data []byte) {
	s.size += int64(len(data))
	if room := s.keep - len(s.kept); room > 0 {
		s.kept = append(s.kept, data[:min(room, len(data))]...)
	}
}

// base64 decodes four characters at a time. Other characters are left out.
func (s *sink) base64(data []byte) {
	var decoded [3]byte
	for _, b := range data {
		switch {
		case b >= 'A' && b <= 'Z', b >= 'a' && b <= 'z', b >= '0' && b <= '9', b == '+', b == '/':
			// More after padding is another text that was encoded by itself: some programs join them.
			s.padded = false
		case b == '=':
			s.pad()
			continue
		default:
			s.badBase64 = s.badBase64 || b != ' ' && b != '\t' && b != '\r'
			continue
		}
		s.quad[s.inQuad] = b
		if s.inQuad++; s.inQuad == len(s.quad) {
			s.inQuad = 0
			// The four are of the alphabet, so they can be decoded.
			n, _ := base64.StdEncoding.Decode(decoded[:], s.quad[:])
			s.write(decoded[:n])
		}
	}
}

// pad takes a sign = of base64, which ends a text.
func (s *sink) pad() {
	if s.inQuad < 2 {
		s.badBase64 = s.badBase64 || !s.padded
		return
	}
	s.rest()
	s.padded = true
}

// rest decodes the characters that are less than four.
func (s *sink) rest() {
	var decoded [3]byte
	n, _ := base64.RawStdEncoding.Decode(decoded[:], s.quad[:s.inQuad])
	s.write(decoded[:n])
	s.inQuad = 0
}

// quotedLine collects a line of quoted-printable, which has at most 76 characters (RFC 2045); a longer one is decoded piece by piece.
func (s *sink) quotedLine(one piece) {
	if one.first && s.pending != "" {
		s.write([]byte(s.pending))
	}
	s.pending = ""
	s.quoted = append(s.quoted, one.data...)
	if one.end == "" && len(s.quoted) < pieceSize {
		return
	}
	line := s.quoted
	if one.end != "" {
		line = bytes.TrimRight(line, " \t")
	}
	rest, soft := s.quotedText(line, one.end == "")
	s.quoted = append(s.quoted[:0], rest...)
	if !soft {
		s.pending = usualEnd(one.end)
	}
}

// usualEnd returns CR LF for a line end that is neither that nor LF.
func usualEnd(end string) string {
	if end == "" || end == "\n" {
		return end
	}
	return "\r\n"
}

// quotedText decodes a text. It returns the end that may be the beginning of =XX, where more follows, and whether the line goes on.
func (s *sink) quotedText(text []byte, more bool) (rest []byte, soft bool) {
	for {
		i := bytes.IndexByte(text, '=')
		if i < 0 {
			s.write(text)
			return nil, false
		}
		s.write(text[:i])
		text = text[i:]
		switch {
		case len(text) < 3 && more:
			return text, false
		case len(text) == 1:
			return nil, true
		case len(text) >= 3 && hex(text[1]) >= 0 && hex(text[2]) >= 0:
			s.write([]byte{byte(hex(text[1])<<4 | hex(text[2]))})
			text = text[3:]
		default:
			s.badQuoted = true
			s.write(text[:1])
			text = text[1:]
		}
	}
}

// hex returns the value of a hexadecimal digit; -1: it is none.
func hex(b byte) int { return strings.IndexByte("0123456789ABCDEF", upper(b)) }

func upper(b byte) byte {
	if b >= 'a' && b <= 'z' {
		return b - 'a' + 'A'
	}
	return b
}

// finish decodes what is left at the end of the content.
func (s *sink) finish() {
	if s.inQuad > 0 {
		s.badBase64 = true
		s.rest()
	}
	if len(s.quoted) > 0 {
		s.quotedText(bytes.TrimRight(s.quoted, " \t"), false)
	}
}
