package textfile_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/textfile"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func packed(tb testing.TB, text []byte) string {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// lines returns all lines, and the error that ended them unless it is the end.
func lines(from io.Reader, o textfile.Options) ([]string, textfile.Detected, error) {
	r, err := textfile.Open(from, o)
	if err != nil {
		return nil, textfile.Detected{}, err
	}
	var all []string
	for {
		line, err := r.ReadLine()
		if errors.Is(err, io.EOF) {
			return all, r.Detected(), nil
		}
		if err != nil {
			return all, r.Detected(), err
		}
		all = append(all, string(line))
	}
}

func TestOpen_FindsTheEncoding(t *testing.T) {
	const long = 300 << 10
	for _, c := range []struct {
		name, stored string
		o            textfile.Options
		want         string
		found        textfile.Detected
	}{
		{"ASCII", "a@b", textfile.Options{}, "a@b", textfile.Detected{Encoding: textfile.UTF8}},
		{"UTF-8", "jürgen", textfile.Options{}, "jürgen", textfile.Detected{Encoding: textfile.UTF8}},
		{"UTF-8 with a mark", "\ufeffjürgen", textfile.Options{}, "jürgen", textfile.Detected{Encoding: textfile.UTF8}},
		{"Latin-1", "j\xfcrgen", textfile.Options{}, "jürgen", textfile.Detected{Encoding: textfile.Windows1252, Guessed: true}},
		{"Windows-1252", "\x80 j\xfcrgen", textfile.Options{}, "€ jürgen", textfile.Detected{Encoding: textfile.Windows1252, Guessed: true}},
		{"UTF-8 with a broken byte", "jürgen ö \xfc", textfile.Options{}, "jürgen ö \xfc", textfile.Detected{Encoding: textfile.UTF8}},
		{"JSON with a broken byte", ` {"a":"` + "\xfc", textfile.Options{}, ` {"a":"` + "\xfc", textfile.Detected{Encoding: textfile.UTF8}},
		{"UTF-16 LE with a mark", "\xff\xfej\x00\xfc\x00", textfile.Options{}, "jü", textfile.Detected{Encoding: textfile.UTF16LE}},
		{"UTF-16 BE with a mark", "\xfe\xff\x00j\x00\xfc", textfile.Options{}, "jü", textfile.Detected{Encoding: textfile.UTF16BE}},
		{"UTF-16 LE", "a\x00@\x00b\x00.\x00\xfc\x00", textfile.Options{}, "a@b.ü", textfile.Detected{Encoding: textfile.UTF16LE}},
		{"UTF-16 BE", "\x00a\x00@\x00b\x00.\x00\xfc", textfile.Options{}, "a@b.ü", textfile.Detected{Encoding: textfile.UTF16BE}},
		{"stated", "j\x81rgen", textfile.Options{Encoding: "ibm-code-page-850"}, "jürgen", textfile.Detected{Encoding: "ibm-code-page-850"}},
		{"stated Latin-1", "j\xfcrgen", textfile.Options{Encoding: "iso-8859-1"}, "jürgen", textfile.Detected{Encoding: "iso-8859-1"}},
		{
			"a letter across the end of the look", strings.Repeat("x", 256<<10-1) + "ü" + strings.Repeat("x", long),
			textfile.Options{},
			strings.Repeat("x", 256<<10-1) + "ü" + strings.Repeat("x", long),
			textfile.Detected{Encoding: textfile.UTF8},
		},
		{"packed", packed(t, []byte("j\xfcrgen")), textfile.Options{Packed: true}, "jürgen", textfile.Detected{Encoding: textfile.Windows1252, Guessed: true, Packed: true}},
	} {
		got, found, err := lines(strings.NewReader(c.stored), c.o)
		if err != nil || len(got) != 1 || got[0] != c.want || found != c.found {
			t.Errorf("%s: %.40q, %+v, %v", c.name, got, found, err)
		}
	}
}

func TestOpen_RefusesWhatIsNoText(t *testing.T) {
	for _, c := range []struct {
		stored string
		o      textfile.Options
		want   string
	}{
		{"PK\x03\x04rest", textfile.Options{}, "it is a ZIP archive or a workbook"},
		{packed(t, []byte("PK\x03\x04rest")), textfile.Options{}, "it is a ZIP archive or a workbook"},
		{"\xd0\xcf\x11\xe0rest", textfile.Options{}, "it is a workbook (.xls)"},
		{"text", textfile.Options{Packed: true}, "it is not a gzip file"},
		{"\x1f\x8b\x08", textfile.Options{}, "it is not a complete gzip file"},
		{"\xff\xfea\x00", textfile.Options{Encoding: textfile.UTF8}, "byte order mark of utf-16le, and utf-8 was stated"},
		{"text", textfile.Options{Encoding: "klingon"}, `the encoding "klingon" is unknown`},
	} {
		_, _, err := lines(strings.NewReader(c.stored), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20q: %v, want %s", c.stored, err, c.want)
		}
	}
}

func TestReadLine_AllLineEnds(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"a", []string{"a"}},
		{"a\nb\n", []string{"a", "b"}},
		{"a\r\n\r\nb\r\n", []string{"a", "", "b"}},
		{"a\rb\r\rc", []string{"a", "b", "", "c"}},
		{"a\r", []string{"a"}},
		{"a\rb\nc\r\n", []string{"a\rb", "c"}},
	} {
		for _, from := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text)), iotest.DataErrReader(strings.NewReader(c.text))} {
			got, _, err := lines(from, textfile.Options{})
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%q: %v, %s", c.text, err, diff)
			}
		}
	}
}

func TestReadLine_LineBreakAcrossTheBuffer_IsOne(t *testing.T) {
	for _, end := range []string{"\n", "\r\n", "\r"} {
		for length := 64<<10 - 3; length < 64<<10+3; length++ {
			long := strings.Repeat("x", length)
			got, _, err := lines(strings.NewReader(long+end+"b"+end+"c"), textfile.Options{})
			if err != nil || len(got) != 3 || got[0] != long || got[1] != "b" || got[2] != "c" {
				t.Fatalf("%q after %d: %d lines, %v", end, length, len(got), err)
			}
		}
	}
}

func TestReadLine_WhatIsTooLargeOrDamaged_EndsWithTheLine(t *testing.T) {
	whole := packed(t, []byte(strings.Repeat("anna@firma.example\n", 100_000)))
	for _, c := range []struct {
		name, stored string
		o            textfile.Options
		want         string
	}{
		{"long line", "a\n" + strings.Repeat("x", textfile.MaxLine+1) + "\n", textfile.Options{}, "line 2: it is longer than 1048576 bytes"},
		{"long line without end", "a\n" + strings.Repeat("x", 3<<20), textfile.Options{}, "line 2: it is longer than 1048576 bytes"},
		{"long line of a Mac", "a\r" + strings.Repeat("x", 3<<20), textfile.Options{}, "line 2: it is longer than 1048576 bytes"},
		{"longest line", "a\n" + strings.Repeat("x", textfile.MaxLine), textfile.Options{}, ""},
		{"limit", strings.Repeat("0123456789\n", 100_000), textfile.Options{MaxBytes: 1 << 20}, "it has more than 1048576 bytes"},
		{"limit of what is packed", whole, textfile.Options{MaxBytes: 1 << 20}, "it has more than 1048576 bytes"},
		{"cut short", whole[:len(whole)-9], textfile.Options{}, "the gzip file is cut short"},
		{"damaged", whole[:len(whole)-8] + "12345678", textfile.Options{}, "the gzip file is damaged"},
		{"damaged within", whole[:len(whole)/2] + strings.Repeat("\xff", 100), textfile.Options{}, "the gzip file is damaged"},
	} {
		_, _, err := lines(strings.NewReader(c.stored), c.o)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "line ")) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func TestRead_WhatUnpacksToFarMoreThanAList_Ends(t *testing.T) {
	r, err := textfile.Open(strings.NewReader(packed(t, bytes.Repeat([]byte("\n"), 80<<20))), textfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, r)
	if err == nil || !strings.Contains(err.Error(), "it becomes more than 500 times larger by unpacking") || n > 65<<20 {
		t.Errorf("%v after %d bytes", err, n)
	}
}

func TestCheck_NamesTheEncoding(t *testing.T) {
	for _, c := range []struct {
		stored string
		o      textfile.Options
		valid  bool
	}{
		{"jürgen", textfile.Options{}, true},
		{"üü\xfc", textfile.Options{}, false},
		{"j\xfcrgen", textfile.Options{}, true},
		{"j\xfcrgen \x81", textfile.Options{}, false},        // Windows-1252 has no letter for 0x81.
		{"\xff\xfea\x00b", textfile.Options{}, false},        // half a letter
		{"\xff\xfea\x00\x00\xd8", textfile.Options{}, false}, // half of a pair
	} {
		r, err := textfile.Open(strings.NewReader(c.stored), c.o)
		if err != nil {
			t.Fatal(err)
		}
		line, err := r.ReadLine()
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Check(line); (err == nil) != c.valid || err != nil && !strings.Contains(err.Error(), "--encoding") {
			t.Errorf("%q: %v", c.stored, err)
		}
	}
}

func TestParseEncoding_AllSpellings(t *testing.T) {
	for text, want := range map[string]textfile.Encoding{
		"UTF-8": "utf-8", "utf8": "utf-8", "UTF_16LE": "utf-16le", "Latin-1": "iso-8859-1", "ISO 8859-15": "iso-8859-15", "cp1252": "windows-1252",
		"Windows-1250": "windows-1250", "MacRoman": "macintosh", "CP850": "ibm-code-page-850", "KOI8-R": "koi8-r",
		"utf-16": "", "klingon": "", "": "",
	} {
		if got, err := textfile.ParseEncoding(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}

// FuzzLines holds that the text in lines is the text as a whole but for the line ends, in whatever pieces it comes.
func FuzzLines(f *testing.F) {
	for _, seed := range []string{
		"a\r\nb\rc\n", "\xff\xfea\x00\n\x00", "\ufeffa\rb\r", "j\xfcrgen\n\n\x80", packed(f, []byte("a\nb")), "{\"a\":\"\xfc\"}\n", "",
	} {
		f.Add([]byte(seed), uint8(0))
		f.Add([]byte(seed), uint8(1))
	}
	encodings := []textfile.Encoding{"", textfile.UTF8, textfile.UTF16LE, textfile.UTF16BE, textfile.Windows1252, "ibm-code-page-037"}
	f.Fuzz(func(t *testing.T, data []byte, stated uint8) {
		o := textfile.Options{Encoding: encodings[int(stated)%len(encodings)], MaxBytes: 4 << 20}
		whole, err := textfile.Open(bytes.NewReader(data), o)
		split, _, splitErr := lines(iotest.OneByteReader(bytes.NewReader(data)), o)
		if err != nil {
			if splitErr == nil {
				t.Fatalf("an error only as a whole: %v", err)
			}
			return
		}
		text, err := io.ReadAll(whole)
		if (err == nil) != (splitErr == nil) {
			t.Fatalf("%v as a whole, %v in lines", err, splitErr)
		}
		ends := strings.NewReplacer("\r", "", "\n", "")
		if got, want := ends.Replace(strings.Join(split, "")), ends.Replace(string(text)); err == nil && got != want {
			t.Fatalf("%q in lines, %q as a whole", got, want)
		}
	})
}
