package listfile_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/listfile"
)

func streams(stdin string, stdout io.Writer) *listfile.Streams {
	return &listfile.Streams{
		In: strings.NewReader(stdin), Out: stdout, Interruptible: func(from io.Reader) io.Reader { return from },
	}
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestOpen_Unpacks_AndLeavesTheByteOrderMarkOut(t *testing.T) {
	whole := packed(t, "\ufeffaddress\n")
	for _, c := range []struct{ name, stored, want, wrong string }{
		{"plain.csv", "address\n", "address\n", ""},
		{"marked.csv", "\ufeffaddress\n", "address\n", ""},
		{"packed.csv.gz", whole, "address\n", ""},
		{"packed.csv", whole, "address\n", ""},
		{"empty.csv", "", "", ""},
		{"plain.csv.gz", "address\n", "", "it is not a gzip file"},
		{"short.csv.gz", whole[:len(whole)-9], "", "the gzip file is cut short"},
		{"damaged.csv.gz", whole[:len(whole)-5] + "x" + whole[len(whole)-4:], "", "the gzip file is damaged"},
	} {
		path := file(t, c.name, c.stored)
		in, err := streams("", nil).Open(path)
		var text []byte
		if err == nil {
			text, err = in.ReadAll(1 << 20)
		}
		if c.wrong == "" && (err != nil || string(text) != c.want) {
			t.Errorf("%s: %q, %v", c.name, text, err)
		}
		if c.wrong != "" && (err == nil || err.Error() != path+": "+c.wrong) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	raw, err := streams(whole, nil).OpenRaw(listfile.Standard)
	if err != nil {
		t.Fatal(err)
	}
	if stored, err := raw.ReadAll(1 << 20); err != nil || string(stored) != whole || raw.Name != "standard input" {
		t.Errorf("%s: %v", raw.Name, err)
	}
}

func TestWriter_WhatItWrites_IsRead(t *testing.T) {
	rows := [][]string{{"address", "note"}, {"anna@firma.example", "a, \"b\"\nc"}}
	for _, name := range []string{"out.csv", "out.csv.gz"} {
		path := filepath.Join(t.TempDir(), name)
		w, err := streams("", nil).Create(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if err := w.WriteRow(row); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is there before it is published: %v", name, err)
		}
		if err := errors.Join(w.Finish(), w.Publish(), w.Discard()); err != nil {
			t.Fatal(err)
		}
		in, err := streams("", nil).Open(path)
		if err != nil {
			t.Fatal(err)
		}
		audience, err := listfile.NewAudience(in.Text, "address", "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := audience.Batch(listfile.BatchLimits{Rows: 9, AddressBytes: 99, Bytes: 99})
		if err != nil || len(got) != 1 || !slices.Equal(got[0], rows[1]) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWriter_StandardOutput_StaysOpen(t *testing.T) {
	var out bytes.Buffer
	w, err := streams("", &out).Create(listfile.Standard)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.WriteRow([]string{"address"}), w.Finish(), w.Publish(), w.Discard()); err != nil || out.String() != "address\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestID_IsThatOfTheContents(t *testing.T) {
	one, err := listfile.ID(file(t, "a", "text"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := listfile.ID(file(t, "b", "text"))
	if err != nil || one != two {
		t.Errorf("%s, %s, %v", one, two, err)
	}
	other, err := listfile.ID(file(t, "c", "other"))
	if err != nil || one == other {
		t.Errorf("%s, %v", other, err)
	}
}
