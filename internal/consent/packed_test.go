package consent_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/codec/codectest"
)

func TestFacts_Refs_AreAllThatTheirPackedFormNeeds(t *testing.T) {
	c := lab(t)
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, c, 6)
		for key, events := range h.ledger().subjects {
			n := codectest.NewNames()
			for i := range events {
				events[i].Refs(n.Learn)
			}
			if _, err := codec.AppendState(nil, consent.Fold(events), n); err != nil {
				t.Fatalf("packing the state of form %d: %v", key.form, err)
			}
		}
	})
}

func TestUnpack_OfHistories_IsWhatWasPacked_AndNothingIsLeftOfBefore(t *testing.T) {
	c := lab(t)
	scratch := &consent.State{}
	rapid.Check(t, func(t *rapid.T) {
		n := codectest.NewNames()
		var all [][]byte
		for _, events := range drawHistory(t, c, 8).ledger().subjects {
			for i := range events {
				events[i].Refs(n.Learn)
			}
			state := consent.Fold(events)
			packed, err := codec.AppendState(nil, state, n)
			if err != nil {
				t.Fatalf("packing: %v", err)
			}
			codectest.CheckCanonical(t, packed, n, scratch)
			if diff := cmp.Diff(state, scratch, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("unpacked is something else than was packed:\n%s", diff)
			}
			all = append(all, packed)
		}
		if len(all) == 0 {
			return
		}
		broken := slices.Clone(rapid.SampledFrom(all).Draw(t, "packed"))
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			at := rapid.IntRange(0, len(broken)-1).Draw(t, "at")
			broken[at] = rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte{0, 1, 2, 0x80, 0xff})).Draw(t, "byte")
		}
		codectest.CheckCanonical(t, broken, n, scratch)
		codectest.CheckCanonical(t, broken[:rapid.IntRange(0, len(broken)).Draw(t, "length")], n, scratch)
	})
}
