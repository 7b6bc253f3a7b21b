package sends

import (
	"encoding/json"
	"fmt"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// Preview is what was counted of an audience. Each recipient counts once. The names of its fields in JSON stay: rows have them.
type Preview struct {
	Time       consent.Instant `json:"-"`
	Recipients int64           `json:"recipients"`
	Invalid    int64           `json:"invalid,omitempty"`     // rows that were no address
	Repeated   int64           `json:"repeated,omitempty"`    // rows with a recipient that had come before
	NeverAsked int64           `json:"never_asked,omitempty"` // recipients without a legal basis
	Denied     int64           `json:"denied,omitempty"`      // recipients that are denied for another reason
	OverNow    int64           `json:"over_now,omitempty"`    // recipients over a cap as it is
	OverAll    int64           `json:"over_all,omitempty"`    // recipients over a cap if all cleared sends go out
	Leavers    int64           `json:"leavers,omitempty"`     // recipients who left a channel of another department not long ago
	Kept       int64           `json:"kept,omitempty"`        // recipients kept as planned contacts

	Overlaps []sendtable.SendOverlap `json:"-"`
}

// previewOf returns what the last preview of a send counted, without whom it met; nil: there was none.
func previewOf(row *sendtable.Send) (*Preview, error) {
	if row.Previewed == 0 {
		return nil, nil //nolint:nilnil // There was none.
	}
	p := &Preview{Time: row.Previewed}
	if err := json.Unmarshal([]byte(row.Preview), p); err != nil {
		return nil, fmt.Errorf("the preview of a send: %w", err)
	}
	return p, nil
}
