package dossier

import (
	"encoding/json"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/timetext"
)

// Time is an instant that stands in JSON as RFC 3339 in UTC, to the microsecond. Zero is no time.
type Time consent.Instant

// String returns the time in RFC 3339, or nothing for none.
func (t Time) String() string {
	if t == 0 {
		return ""
	}
	return consent.Instant(t).String()
}

// IsZero reports whether there is no time.
func (t Time) IsZero() bool { return t == 0 }

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	if t == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(t.String())
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Time) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*t = 0
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	at, err := timetext.Parse(text)
	if err != nil {
		return err
	}
	*t = Time(consent.InstantOf(at))
	return nil
}

// ForPeople writes a time as people write it, with the zone that it is in.
func (t Time) ForPeople() locale.Text { return wording.At(consent.Instant(t), "time.full") }

// Clock writes the time of the day as people write it, with the zone that it is in.
func (t Time) Clock() locale.Text { return wording.At(consent.Instant(t), "time.clock") }

// Day writes the day of a time as people write it.
func (t Time) Day() locale.Text { return wording.Day(consent.Instant(t)) }
