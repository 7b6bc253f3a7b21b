package duty_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/duty"
	"github.com/assent-io/assent/internal/locale"
)

// changed returns the catalog with every key, some of its text replaced by others: old, new, old, new.
func changed(t *testing.T, replaced ...string) *catalog.Catalog {
	t.Helper()
	document, err := os.ReadFile(filepath.Join("..", "..", "examples", "catalogs", "every-key.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(document)
	for pair := range slices.Chunk(replaced, 2) {
		if !strings.Contains(text, pair[0]) {
			t.Fatalf("the catalog does not have %q", pair[0])
		}
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	cat, _, err := catalog.Parse("catalog", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func recordsOf(t *testing.T, lang locale.Language, replaced ...string) *duty.Records {
	t.Helper()
	return duty.NewRecords(changed(t, replaced...), duty.Rules{Version: 7}, lang, time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC))
}

// holds checks that a list has a text that contains what is wanted.
func holds(t *testing.T, what string, list []string, want string) {
	t.Helper()
	if !slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, want) }) {
		t.Errorf("%s: %q is not in %q", what, want, list)
	}
}

func TestRecords_EachChannelIsAnActivityWithWhatArt30AsksFor(t *testing.T) {
	r := recordsOf(t, locale.English)
	if len(r.Controllers) != 1 || r.Controllers[0].PrivacyContact != "dsb@netz.example" ||
		r.Controllers[0].SupervisoryAuthority != "Datenschutzbehörde, Barichgasse 40–42, 1030 Wien" {
		t.Fatalf("controllers: %+v", r.Controllers)
	}
	all := r.Controllers[0].Activities
	if len(all) != 4+6 || all[9].Number != 10 {
		t.Fatalf("%d activities", len(all))
	}
	offers := all[1]
	if offers.Channel != "offers" || offers.Name != "Offers" || offers.Department != "Sales" || len(offers.LegalBases) != 3 {
		t.Errorf("offers: %+v", offers)
	}
	holds(t, "persons", offers.Persons, "Customers who bought")
	holds(t, "data", offers.Data, "kind of goods")
	holds(t, "recipients", offers.Recipients, "Versand AG (processor, AT)")
	holds(t, "third countries", offers.ThirdCountries, "None.")
	for _, want := range []string{
		"replaced: 3 years", "never confirmed, after their time is over: 30 days", "after this period without a message on the channel: 18 months",
		"3 years from the end of the year", "ledger", "schedule of the group",
	} {
		holds(t, "retention", offers.Retention, want)
	}
	if outages := all[2]; slices.ContainsFunc(outages.Retention, func(s string) bool { return strings.Contains(s, "never confirmed") }) {
		t.Errorf("no one signs up to messages about a contract: %q", outages.Retention)
	}
	if log := all[6]; log.Name != "Log of disclosures" || len(log.Retention) != 1 {
		t.Errorf("the log: %+v", log)
	}
}

func TestRecords_RecipientOutsideTheEEA_IsATransfer(t *testing.T) {
	r := recordsOf(t, locale.English, "country: AT", "country: US")
	a := r.Controllers[0].Activities[0]
	if len(a.ThirdCountries) != 1 || !strings.HasPrefix(a.ThirdCountries[0], "Versand AG in US. Safeguard") {
		t.Errorf("third countries: %q", a.ThirdCountries)
	}
	if !r.Controllers[0].Recipients[0].ThirdCountry {
		t.Error("the recipient is not in a third country")
	}
}

func TestRecords_WithoutRecipientsAndPeriods_SaysWhatIsMissing(t *testing.T) {
	const recipient = `  - {client: mail-tool, name: Versand AG, postal_address: "Gasse 1, 1010 Wien", role: processor, country: AT}`
	r := recordsOf(t, locale.English, recipient, "", "recipients:", "#", "evidence: P3Y", "# evidence")
	a := r.Controllers[0].Activities[0]
	holds(t, "recipients", a.Recipients, "name no recipients")
	holds(t, "third countries", a.ThirdCountries, "Not known")
	holds(t, "retention", a.Retention, "no period is set")
}

func TestRecords_Page_HasEveryTextInItsLanguageAndLeavesBlanks(t *testing.T) {
	for lang, wants := range map[locale.Language][]string{
		locale.English: {`<html lang="en">`, "from version 7 of the rules", "made on 29 November 2026", "7(3) and 21(3) GDPR", "Magazine"},
		locale.German:  {`<html lang="de">`, "aus Version 7 des Regelwerks", "erstellt am 29.11.2026", "Art. 30 Abs. 1 DSGVO", "Abschaltungen"},
	} {
		r := recordsOf(t, lang, "    supervisory_authority", "    # supervisory_authority")
		page, err := r.HTML()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range append(wants, "Netz AG", "AES-256-GCM") {
			if !strings.Contains(string(page), want) {
				t.Errorf("%s: %q is missing", lang.Tag(), want)
			}
		}
		if blanks := strings.Count(string(page), `<div class="blank">`); blanks != 3 {
			t.Errorf("%s: %d blanks, want those for the authority, joint controllers and further measures", lang.Tag(), blanks)
		}
	}
}
