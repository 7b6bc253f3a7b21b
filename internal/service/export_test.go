package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/storage"
)

// exported returns a file, and how it is named.
func exported(t testing.TB, from func(send func(export.Chunk) error) error) ([]byte, export.Chunk) {
	t.Helper()
	var data []byte
	var first export.Chunk
	parts := 0
	err := from(func(c export.Chunk) error {
		if parts++; parts == 1 {
			first = c
		} else if c.Name != "" || c.ContentType != "" {
			t.Errorf("part %d has a name or a type", parts)
		}
		data = append(data, c.Data...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return data, first
}

func dossierOf(ctx context.Context, t testing.TB, s *Service, address string) dossier.Dossier {
	t.Helper()
	data, _ := exported(t, func(send func(export.Chunk) error) error {
		return s.Export(ctx, export.Input{Address: address}, send)
	})
	var d dossier.Dossier
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// eventful records a life of an address: 2 request, 3 mail, 4 consent elsewhere, 5 withdrawal, 6 objection.
func (w *world) eventful(ctx context.Context, s *Service, address string) {
	w.t.Helper()
	_, err := s.RequestConsent(ctx, record.OptIn{Statement: statement.Statement{
		Kind: consent.KindRequest, Address: address, Channels: []string{"newsletter"}, Source: consent.SourceWebForm,
		Declaration: consent.Declaration{ID: "newsletter-signup", Version: "2026-01"},
		URL:         "https://acme.example/signup", IP: "192.0.2.7",
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	w.mustRecord(ctx, s, consentOn("product-marketing", address, w.clock.Now()))
	withdrawn := withdrawal("product-marketing", address)
	withdrawn.Operator, withdrawn.Note = "Berta", "called"
	w.mustRecord(ctx, s, withdrawn)
	w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindSuppress, Address: address, Reason: consent.ReasonObjection})
}

func TestExport_AddressWithAHistory_IsToldWhole(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.eventful(ctx, s, "Anna@Example.at")
		w.mustRecord(ctx, s, consentOn("newsletter", "ben@example.at", start))
		d := dossierOf(ctx, t, s, "anna@example.at")
		var kinds []string
		for _, e := range d.Events {
			kinds = append(kinds, fmt.Sprint(e.Position, " ", e.Kind, " ", e.EvidenceState))
		}
		want := []string{"2 request held", "3 mail held", "4 grant held", "5 withdraw held", "6 suppress held"}
		if diff := cmp.Diff(want, kinds); diff != "" {
			t.Error(diff)
		}
		v := d.Events[0].Evidence
		if v.Address != "Anna@Example.at" || v.IP != "192.0.2.7" || d.Events[3].Evidence.Operator != "" || !d.Events[3].Evidence.OperatorWithheld {
			t.Errorf("evidence %+v, %+v", v, d.Events[3].Evidence)
		}
		if d.Subject.Status != dossier.StatusKnown || !d.Subject.AddressHeld || d.Made.By != "test" || d.Made.Position != 7 {
			t.Errorf("%+v, %+v", d.Subject, d.Made)
		}
		checkpoint, err := ledger.OpenCheckpoint([]byte(d.Made.Checkpoint), d.Made.Ledger, d.Made.VerifierKey)
		if err != nil || checkpoint.Size != 7 {
			t.Errorf("checkpoint %+v, %v", checkpoint, err)
		}
		standing := map[string]string{}
		for _, c := range d.Channels {
			standing[c.ID] = c.Reason
		}
		wantStanding := map[string]string{
			"newsletter": "OBJECTION", "product-marketing": "OBJECTION", "order-updates": "REFERENCE_MISSING", "legal-notices": "REFERENCE_MISSING",
		}
		if diff := cmp.Diff(wantStanding, standing); diff != "" {
			t.Error(diff)
		}
		if len(d.Suppressions) != 1 || d.Suppressions[0].Reason != "OBJECTION" || d.Suppressions[0].Position != 6 {
			t.Errorf("%+v", d.Suppressions)
		}
		if len(d.Declarations) != 2 || !strings.Contains(d.Declarations[0].Text, "den wöchentlichen Newsletter") {
			t.Errorf("%+v", d.Declarations)
		}
	})
}

func TestExport_WordingOfADeclaration_IsThatOfTheTimeOfTheEvent(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", w.clock.Now()))
		later := strings.Replace(acme(t), "name: Acme GmbH", "name: Acme International GmbH", 1)
		w.clock.Advance(time.Hour)
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: later}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Hour)
		d := dossierOf(ctx, t, s, "anna@example.at")
		if d.Events[0].CatalogVersion != 1 || d.Declarations[0].CatalogVersion != 1 || d.Made.CatalogVersion != 2 {
			t.Errorf("event of version %d, wording of %d, now %d", d.Events[0].CatalogVersion, d.Declarations[0].CatalogVersion, d.Made.CatalogVersion)
		}
		if len(d.Catalogs) != 2 || d.Catalogs[0].InForce || !d.Catalogs[1].InForce || d.Controllers[0].Name != "Acme International GmbH" {
			t.Errorf("%+v", d.Catalogs)
		}
	})
}

func TestExport_AddressNobodyKnows_SaysThatNothingIsHeld(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		d := dossierOf(ctx, t, s, "nobody@example.at")
		if d.Subject.Status != dossier.StatusUnknown || len(d.Held.Statements) != 1 || len(d.Held.Digests) != 0 || len(d.Channels) != 4 {
			t.Errorf("%+v", d)
		}
	})
}

func TestExport_AfterAnErasure_SaysWhatIsStillHeld(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.eventful(ctx, s, "anna@example.at")
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindErase, Address: "anna@example.at"})
		d := dossierOf(ctx, t, s, "anna@example.at")
		reasons := map[string]bool{}
		for _, p := range d.Suppressions {
			reasons[p.Reason] = true
		}
		if d.Subject.Status != dossier.StatusErased || d.Subject.ErasedTime == 0 || d.Subject.AddressHeld || !reasons["ERASED"] || !reasons["OBJECTION"] {
			t.Errorf("%+v, %v", d.Subject, reasons)
		}
		for _, e := range d.Events {
			if e.Kind == "grant" || e.Kind == "request" || e.Kind == "mail" || e.Kind != "erase" && e.EvidenceState == dossier.EvidenceHeld {
				t.Errorf("still told: %+v", e)
			}
		}
		found := false
		for _, statement := range d.Held.Statements {
			found = found || strings.HasPrefix(statement.EN, "A suppression in force: erasure, since ")
		}
		if last := d.Held.Statements[len(d.Held.Statements)-1].EN; !found || !strings.HasPrefix(last, "Nothing else is held") {
			t.Errorf("%+v", d.Held.Statements)
		}
		// Who comes back is known again.
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", w.clock.Now()))
		if d = dossierOf(ctx, t, s, "anna@example.at"); d.Subject.Status != dossier.StatusKnown || d.Subject.ErasedTime == 0 {
			t.Errorf("%+v", d.Subject)
		}
	})
}

func TestExport_RefusalAfterAnErasure_IsErasedStill(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const own, fellow = annaTyped, annaBeside
		w.eventful(ctx, s, own)
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindErase, Address: own})
		w.clock.Advance(time.Second)
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindSuppress, Address: fellow, Reason: consent.ReasonComplaint})
		subject := dossierOf(ctx, t, s, own).Subject
		if subject.Status != dossier.StatusErased || subject.AddressHeld || !subject.OtherSpellingHeld {
			t.Errorf("after a complaint of another spelling: %+v", subject)
		}
		w.mustRecord(ctx, s, withdrawal("newsletter", own))
		d := dossierOf(ctx, t, s, own)
		if d.Subject.Status != dossier.StatusErased || !d.Subject.AddressHeld {
			t.Errorf("after a withdrawal: %+v", d.Subject)
		}
		for _, statement := range d.Held.Statements {
			if statement.EN == "The address itself is not held." {
				t.Error("evidence holds the address, and the dossier denies it")
			}
		}
	})
}

func TestExport_EvidenceSinceTheErasureHoldsTheAddress_IsSaid(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const own = "anna@example.at"
		before := w.clock.Now()
		w.clock.Advance(time.Second)
		w.mustRecord(ctx, s, withdrawal("newsletter", own))
		w.clock.Advance(time.Second)
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindErase, Address: own, Occurred: consent.InstantOf(before)})
		if subject := dossierOf(ctx, t, s, own).Subject; subject.Status != dossier.StatusErased || !subject.AddressHeld {
			t.Errorf("%+v", subject)
		}
	})
}

func TestExport_ErasureOfABatch_IsShownAsNotCarriedOutYet(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.eventful(ctx, s, "anna@example.at")
		_, err := s.BatchRecord(ctx, record.Batch{Items: []record.BatchItem{
			{Statement: statement.Statement{Kind: consent.KindErase, Address: "anna@example.at"}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if d := dossierOf(ctx, t, s, "anna@example.at"); d.Subject.Status != dossier.StatusErasing || d.Subject.ErasedTime == 0 {
			t.Errorf("%+v", d.Subject)
		}
		if _, err := s.ErasePending(ctx, false); err != nil {
			t.Fatal(err)
		}
		if d := dossierOf(ctx, t, s, "anna@example.at"); d.Subject.Status != dossier.StatusErased || d.Subject.AddressHeld {
			t.Errorf("%+v", d.Subject)
		}
	})
}

func TestExport_EveryFormat_IsNamedWithoutTheAddress_AndTheArchiveHolds(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.eventful(ctx, s, "anna@example.at")
		for format, begin := range map[export.Format]string{
			export.JSON: "{\n", export.CSV: "position,", export.HTML: "<!DOCTYPE html>", export.JSONLD: "{\n", export.ZIP: "PK",
		} {
			data, first := exported(t, func(send func(export.Chunk) error) error {
				return s.Export(ctx, export.Input{Address: "anna@example.at", Format: format, Language: locale.German}, send)
			})
			if !bytes.HasPrefix(data, []byte(begin)) || first.ContentType == "" || strings.Contains(first.Name, "anna") ||
				!strings.HasSuffix(first.Name, "."+string(format)) {
				t.Errorf("%s: %q %q %.40q", format, first.Name, first.ContentType, data)
			}
			if format != export.ZIP {
				continue
			}
			keys, err := w.keys.VerifierKeys(ledger.Origin(w.keys.StoreID()))
			if err != nil {
				t.Fatal(err)
			}
			r := dossier.Verify(data, keys[0])
			if r.Found != 0 || r.Events != 6 || r.EvidenceHeld != 5 || r.Position != 6 {
				t.Errorf("%+v", r)
			}
		}
		err := s.Export(ctx, export.Input{Address: "anna@example.at", Format: export.NDJSON}, func(export.Chunk) error { return nil })
		wantFault(t, err, fault.InvalidRequest)
		err = s.Export(ctx, export.Input{Address: "anna"}, func(export.Chunk) error { return nil })
		wantFault(t, err, fault.InvalidAddress)
		broken := errors.New("the line is dead")
		if err := s.Export(ctx, export.Input{Address: "anna@example.at"}, func(export.Chunk) error { return broken }); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	})
}

func TestExport_ClientOfOneDepartment_GetsWhatConcernsItsChannels(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		w.eventful(admin, s, "anna@example.at")
		desk := w.as(admin, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"export"}})
		d := dossierOf(desk, t, s, "anna@example.at")
		var positions []int64
		for _, e := range d.Events {
			positions = append(positions, e.Position)
		}
		// What is about product marketing only is not the desk's business; the objection is everybody's.
		if diff := cmp.Diff([]int64{2, 3, 6}, positions); diff != "" {
			t.Error(diff)
		}
		if len(d.Channels) != 1 || d.Channels[0].ID != "newsletter" || d.Made.Department == nil || d.Made.Department.ID != "newsletter-desk" {
			t.Errorf("%+v, %+v", d.Channels, d.Made)
		}
		nothing := func(export.Chunk) error { return nil }
		wantFault(t, s.Export(desk, export.Input{Address: "anna@example.at", Format: export.ZIP}, nothing), fault.OtherDepartment)
		wantFault(t, s.ExportLedger(desk, export.Range{}, nothing), fault.OtherDepartment)
		reader := w.as(admin, s, administration.NewClient{ID: "reader", AllDepartments: true, Scopes: []string{"read"}})
		wantFault(t, s.Export(reader, export.Input{Address: "anna@example.at"}, nothing), fault.ScopeMissing)
		wantFault(t, s.ExportLedger(reader, export.Range{}, nothing), fault.ScopeMissing)
	})
}

// interrupting is a store over which something is recorded each time that histories are read.
type interrupting struct {
	storage.Store

	times  int
	record func()
}

func (i *interrupting) Records(ctx context.Context, keys []storage.SubjectKey, after int64, limit int) (storage.Head, []storage.Record, error) {
	if i.times > 0 {
		i.times--
		i.record()
	}
	return i.Store.Records(ctx, keys, after, limit)
}

func TestExport_RecordedMeanwhile_BeginsAnew(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		store := &interrupting{Store: w.store(), times: 2}
		first := w.service(store.Store, 0)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		if _, err := first.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
			t.Fatal(err)
		}
		w.mustRecord(ctx, first, consentOn("newsletter", "anna@example.at", w.clock.Now()))
		store.record = func() { w.mustRecord(ctx, first, withdrawal("newsletter", "anna@example.at")) }
		s := w.service(store, 0)
		d := dossierOf(ctx, t, s, "anna@example.at")
		if len(d.Events) != 3 || d.Made.Position != 4 || d.Channels[0].Reason != "WITHDRAWN" {
			t.Errorf("%d events at %d, %s", len(d.Events), d.Made.Position, d.Channels[0].Reason)
		}
		store.times = 1000
		err := s.Export(ctx, export.Input{Address: "anna@example.at"}, func(export.Chunk) error { return nil })
		wantFault(t, err, fault.Unavailable)
	})
}

func TestExport_EventThatWasDeclaredVoid_IsMarked(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		given := w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", w.clock.Now()))
		if _, err := s.Void(ctx, rights.Void{Position: given.Position, Justification: "it was another Anna"}); err != nil {
			t.Fatal(err)
		}
		d := dossierOf(ctx, t, s, "anna@example.at")
		if len(d.Events) != 2 || d.Events[0].VoidedBy != 3 || d.Events[1].VoidPosition != 2 || d.Events[1].VoidedBy != 0 {
			t.Errorf("%+v", d.Events)
		}
		if d.Events[1].Evidence.Justification != "it was another Anna" || d.Channels[0].Verdict != "DENY" {
			t.Errorf("%+v, %+v", d.Events[1], d.Channels[0])
		}
	})
}

func TestExport_WhoLearntSomething_IsNamed_AndTheExportIsCounted(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", w.clock.Now()))
		shop := w.as(ctx, s, administration.NewClient{ID: "shop", Department: "newsletter-desk", Role: "sender"})
		w.wantCheck(shop, s, "newsletter", "anna@example.at", consent.CodeAllowConsent)
		desk := &dossier.Named{ID: "newsletter-desk", Name: locale.Text{EN: "Newsletter desk", DE: "Newsletter-Redaktion"}}
		newsletter := dossier.Named{ID: "newsletter", Name: locale.Text{EN: "Weekly newsletter", DE: "Wöchentlicher Newsletter"}}
		asked := dossier.Disclosure{Client: "shop", Department: desk, Channel: newsletter, Day: "2026-11-01", Count: 1}
		first := dossierOf(ctx, t, s, "anna@example.at")
		if diff := cmp.Diff([]dossier.Disclosure{asked}, first.Disclosures); diff != "" {
			t.Error(diff)
		}
		second := dossierOf(ctx, t, s, "anna@example.at")
		counted := dossier.Disclosure{Client: "test", Channel: dossier.AllPurposes(), Day: "2026-11-01", Count: 1}
		if diff := cmp.Diff([]dossier.Disclosure{asked, counted}, second.Disclosures, cmpopts.SortSlices(
			func(a, b dossier.Disclosure) bool { return a.Client < b.Client })); diff != "" {
			t.Error(diff)
		}
	})
}
