package campaign_test

import (
	"testing"

	"github.com/assent-io/assent/internal/campaign"
)

func TestLoad_ExpectsAsManyForAThousandAsSoFar(t *testing.T) {
	for name, c := range map[string]struct {
		load     campaign.Load
		expected int64
		known    bool
		over     bool
	}{
		"five for a thousand":        {campaign.Load{Recipients: 12_000, Contacts: 2_400, Cases: 12, Capacity: 60, Days: 1}, 60, true, false},
		"with one that waits":        {campaign.Load{Recipients: 12_000, Contacts: 2_400, Cases: 12, Waiting: 1, Capacity: 60, Days: 1}, 60, true, true},
		"over two days":              {campaign.Load{Recipients: 12_000, Contacts: 2_400, Cases: 12, Waiting: 60, Capacity: 60, Days: 2}, 60, true, false},
		"a part of a case":           {campaign.Load{Recipients: 1, Contacts: 1_000, Cases: 1, Capacity: 1, Days: 1}, 1, true, false},
		"none so far":                {campaign.Load{Recipients: 1_000_000, Contacts: 1_000, Capacity: 1, Days: 1}, 0, true, false},
		"too few messages":           {campaign.Load{Recipients: 1_000_000, Contacts: 999, Cases: 999, Waiting: 1, Capacity: 1, Days: 1}, 0, false, false},
		"of an unknown size":         {campaign.Load{Contacts: 1_000, Cases: 1_000, Capacity: 1, Days: 1}, 0, false, false},
		"more wait than can be done": {campaign.Load{Recipients: 5, Waiting: 3, Capacity: 1, Days: 2}, 0, false, true},
		"the largest that there are": {campaign.Load{Recipients: 1_000_000_000, Contacts: 1_000_000_000, Cases: 1_000_000_000, Capacity: 1, Days: 1}, 1_000_000_000, true, true},
	} {
		if expected, known := c.load.Expected(); expected != c.expected || known != c.known || c.load.Over() != c.over {
			t.Errorf("%s: %d (%t), over %t; want %d (%t), over %t", name, expected, known, c.load.Over(), c.expected, c.known, c.over)
		}
	}
}
