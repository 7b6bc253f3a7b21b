package listfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/nearest"
	"github.com/assent-io/assent/internal/table"
	"github.com/assent-io/assent/internal/textfile"
)

// EventRows reads the rows of a file of events.
type EventRows interface {
	// Next returns a row and its line. It returns io.EOF at the end, a *table.RowError for a row that is broken, after which it may be
	// called again, and another error when nothing more can be read.
	Next() (row Row, line int, err error)
	// Detected returns what was found out about the file.
	Detected() textfile.Detected
}

// NewEventRows reads a table with a header, or NDJSON where the first thing is an opening brace. An empty encoding is found out.
func NewEventRows(from io.Reader, encoding textfile.Encoding) (EventRows, error) {
	text, err := textfile.Open(from, textfile.Options{Encoding: encoding})
	if err != nil {
		return nil, err
	}
	if text.First() == '{' {
		return &ndjsonEvents{text: text}, nil
	}
	rows, err := table.New(text, table.Options{})
	if err != nil {
		return nil, err
	}
	names, err := eventHeader(rows.Header())
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", rows.Line(), err)
	}
	return &tableEvents{rows: rows, names: names}, nil
}

// eventHeader returns the columns that a header names. It refuses columns that no row would use, columns that are there twice, and a file
// without the two that every row needs.
func eventHeader(header []string) ([]string, error) {
	var names []string
	for _, name := range header {
		at := slices.IndexFunc(columns, func(known string) bool { return table.Fold(known) == table.Fold(name) })
		if at < 0 {
			return nil, unknown("column", name)
		}
		if slices.Contains(names, columns[at]) {
			return nil, fmt.Errorf("there are two columns %q", columns[at])
		}
		names = append(names, columns[at])
	}
	for _, name := range []string{ColOccurred, ColEvent} {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("the column %q is missing", name)
		}
	}
	return names, nil
}

// unknown names what is unknown, unless it may be an address: a file without a
// header begins with one.
func unknown(kind, name string) error {
	if strings.Contains(name, "@") || len(name) > 64 {
		return fmt.Errorf("a %s is unknown; the first line of a CSV file must be its header", kind)
	}
	return fmt.Errorf("the %s %q is unknown%s", kind, name, nearest.Hint(name, columns))
}

// tableEvents reads rows of a table.
type tableEvents struct {
	rows *table.Reader
	// names are the columns in the order of the file.
	names []string
}

func (e *tableEvents) Detected() textfile.Detected { return e.rows.Detected().Detected }

func (e *tableEvents) Next() (Row, int, error) {
	read, err := e.rows.Next()
	if err != nil {
		return nil, e.rows.Line(), err
	}
	row := Row{}
	for i, name := range e.names {
		if read.Cells[i] != "" {
			row[name] = read.Cells[i]
		}
	}
	return row, read.Line, nil
}

// ndjsonEvents reads one JSON object a line. Empty lines are skipped.
type ndjsonEvents struct{ text *textfile.Reader }

func (n *ndjsonEvents) Detected() textfile.Detected { return n.text.Detected() }

func (n *ndjsonEvents) Next() (Row, int, error) {
	for {
		text, err := n.text.ReadLine()
		if err != nil {
			return nil, n.text.Line(), err
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		line := n.text.Line()
		if err := n.text.Check(text); err != nil {
			return nil, line, &table.RowError{Line: line, Text: err.Error()}
		}
		row, err := parseObject(text)
		if err != nil {
			return nil, line, &table.RowError{Line: line, Text: err.Error()}
		}
		return row, line, nil
	}
}

// parseObject reads an object with columns as keys, each at most once.
func parseObject(text []byte) (Row, error) {
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
