package consent_test

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
)

// inTurn returns the subjects of the ledger in an order that is the same for each run.
func (l *ledger) inTurn() []subject {
	return slices.SortedFunc(maps.Keys(l.subjects), func(a, b subject) int {
		return cmp.Or(cmp.Compare(a.form, b.form), cmp.Compare(a.canonical, b.canonical))
	})
}

// repeated returns the ledger with some of the facts that a void may leave out recorded once or twice more, each time with a batch of its own.
func (l *ledger) repeated(t *rapid.T) *ledger {
	again := newLedger()
	again.arrived = l.arrived
	for _, of := range l.inTurn() {
		again.subjects[of] = slices.Clone(l.subjects[of])
		for _, e := range l.subjects[of] {
			if !e.Voidable() {
				continue
			}
			for n := range roll(t, "stated again", 3) {
				again.arrived++
				e.Position, e.Batch = again.arrived, consent.BatchID{byte(n + 1)}
				again.subjects[of] = append(again.subjects[of], e)
			}
		}
	}
	return again
}

// What several batches state counts as stated once: but for their positions the states are the same, so all that rests on them is, too.
func TestFold_TheSameFactOfSeveralBatches_CountsOnce(t *testing.T) {
	l := newLaboratory(t)
	butPositions := gocmp.Options{
		cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(consent.Grant{}, "Position"), cmpopts.IgnoreFields(consent.Pending{}, "Position"),
		cmpopts.IgnoreFields(consent.Suppression{}, "Position"), cmpopts.IgnoreFields(verdict{}, "Position"),
	}
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, l.catalog, 14)
		once := h.ledger()
		more := once.repeated(t)
		at := drawTime(t, "now")
		for _, of := range once.inTurn() {
			if diff := gocmp.Diff(once.state(of, at), more.state(of, at), butPositions); diff != "" {
				t.Fatalf("%v (-stated once +by several batches):\n%s", of, diff)
			}
			want := consent.Fold(slices.Clone(more.subjects[of]))
			shuffled := rapid.Permutation(more.subjects[of]).Draw(t, "order")
			if diff := gocmp.Diff(want, consent.Fold(shuffled)); diff != "" {
				t.Fatalf("%v (-by position +in another order):\n%s", of, diff)
			}
		}
		for _, a := range h.addresses {
			if diff := gocmp.Diff(l.decideAll(once, a, at), l.decideAll(more, a, at), butPositions); diff != "" {
				t.Fatalf("%s (-stated once +by several batches):\n%s", a.Exact(), diff)
			}
		}
	})
}
