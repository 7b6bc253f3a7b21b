// Package table reads the rows of text files that other programs wrote: CSV with any of the usual separators, with or without a header.
// It judges only the form: what stands in a cell is the matter of others, and no error repeats it, for it may be an address.
package table

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/phrase"
	"github.com/assent-io/assent/internal/textfile"
)

const (
	// MaxRow is the length of the longest row in bytes, with its line breaks.
	MaxRow = 1 << 20
	// MaxColumns is how many columns a table has at most.
	MaxColumns = 1024
)

// HeaderRule says whether the first row names the columns.
type HeaderRule int

const (
	// HeaderFirst is for files whose first row must be the header.
	HeaderFirst HeaderRule = iota
	// HeaderUnlessAddress takes the first row as data where one of its cells looks like an address.
	HeaderUnlessAddress
	// HeaderNone is for files that have no header.
	HeaderNone
)

// Options say how a table is read.
type Options struct {
	Text textfile.Options
	// Separator is what stands between two cells; 0: the first row tells, or a line such as sep=; before it.
	Separator byte
	Header    HeaderRule
	// BareQuotes takes a quote within a cell that does not begin with one as a letter. Without it such a row is broken.
	BareQuotes bool
}

// Detected is what was found out about a table.
type Detected struct {
	textfile.Detected
	Separator byte
	// HasHeader is set where the first row named the columns.
	HasHeader bool
}

// Row is one row.
type Row struct {
	// Line is the number of the line where it begins, Last that where it ends.
	Line, Last int
	// Cells has as many cells as the table has columns, as they are written, without the quotes around them.
	Cells []string
}

// RowError is what is wrong with one row; the rows after it can still be read.
type RowError struct {
	// Line is where the row begins, Last where it ends.
	Line, Last int
	// Text says what is wrong, with the column where there is one, without any value.
	Text string
}

func (e *RowError) Error() string { return LineRange(e.Line, e.Last) + ": " + e.Text }

// Reach returns what is wrong, and up to where if it is more than one line.
func (e *RowError) Reach() string {
	if e.Last > e.Line {
		return fmt.Sprintf("%s (up to line %d)", e.Text, e.Last)
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

// Reader reads a table row by row, in bounded memory.
type Reader struct {
	text  *textfile.Reader
	found Detected
	// header is nil where the file has none.
	header []string
	// width is how many cells a row must have; 0: the first row is not read yet.
	width      int
	bareQuotes bool
	// first is the row that was read to find out whether it is the header.
	first *Row

	// What the quoted cells of the present row hold, and where in it each cell ends.
	unquoted []byte
	ends     []int
}

// Open reads the header of a file. Where there is nothing to read, it returns an error.
func Open(from io.Reader, o Options) (*Reader, error) {
	text, err := textfile.Open(from, o.Text)
	if err != nil {
		return nil, err
	}
	return New(text, o)
}

// New reads the header of a text; of the options it does not use Text.
func New(text *textfile.Reader, o Options) (*Reader, error) {
	r := &Reader{text: text, bareQuotes: o.BareQuotes, found: Detected{Detected: text.Detected(), Separator: o.Separator}}
	row, err := r.firstRow()
	if errors.Is(err, io.EOF) {
		if o.Header == HeaderFirst {
			return nil, errors.New("it is empty: the header is missing")
		}
		return nil, errors.New("it is empty")
	}
	if err != nil {
		return nil, err
	}
	r.width = len(row.Cells)
	if o.Header == HeaderNone || o.Header == HeaderUnlessAddress && slices.ContainsFunc(row.Cells, looksLikeAddress) {
		r.first = &row
		return r, nil
	}
	r.header, r.found.HasHeader = row.Cells, true
	return r, nil
}

// looksLikeAddress reports whether a cell of the first row is data: no name of a column has an @ in it.
func looksLikeAddress(cell string) bool {
	return strings.Contains(cell, "@") && !strings.Contains(strings.TrimSpace(cell), " ")
}

// Detected returns what was found out.
func (r *Reader) Detected() Detected { return r.found }

// Header returns the names of the columns as they are written; nil where the file has no header.
func (r *Reader) Header() []string { return slices.Clone(r.header) }

// Width returns how many columns there are.
func (r *Reader) Width() int { return r.width }

// Line returns the number of the line that was read last.
func (r *Reader) Line() int { return r.text.Line() }

// Next returns the next row. It returns io.EOF at the end, a *RowError for a row that is broken or has another number of cells than the
// first, after which it may be called again, and another error when nothing more can be read.
func (r *Reader) Next() (Row, error) {
	if r.first != nil {
		row := *r.first
		r.first = nil
		return row, nil
	}
	row, err := r.read()
	if err != nil {
		return Row{}, err
	}
	if len(row.Cells) != r.width {
		return Row{}, r.oddWidth(&row)
	}
	return row, nil
}

func (r *Reader) oddWidth(row *Row) error {
	than := "the first row"
	if r.header != nil {
		than = "the header"
	}
	text := fmt.Sprintf("it has %s, %s has %d", phrase.Count(len(row.Cells), "field"), than, r.width)
	return &RowError{Line: row.Line, Last: row.Last, Text: text}
}

// ColumnName names a column in messages: by its name, or by its number from 1 where it has none.
func (r *Reader) ColumnName(at int) string {
	if at < len(r.header) && r.header[at] != "" && len(r.header[at]) <= 64 {
		return phrase.Printable(fmt.Sprintf("column %q", r.header[at]))
	}
	return fmt.Sprintf("column %d", at+1)
}
