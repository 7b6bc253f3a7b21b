package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/nearest"
)

const (
	// maxBatch is the most addresses of a BatchCheckConsent.
	maxBatch = 10_000
	// maxMessageBytes keeps messages well below the server's limit,
	// maxBatchBytes the rows that wait for an answer out of the way.
	maxMessageBytes = 1 << 20
	maxBatchBytes   = 4 << 20
)

// audience reads a CSV file with a column of addresses. Any broken row ends
// it: an audience is checked as a whole.
type audience struct {
	rows   *csvRows
	column int
	odd    oddAddresses
}

func newAudience(from io.Reader, column string) (*audience, error) {
	rows, err := newCSVRows(from)
	if err != nil {
		return nil, err
	}
	at := slices.Index(rows.header, column)
	if at < 0 {
		if len(rows.header) == 1 && strings.Contains(rows.header[0], ";") {
			return nil, errors.New("line 1: the columns are separated by semicolons; they have to be separated by commas")
		}
		return nil, fmt.Errorf("line 1: there is no column %q%s; --address-column names the column of the addresses", column,
			columnHint(column, rows.header))
	}
	return &audience{rows: rows, column: at}, nil
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
	return printable(", only " + someOf(header))
}

// batch returns the next rows, none at the end.
func (p *audience) batch() ([][]string, error) {
	var rows [][]string
	for message, all := 0, 0; len(rows) < maxBatch && message < maxMessageBytes && all < maxBatchBytes; {
		row, err := p.rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
		p.odd.look(row[p.column], p.rows.line)
		message += len(row[p.column]) + 4
		for _, field := range row {
			all += len(field)
		}
	}
	return rows, nil
}
