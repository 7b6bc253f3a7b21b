package service

import (
	"crypto/sha512"
	"fmt"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/extlists"
	"github.com/assent-io/assent/internal/service/record"
)

func TestQuestions_AreAboutGrantsThatTheListCanStopNow(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		grant := func(address, channel string, basis catalog.Basis, days int) {
			t.Helper()
			st := statement.Statement{
				Kind: consent.KindGrant, Address: address, Channels: []string{channel}, Basis: basis, Source: consent.SourceInPerson,
				TransactionID: "order-7", Notice: true, Goods: []string{"coffee"}, Occurred: consent.InstantOf(start.Add(-time.Hour)),
			}
			if days > 0 {
				st.Expires = consent.InstantOf(start.AddDate(0, 0, days))
			}
			w.mustRecord(ctx, s, st)
		}
		grant("customer@firma.example", "product-marketing", catalog.BasisExistingCustomer, 0)
		grant("expires@firma.example", "product-marketing", catalog.BasisExistingCustomer, 3)
		grant("order@firma.example", "order-updates", catalog.BasisContract, 0)
		w.mustRecord(ctx, s, consentOn("newsletter", "reader@firma.example", start.Add(-time.Hour)))
		for id, binds := range map[string]consent.Binds{"customers": consent.BindsExistingCustomer, "all": consent.BindsAll} {
			if _, err := s.CreateList(ctx, extlists.NewList{ID: id, Name: id, Binds: binds, Form: extlist.ECGService}); err != nil {
				t.Fatal(err)
			}
		}
		want := func(when, list string, names ...string) {
			t.Helper()
			asked := map[[64]byte]bool{}
			if err := s.Questions(ctx, list, func(questions []extlists.Question) error {
				for _, q := range questions {
					asked[q[0]] = true
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				if !asked[sha512.Sum512([]byte(name+"@firma.example"))] {
					t.Errorf("%s, %s: nothing is asked about %s", when, list, name)
				}
			}
			if len(asked) != len(names) {
				t.Errorf("%s, %s: %d addresses are asked about, want those of %v", when, list, len(asked), names)
			}
		}
		want("now", "customers", "customer", "expires")
		want("now", "all", "customer", "expires", "reader")
		w.clock.Advance(3 * 24 * time.Hour)
		want("once one expired", "all", "customer", "reader")
		w.clock.Advance(2 * 366 * 24 * time.Hour)
		want("once they lapsed", "all")
	})
}

func TestQuestions_ClientRevokedMeanwhile_GetsNoFurtherPart(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		var batch record.Batch
		for n := range 1200 {
			batch.Items = append(batch.Items, record.BatchItem{Statement: consentOn("newsletter", fmt.Sprintf("p%d@firma.example", n), start.Add(-time.Hour))})
		}
		if _, err := s.BatchRecord(ctx, batch); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateList(ctx, extlists.NewList{ID: "all", Name: "all", Binds: consent.BindsAll, Form: extlist.ECGService}); err != nil {
			t.Fatal(err)
		}
		sync := w.as(ctx, s, administration.NewClient{
			ID: "sync", AllDepartments: true, Scopes: []string{string(access.ScopeSuppress), string(access.ScopeFeed)},
		})
		parts := 0
		err := s.Questions(sync, "all", func([]extlists.Question) error {
			parts++
			_, err := s.RevokeClient(ctx, "sync")
			return err
		})
		if !fault.Is(err, fault.Unauthenticated) || parts != 1 {
			t.Errorf("after %d parts: %v", parts, err)
		}
		if err := s.Store.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Questions(ctx, "all", func([]extlists.Question) error { return nil }); !fault.Is(err, fault.ServerStopping) {
			t.Errorf("the store was closed: %v", err)
		}
	})
}
