package toolfile

import (
	"errors"
	"io"

	"github.com/assent-io/assent/internal/jsonlist"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/table"
	"github.com/assent-io/assent/internal/textfile"
)

// looked is how many rows are looked at to find out of which tool a file is.
const looked = 20

// Found is of which tool a file seems to be.
type Found struct {
	// Preset is nil where the file is of none that is known.
	Preset    *presets.Preset
	Certainty presets.Certainty
	// Why says it in a sentence that repeats no cell.
	Why string
}

// Detect reads the beginning of a file and says of which tool it is. Name is the name of the file without its folder; empty: it has none. An
// empty encoding is found out.
func Detect(from io.Reader, name string, encoding textfile.Encoding) (Found, error) {
	text, err := textfile.Open(from, textfile.Options{Encoding: encoding})
	if err != nil {
		return Found{}, err
	}
	var header []string
	var rows [][]string
	if first := text.First(); first == '{' || first == '[' {
		header, rows, err = firstItems(text)
	} else {
		header, rows, err = firstRows(text)
	}
	if err != nil {
		return Found{}, err
	}
	var f Found
	f.Preset, f.Certainty, f.Why = presets.Detect(header, rows, name)
	return f, nil
}

func firstRows(text *textfile.Reader) (header []string, rows [][]string, err error) {
	from, err := table.New(text, table.Options{Header: table.HeaderUnlessAddress})
	if err != nil {
		return nil, nil, err
	}
	for range looked {
		row, err := from.Next()
		if _, broken := errors.AsType[*table.RowError](err); broken {
			continue
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, row.Cells)
	}
	return from.Header(), rows, nil
}

// firstItems returns the first items of a list whose members are those of the first one. Of which tool the list is, is not known, so the names
// of the arrays of all tools are tried.
func firstItems(text *textfile.Reader) (header []string, rows [][]string, err error) {
	all := presets.All()
	var lists []string
	for _, p := range all {
		lists = append(lists, p.Lists...)
	}
	from := jsonlist.New(text, lists)
	for range looked {
		item, err := from.Next()
		if _, broken := errors.AsType[*jsonlist.ItemError](err); broken {
			continue
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		row, err := all[0].ObjectRow(item.Object)
		if err != nil {
			continue
		}
		if header == nil {
			header = row.Columns.Names
		}
		if len(row.Cells) == len(header) {
			rows = append(rows, row.Cells)
		}
	}
	return header, rows, nil
}
