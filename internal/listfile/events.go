package listfile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/assent-io/assent/internal/nearest"
)

// EventRows reads the rows of a file of events.
type EventRows interface {
	// Next returns a row and its line. It returns io.EOF at the end, a *BadRow for a row that is broken, after which it may be called
	// again, and another error when nothing more can be read.
	Next() (row Row, line int, err error)
}

// NewEventRows reads CSV with a header, or NDJSON where the first thing is an opening brace.
func NewEventRows(from *bufio.Reader) (EventRows, error) {
	first, err := from.Peek(1)
	if err == nil && first[0] == '{' {
		return &ndjsonEvents{from: from}, nil
	}
	rows, err := newRows(from)
	if err != nil {
		return nil, err
	}
	if err := checkHeader(rows.header); err != nil {
		return nil, fmt.Errorf("line %d: %w", rows.line, err)
	}
	return &csvEvents{rows: rows}, nil
}

// checkHeader refuses columns that no row would use, and a file without
// the two that every row needs.
func checkHeader(header []string) error {
	if len(header) == 1 && strings.Contains(header[0], ";") {
		return errors.New("the columns are separated by semicolons; separate them by commas")
	}
	for _, name := range header {
		if !slices.Contains(columns, name) {
			return unknown("column", name)
		}
	}
	for _, name := range []string{ColOccurred, ColEvent} {
		if !slices.Contains(header, name) {
			return fmt.Errorf("the column %q is missing", name)
		}
	}
	return nil
}

// unknown names what is unknown, unless it may be an address: a file without a
// header begins with one.
func unknown(kind, name string) error {
	if strings.Contains(name, "@") || len(name) > 64 {
		return fmt.Errorf("a %s is unknown; the first line of a CSV file must be its header", kind)
	}
	return fmt.Errorf("the %s %q is unknown%s", kind, name, nearest.Hint(name, columns))
}

// csvEvents reads rows of CSV.
type csvEvents struct{ rows *rows }

func (c *csvEvents) Next() (Row, int, error) {
	fields, err := c.rows.next()
	if err != nil {
		return nil, c.rows.line, err
	}
	row := Row{}
	for i, name := range c.rows.header {
		if fields[i] != "" {
			row[name] = fields[i]
		}
	}
	return row, c.rows.line, nil
}

// ndjsonEvents reads one JSON object a line. Empty lines are skipped.
type ndjsonEvents struct {
	from *bufio.Reader
	line int
}

func (n *ndjsonEvents) Next() (Row, int, error) {
	for {
		text, err := n.readLine()
		if err != nil {
			return nil, n.line, err
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		row, err := parseObject(text)
		if err != nil {
			return nil, n.line, &BadRow{Line: n.line, Text: err.Error()}
		}
		return row, n.line, nil
	}
}

// readLine returns the next line, which may lack its newline at the end.
func (n *ndjsonEvents) readLine() ([]byte, error) {
	n.line++
	var line []byte
	for {
		part, err := n.from.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxRecord:
			return nil, fmt.Errorf("line %d: it is longer than %d bytes", n.line, maxRecord)
		case err == nil, errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("line %d: %w", n.line, readError(err))
		}
	}
}

// parseObject reads an object with columns as keys, each at most once.
func parseObject(text []byte) (Row, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("it is not valid UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("it is not a JSON object")
	}
	row, seen := Row{}, map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, errors.New("it is not a JSON object")
		}
		// Inside an object, what comes before a value is a string or an error.
		key := fmt.Sprint(token)
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, errors.New("it is not a JSON object")
		}
		if !slices.Contains(columns, key) {
			return nil, unknown("key", key)
		}
		if seen[key] {
			return nil, fmt.Errorf("the key %q is set twice", key)
		}
		seen[key] = true
		field, err := parseValue(key, value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if field != "" {
			row[key] = field
		}
	}
	if _, err := decoder.Token(); err != nil {
		return nil, errors.New("it is not a JSON object")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more text after the JSON object")
	}
	return row, nil
}

// parseValue returns a value as it would be written in CSV: null is nothing,
// a list of channels or goods is joined.
func parseValue(key string, value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		if key == colNoticeGiven {
			return fmt.Sprint(v), nil
		}
	case []any:
		if key != ColChannels && key != colGoods {
			break
		}
		words := make([]string, len(v))
		for i, item := range v {
			word, ok := item.(string)
			if !ok || strings.Contains(word, ";") {
				return "", errors.New("it must be a list of strings without semicolons")
			}
			words[i] = word
		}
		return strings.Join(words, ";"), nil
	}
	return "", errors.New("it must be a string")
}
