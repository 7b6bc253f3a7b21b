package dossier

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/locale"
)

var update = flag.Bool("update", false, "write the golden files anew")

const sampleOrigin = "assent.io/ledger/000102030405060708090a0b0c0d0e0f"

// sample is a dossier with the ledger that it is of.
type sample struct {
	dossier  Dossier
	entries  []Entry
	catalogs []Document
	signer   note.Signer
	key      string
}

func at(day, hour int) consent.Instant {
	return consent.InstantOf(time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC))
}

func sampleNames(kind, id string) locale.Text {
	if kind == consent.ScopeChannel && id == "newsletter" {
		return locale.Text{EN: "Weekly newsletter", DE: "Wöchentlicher Newsletter"}
	}
	return locale.Same(id)
}

// sampleEvents are a catalog, a life with the newsletter, and things that come from outside and mean no good.
func sampleEvents() ([]consent.Event, []consent.Evidence) {
	person := consent.SubjectID{1}
	event := func(day int, kind consent.Kind, change func(e *consent.Event)) consent.Event {
		e := consent.Event{
			Occurred: at(day, 10), Recorded: at(day, 11), Subject: person, Actor: "shop", Key: consent.EventKey{byte(day)},
			Facts: consent.Facts{Kind: kind},
		}
		if kind != consent.KindSuppress && kind != consent.KindErase {
			e.Channels = []string{"newsletter"}
		}
		change(&e)
		return e
	}
	events := []consent.Event{
		event(1, consent.KindCatalog, func(e *consent.Event) {
			e.Subject, e.Channels, e.CatalogVersion, e.Document256 = consent.SubjectID{}, nil, 1, sha256.Sum256([]byte(sampleCatalog))
		}),
		event(2, consent.KindRequest, func(e *consent.Event) {
			e.Declaration = consent.Declaration{ID: "newsletter-signup", Version: "2026-01"}
			e.Source, e.Expires = consent.SourceWebForm, at(30, 0)
		}),
		event(3, consent.KindConfirm, func(e *consent.Event) { e.Source = consent.SourceDoubleOptIn }),
		event(4, consent.KindGrant, func(e *consent.Event) {
			e.Basis, e.Transaction, e.Notice, e.Goods = catalog.BasisExistingCustomer, true, true, []string{"coffee"}
			e.Source = consent.SourceAPI
		}),
		event(5, consent.KindWithdraw, func(e *consent.Event) { e.Source = consent.SourceWebForm }),
		event(6, consent.KindSuppress, func(e *consent.Event) { e.Reason, e.Scope = consent.ReasonObjection, consent.ScopeMarketing }),
	}
	return events, []consent.Evidence{
		{},
		{Address: "anna@example.com", URL: "https://acme.example/signup", IP: "192.0.2.7", UserAgent: "=HYPERLINK(\"http://evil.example\")"},
		{Address: "Anna@Example.com"},
		{Address: "anna@example.com", TransactionRef: "order-17", Operator: "Berta Beispiel", Note: "<script>alert(1)</script>"},
		{Address: "anna@example.com", Note: "@SUM(1+1)"},
		{Address: "anna@example.com", Justification: "schrieb: „Bitte keine Werbung mehr“"},
	}
}

const sampleCatalog = "# The document of a catalog.\n"

// newSample makes the dossier and its ledger: always the same, but for the two lines that follow an event that is not the person's.
func newSample(t testing.TB, lang locale.Language) *sample {
	t.Helper()
	random := rand.NewChaCha8([32]byte{7})
	private, public, err := note.GenerateKey(random, sampleOrigin)
	if err != nil {
		t.Fatal(err)
	}
	s := &sample{key: public}
	if s.signer, err = note.NewSigner(private); err != nil {
		t.Fatal(err)
	}
	tree, err := ledger.ParseTree(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	hashes := map[int64]ledger.NodeHashes{}
	events, evidence := sampleEvents()
	d := &s.dossier
	for i := range events {
		e := &events[i]
		e.Position = int64(i + 1)
		var sealed []byte
		if i > 0 {
			sealed = append([]byte("sealed "), byte(i))
			e.Evidence = sha256.Sum256(sealed)
		}
		if i == 4 {
			sealed = nil // It was deleted.
		}
		header := codec.AppendHeader(nil, e)
		leaf := ledger.LeafHash(header)
		hashes[e.Position] = ledger.NodeHashes{Leaf: leaf, Tree: tree.Append(leaf)}
		s.entries = append(s.entries, Entry{Position: e.Position, Header: header, LeafHash: leaf[:], Evidence: sealed})
		if i == 0 {
			continue
		}
		told, err := EventOf(header, sampleNames)
		if err != nil {
			t.Fatal(err)
		}
		if sealed != nil {
			told.SetEvidence(&evidence[i], false)
		}
		told.CatalogVersion, told.ActorDepartment = 1, &Named{"marketing", locale.Text{EN: "Product marketing", DE: "Produktmarketing"}}
		d.Events = append(d.Events, told)
	}
	s.prove(t, hashes, tree)
	s.catalogs = []Document{{Version: 1, Position: 1, Text: sampleCatalog}}
	s.fill(lang)
	return s
}

func (s *sample) prove(t testing.TB, hashes map[int64]ledger.NodeHashes, tree *ledger.Tree) {
	t.Helper()
	reader := ledger.Reader(func([]int64) (map[int64]ledger.NodeHashes, error) { return hashes, nil })
	for i := range s.entries {
		proof, err := reader.ProveEntry(s.entries[i].Position, tree.Size())
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range proof {
			s.entries[i].Proof = append(s.entries[i].Proof, h[:])
		}
	}
	c := ledger.Checkpoint{Origin: sampleOrigin, Size: tree.Size(), Root: tree.Root()}
	signed, err := c.Sign(s.signer)
	if err != nil {
		t.Fatal(err)
	}
	s.dossier.Made = Made{
		Time: Time(at(31, 9)), By: "officer", Ledger: sampleOrigin, Position: c.Size, CatalogVersion: 1, Checkpoint: string(signed),
		VerifierKey: s.key,
	}
}

// fill adds what does not stand in the ledger.
func (s *sample) fill(lang locale.Language) {
	d := &s.dossier
	d.Format, d.Language = Format, lang.Tag()
	d.Subject = Subject{Address: "Anna@Example.com", ExactForm: "anna@example.com", AddressHeld: true}
	d.Held.Digests = []Digest{{Form: "exact", AddressHeld: true}, {Form: "folded", AddressHeld: true}, {Form: "mail"}}
	d.Controllers = []Controller{{
		ID: "acme", Name: "Acme GmbH", PostalAddress: "Hauptplatz 1, 1010 Wien", PrivacyContact: "datenschutz@acme.example",
		ImprintURL: "https://acme.example/impressum",
	}}
	newsletter := Named{"newsletter", sampleNames(consent.ScopeChannel, "newsletter")}
	desk := Named{"newsletter-desk", locale.Text{EN: "Newsletter desk", DE: "Newsletter-Redaktion"}}
	d.Channels = []Channel{{
		Named: newsletter, Department: desk, Controller: "acme", Medium: "email", Class: "marketing", LegalBases: []string{"consent"},
		Verdict: "DENY", Reason: "OBJECTION", Reasons: []string{"OBJECTION"}, Explanation: wording.Explanation(consent.CodeObjection),
		Remedy: wording.Remedy(consent.CodeObjection), RefusedTime: Time(at(5, 10)),
	}, {
		Named: Named{"order-updates", locale.Text{EN: "Order updates", DE: "Bestellstatus"}}, Department: desk, Controller: "acme", Medium: "email",
		Class: "transactional", LegalBases: []string{"contract"}, Verdict: "DENY", Reason: "REFERENCE_MISSING",
		Reasons: []string{"REFERENCE_MISSING"}, Explanation: wording.Explanation(consent.CodeReferenceMissing),
		Remedy: wording.Remedy(consent.CodeReferenceMissing),
	}}
	d.Suppressions = []Suppression{{
		Reason: "OBJECTION", Explanation: wording.ReasonExplained(consent.ReasonObjection), Remedy: wording.ReasonRemedy(consent.ReasonObjection),
		Scope: "marketing", Stops: wording.Stops(consent.ScopeMarketing, "", sampleNames), SinceTime: Time(at(6, 10)), Position: 6,
	}}
	d.Declarations = []Declaration{{
		ID: "newsletter-signup", Version: "2026-01", Kind: "consent", Language: "de", Channels: []string{"newsletter"},
		Text: "Ja, ich möchte den Newsletter.", CatalogVersion: 1,
	}}
	d.Catalogs = []Catalog{{Version: 1, RecordedTime: Time(at(1, 11)), Position: 1, SHA256: "00", InForce: true}}
	d.Disclosures = []Disclosure{
		{Client: "mailer", Department: &desk, Channel: newsletter, Day: "2026-03-07", Count: 2},
		{Client: "mailer", Department: &desk, Channel: newsletter, Day: "2026-03-09", Count: 1},
		{Client: "officer", Channel: AllPurposes(), Day: "2026-03-09", Count: 1},
	}
	d.Messages = []Message{
		{Send: "spring-offers", Channel: newsletter, SenderIdentity: "acme-newsletter", State: "sent", Time: Time(at(4, 9))},
		{Send: "summer-offers", Channel: newsletter, SenderIdentity: "acme-newsletter", State: "planned", Time: Time(at(5, 9))},
	}
	d.Wish = &Wish{Max: 1, Per: "P7D"}
	d.Cases = []Case{
		{
			Number: "2026-000001", Kind: "complaint", State: "closed", Department: &desk, ReceivedTime: Time(at(4, 11)), OpenedTime: Time(at(4, 12)),
			AnsweredTime: Time(at(5, 12)), ClosedTime: Time(at(6, 12)), Outcome: "sender_wrong", Subject: "Your mail",
			Letters: []Letter{{Time: Time(at(4, 11)), Text: "I left long ago."}, {Time: Time(at(5, 14)), Text: "Whose list was it?"}},
		},
		{Number: "2026-000002", Kind: "access", State: "open", ReceivedTime: Time(at(6, 11)), OpenedTime: Time(at(6, 11))},
	}
	d.Retention = RetentionOf(map[string]string{"evidence": "P3Y", "requests": "P30D"})
	d.Complete()
}

// archive returns the archive of the sample.
func (s *sample) archive(t testing.TB) []byte {
	t.Helper()
	data, err := Archive(&s.dossier, []byte("<!DOCTYPE html><title>page</title>\n"), []byte(`{"@graph": []}`), s.entries, s.catalogs, s.signer)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// golden compares with a file of testdata, or writes it.
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
