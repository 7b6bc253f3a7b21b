package listfile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/assent-io/assent/internal/phrase"
)

// errTooLong is returned for a record of more than maxRecord bytes.
var errTooLong = fmt.Errorf("it is longer than %d bytes; perhaps a quote is not closed", maxRecord)

// BadRow is what is wrong with one row; the rows after it can still be read.
type BadRow struct {
	// Line is where the row begins, Last where it ends; 0 for a row of one line.
	Line, Last int
	Text       string
}

func (e *BadRow) Error() string {
	return LineRange(e.Line, e.Last) + ": " + e.Text
}

// Reach returns what is wrong, and up to where if it is more than one line.
func (e *BadRow) Reach() string {
	if e.Last > e.Line {
		return e.Text + " (up to line " + strconv.Itoa(e.Last) + ")"
	}
	return e.Text
}

// LineRange names one line, or several where last is behind the first.
func LineRange(first, last int) string {
	if last > first {
		return fmt.Sprintf("lines %d to %d", first, last)
	}
	return fmt.Sprintf("line %d", first)
}

// rows reads a CSV file with a header row by row, each of bounded length.
type rows struct {
	header []string
	reader *csv.Reader
	limit  *recordLimit
	line   int
}

// newRows reads the header. Its names must differ.
func newRows(from io.Reader) (*rows, error) {
	limit := &recordLimit{from: from}
	r := &rows{reader: csv.NewReader(limit), limit: limit}
	header, err := r.next()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("it is empty: the header is missing")
	}
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, name := range header {
		if seen[name] {
			return nil, fmt.Errorf("line %d: there are two columns %q", r.line, name)
		}
		seen[name] = true
	}
	r.header = header
	return r, nil
}

// next returns the next row, which has as many fields as the header and is
// valid UTF-8. It returns io.EOF at the end, a *BadRow for a row that is
// broken, after which it may be called again, and another error when nothing
// more can be read.
func (r *rows) next() ([]string, error) {
	row, err := r.reader.Read()
	r.limit.recordEnds(r.reader.InputOffset())
	if err == nil {
		r.line, _ = r.reader.FieldPos(0)
		for i, field := range row {
			if !utf8.ValidString(field) {
				line, _ := r.reader.FieldPos(i)
				return nil, &BadRow{r.line, line, fmt.Sprintf("field %d is not valid UTF-8", i+1)}
			}
		}
		return row, nil
	}
	parse, ok := errors.AsType[*csv.ParseError](err)
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case !ok:
		return nil, fmt.Errorf("after line %d: %w", r.line, readError(err))
	case errors.Is(err, csv.ErrFieldCount):
		r.line = parse.StartLine
		return nil, &BadRow{parse.StartLine, 0, fmt.Sprintf("it has %s, the header has %d", phrase.Count(len(row), "field"), len(r.header))}
	case errors.Is(err, csv.ErrQuote), errors.Is(err, csv.ErrBareQuote):
		r.line = parse.Line
		return nil, &BadRow{parse.StartLine, parse.Line, "a quote is in a wrong place or not closed"}
	default:
		return nil, fmt.Errorf("line %d: %w", parse.StartLine, parse.Err)
	}
}

// recordLimit stops a reader that reads on and on without an end of the
// record, so that it does not fill the memory.
type recordLimit struct {
	from  io.Reader
	given int64
	start int64
}

// recordEnds says at which offset the record that was read last ends.
func (l *recordLimit) recordEnds(offset int64) { l.start = offset }

func (l *recordLimit) Read(p []byte) (int, error) {
	if l.given-l.start > maxRecord {
		return 0, errTooLong
	}
	n, err := l.from.Read(p)
	l.given += int64(n)
	return n, err
}
