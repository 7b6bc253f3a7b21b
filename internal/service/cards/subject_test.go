package cards

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
)

// drawEvent returns a random event of a subject, late or not, after those before it.
func drawEvent(t *rapid.T, position int64) consent.Event {
	kind := rapid.SampledFrom([]consent.Kind{
		consent.KindRequest, consent.KindConfirm, consent.KindGrant, consent.KindWithdraw, consent.KindRefuse, consent.KindSuppress,
		consent.KindSuppress, consent.KindLift, consent.KindErase, consent.KindMail, consent.KindHold, consent.KindRelease, consent.KindLink,
		consent.KindUnlink, consent.KindMove, consent.KindVoid,
	}).Draw(t, "kind")
	sum := [16]byte{byte(rapid.IntRange(1, 2).Draw(t, "spelling"))}
	e := consent.Event{
		Position: position, Occurred: consent.Instant(max(position+int64(rapid.IntRange(-3, 2).Draw(t, "late")), 1) * 1_000_000),
		Batch: consent.BatchID{byte(rapid.IntRange(0, 2).Draw(t, "batch"))}, Key: consent.EventKey{byte(position)},
	}
	e.Kind, e.Spelling = kind, consent.Spelling{Key: 1, Sum: sum}
	channel := rapid.SampledFrom([]string{"news", "offers"}).Draw(t, "channel")
	switch kind {
	case consent.KindRequest, consent.KindConfirm, consent.KindMail, consent.KindWithdraw, consent.KindRefuse:
		e.Channels, e.Tagged = []string{channel}, rapid.Bool().Draw(t, "tagged")
	case consent.KindGrant:
		e.Channels, e.Basis = []string{channel}, catalog.BasisConsent
	case consent.KindSuppress, consent.KindLift:
		e.Reason = rapid.SampledFrom([]consent.Reason{consent.ReasonHardBounce, consent.ReasonObjection}).Draw(t, "reason")
		e.Scope, e.Retention = consent.ScopeMarketing, kind == consent.KindLift && rapid.Bool().Draw(t, "retention")
	case consent.KindLink, consent.KindUnlink:
		e.Linked = consent.Linked{Folded: [32]byte{sum[0]}, Spelling: sum}
	case consent.KindMove:
		e.Move = consent.MovedAway
	case consent.KindVoid:
		if e.Batch = (consent.BatchID{}); rapid.Bool().Draw(t, "of a batch") {
			e.VoidBatch = consent.BatchID{1}
		} else {
			e.VoidPosition = int64(rapid.IntRange(1, int(position)).Draw(t, "voids"))
		}
	default:
	}
	if kind != consent.KindVoid && rapid.IntRange(0, 9).Draw(t, "was") == 0 {
		e.Was = []int64{int64(rapid.IntRange(1, int(position)).Draw(t, "was at"))}
	}
	if kind == consent.KindSuppress && rapid.Bool().Draw(t, "ends") {
		e.Expires = e.Occurred + 2_000_000
	}
	return e
}

// What a window ends with is the same as if all events were folded anew, and leaves what it begins with as it was.
func TestFoldOn_IsTheFoldOfAllEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var events []consent.Event
		for position := range int64(rapid.IntRange(1, 15).Draw(t, "events")) {
			events = append(events, drawEvent(t, position+1))
		}
		known := rapid.IntRange(0, len(events)).Draw(t, "known")
		given, before := slices.Clone(events), consent.Fold(slices.Clone(events[:known]))
		got := foldOn(before, events, known)
		for what, pair := range map[string][2]any{
			"after":      {consent.Fold(slices.Clone(events)), got},
			"before":     {consent.Fold(slices.Clone(events[:known])), before},
			"the events": {given, events},
		} {
			if diff := cmp.Diff(pair[0], pair[1], cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", what, diff)
			}
		}
	})
}
