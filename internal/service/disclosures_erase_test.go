package service

import (
	"context"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/record"
)

func TestErase_DatedBack_KeepsTheCountsOfLaterDays(t *testing.T) {
	erase := statement.Statement{Kind: consent.KindErase, Address: anna, Occurred: consent.InstantOf(start.AddDate(0, -6, 0))}
	early, late := consentOn("newsletter", anna, start.AddDate(0, -9, 0)), consentOn("newsletter", anna, start.AddDate(0, -3, 0))
	for _, grants := range []struct {
		name string
		all  []statement.Statement
	}{{"with a later grant", []statement.Statement{early, late}}, {"without one", []statement.Statement{early}}} {
		for _, imported := range []bool{false, true} {
			name := grants.name + ", at once"
			if imported {
				name = grants.name + ", imported"
			}
			t.Run(name, func(t *testing.T) {
				eachStore(t, func(t *testing.T, w *world) {
					erase := erase
					s, ctx := w.acme()
					for _, st := range grants.all {
						w.mustRecord(ctx, s, st)
					}
					w.check(ctx, s, anna, asof.Moment{})
					wantDisclosed(ctx, t, s, anna, disclosure.Disclosure{Client: "test", Channel: "newsletter", Day: today, Count: 1})
					w.check(ctx, s, anna, asof.Moment{}) // This one is not stored yet.
					eraseAs(ctx, w, s, erase, imported)
					wantDisclosed(ctx, t, s, anna, disclosure.Disclosure{Client: "test", Channel: "newsletter", Day: today, Count: 2})
					w.clock.Advance(24 * time.Hour)
					w.check(ctx, s, anna, asof.Moment{})
					erase.Occurred = consent.InstantOf(start.Add(time.Hour))
					eraseAs(ctx, w, s, erase, imported)
					wantDisclosed(ctx, t, s, anna, disclosure.Disclosure{Client: "test", Channel: "newsletter", Day: today + 1, Count: 1})
					sound(t, w, s)
				})
			})
		}
	}
}

// eraseAs erases at once, or as an import that is carried out afterwards.
func eraseAs(ctx context.Context, w *world, s *Service, erase statement.Statement, imported bool) {
	w.t.Helper()
	if !imported {
		w.mustRecord(ctx, s, erase)
		return
	}
	results, err := s.BatchRecord(ctx, record.Batch{Items: []record.BatchItem{{Statement: erase}}})
	if err != nil || results[0].Err != nil {
		w.t.Fatalf("%+v, %v", results, err)
	}
	w.clock.Advance(time.Second)
	if done, err := s.ErasePending(ctx, false); err != nil || len(done.Erased) != 1 || len(done.Held) != 0 {
		w.t.Fatalf("%+v, %v", done, err)
	}
	w.clock.Advance(time.Second)
}

// An erasure leaves a row of the exact address without events. What is asked about the past counts for the folded form then, as what is asked
// about now.
func TestDisclosures_PastOfAnErasedAddress_IsCounted(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.AddDate(0, 0, -2)))
		eraseNow(ctx, t, w, s, anna)
		w.clock.Advance(time.Hour)
		shop := w.client(ctx, s, "shop", "")
		past := asof.Moment{AsOf: consent.InstantOf(w.clock.Now().Add(-time.Minute))}
		for _, service := range []*Service{s, w.bare(s)} {
			w.check(shop, service, anna, asof.Moment{})
			w.check(shop, service, anna, past)
			if _, err := service.BatchCheck(shop, check.BatchInput{
				Addresses: []string{anna}, Request: consent.Request{Channel: "newsletter"}, Moment: past,
			}); err != nil {
				t.Fatal(err)
			}
			if _, err := service.Lookup(shop, check.LookupInput{Address: anna, Moment: past}); err != nil {
				t.Fatal(err)
			}
			if err := service.Flush(ctx); err != nil {
				t.Fatal(err)
			}
		}
		wantDisclosed(ctx, t, s, anna, disclosure.Disclosure{Client: "shop", Day: today, Count: 2},
			disclosure.Disclosure{Client: "shop", Channel: "newsletter", Day: today, Count: 6})
	})
}
