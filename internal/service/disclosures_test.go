package service

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/index"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
)

// client returns a context of calls by a client of a department, or of all departments for none.
func (w *world) client(ctx context.Context, s *Service, id, department string) context.Context {
	w.t.Helper()
	_, key, err := s.CreateClient(ctx, administration.NewClient{ID: id, Department: department, AllDepartments: department == "", Role: "officer"})
	if err != nil {
		w.t.Fatal(err)
	}
	who, err := s.Authenticate(w.t.Context(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	return access.WithCaller(w.t.Context(), who)
}

func (w *world) check(ctx context.Context, s *Service, address string, m asof.Moment) {
	w.t.Helper()
	_, err := s.Check(ctx, check.Input{Address: address, Request: consent.Request{Channel: "newsletter"}, Moment: m})
	if err != nil {
		w.t.Fatal(err)
	}
}

// wantDisclosed compares who learnt something about an address, in one page.
func wantDisclosed(ctx context.Context, t testing.TB, s *Service, address string, want ...disclosure.Disclosure) {
	t.Helper()
	got, err := s.ListDisclosures(ctx, disclosure.ListInput{Address: address, Size: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Disclosures); diff != "" && len(want)+len(got.Disclosures) > 0 {
		t.Errorf("disclosures (-want +got):\n%s", diff)
	}
	if got.Next != "" {
		t.Error("the one page has a next")
	}
}

const (
	anna  = "anna@example.at"
	today = 20758 // of start
)

func TestDisclosures_EveryAnswerAboutSomebody_IsCountedForTheClient(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		shop, mailer := w.client(ctx, s, "shop", "newsletter-desk"), w.client(ctx, s, "mailer", "")
		w.check(shop, s, "Anna@Example.AT", asof.Moment{})
		w.check(shop, s, anna, asof.Moment{AsOf: consent.InstantOf(start)})
		w.check(shop, s, anna, asof.Moment{AsOf: consent.InstantOf(start.Add(-48 * time.Hour))}) // when nothing was held yet
		if _, err := s.BatchCheck(mailer, check.BatchInput{
			Addresses: []string{anna, "nobody@example.at", "none", anna}, Request: consent.Request{Channel: "newsletter"},
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Lookup(mailer, check.LookupInput{Address: anna}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(12 * time.Hour) // the next day begins
		if _, err := s.History(mailer, export.HistoryInput{Address: anna, Size: 10}); err != nil {
			t.Fatal(err)
		}
		wantDisclosed(ctx, t, s, anna,
			disclosure.Disclosure{Client: "mailer", Day: today, Count: 1},
			disclosure.Disclosure{Client: "mailer", Channel: "newsletter", Day: today, Count: 2},
			disclosure.Disclosure{Client: "shop", Department: "newsletter-desk", Channel: "newsletter", Day: today, Count: 3},
			disclosure.Disclosure{Client: "mailer", Day: today + 1, Count: 1})
	})
}

func TestDisclosures_NothingHeldOrNoAnswer_IsNotCounted(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		for _, address := range []string{"nobody@example.at", anna} {
			for _, in := range []check.Input{
				{Address: address, Request: consent.Request{Channel: "no-such-channel"}},
				{Address: address, Request: consent.Request{Channel: "newsletter"}, Moment: asof.Moment{AsOf: consent.InstantOf(start.Add(time.Hour))}},
			} {
				if _, err := s.Check(ctx, in); err == nil {
					t.Fatal("the check was answered")
				}
			}
		}
		w.check(ctx, s, "nobody@example.at", asof.Moment{})
		if _, err := s.History(ctx, export.HistoryInput{Address: "nobody@example.at", Size: 10}); err != nil {
			t.Fatal(err)
		}
		wantDisclosed(ctx, t, s, "nobody@example.at")
		wantDisclosed(ctx, t, s, anna)
		if rows := s.Waiting(); rows != 0 {
			t.Errorf("%d rows wait", rows)
		}
	})
}

func TestDisclosures_BlockedAddress_IsCountedForTheFoldedForm_AndWithTheExactOneLater(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, statement.Statement{
			Kind: consent.KindSuppress, Address: "a.nna@gmail.com", Reason: consent.ReasonObjection,
		})
		w.check(ctx, s, "anna@gmail.com", asof.Moment{})
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@gmail.com", w.clock.Now()))
		w.check(ctx, s, "anna@gmail.com", asof.Moment{})
		wantDisclosed(ctx, t, s, "anna@gmail.com", disclosure.Disclosure{Client: "test", Channel: "newsletter", Day: today, Count: 2})
		wantDisclosed(ctx, t, s, "a.nna@gmail.com", disclosure.Disclosure{Client: "test", Channel: "newsletter", Day: today, Count: 1})
	})
}

func TestDisclosures_HistoryReadPageByPage_IsCountedOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		for n := range 3 {
			w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Duration(n+1)*time.Hour)))
		}
		in := export.HistoryInput{Address: anna, Size: 1}
		for pages := 1; ; pages++ {
			page, err := s.History(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			if in.Token = page.Next; in.Token == "" {
				if pages != 3 {
					t.Errorf("%d pages", pages)
				}
				break
			}
		}
		wantDisclosed(ctx, t, s, anna, disclosure.Disclosure{Client: "test", Day: today, Count: 1})
	})
}

func TestListDisclosures_Pages_HoldAllOfThemInOrder(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, ctx := w.acme()
	w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
	var want []disclosure.Disclosure
	for day := range int64(2) {
		for _, id := range []string{"a", "a-b", "a.b", "a_c"} {
			who := access.WithCaller(t.Context(), access.Process(id))
			w.check(who, s, anna, asof.Moment{})
			want = append(want, disclosure.Disclosure{Client: id, Channel: "newsletter", Day: today + day, Count: 1})
		}
		w.clock.Advance(24 * time.Hour)
	}
	wantDisclosed(ctx, t, s, anna, want...)
	in := disclosure.ListInput{Address: anna, Size: 3}
	var got []disclosure.Disclosure
	for {
		page, err := s.ListDisclosures(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.Disclosures...)
		if in.Token = page.Next; in.Token == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("all pages (-want +got):\n%s", diff)
	}
	page, err := s.ListDisclosures(ctx, disclosure.ListInput{Address: anna, Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.ListDisclosures(ctx, disclosure.ListInput{Address: "other@example.at", Size: 3, Token: page.Next})
	wantFault(t, err, fault.InvalidPageToken)
	_, err = s.ListDisclosures(ctx, disclosure.ListInput{Address: "none", Size: 3})
	wantFault(t, err, fault.InvalidAddress)
}

func TestListDisclosures_ClientOfOneDepartment_SeesItsOwn(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, ctx := w.acme()
	w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
	officer := w.client(ctx, s, "officer", "newsletter-desk")
	other := w.client(ctx, s, "billing", "customer-service")
	w.check(ctx, s, anna, asof.Moment{})
	for _, who := range []context.Context{officer, other} {
		if _, err := s.Lookup(who, check.LookupInput{Address: anna}); err != nil {
			t.Fatal(err)
		}
	}
	wantDisclosed(officer, t, s, anna,
		disclosure.Disclosure{Client: "officer", Department: "newsletter-desk", Day: today, Count: 1},
		disclosure.Disclosure{Client: "test", Channel: "newsletter", Day: today, Count: 1})
	wantDisclosed(other, t, s, anna, disclosure.Disclosure{Client: "billing", Department: "customer-service", Day: today, Count: 1})
	_, err := s.ListDisclosures(access.WithCaller(t.Context(), access.Caller{Client: access.Client{ID: "x", AllDepartments: true, Scopes: []access.Scope{access.ScopeCheck}}}),
		disclosure.ListInput{Address: anna, Size: 10})
	wantFault(t, err, fault.ScopeMissing)
}

func TestDisclosures_AfterCloseOfTheService_AreStored(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		store := w.store()
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		s := w.service(store, 0)
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
			t.Fatal(err)
		}
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		for range 5 {
			w.check(ctx, s, anna, asof.Moment{})
		}
		s.Close()
		wantDisclosed(ctx, t, w.service(store, 0), anna, disclosure.Disclosure{Client: "test", Channel: "newsletter", Day: today, Count: 5})
	})
}

// The ratio of checks that count to checks that do not, measured in turns of one run.
func BenchmarkDisclosures(b *testing.B) {
	for _, size := range []int{1, 1000} {
		b.Run(fmt.Sprintf("addresses=%d", size), func(b *testing.B) {
			w := newWorld(b, "sqlite")
			var x *index.Index
			w.wrap = func(own *index.Index) check.Index {
				x = own
				return own
			}
			s, address := populatedIn(b, w, 1000)
			ctx := access.WithCaller(b.Context(), access.Process("bench"))
			in := check.BatchInput{Request: consent.Request{Channel: "newsletter"}}
			for n := range size {
				in.Addresses = append(in.Addresses, address(n))
			}
			n := 0
			once := func(by *check.Checker) error {
				if size > 1 {
					_, err := by.BatchCheck(ctx, in)
					return err
				}
				n++
				_, err := by.Check(ctx, check.Input{Address: address(n), Request: in.Request})
				return err
			}
			silent := check.New(
				asof.NewReader(s.Env, s.reference, s.Guard, env.Unsafe{}), s.engine, s.Checkpoints, &disclosure.Counter{},
				check.Options{Decided: func(string, consent.Verdict, consent.Code, int) {}, Index: x},
			)
			var took [2]time.Duration
			for b.Loop() {
				for turn, by := range []*check.Checker{silent, s.Checker} {
					begin := time.Now()
					for range max(1, 100/size) {
						if err := once(by); err != nil {
							b.Fatal(err)
						}
					}
					took[turn] += time.Since(begin)
				}
			}
			b.ReportMetric(float64(took[1])/float64(took[0]), "with/without")
		})
	}
}

func TestDisclosures_AfterErasure_AreGone_AlsoThoseNotStoredYet(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		w.check(ctx, s, anna, asof.Moment{})
		wantDisclosed(ctx, t, s, anna, disclosure.Disclosure{Client: "test", Channel: "newsletter", Day: today, Count: 1}) // stores it
		w.check(ctx, s, anna, asof.Moment{})
		ids := w.subjectIDs(s, anna)
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindErase, Address: anna})
		wantDisclosed(ctx, t, s, anna)
		if left, err := s.Store.Disclosures(t.Context(), ids); err != nil || len(left) != 0 {
			t.Errorf("left are %v, %v", left, err)
		}
		w.check(ctx, s, anna, asof.Moment{})
		wantDisclosed(ctx, t, s, anna, disclosure.Disclosure{Client: "test", Channel: "newsletter", Day: today, Count: 1})
	})
}

// Someone who came back after the instant of the erasure keeps the key, under a fresh id.
func TestDisclosures_OfAPersonWhoComesBack_AreCountedFromTheErasureOn(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-2*time.Hour)))
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Minute)))
		old := w.subjectIDs(s, anna)
		w.check(ctx, s, anna, asof.Moment{})
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindErase, Address: anna, Occurred: consent.InstantOf(start.Add(-time.Hour))})
		w.check(ctx, s, anna, asof.Moment{})
		w.check(ctx, s, anna, asof.Moment{})
		wantDisclosed(ctx, t, s, anna, disclosure.Disclosure{Client: "test", Channel: "newsletter", Day: today, Count: 2})
		if left, err := s.Store.Disclosures(t.Context(), old[:1]); err != nil || len(left) != 0 {
			t.Errorf("left under the old id are %v, %v", left, err)
		}
	})
}

func TestDisclosures_CountedByAnotherServer_AreNotStoredAfterTheErasure(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		other := w.service(s.Store, 0)
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		ids := w.subjectIDs(s, anna)
		w.check(ctx, other, anna, asof.Moment{})
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindErase, Address: anna})
		if err := other.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left, err := s.Store.Disclosures(t.Context(), ids); err != nil || len(left) != 0 {
			t.Errorf("left are %v, %v", left, err)
		}
		wantDisclosed(ctx, t, s, anna)
	})
}

// subjectIDs returns the ids of the exact and the folded subject of an address, as far as there are any.
func (w *world) subjectIDs(s *Service, address string) []consent.SubjectID {
	w.t.Helper()
	var ids []consent.SubjectID
	for _, holder := range w.holders(w.t.Context(), s, address) {
		ids = append(ids, holder.ID)
	}
	return ids
}

// holders returns the exact and the folded subject of an address, as far as there are any.
func (w *world) holders(ctx context.Context, s *Service, address string) []storage.SubjectState {
	w.t.Helper()
	a, err := subjects.ParseAddress(address)
	if err != nil {
		w.t.Fatal(err)
	}
	l := subjects.NewLocator(s.Keys, 1)
	if _, err := l.Places(a, false); err != nil {
		w.t.Fatal(err)
	}
	_, holders, err := s.HoldersOf(ctx, l.Keys)
	if err != nil || len(holders) == 0 {
		w.t.Fatalf("holders %v, %v", holders, err)
	}
	return holders
}

func TestReaders_CountPersonsByDayClientAndChannel_EachOnceInAll(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		for i := range 3 {
			w.mustRecord(ctx, s, consentOn("newsletter", fmt.Sprintf("person-%d@example.at", i), start.Add(-time.Hour)))
		}
		shop, mailer := w.client(ctx, s, "shop", "newsletter-desk"), w.client(ctx, s, "mailer", "")
		w.check(mailer, s, "person-0@example.at", asof.Moment{})
		w.check(mailer, s, "person-0@example.at", asof.Moment{})
		w.check(mailer, s, "person-1@example.at", asof.Moment{})
		w.check(shop, s, "person-2@example.at", asof.Moment{})
		w.clock.Advance(12 * time.Hour) // the next day begins
		w.check(mailer, s, "person-0@example.at", asof.Moment{})
		of := func(client, department string, day, persons, count int64) disclosure.Reader {
			return disclosure.Reader{Client: client, Department: department, Channel: "newsletter", Day: day, Persons: persons, Count: count}
		}
		want := []disclosure.Reader{of("mailer", "", today, 2, 3), of("shop", "newsletter-desk", today, 1, 1), of("mailer", "", today+1, 1, 1)}
		for _, c := range []struct {
			in             disclosure.ReadersInput
			want           []disclosure.Reader
			persons, count int64
		}{
			{disclosure.ReadersInput{Size: 10}, want, 3, 5},
			{disclosure.ReadersInput{Size: 10, Client: "mailer"}, []disclosure.Reader{want[0], want[2]}, 2, 4},
			{disclosure.ReadersInput{Size: 10, Since: consent.InstantOfDay(today + 1)}, want[2:], 1, 1},
			{disclosure.ReadersInput{Size: 10, Client: "nobody"}, []disclosure.Reader{}, 0, 0},
		} {
			got, err := s.ListReaders(ctx, c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(disclosure.ReadersPage{Readers: c.want, Persons: c.persons, Count: c.count}, got); diff != "" {
				t.Errorf("%+v (-want +got):\n%s", c.in, diff)
			}
		}
		var paged []disclosure.Reader
		in := disclosure.ReadersInput{Size: 1}
		for more := true; more; more = in.Token != "" {
			page, err := s.ListReaders(ctx, in)
			if err != nil || len(page.Readers) != 1 || (in.Token == "") != (page.Persons == 3) {
				t.Fatalf("%d readers, %d persons, %v", len(page.Readers), page.Persons, err)
			}
			paged, in.Token = append(paged, page.Readers...), page.Next
		}
		if diff := cmp.Diff(want, paged); diff != "" {
			t.Errorf("in pages (-want +got):\n%s", diff)
		}
		_, err := s.ListReaders(shop, disclosure.ReadersInput{Size: 1})
		wantFault(t, err, fault.OtherDepartment)
		_, err = s.ListReaders(ctx, disclosure.ReadersInput{Size: 1, Token: "x"})
		wantFault(t, err, fault.InvalidPageToken)
	})
}

func TestReaders_ErasedPersons_AreNotCounted(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		w.mustRecord(ctx, s, consentOn("newsletter", "ben@example.at", start.Add(-time.Hour)))
		mailer := w.client(ctx, s, "mailer", "")
		w.check(mailer, s, anna, asof.Moment{})
		w.check(mailer, s, "ben@example.at", asof.Moment{})
		if _, err := s.Erase(ctx, record.Erasure{Address: anna}); err != nil {
			t.Fatal(err)
		}
		got, err := s.ListReaders(ctx, disclosure.ReadersInput{Size: 10, Client: "mailer"})
		if err != nil || got.Persons != 1 {
			t.Errorf("%d persons, %v", got.Persons, err)
		}
	})
}
