package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/assent-io/assent/internal/textfile"
)

// firstRow reads the first row; what stands between its cells is settled with it.
func (r *Reader) firstRow() (Row, error) {
	line, err := r.skipBlank()
	if err != nil {
		return Row{}, err
	}
	if stated, ok := statedSeparator(line); ok {
		if !isSeparator(stated) {
			return Row{}, fmt.Errorf("line %d: sep= must name one of , ; | or a tab", r.text.Line())
		}
		if r.found.Separator == 0 {
			r.found.Separator = stated
		}
		if line, err = r.skipBlank(); err != nil {
			return Row{}, err
		}
	}
	if r.found.Separator == 0 {
		r.found.Separator = separatorOf(line)
	}
	row, err := r.row(line)
	if err == nil && len(row.Cells) > MaxColumns {
		err = fmt.Errorf("line %d: it has %d columns; at most %d can be read", row.Line, len(row.Cells), MaxColumns)
	}
	return row, err
}

// statedSeparator reads the line that Excel writes before the header: sep=; or the same in quotes.
func statedSeparator(line []byte) (byte, bool) {
	text := strings.Trim(string(line[:min(len(line), 16)]), "\"")
	if len(text) < 4 || !strings.EqualFold(text[:4], "sep=") {
		return 0, false
	}
	if rest := text[4:]; len(rest) == 1 {
		return rest[0], true
	}
	return 0, strings.Trim(text[4:], " ") == ""
}

const separators = ",;\t|"

func isSeparator(c byte) bool { return strings.IndexByte(separators, c) >= 0 }

// separatorOf returns which separator stands most often outside the quotes of a line; a comma where there is none.
func separatorOf(line []byte) byte {
	var counts [len(separators)]int
	inside := false
	for _, c := range line {
		if c == '"' {
			inside = !inside
		} else if at := strings.IndexByte(separators, c); at >= 0 && !inside {
			counts[at]++
		}
	}
	best := 0
	for at, n := range counts {
		if n > counts[best] {
			best = at
		}
	}
	return separators[best]
}

// read returns the next row, of any number of cells.
func (r *Reader) read() (Row, error) {
	line, err := r.skipBlank()
	if err != nil {
		return Row{}, err
	}
	return r.row(line)
}

// skipBlank returns the next line that has something in it.
func (r *Reader) skipBlank() ([]byte, error) {
	for {
		line, err := r.text.ReadLine()
		if err != nil {
			return nil, r.placed(err, 0, false)
		}
		if len(line) > 0 && (line[0] != ' ' || len(bytes.TrimLeft(line, " ")) > 0) {
			return line, nil
		}
	}
}

// row reads the row that begins with a line.
func (r *Reader) row(line []byte) (Row, error) {
	row := Row{Line: r.text.Line(), Last: r.text.Line()}
	invalid := r.text.Check(line)
	if bytes.IndexByte(line, '"') < 0 {
		row.Cells = r.split(string(line))
	} else {
		var err error
		if invalid, err = r.quoted(&row, line, invalid); err != nil {
			return Row{}, err
		}
	}
	if invalid != nil {
		return Row{}, r.invalid(&row, invalid)
	}
	return row, nil
}

// split cuts a line without quotes into cells.
func (r *Reader) split(line string) []string {
	cells := make([]string, 0, max(r.width, 1))
	for {
		at := strings.IndexByte(line, r.found.Separator)
		if at < 0 {
			return append(cells, line)
		}
		cells = append(cells, line[:at])
		line = line[at+1:]
	}
}

// invalid says which cell has what the encoding does not have.
func (r *Reader) invalid(row *Row, why error) error {
	for at, cell := range row.Cells {
		if r.text.Check([]byte(cell)) != nil {
			return &RowError{Line: row.Line, Last: row.Last, Text: r.ColumnName(at) + ": " + why.Error()}
		}
	}
	return &RowError{Line: row.Line, Last: row.Last, Text: why.Error()}
}

// quoted reads the cells of a row with quotes, which may go on over several lines. It returns why the text is not valid in its encoding,
// if it is not.
func (r *Reader) quoted(row *Row, line []byte, invalid error) (stillInvalid, err error) {
	r.unquoted, r.ends = r.unquoted[:0], r.ends[:0]
	for more := true; more; {
		if len(line) == 0 || line[0] != '"' {
			line, more, err = r.bareCell(row, line)
		} else {
			var why error
			line, more, why, err = r.quotedCell(row, line[1:])
			if invalid == nil {
				invalid = why
			}
		}
		if err != nil {
			return nil, err
		}
		r.ends = append(r.ends, len(r.unquoted))
	}
	text := string(r.unquoted)
	row.Cells = make([]string, len(r.ends))
	start := 0
	for at, end := range r.ends {
		row.Cells[at] = text[start:end]
		start = end
	}
	return invalid, nil
}

// bareCell reads a cell without quotes around it, and returns what follows its separator.
func (r *Reader) bareCell(row *Row, line []byte) (rest []byte, more bool, err error) {
	cell := line
	if at := bytes.IndexByte(line, r.found.Separator); at >= 0 {
		cell, rest, more = line[:at], line[at+1:], true
	}
	if !r.bareQuotes && bytes.IndexByte(cell, '"') >= 0 {
		return nil, false, r.badQuote(row)
	}
	r.unquoted = append(r.unquoted, cell...)
	return rest, more, nil
}

// quotedCell reads a cell behind its first quote, and returns what follows its separator.
func (r *Reader) quotedCell(row *Row, line []byte) (rest []byte, more bool, invalid, err error) {
	for {
		at := bytes.IndexByte(line, '"')
		if at < 0 {
			r.unquoted = append(append(r.unquoted, line...), '\n')
			var why error
			line, why, err = r.nextLine(row)
			if err != nil {
				return nil, false, nil, err
			}
			if invalid == nil {
				invalid = why
			}
			continue
		}
		r.unquoted = append(r.unquoted, line[:at]...)
		line = line[at+1:]
		switch {
		case len(line) == 0:
			return nil, false, invalid, nil
		case line[0] == r.found.Separator:
			return line[1:], true, invalid, nil
		case line[0] != '"':
			return nil, false, nil, r.badQuote(row)
		}
		r.unquoted = append(r.unquoted, '"')
		line = line[1:]
	}
}

// nextLine reads on within quotes.
func (r *Reader) nextLine(row *Row) (line []byte, invalid, err error) {
	line, err = r.text.ReadLine()
	if errors.Is(err, io.EOF) {
		return nil, nil, r.badQuote(row)
	}
	if err != nil {
		return nil, nil, r.placed(err, len(r.ends), true)
	}
	row.Last = r.text.Line()
	if len(r.unquoted)+len(line) > MaxRow {
		return nil, nil, fmt.Errorf("%s, %s: the row is longer than %d bytes; perhaps a quote is not closed",
			LineRange(row.Line, row.Last), r.ColumnName(len(r.ends)), MaxRow)
	}
	return line, r.text.Check(line), nil
}

// placed adds the column to the error of a line that is too long. The line begins in the given column, inside quotes or not.
func (r *Reader) placed(err error, column int, inside bool) error {
	long, ok := errors.AsType[*textfile.TooLong](err)
	if !ok {
		return err
	}
	for _, c := range long.Begin {
		if c == '"' {
			inside = !inside
		} else if c == r.found.Separator && !inside {
			column++
		}
	}
	return fmt.Errorf("line %d, %s: the line is longer than %d bytes; perhaps a quote is not closed", long.Line, r.ColumnName(column), textfile.MaxLine)
}

func (r *Reader) badQuote(row *Row) error {
	return &RowError{
		Line: row.Line, Last: row.Last, Text: r.ColumnName(len(r.ends)) + ": a quote is in a wrong place or not closed",
	}
}
