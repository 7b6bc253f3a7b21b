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

func TestSources_WhatFollowsFromAnEvent_IsItsOrigin(t *testing.T) {
	for _, c := range []struct {
		event dossier.Event
		want  string
	}{
		{dossier.Event{Kind: "suppress", Reason: "EXTERNAL_LIST", List: "robinson"}, "external list “robinson”"},
		{dossier.Event{Kind: "suppress", Reason: "COMPLAINT"}, "report of a recipient or an e-mail provider (complaint)"},
		{dossier.Event{Kind: "suppress", Reason: "COMPLAINT", Of: "spelling"}, "report of a recipient or an e-mail provider (complaint)"},
		{dossier.Event{Kind: "suppress", Reason: "HARD_BOUNCE"}, "report of a mail server (message could not be delivered)"},
		{dossier.Event{Kind: "suppress", Reason: "OBJECTION"}, "statement of the person, way not stated"},
		{dossier.Event{Kind: "suppress", Reason: "OBJECTION", Source: "paper"}, "on paper"},
		{dossier.Event{Kind: "suppress", Reason: "MANUAL"}, "made by the controller"},
		{dossier.Event{Kind: "lift", Reason: "COMPLAINT"}, "made by the controller"},
		{dossier.Event{Kind: "withdraw", Of: "spelling"}, "recorded for another spelling of the address, or for its domain"},
		{dossier.Event{Kind: "withdraw"}, "statement of the person, way not stated"},
		{dossier.Event{Kind: "confirm"}, "confirmation by e-mail"},
		{dossier.Event{Kind: "grant", LegalBasis: "existing_customer"}, "not stated"},
	} {
		if got := originOf(&c.event).EN; got != c.want {
			t.Errorf("%s %s: %q, want %q", c.event.Kind, c.event.Reason, got, c.want)
		}
	}
}

func TestHTML_LegalTexts_AreThoseOfTheLaw(t *testing.T) {
	for lang, texts := range map[locale.Language]map[string]bool{
		locale.German: {
			"§ 7 Abs. 3 UWG; § 174 Abs. 4 TKG 2021": true, "Art. 13 Abs. 2 Richtlinie 2002/58/EG": true, "Signierter Stand": true,
			"aufgrund der Einwilligung bis zum Widerruf erfolgten Verarbeitung nicht berührt": true,
			"3 Jahre ab deren Ende": true, "Gesperrt ist damit: jede Werbung": true, "Art. 19 DSGVO": true,
			"Unterschrieben": false, "Holen Sie": false, "Dies sperrt": false, "solange erforderlich": false, "36 Monate": false,
			"versendende Abteilung": false, "bleibt rechtmäßig": false,
		},
		locale.English: {
			"section 7(3) German UWG; section 174(4) Austrian TKG 2021":                           true,
			"does not affect the lawfulness of processing based on consent before its withdrawal": true,
			"3 years from their end": true, "Art. 19 GDPR": true,
			"as long as it is needed": false, "sending department": false, "stays lawful": false, "36 months": false,
		},
	} {
		d := sample(t, lang)
		page := html.UnescapeString(pageOf(t, d))
		for text, want := range texts {
			if strings.Contains(page, text) != want {
				t.Errorf("%s, %q: %t, want %t", lang.Tag(), text, !want, want)
			}
		}
		for i := range d.Channels {
			if remedy := d.Channels[i].Remedy.In(lang); remedy != "" && strings.Contains(page, remedy) {
				t.Errorf("the page tells the person what is for departments: %q", remedy)
			}
		}
	}
}

func TestHTML_NothingHeld_SaysSoWithControllerAndAuthority(t *testing.T) {
	d := dossier.Dossier{
		Language: "de", Subject: dossier.Subject{Address: "nobody@example.org"}, Made: dossier.Made{Time: 1},
		Controllers: []dossier.Controller{{ID: "acme", Name: "Acme GmbH", SupervisoryAuthority: "Datenschutzbehörde"}},
	}
	d.Complete()
	page := pageOf(t, &d)
	for text, want := range map[string]bool{
		"keine personenbezogenen Daten verarbeitet": true, "Datenschutzbehörde": true, "Art. 77 DSGVO": true, "1. Wer für die Verarbeitung": true,
		"Empfänger": false, "Speicherdauer": false, "Kurz gefasst": false,
	} {
		if strings.Contains(page, text) != want {
			t.Errorf("%q: %t, want %t", text, !want, want)
		}
	}
}
