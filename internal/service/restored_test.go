package service

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/testkit"
)

// backUp keeps all tables as they are; what it returns puts them back in one transaction, as a restored backup does.
func (w *world) backUp(t *testing.T) (restore func()) {
	t.Helper()
	r := w.raw()
	tables := slices.Sorted(maps.Keys(r.tables()))
	for _, name := range tables {
		r.run("CREATE TABLE kept_" + name + " AS SELECT * FROM " + name)
	}
	return func() {
		t.Helper()
		tx, err := r.db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range tables {
			for _, statement := range []string{"DELETE FROM " + name, "INSERT INTO " + name + " SELECT * FROM kept_" + name} {
				if _, err := tx.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

func suppressionOn(address string, scope consent.Scope) statement.Statement {
	return statement.Statement{Kind: consent.KindSuppress, Address: address, Reason: consent.ReasonManual, Scope: scope}
}

// A server that has learnt names, a catalog and clients of a history that was lost goes by those of the one that was restored: the
// numbers of its own packed states included.
func TestHistory_RestoredUnderARunningServer_IsGoneByInReadsAndWrites(t *testing.T) {
	for _, indexed := range []bool{true, false} {
		t.Run(map[bool]string{true: "index", false: "database"}[indexed], func(t *testing.T) {
			w := newWorld(t, "sqlite")
			w.damaged = true // A sample may be of the lost history.
			store := w.store()
			w.byStore = !indexed
			s := w.service(store, 0)
			ctx := access.WithCaller(t.Context(), access.Process("test"))
			if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
				t.Fatal(err)
			}
			w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
			w.wantCheck(ctx, s, "newsletter", anna, consent.CodeAllowConsent)
			restore := w.backUp(t)

			// The number that this gives to order-updates another name gets after the restore.
			w.mustRecord(ctx, s, suppressionOn("bob@example.at", "channel:order-updates"))
			_, lost, err := s.CreateClient(ctx, administration.NewClient{ID: "lost", AllDepartments: true, Role: "admin"})
			if err != nil {
				t.Fatal(err)
			}
			restore()
			other := w.service(store, 0)
			w.mustRecord(ctx, other, suppressionOn(anna, "channel:newsletter"))
			if _, _, err := other.CreateClient(ctx, administration.NewClient{ID: "other", AllDepartments: true, Role: "admin"}); err != nil {
				t.Fatal(err)
			}

			testkit.Eventually(t, time.Minute, "the server that ran on denies", func() bool {
				got, err := s.Check(ctx, newsletterOf(anna, check.Consistency{}))
				if err == nil && got.Verdict == consent.Allow {
					t.Fatalf("after a suppression in the restored history: %s", got.Reason)
				}
				return err == nil && got.Reason == consent.CodeSuppressed
			})
			_, err = s.Authenticate(t.Context(), lost)
			wantFault(t, err, fault.Unauthenticated)

			w.mustRecord(ctx, s, suppressionOn("carol@example.at", "channel:order-updates"))
			in := check.Input{Address: "carol@example.at", Request: consent.Request{Channel: "order-updates", Reference: "order-1"}}
			for name, server := range map[string]*Service{"another server": other, "a new one": w.service(store, 0), "itself": s} {
				got, err := server.Check(ctx, in)
				if err != nil || got.Reason != consent.CodeSuppressed {
					t.Errorf("what the server that ran on recorded is to %s %s, %v", name, got.Reason, err)
				}
			}
		})
	}
}
