package sends

import (
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/period"
)

// RulesOf returns what a catalog says of sends.
func RulesOf(*catalog.Catalog) Rules {
	return Rules{Clearing: campaign.ClearingOff, CommentWithin: period.Period{}}
}
