package listfile

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/nearest"
	"github.com/assent-io/assent/internal/phrase"
)

// BatchLimits say how much a batch of an audience holds at most.
type BatchLimits struct {
	Rows int
	// AddressBytes is the size of its addresses in a message, Bytes that of all its fields.
	AddressBytes, Bytes int
}

// Audience reads a CSV file with a column of addresses. Any broken row ends
// it: an audience is checked as a whole.
type Audience struct {
	// Header names the columns, of which Column is that of the addresses.
	Header []string
	Column int
	// Odd counts the addresses that look changed, of the batches so far.
	Odd  OddAddresses
	rows *rows
}

// NewAudience reads the header, which must have a column of that name.
func NewAudience(from io.Reader, column string) (*Audience, error) {
	rows, err := newRows(from)
	if err != nil {
		return nil, err
	}
	at := slices.Index(rows.header, column)
	if at < 0 {
		if len(rows.header) == 1 && strings.Contains(rows.header[0], ";") {
			return nil, errors.New("line 1: the columns are separated by semicolons; separate them by commas")
		}
		return nil, fmt.Errorf("line 1: there is no column %q%s; --address-column names the column of the addresses", column,
			columnHint(column, rows.header))
	}
	return &Audience{Header: rows.header, Column: at, rows: rows}, nil
}

// columnHint says which column may be meant, or which there are. A line that may hold addresses is not repeated: it is a row of a
// file without a header.
func columnHint(column string, header []string) string {
	if strings.Contains(strings.Join(header, ","), "@") {
		return ", and the first line must be the header"
	}
	if hint := nearest.Hint(column, header); hint != "" {
		return hint[:len(hint)-1]
	}
	return phrase.Printable(", only " + phrase.SomeOf(header))
}

// Batch returns the next rows within the limits, none at the end.
func (a *Audience) Batch(limits BatchLimits) ([][]string, error) {
	var rows [][]string
	for message, all := 0, 0; len(rows) < limits.Rows && message < limits.AddressBytes && all < limits.Bytes; {
		row, err := a.rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
		a.Odd.Look(row[a.Column], a.rows.line)
		message += len(row[a.Column]) + 4
		for _, field := range row {
			all += len(field)
		}
	}
	return rows, nil
}
