package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/dossier/answer"
	"github.com/assent-io/assent/internal/dossier/paper"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

var update = flag.Bool("update", false, "take over the answers of the tests")

// sample returns the paper of the dossier that package dossier writes as JSON in its tests.
func sample(t testing.TB, language string) *paper.Paper {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "dossier."+language+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var d dossier.Dossier
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return answer.Paper(&d)
}

func write(t testing.TB, p *paper.Paper) []byte {
	t.Helper()
	data, err := Write(p)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// linesOf reads the lines of text of every page, in the order in which they stand in the file.
func linesOf(t testing.TB, file []byte) [][]string {
	t.Helper()
	var pages [][]string
	for _, at := range regexp.MustCompile(`/FlateDecode /Length (\d+)>>\s*?\nstream\n`).FindAllSubmatchIndex(file, -1) {
		length, err := strconv.Atoi(string(file[at[2]:at[3]]))
		if err != nil {
			t.Fatal(err)
		}
		r, err := zlib.NewReader(bytes.NewReader(file[at[1] : at[1]+length]))
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`(?s)Td \(((?:\\.|[^\\)])*)\) Tj ET`).FindAllSubmatch(content, -1)
		if found == nil {
			continue
		}
		var lines []string
		for _, text := range found {
			lines = append(lines, decoded(text[1]))
		}
		pages = append(pages, lines)
	}
	return pages
}

func decoded(raw []byte) string {
	raw = regexp.MustCompile(`(?s)\\(.)`).ReplaceAllFunc(raw, func(b []byte) []byte {
		if b[1] == 'r' {
			return []byte{'\r'}
		}
		return b[1:]
	})
	units := make([]uint16, 0, len(raw)/2)
	for i := 0; i+1 < len(raw); i += 2 {
		units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
	}
	return string(utf16.Decode(units))
}

// squeezed takes out space, for where a line breaks says nothing.
func squeezed(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
}

func allText(pages [][]string) string {
	var b strings.Builder
	for _, lines := range pages {
		b.WriteString(strings.Join(lines, "\n") + "\n\f\n")
	}
	return b.String()
}

func TestWrite_InBothLanguages_HasTheTextItHad(t *testing.T) {
	for _, language := range []string{"en", "de"} {
		got := allText(linesOf(t, write(t, sample(t, language))))
		path := filepath.Join("testdata", "dossier."+language+".txt")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s differs (run with -update to take it over): %s", path, diff)
		}
	}
}

func TestWrite_EachTextOfThePaper_IsInTheFile(t *testing.T) {
	for _, language := range []string{"en", "de"} {
		p := sample(t, language)
		pages := linesOf(t, write(t, p))
		for i, lines := range pages {
			pages[i] = lines[:len(lines)-2] // A text may go on after the foot of a page.
		}
		got := squeezed(allText(pages))
		for _, text := range p.Texts() {
			if !strings.Contains(got, squeezed(text)) {
				t.Errorf("%q is missing", text)
			}
		}
	}
}

func TestWrite_Twice_IsTheSameFile(t *testing.T) {
	p := sample(t, "de")
	first := write(t, p)
	for range 3 {
		if !bytes.Equal(first, write(t, p)) {
			t.Fatal("the same paper gave other bytes")
		}
	}
}

func TestWrite_File_SaysWhatItIsAndHasAnOutlineAndPageNumbers(t *testing.T) {
	p := sample(t, "de")
	file := write(t, p)
	for _, want := range []string{"/Lang (de)", "/Type /Outlines", "/Producer", "/CreationDate (D:20260331"} {
		if !bytes.Contains(file, []byte(want)) {
			t.Errorf("%s is missing", want)
		}
	}
	pages := linesOf(t, file)
	for i, lines := range pages {
		want := fmt.Sprintf("Seite %d von %d", i+1, len(pages))
		if foot := lines[len(lines)-2:]; foot[0] != p.Title || foot[1] != want {
			t.Errorf("page %d ends in %q", i+1, foot)
		}
	}
	if len(pages) < 2 {
		t.Errorf("%d pages", len(pages))
	}
}

// oneTable is a paper with a table of these cells below one column of numbers.
func oneTable(texts ...string) *paper.Paper {
	table := paper.Block{Kind: paper.Table, Columns: []paper.Column{{Name: "Number", Width: 20}, {Name: "Wording"}}}
	for i, text := range texts {
		table.Rows = append(table.Rows, []paper.Cell{
			paper.Text(fmt.Sprintf("row-%d", i)),
			{Lines: []paper.Line{{Text: text}}, Fields: []paper.Field{{Label: "label " + fmt.Sprint(i), Text: "field " + text}}},
		})
	}
	return &paper.Paper{
		Language: "en", Title: "T", Page: "page", Of: "of", Codes: "codes are explained", Made: time.Unix(1, 0).UTC(), Blocks: []paper.Block{table},
	}
}

func TestWrite_LongTable_GoesOnUnderTheSameHead(t *testing.T) {
	texts := make([]string, 120)
	for i := range texts {
		texts[i] = fmt.Sprintf("the text of row %d", i)
	}
	pages := linesOf(t, write(t, oneTable(texts...)))
	if len(pages) < 4 {
		t.Fatalf("%d pages", len(pages))
	}
	next := 0
	for i, lines := range pages {
		begin := lines
		if i == 0 {
			begin = lines[2:] // title and subtitle
		}
		if begin[0] != "Number" || begin[1] != "Wording" {
			t.Errorf("page %d begins with %q", i+1, begin[:2])
		}
		for _, line := range lines {
			if line == fmt.Sprintf("row-%d", next) {
				next++
			}
		}
	}
	if next != len(texts) {
		t.Errorf("%d rows in order, want %d", next, len(texts))
	}
}

func TestWrite_RowLongerThanAPage_LosesNoWord(t *testing.T) {
	words := make([]string, 4000)
	for i := range words {
		words[i] = fmt.Sprintf("w%d", i)
	}
	got := strings.Fields(strings.Join(strings.Split(allText(linesOf(t, write(t, oneTable("short", strings.Join(words, " "), "last")))), "\n"), " "))
	next := 0
	for _, word := range got {
		if next < len(words) && word == words[next] {
			next++
		}
	}
	if next != len(words) {
		t.Errorf("%d words of %d are there in order", next, len(words))
	}
	if strings.Count(strings.Join(got, " "), "row-2") != 1 {
		t.Error("the row after the long one is missing")
	}
}

func TestWrite_CharactersThatTheFontLacks_AreTheirNumbers(t *testing.T) {
	const evidence = "Ünïcödé Ελλάδα Россия 中 \U0001F600 a\u200bb \u202eevil \x00\x07 (par\\en) e\u0301 {nb} \xff"
	got := allText(linesOf(t, write(t, oneTable(evidence))))
	for _, want := range []string{
		"Ünïcödé Ελλάδα Россия ", "[U+4E2D]", "[U+1F600]", "a[U+200B]b", "[U+202E]evil", "[U+0000][U+0007]", `(par\en)`, "é", "{nb}",
		"codes are explained",
	} {
		if !strings.Contains(squeezed(got), squeezed(want)) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
	if plain := allText(linesOf(t, write(t, oneTable("plain")))); strings.Contains(plain, "codes are explained") {
		t.Error("codes are explained where there are none")
	}
}

func TestWrite_VeryLongWord_StaysOnThePage(t *testing.T) {
	word := strings.Repeat("Wiedervorlagen", 300)
	p := oneTable(word)
	for _, kind := range []paper.Kind{paper.Paragraph, paper.Section, paper.Quote, paper.Code, paper.Summary} {
		p.Blocks = append(p.Blocks, paper.Block{Kind: kind, Label: "In short:", Text: word, Items: []string{word}})
	}
	got := squeezed(allText(linesOf(t, write(t, p))))
	if n := strings.Count(got, "Wiedervorlagen"); n < 7*290 {
		t.Errorf("%d of %d are there", n, 7*300)
	}
	f, err := newFonts()
	if err != nil {
		t.Fatal(err)
	}
	s := style{size: sizeText}
	for _, line := range f.wrap(word+" "+word, s, 50) {
		if width := f.width(strings.TrimRight(line, " "), s); width > 50 {
			t.Errorf("a line is %.1f mm wide", width)
		}
	}
}

func FuzzWrite_AnyText_IsWrittenAndNotLost(f *testing.F) {
	for _, seed := range []string{"", "a", "a b\nc", "\x00", "中文 text", "\xff\xfe", "((\\", strings.Repeat("x", 500), "e\u0301\u0302", "\r\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 5000 {
			return
		}
		got := squeezed(allText(linesOf(t, write(t, oneTable(text)))))
		fonts, err := newFonts()
		if err != nil {
			t.Fatal(err)
		}
		want := squeezed(fonts.shown(text, style{}))
		if len(want) < 300 && !strings.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	})
}
