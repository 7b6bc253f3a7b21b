package timetext

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func TestParse_RFC3339_IsRead(t *testing.T) {
	want := time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		Example:                               want,
		"2026-10-01T10:00:00+02:00":           want,
		"2026-09-30T08:01:00-23:59":           want,
		"2026-10-01T08:00:00-00:00":           want,
		"2026-10-01T08:00:00.5Z":              want.Add(time.Second / 2),
		"2026-10-01T08:00:00.000000001+00:00": want.Add(1),
		"2024-02-29T08:00:00Z":                time.Date(2024, 2, 29, 8, 0, 0, 0, time.UTC),
	} {
		if got, err := Parse(text); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

func TestParse_AnythingElse_IsRefused(t *testing.T) {
	for _, text := range []string{
		"", "yesterday", "2026-10-01", "2026-10-01T08:00Z", "2026-10-01T08:00:00", "2026-10-01 08:00:00Z",
		"2026-10-01T1:00:00Z", "2026-10-01T08:00:00,5Z", "2026-10-01T08:00:00+24:00", "2026-10-01T08:00:00+02:60",
		"2026-10-01T08:00:00-24:00", "2026-10-01T08:00:00+99:99", "2026-10-01T08:00:00+0200", "2026-10-01T08:00:00+02",
		"2026-10-01t08:00:00Z", "2026-10-01T08:00:00z", "2026-10-01T08:00:00.Z", "2026-10-01T08:00:00.1234567891Z",
		"2026-02-29T08:00:00Z", "2026-13-01T08:00:00Z", "2026-10-01T24:00:00Z", "2026-10-01T08:60:00Z", "2026-12-31T23:59:60Z",
		" " + Example, Example + "\n", "12026-10-01T08:00:00Z", "+2026-10-01T08:00:00Z", "2026-10-01T08:00:00Z+02:00",
		"２０２６-10-01T08:00:00Z",
	} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

func TestParse_EveryTimeAsItIsWritten_ComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offset := rapid.IntRange(-1439, 1439).Draw(t, "offset in minutes")
		at := time.Unix(rapid.Int64Range(-62_000_000_000, 253_000_000_000).Draw(t, "seconds"),
			rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).In(time.FixedZone("", offset*60))
		text := at.Format(time.RFC3339Nano)
		if got, err := Parse(text); err != nil || !got.Equal(at) {
			t.Fatalf("%s: %v, %v", text, got, err)
		}
	})
}

// FuzzParse holds what is read against how it is written: a text that is read is that time in its own offset, digit by digit.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{Example, "2026-10-01T08:00:00.25+02:00", "2026-10-01T1:00:00Z", "2026-10-01T08:00:00,5Z", "2026-10-01T08:00:00+24:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse(text)
		if err != nil {
			return
		}
		zone := "-07:00"
		if strings.HasSuffix(text, "Z") {
			zone = "Z07:00"
		}
		decimals := ""
		if _, after, found := strings.Cut(text, "."); found {
			digits := strings.IndexAny(after, "Z+-")
			decimals = "." + fmt.Sprintf("%09d", got.Nanosecond())[:digits]
		}
		want := got.Format("2006-01-02T15:04:05") + decimals + got.Format(zone)
		if want != strings.Replace(text, "-00:00", "+00:00", 1) {
			t.Errorf("%q was read as %s", text, want)
		}
	})
}

func TestParseTimestamp_TakesTheYearsOfATimestamp(t *testing.T) {
	for text, valid := range map[string]bool{
		"0001-01-01T00:00:00Z": true, "0001-01-01T00:00:00+00:01": false, "0000-12-31T23:59:59-00:01": true, "0000-12-31T23:59:59Z": false,
		"9999-12-31T23:59:59.999999999Z": true, "9999-12-31T23:59:59-00:01": false, "yesterday": false,
	} {
		if at, err := ParseTimestamp(text); (err == nil) != valid || (timestamppb.New(at).CheckValid() == nil) != valid && valid {
			t.Errorf("%s: %v, %v", text, at, err)
		}
	}
}
