package table_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/assent-io/assent/internal/table"
	"github.com/assent-io/assent/internal/textfile"
)

// FuzzReader holds that any input ends, that lines only go up, that rows have as many cells as the header, and, where the package
// encoding/csv reads the whole input, that both read the same.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		"a,b\n1,2\n", "a;b\r\n\"1\r\n2\";\"\"\"\"\r\n", "sep=|\na|b\n", "a\tb\n1\n1\t2\t3\n", "\"a\n\n b\",c\n\n \nx,\"y\"", "a,b\n1,\"", "a\rb\r",
		"a@b.c\n", "\xff\xfea\x00,\x00b\x00", "ä,\xfc\n", "\r\n\ra,\r\r\n",
	} {
		f.Add([]byte(seed), uint8(0))
		f.Add([]byte(seed), uint8(2))
	}
	f.Fuzz(func(t *testing.T, data []byte, rule uint8) {
		o := table.Options{Text: textfile.Options{Encoding: textfile.UTF8}, Header: table.HeaderRule(rule % 3), BareQuotes: rule >= 128}
		r, err := table.Open(bytes.NewReader(data), o)
		if err != nil {
			return
		}
		all, broken := [][]string{}, false
		if r.Header() != nil {
			all = append(all, r.Header())
		}
		for before := 0; ; {
			row, err := r.Next()
			line, last := row.Line, row.Last
			if bad, ok := errors.AsType[*table.RowError](err); ok {
				line, last, broken = bad.Line, bad.Last, true
			} else if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("it ends with %v", err)
			}
			if line <= before || last < line {
				t.Fatalf("lines %d to %d after line %d", line, last, before)
			}
			before = last
			if err == nil {
				if len(row.Cells) != r.Width() {
					t.Fatalf("%q has not %d cells", row.Cells, r.Width())
				}
				all = append(all, row.Cells)
			}
		}
		if !broken && !o.BareQuotes && utf8.Valid(data) {
			compare(t, data, r.Detected().Separator, all)
		}
	})
}

// compare reads the same by encoding/csv. It takes carriage returns for text where they end lines here, lines of blanks for rows, and
// knows no byte order mark and no sep=, so inputs with these are left out.
func compare(t *testing.T, data []byte, separator byte, got [][]string) {
	t.Helper()
	text := string(data)
	if strings.HasPrefix(text, "\ufeff") || strings.Contains(strings.ToLower(text), "sep=") || strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\r") {
		return
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma = rune(separator)
	want, err := reader.ReadAll()
	if err != nil {
		return
	}
	isBlank := func(row []string) bool { return len(row) == 1 && strings.Trim(row[0], " ") == "" }
	want, got = slices.DeleteFunc(want, isBlank), slices.DeleteFunc(got, isBlank)
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Fatalf("%q, encoding/csv: %q", got, want)
	}
}
