package dossier

import (
	"encoding/json"
	"time"

	"github.com/assent-io/assent/internal/consent"
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

// forPeople writes a time as people write it, with the zone that it is in.
func (t Time) forPeople() locale.Text { return t.written("time.full") }

// clock writes the time of the day as people write it, with the zone that it is in.
func (t Time) clock() locale.Text { return t.written("time.clock") }

// day writes the day of a time as people write it.
func (t Time) day() locale.Text { return t.written("time.day") }

// written writes a time in the layouts under a key; nothing for no time.
func (t Time) written(key string) locale.Text {
	if t == 0 {
		return locale.Text{}
	}
	at, layout := consent.Instant(t).Time(), locale.Get(key)
	return locale.Text{EN: at.Format(layout.EN), DE: at.Format(layout.DE)}
}

// dateForPeople writes a day as people write it; one that is none as it is.
func dateForPeople(day string) locale.Text {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return locale.Same(day)
	}
	return Time(consent.InstantOf(at)).day()
}

// MonthAfter returns the last day of a period of one month that begins with an event on the given day: the day with the same number, or the
// last day of a month that lacks it (Regulation (EEC, Euratom) 1182/71, Art. 3(2)(c)).
func MonthAfter(day time.Time) time.Time {
	after := day.AddDate(0, 1, 0)
	if after.Day() != day.Day() {
		return after.AddDate(0, 0, -after.Day())
	}
	return after
}
