package follower

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/suppressionfilter"
)

// TestCheck_QuietHoursAndFreezes_NothingIsAllowed holds that a Follower answers no ALLOW at a time at which the server defers.
func TestCheck_QuietHoursAndFreezes_NothingIsAllowed(t *testing.T) {
	f := answering(t, 10, suppressionfilter.Key{})
	at := func(text string) time.Time {
		parsed, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	limited := channel()
	limited.QuietHours = []*assentv1.QuietHours{{Zone: "Europe/Vienna", From: "20:00", Until: "08:00", Days: []string{"mon", "tue", "wed"}}}
	limited.Freezes = []*assentv1.Freeze{
		{FromTime: timestamppb.New(at("2027-01-13T07:00:00Z")), UntilTime: timestamppb.New(at("2027-01-13T12:00:00Z"))},
		{FromTime: timestamppb.New(at("2027-01-15T07:00:00Z"))},
	}
	calendar, err := calendarOf(limited)
	if err != nil {
		t.Fatal(err)
	}
	f.set.told["newsletter"].calendar = calendar
	f.publish()
	for _, c := range []struct {
		now    string
		reason string
		retry  string
	}{
		{"2027-01-12T18:59:59Z", "ALLOW_CONSENT", ""},
		{"2027-01-12T19:00:00Z", "QUIET_HOURS", "2027-01-13T12:00:00Z"},
		{"2027-01-13T07:00:00Z", "FREEZE", "2027-01-13T12:00:00Z"},
		{"2027-01-13T12:00:00Z", "ALLOW_CONSENT", ""},
		{"2027-01-15T08:00:00Z", "FREEZE", ""},
	} {
		f.options.Now = func() time.Time { return at(c.now) }
		answer, err := f.Check(addressOf(0), "newsletter")
		allowed := c.reason == "ALLOW_CONSENT"
		if err != nil || answer.Allowed != allowed || answer.Deferred == allowed || answer.Blocked || answer.Reason != c.reason {
			t.Errorf("at %s: %+v, %v", c.now, answer, err)
		}
		if want := c.retry; want == "" && !answer.Retry.IsZero() || want != "" && !answer.Retry.Equal(at(want)) {
			t.Errorf("at %s it is to wait until %s, want %s", c.now, answer.Retry, want)
		}
		if blocked, err := f.Blocked(addressOf(1), "newsletter"); err != nil || !blocked {
			t.Errorf("at %s a person who left is not blocked: %v", c.now, err)
		}
	}
}

func TestNewSet_LimitsThatItCannotRead_AreOfALaterVersion(t *testing.T) {
	for name, q := range map[string]*assentv1.QuietHours{
		"zone":  {Zone: "Mars/Olympus", From: "20:00", Until: "08:00", Days: []string{"mon"}},
		"from":  {Zone: "UTC", From: "8pm", Until: "08:00", Days: []string{"mon"}},
		"until": {Zone: "UTC", From: "20:00", Days: []string{"mon"}},
		"day":   {Zone: "UTC", From: "20:00", Until: "08:00", Days: []string{"holiday"}},
		"days":  {Zone: "UTC", From: "20:00", Until: "08:00"},
		"none":  {Zone: "UTC", From: "20:00", Until: "20:00", Days: []string{"mon"}},
	} {
		m := channel()
		m.QuietHours = []*assentv1.QuietHours{q}
		if _, err := newSet(false, []*assentv1.FeedChannel{m}, nil); !errors.Is(err, ErrVersion) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
