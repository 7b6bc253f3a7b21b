package translation

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/language"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/locale"
)

// folder is a directory with files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// with is the English file with other lines for some keys; an empty line removes the key.
func with(lines map[string]string) string {
	var out strings.Builder
	for line := range strings.Lines(string(Document(locale.English))) {
		key, _, _ := strings.Cut(line, ":")
		if other, ok := lines[key]; ok {
			line = other
		}
		out.WriteString(line)
	}
	return out.String()
}

func TestDocument_IsAFileToBeginFrom(t *testing.T) {
	for lang, builtIn := range map[locale.Language]int{locale.English: 0, locale.German: 1} {
		texts, err := Parse("fr.yaml", language.French, Document(lang))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(BuiltIn().All()[builtIn].texts, texts.texts); diff != "" {
			t.Errorf("%s (-program +file):\n%s", lang.Tag(), diff)
		}
	}
}

func TestRead_AddsLanguagesAndReplacesTexts(t *testing.T) {
	s, err := Read(folder(t, map[string]string{
		"pt-BR.yaml":  with(map[string]string{"language": "language: Português\n", "names": "names: de\n"}),
		"ar.json":     `{"language": "العربية",` + strings.TrimPrefix(asJSON(map[string]string{"language": "", "months": `"ا، ب، ت، ث، ج، ح، خ، د، ذ، ر، ز، س"`}), "{"),
		"de.yaml":     "\ufeffconfirm.yes: Ja\r\n",
		"README.md":   "not a file of texts",
		".hidden.yml": "no",
	}))
	if err != nil {
		t.Fatal(err)
	}
	var tags []string
	for _, texts := range s.All() {
		tags = append(tags, texts.Tag()+" "+texts.Direction()+" "+texts.Name()+" "+texts.NamesTag())
	}
	if diff := cmp.Diff([]string{"en ltr English ", "de ltr Deutsch ", "ar rtl العربية en", "pt-BR ltr Português de"}, tags); diff != "" {
		t.Error(diff)
	}
	if german := s.All()[1]; german.Get("recipient.confirm.yes") != "Ja" || german.Get("recipient.confirm.notMe") != "Das war ich nicht" {
		t.Errorf("got %q, %q", german.Get("recipient.confirm.yes"), german.Get("recipient.confirm.notMe"))
	}
	for _, c := range []struct{ asked, header, want string }{
		{"", "", "en"},
		{"", "ar-EG,ar;q=0.9,en;q=0.5", "ar"},
		{"", "pt-PT", "pt-BR"},
		{"", "fr, de;q=0.3", "de"},
		{"pt-BR", "ar", "pt-BR"},
		{"xx", "ar", "ar"},
		{"", strings.Repeat("de,", 10_000), "de"},
		{"", "\xff;;q=", "en"},
	} {
		if got := s.Match(c.asked, c.header).Tag(); got != c.want {
			t.Errorf("%q, %.40q: got %s, want %s", c.asked, c.header, got, c.want)
		}
	}
}

// asJSON is the English file as JSON, without the keys of the lines, and with those that say something.
func asJSON(lines map[string]string) string {
	var members []string
	for line := range strings.Lines(string(Document(locale.English))) {
		key, text, found := strings.Cut(strings.TrimSpace(line), ": ")
		other, given := lines[key]
		switch {
		case !found || strings.HasPrefix(line, "#") || given && other == "":
			continue
		case given:
			text = other
		}
		members = append(members, `"`+key+`": `+text)
	}
	return "{" + strings.Join(members, ",\n") + "}"
}

func TestRead_WhatIsWrong_IsSaidWithItsPlace(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"fr.yaml", with(map[string]string{"imprint": "", "oneClick": ""}), "fr.yaml: it lacks imprint, oneClick; `assent texts` prints"},
		{"fr.yaml", "language: Français\n", " more; `assent texts` prints"},
		{"fr.yaml", with(map[string]string{"title": "titel: Mes e-mails\n"}), `fr.yaml:` + lineOf("title") + `: there is no text "titel"; is it title?`},
		{"fr.yaml", with(map[string]string{"title": "title: A\ncolour: red\n"}), `there is no text "colour"; remove the line`},
		{"fr.yaml", with(map[string]string{"title": "title: A\ntitle: B\n"}), "the text title stands in line " + lineOf("title") + ", too"},
		{"fr.yaml", with(map[string]string{"intro": "intro: E-mails de {controller}\n"}), "fr.yaml:" + lineOf("intro") +
			": the text intro lacks the placeholder {address}; it has to have {address}, {controller}"},
		{"fr.yaml", with(map[string]string{"title": `title: "Bonjour {name}"` + "\n"}), "the text title has the placeholder {name}, which nothing is known for; it may have none"},
		{"fr.yaml", with(map[string]string{"title": `title: "Bonjour {"` + "\n"}), "the text title has a brace that belongs to no placeholder"},
		{"fr.yaml", with(map[string]string{"title": `title: " "` + "\n"}), "the text title says nothing"},
		{"fr.yaml", with(map[string]string{"title": `title: "a\nb"` + "\n"}), "the text title has a line end"},
		{"fr.yaml", with(map[string]string{"title": "title: true\n"}), "the text title is a truth value; write it between quotes"},
		{"fr.yaml", with(map[string]string{"title": "title: " + strings.Repeat("a", maxText+1) + "\n"}), "the text title has more than 2000 bytes"},
		{"fr.yaml", with(map[string]string{"title": "title: [a]\n"}), `only lines KEY: "TEXT" may stand here`},
		{"fr.yaml", with(map[string]string{"title": "title: &a b\n"}), `only lines KEY: "TEXT" may stand here`},
		{"fr.yaml", with(map[string]string{"names": "names: fr\n"}), `names is "fr"; it has to be en or de`},
		{"fr.yaml", with(map[string]string{"months": "months: janvier, février\n"}), "months has 2 names; it has to have 12"},
		{"fr.yaml", with(map[string]string{"leave": "leave: Garder {channel}\n", "keep": "keep: Garder {channel}\n"}), "fr.yaml:" + lineOf("leave") +
			`: the texts keep and leave are the same, "Garder {channel}"; people choose between them`},
		{"en.yaml", "confirm.notMe: Yes, I agree\n", "en.yaml:1: the texts confirm.yes and confirm.notMe are the same"},
		{"fr.yaml", "title: \"open\n", "this is not valid YAML"},
		{"fr.yaml", "", "it has to be one document"},
		{"fr.yaml", "title: A\n---\ntitle: B\n", "it has to be one document"},
		{"fr.yaml", "title: \xff\n", "it is not UTF-8"},
		{"fr.yaml", strings.Repeat("#", maxFile+1), "it has more than 256 KiB"},
		{"french.yaml", sound(), `"french" is not the tag of a language (BCP 47); name the file for its language, such as fr.yaml`},
		{"xx.yaml", sound(), `"xx" is not the tag of a language`},
		{"und.yaml", sound(), `"und" is not the tag of a language`},
		{"pt_BR.yaml", sound(), "the tag of the language is written pt-BR; name the file pt-BR.yaml"},
		{"de.yaml", "titel: Post\n", `there is no text "titel"; is it title?`},
	} {
		_, err := Read(folder(t, map[string]string{c.file: c.text}))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %.60q: got %v, want %q", c.file, c.text, err, c.want)
		}
	}
	if _, err := Read(folder(t, map[string]string{"fr.yaml": sound(), "fr.json": sound()})); err == nil || !strings.Contains(err.Error(), "already has the file fr.json") {
		t.Errorf("two files of a language: %v", err)
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a directory that there is not is read")
	}
	if s, err := Read(""); err != nil || len(s.All()) != 2 {
		t.Errorf("no directory: %v", err)
	}
}

// sound is a file without faults.
func sound() string { return with(nil) }

// lineOf returns the line of a key in the file to begin from.
func lineOf(key string) string {
	before, _, _ := strings.Cut(string(Document(locale.English)), "\n"+key+":")
	return strconv.Itoa(strings.Count(before, "\n") + 2)
}

func TestTexts_FromRightToLeft_IsolateWhatIsFilledIn(t *testing.T) {
	for tag, want := range map[string]string{
		"ar": "\u2068h•••@e•••.at\u2069", "he": "\u2068h•••@e•••.at\u2069", "az-Arab": "\u2068h•••@e•••.at\u2069", "az": "h•••@e•••.at", "fr": "h•••@e•••.at",
	} {
		texts, err := Parse(tag+".yaml", language.MustParse(tag), []byte(sound()))
		if err != nil {
			t.Fatal(err)
		}
		got := texts.Fill("recipient.intro", Values{"address": "h•••@e•••.at", "controller": "Acme"})
		if !strings.Contains(got, " to "+want+".") {
			t.Errorf("%s: got %q", tag, got)
		}
	}
}

func TestTexts_NamesAndDays(t *testing.T) {
	german := BuiltIn().All()[1]
	name := catalog.LocalName{EN: "Weekly newsletter", DE: "Wöchentlicher Newsletter"}
	if got := german.Called(name); got != name.DE {
		t.Errorf("got %q", got)
	}
	if got := german.Day(time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)); got != "3. Jänner 2026" {
		t.Errorf("got %q", got)
	}
	if got := german.Get("recipient.unheard-of"); got != "recipient.unheard-of" {
		t.Errorf("got %q", got)
	}
}
