package feed_test

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
)

func digest(n uint64) [32]byte { return sha256.Sum256(binary.BigEndian.AppendUint64(nil, n)) }

func mustOrder(tb fails, consumer, person uint64) *feed.KeyedOrder {
	tb.Helper()
	order, err := feed.NewKeyedOrder(digest(consumer), digest(person))
	if err != nil {
		tb.Fatalf("the order: %v", err)
	}
	return order
}

// fails is what a helper needs of a test, of either kind.
type fails interface {
	Helper()
	Fatalf(format string, args ...any)
}

// drawInstant draws instants of all sizes, near their limits and near to each other.
func drawInstant(t *rapid.T, label string) consent.Instant {
	now := consent.InstantOf(time.Date(2026, 2, 20, 10, 0, 0, 0, time.UTC))
	return consent.Instant(rapid.OneOf(
		rapid.Int64Range(1, int64(consent.MaxInstant)), rapid.Int64Range(1, 1000), rapid.Int64Range(int64(consent.MaxInstant)-1000, int64(consent.MaxInstant)),
		rapid.Int64Range(int64(now), int64(now)+1000), rapid.Int64Range(1<<52-10, 1<<52+10), rapid.Int64Range(int64(now), int64(now)+1_000_000_000_000),
	).Draw(t, label))
}

func TestKeyedOrder_OfAnyInstants_SaysWhichIsLater(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		order := mustOrder(t, rapid.Uint64().Draw(t, "consumer"), rapid.Uint64().Draw(t, "person"))
		instants := []consent.Instant{0, 1, 2, consent.MaxInstant - 1, consent.MaxInstant}
		for range 20 {
			i := drawInstant(t, "instant")
			instants = append(instants, i, i+1, i)
		}
		slices.Sort(instants)
		for k := 1; k < len(instants); k++ {
			a, b := min(instants[k-1], consent.MaxInstant), min(instants[k], consent.MaxInstant)
			before, after := order.Of(a), order.Of(b)
			if a == b && before != after || a < b && before >= after {
				t.Fatalf("%d has the order %d, %d has %d", a, before, b, after)
			}
			if (before == 0) != (a == 0) {
				t.Fatalf("%d has the order %d, which is kept for none", a, before)
			}
		}
	})
}

func TestKeyedOrder_OfTwoConsumersOrPersons_SharesNoNumber(t *testing.T) {
	start := consent.InstantOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	seen := map[uint64]bool{}
	for _, order := range []*feed.KeyedOrder{mustOrder(t, 1, 1), mustOrder(t, 2, 1), mustOrder(t, 1, 2)} {
		for i := range 10_000 {
			n := order.Of(start + consent.Instant(i)*60_000_000)
			if seen[n] {
				t.Fatalf("the number %d was given twice", n)
			}
			seen[n] = true
		}
	}
}

// TestKeyedOrder_KeepsNoDifferencesAndRatios looks at three instants at equal distances. In a map that kept distances, the second number
// would always lie in the middle of the others; here it lies anywhere, whatever the distance.
func TestKeyedOrder_KeepsNoDifferencesAndRatios(t *testing.T) {
	start := consent.InstantOf(time.Date(2026, 2, 20, 10, 17, 3, 0, time.UTC))
	const persons = 2000
	for name, distance := range map[string]time.Duration{
		"millisecond": time.Millisecond, "second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour, "month": 30 * 24 * time.Hour,
	} {
		var tenths [10]int
		least, most := math.Inf(1), 0.0
		for person := range uint64(persons) {
			order := mustOrder(t, 1, person)
			a, b, c := order.Of(start), order.Of(start.Add(distance)), order.Of(start.Add(2*distance))
			tenths[min(9, int(10*float64(b-a)/float64(c-a)))]++
			least, most = min(least, float64(b-a)), max(most, float64(b-a))
		}
		t.Logf("%s: the second of three lies in the tenths %v; the least distance is %.3g, the most %.3g", name, tenths, least, most)
		low, high := 0, 0
		for tenth, n := range tenths {
			if n > persons*3/10 {
				t.Errorf("%s: of %d, %d lie in tenth %d", name, persons, n, tenth)
			}
			if tenth < 4 {
				low += n
			} else if tenth > 5 {
				high += n
			}
		}
		if low < persons/10 || high < persons/10 {
			t.Errorf("%s: of %d, only %d lie well before the middle and %d well after it", name, persons, low, high)
		}
		if most < 100*least {
			t.Errorf("%s: the same distance is always between %.3g and %.3g", name, least, most)
		}
	}
}

func TestKeyedOrder_RuleOfADomain_HasNone(t *testing.T) {
	order := mustOrder(t, 1, 1)
	for match, want := range map[consent.Form]bool{consent.FormExact: true, consent.FormFolded: true, consent.FormDomain: false} {
		r := feed.Rule{Kind: feed.KindSuppression, Match: match, Since: 1_772_000_000_000_000}
		if got := order.OfRule(&r); (got != 0) != want {
			t.Errorf("a rule of form %d has the order %d", match, got)
		}
		if got := feed.PlainOrder(&r); got != uint64(r.Since) {
			t.Errorf("a rule of form %d has the plain order %d", match, got)
		}
	}
}

func TestByDay_TakesNoRuleForMoreThanItIs(t *testing.T) {
	at := func(day, hour int) consent.Instant {
		return consent.InstantOf(time.Date(2026, 2, day, hour, 0, 0, 0, time.UTC))
	}
	for name, test := range map[string]struct{ rule, want feed.Rule }{
		"a grant": {
			feed.Rule{Kind: feed.KindGrant, Since: at(1, 9), Until: at(9, 9), From: at(2, 9)},
			feed.Rule{Kind: feed.KindGrant, Since: at(1, 0), Until: at(9, 0), From: at(3, 0)},
		},
		"a block": {
			feed.Rule{Kind: feed.KindSuppression, Since: at(1, 9), Until: at(9, 9)},
			feed.Rule{Kind: feed.KindSuppression, Since: at(1, 0), Until: at(10, 0)},
		},
		"whole days": {
			feed.Rule{Kind: feed.KindSuppression, Since: at(1, 0), Until: at(9, 0)},
			feed.Rule{Kind: feed.KindSuppression, Since: at(1, 0), Until: at(9, 0)},
		},
		"what time does not end": {
			feed.Rule{Kind: feed.KindGrant, Since: at(1, 1)},
			feed.Rule{Kind: feed.KindGrant, Since: at(1, 0)},
		},
		"an end on the first day of all": {
			feed.Rule{Kind: feed.KindGrant, Since: 5, Until: 7},
			feed.Rule{Kind: feed.KindGrant, Since: 1, Until: 1},
		},
		"an end on the last day of all": {
			feed.Rule{Kind: feed.KindSuppression, Since: at(1, 0), Until: consent.MaxInstant - 1},
			feed.Rule{Kind: feed.KindSuppression, Since: at(1, 0), Until: consent.MaxInstant},
		},
	} {
		if got := test.rule.ByDay(); got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}

func BenchmarkKeyedOrder(b *testing.B) {
	order := mustOrder(b, 1, 1)
	at := consent.InstantOf(time.Date(2026, 2, 20, 10, 0, 0, 0, time.UTC))
	b.Run("of an instant", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			order.Of(at)
		}
	})
	b.Run("made for a person", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			mustOrder(b, 1, 1)
		}
	})
}
