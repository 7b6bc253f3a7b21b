package tablestest

import (
	"testing"

	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables"
)

func sourceTests() []storagetest.Test {
	return []storagetest.Test{
		{Name: "Sources_AreStoredChangedHeldAndDeleted", Run: testSources},
		{Name: "CountComplaints_AddsWithinAnHour", Run: testCountComplaints},
		{Name: "SourceTokens_TheFirstBodyStays", Run: testSourceTokens},
		{Name: "AllowedHours_AreAddedUpAndDropped", Run: testAllowedHours},
	}
}

func source(id string) tables.Source {
	return tables.Source{
		ID: id, Kind: "mailgun", Client: "mailer", Department: "sales", PathHash: [32]byte{id[0]}, Settings: []byte{1}, Created: instant(1),
		CreatedBy: "admin",
	}
}

func testSources(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	writeTables(t, store, storagetest.Each(tables.AddSource, source("b"), source("a"))...)
	samePath := source("c")
	samePath.PathHash = source("a").PathHash
	for _, taken := range []tables.Source{source("a"), samePath} {
		if err := store.WriteTables(t.Context(), tables.AddSource(&taken)); err == nil {
			t.Errorf("the source %s was stored although its id or its path is there", taken.ID)
		}
	}
	changed := source("a")
	changed.Settings, changed.PriorUntil, changed.Held = []byte{2}, instant(9), instant(3)
	writeTables(t, store, tables.ChangeSource(&changed), tables.HoldSource("a", instant(3), ""), tables.HoldSource("a", instant(4), "other"))
	all, err := tables.Sources(t.Context(), store)
	storagetest.NoError(t, "Sources", err)
	storagetest.Same(t, "the sources", all, []tables.Source{changed, source("b")})
	at, err := tables.SourceAt(t.Context(), store, changed.PathHash)
	storagetest.NoError(t, "SourceAt", err)
	storagetest.Same(t, "the source at a path", at, []tables.Source{changed})
	token := tables.SourceToken{Source: "a", Until: instant(9)}
	writeTables(t, store, tables.ReleaseSource("a"), tables.AddSourceToken(&token))
	changed.Held = 0
	one, err := tables.SourceOf(t.Context(), store, "a")
	storagetest.NoError(t, "SourceOf", err)
	storagetest.Same(t, "a released source", one, []tables.Source{changed})
	writeTables(t, store, tables.DropSource("a")...)
	one, err = tables.SourceOf(t.Context(), store, "a")
	storagetest.NoError(t, "SourceOf", err)
	storagetest.Same(t, "a deleted source", one, []tables.Source(nil))
	left, err := tables.SourceTokenOf(t.Context(), store, "a", token.Token)
	storagetest.NoError(t, "SourceTokenOf", err)
	storagetest.Same(t, "its tokens", left, []tables.SourceToken(nil))
}

func testCountComplaints(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	writeTables(t, store, storagetest.Each(tables.AddSource, source("a"), source("b"))...)
	for _, c := range []struct{ hour, add, want int64 }{{7, 3, 3}, {7, 2, 5}, {8, 4, 4}} {
		writeTables(t, store, tables.CountComplaints("a", c.hour, c.add))
		rows, err := tables.SourceOf(t.Context(), store, "a")
		storagetest.NoError(t, "SourceOf", err)
		storagetest.Same(t, "hour and complaints", [2]int64{rows[0].ComplaintHour, rows[0].Complaints}, [2]int64{c.hour, c.want})
	}
	rows, err := tables.SourceOf(t.Context(), store, "b")
	storagetest.NoError(t, "SourceOf", err)
	storagetest.Same(t, "the complaints of another source", rows[0].Complaints, int64(0))
}

func testSourceTokens(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first := tables.SourceToken{Source: "a", Token: [32]byte{1}, Body: [32]byte{2}, Until: instant(5)}
	other, later := first, first
	other.Body = [32]byte{3}
	later.Source, later.Until = "b", instant(6)
	writeTables(t, store, storagetest.Each(tables.AddSourceToken, first, other, later)...)
	is := func(source string, want ...tables.SourceToken) {
		t.Helper()
		got, err := tables.SourceTokenOf(t.Context(), store, source, first.Token)
		storagetest.NoError(t, "SourceTokenOf", err)
		storagetest.Same(t, "the token of "+source, got, want)
	}
	is("a", first)
	is("b", later)
	writeTables(t, store, tables.DropSourceTokens(instant(5)))
	is("a")
	is("b", later)
}

func testAllowedHours(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	writeTables(t, store, storagetest.Each(tables.AddAllowed,
		tables.AllowedHour{Hour: 8, Channel: "b", Allowed: 1}, tables.AllowedHour{Hour: 7, Channel: "a", Allowed: 2},
		tables.AllowedHour{Hour: 8, Channel: "a", Allowed: 3}, tables.AllowedHour{Hour: 8, Channel: "a", Allowed: 4})...)
	is := func(since int64, want ...tables.AllowedHour) {
		t.Helper()
		got, err := tables.AllowedHours(t.Context(), store, since)
		storagetest.NoError(t, "AllowedHours", err)
		storagetest.Same(t, "what was allowed", got, want)
	}
	eight := []tables.AllowedHour{{Hour: 8, Channel: "a", Allowed: 7}, {Hour: 8, Channel: "b", Allowed: 1}}
	is(8, eight...)
	is(7, append([]tables.AllowedHour{{Hour: 7, Channel: "a", Allowed: 2}}, eight...)...)
	writeTables(t, store, tables.DropAllowed(8))
	is(0, eight...)
}
