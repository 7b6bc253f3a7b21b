package recipient

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/web/translation"
)

// TestPage_InALanguageOfAFile_IsWrittenInItsDirection adds Arabic, which is written from right to left, and names of the catalog in German.
func TestPage_InALanguageOfAFile_IsWrittenInItsDirection(t *testing.T) {
	document := string(translation.Document(locale.English))
	for key, text := range map[string]string{
		"language": "العربية", "names": "de", "title": "رسائلك", "leave": "إلغاء الاشتراك في {channel}", "done.leave": "لن تصلك {channel} بعد الآن.",
		"oneClick": "وصل طلبك.",
	} {
		before, rest, _ := strings.Cut(document, "\n"+key+": ")
		_, after, _ := strings.Cut(rest, "\n")
		document = before + "\n" + key + `: "` + text + "\"\n" + after
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ar.yaml"), []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	texts, err := translation.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := newSiteIn(t, texts)
	body := bodyOf(s.ask(http.MethodGet, "/u/t", "", "Accept-Language", "ar-EG"))
	for _, want := range []string{
		`<html lang="ar" dir="rtl">`, "<h1>رسائلك</h1>", `<h3 lang="de"><bdi>Wöchentlicher Newsletter</bdi></h3>`, "إلغاء الاشتراك في \u2068Angebote\u2069",
		`<a href="?lang=en" lang="en" hreflang="en" dir="ltr">English</a>`, `>Deutsch</a>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if body := bodyOf(s.ask(http.MethodGet, "/u/t?lang=en", "", "Accept-Language", "ar")); !strings.Contains(body, `<a href="?lang=ar" lang="ar" hreflang="ar" dir="rtl">العربية</a>`) {
		t.Error("the English page has no link to the Arabic one")
	}
	if got := bodyOf(s.ask(http.MethodPost, "/u/t?lang=ar", "action=leave&channel=offers", "Content-Type", form)); !strings.Contains(got, "لن تصلك \u2068Angebote\u2069 بعد الآن.") {
		t.Errorf("the answer is %s", got)
	}
	if got := bodyOf(s.ask(http.MethodPost, "/u/t", "List-Unsubscribe=One-Click", "Content-Type", form, "Accept-Language", "ar")); got != "وصل طلبك.\n" {
		t.Errorf("one click is answered with %q", got)
	}
}
