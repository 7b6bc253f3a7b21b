package cli_test

import (
	"strings"
	"testing"

	"golang.org/x/text/language"

	"github.com/assent-io/assent/internal/web/translation"
)

func TestTexts_PrintsAFileToBeginFrom(t *testing.T) {
	for format, begin := range map[string]string{"text": "# The texts of the pages", "json": "{"} {
		got := run(t, "texts", "--language", "de", "--format", format).must(t, 0).stdout
		texts, err := translation.Parse("fr", language.French, []byte(got))
		if err != nil || !strings.HasPrefix(got, begin) || texts.Name() != "Deutsch" {
			t.Errorf("%s: %v, %.80q", format, err, got)
		}
	}
	run(t, "texts", "--language", "fr").must(t, 2)
}
