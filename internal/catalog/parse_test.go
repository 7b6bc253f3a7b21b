package catalog

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/holiday"
	"github.com/assent-io/assent/internal/casework/worktime"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/wallclock"
)

// example returns one of the example documents.
func example(t testing.TB, name string) string {
	t.Helper()
	document, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// replaced returns the document with one part exchanged, which has to be
// there.
func replaced(t testing.TB, document, old, with string) string {
	t.Helper()
	if !strings.Contains(document, old) {
		t.Fatalf("the document has no %q", old)
	}
	return strings.Replace(document, old, with, 1)
}

func mustParse(t testing.TB, document string) *Catalog {
	t.Helper()
	c, _, err := Parse("catalog.yaml", []byte(document))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return c
}

// refused returns the problems for which a document is refused.
func refused(t testing.TB, document string) []Problem {
	t.Helper()
	c, _, err := Parse("catalog.yaml", []byte(document))
	invalid, ok := errors.AsType[*Invalid](err)
	if !ok || c != nil || len(invalid.Problems) == 0 {
		t.Fatalf("Parse gave %v and %v, want no catalog and an *Invalid", c, err)
	}
	return invalid.Problems
}

func mustPeriod(t testing.TB, iso string) period.Period {
	t.Helper()
	p, err := period.Parse(iso)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParse_Examples_HaveNoProblemsAndKnownWarnings(t *testing.T) {
	for name, want := range map[string][]string{
		"acme.yaml":      {"channels[1].legal_bases", "policy.retention"},
		"every-key.yaml": {"channels[0].double_opt_in", "declarations[0].versions[0].text", "policy.retention.evidence"},
	} {
		_, warnings, err := Parse(name, []byte(example(t, name)))
		var got []string
		for _, w := range warnings {
			got = append(got, w.Path)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, warnings %v, want those of %v", name, err, warnings, want)
		}
	}
}

func TestParse_CatalogsOfTheRepository_AreAccepted(t *testing.T) {
	var paths []string
	for _, pattern := range []string{"../../examples/catalogs/*.yaml", "../scenario/testdata/catalogs/*.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %d files", pattern, err, len(found))
		}
		paths = append(paths, found...)
	}
	for _, path := range paths {
		document, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Parse(path, document); err != nil {
			t.Error(err)
		}
	}
}

func TestParse_EveryKey_IsKept(t *testing.T) {
	c := mustParse(t, example(t, "every-key.yaml"))
	effective := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	email := func(ch Channel) Channel { ch.Controller, ch.Medium = "netz", MediumEmail; return ch }
	want := &Catalog{
		EffectiveTime: &effective,
		Controllers: []Controller{{
			ID: "netz", Name: "Netz AG", PostalAddress: "Ring 2, 8010 Graz, Austria",
			PrivacyContact: "dsb@netz.example", ImprintURL: "https://netz.example/impressum",
			PrivacyURL:           "https://netz.example/datenschutz",
			SupervisoryAuthority: "Datenschutzbehörde, Barichgasse 40–42, 1030 Wien",
			RetentionNote:        LocalName{"Kept as the schedule of the group says", "Aufbewahrung nach dem Löschkonzept der Gruppe"},
		}},
		Recipients: []Recipient{
			{Client: "mail-tool", Name: "Versand AG", PostalAddress: "Gasse 1, 1010 Wien", Role: RoleProcessor, Country: "AT"},
		},
		Departments: []Department{
			{ID: "press", Name: LocalName{"Press", "Presse"}, Controller: "netz", ComplaintsTo: "presse@netz.example", Desk: pressDesk(t)},
			{ID: "sales", Name: LocalName{"Sales", "Vertrieb"}, Controller: "netz", ComplaintsTo: "vertrieb@netz.example", Desk: &casework.Desk{
				Members:    []casework.Member{{ID: "cora", Email: "cora.bauer@netz.example"}},
				Hours:      worktime.Hours{Zone: "Europe/Vienna", Week: []worktime.Interval{{Days: 0b0111110, From: 9 * 60, Until: 17 * 60}}},
				Holidays:   holiday.Selection{Base: "AT"},
				EscalateTo: casework.Escalation{Member: "cora"},
			}},
		},
		Channels: []Channel{
			email(Channel{
				ID: "magazine", Name: LocalName{"Magazine", "Magazin"}, Department: "press", Class: ClassMarketing,
				LegalBases: []Basis{BasisConsent}, Refusable: true, SenderIdentities: []string{"magazine"},
			}),
			email(Channel{
				ID: "offers", Name: LocalName{"Offers", "Angebote"}, Department: "sales", Class: ClassMarketing,
				LegalBases: []Basis{BasisConsent, BasisExistingCustomer, BasisTerms}, DoubleOptIn: true,
				ConsentLapsesAfter: mustPeriod(t, "P18M"), ConsentLapsesFrom: FromLastContact, Honours: []string{"magazine"}, Goods: []string{"electricity", "gas"},
				EvidenceRequired: []Evidence{EvidenceURL, EvidenceIP}, NoticeRequired: true, Refusable: true, SenderIdentities: []string{"tariffs"},
			}),
			email(Channel{
				ID: "outages", Name: LocalName{"Planned outages", "Abschaltungen"}, Department: "press", Class: ClassTransactional,
				LegalBases: []Basis{BasisContract}, DoubleOptIn: true, Refusable: true, ReferencePattern: "z-[0-9]+",
				SenderIdentities: []string{"outages"},
			}),
			email(Channel{
				ID: "old-letter", Name: LocalName{"Old letter", "Alter Brief"}, Department: "press", Class: ClassMarketing,
				LegalBases: []Basis{BasisConsent}, DoubleOptIn: true, Refusable: true, Retired: true,
				SenderIdentities: []string{"magazine"},
			}),
		},
		SenderIdentities: []SenderIdentity{
			{ID: "magazine", Department: "press", From: Mailbox{"Netz Magazin", "magazin@mag.netz.example"}, ReplyTo: "redaktion@netz.example"},
			{ID: "outages", Department: "press", From: Mailbox{"Störungsdienst", "stoerung@dienst.netz.example"}},
			{
				ID: "tariffs", Department: "sales", From: Mailbox{"Stromtarife", "tarife@tarife.netz.example"},
				LookalikeAccepted: &LookalikeAcceptance{With: "outages", Justification: "shown here for the key, not for the need"},
			},
		},
		Declarations: []Declaration{
			{ID: "web", Kind: KindConsent, Versions: []DeclarationVersion{{
				ID: "web", Kind: KindConsent, Version: "1", Language: "de", Channels: []string{"magazine", "offers"},
				Text: "Ja zum Magazin und zu Angeboten.",
			}}},
			{ID: "terms", Kind: KindTerms, Versions: []DeclarationVersion{{
				ID: "terms", Kind: KindTerms, Version: "2026", Language: "de", Channels: []string{"offers"},
				Text: "Zum Leistungsumfang gehören Angebote per E-Mail.", CountsAs: CountsAsExistingCustomer,
				Assessed: &Assessment{By: "data protection officer", On: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Note: "who joins the club buys"},
			}}},
			{ID: "checkout-notice", Kind: KindNotice, Versions: []DeclarationVersion{{
				ID: "checkout-notice", Kind: KindNotice, Version: "1", Language: "de", Channels: []string{"offers"},
				Place: "checkout, above the button", RefusalOffered: true,
				Text: "Wir informieren Sie per E-Mail über ähnliche Angebote. Wenn Sie das nicht möchten, kreuzen Sie bitte hier an.",
			}}},
		},
		GenericWords: []string{"depesche"},
		Policy: Policy{
			DecisionTTL: mustPeriod(t, "PT5M"), ExistingCustomerLapsesAfter: mustPeriod(t, "P24M"), ConfirmationExpiresAfter: mustPeriod(t, "P30D"),
			ClaimsPeriod: mustPeriod(t, "P3Y/EOY"), ComplaintScope: ComplaintMarketing, SoftBouncesSuppress: 7,
			Retention: Retention{
				Evidence: mustPeriod(t, "P3Y"), Requests: mustPeriod(t, "P30D"), Disclosures: mustPeriod(t, "P3Y"), HardBounces: mustPeriod(t, "P24M"),
				Contacts: mustPeriod(t, "P5Y"),
				Cases:    mustPeriod(t, "P3Y"),
			},
		},
		QuietHours: []campaign.QuietHours{{
			Zone: "Europe/Vienna", From: 20 * 60, Until: 8 * 60, Days: wallclock.EveryDay &^ (1<<time.Saturday | 1<<time.Sunday),
			Channels: []string{"magazine"}, Observe: true,
		}},
		Freezes: []campaign.Freeze{{
			From: time.Date(2026, 12, 23, 23, 0, 0, 0, time.UTC), Until: time.Date(2026, 12, 26, 23, 0, 0, 0, time.UTC), Reason: "Christmas",
			Except: []string{"magazine"}, ExceptDepartments: []string{"press"}, Observe: true,
		}},
		Sends: SendRules{Clearing: campaign.ClearingRequired, CommentWithin: period.Days(2)},
		Pressure: []campaign.Cap{
			{ID: "magazine-weekly", Max: 2, Per: mustPeriod(t, "P7D"), Channels: []string{"magazine"}, Observe: true},
			{ID: "everything", Max: 6, Per: mustPeriod(t, "P30D")},
		},
	}
	if diff := cmp.Diff(want, c, cmpopts.IgnoreUnexported(Catalog{}, Channel{}), cmp.Comparer(func(a, b period.Period) bool { return a == b })); diff != "" {
		t.Errorf("the parsed catalog (-want +got):\n%s", diff)
	}
}

// pressDesk is the first desk of every-key.yaml.
func pressDesk(t testing.TB) *casework.Desk {
	t.Helper()
	return &casework.Desk{
		Mailboxes: []string{"leserpost@netz.example"},
		Members:   []casework.Member{{ID: "anna", Email: "anna.moser@netz.example"}, {ID: "ben", Email: "ben.huber@netz.example"}},
		AnswerWithin: map[casework.Kind]period.Period{
			casework.Complaint: mustPeriod(t, "P1D"), casework.Inquiry: mustPeriod(t, "PT12H"), casework.Access: mustPeriod(t, "P10D"),
			casework.Erasure: mustPeriod(t, "P10D"), casework.Objection: mustPeriod(t, "P1D"), casework.Other: mustPeriod(t, "P3D"),
		},
		Hours: worktime.Hours{Zone: "Europe/Vienna", Week: []worktime.Interval{
			{Days: 0b0011110, From: 8 * 60, Until: 12 * 60},
			{Days: 0b0011110, From: 13 * 60, Until: 17 * 60},
			{Days: 0b0100000, From: 8 * 60, Until: 12 * 60},
		}},
		Holidays: holiday.Selection{
			Base: "AT", Add: []wallclock.Date{{Year: 2026, Month: 12, Day: 24}, {Year: 2026, Month: 12, Day: 31}},
			RemoveDates: []wallclock.Date{{Year: 2026, Month: 12, Day: 8}}, RemoveNames: []string{"Fronleichnam"},
		},
		Resubmit: mustPeriod(t, "P5D"), EscalateTo: casework.Escalation{Department: "sales"}, AnswerCapacity: 40, Language: "de",
	}
}

func TestParse_MissingOptionalKeys_HaveDefaults(t *testing.T) {
	document := example(t, "every-key.yaml")
	document = document[:strings.Index(document, "declarations:")]
	document = replaced(t, document, "effective_time: 2026-01-01T00:00:00Z", "")
	document = replaced(t, document, "double_opt_in: optional", "")
	c := mustParse(t, document)
	want := Policy{
		DecisionTTL: mustPeriod(t, "PT5M"), ExistingCustomerLapsesAfter: mustPeriod(t, "P24M"), ConfirmationExpiresAfter: mustPeriod(t, "P30D"),
		ComplaintScope: ComplaintDepartment, SoftBouncesSuppress: 5, Retention: Retention{Contacts: mustPeriod(t, "P550D")}, // For as long as a consent may need them.
	}
	if c.Policy != want || c.EffectiveTime != nil || !c.Channels[0].DoubleOptIn {
		t.Errorf("policy %v, effective %v, double opt-in %t", c.Policy, c.EffectiveTime, c.Channels[0].DoubleOptIn)
	}
}

func TestCatalog_LookUp_FindsEachPartById(t *testing.T) {
	c := mustParse(t, example(t, "acme.yaml"))
	if x, ok := c.Controller("acme"); !ok || x != &c.Controllers[0] {
		t.Error("the controller acme is not found")
	}
	every := mustParse(t, example(t, "every-key.yaml"))
	if x, ok := every.Recipient("mail-tool"); !ok || x != &every.Recipients[0] {
		t.Error("the recipient mail-tool is not found")
	}
	if x, ok := c.Department("marketing"); !ok || x != &c.Departments[1] {
		t.Error("the department marketing is not found")
	}
	if x, ok := c.Channel("order-updates"); !ok || x != &c.Channels[2] || x.Controller != "acme" {
		t.Error("the channel order-updates is not found, or without controller")
	}
	if x, ok := c.SenderIdentity("acme-service"); !ok || x != &c.SenderIdentities[2] {
		t.Error("the sender identity acme-service is not found")
	}
	x, ok := c.Declaration("terms", "2026")
	if !ok || x.Kind != KindTerms || x.CountsAs != CountsAsExistingCustomer || x.Ref() != "terms@2026" || !x.Covers("product-marketing") || x.Covers("newsletter") {
		t.Errorf("terms@2026 is %+v", x)
	}
	_, controller := c.Controller("x")
	_, recipient := c.Recipient("x")
	_, department := c.Department("x")
	_, channel := c.Channel("x")
	_, sender := c.SenderIdentity("x")
	_, version := c.Declaration("terms", "1999")
	if controller || recipient || department || channel || sender || version {
		t.Error("something is found that nothing defines")
	}
}

func TestChannel_Questions(t *testing.T) {
	c := mustParse(t, example(t, "acme.yaml"))
	orders, _ := c.Channel("order-updates")
	for reference, want := range map[string]bool{
		"order-1": true, "order-": false, "xorder-1": false, "order-1x": false, "order-1\n": false, "": false,
	} {
		if got := orders.MatchesReference(reference); got != want {
			t.Errorf("MatchesReference(%q) = %t, want %t", reference, got, want)
		}
	}
	notices, _ := c.Channel("legal-notices")
	if !notices.MatchesReference("anything") {
		t.Error("a channel without pattern refuses a reference")
	}
	if !orders.Accepts(BasisContract) || orders.Accepts(BasisConsent) {
		t.Error("Accepts is not what the channel lists")
	}
	if !orders.Allows("acme-service") || orders.Allows("acme-marketing") || orders.DefaultSender() != "acme-service" {
		t.Error("Allows or DefaultSender is not what the channel lists")
	}
}

func TestParse_PatternWithAlternatives_IsAnchoredAsAWhole(t *testing.T) {
	document := replaced(t, example(t, "acme.yaml"), `"order-[0-9]+"`, `"a|b"`)
	channel, _ := mustParse(t, document).Channel("order-updates")
	for reference, want := range map[string]bool{"a": true, "b": true, "ax": false, "xb": false, "ab": false} {
		if got := channel.MatchesReference(reference); got != want {
			t.Errorf("MatchesReference(%q) = %t, want %t", reference, got, want)
		}
	}
}

func TestParse_NumbersInText_KeepTheirSpelling(t *testing.T) {
	document := replaced(t, example(t, "every-key.yaml"), `version: "1"`, `version: 1.10`)
	if _, ok := mustParse(t, document).Declaration("web", "1.10"); !ok {
		t.Error("the version 1.10 is not found")
	}
}

func TestParse_WindowsLineEndsAndByteOrderMark_ChangeNothing(t *testing.T) {
	unix := example(t, "acme.yaml")
	want, got := mustParse(t, unix), mustParse(t, "\ufeff"+strings.ReplaceAll(unix, "\n", "\r\n"))
	if diff := cmp.Diff(want.Declarations, got.Declarations); diff != "" {
		t.Errorf("declarations (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.lines, got.lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestParseNode_PartOfAFile_HasTheLinesOfTheFile(t *testing.T) {
	document := replaced(t, example(t, "acme.yaml"), "class: legal_notice", "class: legal")
	file, err := parser.ParseBytes([]byte("name: a case\ncatalog:\n  "+strings.ReplaceAll(document, "\n", "\n  ")), 0)
	if err != nil {
		t.Fatal(err)
	}
	whole, ok := file.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		t.Fatalf("the file is a %T", file.Docs[0].Body)
	}
	_, _, err = ParseNode("case.yaml", whole.Values[1].Value)
	if err == nil || !strings.HasPrefix(err.Error(), "case.yaml:57: channels[3].class: ") {
		t.Errorf("ParseNode: %v, want a problem on line 57 of case.yaml", err)
	}
}
