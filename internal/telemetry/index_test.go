package telemetry_test

import (
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/telemetry"
)

// indexStates are the states of an index in these tests.
func indexStates() []string { return []string{"loading", "ready", "off", "ended"} }

func TestIndex_TellsItsState_AndHowFarItIsBehindOnlyWhileItFollows(t *testing.T) {
	m := newMetrics(t)
	stats := telemetry.IndexStats{State: "loading", Behind: time.Hour}
	if err := m.ObserveIndex(indexStates(), func() (telemetry.IndexStats, bool) { return stats, true }); err != nil {
		t.Fatal(err)
	}
	got := page(t, m)
	if !strings.Contains(got, `assent_index_state{state="loading"} 1`) || !strings.Contains(got, `assent_index_state{state="ready"} 0`) {
		t.Errorf("it does not load:\n%s", got)
	}
	if strings.Contains(got, "assent_index_behind_seconds") {
		t.Errorf("it tells how far it is behind while it loads:\n%s", got)
	}
	stats = telemetry.IndexStats{State: "ready", Follows: true, Behind: 250 * time.Millisecond}
	got = page(t, m)
	for _, want := range []string{
		`assent_index_state{state="loading"} 0`, `assent_index_state{state="ready"} 1`, "assent_index_behind_seconds 0.25",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %s:\n%s", want, got)
		}
	}
}

func TestIndex_NoIndex_TellsNothing(t *testing.T) {
	m := newMetrics(t)
	if err := m.ObserveIndex(indexStates(), func() (telemetry.IndexStats, bool) { return telemetry.IndexStats{}, false }); err != nil {
		t.Fatal(err)
	}
	if got := page(t, m); strings.Contains(got, "assent_index") {
		t.Errorf("it tells of an index that is not there:\n%s", got)
	}
}
