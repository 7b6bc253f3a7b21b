package table_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/table"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/textfile"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// rows writes each row as its lines and cells, and each broken row as its error.
func rows(r *table.Reader) ([]string, error) {
	var all []string
	for {
		row, err := r.Next()
		switch bad, isBad := errors.AsType[*table.RowError](err); {
		case errors.Is(err, io.EOF):
			return all, nil
		case isBad:
			all = append(all, bad.Error())
		case err != nil:
			return all, err
		default:
			all = append(all, fmt.Sprintf("%d-%d %q", row.Line, row.Last, row.Cells))
		}
	}
}

func TestReader_TheFilesOfTools(t *testing.T) {
	for _, c := range []struct {
		name, text string
		o          table.Options
		header     []string
		separator  byte
		want       []string
	}{
		{"commas", "a,b\n1,2\n", table.Options{}, []string{"a", "b"}, ',', []string{`2-2 ["1" "2"]`}},
		{"semicolons", "a;b,c;d\r\n1;2,3;4", table.Options{}, []string{"a", "b,c", "d"}, ';', []string{`2-2 ["1" "2,3" "4"]`}},
		{"tabs", "a\tb\n1\t\n", table.Options{}, []string{"a", "b"}, '\t', []string{`2-2 ["1" ""]`}},
		{"bars", "a|b\n|2\n", table.Options{}, []string{"a", "b"}, '|', []string{`2-2 ["" "2"]`}},
		{"one column", "a\n1;2\n", table.Options{}, []string{"a"}, ',', []string{`2-2 ["1;2"]`}},
		{"separators within quotes", "\"a;;;\",b\n1,2\n", table.Options{}, []string{"a;;;", "b"}, ',', []string{`2-2 ["1" "2"]`}},
		{"as often as another", "a,b;c\n1,2;3\n", table.Options{}, []string{"a", "b;c"}, ',', []string{`2-2 ["1" "2;3"]`}},
		{"stated", "a,b;c\n1,2;3\n", table.Options{Separator: ';'}, []string{"a,b", "c"}, ';', []string{`2-2 ["1,2" "3"]`}},
		{"sep=", "sep=;\r\na,b;c\r\n1;2\r\n", table.Options{}, []string{"a,b", "c"}, ';', []string{`3-3 ["1" "2"]`}},
		{"sep= in quotes", "\ufeff\"SEP=\t\"\na,b\tc\n1\t2\n", table.Options{}, []string{"a,b", "c"}, '\t', []string{`3-3 ["1" "2"]`}},
		{"a column sep", "sep=of,b\n1,2\n", table.Options{}, []string{"sep=of", "b"}, ',', []string{`2-2 ["1" "2"]`}},
		{"blank lines", "\n  \na,b\n\n1,2\n   \n3,4\n\n", table.Options{}, []string{"a", "b"}, ',', []string{`5-5 ["1" "2"]`, `7-7 ["3" "4"]`}},
		{
			"quotes", "a,b\n\"1\"\"x\"\"\",\"\"\n\"two\r\nlines\n\",2\n3,4\n",
			table.Options{},
			[]string{"a", "b"},
			',',
			[]string{`2-2 ["1\"x\"" ""]`, `3-5 ["two\nlines\n" "2"]`, `6-6 ["3" "4"]`},
		},
		{
			"old Mac", "a;b\r\"1\r2\";3\r", table.Options{}, []string{"a", "b"}, ';', []string{`2-3 ["1\n2" "3"]`},
		},
		{
			"odd rows", "a,b\n1\n1,2,3\n1,x\"y\n\"1\"x,2\n\"1\n2\"x,3\n1,2\n",
			table.Options{},
			[]string{"a", "b"},
			',',
			[]string{
				"line 2: it has 1 field, the header has 2", "line 3: it has 3 fields, the header has 2",
				`line 4: column "b": a quote is in a wrong place or not closed`, `line 5: column "a": a quote is in a wrong place or not closed`,
				`lines 6 to 7: column "a": a quote is in a wrong place or not closed`, `8-8 ["1" "2"]`,
			},
		},
		{
			"open quote", "a,b\n1,\"x\n2,3\n",
			table.Options{},
			[]string{"a", "b"},
			',',
			[]string{`lines 2 to 3: column "b": a quote is in a wrong place or not closed`},
		},
		{"bare quotes", "a,b\n1,x\"y\"\n", table.Options{BareQuotes: true}, []string{"a", "b"}, ',', []string{`2-2 ["1" "x\"y\""]`}},
		{
			"broken letters", "ä,öü\n1,\xfc\n\"2\n\xfc\",2\n3,4",
			table.Options{},
			[]string{"ä", "öü"},
			',',
			[]string{
				`line 2: column "öü": it is not valid utf-8; if the whole file is in another encoding, --encoding names it`,
				`lines 3 to 4: column "ä": it is not valid utf-8; if the whole file is in another encoding, --encoding names it`, `5-5 ["3" "4"]`,
			},
		},
		{
			"no header", "anna@firma.example,BOUNCE\nben@firma.example,COMPLAINT\nx\n",
			table.Options{Header: table.HeaderUnlessAddress},
			nil, ',',
			[]string{`1-1 ["anna@firma.example" "BOUNCE"]`, `2-2 ["ben@firma.example" "COMPLAINT"]`, "line 3: it has 1 field, the first row has 2"},
		},
		{"a header", "address,x\na@b.c,1\n", table.Options{Header: table.HeaderUnlessAddress}, []string{"address", "x"}, ',', []string{`2-2 ["a@b.c" "1"]`}},
		{"domains", "firma.example\n", table.Options{Header: table.HeaderNone}, nil, ',', []string{`1-1 ["firma.example"]`}},
	} {
		r, err := table.Open(strings.NewReader(c.text), c.o)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, err := rows(r)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", c.name, err, diff)
		}
		if diff := cmp.Diff(c.header, r.Header()); diff != "" || r.Detected().Separator != c.separator || r.Detected().HasHeader != (c.header != nil) {
			t.Errorf("%s: %+v %s", c.name, r.Detected(), diff)
		}
	}
}

func TestOpen_WhatIsNoTable(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "it is empty: the header is missing"},
		{"blank", "\n \n", "it is empty: the header is missing"},
		{"only sep=", "sep=;\n", "it is empty: the header is missing"},
		{"sep=x", "sep=x\na\n", "line 1: sep= must name one of"},
		{"a million columns", "\n" + strings.Repeat("a,", 500_000), "line 2: it has 500001 columns; at most 1024 can be read"},
		{"longer than a line", strings.Repeat("aaa,", 500_000), "line 1, column 1: the line is longer than 1048576 bytes"},
		{"quote", "a,\"b\n", "line 1: column 2: a quote is in a wrong place or not closed"},
	} {
		if _, err := table.Open(strings.NewReader(c.text), table.Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := table.Open(strings.NewReader(""), table.Options{Header: table.HeaderNone}); err == nil || err.Error() != "it is empty" {
		t.Errorf("empty without a header: %v", err)
	}
}

// endless is text that never ends, and counts how much of it was read.
type endless struct{ given int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = "x\n"[i%2]
	}
	e.given += len(p)
	return len(p), nil
}

func TestNext_QuotedCellWithoutEnd_EndsAtTheLimitWithLineAndColumn(t *testing.T) {
	from := &endless{}
	r, err := table.Open(io.MultiReader(strings.NewReader("address,note\nanna@firma.example,\"\n"), from), table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = rows(r)
	if err == nil || !strings.HasPrefix(err.Error(), "lines 2 to ") || !strings.Contains(err.Error(), `column "note": the row is longer than 1048576 bytes`) {
		t.Errorf("%v", err)
	}
	if from.given > 3<<20 {
		t.Errorf("%d bytes were read", from.given)
	}
}

func TestNext_LineWithoutEnd_EndsAtTheLimitWithLineAndColumn(t *testing.T) {
	for _, c := range []struct{ row, want string }{
		{"1,\"a,b\",\"", `line 2, column "note": the line is longer than 1048576 bytes; perhaps a quote is not closed`},
		{"1,2,", `line 2, column "note": the line is longer`},
		{"1,\"\n\",\"", `line 3, column "note": the line is longer`},
		{"1,\"\n", `line 3, column "address": the line is longer`},
	} {
		text := "id,address,note\n" + c.row + strings.Repeat("x", 3<<20)
		r, err := table.Open(strings.NewReader(text), table.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = rows(r); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: %v", c.row, err)
		}
	}
}

func TestPlaces_CompareNamesAsPeopleDo(t *testing.T) {
	r, err := table.Open(strings.NewReader("\ufeffE-Mail_Address;EXPIRES_AT;Name;Expires At\na@b.c;1;x;2\na@b.c;;x;2\na@b.c;2;x;2\na@b.c;;x;\n"), table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{0}, r.Places("email", "emailaddress")); diff != "" {
		t.Error(diff)
	}
	expires := r.Places("expires-at")
	if diff := cmp.Diff([]int{1, 3}, expires); diff != "" || r.Places("nothing") != nil {
		t.Error(diff)
	}
	for _, want := range []string{"", "2", "2", ""} {
		row, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.At(&row, expires)
		if _, isBad := errors.AsType[*table.RowError](err); got != want || isBad != (row.Line == 2) {
			t.Errorf("line %d: %q, %v", row.Line, got, err)
		}
	}
}

func TestOpen_LimitOfBytes_IsThatOfTheText(t *testing.T) {
	r, err := table.Open(strings.NewReader("a\n"+strings.Repeat("1\n", 1<<20)), table.Options{Text: textfile.Options{MaxBytes: 1 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := rows(r); err == nil || !strings.Contains(err.Error(), "it has more than 1048576 bytes") || len(got) < 400_000 {
		t.Errorf("%d rows, %v", len(got), err)
	}
}
