package reference

import (
	"math"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/storage"
)

// TestTold_AskedAgain_WaitsForNoVersionThatIsLoaded has the lock held, as it is while a version is loaded.
func TestTold_AskedAgain_WaitsForNoVersionThatIsLoaded(t *testing.T) {
	l := newLists(nil)
	for position := range int64(2) { // The same digests, obtained anew.
		e := consent.Event{Position: 5 + position, Facts: consent.Facts{
			List: "ecg", Document256: [32]byte{1}, Obtained: consent.Instant(100 + position), Freshness: period.Months(1), StaleDenies: true,
		}}
		l.activations = append(l.activations, activation{Event: e, sum: [32]byte{byte(1 + position)}})
	}
	head := &storage.Head{ListsSum: [32]byte{2}}
	from := toldAnewFrom(l.activations, 5)
	if from == math.MaxInt64 {
		t.Fatal("it is never told that the list is fresh for longer")
	}
	if got, err := l.Told(t.Context(), head, 5, from-1); err != nil || got != 5 {
		t.Fatalf("it is told by %d, %v", got, err)
	}
	l.mu.Lock()
	got, err := l.Told(t.Context(), head, 5, from-1)
	l.mu.Unlock()
	if err != nil || got != 5 {
		t.Errorf("asked again it is told by %d, %v", got, err)
	}
	if got, err := l.Told(t.Context(), head, 5, from); err != nil || got != 6 {
		t.Errorf("once the time has come it is told by %d, %v", got, err)
	}
}
