package answer

import (
	"bytes"
	"encoding/json"
	"flag"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/locale"
)

var update = flag.Bool("update", false, "take over the answers of the tests")

// sample returns the dossier that package dossier writes as JSON in its tests.
func sample(t testing.TB, lang locale.Language) *dossier.Dossier {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "dossier."+lang.Tag()+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var d dossier.Dossier
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

func pageOf(t *testing.T, d *dossier.Dossier) string {
	t.Helper()
	data, err := HTML(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (run with -update to take it over): %s", name, cmp.Diff(string(want), string(got)))
	}
}

func TestHTML_InBothLanguages_IsAsItWas(t *testing.T) {
	for _, lang := range []locale.Language{locale.English, locale.German} {
		golden(t, "dossier."+lang.Tag()+".html", []byte(pageOf(t, sample(t, lang))))
	}
}

func TestHTML_EachTextOfThePaper_IsInThePage(t *testing.T) {
	for _, lang := range []locale.Language{locale.English, locale.German} {
		d := sample(t, lang)
		page := html.UnescapeString(pageOf(t, d))
		for _, text := range Paper(d).Texts() {
			if !strings.Contains(page, text) {
				t.Errorf("%q is missing", text)
			}
			if regexp.MustCompile(`^(page|field|status|answer|held|retention|origin|source|role)\.\w+`).MatchString(text) {
				t.Errorf("%q is a key and not a text", text)
			}
		}
	}
}

func TestHTML_NothingFromElsewhere_AndNothingOfWhatWasRecordedRuns(t *testing.T) {
	page := pageOf(t, sample(t, locale.German))
	if found := regexp.MustCompile(`(?i)<script|<link|<img|<iframe|\son[a-z]+=|src=|href=|url\(|@import`).FindAllString(page, -1); found != nil {
		t.Errorf("the page has %q", found)
	}
	if !strings.Contains(page, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("the note is not shown as text")
	}
}

func TestHTML_EmployeeWhoTookAnEventDown_IsNamedOnlyIfTheDossierDoes(t *testing.T) {
	d := sample(t, locale.English)
	evidence := consent.Evidence{Operator: "Berta Beispiel"}
	for named, operators := range []bool{false, true} {
		d.Events[2].SetEvidence(&evidence, operators)
		if got := strings.Count(pageOf(t, d), "Berta Beispiel"); got != named {
			t.Errorf("named %d, want %d", got, named)
		}
	}
}

func TestHTML_Letter_SaysWhatIsGivenAndLeavesOutTheRest(t *testing.T) {
	d := sample(t, locale.German)
	received := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	d.Request = dossier.Request{FileNumber: "DS-17/2026", Date: "2026-01-31", DueDate: wording.MonthAfter(received).Format(time.DateOnly)}
	page := pageOf(t, d)
	for text, want := range map[string]bool{
		"DS-17/2026": true, "31.01.2026": true, "28.02.2026": true, "Prüfung der Identität": false, "Antragstellende Person": false,
	} {
		if got := strings.Contains(page, text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// bothLanguages fails unless a text says something in both languages, and not the same.
func bothLanguages(t *testing.T, what string, text locale.Text) {
	t.Helper()
	if text.EN == "" || text.DE == "" || text.EN == text.DE {
		t.Errorf("%s: %+v", what, text)
	}
}

func TestTexts_EveryBasisSourceAndClass_IsSaidInBothLanguages(t *testing.T) {
	for _, basis := range []catalog.Basis{
		catalog.BasisConsent, catalog.BasisExistingCustomer, catalog.BasisTerms, catalog.BasisContract, catalog.BasisLegalObligation,
	} {
		bothLanguages(t, string(basis), basisName(string(basis)))
	}
	for _, source := range []string{
		"", consent.SourceWebForm, consent.SourceDoubleOptIn, consent.SourceAPI, consent.SourceImport, consent.SourcePaper,
		consent.SourceInPerson, consent.SourcePhone,
	} {
		bothLanguages(t, source, sourceName(source))
	}
	for _, class := range []catalog.Class{catalog.ClassMarketing, catalog.ClassTransactional, catalog.ClassLegalNotice} {
		bothLanguages(t, string(class), className(string(class)))
	}
}
