package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/audit"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/retention"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// keeping returns a service with the example catalog and a policy of retention, and a context in which everything may be done.
func (w *world) keeping(policy string) (*Service, context.Context) {
	w.t.Helper()
	s := w.service(w.store(), 0)
	ctx := access.WithCaller(w.t.Context(), access.Process("test"))
	if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: withRetention(w.t, policy)}); err != nil {
		w.t.Fatal(err)
	}
	return s, ctx
}

func withRetention(t testing.TB, policy string) string {
	t.Helper()
	return strings.Replace(acme(t), "\npolicy:\n", "\npolicy:\n  retention: {"+policy+"}\n", 1)
}

// wantRetention runs retention and wants these counts, and nothing of the other classes.
func wantRetention(ctx context.Context, t testing.TB, s *Service, dryRun bool, want map[string]int64) {
	t.Helper()
	report, err := s.RunRetention(ctx, dryRun)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, c := range report.Classes {
		if c.Count != 0 {
			got[c.Class] = c.Count
		}
		if !slices.Contains([]string{retention.Erasures, retention.ErasuresHeld}, c.Class) && (c.Count == 0) != (c.Oldest == 0) {
			t.Errorf("%s: %d, the oldest from %s", c.Class, c.Count, c.Oldest)
		}
		named := min(c.Count, 100)
		if !dryRun && c.Class != retention.ErasuresHeld || slices.Contains([]string{retention.Disclosures, retention.Claims}, c.Class) {
			named = 0
		}
		distinct := slices.Compact(slices.Clone(c.Positions))
		if int64(len(c.Positions)) != named || len(distinct) != len(c.Positions) || !slices.IsSorted(c.Positions) {
			t.Errorf("%s: %d, at %v", c.Class, c.Count, c.Positions)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
		t.Errorf("retention (-want +got):\n%s", diff)
	}
}

// hasEvidence reports whether the evidence of the event at a position is held.
func hasEvidence(ctx context.Context, t testing.TB, s *Service, position int64) bool {
	t.Helper()
	rows, err := s.Store.Outlines(ctx, position-1, 1)
	if err != nil || len(rows) != 1 {
		t.Fatalf("outlines %v, %v", rows, err)
	}
	return rows[0].Evidence
}

// mustVerify verifies the ledger and wants this many events without evidence, and of them removed by retention.
func (w *world) mustVerify(s *Service, deleted, removed int64) {
	w.t.Helper()
	report, err := audit.Verify(w.t.Context(), s.Store, w.keys, nil, func(int64) {})
	if err != nil || report.Found != 0 {
		w.t.Fatalf("the ledger does not verify: %+v, %v", report, err)
	}
	if report.Deleted != deleted || report.Removed != removed {
		w.t.Errorf("deleted %d, of them by retention %d; want %d and %d", report.Deleted, report.Removed, deleted, removed)
	}
}

// grantEnding is a consent that ends after a day.
func grantEnding(address string, at time.Time) statement.Statement {
	st := consentOn("newsletter", address, at)
	st.Expires = consent.InstantOf(at.AddDate(0, 0, 1))
	return st
}

func TestRetention_EvidenceOfAGrant_GoesWhenItsPeriodHasPassedSinceItsEnd(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("evidence: P30D")
		ends := w.mustRecord(ctx, s, grantEnding("ends@example.at", start.Add(-time.Hour)))
		stands := w.mustRecord(ctx, s, consentOn("newsletter", "stands@example.at", start.Add(-time.Hour)))
		left := w.mustRecord(ctx, s, consentOn("newsletter", "left@example.at", start.Add(-time.Hour)))
		w.mustRecord(ctx, s, withdrawal("newsletter", "left@example.at"))
		withdrawn := w.clock.Now().Add(-time.Second)

		w.clock.Advance(withdrawn.AddDate(0, 0, 30).Sub(w.clock.Now()) - time.Second)
		wantRetention(ctx, t, s, false, nil)
		w.clock.Advance(time.Second) // the boundary belongs to what ends
		wantRetention(ctx, t, s, true, map[string]int64{retention.Evidence: 1})
		if !hasEvidence(ctx, t, s, left.Position) {
			t.Error("a dry run removed something")
		}
		report, err := s.RunRetention(ctx, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range report.Classes {
			if c.Class == retention.Evidence && !slices.Equal(c.Positions, []int64{left.Position}) {
				t.Errorf("a dry run names %v, want %d", c.Positions, left.Position)
			}
		}
		wantRetention(ctx, t, s, false, map[string]int64{retention.Evidence: 1})
		w.clock.Advance(start.Add(-time.Hour).AddDate(0, 0, 31).Sub(w.clock.Now()) - time.Second)
		wantRetention(ctx, t, s, false, nil)
		w.clock.Advance(time.Second)
		wantRetention(ctx, t, s, false, map[string]int64{retention.Evidence: 1})
		wantRetention(ctx, t, s, false, nil)
		if hasEvidence(ctx, t, s, ends.Position) || hasEvidence(ctx, t, s, left.Position) || !hasEvidence(ctx, t, s, stands.Position) {
			t.Error("what was to go stayed, or the other way round")
		}
		w.wantCheck(ctx, s, "newsletter", "left@example.at", consent.CodeWithdrawn)
		w.wantCheck(ctx, s, "newsletter", "stands@example.at", consent.CodeAllowConsent)
		w.mustVerify(s, 2, 2)
	})
}

func TestRetention_BlocksThatAreInForce_StayWithTheirEvidence(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("evidence: P30D")
		record := func(kind consent.Kind, scope consent.Scope) int64 {
			return w.mustRecord(ctx, s, statement.Statement{
				Kind: kind, Address: anna, Reason: consent.ReasonManual, Scope: scope, Justification: "asked",
			}).Position
		}
		stays, lifted := record(consent.KindSuppress, "channel:newsletter"), record(consent.KindSuppress, "channel:product-marketing")
		lift := record(consent.KindLift, "channel:product-marketing")
		replaced := w.mustRecord(ctx, s, withdrawal("newsletter", anna)).Position
		last := w.mustRecord(ctx, s, withdrawal("newsletter", anna)).Position
		wantRetention(ctx, t, s, false, nil)
		w.clock.Advance(31 * 24 * time.Hour)
		wantRetention(ctx, t, s, false, map[string]int64{retention.Evidence: 3})
		for position, want := range map[int64]bool{stays: true, lifted: false, lift: false, replaced: false, last: true} {
			if got := hasEvidence(ctx, t, s, position); got != want {
				t.Errorf("position %d: held %t, want %t", position, got, want)
			}
		}
		w.mustVerify(s, 3, 3)
	})
}

func request(address string) record.OptIn {
	return record.OptIn{Statement: statement.Statement{
		Kind: consent.KindRequest, Address: address, Channels: []string{"newsletter"}, Source: consent.SourceWebForm,
		Declaration: consent.Declaration{ID: "all-news", Version: "3"},
	}}
}

func TestRetention_RequestThatNobodyConfirmed_GoesWithTheAddress(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("requests: P10D")
		for _, address := range []string{anna, "confirms@example.at"} {
			asked, err := s.RequestConsent(ctx, request(address))
			if err != nil || asked.Token == "" {
				t.Fatalf("%+v, %v", asked, err)
			}
			if address == anna {
				continue
			}
			w.clock.Advance(time.Minute)
			if _, err := s.ConfirmConsent(ctx, record.Confirmation{Token: asked.Token}); err != nil {
				t.Fatal(err)
			}
		}
		w.clock.Advance(start.AddDate(0, 0, 30).Sub(w.clock.Now()) - time.Second)
		wantRetention(ctx, t, s, false, nil)
		w.clock.Advance(time.Hour) // the mails count for 30 days
		wantRetention(ctx, t, s, false, map[string]int64{retention.Requests: 2})
		w.clock.Advance(start.AddDate(0, 0, 40).Sub(w.clock.Now()) - time.Second)
		wantRetention(ctx, t, s, false, nil)
		w.clock.Advance(time.Second + time.Millisecond) // 30 days until it expired, 10 of retention; each event has a microsecond of its own
		wantRetention(ctx, t, s, false, map[string]int64{retention.Requests: 1})
		wantRetention(ctx, t, s, false, nil)
		a, err := subjects.ParseAddress(anna)
		if err != nil {
			t.Fatal(err)
		}
		l := subjects.NewLocator(s.Keys, 1)
		if _, err := l.Places(a, true); err != nil {
			t.Fatal(err)
		}
		if _, rows, err := s.Store.States(ctx, l.AllKeys()); err != nil || len(rows) != 0 {
			t.Errorf("there are still %d rows of the address, %v", len(rows), err)
		}
		w.wantCheck(ctx, s, "newsletter", "confirms@example.at", consent.CodeAllowConsent)
		w.mustVerify(s, 3, 3)
		if asked, err := s.RequestConsent(ctx, request(anna)); err != nil || asked.Token == "" {
			t.Errorf("asking again: %+v, %v", asked, err)
		}
	})
}

func TestRetention_HardBounce_IsLifted_AndOneThatIsYoungerIsNot(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("hard_bounces: P24M")
		bounce := func(address string) {
			w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindSuppress, Address: address, Reason: consent.ReasonHardBounce})
		}
		for _, address := range []string{anna, "again@example.at", "a.b@gmail.com", "ab@gmail.com"} {
			w.mustRecord(ctx, s, consentOn("newsletter", address, start.Add(-time.Hour)))
			bounce(address)
		}
		w.clock.Advance(365 * 24 * time.Hour)
		bounce("again@example.at")
		w.clock.Advance(366 * 24 * time.Hour)
		wantRetention(ctx, t, s, true, map[string]int64{retention.HardBounces: 3})
		w.wantCheck(ctx, s, "order-updates", anna, consent.CodeHardBounce)
		wantRetention(ctx, t, s, false, map[string]int64{retention.HardBounces: 3})
		wantRetention(ctx, t, s, false, nil)
		for _, address := range []string{anna, "a.b@gmail.com", "ab@gmail.com"} {
			w.wantCheck(ctx, s, "order-updates", address, consent.CodeReferenceMissing)
		}
		w.wantCheck(ctx, s, "order-updates", "again@example.at", consent.CodeHardBounce)
		page, err := s.History(ctx, export.HistoryInput{Address: anna, Size: 10})
		if err != nil || len(page.Events) != 3 || page.Events[2].Actor != "retention" || page.Events[2].Kind != consent.KindLift {
			t.Errorf("%+v, %v", page.Events, err)
		}
		w.mustVerify(s, 0, 0)
	})
}

func TestRetention_DisclosuresAndClaims_GoWhenTheirTimeHasCome(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("disclosures: P1M")
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		w.check(ctx, s, anna, asof.Moment{})
		want := disclosure.Disclosure{Client: "test", Channel: "newsletter", Day: today, Count: 1}
		wantDisclosed(ctx, t, s, anna, want)
		claim := tables.Claim{ID: [16]byte{1}, Until: consent.InstantOf(start.AddDate(0, 1, 0)), Sealed: []byte{1}}
		later := tables.Claim{ID: [16]byte{2}, Until: claim.Until + 1, Sealed: []byte{1}}
		if err := s.engine.Do(ctx, &txn.Write{Run: func(w *txn.Tx) error {
			w.Tables, w.Changed = []storage.Statement{tables.AddClaim(&claim), tables.AddClaim(&later)}, true
			return nil
		}}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(claim.Until.Time().Sub(w.clock.Now())) // noon of 1 December: the day ended on 2 November at midnight
		wantRetention(ctx, t, s, false, map[string]int64{retention.Claims: 1})
		w.clock.Advance(12*time.Hour - time.Microsecond)
		wantRetention(ctx, t, s, false, map[string]int64{retention.Claims: 1})
		wantDisclosed(ctx, t, s, anna, want)
		w.clock.Advance(24 * time.Hour)
		wantRetention(ctx, t, s, true, map[string]int64{retention.Disclosures: 1})
		wantDisclosed(ctx, t, s, anna, want)
		wantRetention(ctx, t, s, false, map[string]int64{retention.Disclosures: 1})
		wantDisclosed(ctx, t, s, anna)
		w.mustVerify(s, 0, 0)
	})
}

func TestRetention_UnderALegalHold_NothingGoes(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("evidence: P1D, requests: P1D, disclosures: P1D, hard_bounces: P1D")
		w.mustRecord(ctx, s, grantEnding(anna, start.Add(-time.Hour)))
		w.mustRecord(ctx, s, withdrawal("newsletter", anna))
		w.mustRecord(ctx, s, withdrawal("newsletter", anna))
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindSuppress, Address: anna, Reason: consent.ReasonHardBounce})
		if _, err := s.RequestConsent(ctx, request("other@example.at")); err != nil {
			t.Fatal(err)
		}
		w.check(ctx, s, anna, asof.Moment{})
		wantDisclosed(ctx, t, s, anna, disclosure.Disclosure{Client: "test", Channel: "newsletter", Day: today, Count: 1})
		for _, address := range []string{anna, "other@example.at"} {
			w.clock.Advance(time.Second)
			if _, err := s.PlaceHold(ctx, rights.Hold{Address: address, Justification: "case 7"}); err != nil {
				t.Fatal(err)
			}
		}
		w.clock.Advance(400 * 24 * time.Hour)
		wantRetention(ctx, t, s, false, nil)
		for _, address := range []string{anna, "other@example.at"} {
			w.clock.Advance(time.Second)
			if _, err := s.ReleaseHold(ctx, rights.Hold{Address: address, Justification: "case 7"}); err != nil {
				t.Fatal(err)
			}
		}
		w.clock.Advance(time.Second)
		wantRetention(ctx, t, s, false, map[string]int64{
			retention.Evidence: 2, retention.Requests: 2, retention.Disclosures: 1, retention.HardBounces: 1,
		})
		w.mustVerify(s, 4, 4)
	})
}

func TestRetention_TwoJobsAtOnce_RemoveEverythingOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("evidence: P9D, hard_bounces: P1D")
		const people = 30
		for n := range people {
			w.mustRecord(ctx, s, grantEnding(fmt.Sprintf("person-%d@example.at", n), start.Add(-time.Hour)))
		}
		w.clock.Advance(5 * 24 * time.Hour)
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindSuppress, Address: anna, Reason: consent.ReasonHardBounce})
		w.clock.Advance(5 * 24 * time.Hour)
		totals := map[string]int64{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				report, err := s.RunRetention(ctx, false)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, c := range report.Classes {
					totals[c.Class] += c.Count
				}
			})
		}
		wg.Wait()
		if totals[retention.Evidence] != people || totals[retention.HardBounces] != 1 {
			t.Errorf("removed %v", totals)
		}
		w.mustVerify(s, people, people)
	})
}

func TestRetention_ImportedErasures_AreCarriedOut(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme() // without a policy of retention
		granted := w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		if _, err := s.BatchRecord(ctx, record.Batch{Items: []record.BatchItem{{Statement: statement.Statement{
			Kind: consent.KindErase, Address: anna, Occurred: consent.InstantOf(start.Add(-time.Minute)),
		}}}}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		wantRetention(ctx, t, s, true, map[string]int64{retention.Erasures: 1})
		if !hasEvidence(ctx, t, s, granted.Position) {
			t.Error("a dry run erased")
		}
		wantRetention(ctx, t, s, false, map[string]int64{retention.Erasures: 1})
		wantRetention(ctx, t, s, false, nil)
		if hasEvidence(ctx, t, s, granted.Position) {
			t.Error("the erasure was not carried out")
		}
	})
}

func TestRetention_WithoutScope_IsRefused(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, _ := w.keeping("evidence: P1D")
	_, err := s.RunRetention(access.WithCaller(t.Context(), access.Caller{Client: access.Client{ID: "x", AllDepartments: true, Scopes: []access.Scope{access.ScopeRead}}}), true)
	wantFault(t, err, fault.ScopeMissing)
}

// Whatever was recorded and whenever retention runs: the evidence of the grant that an ALLOW names is held.
func TestRetention_EvidenceThatAnAllowRestsOn_IsNeverRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	s, ctx := w.keeping("evidence: P20D, requests: P5D, hard_bounces: P15D")
	people := 0
	rapid.Check(t, func(rt *rapid.T) {
		people++
		address := fmt.Sprintf("person-%d@example.at", people)
		channels := []string{"newsletter", "newsletter", "product-marketing"}
		for range rapid.IntRange(5, 20).Draw(rt, "steps") {
			w.clock.Advance(time.Duration(rapid.IntRange(1, 30*24).Draw(rt, "hours")) * time.Hour)
			channel := rapid.SampledFrom(channels).Draw(rt, "channel")
			st := consentOn(channel, address, w.clock.Now())
			what := rapid.SampledFrom([]int{0, 0, 0, 1, 2, 2, 3, 4, 5, 6, 6, 6}).Draw(rt, "what")
			switch what {
			case 0:
				if rapid.Bool().Draw(rt, "expires") {
					st.Expires = consent.InstantOf(w.clock.Now().Add(time.Duration(rapid.IntRange(1, 1000).Draw(rt, "for")) * time.Hour))
				}
			case 1:
				st = statement.Statement{
					Kind: consent.KindGrant, Address: address, Channels: []string{channel}, Basis: catalog.BasisExistingCustomer,
					Source: consent.SourceAPI, TransactionID: "o-1", Notice: true, Goods: []string{"coffee"},
				}
			case 2:
				st = withdrawal(channel, address)
			case 3:
				st = statement.Statement{Kind: consent.KindSuppress, Address: address, Reason: consent.ReasonObjection}
			case 4:
				st = statement.Statement{Kind: consent.KindLift, Address: address, Reason: consent.ReasonObjection, Justification: "mistake"}
			case 5:
				st = statement.Statement{Kind: consent.KindSuppress, Address: address, Reason: consent.ReasonHardBounce}
			default:
				if _, err := s.RunRetention(ctx, false); err != nil {
					rt.Fatal(err)
				}
			}
			var refused *fault.Error
			if what <= 5 {
				if _, err := s.Record(ctx, st, txn.Idempotency{}); err != nil && !errors.As(err, &refused) {
					rt.Fatal(err)
				}
			}
			w.clock.Advance(time.Second)
			for _, channel := range channels {
				d, err := s.Check(ctx, check.Input{Address: address, Request: consent.Request{Channel: channel}})
				if err != nil {
					rt.Fatal(err)
				}
				if d.Verdict == consent.Allow && !hasEvidence(ctx, t, s, d.Decision.Position) {
					rt.Fatalf("%s rests on position %d, which has lost its evidence", d.Reason, d.Decision.Position)
				}
			}
		}
	})
	w.clock.Advance(time.Hour)
	report, err := audit.Verify(t.Context(), s.Store, w.keys, nil, func(int64) {})
	if err != nil || report.Found != 0 || report.Deleted != report.Removed {
		t.Errorf("%+v, %v", report, err)
	}
}
