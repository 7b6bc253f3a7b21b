package listfile_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/table"
)

// FuzzEvents holds that any input ends, that lines only go up, that an event has what its kind needs, and that no complaint repeats the
// address.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{
		"occurred_time,event,address,channels,legal_basis\n2026-10-01T08:00:00Z,grant,anna@firma.example,newsletter,consent\n",
		"occurred_time,event,address,declaration\nanna@firma.example,suppress,x,y\n",
		"\"occurred_time\",event\n\"2026\n\",lift\n1\n\"a\"b,c\n",
		`{"occurred_time":"2026-10-01T08:00:00Z","event":"withdraw","address":"anna@firma.example","channels":["a","b"]}` + "\n[]\n",
		`{"event":{"event":null},"notice_given":true}` + "\n{\"goods\":\"a;;b\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := listfile.NewEventRows(bytes.NewReader(data), "")
		if err != nil {
			return
		}
		before := 0
		for {
			row, line, err := rows.Next()
			if bad, ok := errors.AsType[*table.RowError](err); ok {
				line = bad.Line
			} else if err != nil {
				return
			}
			if line < before || line > bytes.Count(data, []byte("\n"))+bytes.Count(data, []byte("\r"))+1 {
				t.Fatalf("line %d after line %d", line, before)
			}
			before = line
			if err != nil {
				continue
			}
			event, err := row.Event()
			if address := row[listfile.ColAddress]; err != nil && strings.Contains(address, "@") && len(address) > 5 && strings.Contains(err.Error(), address) {
				t.Fatalf("%q repeats the address", err)
			}
			if err == nil && (event.OccurredTime == nil || event.Kind == "" || event.Address == "" == (event.Domain == "")) {
				t.Fatalf("row %q is the event %v", row, event)
			}
		}
	})
}

// FuzzAudience holds that rows come out as they went in.
func FuzzAudience(f *testing.F) {
	for _, seed := range []string{
		"id,address\n1,anna@firma.example\n", "address\n\"a\nb\"\n\n\"\"\"\"\n", "address,x\na\n", "address,\"x\n1,2\n", "id;address\n", "address\r\na\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		from, err := listfile.NewAudience(bytes.NewReader(data), "address", "")
		if err != nil {
			return
		}
		rows, err := from.Batch(listfile.BatchLimits{Rows: 10_000, AddressBytes: 1 << 20, Bytes: 4 << 20})
		if err != nil {
			if errors.Is(err, io.EOF) {
				t.Fatal("the end is an error")
			}
			return
		}
		var out strings.Builder
		w := csv.NewWriter(&out)
		if err := w.Write(from.Header); err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if len(row) != len(from.Header) {
				t.Fatalf("row %q under the header %q", row, from.Header)
			}
			// As the command does: the columns it adds keep a row from being an
			// empty line.
			if err := w.Write(append(slices.Clone(row), "x")); err != nil {
				t.Fatal(err)
			}
		}
		w.Flush()
		again := csv.NewReader(strings.NewReader(out.String()))
		again.FieldsPerRecord = -1
		all, err := again.ReadAll()
		if err != nil || len(all) != len(rows)+1 {
			t.Fatalf("%d rows became %d, %v", len(rows), len(all)-1, err)
		}
		for i, row := range rows {
			if !slices.Equal(all[i+1][:len(row)], row) {
				t.Fatalf("%q became %q", row, all[i+1])
			}
		}
	})
}
