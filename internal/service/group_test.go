package service

import (
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/txn"
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
