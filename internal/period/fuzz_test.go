package period

import (
	"strings"
	"testing"
	"time"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"P24M", "PT5M", "P1Y2M3W4DT5H6M7S", "P", "P1D1D", "-P1D", "P3Y/EOY", "P1D/EOY"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, iso string) {
		p, err := Parse(iso)
		if err != nil {
			return
		}
		if again, err := Parse(p.String()); err != nil || again != p {
			t.Fatalf("%q is %s, which is %s (%v)", iso, p, again, err)
		}
		if p.EndsWithYear() != strings.HasSuffix(iso, YearEnd) {
			t.Fatalf("%q ends with the year: %t", iso, p.EndsWithYear())
		}
		start := time.Date(2026, time.January, 31, 10, 0, 0, 0, time.UTC)
		if end := p.AddTo(start); end.Before(start) || end.Equal(start) != p.IsZero() {
			t.Fatalf("%q after %s is %s", iso, start, end)
		}
	})
}

func BenchmarkPeriod_AddTo(b *testing.B) {
	p, from := Months(24), time.Date(2026, time.January, 31, 10, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		_ = p.AddTo(from)
	}
}
