package consent_test

import (
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
)

func TestInstant_RoundsDownToMicrosecondsAndKeepsNoTimeApart(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 1999, time.FixedZone("", 3600))
	i := consent.InstantOf(at)
	if want := time.Date(2026, 3, 1, 11, 0, 0, 1000, time.UTC); !i.Time().Equal(want) || i.Time().Location() != time.UTC {
		t.Errorf("got %s, want %s", i.Time(), want)
	}
	if i.String() != "2026-03-01T11:00:00.000001Z" || i.IsZero() {
		t.Errorf("it reads %s", i)
	}
	if i.Add(time.Minute).Time().Sub(i.Time()) != time.Minute {
		t.Error("a minute later is not a minute later")
	}
	none := consent.InstantOf(time.Time{})
	if !none.IsZero() || !none.Time().IsZero() || none.String() != "never" {
		t.Errorf("no time is %s, %s", none, none.Time())
	}
	if last := consent.MaxInstant.Time().Format(time.RFC3339Nano); last != "9999-12-31T23:59:59.999999Z" {
		t.Errorf("the last instant is %s", last)
	}
}

func TestNames_OfClosedSets_AreThoseOfScenarioFiles(t *testing.T) {
	for got, want := range map[string]string{
		consent.KindSuppress.String(): "suppress", consent.Kind(99).String(): "unknown", consent.Kind(0).String(): "unknown",
		consent.Allow.String(): "ALLOW", consent.Deny.String(): "DENY", consent.Defer.String(): "DEFER", consent.Verdict(0).String(): "UNSPECIFIED",
		consent.AboutRequest.String(): "request", consent.AboutRecipient.String(): "recipient", consent.About(0).String(): "",
		consent.Declaration{ID: "all", Version: "1"}.String(): "all@1",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
