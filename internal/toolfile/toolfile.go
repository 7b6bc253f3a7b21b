// Package toolfile reads a file of another tool row by row, whether it is a table or JSON, packed or not, and says what each row is worth, as
// a preset has it. It holds one row at a time.
package toolfile

import (
	"errors"
	"fmt"
	"io"

	"github.com/assent-io/assent/internal/jsonlist"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/table"
	"github.com/assent-io/assent/internal/textfile"
)

// BrokenRow is the cause of a row that is no row: it has more or fewer cells than there are columns, a quote that is not closed, or a text that
// its encoding does not have.
const BrokenRow presets.Cause = "BROKEN_ROW"

// Options say how a file is read.
type Options struct {
	presets.Options

	Preset *presets.Preset
	// Encoding is that of the file; empty: it is found out.
	Encoding textfile.Encoding
	// MaxBytes is how many bytes the file may have after unpacking; 0: any number.
	MaxBytes int64
}

// Row is what became of one row.
type Row struct {
	presets.Result

	// Line is the number of the line where it begins, from 1.
	Line int
	// Item is the number of the item of a JSON list, from 1; 0 in a table.
	Item int
}

// Reader reads a file. It is for one goroutine.
type Reader struct {
	options  Options
	detected textfile.Detected
	table    *table.Reader
	list     *jsonlist.Reader
	columns  *presets.Columns // of the table
	rows     *presets.Reader  // nil until the first item of a list was read
}

// Open finds out what the file is and reads its beginning. An error refuses the file as a whole, in words for its owner.
func Open(from io.Reader, o Options) (*Reader, error) {
	text, err := textfile.Open(from, textfile.Options{Encoding: o.Encoding, MaxBytes: o.MaxBytes})
	if err != nil {
		return nil, err
	}
	r := &Reader{options: o, detected: text.Detected()}
	if first := text.First(); first == '{' || first == '[' {
		r.list = jsonlist.New(text, o.Preset.Lists)
		return r, nil
	}
	rule := table.HeaderFirst
	if o.Preset.Headless != nil {
		rule = table.HeaderUnlessAddress
	}
	if r.table, err = table.New(text, table.Options{Header: rule}); err != nil {
		return nil, err
	}
	header := r.table.Header()
	if header == nil {
		header = o.Preset.Headless
	}
	if r.table.Width() != len(header) {
		return nil, fmt.Errorf("a row of the preset %s without a header has %d columns, and the first row of the file has %d", o.Preset.Name,
			len(header), r.table.Width())
	}
	r.columns = presets.NewColumns(header)
	r.rows, err = o.Preset.NewReader(r.columns, o.Options)
	return r, err
}

// Next returns the next row, or io.EOF at the end. A row that is broken is one that was rejected. Another error says where nothing more can be
// read.
func (r *Reader) Next() (Row, error) {
	if r.list != nil {
		return r.nextItem()
	}
	row, err := r.table.Next()
	if broken, ok := errors.AsType[*table.RowError](err); ok {
		return brokenRow(broken.Line, 0, broken.Text), nil
	}
	if err != nil {
		return Row{}, err
	}
	return Row{Line: row.Line, Result: r.rows.Read(presets.Row{Columns: r.columns, Cells: row.Cells})}, nil
}

func (r *Reader) nextItem() (Row, error) {
	item, err := r.list.Next()
	if broken, ok := errors.AsType[*jsonlist.ItemError](err); ok {
		return brokenRow(broken.Line, broken.Number, broken.Text), nil
	}
	if err != nil {
		return Row{}, err
	}
	row, err := r.options.Preset.ObjectRow(item.Object)
	if err != nil {
		return brokenRow(item.Line, item.Number, err.Error()), nil
	}
	if r.rows == nil {
		if r.rows, err = r.options.Preset.NewReader(row.Columns, r.options.Options); err != nil {
			return Row{}, err
		}
	}
	return Row{Line: item.Line, Item: item.Number, Result: r.rows.Read(row)}, nil
}

func brokenRow(line, item int, why string) Row {
	return Row{Line: line, Item: item, Result: presets.Result{Outcome: presets.Rejected, Cause: BrokenRow, Why: why}}
}

// Detected returns what was found out about the bytes of the file.
func (r *Reader) Detected() textfile.Detected { return r.detected }

// Times counts the times that were not exact, in the rows so far.
func (r *Reader) Times() presets.Times {
	if r.rows == nil {
		return presets.Times{}
	}
	return r.rows.Times()
}

// HasMore reports whether the file says that it is one page of several.
func (r *Reader) HasMore() bool { return r.list != nil && r.list.HasMore() }
