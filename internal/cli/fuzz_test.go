package cli

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
)

// FuzzImport holds that any input ends, that what is read can be sent, and
// that no complaint repeats the address.
func FuzzImport(f *testing.F) {
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
		rows, err := newImportRows(bufio.NewReader(bytes.NewReader(data)))
		if err != nil {
			return
		}
		before := 0
		for {
			row, line, err := rows.next()
			if bad, ok := errors.AsType[*badRow](err); ok {
				line = bad.line
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
			event, err := row.event()
			if err == nil {
				_, err = proto.Marshal(event)
			}
			if address := row[colAddress]; err != nil && strings.Contains(address, "@") && len(address) > 5 && strings.Contains(err.Error(), address) {
				t.Fatalf("%q repeats the address", err)
			}
			if err == nil && (event.GetOccurredTime().CheckValid() != nil || event.GetFact() == nil) {
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
		from, err := newAudience(bytes.NewReader(data), "address")
		if err != nil {
			return
		}
		rows, err := from.batch()
		if err != nil {
			if errors.Is(err, io.EOF) {
				t.Fatal("the end is an error")
			}
			return
		}
		var out strings.Builder
		w := csv.NewWriter(&out)
		if err := w.Write(from.rows.header); err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if len(row) != len(from.rows.header) {
				t.Fatalf("row %q under the header %q", row, from.rows.header)
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
