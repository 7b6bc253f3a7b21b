// Package textfile turns the bytes of a file that another program wrote into lines of UTF-8: it unpacks gzip, finds the encoding and the
// line ends, and holds no more than a line and a buffer, whatever the file claims to be. What the lines mean is the matter of others.
package textfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/transform"
)

const (
	// MaxLine is the length of the longest line in bytes of UTF-8, without its end.
	MaxLine = 1 << 20
	// lookSize is how much of the beginning decides about the encoding and the line ends.
	lookSize = 256 << 10
	// bufferSize is how much is read at once.
	bufferSize = 64 << 10
)

// Options say how a file is read. The zero value finds out everything and has no limit.
type Options struct {
	// Encoding is that of the file; empty: it is found out.
	Encoding Encoding
	// MaxBytes is how many bytes the file may have after unpacking; 0: any number.
	MaxBytes int64
	// Packed says that the file must be packed with gzip, as its name tells. Without it, it may be.
	Packed bool
}

// Detected is what was found out about a file.
type Detected struct {
	Encoding Encoding
	// Guessed is set where nothing proves the encoding: it was not stated, there is no byte order mark, and the beginning is not UTF-8.
	// The user should be told.
	Guessed bool
	// Packed is set for a file that was packed with gzip.
	Packed bool
}

// Reader reads a text, by lines or as a whole. Its errors say in plain words what is wrong; those about a line begin with it.
type Reader struct {
	from  io.Reader
	found Detected
	// onlyCR is set where carriage returns alone end lines, as in exports from old Macs.
	onlyCR bool
	first  byte

	buffer     []byte
	start, end int
	// err is what ended from.
	err  error
	line int
}

// Open finds out what the file is and reads its beginning. It refuses archives and workbooks. An error of from, or a damage, behind the
// beginning is returned where it stands.
func Open(from io.Reader, o Options) (*Reader, error) {
	unpacked, packed, err := Unpack(from, o.Packed, o.MaxBytes)
	if err != nil {
		return nil, err
	}
	look, err := readUpTo(unpacked, lookSize)
	if err != nil && !errors.Is(err, io.EOF) && len(look) == 0 {
		return nil, err
	}
	if err := refuseBinary(look); err != nil {
		return nil, err
	}
	r := &Reader{found: Detected{Packed: packed}}
	mark, err := r.settleEncoding(look, o.Encoding)
	if err != nil {
		return nil, err
	}
	r.from = io.MultiReader(bytes.NewReader(look[mark:]), unpacked)
	text := look[mark:]
	if decoding, ok := decodingOf(r.found.Encoding); ok {
		r.from = transform.NewReader(r.from, decoding.NewDecoder())
		// What was cut at the end of the look is of no matter for the line ends.
		text, _ = decoding.NewDecoder().Bytes(text)
	}
	if begin := bytes.TrimLeft(text, " \t\r\n"); len(begin) > 0 {
		r.first = begin[0]
	}
	r.onlyCR = bytes.IndexByte(text, '\r') >= 0 && bytes.IndexByte(text, '\n') < 0
	r.buffer = make([]byte, bufferSize)
	return r, nil
}

// settleEncoding takes the encoding that was stated, or finds it out, and returns the length of the byte order mark.
func (r *Reader) settleEncoding(look []byte, stated Encoding) (mark int, err error) {
	marked, mark := markOf(look)
	switch {
	case marked != "" && stated != "" && marked != stated:
		return 0, fmt.Errorf("it begins with the byte order mark of %s, and %s was stated as its encoding", marked, stated)
	case marked != "":
		r.found.Encoding = marked
	case stated != "":
		if _, ok := decodingOf(stated); !ok && stated != UTF8 {
			return 0, fmt.Errorf("the encoding %q is unknown", string(stated))
		}
		r.found.Encoding = stated
	default:
		r.found.Encoding, r.found.Guessed = guess(look)
	}
	return mark, nil
}

// Detected returns what was found out.
func (r *Reader) Detected() Detected { return r.found }

// First returns the first byte of the text that is no white space, which tells JSON from tables; 0 where there is none.
func (r *Reader) First() byte { return r.first }

// Line returns the number of the line that ReadLine returned last, 0 before the first.
func (r *Reader) Line() int { return r.line }

// ReadLine returns the next line without its end. It may be used until the next call. At the end it returns io.EOF; text behind the last
// line end is a line, nothing is none. For a line that is too long it returns a *TooLong.
func (r *Reader) ReadLine() ([]byte, error) {
	seen := 0
	for {
		have := r.buffer[r.start:r.end]
		if length, next, ok := r.lineEnd(have, seen); ok {
			if length > MaxLine {
				return nil, r.tooLong()
			}
			r.line++
			r.start += next
			return have[:length], nil
		}
		if seen = len(have); seen > MaxLine+1 {
			return nil, r.tooLong()
		}
		if r.err != nil {
			return r.lastLine(have)
		}
		r.fill()
	}
}

// TooLong is the error for a line that is longer than MaxLine; nothing can be read behind it.
type TooLong struct {
	Line int
	// Begin is the text of the line up to the limit.
	Begin []byte
}

func (e *TooLong) Error() string {
	return fmt.Sprintf("line %d: it is longer than %d bytes", e.Line, MaxLine)
}

func (r *Reader) tooLong() error {
	return &TooLong{Line: r.line + 1, Begin: r.buffer[r.start : r.start+MaxLine]}
}

// lastLine returns what is left without a line end.
func (r *Reader) lastLine(have []byte) ([]byte, error) {
	if !errors.Is(r.err, io.EOF) {
		return nil, fmt.Errorf("after line %d: %w", r.line, r.err)
	}
	if len(have) == 0 {
		return nil, io.EOF
	}
	r.line++
	r.start = r.end
	return bytes.TrimSuffix(have, []byte{'\r'}), nil
}

// lineEnd finds the first line end in the text, of which the first bytes were looked at before: the length of the line and where the next
// one begins. Carriage returns alone end lines only in files without line feeds; elsewhere they are text.
func (r *Reader) lineEnd(text []byte, seen int) (length, next int, ok bool) {
	if !r.onlyCR {
		at := bytes.IndexByte(text[seen:], '\n')
		if at < 0 {
			return 0, 0, false
		}
		at += seen
		if at > 0 && text[at-1] == '\r' {
			return at - 1, at + 1, true
		}
		return at, at + 1, true
	}
	// The byte behind a carriage return tells whether it is half of a line end, so one at the end of the buffer waits.
	at := bytes.IndexAny(text, "\r\n")
	switch {
	case at < 0, at == len(text)-1 && text[at] == '\r' && r.err == nil:
		return 0, 0, false
	case text[at] == '\r' && at+1 < len(text) && text[at+1] == '\n':
		return at, at + 2, true
	default:
		return at, at + 1, true
	}
}

// fill reads more behind what the buffer has.
func (r *Reader) fill() {
	if r.start > 0 {
		r.end = copy(r.buffer, r.buffer[r.start:r.end])
		r.start = 0
	}
	if r.end == len(r.buffer) {
		r.buffer = append(r.buffer, make([]byte, len(r.buffer))...)
	}
	n, err := r.from.Read(r.buffer[r.end:])
	r.end += n
	r.err = err
}

// Read gives the text that ReadLine has not returned as UTF-8.
func (r *Reader) Read(p []byte) (int, error) {
	if r.start < r.end {
		n := copy(p, r.buffer[r.start:r.end])
		r.start += n
		return n, nil
	}
	if r.err == nil {
		var n int
		n, r.err = r.from.Read(p)
		if n > 0 || r.err == nil {
			return n, nil
		}
	}
	return 0, r.err
}

// Check returns an error for a text of the file that its encoding does not have. The error names no text.
func (r *Reader) Check(text []byte) error {
	if r.found.Encoding == UTF8 {
		if utf8.Valid(text) {
			return nil
		}
	} else if !bytes.ContainsRune(text, utf8.RuneError) {
		return nil
	}
	return fmt.Errorf("it is not valid %s; if the whole file is in another encoding, --encoding names it", r.found.Encoding)
}
