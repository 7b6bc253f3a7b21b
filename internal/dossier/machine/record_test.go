package machine_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/piprate/json-gold/ld"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/consent/timeline"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/dossier/machine"
	"github.com/assent-io/assent/internal/locale"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	anna = "anna@firma.example"
	dpv  = "https://w3id.org/dpv#"
)

func at(day int) consent.Instant {
	return consent.InstantOf(time.Date(2026, 3, day, 10, 0, 0, 0, time.UTC))
}

func example(t testing.TB) *catalog.Catalog {
	t.Helper()
	document, err := os.ReadFile(filepath.Join("..", "..", "..", "examples", "catalogs", "acme.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := catalog.Parse("acme.yaml", document)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// told returns the file about one address, of which these statements are recorded.
func told(t testing.TB, statements ...statement.Statement) []byte {
	t.Helper()
	cat := example(t)
	a, err := address.Parse(anna)
	if err != nil {
		t.Fatal(err)
	}
	names := func(kind, id string) locale.Text { return locale.Text{EN: id, DE: "(" + id + ")"} }
	d := dossier.Dossier{
		Subject:     dossier.Subject{Address: anna, ExactForm: a.Exact()},
		Made:        dossier.Made{Time: dossier.Time(at(31)), Ledger: "assent.io/ledger/000102030405060708090a0b0c0d0e0f"},
		Controllers: []dossier.Controller{{ID: "acme", Name: "Acme GmbH", PostalAddress: "Wien", PrivacyContact: "datenschutz@acme.example"}},
		Declarations: []dossier.Declaration{{
			ID: "newsletter-signup", Version: "2026-01", Language: "de", Text: "Ja, ich möchte den Newsletter.",
		}},
		Retention: dossier.RetentionOf(map[string]string{"evidence": "P3Y"}),
	}
	for _, ch := range cat.Channels {
		channel := dossier.Channel{Named: dossier.Named{ID: ch.ID, Name: locale.Text(ch.Name)}, Controller: ch.Controller}
		for _, basis := range ch.LegalBases {
			channel.LegalBases = append(channel.LegalBases, string(basis))
		}
		d.Channels = append(d.Channels, channel)
	}
	events := map[consent.Form][]consent.Event{}
	h := timeline.History{Address: a, Catalogs: []timeline.Version{{Catalog: cat}}}
	for i := range statements {
		entry, err := statements[i].Entry(cat, cat)
		if err != nil {
			t.Fatal(err)
		}
		e := consent.Event{Position: int64(i + 2), Occurred: statements[i].Occurred, Actor: "shop", Facts: entry.Facts}
		shown := dossier.EventShown(nil, &e, names)
		if entry.Form == consent.FormDomain {
			shown.Of, shown.Domain = "domain", statements[i].Domain
		}
		d.Events, h.Events = append(d.Events, shown), append(h.Events, e)
		events[entry.Form] = append(events[entry.Form], e)
	}
	h.KnownAt = func(at consent.Instant) (*consent.Known, error) {
		state := func(form consent.Form) *consent.State {
			return consent.Fold(slices.DeleteFunc(slices.Clone(events[form]), func(e consent.Event) bool { return e.Occurred > at }))
		}
		return &consent.Known{
			Exact: state(consent.FormExact), Folded: state(consent.FormFolded), Domains: []*consent.State{state(consent.FormDomain)},
		}, nil
	}
	courses, err := h.Courses(at(31))
	if err != nil {
		t.Fatal(err)
	}
	data, err := machine.JSONLD(&d, courses)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// life has a double opt-in, a sale, a complaint that was lifted, a domain that was blocked for a time, a withdrawal, and an objection.
func life() []statement.Statement {
	return []statement.Statement{
		{
			Kind: consent.KindRequest, Occurred: at(2), Address: anna, Channels: []string{"newsletter"}, Source: consent.SourceWebForm,
			Declaration: consent.Declaration{ID: "newsletter-signup", Version: "2026-01"},
		},
		{Kind: consent.KindConfirm, Occurred: at(3), Address: anna, Channels: []string{"newsletter"}, Source: consent.SourceDoubleOptIn},
		{
			Kind: consent.KindGrant, Occurred: at(4), Address: anna, Channels: []string{"product-marketing"}, Basis: catalog.BasisExistingCustomer,
			Source: consent.SourceAPI, TransactionID: "order-17", Notice: true, Goods: []string{"coffee"},
		},
		{Kind: consent.KindSuppress, Occurred: at(5), Address: anna, Reason: consent.ReasonComplaint},
		{Kind: consent.KindLift, Occurred: at(6), Address: anna, Reason: consent.ReasonComplaint, Justification: "a mistake"},
		{
			Kind: consent.KindSuppress, Occurred: at(7), Domain: "firma.example", Reason: consent.ReasonLegalBlock, Scope: consent.ScopeAll,
			Expires: at(9), Note: "court of Wels", Justification: "case 8",
		},
		{Kind: consent.KindWithdraw, Occurred: at(10), Address: anna, Channels: []string{"newsletter"}, Source: consent.SourceWebForm},
		{Kind: consent.KindSuppress, Occurred: at(12), Address: anna, Reason: consent.ReasonObjection},
	}
}

func TestJSONLD_ALife_IsAsItWas(t *testing.T) {
	got, path := told(t, life()...), filepath.Join("testdata", "dossier.jsonld")
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
		t.Errorf("%s differs (run with -update to take it over): %s", path, cmp.Diff(string(want), string(got)))
	}
}

// noContexts refuses to fetch anything.
type noContexts struct{}

func (noContexts) LoadDocument(string) (*ld.RemoteDocument, error) {
	return nil, errors.New("a context is fetched")
}

func TestJSONLD_IsReadByAnotherProcessor_AndFetchesNothing(t *testing.T) {
	var document any
	if err := json.Unmarshal(told(t, life()...), &document); err != nil {
		t.Fatal(err)
	}
	options := ld.NewJsonLdOptions("")
	options.DocumentLoader = noContexts{}
	expanded, err := ld.NewJsonLdProcessor().Expand(document, options)
	if err != nil {
		t.Fatal(err)
	}
	triples, err := ld.NewJsonLdProcessor().ToRDF(document, options)
	if err != nil {
		t.Fatal(err)
	}
	if dataset, ok := triples.(*ld.RDFDataset); !ok || len(dataset.GetQuads("@default")) < 200 {
		t.Errorf("the document says too little: %T", triples)
	}
	states := map[string][]string{}
	for _, item := range expanded {
		n, ok := item.(map[string]any)
		if !ok {
			t.Fatalf("%T", item)
		}
		for _, of := range []string{"hasConsentStatus", "hasPermission", "hasProhibition"} {
			list, _ := n[dpv+of].([]any)
			for _, status := range list {
				types, _ := status.(map[string]any)["@type"].([]any)
				key := fmt.Sprint(n["@id"])
				key = key[strings.LastIndex(key, "/")+1:]
				states[key] = append(states[key], strings.TrimPrefix(fmt.Sprint(types[0]), dpv))
			}
		}
	}
	want := map[string][]string{
		"newsletter": {
			"ConsentRequested", "ConsentGiven", "ConsentStatusInvalidForProcessing", "ConsentGiven", "ConsentStatusInvalidForProcessing", "ConsentGiven",
			"ConsentWithdrawn", "ConsentStatusInvalidForProcessing",
			"Permission", "Permission", "Permission", "Prohibition", "Prohibition", "Prohibition", "Prohibition", "Prohibition",
		},
		"product-marketing": {
			"Permission", "Permission", "Permission", "Prohibition", "Prohibition", "Prohibition", "Prohibition",
		},
		"_:record-order-updates": {"Permission", "Prohibition"},
		"_:record-legal-notices": {"Permission", "Prohibition"},
	}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Error(diff)
	}
}

// What was recorded of a domain is told by its fact, its time and what it covers, and nothing else.
func TestJSONLD_BlockOfADomain_TellsFactTimeAndScope(t *testing.T) {
	data := told(t, life()...)
	if bytes.Contains(data, []byte("Wels")) || bytes.Contains(data, []byte("case 8")) {
		t.Error("the note of the block is told")
	}
	var document struct {
		Graph []struct {
			Prohibitions []struct {
				Suppression []map[string]any `json:"assent:suppression"`
			} `json:"dpv:hasProhibition"`
		} `json:"@graph"`
	}
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	instant := func(day int) map[string]any {
		return map[string]any{"@type": "xsd:dateTime", "@value": at(day).String()}
	}
	want := map[string]any{
		"@type": "assent:Suppression", "assent:reason": "LEGAL_BLOCK", "assent:scope": "all", "assent:domain": "firma.example",
		"dpv:isIndicatedAtTime": instant(7), "dpv:hasDuration": map[string]any{"@type": "dpv:UntilTimeDuration", "rdf:value": instant(9)},
	}
	found := 0
	for i := range document.Graph {
		for _, p := range document.Graph[i].Prohibitions {
			for _, got := range p.Suppression {
				if got["assent:domain"] == nil {
					continue
				}
				if found++; cmp.Diff(want, got) != "" {
					t.Error(cmp.Diff(want, got))
				}
			}
		}
	}
	if found != 4 {
		t.Errorf("the block is told %d times, want once for each channel", found)
	}
}

// terms are those of the Data Privacy Vocabulary 2.3 that the file uses, each looked up there.
func terms() []string {
	return strings.Fields(`Collect CommunicationForCustomerCare ConsentExpired ConsentGiven ConsentInvalidated ConsentNotice PrivacyNotice ConsentRecord
		ConsentRefused ConsentRequested ConsentRevoked ConsentStatusInvalidForProcessing ConsentUnknown ConsentWithdrawn DataController
		DataProcessingRecord DataSubject DirectMarketing ExpressedConsent LegalCompliance Location Notice ObjectingToProcess
		OptingOutFromProcess Organisation Permission Process Prohibition RenewedConsentGiven StorageCondition Store TemporalDuration
		UntilEventDuration UntilTimeDuration Use WithdrawConsent WithdrawingFromProcess hasAddress hasApplicableLaw hasConsentControl
		hasConsentStatus hasContact hasDataController hasDataSource hasDataSubject hasDuration hasEntityInvolvement hasIndicationMethod
		hasJurisdiction hasLegalBasis hasLocation hasName hasNotice hasPermission hasPersonalData hasProcess hasProcessing hasProhibition
		hasPurpose hasRecipient hasRecipientThirdParty hasRight hasRole hasStorageCondition isIndicatedAtTime isIndicatedBy Recipient`)
}

func TestJSONLD_TermsOfTheVocabulary_Exist(t *testing.T) {
	used := regexp.MustCompile(`"dpv:(\w+)"`).FindAllSubmatch(told(t, life()...), -1)
	for _, m := range used {
		if !slices.Contains(terms(), string(m[1])) {
			t.Errorf("dpv:%s is not a term that was looked up", m[1])
		}
	}
	if len(used) < 100 {
		t.Errorf("%d terms were looked at", len(used))
	}
}

func TestJSONLD_EveryRecord_HasTheFieldsThatTheSpecificationDemands(t *testing.T) {
	var document struct {
		Graph []map[string]any `json:"@graph"`
	}
	if err := json.Unmarshal(told(t, life()...), &document); err != nil {
		t.Fatal(err)
	}
	need := func(what string, n any, keys ...string) {
		object, _ := n.(map[string]any)
		for _, key := range keys {
			if object[key] == nil {
				t.Errorf("%s lacks %s", what, key)
			}
		}
	}
	records := 0
	for _, n := range document.Graph {
		id, kind := fmt.Sprint(n["@id"]), fmt.Sprint(n["@type"])
		if strings.Contains(kind, "Controller") {
			need(id, n, "dct:identifier", "dpv:hasName", "dpv:hasAddress", "dpv:hasContact", "dpv:hasRole")
		}
		if !strings.HasSuffix(kind, "Record") {
			continue
		}
		records++
		need(id, n, "dct:conformsTo", "dct:identifier", "dpv:hasDataSubject", "dpv:hasNotice", "dct:language")
		processes, _ := n["dpv:hasProcess"].([]any)
		if len(processes) != 1 {
			t.Fatalf("%s has %d processes", id, len(processes))
		}
		need(id, processes[0], "dpv:hasPurpose", "dpv:hasLegalBasis", "dpv:hasPersonalData", "dpv:hasDataController",
			"dpv:hasStorageCondition", "dpv:hasJurisdiction", "dpv:hasRecipientThirdParty", "dpv:hasConsentControl", "dpv:hasRight")
		for _, of := range []string{"dpv:hasConsentStatus", "dpv:hasPermission", "dpv:hasProhibition"} {
			list, _ := n[of].([]any)
			for _, s := range list {
				need(id, s, "@type", "dpv:isIndicatedAtTime", "dpv:hasDuration", "dpv:isIndicatedBy", "assent:reason")
			}
		}
	}
	if records != 4 {
		t.Errorf("%d records, want one for each channel", records)
	}
}
