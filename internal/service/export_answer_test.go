package service

import (
	"context"
	"html"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/export"
)

// answerable is the example catalog with what an answer to a request for access names, for two controllers.
func answerable(t testing.TB) string {
	t.Helper()
	text := strings.Replace(manyControllers(t), "\npolicy:\n", "\npolicy:\n  claims_period: P3Y/EOY\n", 1)
	text = strings.Replace(text, "    privacy_contact: datenschutz@acme.example\n", `    privacy_contact: datenschutz@acme.example
    supervisory_authority: "Datenschutzbehörde, Barichgasse 40-42, 1030 Wien"
    retention_note: { en: "invoices for seven years (section 132 BAO)", de: "Rechnungen sieben Jahre lang (§ 132 BAO)" }
`, 1)
	return text + `
recipients:
  - { client: test, name: "Acme GmbH, Newsletter-Redaktion", postal_address: "Hauptplatz 1, 1010 Wien", role: own_department, country: AT }
  - { client: mail-tool, name: "Mail Tool Inc.", postal_address: "1 Main Street, Springfield", role: processor, country: US }
`
}

// withClaimsKey gives the world a key under which evidence is kept for the defence of claims.
func (w *world) withClaimsKey() {
	w.t.Helper()
	dir := filepath.Dir(w.path)
	if _, err := seal.CreateClaims(filepath.Join(dir, "test.keys"), filepath.Join(dir, "officer.json")); err != nil {
		w.t.Fatal(err)
	}
	changed, err := seal.Open(filepath.Join(dir, "test.keys"))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.keys.Take(changed); err != nil {
		w.t.Fatal(err)
	}
}

// everything records a life with all that an answer tells of: two controllers, a soft opt-in, a listing, a bounce, a complaint, a lift,
// an objection, a link, a block of the domain and two recipients.
func (w *world) everything(admin context.Context, s *Service, address string) {
	w.t.Helper()
	mailTool := w.as(admin, s, administration.NewClient{ID: "mail-tool", AllDepartments: true, Scopes: []string{"check"}})
	unlisted := w.as(admin, s, administration.NewClient{ID: "old-crm", AllDepartments: true, Scopes: []string{"check"}})
	w.mustRecord(admin, s, consentOn("newsletter", address, w.clock.Now()))
	w.mustRecord(admin, s, statement.Statement{
		Kind: consent.KindGrant, Address: address, Channels: []string{"product-marketing"}, Basis: catalog.BasisExistingCustomer,
		TransactionID: "order-17", Notice: true, Goods: []string{"coffee"},
	})
	for _, st := range []statement.Statement{
		{Kind: consent.KindRefuse, Address: address, Channels: []string{"other-news"}},
		{Kind: consent.KindSuppress, Address: address, Reason: consent.ReasonExternalList, List: "robinson", Binds: consent.BindsAll},
		{Kind: consent.KindSuppress, Address: address, Reason: consent.ReasonHardBounce},
		{Kind: consent.KindSuppress, Address: address, Reason: consent.ReasonComplaint},
		{Kind: consent.KindLift, Address: address, Reason: consent.ReasonComplaint, Justification: "asked by phone"},
		{Kind: consent.KindSuppress, Address: address, Reason: consent.ReasonObjection, Note: "objected on the phone"},
		{Kind: consent.KindLink, Address: address, With: "anna.second@example.org"},
		{Kind: consent.KindSuppress, Domain: "example.at", Reason: consent.ReasonManual, Scope: "marketing"},
	} {
		w.mustRecord(admin, s, st)
	}
	w.wantCheck(mailTool, s, "newsletter", address, consent.CodeHardBounce)
	w.wantCheck(unlisted, s, "product-marketing", address, consent.CodeHardBounce)
}

func (w *world) answerTo(ctx context.Context, s *Service, address string, lang locale.Language) string {
	w.t.Helper()
	return html.UnescapeString(fileOf(ctx, w.t, s, export.Input{Address: address, Format: export.HTML, Language: lang}))
}

func TestExport_AnswerToAPerson_NamesAllThatArticle15Lists(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		w.withClaimsKey()
		if _, err := s.ApplyCatalog(admin, administration.ApplyCatalog{Document: answerable(t)}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		const anna = "anna@example.at"
		w.everything(admin, s, anna)
		page := w.answerTo(admin, s, anna, locale.German)
		for _, want := range []string{
			"Acme GmbH", "Other GmbH", "Datenschutzbehörde, Barichgasse 40-42, 1030 Wien", "An anderer Stelle bei Acme GmbH: Rechnungen sieben Jahre lang (§ 132 BAO)",
			"Mail Tool Inc.", "1 Main Street, Springfield", "Auftragsverarbeiter (Art. 28 DSGVO)", "Vereinigte Staaten",
			"in folgende Länder außerhalb des Europäischen Wirtschaftsraums übermittelt: Vereinigte Staaten",
			"old-crm", "Name und Anschrift fehlen im Verzeichnis der Empfänger", "Bei folgenden Empfängern ist das Land nicht verzeichnet: old-crm.",
			"externe Liste „robinson“", "Rückmeldung eines Mailservers", "(Beschwerde)", "vom Verantwortlichen vorgenommen",
			"für die ganze Domain example.at", "mit der diese verknüpft ist: anna.second@example.org",
			"§ 174 Abs. 4 TKG 2021", "3 Jahre ab der Löschung (gerechnet ab dem Schluss des Jahres)",
		} {
			if !strings.Contains(page, want) {
				t.Errorf("%q is missing", want)
			}
		}
		data, first := exported(t, func(send func(export.Chunk) error) error {
			return s.Export(admin, export.Input{Address: anna, Format: export.PDF, Language: locale.German}, send)
		})
		if !strings.HasPrefix(string(data), "%PDF-1.") || first.ContentType != "application/pdf" || !strings.HasSuffix(first.Name, ".pdf") {
			t.Errorf("%q of type %q begins with %.8q", first.Name, first.ContentType, data)
		}
	})
}

func TestExport_AfterAnErasureThatKeepsClaims_SaysWhatIsKept(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		w.withClaimsKey()
		if _, err := s.ApplyCatalog(admin, administration.ApplyCatalog{Document: answerable(t)}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		const anna, berta = "anna@example.at", "berta@example.org"
		w.everything(admin, s, anna)
		eraseNow(admin, t, w, s, anna)
		page := w.answerTo(admin, s, anna, locale.German)
		for _, want := range []string{
			"Abgesehen von dem, was zur Verteidigung von Rechtsansprüchen aufbewahrt wird (siehe unten), ist die Adresse selbst nicht gespeichert.",
			"die Adresse und die Nachweise zu allem, was die Löschung entfernt hat, also zu Einwilligungen, Ablehnungen, Widersprüchen und anderen Vorgängen",
		} {
			if !strings.Contains(page, want) {
				t.Errorf("%q is missing", want)
			}
		}
		d := dossierOf(admin, t, s, anna)
		if !d.Subject.ClaimsKept {
			t.Error("the JSON does not say that claims are kept")
		}
		for _, digest := range d.Held.Digests {
			if (digest.ErasedTime != 0) != (digest.Form != "domain") {
				t.Errorf("the digest of the form %s was erased at %q", digest.Form, digest.ErasedTime)
			}
		}
		english := w.answerTo(admin, s, anna, locale.English)
		if !strings.Contains(english, "consents, refusals, objections and other events") || strings.Contains(english, "objected on the phone") {
			t.Error("the English page does not say what is kept, or shows it")
		}
		w.mustRecord(admin, s, consentOn("newsletter", berta, w.clock.Now()))
		if page := w.answerTo(admin, s, berta, locale.German); strings.Contains(page, "was die Löschung entfernt hat") {
			t.Error("claims are named where nothing was erased")
		}
	})
}

func TestApplyCatalog_ClientThatIsNoRecipient_IsWarnedOf(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		w.withClaimsKey()
		w.as(admin, s, administration.NewClient{ID: "mail-tool", AllDepartments: true, Scopes: []string{"check"}})
		w.as(admin, s, administration.NewClient{ID: "old-crm", AllDepartments: true, Scopes: []string{"read"}})
		w.as(admin, s, administration.NewClient{ID: "shop", AllDepartments: true, Scopes: []string{"record"}})
		applied, err := s.ApplyCatalog(admin, administration.ApplyCatalog{Document: answerable(t)})
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(applied.Warnings, "\n"); !strings.Contains(all, "recipients lacks the clients old-crm: ") {
			t.Errorf("the warnings are %s", all)
		}
	})
}

func TestExport_NoticeThatWasShown_AndWhenAPersonWasInformed_AreTold(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin, _ := w.twoControllers()
		w.mustRecord(admin, s, statement.Statement{
			Kind: consent.KindGrant, Address: anna, Channels: []string{"shop"}, Basis: catalog.BasisExistingCustomer, TransactionID: "order-17",
			Notice: true, NoticeShown: consent.Declaration{ID: "till", Version: "1"}, Goods: []string{"tea"}, Source: consent.SourceInPerson,
		})
		w.mustRecord(admin, s, statement.Statement{Kind: consent.KindSuppress, Address: anna, Reason: consent.ReasonProcessingRestricted})
		w.clock.Advance(48 * time.Hour)
		w.mustRecord(admin, s, statement.Statement{
			Kind: consent.KindLift, Address: anna, Reason: consent.ReasonProcessingRestricted, Justification: "settled",
			Informed: consent.InstantOf(w.clock.Now().Add(-24 * time.Hour)),
		})
		day := w.clock.Now().Add(-24 * time.Hour).In(vienna(t)).Format("02.01.2006")
		page := fileOf(admin, t, s, export.Input{Address: anna, Format: export.HTML, Language: locale.German})
		for _, want := range []string{"till, Fassung 1", "Keine Angebote?", "Person unterrichtet am</dt><dd>" + day} {
			if !strings.Contains(page, want) {
				t.Errorf("the page lacks %q", want)
			}
		}
		for _, format := range []export.Format{export.JSON, export.CSV, export.JSONLD} {
			if file := fileOf(admin, t, s, export.Input{Address: anna, Format: format}); !strings.Contains(file, "till@1") {
				t.Errorf("%s lacks the notice", format)
			}
		}
	})
}

func vienna(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}
