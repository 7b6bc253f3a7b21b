package service

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

func TestClients_OfOneDepartment_KeepTheClientsOfItOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		desk := w.as(admin, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Role: "admin"})
		for _, n := range []administration.NewClient{
			{ID: "boss", AllDepartments: true, Role: "sender"},
			{ID: "shop", Department: "marketing", Role: "sender"},
		} {
			_, _, err := s.CreateClient(desk, n)
			wantFault(t, err, fault.OtherDepartment)
			w.as(admin, s, n)
			_, err = s.RevokeClient(desk, n.ID)
			wantFault(t, err, fault.OtherDepartment)
		}
		w.as(desk, s, administration.NewClient{ID: "letters", Department: "newsletter-desk", Role: "officer"})
		var ids []string
		for token := ""; ; {
			page, err := s.ListClients(desk, 1, token)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Clients {
				ids = append(ids, c.ID)
			}
			if token = page.Next; token == "" {
				break
			}
		}
		if diff := cmp.Diff([]string{"desk", "letters"}, ids); diff != "" {
			t.Error(diff)
		}
		if c, err := s.RevokeClient(desk, "letters"); err != nil || c.Revoked == 0 {
			t.Errorf("%+v, %v", c, err)
		}
		_, err := s.RevokeClient(desk, "nobody")
		wantFault(t, err, fault.ClientMissing)
		if page, err := s.ListClients(admin, 10, ""); err != nil || len(page.Clients) != 4 {
			t.Errorf("an admin of all sees %d clients, %v", len(page.Clients), err)
		}
	})
}

func TestCreateClient_GivesNothingThatTheCreatorLacks(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		with := func(id string, lists []string, scopes ...string) context.Context {
			return w.as(admin, s, administration.NewClient{ID: id, AllDepartments: true, Scopes: append(scopes, "clients"), Lists: lists})
		}
		for _, scope := range access.AllScopes() {
			if scope == access.ScopeClients {
				continue
			}
			var others []string
			for _, o := range access.AllScopes() {
				if o != scope && o != access.ScopeClients {
					others = append(others, string(o))
				}
			}
			creator := with("no-"+string(scope), nil, others...)
			_, _, err := s.CreateClient(creator, administration.NewClient{ID: "x", AllDepartments: true, Scopes: []string{string(scope)}})
			wantFault(t, err, fault.ScopeMissing)
			_, _, err = s.CreateClient(creator, administration.NewClient{ID: "x", AllDepartments: true, Role: "admin"})
			wantFault(t, err, fault.ScopeMissing)
		}
		suppressor := with("suppressor", []string{"ecg"}, "suppress")
		listed := administration.NewClient{ID: "listed", AllDepartments: true, Scopes: []string{"suppress"}, Lists: []string{"ecg", "robinson"}}
		_, _, err := s.CreateClient(suppressor, listed)
		wantFault(t, err, fault.ScopeMissing)
		listed.Lists = []string{"ecg"}
		w.as(suppressor, s, listed)
		officer := with("officer", nil, "suppress", "lift")
		w.as(officer, s, administration.NewClient{ID: "robinson", Department: "marketing", Scopes: []string{"suppress"}, Lists: []string{"robinson"}})
		// A department lifts what lies within it; the entries of a list reach beyond.
		desk := w.as(admin, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Role: "admin"})
		_, _, err = s.CreateClient(desk, administration.NewClient{ID: "x", Department: "newsletter-desk", Scopes: []string{"suppress"}, Lists: []string{"ecg"}})
		wantFault(t, err, fault.ScopeMissing)
		none := w.as(admin, s, administration.NewClient{ID: "none", AllDepartments: true, Scopes: []string{"check"}})
		_, _, err = s.CreateClient(none, administration.NewClient{ID: "x", AllDepartments: true, Scopes: []string{"check"}})
		wantFault(t, err, fault.ScopeMissing)
	})
}

const (
	deskText   = "Ja, ich möchte den wöchentlichen Newsletter der Acme GmbH per E-Mail erhalten."
	deskChange = "Ja, ich möchte den Newsletter der Acme GmbH jede Woche per E-Mail erhalten."
)

func changed(t *testing.T, document string, exchanges ...string) string {
	t.Helper()
	for i := 0; i < len(exchanges); i += 2 {
		if !strings.Contains(document, exchanges[i]) {
			t.Fatalf("the catalog has no %q", exchanges[i])
		}
		document = strings.Replace(document, exchanges[i], exchanges[i+1], 1)
	}
	return document
}

// wantViolation requires OTHER_DEPARTMENT with a violation that names the path.
func wantViolation(t *testing.T, err error, path string) {
	t.Helper()
	wantFault(t, err, fault.OtherDepartment)
	refused, ok := errors.AsType[*fault.Error](err)
	if !ok || len(refused.Violations) == 0 || !strings.Contains(refused.Violations[0].Message, path) {
		t.Errorf("%+v names no %s", refused, path)
	}
}

func TestApplyCatalog_ClientOfOneDepartment_ChangesItsOwnPartsOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		desk := w.as(admin, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"catalog"}})
		apply := func(ctx context.Context, document string, dry bool) (administration.AppliedCatalog, error) {
			return s.ApplyCatalog(ctx, administration.ApplyCatalog{Name: "c.yaml", Document: document, ValidateOnly: dry})
		}
		for _, dry := range []bool{true, false} {
			_, err := apply(desk, changed(t, acme(t), "honours: [newsletter] ", "#"), dry)
			wantViolation(t, err, "channels[1].honours")
			_, err = apply(desk, changed(t, acme(t), "decision_ttl: PT5M", "decision_ttl: PT24H"), dry)
			wantViolation(t, err, "policy.decision_ttl")
			_, err = apply(desk, "effective_time: 2027-01-01T00:00:00Z\n"+acme(t), dry)
			wantViolation(t, err, "c.yaml:1: effective_time")
		}
		own := changed(t, acme(t), deskText, deskChange)
		applied, err := apply(desk, own, false)
		if err != nil || applied.Version != 2 {
			t.Fatalf("its own text: %+v, %v", applied, err)
		}
		if again, err := apply(desk, own, false); err != nil || !again.Unchanged {
			t.Errorf("the same again: %+v, %v", again, err)
		}
		// What others applied since is not undone by an older document.
		if _, err := apply(admin, changed(t, own, "decision_ttl: PT5M", "decision_ttl: PT6M"), false); err != nil {
			t.Fatal(err)
		}
		_, err = apply(desk, own, false)
		wantViolation(t, err, "policy.decision_ttl")
	})
}

func TestApplyCatalog_FirstOne_NeedsAllDepartments(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.service(w.store(), 0), access.WithCaller(t.Context(), access.Process("test"))
		desk := w.as(admin, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"catalog"}})
		_, err := s.ApplyCatalog(desk, administration.ApplyCatalog{Document: acme(t)})
		wantFault(t, err, fault.OtherDepartment)
	})
}

func TestApplyCatalog_ClientOfOneDepartment_EndsNoVersionOfOthersThatIsToCome(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		desk := w.as(admin, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"catalog"}})
		apply := func(ctx context.Context, document string) error {
			_, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document})
			return err
		}
		const soon, late = "effective_time: 2026-11-03T00:00:00Z\n", "effective_time: 2026-12-03T00:00:00Z\n"
		longer := changed(t, acme(t), "decision_ttl: PT5M", "decision_ttl: PT6M")
		if err := errors.Join(apply(admin, soon+longer), apply(admin, late+acme(t))); err != nil {
			t.Fatal(err)
		}
		own := func(document string) string { return changed(t, document, deskText, deskChange) }
		// Now would end both that are to come, and the first of them changes the policy.
		wantViolation(t, apply(desk, own(acme(t))), "policy.decision_ttl")
		wantViolation(t, apply(desk, own(longer)), "policy.decision_ttl")
		// A time of its own would keep all other departments from changing theirs until then.
		wantViolation(t, apply(desk, "effective_time: 2027-12-03T00:00:00Z\n"+own(acme(t))), "effective_time")
		wantViolation(t, apply(desk, soon+own(longer)), "effective_time")
		if err := apply(desk, late+own(acme(t))); err != nil {
			t.Errorf("the version that is to come, with its own text: %v", err)
		}
		// What is to come was in force for a day, then: only the second of them would be ended.
		w.clock.Set(time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC))
		wantViolation(t, apply(desk, own(longer)), "policy.decision_ttl")
		w.clock.Set(time.Date(2026, 12, 4, 0, 0, 0, 0, time.UTC))
		if err := apply(desk, changed(t, acme(t), "{en: Weekly newsletter", "{en: Newsletter")); err != nil {
			t.Errorf("once all are in force: %v", err)
		}
	})
}

func TestRunRetention_ClientOfOneDepartment_IsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		desk := w.as(admin, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Role: "officer"})
		officer := w.as(admin, s, administration.NewClient{ID: "officer", AllDepartments: true, Role: "officer"})
		for _, dry := range []bool{true, false} {
			_, err := s.RunRetention(desk, dry)
			wantFault(t, err, fault.OtherDepartment)
			if _, err := s.RunRetention(officer, dry); err != nil {
				t.Error(err)
			}
		}
		// Its transactions ask again: a run may outlast the rights that it began with.
		_, err := s.BatchRecord(admin, record.Batch{Items: []record.BatchItem{
			{Statement: statement.Statement{Kind: consent.KindErase, Address: "anna@example.at"}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.ErasePending(desk, false)
		wantFault(t, err, fault.OtherDepartment)
	})
}

// away is a store with a head that cannot be read.
type away struct {
	storage.Store

	gone bool
}

func (a *away) Head(ctx context.Context) (storage.Head, error) {
	if a.gone {
		return storage.Head{}, storage.ErrUnavailable
	}
	return a.Store.Head(ctx)
}

func TestMayObserve_GoesByTheClientsOfNow_AndInAnOutageByThoseLastKnown(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		store := &away{Store: w.store()}
		one, two := w.service(store.Store, 0), w.service(store, 0)
		admin := access.WithCaller(t.Context(), access.Process("test"))
		watch := w.as(admin, two, administration.NewClient{ID: "prometheus", AllDepartments: true, Role: "monitor"})
		shop := w.as(admin, two, administration.NewClient{ID: "shop", AllDepartments: true, Role: "sender"})
		desk := w.as(admin, two, administration.NewClient{ID: "desk", Department: "marketing", Role: "admin"})
		for _, gone := range []bool{false, true} {
			store.gone = gone
			if err := two.MayObserve(watch); err != nil {
				t.Errorf("outage %v: %v", gone, err)
			}
			wantFault(t, two.MayObserve(shop), fault.ScopeMissing)
			wantFault(t, two.MayObserve(desk), fault.OtherDepartment)
			wantFault(t, two.MayObserve(t.Context()), map[bool]fault.Code{
				false: fault.Unauthenticated, true: fault.OtherDepartment,
			}[gone])
		}
		if _, err := one.RevokeClient(admin, "prometheus"); err != nil {
			t.Fatal(err)
		}
		store.gone = false
		wantFault(t, two.MayObserve(watch), fault.Unauthenticated)
	})
}

func TestHistory_EventOfSeveralDepartments_IsShownAsFarAsItConcernsTheReader(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		const anna = "anna@example.at"
		scopes := []string{"record", "suppress", "read", "export", "erase"}
		desk := w.as(admin, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: scopes})
		marketing := w.as(admin, s, administration.NewClient{ID: "marketing", Department: "marketing", Scopes: scopes})
		service := w.as(admin, s, administration.NewClient{ID: "service", Department: "customer-service", Scopes: scopes})
		no := withdrawal("newsletter", anna)
		no.Channels = []string{"newsletter", "product-marketing"}
		no.Note, no.Operator = "was rude to Bert", "Bert"
		w.mustRecord(marketing, s, no)
		w.clock.Advance(time.Second)
		complaint := statement.Statement{Kind: consent.KindSuppress, Address: anna, Reason: consent.ReasonComplaint}
		complaint.Justification = "said so by phone"
		w.mustRecord(desk, s, complaint)
		if _, err := s.PlaceHold(admin, rights.Hold{Address: anna, Justification: "case 7"}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		type shown struct {
			Kind, Channels, Text string
			Withheld             bool
		}
		both := "newsletter product-marketing"
		for name, c := range map[string]struct {
			ctx  context.Context
			want []shown
		}{
			"admin":     {admin, []shown{{"withdraw", both, "was rude to Bert/Bert/", false}, {"suppress", "", "//said so by phone", false}, {"hold", "", "//case 7", false}}},
			"marketing": {marketing, []shown{{"withdraw", "product-marketing", "was rude to Bert/Bert/", false}, {"suppress", "", "//", true}, {"hold", "", "//", true}}},
			"desk":      {desk, []shown{{"withdraw", "newsletter", "//", true}, {"suppress", "", "//said so by phone", false}, {"hold", "", "//", true}}},
			"service":   {service, []shown{{"suppress", "", "//", true}, {"hold", "", "//", true}}},
		} {
			page, err := s.History(c.ctx, export.HistoryInput{Address: anna, Size: 10})
			if err != nil {
				t.Fatal(err)
			}
			var got []shown
			for _, e := range page.Events {
				v := e.Evidence
				got = append(got, shown{e.Kind.String(), strings.Join(e.Channels, " "), v.Note + "/" + v.Operator + "/" + v.Justification, e.TextWithheld})
			}
			if diff := cmp.Diff(c.want, slices.Compact(got)); diff != "" {
				t.Errorf("history for %s: %s", name, diff)
			}
			var exported []shown
			for _, e := range dossierOf(c.ctx, t, s, anna).Events {
				var channels []string
				for _, ch := range e.Channels {
					channels = append(channels, ch.ID)
				}
				if name != "admin" && strings.Contains(e.Summary.EN, "Weekly newsletter") && strings.Contains(e.Summary.EN, "Product information") {
					t.Errorf("the summary for %s names both channels: %s", name, e.Summary.EN)
				}
				v := e.Evidence
				operator := v.Operator
				if v.OperatorWithheld {
					operator = "Bert"
				}
				exported = append(exported, shown{e.Kind, strings.Join(channels, " "), v.Note + "/" + operator + "/" + v.Justification, v.TextWithheld})
			}
			want := slices.Clone(c.want)
			want[len(want)-1] = shown{"hold", "", "//", false} // Why an address is held is never exported.
			if diff := cmp.Diff(want, slices.Compact(exported)); diff != "" {
				t.Errorf("export for %s: %s", name, diff)
			}
		}
		filter := export.HistoryInput{Address: anna, Size: 10, HistoryFilter: export.HistoryFilter{Channel: "product-marketing"}}
		_, err := s.History(desk, filter)
		wantFault(t, err, fault.OtherDepartment)
		if page, err := s.History(marketing, filter); err != nil || len(page.Events) != 1 {
			t.Errorf("%d events of its own channel, %v", len(page.Events), err)
		}
		// Why an address is held is not told either, where that refuses something.
		for _, ctx := range []context.Context{desk, admin} {
			_, err = s.Record(ctx, statement.Statement{Kind: consent.KindErase, Address: anna}, txn.Idempotency{})
			wantFault(t, err, fault.LegalHold)
			if err != nil && strings.Contains(err.Error(), "case 7") {
				t.Error(err)
			}
		}
	})
}
