package message

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// A Field is one header field.
type Field struct {
	Name string // as it was written
	// Raw is what follows the colon, as it was written: with the line ends of its folding as LF, without the last.
	Raw  string
	Line int
}

// Value returns the value without folding and without white space around it, not decoded.
func (f Field) Value() string {
	if strings.IndexByte(f.Raw, '\n') < 0 {
		return strings.TrimSpace(f.Raw)
	}
	return strings.TrimSpace(strings.ReplaceAll(f.Raw, "\n", ""))
}

// Text returns the value in UTF-8, with encoded words (RFC 2047) decoded.
func (f Field) Text() string {
	text, _ := decodeWords(f.Value())
	return text
}

// Header is the fields of a header, in order.
type Header []Field

// Get returns the value of the first field of that name, in any case; empty where there is none.
func (h Header) Get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value()
		}
	}
	return ""
}

// Text returns the first field of that name in UTF-8, with encoded words decoded.
func (h Header) Text(name string) string {
	text, _ := decodeWords(h.Get(name))
	return text
}

// All returns the values of all fields of that name.
func (h Header) All(name string) []string {
	var all []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			all = append(all, f.Value())
		}
	}
	return all
}

// Has reports whether there is a field of that name.
func (h Header) Has(name string) bool {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

// ReadHeader reads the fields at the beginning of a text, such as the copy of a header that a server put into a message. It ends with the
// first empty line or the first line that is no field. At most 256 KiB are read.
func ReadHeader(text string) Header {
	text = text[:min(len(text), DefaultLimits().Header)]
	// A report has hundreds of short headers: each gets a buffer of its own size. One byte more shows the end at the first reading.
	p := newParser(strings.NewReader(text), Limits{}, min(len(text)+1, pieceSize))
	var part Part
	// A text cannot fail to be read, and is below every limit.
	_, _, _ = p.header(&part)
	return part.Header
}

// header reads the header of a part. Where a boundary ends it, stopped is true.
func (p *parser) header(part *Part) (s stop, stopped bool, err error) {
	defer func() { p.endField(part) }()
	for {
		one, err := p.lines.next()
		if errors.Is(err, io.EOF) {
			return stop{level: atEnd}, true, nil
		}
		if err != nil {
			return stop{}, false, err
		}
		if part.Line == 0 {
			part.Line = p.lines.number
		}
		if p.headerBytes += len(one.data) + len(one.end); p.headerBytes > p.limits.Header {
			return stop{}, false, &LimitError{Limit: "header", Max: int64(p.limits.Header), Line: p.lines.number}
		}
		if len(one.data) == 0 && one.first {
			return stop{}, false, nil
		}
		if s, ok := p.boundary(one); ok {
			if len(part.Header) > 0 {
				p.find(NoBlankLine, part, p.lines.number, "")
			}
			return s, true, nil
		}
		if done := p.headerLine(part, one); done {
			return stop{}, false, nil
		}
	}
}

// headerLine takes one line, or a piece of one, into the header. It returns true for a line that is of the body.
func (p *parser) headerLine(part *Part, one piece) bool {
	in := len(part.Header) > 0
	if !one.first {
		// The rest of a long line; of a line "From …" nothing is wanted.
		if in {
			p.field = append(p.field, one.data...)
		}
		return false
	}
	if in && (one.data[0] == ' ' || one.data[0] == '\t') {
		p.field = append(append(p.field, '\n'), one.data...)
		return false
	}
	if n := fieldName(one.data); n > 0 {
		p.endField(part)
		part.Header = append(part.Header, Field{Name: string(one.data[:n]), Line: p.lines.number})
		p.field = append(p.field, one.data[bytes.IndexByte(one.data, ':')+1:]...)
		return false
	}
	if !in && part.Path == "" && (bytes.HasPrefix(one.data, []byte("From ")) || bytes.HasPrefix(one.data, []byte(">From "))) {
		p.find(MboxLine, part, p.lines.number, "")
		return false
	}
	if one, next := p.lines.lookAhead(100); in && fieldName(next) > 0 {
		p.field = append(append(p.field, "\n "...), one.data...)
		p.find(NotAField, part, p.lines.number, part.Header[len(part.Header)-1].Name)
		return false
	}
	p.find(NoBlankLine, part, p.lines.number, "")
	p.lines.unread()
	return true
}

// endField gives the last field of the header its value.
func (p *parser) endField(part *Part) {
	if last := len(part.Header) - 1; last >= 0 && len(p.field) > 0 {
		part.Header[last].Raw = string(p.field)
	}
	p.field = p.field[:0]
}

// fieldName returns the length of the name of a field at the beginning of the line; 0: it is no field.
func fieldName(line []byte) int {
	for i, b := range line {
		switch {
		case b == ':':
			return i
		case b == ' ' || b == '\t':
			// White space before the colon is of the grammar of old (RFC 5322, 4.5.3).
			if rest := bytes.TrimLeft(line[i:], " \t"); len(rest) > 0 && rest[0] == ':' {
				return i
			}
			return 0
		case b < '!' || b > '~':
			return 0
		}
	}
	return 0
}

// checkHeader reports fields that cannot be read as they are.
func (p *parser) checkHeader(part *Part) {
	for _, f := range part.Header {
		if isASCII(f.Raw) && !strings.Contains(f.Raw, "=?") {
			continue
		}
		if _, broken := decodeWords(f.Value()); broken != "" {
			p.find(broken, part, f.Line, f.Name)
		}
	}
}
