package cli_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

const everyKey = "../../examples/catalogs/every-key.yaml"

func TestRecords_OfAFile_NeedNoServer(t *testing.T) {
	got := run(t, "records", "--catalog", everyKey, "--language", "de").must(t, 0)
	if !strings.Contains(got.stdout, "<h1>Verzeichnis von Verarbeitungstätigkeiten</h1>") || !strings.Contains(got.stdout, "Versand AG") {
		t.Errorf("stdout %.300s", got.stdout)
	}
	if got := run(t, "records", "--catalog", file(t, "catalog.yaml", "channels: []")).must(t, 1); !strings.Contains(got.stderr, "controllers") {
		t.Errorf("stderr %q", got.stderr)
	}
	if got := run(t, "records", "--catalog", everyKey, "--language", "fr").must(t, 2); !strings.Contains(got.stderr, "en or de") {
		t.Errorf("stderr %q", got.stderr)
	}
}

func TestRecords_OfTheServer_NameTheVersion(t *testing.T) {
	f := startFake(t)
	document, err := os.ReadFile(everyKey)
	if err != nil {
		t.Fatal(err)
	}
	f.answer = func(in proto.Message) (proto.Message, error) {
		if _, ok := in.(*assentv1.GetCatalogRequest); !ok {
			t.Errorf("asked for %v", in)
		}
		return &assentv1.GetCatalogResponse{Version: 12, Etag: "abc", Document: string(document)}, nil
	}
	got := f.run(t, "records", "--format", "json").must(t, 0)
	var records struct {
		Rules       struct{ Version int64 }
		Controllers []struct{ Activities []struct{ Channel string } }
	}
	if err := json.Unmarshal([]byte(got.stdout), &records); err != nil {
		t.Fatal(err)
	}
	if records.Rules.Version != 12 || len(records.Controllers) != 1 || records.Controllers[0].Activities[0].Channel != "magazine" {
		t.Errorf("got %+v", records)
	}
}

// answersForProof answers as a server that knows one consent, which the checkpoint of the size commits to.
func answersForProof(t *testing.T, size int64) func(proto.Message) (proto.Message, error) {
	t.Helper()
	document, err := os.ReadFile(everyKey)
	if err != nil {
		t.Fatal(err)
	}
	return func(in proto.Message) (proto.Message, error) {
		switch asked := in.(type) {
		case *assentv1.GetCatalogRequest:
			return &assentv1.GetCatalogResponse{Version: 12, Document: string(document)}, nil
		case *assentv1.ListDisclosuresRequest:
			if asked.GetPageToken() == "" {
				return &assentv1.ListDisclosuresResponse{NextPageToken: "more", Disclosures: []*assentv1.Disclosure{
					{Client: "officer", Day: "2026-10-01", Count: 100}, {Client: "mailer", Channel: "magazine", Day: "2026-10-01", Count: 12},
				}}, nil
			}
			return &assentv1.ListDisclosuresResponse{Disclosures: []*assentv1.Disclosure{
				{Client: "mailer", Channel: "offers", Day: "2026-10-02", Count: 50}, {Client: "mailer", Channel: "magazine", Day: "2026-10-03", Count: 3},
			}}, nil
		case *assentv1.CheckConsentRequest:
			return &assentv1.CheckConsentResponse{Decision: &assentv1.Decision{
				Verdict: assentv1.Verdict_VERDICT_ALLOW, Reason: "ALLOW_CONSENT", GrantPosition: 3, DecidedTime: day(9),
			}}, nil
		case *assentv1.SearchHistoryRequest:
			return &assentv1.SearchHistoryResponse{Events: []*assentv1.Event{
				{Position: 2, OccurredTime: day(1), RecordedTime: day(1), Actor: "shop", Fact: &assentv1.Event_Refuse{Refuse: &assentv1.Refusal{
					Address: asked.GetAddress(), Channels: []string{"offers"},
				}}},
				{Position: 3, OccurredTime: day(2), RecordedTime: day(2), Actor: "shop", Fact: &assentv1.Event_Grant{Grant: &assentv1.Grant{
					Address: asked.GetAddress(), Channels: []string{"magazine"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
					Declaration: &assentv1.DeclarationRef{Id: "web", Version: "1"},
					Evidence:    &assentv1.Evidence{Source: "phone", DocumentRef: "tape 7", Operator: "Huber"},
				}}},
			}}, nil
		case *assentv1.GetCheckpointRequest:
			return &assentv1.GetCheckpointResponse{Checkpoint: &assentv1.Checkpoint{Size: size, Note: "note", VerifierKey: "key"}}, nil
		case *assentv1.ProveEntryRequest:
			if asked.GetPosition() != 3 || asked.GetSize() != size {
				t.Errorf("asked for the proof of %d in %d", asked.GetPosition(), asked.GetSize())
			}
			return &assentv1.ProveEntryResponse{Position: 3, LeafHash: []byte("leaf"), Hashes: [][]byte{[]byte("hash")}}, nil
		default:
			t.Errorf("asked for %v", in)
			return nil, nil
		}
	}
}

func TestProof_PutsTheAnswersOfTheServerTogether(t *testing.T) {
	f := startFake(t)
	f.answer = answersForProof(t, 9)
	got := f.run(t, "proof", "anna@firma.example", "--channel", "magazine", "--format", "json").must(t, 0)
	var proof struct {
		UseCount int64
		Given    []struct {
			Position    int64
			Text        string
			Facts       []struct{ Value string }
			Proof       struct{ Size int64 }
			Declaration string
		}
		Ended      []struct{}
		Checkpoint struct{ Size int64 }
	}
	if err := json.Unmarshal([]byte(got.stdout), &proof); err != nil {
		t.Fatal(err)
	}
	if proof.UseCount != 15 || len(proof.Given) != 1 || len(proof.Ended) != 0 || proof.Checkpoint.Size != 9 {
		t.Fatalf("got %s", got.stdout)
	}
	given := proof.Given[0]
	hasTape := slices.ContainsFunc(given.Facts, func(fact struct{ Value string }) bool { return fact.Value == "tape 7" })
	if given.Position != 3 || !strings.HasPrefix(given.Text, "Ja zum Magazin") || given.Proof.Size != 9 || !hasTape {
		t.Errorf("got %+v", given)
	}
	listed := slices.IndexFunc(f.calls, func(m proto.Message) bool { _, ok := m.(*assentv1.ListDisclosuresRequest); return ok })
	checked := slices.IndexFunc(f.calls, func(m proto.Message) bool { _, ok := m.(*assentv1.CheckConsentRequest); return ok })
	if listed > checked {
		t.Error("the check of the command is in the uses that it shows")
	}
	if text := f.run(t, "proof", "anna@firma.example", "--channel", "magazine").must(t, 0); !strings.Contains(text.stdout, "by telephone") {
		t.Errorf("text %s", text.stdout)
	}
}

func TestProof_CheckpointBehindTheHistory_Fails(t *testing.T) {
	f := startFake(t)
	f.answer = answersForProof(t, 2)
	if got := f.run(t, "proof", "anna@firma.example", "--channel", "magazine").must(t, 1); got.stdout != "" || !strings.Contains(got.stderr, "older") {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
}

func TestHistoryReaders_PutsPagesTogether(t *testing.T) {
	f := startFake(t)
	f.answer = func(in proto.Message) (proto.Message, error) {
		asked, ok := in.(*assentv1.ListReadersRequest)
		if !ok || asked.GetClient() != "shop" || !asked.GetSinceTime().AsTime().Equal(day(1).AsTime()) {
			t.Errorf("asked for %v", in)
		}
		if asked.GetPageToken() == "" {
			return &assentv1.ListReadersResponse{
				NextPageToken: "more", TotalPersons: 40, TotalCount: 70,
				Readers: []*assentv1.Reader{{Day: "2026-10-01", Client: "shop", Department: "sales", Channel: "magazine", Persons: 30, Count: 50}},
			}, nil
		}
		return &assentv1.ListReadersResponse{Readers: []*assentv1.Reader{{Day: "2026-10-02", Client: "shop", Persons: 20, Count: 20}}}, nil
	}
	args := []string{"history", "readers", "--client", "shop", "--since", "2026-10-01T08:00:00Z"}
	want := "DAY         CLIENT  DEPARTMENT  CHANNEL   PERSONS  COUNT\n" +
		"2026-10-01  shop    sales       magazine  30       50\n" +
		"2026-10-02  shop    -           -         20       20\n" +
		"all                                       40       70\n"
	if got := f.run(t, args...).must(t, 0); got.stdout != want {
		t.Errorf("got:\n%swant:\n%s", got.stdout, want)
	}
	got := f.run(t, append(args, "--format", "json")...).must(t, 0)
	if strings.Count(got.stdout, `"channel"`) != 2 || !strings.Contains(got.stdout, `"totalPersons": 40`) {
		t.Errorf("got %s", got.stdout)
	}
}

func TestHistoryReaders_NoneAndSheet(t *testing.T) {
	f := startFake(t)
	document, err := os.ReadFile(everyKey)
	if err != nil {
		t.Fatal(err)
	}
	f.answer = func(in proto.Message) (proto.Message, error) {
		if _, ok := in.(*assentv1.GetCatalogRequest); ok {
			return &assentv1.GetCatalogResponse{Version: 1, Document: string(document)}, nil
		}
		return &assentv1.ListReadersResponse{}, nil
	}
	if got := f.run(t, "history", "readers").must(t, 0); got.stdout != "" || !strings.Contains(got.stderr, "No client") {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	got := f.run(t, "history", "readers", "--client", "mail-tool", "--format", "html", "--language", "de").must(t, 0)
	for _, want := range []string{"<strong>mail-tool</strong> (Versand AG)", "72 Stunden", "dsb@netz.example"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("%q is missing in %.300s", want, got.stdout)
		}
	}
}
