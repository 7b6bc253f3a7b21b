package tablestest

import (
	"testing"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/storagetest"
	"github.com/assent-io/assent/internal/storage/tables"
)

func intakeTests() []storagetest.Test {
	return []storagetest.Test{
		{Name: "AddHint_OfAnIDThatIsThere_AddsNothing", Run: testAddHint},
		{Name: "Hints_LastReceivedFirst_InPagesOfADepartmentAndAState", Run: testHintPages},
		{Name: "DropHintsAbout_ByTheExactOrTheFoldedForm", Run: testDropHints},
		{Name: "SoftBounces_OfAnAddress_ByTime_UntilTheirSeriesEnds", Run: testSoftBounces},
	}
}

func hint(n byte) tables.Hint {
	return tables.Hint{
		ID: [16]byte{n}, Exact: [32]byte{n}, Folded: [32]byte{100 + n}, Sealed: []byte{n}, Kind: "bounce", Class: "hard", Source: "lmtp",
		Cause: "no_token", Department: "sales", Report: instant(int64(n)), Received: instant(10 + int64(n)), State: tables.HintOpen,
	}
}

func wantHints(t *testing.T, store storage.Store, department, state string, after *tables.Hint, limit int, want ...tables.Hint) {
	t.Helper()
	rows, err := tables.Hints(t.Context(), store, department, state, after, limit)
	storagetest.NoError(t, "Hints", err)
	storagetest.Same(t, "the hints", rows, want)
}

func testAddHint(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first, again := hint(1), hint(1)
	first.Report = 0
	again.Class = "soft"
	writeTables(t, store, tables.AddHint(&first))
	decided := first
	decided.State, decided.Decided, decided.DecidedBy, decided.Channel = tables.HintDismissed, instant(20), "officer", "news"
	writeTables(t, store, tables.DecideHint(&decided))
	other := decided
	other.State = tables.HintAccepted
	writeTables(t, store, tables.DecideHint(&other), tables.AddHint(&again))
	rows, err := tables.HintOf(t.Context(), store, first.ID)
	storagetest.NoError(t, "HintOf", err)
	storagetest.Same(t, "the first decision and the first report stay", rows, []tables.Hint{decided})
	n, err := tables.CountHints(t.Context(), store)
	storagetest.NoError(t, "CountHints", err)
	storagetest.Same(t, "how many are open", n, int64(0))
}

func testHintPages(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first, second, third, other := hint(1), hint(2), hint(3), hint(4)
	third.Received = second.Received
	other.Department, other.State, other.Decided = "", tables.HintAccepted, instant(30)
	for _, one := range []tables.Hint{first, second, third, other} {
		writeTables(t, store, tables.AddHint(&one))
	}
	wantHints(t, store, "sales", "", &tables.Hint{}, 2, third, second)
	wantHints(t, store, "sales", tables.HintOpen, &second, 2, first)
	wantHints(t, store, "", "", &tables.Hint{}, 10, other, third, second, first)
	wantHints(t, store, "", tables.HintAccepted, &tables.Hint{}, 10, other)
	wantHints(t, store, "press", "", &tables.Hint{}, 10)
	writeTables(t, store, tables.DropOldHints(second.Received))
	wantHints(t, store, "", "", &tables.Hint{}, 10, other, third, second)
}

func testDropHints(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	first, second, third := hint(1), hint(2), hint(3)
	writeTables(t, store, tables.AddHint(&first), tables.AddHint(&second), tables.AddHint(&third))
	writeTables(t, store, tables.DropHintsAbout(first.Exact, second.Folded))
	wantHints(t, store, "", "", &tables.Hint{}, 10, third)
}

func testSoftBounces(t *testing.T, open storagetest.Open) {
	store := storagetest.Initialised(t, open)
	bounce := func(n byte) tables.SoftBounce {
		return tables.SoftBounce{
			ID: [16]byte{n}, Exact: [32]byte{1}, Folded: [32]byte{101}, Second: n == 2, Report: instant(10 - int64(n)), Received: instant(20 + int64(n)),
		}
	}
	first, second, other := bounce(1), bounce(2), bounce(3)
	other.Exact = [32]byte{2}
	again := first
	again.Report = instant(99)
	writeTables(t, store, tables.AddSoftBounce(&first), tables.AddSoftBounce(&second), tables.AddSoftBounce(&other), tables.AddSoftBounce(&again))
	want := func(exact byte, want ...tables.SoftBounce) {
		t.Helper()
		rows, err := tables.SoftBounces(t.Context(), store, [32]byte{exact})
		storagetest.NoError(t, "SoftBounces", err)
		storagetest.Same(t, "the soft bounces", rows, want)
	}
	want(1, second, first)
	writeTables(t, store, tables.EndSoftBounces([32]byte{1}, second.Report))
	second.Ended = true
	want(1, second, first)
	want(2, other)
	writeTables(t, store, tables.DropOldSoftBounces(second.Received))
	want(1, second)
	writeTables(t, store, tables.DropSoftBouncesAbout([32]byte{2}, [32]byte{}))
	want(2)
	writeTables(t, store, tables.DropSoftBouncesAbout([32]byte{}, second.Folded))
	want(1)
}
