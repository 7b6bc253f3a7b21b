package service

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
)

// Writes that share the transaction of a new catalog are decided under it, as they would be a moment later.
func TestApplyCatalog_AmongOtherWrites_AllAreDecidedUnderTheCatalogBeforeThem(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", anna, w.clock.Now()))
		applied := make([]administration.AppliedCatalog, 2)
		apply := func(i int, name string) func() error {
			return func() (err error) {
				document := strings.Replace(acme(t), "name: Acme GmbH", "name: "+name, 1)
				applied[i], err = s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document})
				return err
			}
		}
		write := func(address string) func() error {
			return func() error {
				_, err := s.Record(ctx, withdrawal("newsletter", address), txn.Idempotency{})
				return err
			}
		}
		second, third := "second@example.at", "third@example.at"
		calls := []func() error{write(anna), apply(0, "Acme One GmbH"), write(second), apply(1, "Acme Two GmbH"), write(third)}
		for i, err := range inOneTransaction(ctx, t, s, calls) {
			if err != nil {
				t.Errorf("write %d of the transaction: %v", i, err)
			}
		}
		if t.Failed() {
			return
		}
		if applied[0].Version != 2 || applied[1].Version != 3 {
			t.Errorf("the catalogs became the versions %d and %d, want 2 and 3", applied[0].Version, applied[1].Version)
		}
		for address, version := range map[string]int64{anna: 1, second: 2, third: 3} {
			w.wantCheck(ctx, s, "newsletter", address, consent.CodeWithdrawn)
			d := dossierOf(ctx, t, s, address)
			if got := d.Events[len(d.Events)-1].CatalogVersion; got != version {
				t.Errorf("a withdrawal was recorded under version %d of the catalog, want %d", got, version)
			}
		}
		if got, err := s.GetCatalog(ctx, 0); err != nil || got.Version != 3 || !strings.Contains(got.Document, "Acme Two GmbH") {
			t.Errorf("the latest catalog: version %d, %v", got.Version, err)
		}
	})
}

// The first catalog of a database, too, is there for what comes after it in its transaction.
func TestApplyCatalog_FirstAmongOtherWrites_TheyAreRecorded(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s := w.service(w.store(), 0)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		var recorded int64
		calls := []func() error{
			func() error {
				_, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)})
				return err
			},
			func() error {
				return s.engine.Do(ctx, &txn.Write{Run: func(w *txn.Tx) error {
					_, version, err := w.CatalogVersion(w.Recorded)
					recorded = version
					return err
				}})
			},
		}
		for i, err := range inOneTransaction(ctx, t, s, calls) {
			if err != nil {
				t.Errorf("write %d of the transaction: %v", i, err)
			}
		}
		if recorded != 1 {
			t.Errorf("the catalog in force is version %d, want 1", recorded)
		}
	})
}

// A call that is refused after it has recorded something leaves nothing of it behind, and costs the other writes of its transaction nothing.
func TestCommit_RefusedAfterItRecorded_LeavesNothingAndTheOthersStay(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, _ := clockWasAhead(t, w)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		before := positions(t, s.Store)
		in := record.Batch{
			Items:       []record.BatchItem{{Statement: withdrawal("newsletter", anna)}, {Statement: consentOn("newsletter", "third@example.at", w.clock.Now())}},
			Idempotency: txn.Idempotency{Method: "BatchRecordEvents", ID: requestID(1)},
		}
		_, err := s.BatchRecord(ctx, in)
		wantFault(t, err, fault.ClockSkew)
		if after := positions(t, s.Store); after != before {
			t.Errorf("a batch that was refused recorded %d events", after-before)
		}
		w.wantCheck(ctx, s, "newsletter", anna, consent.CodeAllowConsent)

		refused := fault.Errorf(fault.Unavailable, "", "the disk is full")
		recordThen := func(address string, end error) func() error {
			return func() error {
				return s.engine.Do(ctx, &txn.Write{Run: func(w *txn.Tx) error {
					w.PutClient(tables.Client{ID: address, AllDepartments: true})
					return end
				}})
			}
		}
		errs := inOneTransaction(ctx, t, s, []func() error{recordThen("first", nil), recordThen("second", refused), recordThen("third", nil)})
		if errs[0] != nil || errs[2] != nil {
			t.Errorf("the other writes: %v, %v", errs[0], errs[2])
		}
		wantFault(t, errs[1], fault.Unavailable)
		_, clients, err := tables.Clients(t.Context(), s.Store)
		var ids []string
		for i := range clients {
			ids = append(ids, clients[i].ID)
		}
		if slices.Sort(ids); err != nil || !slices.Equal(ids, []string{"first", "third"}) {
			t.Errorf("the clients %q are stored, %v", ids, err)
		}
	})
}

// Of a page of imported erasures all are carried out, and those who have to be told of them are in the log, or none is.
func TestErasePending_OneOfAPageCannotBeKept_NoneIsCarriedOut(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		o := newOfficer(t)
		var log bytes.Buffer
		s, err := New(t.Context(), w.store(), w.keys, Options{Now: w.clock.Now, Logger: slog.New(slog.NewTextHandler(&log, nil)), Kept: o})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
			t.Fatal(err)
		}
		const second = "second@example.at"
		var imported []record.BatchItem
		for _, address := range []string{anna, second} {
			w.mustRecord(ctx, s, consentOn("newsletter", address, w.clock.Now().Add(-time.Hour)))
			imported = append(imported, record.BatchItem{Statement: erasure(address, w.clock.Now().Add(-time.Minute))})
		}
		if _, err := s.BatchRecord(ctx, record.Batch{Items: imported}); err != nil {
			t.Fatal(err)
		}
		const told = "an imported erasure was carried out"
		o.room = 1
		_, err = s.ErasePending(ctx, false)
		wantFault(t, err, fault.Unavailable)
		for _, address := range []string{anna, second} {
			page, err := s.History(ctx, export.HistoryInput{Address: address, Size: 10})
			if err != nil || len(page.Events) != 2 || !page.Events[0].Held {
				t.Errorf("after a page that failed, the history: %+v, %v", page, err)
			}
		}
		if strings.Contains(log.String(), told) {
			t.Errorf("the log tells of an erasure that was not carried out: %s", log.String())
		}
		o.fails = nil
		if done, err := s.ErasePending(ctx, false); err != nil || len(done.Erased) != 2 {
			t.Errorf("%+v, %v", done, err)
		}
		if n := strings.Count(log.String(), told); n != 2 {
			t.Errorf("the log tells of %d erasures, want 2:\n%s", n, log.String())
		}
	})
}

// The error of a write that panicked is logged, so it must not say what the write was about.
func TestCommit_WritePanics_TheErrorHasNothingOfTheValue(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, ctx := w.acme()
	for _, thrown := range []any{anna, errors.New(anna)} {
		err := s.engine.Do(ctx, &txn.Write{Run: func(*txn.Tx) error { panic(thrown) }})
		if err == nil || strings.Contains(err.Error(), anna) || !strings.Contains(err.Error(), "panic while deciding: a value of type ") {
			t.Errorf("the error is %v", err)
		}
	}
}
