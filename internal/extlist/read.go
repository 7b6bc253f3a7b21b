package extlist

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Problem is why an upload is no version of a list.
type Problem struct {
	Line int // of a text, from 1; 0: there is none
	Text string
}

// Error implements error.
func (p *Problem) Error() string {
	if p.Line > 0 {
		return fmt.Sprintf("line %d: %s", p.Line, p.Text)
	}
	return p.Text
}

// MaxEntries is how many digests an upload has at most, doubled ones included. What is read of it then takes 640 MB.
const MaxEntries = 20_000_000

// maxLine is how long a line of a text may be, in bytes.
const maxLine = 1024

// reader gathers the digests of an upload.
type reader struct {
	form          Form
	most          int
	listed, asked []digest
}

// Read reads an upload of a list and returns the bytes of the version that it is: its digests in ascending order, each once. Of an [ECGFile]
// it is the file as it is published; of [ECGService] a text with a line `asked` or `listed` and a digest for each; of the others a text with a
// digest a line, after a heading, perhaps, and perhaps in quotation marks. What cannot be such a list is a [Problem]: a file that
// is empty, cut off, or a page of the web. Other errors are those of in.
func Read(form Form, in io.Reader) ([]byte, error) { return read(form, in, MaxEntries) }

func read(form Form, in io.Reader, most int) ([]byte, error) {
	r := &reader{form: form, most: most}
	buffered := bufio.NewReaderSize(in, 64<<10)
	start, err := buffered.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case len(start) == 0:
		return nil, &Problem{Text: "the file is empty; an empty list would let every address through"}
	case bytes.HasPrefix(start, []byte{0x1f, 0x8b, 0x08}):
		return nil, &Problem{Text: "the file is compressed (gzip); unpack it first"}
	case form == ECGFile && isText(start):
		return nil, &Problem{Text: "the file is a text, perhaps a page of the web; the ECG list is SHA-1 digests of 20 bytes each, with nothing between them"}
	case form == ECGFile:
		err = r.readDigests(buffered)
	default:
		err = r.readLines(buffered)
	}
	if err != nil {
		return nil, err
	}
	if len(r.listed) == 0 && len(r.asked) == 0 {
		return nil, &Problem{Text: "the file has no digest"}
	}
	return r.body(), nil
}

// isText reports whether nearly all of the bytes are those of an ASCII text. Of digests two in five are.
func isText(b []byte) bool {
	text := 0
	for _, c := range b {
		if c >= ' ' && c < 0x7f || c == '\n' || c == '\r' || c == '\t' {
			text++
		}
	}
	return text*10 >= len(b)*9
}

// readDigests reads digests that stand one after the other.
func (r *reader) readDigests(in io.Reader) error {
	width := r.form.Width()
	for {
		var d digest
		n, err := io.ReadFull(in, d[:width])
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return &Problem{Text: fmt.Sprintf("the file ends in the middle of a digest: after %d digests of %d bytes come %d more bytes; "+
				"fetch it again", len(r.listed), width, n)}
		case err != nil:
			return err
		}
		if err := r.add(&r.listed, d, 0); err != nil {
			return err
		}
	}
}

func (r *reader) add(to *[]digest, d digest, line int) error {
	if len(r.listed)+len(r.asked) >= r.most {
		return &Problem{Line: line, Text: fmt.Sprintf("the file has more than %d digests", r.most)}
	}
	*to = append(*to, d)
	return nil
}

// readLines reads a text.
func (r *reader) readLines(in *bufio.Reader) error {
	for line := 1; ; line++ {
		raw, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) || len(raw) > maxLine {
			return &Problem{Line: line, Text: fmt.Sprintf("the line is longer than %d bytes", maxLine)}
		}
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended {
			return err
		}
		text := string(bytes.TrimSpace(raw))
		if line == 1 {
			text = strings.TrimPrefix(text, "\ufeff")
		}
		if problem := r.readLine(text, line); problem != nil {
			return problem
		}
		if ended {
			return nil
		}
	}
}

// readLine reads a line of a text. An empty one says nothing.
func (r *reader) readLine(text string, line int) error {
	to := &r.listed
	if r.form.HasAsked() && text != "" {
		word, rest, _ := strings.Cut(text, " ")
		switch word {
		case "asked":
			to = &r.asked
		case "listed":
		default:
			return &Problem{Line: line, Text: "a line begins with asked or listed, a space, and a digest"}
		}
		text = rest
	}
	text = strings.Trim(text, `"`)
	if text == "" || line == 1 && !r.form.HasAsked() && isHeading(text) {
		return nil
	}
	whole, err := hex.DecodeString(text)
	if err != nil || len(text) != r.form.hexDigits() {
		return &Problem{Line: line, Text: fmt.Sprintf("this is no %s digest of %d hexadecimal digits", r.form, r.form.hexDigits())}
	}
	var d digest
	copy(d[:], whole)
	return r.add(to, d, line)
}

// isHeading reports whether a first line names a column: it is a word, with another letter than a digit can be.
func isHeading(text string) bool {
	other := false
	for _, c := range []byte(text) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
		other = other || letter && c|0x20 > 'f'
	}
	return other && len(text) <= 32
}

// body returns the bytes of the version.
func (r *reader) body() []byte {
	width := r.form.Width()
	listed, asked := distinct(r.listed), distinct(r.asked)
	body := make([]byte, 0, countSize+width*(len(listed)+len(asked)))
	if r.form.HasAsked() {
		body = binary.BigEndian.AppendUint64(body, uint64(len(asked)))
	}
	for _, list := range [...][]digest{asked, listed} {
		for i := range list {
			body = append(body, list[i][:width]...)
		}
	}
	return body
}

// distinct returns the digests in ascending order, each once.
func distinct(list []digest) []digest {
	ascending := func(a, b digest) int { return bytes.Compare(a[:], b[:]) }
	if !slices.IsSortedFunc(list, ascending) {
		slices.SortFunc(list, ascending)
	}
	return slices.Compact(list)
}
