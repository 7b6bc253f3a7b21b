package wallclock

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func FuzzParseClock(f *testing.F) {
	for _, seed := range []string{"00:00", "24:00", "24:01", "20:60", "2:00", "-1:00", "20:00:00", "２0:00", "+9:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseClock(s)
		if err == nil && (c < 0 || c > EndOfDay || c.String() != s) {
			t.Fatalf("%q is %d, which is %s", s, c, c)
		}
	})
}

func TestParseClock_ReadsTwoDigitsEach(t *testing.T) {
	for text, want := range map[string]Clock{"00:00": 0, "08:05": 485, "20:00": 1200, "23:59": 1439, "24:00": EndOfDay} {
		if got, err := ParseClock(text); err != nil || got != want || got.String() != text {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "8:00", "0800", "24:01", "25:00", "12:60", "-1:00", "+1:00", " 1:00", "12:00 "} {
		if got, err := ParseClock(text); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
}

func TestDays_HaveTheNamesThatAreRead(t *testing.T) {
	var all Days
	for _, name := range DayNames() {
		day, ok := ParseDay(name)
		if !ok || len(day.Names()) != 1 || day.Names()[0] != name {
			t.Errorf("%s is %v", name, day.Names())
		}
		all |= day
	}
	if sunday, _ := ParseDay("sun"); all != EveryDay || !sunday.Has(time.Sunday) || sunday.Has(time.Monday) {
		t.Errorf("all days are %b", all)
	}
	if diff := cmp.Diff(DayNames(), EveryDay.Names()); diff != "" {
		t.Error(diff)
	}
	if _, ok := ParseDay("Mon"); ok {
		t.Error("a day may begin with a capital")
	}
}
