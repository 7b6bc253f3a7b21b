package dossier

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/locale"
)

func TestRender_EveryFormatInBothLanguages_IsAsItWas(t *testing.T) {
	for _, lang := range []locale.Language{locale.English, locale.German} {
		s := newSample(t, lang)
		for ext, render := range map[string]func(*Dossier) ([]byte, error){"json": JSON, "csv": CSV} {
			data, err := render(&s.dossier)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "dossier."+lang.Tag()+"."+ext, data)
		}
	}
}

func TestJSON_ReadAgain_IsTheSameDossier(t *testing.T) {
	s := newSample(t, locale.English)
	data, err := JSON(&s.dossier)
	if err != nil {
		t.Fatal(err)
	}
	var again Dossier
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.dossier, again); diff != "" {
		t.Error(diff)
	}
}

func TestJSONAndCSV_EmployeeWhoTookAnEventDown_IsNamedOnlyIfAskedFor(t *testing.T) {
	s := newSample(t, locale.English)
	_, evidence := sampleEvents()
	for named, operators := range []bool{false, true} {
		s.dossier.Events[2].SetEvidence(&evidence[3], operators)
		for _, render := range []func(*Dossier) ([]byte, error){JSON, CSV} {
			data, err := render(&s.dossier)
			if err != nil || strings.Count(string(data), "Berta Beispiel") != named {
				t.Errorf("named %d, want %d (%v)", strings.Count(string(data), "Berta Beispiel"), named, err)
			}
		}
	}
}

func TestCSV_CellThatASpreadsheetWouldRun_IsText(t *testing.T) {
	s := newSample(t, locale.English)
	for i, evil := range []string{
		"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "|calc", "%0A=1", "\u2212" + "1",
		"\u200b=1", "\ufeff=1", "\u00ad@A1", "\u2060\u200d+1", "\u202e-1", "\u00a0=1", "\u3000=1", "\u034f=1", "\ufe0f=1", "\u3164=1", "\x00=1",
		" \u200b \t=1", "\U000e0020=1", "\ta", " \ra",
	} {
		s.dossier.Events[i%len(s.dossier.Events)].Evidence.Note = evil
		data, err := CSV(&s.dossier)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		column := slices.Index(rows[0], "note")
		got := rows[1+i%len(s.dossier.Events)][column]
		if !strings.HasPrefix(got, "'") {
			t.Errorf("%q is written as %q", evil, got)
		}
	}
	for _, harmless := range []string{"", " ", "\u200b", "anna@example.com", "\u200banna+x@example.com", "2026-11-29T00:00:00Z", "Größe = 1"} {
		if got := defused(harmless); got != harmless {
			t.Errorf("%q is written as %q", harmless, got)
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

func TestTexts_EveryKindReasonBasisAndSource_IsSaidInBothLanguages(t *testing.T) {
	var kinds []string
	for k := consent.Kind(1); k.String() != "unknown"; k++ {
		kinds = append(kinds, k.String())
		e := consent.Event{Facts: consent.Facts{Kind: k, Channels: []string{"newsletter"}, Reason: consent.ReasonObjection}}
		text := wording.Describe(&e, sampleNames)
		bothLanguages(t, k.String(), text)
		if strings.Contains(text.EN, "("+k.String()+")") {
			t.Errorf("%s has no sentence of its own", k)
		}
	}
	for _, kind := range kinds {
		bothLanguages(t, kind, wording.KindName(kind))
		bothLanguages(t, kind, kindCount(kind, 1))
	}
	for _, reason := range []consent.Reason{
		consent.ReasonLegalBlock, consent.ReasonProcessingRestricted, consent.ReasonHardBounce, consent.ReasonManual,
		consent.ReasonObjection, consent.ReasonComplaint, consent.ReasonErased, consent.ReasonExternalList,
	} {
		bothLanguages(t, string(reason), wording.ReasonName(reason))
		bothLanguages(t, string(reason), wording.ReasonExplained(reason))
		bothLanguages(t, string(reason), wording.ReasonRemedy(reason))
	}
	for _, basis := range []catalog.Basis{
		catalog.BasisConsent, catalog.BasisExistingCustomer, catalog.BasisTerms, catalog.BasisContract, catalog.BasisLegalObligation,
	} {
		bothLanguages(t, string(basis), wording.Describe(&consent.Event{Facts: consent.Facts{Kind: consent.KindGrant, Basis: basis}}, sampleNames))
	}
}

func TestRetention_PeriodToTheEndOfAYear_SaysWhereItBegins(t *testing.T) {
	list := RetentionOf(map[string]string{"claims": "P3Y/EOY", "disclosures": "P3Y"})
	said := map[string]string{}
	for _, r := range list {
		said[r.Of] = r.Text.DE
	}
	if !strings.Contains(said["claims"], ": 3 Jahre ab der Löschung (gerechnet ab dem Schluss des Jahres).") {
		t.Error(said["claims"])
	}
	if !strings.Contains(said["disclosures"], ": 3 Jahre ab dem Ende des Tages der Offenlegung.") {
		t.Error(said["disclosures"])
	}
}

func TestHeld_ErasedAndUnknown_SaysWhatIsLeftAndNothingElse(t *testing.T) {
	d := Dossier{
		Subject: Subject{Address: "anna@example.com", ErasedTime: Time(at(9, 9))},
		Held:    Held{Digests: []Digest{{Form: "exact", ErasedTime: Time(at(9, 9))}, {Form: "folded"}}},
		Events: []Event{
			{Kind: "refuse", OccurredTime: Time(at(1, 1)), EvidenceState: EvidenceDeleted},
			{Kind: "refuse", OccurredTime: Time(at(2, 1)), EvidenceState: EvidenceDeleted},
			{Kind: "erase", OccurredTime: Time(at(9, 9)), EvidenceState: EvidenceNone},
		},
		Suppressions: []Suppression{{Reason: "ERASED", SinceTime: Time(at(9, 9))}},
	}
	d.Complete()
	var en []string
	for _, s := range d.Held.Statements {
		bothLanguages(t, s.EN, s)
		en = append(en, s.EN)
	}
	want := []string{
		"The address itself is not held.",
		"A keyed digest of the address as it was given, from which the address cannot be read, and that it was erased on 9 March 2026.",
		"A keyed digest of the address without differences of spelling, from which the address cannot be read.",
		"2 refusals (evidence deleted: 2).",
		"1 erasure (without evidence).",
		"A suppression in force: erasure, since 9 March 2026.",
		"If a system reports something from before the erasure again: the day, the system and the number of such reports, without what was reported.",
		"For up to seven days, encrypted: the answers that the reporting systems got, so that a repeated report is not counted twice.",
		"Nothing else is held about this address in this system.",
	}
	if diff := cmp.Diff(want, en); diff != "" || d.Subject.Status != StatusErased {
		t.Errorf("%s: %s", d.Subject.Status, diff)
	}
	d = Dossier{Subject: Subject{Address: "anna@example.com"}}
	d.Complete()
	if len(d.Held.Statements) != 1 || d.Subject.Status != StatusUnknown {
		t.Errorf("%s: %+v", d.Subject.Status, d.Held.Statements)
	}
}
