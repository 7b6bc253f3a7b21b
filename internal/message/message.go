// Package message reads one mail: its header fields, its tree of parts and their text. It reads mails as they come, so what is broken is
// read as it was probably meant, and reported as a [Finding]; only a [LimitError] or [ErrNoMail] ends the reading. It reads a stream, and
// what it keeps of it is bounded, however large the mail is.
package message

import (
	"errors"
	"fmt"
	"strings"
)

// Limits bound what is read of a mail. A field that is 0 has the value of [DefaultLimits].
type Limits struct {
	Size   int64 // bytes of the whole mail
	Header int   // bytes of all header fields, those of parts and enclosed messages included
	Parts  int   // parts, multiparts and enclosed messages included; the mail itself is the first
	Depth  int   // levels of parts; the mail itself is on level 1
	Text   int   // bytes of decoded text that are kept of one part; more is counted, and not kept
	Kept   int   // bytes of decoded text that are kept of all parts together
}

// DefaultLimits returns the limits that no honest mail reaches: RFC 5322 and RFC 2045 have none.
func DefaultLimits() Limits {
	return Limits{Size: 50 << 20, Header: 256 << 10, Parts: 200, Depth: 20, Text: 512 << 10, Kept: 2 << 20}
}

// orDefault fills in what is 0.
func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Size <= 0 {
		l.Size = d.Size
	}
	for _, f := range []struct {
		field *int
		value int
	}{{&l.Header, d.Header}, {&l.Parts, d.Parts}, {&l.Depth, d.Depth}, {&l.Text, d.Text}, {&l.Kept, d.Kept}} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
	return l
}

// A LimitError says which limit a mail exceeds.
type LimitError struct {
	Limit string // size, header, parts or depth
	Max   int64
	Line  int // where the limit was passed
}

func (e *LimitError) Error() string {
	what := map[string]string{
		"size": "bytes", "header": "bytes of header fields", "parts": "parts", "depth": "levels of parts",
	}[e.Limit]
	return fmt.Sprintf("line %d: the mail has more than %d %s", e.Line, e.Max, what)
}

// ErrNoMail says that the input does not begin with a header field, so it is no mail.
var ErrNoMail = errors.New("this is no mail: it must begin with header fields such as From and Date")

// A Message is one mail.
type Message struct {
	Part
	Bytes    int64 // size of the mail as it was read
	Lines    int
	Findings []Finding // what was repaired, in the order of the mail; at most 100
}

// A Part is a mail, a part of one, or a message that one encloses.
type Part struct {
	Path   string // place in the tree: empty for the mail, 1 for its first part, 1.2 for the second part of that
	Line   int    // line on which its header begins, from 1
	Header Header
	// Type is the media type in lower case, such as text/plain; that which holds by default where the header has none.
	Type string
	// Params are the parameters of Content-Type, decoded (RFC 2231), with names in lower case.
	Params map[string]string
	// Disposition is inline, attachment or empty, in lower case; FileName is the name of the file, from there or from Content-Type.
	Disposition string
	FileName    string
	// Text is the decoded text in UTF-8 with line ends LF, as far as it is kept: of text, of reports (message/delivery-status and such) and
	// of a multipart in which no boundary was found. Empty for all else.
	Text string
	// Cut says that Text lacks the end.
	Cut bool
	// Size is the number of bytes without transfer encoding; 0 of a multipart and of an enclosed message.
	Size int64
	// Parts are the parts of a multipart, or the one message that a message/rfc822 encloses. Of text/rfc822-headers it is one part that has
	// a header only.
	Parts []*Part
}

// IsMultipart reports whether the part is made of others.
func (p *Part) IsMultipart() bool { return strings.HasPrefix(p.Type, "multipart/") }

// A Finding is one thing that is wrong with a mail, and that was read as it was probably meant.
type Finding struct {
	Rule  Rule
	Part  string // path of the part
	Line  int    // from 1; 0 where the whole part is meant
	Field string // name of the header field; empty: not about one
}

// Rule names what a finding is about.
type Rule string

// The rules. Their strings do not change.
const (
	BareLF         Rule = "bare-lf"         // lines end in LF alone; reported once
	BareCR         Rule = "bare-cr"         // a CR without LF; reported once
	MboxLine       Rule = "mbox-line"       // a line "From …" of a mailbox file before the header
	NoBlankLine    Rule = "no-blank-line"   // the header is not ended by an empty line
	NotAField      Rule = "not-a-field"     // a line of the header is no field; it was added to the one before
	BadWord        Rule = "bad-word"        // an encoded word (RFC 2047) cannot be read
	RawHeader      Rule = "raw-header"      // a field has bytes that are neither ASCII nor UTF-8
	BadType        Rule = "bad-type"        // Content-Type cannot be read as a type and parameters
	WrongBoundary  Rule = "wrong-boundary"  // the parts are separated by another boundary than the header says
	NoBoundary     Rule = "no-boundary"     // the boundary does not occur
	NoEndBoundary  Rule = "no-end-boundary" // the last part is not ended
	PartAfterEnd   Rule = "part-after-end"  // a part follows after the end boundary
	BadEncoding    Rule = "bad-encoding"    // Content-Transfer-Encoding is unknown
	BadBase64      Rule = "bad-base64"      // characters that are not of base64, or an end that is missing
	BadQuoted      Rule = "bad-quoted"      // a sign = that is not followed by two hexadecimal digits
	UnknownCharset Rule = "unknown-charset" // the charset is not known
	WrongCharset   Rule = "wrong-charset"   // the text is not in the charset that is stated
	TextCut        Rule = "text-cut"        // the text is longer than what is kept
	EncodedMessage Rule = "encoded-message" // an enclosed message has a transfer encoding, which RFC 2046 forbids
	manyFindings        = 100
)
