package audit

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

func TestPositionSet_AddedAndRemovedAtRandom_HasWhatAMapHas(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var set positionSet
	want := map[int64]bool{}
	for range 20_000 {
		position := 1 + random.Int64N(3*pageBits)
		if random.IntN(20) == 0 {
			position += 1 << 40
		}
		if random.IntN(3) == 0 {
			set.remove(position)
			delete(want, position)
		} else {
			set.add(position)
			want[position] = true
		}
		if set.has(position) != want[position] {
			t.Fatalf("position %d: %v, want %v", position, set.has(position), want[position])
		}
	}
	got := slices.Collect(set.all())
	if !slices.IsSorted(got) || len(got) != len(want) {
		t.Fatalf("%d positions, want %d in order", len(got), len(want))
	}
	for _, position := range got {
		if !want[position] {
			t.Errorf("position %d is in the set", position)
		}
		set.remove(position)
	}
	if len(set.pages) != 0 {
		t.Errorf("an empty set has %d pages", len(set.pages))
	}
	for range set.all() {
		t.Error("an empty set has a position")
	}
}

func TestPositionSet_PositionsOfNoEvent_AreNotInIt(t *testing.T) {
	var set positionSet
	for _, position := range []int64{0, -1, -pageBits, -1 << 63} {
		if set.add(position); set.has(position) {
			t.Errorf("position %d is in the set", position)
		}
		set.remove(position)
	}
}

func TestPositionSet_AMillionPositionsInARow_TakeABitEach(t *testing.T) {
	var before, after runtime.MemStats
	var set positionSet
	runtime.ReadMemStats(&before)
	for position := range int64(1_000_000) {
		set.add(position + 1)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 1_000_000 {
		t.Errorf("a million positions took %d bytes", took)
	}
}
