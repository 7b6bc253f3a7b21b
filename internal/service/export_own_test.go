package service

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/rights"
)

// fileOf returns a file about an address in a format.
func fileOf(ctx context.Context, t testing.TB, s *Service, in export.Input) string {
	t.Helper()
	data, _ := exported(t, func(send func(export.Chunk) error) error { return s.Export(ctx, in, send) })
	return string(data)
}

// everyFormat returns the file about an address in every format that is text, one after the other.
func everyFormat(ctx context.Context, t testing.TB, s *Service, in export.Input) string {
	t.Helper()
	var all strings.Builder
	for _, in.Format = range []export.Format{export.JSON, export.CSV, export.HTML, export.JSONLD, export.ZIP} {
		if in.Format == export.ZIP && in.Controller != "" {
			continue
		}
		all.WriteString(fileOf(ctx, t, s, in))
	}
	return all.String()
}

func wantWithout(t *testing.T, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("%q is told: …%s…", secret, text[max(0, at-80):min(len(text), at+80)])
		}
	}
}

// secretive is a refusal with everything that could tell about a person.
func secretive(kind consent.Kind, address string) statement.Statement {
	return statement.Statement{
		Kind: kind, Address: address, Channels: []string{"newsletter"}, Source: consent.SourceWebForm, IP: "192.0.2.99",
		URL: "https://secret.example/page", Note: "customer No. 4711", Operator: "Berta", DocumentRef: "letter-12",
	}
}

func TestExport_AddressAtTheTwinOfADomain_IsToldNothingOfTheOther(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const one, other = "max@strasse-twin.at", "max@straße-twin.at"
		w.mustRecord(ctx, s, secretive(consent.KindRefuse, one))
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindSuppress, Address: one, Reason: consent.ReasonObjection, Note: "customer No. 4711"})
		nothing := dossierOf(ctx, t, s, other)
		if nothing.Subject.Status != dossier.StatusUnknown || len(nothing.Held.Digests) != 0 || len(nothing.Suppressions) != 0 {
			t.Errorf("%+v, %+v, %+v", nothing.Subject, nothing.Held.Digests, nothing.Suppressions)
		}
		w.mustRecord(ctx, s, consentOn("newsletter", other, start))
		w.wantCheck(ctx, s, "newsletter", other, consent.CodeObjection) // The refusal holds for both: it may be one person.
		d := dossierOf(ctx, t, s, other)
		if len(d.Events) != 1 || d.Events[0].Kind != "grant" || d.Subject.OtherSpellingHeld || d.Channels[0].Reason != "ALLOW_CONSENT" {
			t.Errorf("%+v, %+v, %s", d.Events, d.Subject, d.Channels[0].Reason)
		}
		wantWithout(t, everyFormat(ctx, t, s, export.Input{Address: other}), "192.0.2.99", "No. 4711", "strasse-twin", "OBJECTION", "refuse")
		page, err := s.History(ctx, export.HistoryInput{Address: other, Size: 10})
		if err != nil || len(page.Events) != 1 {
			t.Errorf("%+v, %v", page.Events, err)
		}
		if own := dossierOf(ctx, t, s, one); len(own.Events) != 2 || own.Events[0].Evidence.IP != "192.0.2.99" {
			t.Errorf("%+v", own.Events)
		}
	})
}

func TestExport_OtherSpellingOrDomain_TellsOnlyWhatBlocks(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const own, other = "anna.huber@gmail.com", "annahuber@gmail.com"
		w.mustRecord(ctx, s, secretive(consent.KindRefuse, other))
		w.mustRecord(ctx, s, statement.Statement{
			Kind: consent.KindSuppress, Domain: "gmail.com", Reason: consent.ReasonManual, Scope: "all", Note: "spam from customer No. 4711", Operator: "Berta",
		})
		w.mustRecord(ctx, s, consentOn("product-marketing", own, w.clock.Now()))
		d := dossierOf(ctx, t, s, own)
		var got []string
		for _, e := range d.Events {
			got = append(got, fmt.Sprint(e.Kind, " ", e.Of, " ", e.EvidenceState, " ", e.Actor, " ", e.Source))
		}
		want := []string{"refuse spelling withheld  ", "suppress domain withheld  ", "grant  held test web_form"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if !d.Subject.OtherSpellingHeld || d.Events[1].Domain != "gmail.com" {
			t.Errorf("%+v, %+v", d.Subject, d.Events[1])
		}
		wantWithout(t, everyFormat(ctx, t, s, export.Input{Address: own, Operators: true}), "192.0.2.99", "No. 4711", "secret.example", "letter-12", "Berta", other)
		archive := fileOf(ctx, t, s, export.Input{Address: own, Format: export.ZIP})
		keys, err := w.keys.VerifierKeys(dossierOf(ctx, t, s, own).Made.Ledger)
		if err != nil {
			t.Fatal(err)
		}
		if r := dossier.Verify([]byte(archive), keys[0]); r.Found != 0 || r.Events != 4 {
			t.Errorf("%+v", r)
		}
	})
}

func TestExport_LegalHold_IsToldWithoutItsReason(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const anna = "anna@example.at"
		w.mustRecord(ctx, s, consentOn("newsletter", anna, w.clock.Now()))
		if _, err := s.PlaceHold(ctx, rights.Hold{Address: anna, Justification: "she sues us, case 7"}); err != nil {
			t.Fatal(err)
		}
		file := everyFormat(ctx, t, s, export.Input{Address: anna, Operators: true})
		wantWithout(t, file, "case 7")
		if !strings.Contains(file, `"kind": "hold"`) {
			t.Error("the hold itself is not told")
		}
		page, err := s.History(ctx, export.HistoryInput{Address: anna, Size: 10, HistoryFilter: export.HistoryFilter{Kinds: []string{"hold"}}})
		if err != nil || page.Events[0].Evidence.Justification != "she sues us, case 7" {
			t.Errorf("an officer reads %+v, %v", page.Events, err)
		}
		reader := w.as(ctx, s, administration.NewClient{ID: "reader", AllDepartments: true, Scopes: []string{"read"}})
		page, err = s.History(reader, export.HistoryInput{Address: anna, Size: 10, HistoryFilter: export.HistoryFilter{Kinds: []string{"hold"}}})
		if err != nil || page.Events[0].Evidence.Justification != "" || !page.Events[0].TextWithheld {
			t.Errorf("a reader reads %+v, %v", page.Events, err)
		}
	})
}

func TestExport_AfterAMove_SaysThatThePersonMovedAndNotWhere(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const old, to = "anna@old.example", "anna@new.example"
		w.mustRecord(ctx, s, withdrawal("newsletter", old))
		if _, err := s.Move(ctx, rights.Move{From: old, To: to, Justification: "married, ticket 815"}); err != nil {
			t.Fatal(err)
		}
		file := everyFormat(ctx, t, s, export.Input{Address: old, Operators: true})
		wantWithout(t, file, "new.example", "ticket 815")
		if !strings.Contains(file, `"moved": "away"`) {
			t.Error("the move is not told")
		}
	})
}

// manyControllers is the example catalog with a second company, which has a channel of its own.
func manyControllers(t testing.TB) string {
	t.Helper()
	text := acme(t)
	for at, more := range map[string]string{
		"controllers:\n": `  - id: other-gmbh
    name: Other GmbH
    postal_address: "Otherstraße 1, 1010 Wien"
    privacy_contact: privacy@other.example
`,
		"departments:\n": `  - id: other-desk
    name: { en: "Other desk", de: "Andere Abteilung" }
    controller: other-gmbh
    complaints_to: complaints@other.example
`,
		"channels:\n": `  - id: other-news
    name: { en: "Other news", de: "Andere Nachrichten" }
    department: other-desk
    medium: email
    class: marketing
    legal_bases: [consent]
    sender_identities: [other-sender]
`,
		"sender_identities:\n": `  - id: other-sender
    department: other-desk
    from: { name: "Completely Different", address: hello@other.example }
`,
	} {
		if !strings.Contains(text, "\n"+at) {
			t.Fatalf("the example has no %q", at)
		}
		text = strings.Replace(text, "\n"+at, "\n"+at+more, 1)
	}
	return text
}

func TestExport_OfOneController_HasNothingOfAnother(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		if _, err := s.ApplyCatalog(admin, administration.ApplyCatalog{Document: manyControllers(t)}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		const anna = "anna@example.at"
		scopes := []string{"record", "suppress", "check", "read", "export"}
		theirs := w.as(admin, s, administration.NewClient{ID: "their-clerk", Department: "other-desk", Scopes: scopes})
		ours := w.as(admin, s, administration.NewClient{ID: "our-clerk", Department: "newsletter-desk", Scopes: scopes})
		no := secretive(consent.KindRefuse, anna)
		no.Channels = []string{"newsletter", "other-news"}
		w.mustRecord(admin, s, no)
		objection := statement.Statement{Kind: consent.KindSuppress, Address: anna, Reason: consent.ReasonObjection}
		objection.Note, objection.Justification, objection.IP = "was rude, customer No. 4711", "phoned", "192.0.2.98"
		w.mustRecord(theirs, s, objection)
		w.mustRecord(ours, s, consentOn("newsletter", anna, w.clock.Now()))
		secrets := []string{"their-clerk", "rude", "192.0.2.98", "Other GmbH", "Other news", "other-news", "other-desk", "phoned"}
		for name, c := range map[string]struct {
			ctx context.Context
			in  export.Input
		}{
			"a client of a department": {ours, export.Input{Address: anna}},
			"one controller":           {admin, export.Input{Address: anna, Controller: "acme", Operators: true}},
		} {
			for _, c.in.Format = range []export.Format{export.JSON, export.CSV, export.HTML, export.JSONLD} {
				file := fileOf(c.ctx, t, s, c.in)
				t.Run(name+" "+string(c.in.Format), func(t *testing.T) { wantWithout(t, file, secrets...) })
				if !strings.Contains(file, "OBJECTION") && !strings.Contains(file, "object") {
					t.Errorf("%s, %s: what blocks is not told", name, c.in.Format)
				}
			}
		}
		page, err := s.History(ours, export.HistoryInput{Address: anna, Size: 10})
		if err != nil || len(page.Events) != 3 || page.Events[1].Actor != "" || page.Events[1].Held || !page.Events[1].Closed {
			t.Errorf("%+v, %v", page.Events, err)
		}
		nothing := func(export.Chunk) error { return nil }
		wantFault(t, s.Export(ours, export.Input{Address: anna, Controller: "other-gmbh"}, nothing), fault.OtherDepartment)
		wantFault(t, s.Export(admin, export.Input{Address: anna, Controller: "none"}, nothing), fault.InvalidRequest)
		wantFault(t, s.Export(admin, export.Input{Address: anna, Controller: "acme", Format: export.ZIP}, nothing), fault.InvalidRequest)
	})
}

func TestExport_WithheldPosition_IsShownWithItsGroundAndNothingElse(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const anna = "anna@example.at"
		told := w.mustRecord(ctx, s, secretive(consent.KindRefuse, anna))
		other := w.mustRecord(ctx, s, secretive(consent.KindRefuse, "ben@example.at"))
		in := export.Input{Address: anna, Operators: true, Withheld: []export.Withheld{{Position: told.Position, Ground: "it names another customer"}}}
		file := everyFormat(ctx, t, s, in)
		wantWithout(t, file, "192.0.2.99", "No. 4711", "letter-12", "Berta", "secret.example")
		in.Format = export.HTML
		if page := fileOf(ctx, t, s, in); !strings.Contains(page, "it names another customer") {
			t.Error("the ground is not said")
		}
		in.Format = export.ZIP
		if r := dossier.Verify([]byte(fileOf(ctx, t, s, in)), ""); r.Found != 0 || r.EvidenceHeld != 0 {
			t.Errorf("%+v", r)
		}
		for _, position := range []int64{1, other.Position, other.Position + 1} {
			in.Withheld[0].Position = position
			sent := 0
			err := s.Export(ctx, in, func(export.Chunk) error { sent++; return nil })
			wantFault(t, err, fault.NotOfAddress)
			if sent != 0 {
				t.Error("something was sent")
			}
		}
	})
}

func TestExport_WithheldBeforeATime_LeavesOutWhatTheEarlierOwnerSaid(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const anna = "anna@example.at"
		earlier := w.mustRecord(ctx, s, secretive(consent.KindRefuse, anna))
		w.clock.Advance(time.Hour)
		owned := w.clock.Now()
		now := secretive(consent.KindRefuse, anna)
		now.IP = "198.51.100.7"
		later := w.mustRecord(ctx, s, now)
		in := export.Input{Address: anna, Withheld: []export.Withheld{{Before: consent.InstantOf(owned), Ground: "another person had this mailbox"}}}
		file := everyFormat(ctx, t, s, in)
		wantWithout(t, file, "192.0.2.99")
		if !strings.Contains(file, "198.51.100.7") || !strings.Contains(file, "another person had this mailbox") {
			t.Error("the later event, or the ground, is not told")
		}
		in.Format = export.JSON
		var d dossier.Dossier
		if err := json.Unmarshal([]byte(fileOf(ctx, t, s, in)), &d); err != nil {
			t.Fatal(err)
		}
		states := map[int64]string{}
		for i := range d.Events {
			states[d.Events[i].Position] = d.Events[i].EvidenceState
		}
		if states[earlier.Position] != dossier.EvidenceWithheld || states[later.Position] == dossier.EvidenceWithheld {
			t.Errorf("states of the evidence: %v", states)
		}
		in.Format = export.ZIP
		if r := dossier.Verify([]byte(fileOf(ctx, t, s, in)), ""); r.Found != 0 {
			t.Errorf("%+v", r)
		}
		in.Withheld[0].Before = consent.InstantOf(owned.Add(-2 * time.Hour))
		wantFault(t, s.Export(ctx, in, func(export.Chunk) error { return nil }), fault.NotOfAddress)
	})
}

// What is recorded of one address changes nothing of what is exported of another one: at the same domain, at its twin, with another tag.
func TestProperty_EventsOfOneAddress_ChangeNothingInTheFileOfAnother(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const anna = "max@straße-twin.at"
		w.eventful(ctx, s, anna)
		random := rand.New(rand.NewPCG(1, 2))
		tellable := func() dossier.Dossier {
			d := dossierOf(ctx, t, s, anna)
			d.Made, d.Disclosures, d.Held.Disclosures, d.Held.Statements = dossier.Made{}, nil, 0, nil
			d.Recipients = nil
			return d
		}
		before := tellable()
		others := []string{"max@strasse-twin.at", "max+tag@straße-twin.at", "moritz@straße-twin.at", "max+tag@strasse-twin.at"}
		kinds := []consent.Kind{
			consent.KindGrant, consent.KindRefuse, consent.KindWithdraw, consent.KindSuppress, consent.KindErase, consent.KindRequest,
		}
		for i := range 40 {
			other, kind := others[random.IntN(len(others))], kinds[random.IntN(len(kinds))]
			switch kind {
			case consent.KindGrant:
				w.mustRecord(ctx, s, consentOn("newsletter", other, w.clock.Now()))
			case consent.KindSuppress:
				w.mustRecord(ctx, s, statement.Statement{Kind: kind, Address: other, Reason: consent.ReasonComplaint, Note: "noted"})
			case consent.KindErase:
				w.mustRecord(ctx, s, statement.Statement{Kind: kind, Address: other})
			case consent.KindRequest:
				w.eventful(ctx, s, other)
			default:
				w.mustRecord(ctx, s, secretive(kind, other))
			}
			if diff := cmp.Diff(before, tellable()); diff != "" {
				t.Fatalf("after %s of %s (%d): %s", kind, other, i, diff)
			}
		}
	})
}
