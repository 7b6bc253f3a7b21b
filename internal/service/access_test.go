package service

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
)

// as returns a context of a new client, authenticated by its key.
func (w *world) as(ctx context.Context, s *Service, n administration.NewClient) context.Context {
	w.t.Helper()
	_, key, err := s.CreateClient(ctx, n)
	if err != nil {
		w.t.Fatal(err)
	}
	who, err := s.Authenticate(w.t.Context(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	return access.WithCaller(w.t.Context(), who)
}

func TestClients_OneDepartment_IsHeldToItsChannels(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		desk := w.as(admin, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"check", "record", "suppress", "read", "lift"}})
		w.mustRecord(desk, s, consentOn("newsletter", "anna@example.at", start))
		w.wantCheck(desk, s, "newsletter", "anna@example.at", consent.CodeAllowConsent)
		_, err := s.Check(desk, check.Input{Address: "anna@example.at", Request: consent.Request{Channel: "product-marketing"}})
		wantFault(t, err, fault.OtherDepartment)
		_, err = s.BatchCheck(desk, check.BatchInput{Addresses: []string{"anna@example.at"}, Request: consent.Request{Channel: "product-marketing"}})
		wantFault(t, err, fault.OtherDepartment)
		_, err = s.Record(desk, consentOn("product-marketing", "anna@example.at", start), txn.Idempotency{})
		wantFault(t, err, fault.OtherDepartment)

		// A no may be recorded for whatever it is about.
		w.mustRecord(desk, s, withdrawal("product-marketing", "anna@example.at"))
		complaint := statement.Statement{Kind: consent.KindSuppress, Address: "anna@example.at", Reason: consent.ReasonComplaint}
		w.mustRecord(desk, s, complaint)
		lift := statement.Statement{Kind: consent.KindLift, Address: "anna@example.at", Reason: consent.ReasonComplaint}
		_, err = s.Record(desk, lift, txn.Idempotency{})
		wantFault(t, err, fault.OtherDepartment)
		w.mustRecord(admin, s, lift)

		r, err := s.Lookup(desk, check.LookupInput{Address: "anna@example.at"})
		if err != nil || len(r.Channels) != 1 || r.Channels[0].Channel != "newsletter" || len(r.Channels[0].Grants) != 1 {
			t.Errorf("lookup: %+v, %v", r, err)
		}
		page, err := s.History(desk, export.HistoryInput{Address: "anna@example.at", Size: 10})
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, e := range page.Events {
			kinds = append(kinds, e.Kind.String())
		}
		if diff := cmp.Diff([]string{"grant", "suppress", "lift"}, kinds); diff != "" {
			t.Errorf("history: %s", diff)
		}
		if page.Events[0].Actor != "desk" || page.Events[0].Evidence.Address != "anna@example.at" {
			t.Errorf("the event does not say who recorded what: %+v", page.Events[0])
		}
	})
}

func TestClients_ScopesAreNeeded(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		none := w.as(admin, s, administration.NewClient{ID: "none", AllDepartments: true, Scopes: []string{"feed"}})
		sync := w.as(admin, s, administration.NewClient{ID: "sync", AllDepartments: true, Role: "sync", Lists: []string{"own"}})
		listed := statement.Statement{
			Kind: consent.KindSuppress, Address: "a@b.at", Reason: consent.ReasonExternalList, List: "own", Binds: consent.BindsAll,
		}
		other := listed
		other.List = "other"
		w.mustRecord(sync, s, listed)
		w.mustRecord(sync, s, other)
		lift := statement.Statement{Kind: consent.KindLift, Address: "a@b.at", Reason: consent.ReasonExternalList, List: "own"}
		w.mustRecord(sync, s, lift)
		lift.List = "other"
		_, err := s.Record(sync, lift, txn.Idempotency{})
		wantFault(t, err, fault.ScopeMissing)
		for name, call := range map[string]func() error{
			"grant": func() error {
				_, err := s.Record(none, consentOn("newsletter", "a@b.at", start), txn.Idempotency{})
				return err
			},
			"withdraw": func() error {
				_, err := s.Record(none, withdrawal("newsletter", "a@b.at"), txn.Idempotency{})
				return err
			},
			"lookup":  func() error { _, err := s.Lookup(none, check.LookupInput{Address: "a@b.at"}); return err },
			"history": func() error { _, err := s.History(none, export.HistoryInput{Address: "a@b.at", Size: 1}); return err },
			"catalog": func() error { _, err := s.ApplyCatalog(none, administration.ApplyCatalog{Document: "x"}); return err },
			"clients": func() error { _, err := s.ListClients(none, 1, ""); return err },
			"create":  func() error { _, _, err := s.CreateClient(none, administration.NewClient{}); return err },
			"revoke":  func() error { _, err := s.RevokeClient(none, "none"); return err },
			"erase": func() error {
				items, err := s.BatchRecord(sync, record.Batch{Items: []record.BatchItem{{Statement: statement.Statement{Kind: consent.KindErase, Address: "a@b.at"}}}})
				if err != nil {
					return err
				}
				return items[0].Err
			},
		} {
			t.Run(name, func(t *testing.T) { wantFault(t, call(), fault.ScopeMissing) })
		}
	})
}

func TestRevokeClient_EndsTheKeyAtOnceOnEveryServer(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		store := w.store()
		one, two := w.service(store, 0), w.service(store, 0)
		admin := access.WithCaller(t.Context(), access.Process("test"))
		if _, err := one.ApplyCatalog(admin, administration.ApplyCatalog{Document: acme(t)}); err != nil {
			t.Fatal(err)
		}
		_, key, err := one.CreateClient(admin, administration.NewClient{ID: "sender", AllDepartments: true, Role: "sender"})
		if err != nil {
			t.Fatal(err)
		}
		who, err := two.Authenticate(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		ctx := access.WithCaller(t.Context(), who)
		w.mustRecord(admin, one, consentOn("newsletter", "a@b.at", start))
		at, err := two.Check(ctx, check.Input{
			Address: "a@b.at", Request: consent.Request{Channel: "newsletter"}, Consistency: check.Consistency{AtLeast: 2},
		})
		if err != nil || at.Verdict != consent.Allow {
			t.Fatal(at.Reason, err)
		}
		if _, err := one.RevokeClient(admin, "sender"); err != nil {
			t.Fatal(err)
		}
		// The other server let the caller in before it could know; what it reads tells it.
		_, err = two.Check(ctx, check.Input{Address: "a@b.at", Request: consent.Request{Channel: "newsletter"}})
		wantFault(t, err, fault.Unauthenticated)
		_, err = two.Record(ctx, withdrawal("newsletter", "a@b.at"), txn.Idempotency{})
		wantFault(t, err, fault.Unauthenticated)
		_, err = two.Authenticate(t.Context(), key)
		wantFault(t, err, fault.Unauthenticated)
	})
}

func TestAuthenticate_WrongKeys_Refused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		_, key, err := s.CreateClient(admin, administration.NewClient{ID: "a_b.c-d", AllDepartments: true, Role: "officer"})
		if err != nil {
			t.Fatal(err)
		}
		if who, err := s.Authenticate(t.Context(), key); err != nil || who.ID != "a_b.c-d" {
			t.Errorf("got %+v, %v", who, err)
		}
		flipped := strings.Map(func(r rune) rune {
			if r == '0' {
				return '1'
			}
			return r
		}, key[len(key)-64:])
		for _, wrong := range []string{"", "x", key + "0", key[1:], "assent_other_" + key[len(key)-64:], "assent_a_b.c-d_" + flipped + "", key[:len(key)-1] + "g"} {
			if wrong == key {
				continue
			}
			_, err := s.Authenticate(t.Context(), wrong)
			wantFault(t, err, fault.Unauthenticated)
		}
		_, _, err = s.CreateClient(admin, administration.NewClient{ID: "a_b.c-d", AllDepartments: true, Role: "officer"})
		wantFault(t, err, fault.ClientExists)
		for _, bad := range []administration.NewClient{
			{ID: "Großes", AllDepartments: true, Role: "admin"},
			{ID: "x", Role: "admin"},
			{ID: "x", AllDepartments: true, Department: "marketing", Role: "admin"},
			{ID: "x", AllDepartments: true},
			{ID: "x", AllDepartments: true, Role: "king"},
			{ID: "x", AllDepartments: true, Scopes: []string{"everything"}},
			{ID: "x", Department: "nowhere", Role: "sender"},
			{ID: "x", AllDepartments: true, Role: "sync", Lists: []string{"a@b.at"}},
		} {
			_, _, err := s.CreateClient(admin, bad)
			wantFault(t, err, fault.InvalidClient)
		}
		first, err := s.ListClients(admin, 1, "")
		if err != nil || len(first.Clients) != 1 || first.Next != "" {
			t.Errorf("list: %+v, %v", first, err)
		}
	})
}

func TestCatalog_VersionsFollowEachOther(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", start))
		got, err := s.GetCatalog(ctx, 0)
		if err != nil || got.Version != 1 || got.Document != acme(t) || got.Effective != 0 {
			t.Fatalf("got version %d, %v", got.Version, err)
		}
		same, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t), ETag: got.ETag})
		if err != nil || !same.Unchanged || same.Version != 1 {
			t.Errorf("the same document again: %+v, %v", same, err)
		}
		apply := func(document, etag string) error {
			_, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document, ETag: etag})
			return err
		}
		wantFault(t, apply("channels: 3", ""), fault.InvalidCatalog)
		wantFault(t, apply(strings.Replace(acme(t), "wöchentlichen Newsletter und", "Newsletter und", 1), ""), fault.VersionInUse)
		wantFault(t, apply("effective_time: 2026-01-01T00:00:00Z\n"+acme(t), ""), fault.InvalidCatalog)
		wantFault(t, apply(strings.Replace(acme(t), "P24M", "P12M", 1), "1-00"), fault.EtagMismatch)
		shorter := strings.Replace(acme(t), "consent_lapses_after: P24M", "consent_lapses_after: P1D", 1)
		later := "effective_time: 2026-11-03T00:00:00Z\n" + shorter
		if err := apply(later, got.ETag); err != nil {
			t.Fatal(err)
		}
		w.clock.Set(time.Date(2026, 11, 2, 23, 59, 59, 0, time.UTC))
		w.wantCheck(ctx, s, "newsletter", "anna@example.at", consent.CodeAllowConsent)
		w.clock.Set(time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC))
		if r := w.wantCheck(ctx, s, "newsletter", "anna@example.at", consent.CodeConsentLapsed); r.CatalogVersion != 2 {
			t.Errorf("decided by catalog version %d, want 2", r.CatalogVersion)
		}
		_, err = s.GetCatalog(ctx, 3)
		wantFault(t, err, fault.CatalogNotFound)
	})
}

func TestHistory_PagesAreWhole(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		for i := range 7 {
			w.mustRecord(ctx, s, consentOn("newsletter", "a.b@gmail.com", start.Add(time.Duration(-i)*time.Minute)))
			w.mustRecord(ctx, s, withdrawal("newsletter", "ab+tag@gmail.com"))
			w.mustRecord(ctx, s, withdrawal("newsletter", "ab@gmail.com"))
		}
		var seen []int64
		for token := ""; ; {
			page, err := s.History(ctx, export.HistoryInput{Address: "a.b@gmail.com", Size: 3, Token: token})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Events {
				seen = append(seen, e.Position)
				if e.Evidence.Address == "ab+tag@gmail.com" {
					t.Error("a refusal of a tagged spelling is shown for another one")
				}
			}
			if token = page.Next; token == "" {
				break
			}
			_, err = s.History(ctx, export.HistoryInput{Address: "ab@gmail.com", Size: 3, Token: token})
			wantFault(t, err, fault.InvalidPageToken)
		}
		if len(seen) != 14 {
			t.Errorf("%d events, want 14: %v", len(seen), seen)
		}
	})
}

func TestProveEntry_ForAClientOfOneDepartment_Refused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		desk := w.as(admin, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"read", "export"}})
		w.mustRecord(admin, s, consentOn("product-marketing", "anna@example.at", start))
		_, err := s.ProveEntry(desk, 2, 0)
		wantFault(t, err, fault.OtherDepartment)
		if _, err := s.ProveEntry(admin, 2, 0); err != nil {
			t.Error(err)
		}
		if _, err := s.Checkpoint(desk); err != nil {
			t.Errorf("a checkpoint says nothing about anybody: %v", err)
		}
	})
}

func TestAccess_ThePast_IsAMatterOfTheDepartmentOfThenAndNow(t *testing.T) {
	const sections = "department: newsletter-desk\n    medium"
	moved := func(document string) string {
		document = strings.Replace(document, sections, "department: marketing\n    medium", 1)
		return strings.Replace(document, "department: newsletter-desk\n    from", "department: marketing\n    from", 1)
	}
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		desk := w.as(admin, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"check", "read"}})
		marketing := w.as(admin, s, administration.NewClient{ID: "marketing", Department: "marketing", Scopes: []string{"check", "read"}})
		service := w.as(admin, s, administration.NewClient{ID: "service", Department: "customer-service", Scopes: []string{"check", "read"}})
		w.mustRecord(admin, s, consentOn("newsletter", "anna@example.at", start))
		before := consent.InstantOf(w.clock.Now())
		apply := func(document string) asof.Moment {
			t.Helper()
			w.clock.Advance(time.Second)
			if _, err := s.ApplyCatalog(admin, administration.ApplyCatalog{Document: document}); err != nil {
				t.Fatal(err)
			}
			now := consent.InstantOf(w.clock.Now())
			w.clock.Advance(time.Second)
			return asof.Moment{AsOf: now}
		}
		letters := strings.Replace(acme(t), "channels:\n  -", "channels:\n"+lettersChannel+"  -", 1)
		apply(letters)
		withLetters := asof.Moment{AsOf: consent.InstantOf(w.clock.Now())}
		w.clock.Advance(time.Second)
		now := apply(moved(acme(t)))
		for _, c := range []struct {
			Caller  string
			ctx     context.Context
			channel string
			moment  asof.Moment
			fault   fault.Code // empty: it may
		}{
			{"desk", desk, "newsletter", asof.Moment{AsOf: before}, fault.OtherDepartment},
			{"desk", desk, "newsletter", now, fault.OtherDepartment},
			{"marketing", marketing, "newsletter", asof.Moment{AsOf: before}, fault.OtherDepartment},
			{"marketing", marketing, "newsletter", now, ""},
			// The letters are no more, and were marketing's.
			{"desk", desk, "letters", withLetters, fault.OtherDepartment},
			{"service", service, "letters", withLetters, fault.OtherDepartment},
			{"marketing", marketing, "letters", withLetters, ""},
			{"marketing", marketing, "letters", now, fault.UnknownChannel},
			{"service", service, "letters", now, fault.UnknownChannel},
			{"admin", admin, "newsletter", asof.Moment{AsOf: before}, ""},
			{"admin", admin, "letters", withLetters, ""},
		} {
			request := consent.Request{Channel: c.channel}
			_, one := s.Check(c.ctx, check.Input{Address: "anna@example.at", Request: request, Moment: c.moment})
			_, many := s.BatchCheck(c.ctx, check.BatchInput{Addresses: []string{"anna@example.at"}, Request: request, Moment: c.moment})
			for call, err := range map[string]error{"check": one, "batch": many} {
				if c.fault == "" {
					if err != nil {
						t.Errorf("%s of %s by %s: %v", call, c.channel, c.Caller, err)
					}
					continue
				}
				wantFault(t, err, c.fault)
			}
			r, err := s.Lookup(c.ctx, check.LookupInput{Address: "anna@example.at", Moment: c.moment})
			if err != nil {
				t.Fatal(err)
			}
			shown := slices.ContainsFunc(r.Channels, func(ch check.ChannelState) bool { return ch.Channel == c.channel })
			if want := c.fault == ""; shown != want {
				t.Errorf("look-up of %s by %s: shown %v, want %v", c.channel, c.Caller, shown, want)
			}
		}
	})
}

const lettersChannel = `  - id: letters
    name: {en: Letters, de: Briefe}
    department: marketing
    medium: email
    class: marketing
    legal_bases: [consent]
    sender_identities: [acme-marketing]
`

func TestMayKnow_ScopeIsTheDepartmentsOwn_ThenAndNow(t *testing.T) {
	parse := func(document string) *catalog.Catalog {
		c, _, err := catalog.Parse("c.yaml", []byte(document))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	plain := parse(acme(t))
	letters := parse(strings.Replace(acme(t), "channels:\n  -", "channels:\n"+lettersChannel+"  -", 1))
	marketing, desk := access.Client{Department: "marketing"}, access.Client{Department: "newsletter-desk"}
	for _, c := range []struct {
		scope           consent.Scope
		now, then       *catalog.Catalog
		marketing, desk bool
	}{
		{"channel:letters", plain, letters, true, false},
		{"channel:letters", letters, plain, true, false},
		{"channel:letters", plain, plain, false, false},
		{"channel:newsletter", plain, letters, false, true},
		{"sender:acme-marketing", plain, plain, true, false},
		{"sender:gone", plain, plain, false, false},
		{"department:marketing", plain, plain, true, false},
		{"controller:acme", plain, plain, true, true},
		{"marketing", plain, plain, true, true},
		{"all", plain, plain, true, true},
	} {
		if got := marketing.MayKnow(c.scope, c.now, c.then); got != c.marketing {
			t.Errorf("marketing, %s: %v", c.scope, got)
		}
		if got := desk.MayKnow(c.scope, c.now, c.then); got != c.desk {
			t.Errorf("desk, %s: %v", c.scope, got)
		}
		all := access.Client{AllDepartments: true}
		if !all.MayKnow(c.scope, c.now, c.then) {
			t.Errorf("a client of all does not know %s", c.scope)
		}
	}
}
