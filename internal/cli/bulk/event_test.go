package bulk

import "testing"

func TestInColumns_NamesTheColumnsOfTheFile(t *testing.T) {
	for message, want := range map[string]string{
		"occurredTime: it is too late":             "occurred_time: it is too late",
		"evidence.confirmedTime: it is too late":   "confirmed_time: it is too late",
		"untilTime: it is past":                    "until: it is past",
		"channel: one is needed":                   "channels: one is needed",
		"allMarketing: an event of kind grant: no": "channels: an event of kind grant: no",
		"requestId: it is no UUID":                 "requestId: it is no UUID",
		"there is no channel nowhere":              "there is no channel nowhere",
	} {
		if got := inColumns(message); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
