package listfile

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/assent-io/assent/internal/nearest"
	"github.com/assent-io/assent/internal/phrase"
	"github.com/assent-io/assent/internal/table"
	"github.com/assent-io/assent/internal/textfile"
)

// BatchLimits say how much a batch of an audience holds at most.
type BatchLimits struct {
	Rows int
	// AddressBytes is the size of its addresses in a message, Bytes that of all its fields.
	AddressBytes, Bytes int
}

// Audience reads a table with a header and a column of addresses. Any broken row ends
// it: an audience is checked as a whole.
type Audience struct {
	// Header names the columns, of which Column is that of the addresses.
	Header []string
	Column int
	// Odd counts the addresses that look changed, of the batches so far.
	Odd  OddAddresses
	rows *table.Reader
}

// NewAudience reads the header, which must have one column of that name. Other columns may have a name in common. An empty encoding is found
// out.
func NewAudience(from io.Reader, column string, encoding textfile.Encoding) (*Audience, error) {
	rows, err := table.Open(from, table.Options{Text: textfile.Options{Encoding: encoding}})
	if err != nil {
		return nil, err
	}
	header := rows.Header()
	places := exactPlaces(header, column)
	if len(places) == 0 {
		places = rows.Places(column)
	}
	switch len(places) {
	case 0:
		return nil, fmt.Errorf("line %d: there is no column %q%s; --address-column names the column of the addresses", rows.Line(), column,
			columnHint(column, header))
	case 1:
		return &Audience{Header: header, Column: places[0], rows: rows}, nil
	default:
		return nil, fmt.Errorf("line %d: there are two columns %q", rows.Line(), column)
	}
}

// exactPlaces returns where a header has a name.
func exactPlaces(header []string, name string) []int {
	var places []int
	for at, one := range header {
		if one == name {
			places = append(places, at)
		}
	}
	return places
}

// Detected returns what was found out about the form of the file.
func (a *Audience) Detected() table.Detected { return a.rows.Detected() }

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
		row, err := a.rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row.Cells)
		a.Odd.Look(row.Cells[a.Column], row.Line)
		message += len(row.Cells[a.Column]) + 4
		for _, field := range row.Cells {
			all += len(field)
		}
	}
	return rows, nil
}
