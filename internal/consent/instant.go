package consent

import (
	"time"

	"github.com/assent-io/assent/internal/period"
)

// Instant is a point in time in microseconds since 1970-01-01T00:00:00Z. Zero is no instant: nothing that the service
// records happened at or before the beginning of 1970.
type Instant int64

// MaxInstant is the end of the year 9999, the last time that RFC 3339 can write.
const MaxInstant Instant = 253402300799999999

// InstantOf returns the instant of t, rounded down to the microsecond. The zero time is no instant.
func InstantOf(t time.Time) Instant {
	if t.IsZero() {
		return 0
	}
	return Instant(t.UnixMicro())
}

// Time returns the instant in UTC, or the zero time for no instant.
func (i Instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(i)).UTC()
}

// IsZero reports whether i is no instant.
func (i Instant) IsZero() bool { return i == 0 }

// Add returns the instant d later, to the microsecond.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d.Microseconds()) }

// String returns the instant in RFC 3339, or "never".
func (i Instant) String() string {
	if i == 0 {
		return "never"
	}
	return i.Time().Format(time.RFC3339Nano)
}

// EndedBy reports whether something that ends at end has ended at t. What has no end never ends; the boundary instant
// belongs to what ends.
func EndedBy(end, t Instant) bool { return end != 0 && end <= t }

// Earliest returns the earliest of the instants that are set.
func Earliest(instants ...Instant) Instant {
	var first Instant
	for _, i := range instants {
		if i != 0 && (first == 0 || i < first) {
			first = i
		}
	}
	return first
}

// InstantOfDay returns the beginning of a day in UTC, given as the number of days since 1970-01-01.
func InstantOfDay(day int64) Instant { return Instant(day * 24 * 60 * 60 * 1_000_000) }

// Day returns the day of the instant in UTC, as the number of days since 1970-01-01.
func (i Instant) Day() int64 {
	const day = 24 * 60 * 60 * 1_000_000
	n := int64(i) / day
	if int64(i)%day < 0 {
		n--
	}
	return n
}

// Plus returns the end of a calendar period that begins at the instant; zero if the period is no time at all.
func (i Instant) Plus(p period.Period) Instant {
	if p.IsZero() {
		return 0
	}
	return min(InstantOf(p.AddTo(i.Time())), MaxInstant)
}
