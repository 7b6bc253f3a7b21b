package translation

import (
	"strings"
	"testing"

	"golang.org/x/text/language"

	"github.com/assent-io/assent/internal/locale"
)

// FuzzParse reads any bytes as the texts of a language: what is taken has every text with its placeholders, and what is not has a reason.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		string(Document(locale.English)), string(Document(locale.German)), asJSON(nil), "title: a\n", "title: a\ntitle: b\n", "{}", "[", "- a", "? a\n: b",
		"a: &b c\nd: *b", "title: {a: {b: c}}", "title: |\n  a\n  b\n", "!!binary a: b", "%YAML 1.2\n---\n", "\ufeff", "\x00", "intro: '{address} {controller}'",
		"<<: {a: b}", "title: \"\\u202e\"", "title: 1.10\n", "{\"title\": \"a\"", "---\n---\n", "title:\n  - a\n", "\"title\": 'it''s'",
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, document []byte, known bool) {
		tag := language.French
		if known {
			tag = language.German
		}
		texts, err := Parse("file.yaml", tag, document)
		if err != nil {
			if !strings.Contains(err.Error(), "file.yaml") {
				t.Errorf("the error does not say where: %v", err)
			}
			return
		}
		for _, key := range keys() {
			english, _ := locale.Find(key)
			text := texts.Get(key)
			if text == key || strings.TrimSpace(text) == "" || strings.Join(placeholders(text), ",") != strings.Join(placeholders(english.EN), ",") {
				t.Errorf("%s is %q", key, text)
			}
		}
		if len(months(texts.Get(keyMonths))) != monthsOfYear {
			t.Errorf("the months are %q", texts.Get(keyMonths))
		}
	})
}
