package consent_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/codec/codectest"
)

// undoneWorld is a random history of which some facts were recorded with a batch, and the same history without them.
type undoneWorld struct {
	batch     consent.BatchID
	with      *ledger // has voids of the batch that wait for undo 3, of some subjects or of all
	without   *history
	remaining *history // all facts
}

func drawUndone(t *rapid.T, l *laboratory, all bool) *undoneWorld {
	w := &undoneWorld{batch: consent.BatchID{1}, remaining: drawHistory(t, l.catalog, 14)}
	h := w.remaining
	w.without, w.with = &history{catalog: h.catalog, addresses: h.addresses}, h.ledger()
	batched := map[int64]bool{}
	for _, f := range h.facts {
		if f.entry.Facts.Kind.Voidable() && roll(t, "batched", 2) == 1 {
			batched[f.position] = true
		} else {
			w.without.facts = append(w.without.facts, f)
		}
	}
	position := int64(len(h.facts))
	for key, events := range w.with.subjects {
		reached := false
		for i := range events {
			if batched[events[i].Position] {
				events[i].Batch, reached = w.batch, true
			}
		}
		if reached && (all || roll(t, "reached", 2) == 1) {
			position++
			// A void counts whenever it occurred, which the ledger of these tests does not know.
			void := consent.Event{Position: position, Occurred: 1, Facts: consent.Facts{Kind: consent.KindVoid, VoidBatch: w.batch, Undo: 3}}
			w.with.subjects[key] = append(events, void)
		}
	}
	return w
}

// inEffect returns the ledger as of the number of the last complete undo.
func (l *ledger) inEffect(undone int64) *ledger {
	seen := newLedger()
	for key, events := range l.subjects {
		seen.subjects[key] = consent.InEffect(events, undone)
	}
	return seen
}

// Whichever subjects have the void already: until the undo is complete every answer is that without the voids.
func TestUndo_WhileItIsPending_ChangesNoStateAndNoDecision(t *testing.T) {
	l := newLaboratory(t)
	rapid.Check(t, func(t *rapid.T) {
		w := drawUndone(t, l, false)
		at := drawTime(t, "now")
		for key, events := range w.with.subjects {
			now := codec.FoldVariants(slices.Clone(events), 2).Now
			before := consent.Fold(slices.DeleteFunc(slices.Clone(events), func(e consent.Event) bool { return e.Kind == consent.KindVoid }))
			if diff := cmp.Diff(before, now, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("a void that waits changes the state of %v (-without +with):\n%s", key, diff)
			}
		}
		for _, a := range w.remaining.addresses {
			if diff := cmp.Diff(l.decideAll(w.remaining.ledger(), a, at), l.decideAll(w.with.inEffect(2), a, at)); diff != "" {
				t.Fatalf("a void that waits changes a decision (-without +with):\n%s", diff)
			}
		}
	})
}

// Once it is complete every answer is that of the history to which the batch was never recorded.
func TestUndo_OnceItIsComplete_DecidesAsIfTheBatchHadNeverBeen(t *testing.T) {
	l := newLaboratory(t)
	rapid.Check(t, func(t *rapid.T) {
		w := drawUndone(t, l, true)
		at := drawTime(t, "now")
		undone := w.with.inEffect(3)
		for _, a := range w.remaining.addresses {
			got := l.decideAll(undone, a, at)
			if diff := cmp.Diff(l.decideAll(w.without.ledger(), a, at), got); diff != "" {
				t.Fatalf("an undone batch counts (-never recorded +undone):\n%s", diff)
			}
		}
		for key, events := range w.with.subjects {
			v := codec.FoldVariants(slices.Clone(events), 2)
			then := codec.FoldVariants(slices.Clone(events), 3)
			if then.Undo != 0 || then.Then != nil {
				t.Fatalf("%v waits for undo %d after it is complete", key, then.Undo)
			}
			if v.Undo != 0 {
				if diff := cmp.Diff(then.Now, v.Then, cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("the second variant of %v is not what holds in the end (-in the end +variant):\n%s", key, diff)
				}
			}
		}
	})
}

// The packed form of two variants gives, for each head, the packed form that the events give for it.
func TestUndo_PackedVariants_AreThoseOfTheEvents(t *testing.T) {
	l := newLaboratory(t)
	rapid.Check(t, func(t *rapid.T) {
		w := drawUndone(t, l, true)
		names := codectest.NewNames()
		for _, events := range w.with.subjects {
			for i := range events {
				events[i].Refs(names.Learn)
			}
		}
		pack := func(v codec.Variants) []byte {
			packed, err := codec.AppendVariants(nil, &v, names)
			if err != nil {
				t.Fatalf("packing: %v", err)
			}
			return packed
		}
		for key, events := range w.with.subjects {
			before, after := pack(codec.FoldVariants(slices.Clone(events), 2)), pack(codec.FoldVariants(slices.Clone(events), 3))
			if !bytes.Equal(codec.Settled(before, 3), after) || !bytes.Equal(codec.InForce(before, 3), after) {
				t.Fatalf("%v: the row of before the end says something else than a rebuild after it", key)
			}
			if !bytes.Equal(codec.Settled(before, 2), before) {
				t.Fatalf("%v: the row of a pending undo is not what a rebuild makes", key)
			}
			without := pack(codec.FoldVariants(consent.InEffect(events, 2), 2))
			if !bytes.Equal(codec.InForce(before, 2), without) {
				t.Fatalf("%v: a head from before the end is not given the state without the voids", key)
			}
			if waits := len(before) != len(after) || !bytes.Equal(before, after); waits != (codec.WaitsFor(before, 2) == 3) || codec.WaitsFor(before, 3) != 0 {
				t.Fatalf("%v waits for %d", key, codec.WaitsFor(before, 2))
			}
		}
	})
}

func TestUndos_At_IsTheNumberOfThoseUpToAPosition(t *testing.T) {
	undos := consent.Undos{10, 20}
	for position, want := range map[int64]int64{0: 0, 9: 0, 10: 1, 19: 1, 20: 2, 21: 2} {
		if got := undos.At(position); got != want {
			t.Errorf("at %d: %d, want %d", position, got, want)
		}
	}
}
