package usefulness_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/usefulness"
	"github.com/assent-io/assent/internal/period"
)

// lab is the catalog that the tests of the rules have.
func lab(t *testing.T) *catalog.Catalog {
	t.Helper()
	document, err := os.ReadFile(filepath.Join("..", "testdata", "lab.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := catalog.Parse("lab.yaml", document)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// instant returns the beginning of a day.
func instant(day int) consent.Instant {
	return consent.InstantOf(time.Date(2026, 2, 20+day, 0, 0, 0, 0, time.UTC))
}

// at returns an event of an exact subject at a position, on the day.
func at(position int64, day int, f consent.Facts) consent.Event {
	return consent.Event{Position: position, Recorded: instant(day), Occurred: instant(day), Facts: f}
}

func grantOn(basis catalog.Basis, channels ...string) consent.Facts {
	return consent.Facts{Kind: consent.KindGrant, Basis: basis, Channels: channels, Source: consent.SourceWebForm}
}

// endings returns the endings by position.
func endings(list []usefulness.Ending) map[int64]usefulness.Ending {
	byPosition := map[int64]usefulness.Ending{}
	for _, e := range list {
		byPosition[e.Position] = e
	}
	return byPosition
}

func refusedOn(day int, channels ...string) *consent.State {
	return consent.Fold([]consent.Event{at(9, day, consent.Facts{Kind: consent.KindWithdraw, Channels: channels})})
}

func TestEndings_OfGrants(t *testing.T) {
	lab := lab(t)
	expiring := grantOn(catalog.BasisConsent, "former")
	expiring.Expires = instant(5)
	imported := grantOn(catalog.BasisConsent, "former")
	imported.Source = consent.SourceImport
	customer := grantOn(catalog.BasisExistingCustomer, "shop")
	news, ok := lab.Channel("news")
	if !ok {
		t.Fatal("the lab has no news")
	}
	lapse := func(p period.Period) consent.Instant { return consent.InstantOf(p.AddTo(instant(1).Time())) }
	for name, c := range map[string]struct {
		grant  consent.Facts
		folded *consent.State
		want   consent.Instant
	}{
		"stands":                      {grantOn(catalog.BasisConsent, "former"), nil, 0},
		"expired":                     {expiring, nil, instant(5)},
		"refused":                     {grantOn(catalog.BasisConsent, "former"), refusedOn(3, "former"), instant(3)},
		"refused before":              {expiring, refusedOn(0, "former"), instant(5)},
		"refused elsewhere":           {grantOn(catalog.BasisConsent, "former"), refusedOn(3, "shop"), 0},
		"refused on one of two":       {grantOn(catalog.BasisConsent, "former", "parcels"), refusedOn(3, "former"), 0},
		"refused on both":             {grantOn(catalog.BasisConsent, "former", "parcels"), refusedOn(3, "former", "parcels"), instant(3)},
		"imported after a refusal":    {imported, refusedOn(0, "former"), instant(1)},
		"lapsed":                      {grantOn(catalog.BasisConsent, "news"), nil, lapse(news.ConsentLapsesAfter)},
		"customer":                    {customer, nil, lapse(lab.Policy.ExistingCustomerLapsesAfter)},
		"customer who refused before": {customer, refusedOn(0, "shop"), instant(1)},
		"of an unknown channel":       {grantOn(catalog.BasisConsent, "nowhere"), nil, 0},
		"on a contract":               {grantOn(catalog.BasisContract, "parcels"), nil, 0},
	} {
		useful := usefulness.Conditions{Catalogs: []*catalog.Catalog{lab}, Folded: c.folded}
		got := useful.Endings([]consent.Event{at(1, 1, c.grant)})
		if diff := cmp.Diff([]usefulness.Ending{{Position: 1, At: c.want}}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What a consent lives by that lapses from the last contact is not known here: it is of use for as long as it may.
func TestEndings_ConsentThatLapsesFromLastContact_EndsWhenNoContactCanHoldItUp(t *testing.T) {
	c := lab(t)
	c.Policy.Retention.Contacts = period.Months(3)
	news, ok := c.Channel("news")
	if !ok {
		t.Fatal("the lab has no news")
	}
	news.ConsentLapsesFrom = catalog.FromLastContact
	useful := usefulness.Conditions{Catalogs: []*catalog.Catalog{c}}
	got := useful.Endings([]consent.Event{at(1, 1, grantOn(catalog.BasisConsent, "news"))})
	want := consent.InstantOf(period.Months(3).AddTo(news.ConsentLapsesAfter.AddTo(instant(1).Time())))
	if len(got) != 1 || got[0].At != want {
		t.Errorf("ends %v, want %s", got, want)
	}
}

func TestEndings_RequestsAndConfirmations_EndWithWhatTheyGave(t *testing.T) {
	ask := func(expires int) consent.Facts {
		return consent.Facts{Kind: consent.KindRequest, Channels: []string{"former"}, Expires: instant(expires)}
	}
	confirm := consent.Facts{Kind: consent.KindConfirm, Channels: []string{"former"}}
	useful := usefulness.Conditions{Catalogs: []*catalog.Catalog{lab(t)}, Folded: refusedOn(20, "former")}
	got := endings(useful.Endings([]consent.Event{
		at(1, 1, ask(30)), at(2, 2, ask(31)), // the second takes the place of the first
		at(3, 3, confirm),
		at(4, 4, confirm),                   // of nothing
		at(5, 5, ask(8)), at(6, 8, confirm), // too late
		at(7, 9, grantOn(catalog.BasisConsent, "former")),
		at(8, 10, consent.Facts{Kind: consent.KindVoid, VoidPosition: 7}),
	}))
	want := endings([]usefulness.Ending{
		{Position: 1, At: instant(30), Unconfirmed: true},
		{Position: 2, At: instant(20)},
		{Position: 3, At: instant(20)},
		{Position: 4, At: instant(4)},
		{Position: 5, At: instant(8), Unconfirmed: true},
		{Position: 6, At: instant(8)},
		{Position: 7, At: instant(9)},
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("endings (-want +got):\n%s", diff)
	}
}

func TestEndings_SeveralCatalogs_TheLongestLapseCounts(t *testing.T) {
	with := lab(t)
	without := *with
	without.Policy.ExistingCustomerLapsesAfter = period.Period{}
	events := []consent.Event{at(1, 1, grantOn(catalog.BasisExistingCustomer, "shop"))}
	for _, c := range []struct {
		catalogs []*catalog.Catalog
		ends     bool
	}{{[]*catalog.Catalog{with}, true}, {[]*catalog.Catalog{with, &without}, false}, {[]*catalog.Catalog{&without, with}, false}} {
		useful := usefulness.Conditions{Catalogs: c.catalogs}
		if got := useful.Endings(events); (got[0].At != 0) != c.ends {
			t.Errorf("of %d catalogs: %v", len(c.catalogs), got)
		}
	}
}

func TestBlockEndings_WhatIsInForce_HasNone(t *testing.T) {
	suppress := func(scope consent.Scope, until consent.Instant) consent.Facts {
		return consent.Facts{Kind: consent.KindSuppress, Reason: consent.ReasonManual, Scope: scope, Expires: until}
	}
	refuse := func(channels ...string) consent.Facts {
		return consent.Facts{Kind: consent.KindRefuse, Channels: channels}
	}
	events := []consent.Event{
		at(1, 1, suppress("all", 0)), at(2, 2, suppress("channel:news", instant(20))), at(3, 3, suppress("channel:shop", 0)),
		at(4, 4, consent.Facts{Kind: consent.KindLift, Reason: consent.ReasonManual, Scope: "channel:shop"}),
		at(5, 5, refuse("news", "shop")), at(6, 6, refuse("news")), at(7, 7, refuse("news")),
	}
	for _, c := range []struct {
		now  int
		want map[int64]consent.Instant
	}{
		{19, map[int64]consent.Instant{1: 0, 2: 0, 3: instant(3), 4: instant(4), 5: 0, 6: instant(6), 7: 0}},
		{20, map[int64]consent.Instant{1: 0, 2: instant(2), 3: instant(3), 4: instant(4), 5: 0, 6: instant(6), 7: 0}},
	} {
		got := map[int64]consent.Instant{}
		for _, e := range usefulness.BlockEndings(events, instant(c.now)) {
			got[e.Position] = e.At
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("on day %d (-want +got):\n%s", c.now, diff)
		}
	}
}
