package message

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

// Read reads one mail. The error is a [*LimitError] for a mail beyond a limit, [ErrNoMail] for what is none, or that of the reader.
func Read(r io.Reader, limits Limits) (*Message, error) {
	p := newParser(r, limits, pieceSize)
	m := &Message{}
	if _, err := p.entity(&m.Part, "text/plain", 1); err != nil {
		return nil, err
	}
	if len(m.Header) == 0 {
		return nil, ErrNoMail
	}
	if line := p.lines.bareLF; line > 0 {
		p.find(BareLF, &m.Part, line, "")
	}
	if line := p.lines.bareCR; line > 0 {
		p.find(BareCR, &m.Part, line, "")
	}
	m.Bytes, m.Lines, m.Findings = p.lines.read, p.lines.number, p.findings
	return m, nil
}

// A parser reads one mail.
type parser struct {
	lines       *lines
	limits      Limits
	findings    []Finding
	open        []string // the boundaries of the multiparts in which the parser is, from the outermost
	parts       int
	headerBytes int
	kept        int
	field       []byte // the value of the header field that is read
}

func newParser(r io.Reader, limits Limits, buffer int) *parser {
	limits = limits.orDefault()
	return &parser{lines: newLines(r, limits.Size, buffer), limits: limits}
}

// A stop is what ended a part.
type stop struct {
	level   int // index of the boundary in parser.open, or atEnd
	closing bool
}

// atEnd is the level of the end of the mail.
const atEnd = -1

// find adds a finding.
func (p *parser) find(rule Rule, part *Part, line int, field string) {
	if len(p.findings) < manyFindings {
		p.findings = append(p.findings, Finding{Rule: rule, Part: part.Path, Line: line, Field: field})
	}
}

// boundary says which open multipart the line is a boundary of.
func (p *parser) boundary(one piece) (stop, bool) {
	if !one.first || len(p.open) == 0 || !bytes.HasPrefix(one.data, []byte("--")) {
		return stop{}, false
	}
	text := bytes.TrimRight(one.data[2:], " \t")
	for level := len(p.open) - 1; level >= 0; level-- {
		b := p.open[level]
		if b == "" || len(text) < len(b) || string(text[:len(b)]) != b {
			continue
		}
		switch string(text[len(b):]) {
		case "":
			return stop{level: level}, true
		case "--":
			return stop{level: level, closing: true}, true
		}
	}
	return stop{}, false
}

// entity reads header and body of a mail, a part or an enclosed message.
func (p *parser) entity(part *Part, defaultType string, depth int) (stop, error) {
	if p.parts++; p.parts > p.limits.Parts {
		return stop{}, &LimitError{Limit: "parts", Max: int64(p.limits.Parts), Line: p.lines.number}
	}
	if depth > p.limits.Depth {
		return stop{}, &LimitError{Limit: "depth", Max: int64(p.limits.Depth), Line: p.lines.number}
	}
	s, stopped, err := p.header(part)
	if err != nil {
		return stop{}, err
	}
	p.checkHeader(part)
	p.contentType(part, defaultType)
	if stopped {
		return s, nil
	}
	switch {
	case part.IsMultipart():
		return p.multipart(part, depth)
	case isMessage(part.Type):
		return p.enclosed(part, depth)
	case isHeaders(part.Type):
		return p.headersOnly(part)
	}
	return p.leaf(part)
}

// isMessage reports whether a part of the type encloses a message.
func isMessage(mediaType string) bool {
	return mediaType == "message/rfc822" || mediaType == "message/global" || mediaType == "message/news"
}

// isHeaders reports whether a part of the type is the header of a message (RFC 6522, RFC 6533). Some programs misspell it.
func isHeaders(mediaType string) bool {
	switch mediaType {
	case "text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers", "message/global-headers":
		return true
	}
	return false
}

// child makes the next part of a part.
func child(parent *Part) *Part {
	path := strconv.Itoa(len(parent.Parts) + 1)
	if parent.Path != "" {
		path = parent.Path + "." + path
	}
	one := &Part{Path: path}
	parent.Parts = append(parent.Parts, one)
	return one
}

// multipart reads the parts of a multipart, and what stands before and after them.
func (p *parser) multipart(part *Part, depth int) (stop, error) {
	level := len(p.open)
	p.open = append(p.open, part.Params["boundary"])
	defer func() { p.open = p.open[:level] }()
	defaultType := "text/plain"
	if part.Type == "multipart/digest" {
		defaultType = "message/rfc822"
	}
	s, err := p.between(part, true)
	ended := false
	for err == nil && s.level == level {
		if s.closing {
			ended = true
			s, err = p.between(part, false)
			continue
		}
		if ended {
			p.find(PartAfterEnd, part, p.lines.number, "")
			ended = false
		}
		s, err = p.entity(child(part), defaultType, depth+1)
	}
	switch {
	case err != nil:
		return stop{}, err
	case len(part.Parts) == 0 && !ended:
		p.find(NoBoundary, part, 0, "")
	case !ended:
		p.find(NoEndBoundary, part, p.lines.number, "")
	}
	if len(part.Parts) > 0 {
		part.Text = ""
	}
	return s, nil
}

// between reads the text before the first part, where a boundary that the header does not name is taken for the one that was meant, or
// the text after the last.
func (p *parser) between(part *Part, before bool) (stop, error) {
	out := &sink{keep: 0}
	if before {
		out.keep = p.room()
	}
	for {
		one, err := p.lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return stop{}, err
		}
		if s, ok := p.boundary(one); ok {
			return s, nil
		}
		if before && one.first && one.end != "" && bytes.HasPrefix(one.data, []byte("--")) {
			var ok bool
			if one, ok = p.adopt(part); ok {
				return stop{level: len(p.open) - 1}, nil
			}
		}
		out.line(one)
	}
	if before {
		out.write([]byte(out.pending))
		p.keepText(part, out)
	}
	return stop{level: atEnd}, nil
}

// adopt takes a line that begins with -- for the boundary if the header of a part follows. It returns the line anew.
func (p *parser) adopt(part *Part) (piece, bool) {
	const field = "content-"
	one, next := p.lines.lookAhead(len(field))
	text := bytes.TrimRight(one.data[2:], " \t")
	if len(text) == 0 || len(text) > 200 || !strings.EqualFold(string(next), field) {
		return one, false
	}
	p.open[len(p.open)-1] = string(text)
	p.find(WrongBoundary, part, p.lines.number, "")
	return one, true
}

// enclosed reads the message that a part encloses.
func (p *parser) enclosed(part *Part, depth int) (stop, error) {
	encoding := transferEncoding(part.Header)
	if encoding != "base64" && encoding != "quoted-printable" {
		return p.entity(child(part), "text/plain", depth+1)
	}
	p.find(EncodedMessage, part, part.Line, "Content-Transfer-Encoding")
	out, s, err := p.drain(part, true)
	if err != nil {
		return stop{}, err
	}
	inner := newParser(bytes.NewReader(out.kept), p.limits, pieceSize)
	inner.parts, inner.headerBytes, inner.kept = p.parts, p.headerBytes, p.kept
	if _, err := inner.entity(child(part), "text/plain", depth+1); err != nil {
		return stop{}, err
	}
	p.parts, p.headerBytes, p.kept = inner.parts, inner.headerBytes, inner.kept
	for _, f := range inner.findings {
		p.find(f.Rule, &Part{Path: f.Part}, 0, f.Field)
	}
	if part.Cut = out.size > int64(len(out.kept)); part.Cut {
		p.find(TextCut, part, part.Line, "")
	}
	return s, nil
}

// headersOnly reads the header of a message that a part is, and leaves out what follows it.
func (p *parser) headersOnly(part *Part) (stop, error) {
	if encoding := transferEncoding(part.Header); encoding == "base64" || encoding == "quoted-printable" {
		out, s, err := p.drain(part, true)
		if err == nil {
			one := child(part)
			one.Header, one.Type = ReadHeader(string(out.kept)), "text/plain"
		}
		return s, err
	}
	one := child(part)
	s, stopped, err := p.header(one)
	p.contentType(one, "text/plain")
	if err != nil || stopped {
		return s, err
	}
	_, s, err = p.drain(one, false)
	return s, err
}

// leaf reads the content of a part that has no others.
func (p *parser) leaf(part *Part) (stop, error) {
	keep := strings.HasPrefix(part.Type, "text/") || strings.HasPrefix(part.Type, "message/")
	out, s, err := p.drain(part, keep)
	if err == nil && keep {
		p.keepText(part, out)
	}
	return s, err
}

// drain reads a content up to what ends it, and decodes it.
func (p *parser) drain(part *Part, keep bool) (*sink, stop, error) {
	out := &sink{encoding: transferEncoding(part.Header)}
	if keep {
		out.keep = p.room()
	}
	s := stop{level: atEnd}
	for {
		one, err := p.lines.next()
		if errors.Is(err, io.EOF) {
			out.write([]byte(out.pending))
			break
		}
		if err != nil {
			return nil, stop{}, err
		}
		var ok bool
		if s, ok = p.boundary(one); ok {
			break
		}
		s.level = atEnd
		out.line(one)
	}
	out.finish()
	part.Size = out.size
	for _, rule := range out.broken() {
		p.find(rule, part, part.Line, "Content-Transfer-Encoding")
	}
	return out, s, nil
}

// room is how much more text may be kept.
func (p *parser) room() int { return min(p.limits.Text, p.limits.Kept-p.kept) }

// keepText gives the part its text.
func (p *parser) keepText(part *Part, out *sink) {
	p.kept += len(out.kept)
	if part.Cut = out.size > int64(len(out.kept)); part.Cut {
		p.find(TextCut, part, part.Line, "")
		out.kept = trimPartial(out.kept)
	}
	charset := part.Params["charset"]
	if charset == "" && strings.HasPrefix(part.Type, "message/global") {
		charset = "utf-8" // RFC 6533
	}
	text, broken := toUTF8(out.kept, charset)
	if broken != "" {
		p.find(broken, part, part.Line, "Content-Type")
	}
	part.Text = strings.ReplaceAll(text, "\r\n", "\n")
}
