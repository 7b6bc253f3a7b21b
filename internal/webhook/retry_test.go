package webhook

import (
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNext_EachAttempt_WaitsAsTheStandardShows(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	failed := Answer{Outcome: ServerError}
	want := []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
	for i, wait := range want {
		at, state := Next(i+1, failed, now, 0)
		if state != StateWaiting || at.Sub(now) != wait {
			t.Errorf("after attempt %d: %s, %s; want %s", i+1, state, at.Sub(now), wait)
		}
		if at, _ := Next(i+1, failed, now, 0.5); at.Sub(now) != wait+wait/20 {
			t.Errorf("after attempt %d the random half of a tenth more is %s", i+1, at.Sub(now))
		}
	}
	for _, attempts := range []int{10, 11} {
		if at, state := Next(attempts, failed, now, 0.5); state != StateDead || !at.IsZero() {
			t.Errorf("after attempt %d: %s %s", attempts, state, at)
		}
	}
}

func TestNext_EachOutcome_HasOneState(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	for _, outcome := range Outcomes() {
		want := StateWaiting
		switch outcome {
		case Delivered:
			want = StateDelivered
		case Gone:
			want = StateDisabled
		default:
		}
		if _, state := Next(1, Answer{Outcome: outcome}, now, 0); state != want {
			t.Errorf("%s: %s, want %s", outcome, state, want)
		}
	}
	if at, state := Next(10, Answer{Outcome: Cancelled}, now, 0.9); state != StateWaiting || !at.Equal(now) {
		t.Errorf("a cancelled attempt: %s at %s", state, at)
	}
}

func TestNext_RetryAfter_IsKeptUnlessTheScheduleIsLonger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attempts := rapid.IntRange(0, 9).Draw(t, "attempts")
		asked := time.Duration(rapid.Int64Range(0, int64(72*time.Hour)).Draw(t, "asked"))
		now := time.Unix(1_000_000, 0)
		at, state := Next(attempts, Answer{Outcome: Throttled, RetryAfter: asked}, now, rapid.Float64Range(0, 0.999).Draw(t, "random"))
		least := max(Schedule()[max(attempts, 1)], min(asked, 24*time.Hour))
		if wait := at.Sub(now); state != StateWaiting || wait < least || wait > least+least/10 {
			t.Fatalf("%s after %s; want %s to a tenth more", state, wait, least)
		}
	})
}

func TestRetryAfter_SecondsAndDates(t *testing.T) {
	now := time.Date(2026, time.November, 28, 8, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"0": 0, "120": 2 * time.Minute, " 120 ": 2 * time.Minute, "86400": 24 * time.Hour, "86401": 24 * time.Hour, "4294967296": 24 * time.Hour,
		"99999999999999999999999": 24 * time.Hour, "Sat, 28 Nov 2026 08:00:30 GMT": 30 * time.Second, "Saturday, 28-Nov-26 08:00:30 GMT": 30 * time.Second,
		"Sat Nov 28 08:00:30 2026": 30 * time.Second, "Sat, 28 Nov 2026 07:00:00 GMT": 0, "Thu, 28 Nov 2069 08:00:00 GMT": 24 * time.Hour,
		"": 0, "-5": 0, "+5": 0, "1.5": 0, "1e3": 0, "soon": 0, "٣": 0, "PT5M": 0, "2026-11-28T08:00:30Z": 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("retryAfter(%q) = %s, want %s", text, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"120", "Sat, 28 Nov 2026 08:00:30 GMT", "-1", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		f.Add(seed, int64(1_795_852_800))
	}
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		now := time.Unix(unix%253_402_300_800, 0)
		got := retryAfter(text, now)
		if got < 0 || got > maxRetryAfter {
			t.Fatalf("retryAfter(%q) = %s", text, got)
		}
		if date, err := http.ParseTime(text); err == nil && date.After(now) && got == 0 {
			t.Fatalf("retryAfter(%q) = 0 at %s", text, now)
		}
	})
}
