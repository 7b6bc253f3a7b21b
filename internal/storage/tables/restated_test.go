package tables

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestPositions_ArePackedAsDistances_AndReadAsTheyWere(t *testing.T) {
	if got := packPositions([]int64{70_000, 70_001, 70_200}); len(got) != 3 {
		t.Errorf("packed %x", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		positions := []int64{rapid.Int64Range(1, 1<<40).Draw(t, "first")}
		for range rapid.IntRange(0, 20).Draw(t, "more") {
			positions = append(positions, positions[len(positions)-1]+rapid.Int64Range(1, 1<<40).Draw(t, "distance"))
		}
		got, err := unpackPositions(positions[0], positions[len(positions)-1], packPositions(positions))
		if diff := cmp.Diff(positions, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

func TestPositions_ThatAreDamaged_AreAnError(t *testing.T) {
	for name, c := range map[string]struct {
		first, last int64
		packed      []byte
	}{
		"a distance of nothing": {1, 2, []byte{0, 1}}, "past the last": {1, 2, []byte{1, 1}}, "short of it": {1, 3, []byte{1}},
		"cut": {1, 300, []byte{0x80}}, "none, and two ends": {1, 2, nil}, "the last before the first": {2, 1, []byte{1}},
		"larger than a position": {1, 2, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}},
	} {
		if got, err := unpackPositions(c.first, c.last, c.packed); !errors.Is(err, errPositions) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
