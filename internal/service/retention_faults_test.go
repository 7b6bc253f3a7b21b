package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	"github.com/assent-io/assent/internal/service/retention"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/storage"
)

// A lift ends every bounce of a spelling, so it waits for the youngest that is in force; one that has ended by itself does not count.
func TestRetention_HardBounces_AreLiftedTogetherWithTheYoungest(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("hard_bounces: P24M")
		bounce := func(address string, until time.Time) {
			st := statement.Statement{Kind: consent.KindSuppress, Address: address, Reason: consent.ReasonHardBounce}
			if !until.IsZero() {
				st.Expires = consent.InstantOf(until)
			}
			w.mustRecord(ctx, s, st)
		}
		bounce(anna, time.Time{})
		bounce("ended@example.at", time.Time{})
		w.clock.Advance(365 * 24 * time.Hour)
		bounce(anna, w.clock.Now().AddDate(10, 0, 0))
		bounce("ended@example.at", w.clock.Now().AddDate(0, 1, 0))
		w.clock.Advance(366 * 24 * time.Hour)
		for _, dryRun := range []bool{true, false} {
			wantRetention(ctx, t, s, dryRun, map[string]int64{retention.HardBounces: 1})
		}
		w.wantCheck(ctx, s, "order-updates", anna, consent.CodeHardBounce)
		w.wantCheck(ctx, s, "order-updates", "ended@example.at", consent.CodeReferenceMissing)
		w.clock.Advance(366 * 24 * time.Hour)
		for _, dryRun := range []bool{true, false} {
			wantRetention(ctx, t, s, dryRun, map[string]int64{retention.HardBounces: 2})
		}
		wantRetention(ctx, t, s, false, nil)
		w.wantCheck(ctx, s, "order-updates", anna, consent.CodeReferenceMissing)
		page, err := s.History(ctx, export.HistoryInput{Address: anna, Size: 10})
		if err != nil || len(page.Events) != 3 {
			t.Errorf("%d events, want two bounces and one lift; %v", len(page.Events), err)
		}
	})
}

// deleting is a store that tells when disclosures were deleted, and fails as it is told.
type deleting struct {
	storage.Store
	deleted func() error
}

func (d *deleting) DeleteDisclosures(ctx context.Context, before int64, except []consent.SubjectID, limit int) (int, error) {
	if err := d.deleted(); err != nil {
		return 0, err
	}
	return d.Store.DeleteDisclosures(ctx, before, except, limit)
}

// manyDisclosures counts one disclosure more about an address than are deleted at once, to a client each.
func (w *world) manyDisclosures(ctx context.Context, t testing.TB, s *Service, of string) {
	t.Helper()
	key := w.holders(ctx, s, of)[0].Key
	var counts []storage.Learnt
	for n := range retention.PageSize + 1 {
		counts = append(counts, storage.Learnt{Key: key, Day: today, Client: fmt.Sprintf("client-%d", n), Count: 1})
	}
	if err := s.Store.AddDisclosures(ctx, [32]byte{1}, consent.InstantOf(start.AddDate(1, 0, 0)), counts); err != nil {
		t.Fatal(err)
	}
}

// removedDisclosures returns the counts of the removals of disclosures that are recorded.
func removedDisclosures(ctx context.Context, t testing.TB, s *Service) []int64 {
	t.Helper()
	_, records, err := s.Store.Ledger(ctx, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var counts []int64
	for i := range records {
		if records[i].Event.Removed == consent.RemovedDisclosures {
			counts = append(counts, records[i].Event.Count)
		}
	}
	return counts
}

func TestRetention_DisclosuresThatAreGone_AreRecordedWhateverFollows(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(access.WithCaller(t.Context(), access.Process("test")))
		defer cancel()
		broken := errors.New("the database broke")
		calls := 0
		store := &deleting{Store: w.store(), deleted: func() error {
			if calls++; calls > 1 {
				cancel()
				return broken
			}
			return nil
		}}
		s := w.service(store, 0)
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: withRetention(t, "disclosures: P1M")}); err != nil {
			t.Fatal(err)
		}
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		w.manyDisclosures(ctx, t, s, anna)
		w.clock.Advance(40 * 24 * time.Hour)
		report, err := s.RunRetention(ctx, false)
		if !errors.Is(err, broken) {
			t.Errorf("%v, want what broke", err)
		}
		if n := report.Classes[4]; n.Class != retention.Disclosures || n.Count != retention.PageSize {
			t.Errorf("reported %+v", n)
		}
		ctx = access.WithCaller(t.Context(), access.Process("test"))
		if diff := cmp.Diff([]int64{retention.PageSize}, removedDisclosures(ctx, t, s)); diff != "" {
			t.Errorf("recorded (-want +got):\n%s", diff)
		}
		store.deleted = func() error { return nil }
		wantRetention(ctx, t, s, false, map[string]int64{retention.Disclosures: 1})
		if diff := cmp.Diff([]int64{retention.PageSize, 1}, removedDisclosures(ctx, t, s)); diff != "" {
			t.Errorf("recorded in the end (-want +got):\n%s", diff)
		}
	})
}

func TestRetention_HoldWhileDisclosuresAreDeleted_KeepsTheRest(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		store := &deleting{Store: w.store()}
		s := w.service(store, 0)
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: withRetention(t, "disclosures: P1M")}); err != nil {
			t.Fatal(err)
		}
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		w.manyDisclosures(ctx, t, s, anna)
		w.clock.Advance(40 * 24 * time.Hour)
		calls := 0
		store.deleted = func() error {
			if calls++; calls > 1 {
				return nil
			}
			_, err := s.PlaceHold(ctx, rights.Hold{Address: anna, Justification: "case 7"})
			return err
		}
		wantRetention(ctx, t, s, false, map[string]int64{retention.Disclosures: retention.PageSize})
		if diff := cmp.Diff([]int64{retention.PageSize}, removedDisclosures(ctx, t, s)); diff != "" {
			t.Errorf("recorded (-want +got):\n%s", diff)
		}
	})
}

func TestRetention_ErasureThatCannotBeCarriedOut_DoesNotKeepTheOthers(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s := w.service(w.store(), 0)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		document := strings.Replace(withRetention(t, "evidence: P30D"), "\npolicy:\n", "\npolicy:\n  claims_period: P3Y\n", 1)
		applied, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(applied.Warnings, func(text string) bool { return strings.Contains(text, "assent keys claims") }) {
			t.Errorf("the catalog is not warned about: %q", applied.Warnings)
		}
		ends := w.mustRecord(ctx, s, grantEnding("ends@example.at", start.Add(-time.Hour)))
		if _, err := s.BatchRecord(ctx, record.Batch{Items: []record.BatchItem{{Statement: statement.Statement{
			Kind: consent.KindErase, Address: anna, Occurred: consent.InstantOf(start.Add(-time.Minute)),
		}}}}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(60 * 24 * time.Hour)
		report, err := s.RunRetention(ctx, false)
		wantFault(t, err, fault.NoClaimsKey)
		if n := report.Classes[2]; n.Class != retention.Evidence || n.Count != 1 || hasEvidence(ctx, t, s, ends.Position) {
			t.Errorf("the evidence that was due stayed: %+v", n)
		}
	})
}

// A caller is told one error and no report, so the log has why each class failed, and what was done of the others.
func TestRetention_TwoClassesFail_TheLogHasBothAndWhatWasDone(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		store := &deleting{Store: w.store(), deleted: func() error { return errors.New("the disk of the disclosures broke") }}
		var log bytes.Buffer
		s, err := New(t.Context(), store, w.keys, Options{Now: w.clock.Now, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		document := strings.Replace(withRetention(t, "evidence: P30D, disclosures: P1M"), "\npolicy:\n", "\npolicy:\n  claims_period: P3Y\n", 1)
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document}); err != nil {
			t.Fatal(err)
		}
		w.mustRecord(ctx, s, grantEnding("ends@example.at", start.Add(-time.Hour)))
		key := w.holders(ctx, s, "ends@example.at")[0].Key
		counts := []storage.Learnt{{Key: key, Day: today, Client: "shop", Count: 1}}
		if err := s.Store.AddDisclosures(ctx, [32]byte{1}, consent.InstantOf(start.AddDate(1, 0, 0)), counts); err != nil {
			t.Fatal(err)
		}
		erase := record.BatchItem{Statement: erasure(anna, start.Add(-time.Minute))}
		if _, err := s.BatchRecord(ctx, record.Batch{Items: []record.BatchItem{erase}}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(60 * 24 * time.Hour)
		_, err = s.RunRetention(ctx, false)
		wantFault(t, err, fault.NoClaimsKey)
		for _, want := range []string{
			`classes=[erasures] error="NO_CLAIMS_KEY: `, `classes=[disclosures] error="the disk of the disclosures broke"`,
			`msg="retention removed what the policy does not keep" evidence=1`,
		} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log lacks %s:\n%s", want, log.String())
			}
		}
	})
}
