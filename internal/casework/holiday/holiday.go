// Package holiday says which days of a place are public holidays, and which days a desk works or is closed besides.
package holiday

import (
	"github.com/assent-io/assent/internal/wallclock"
)

// Selection is how a catalog names the holidays of a desk: those of a place, with what is added and removed.
type Selection struct {
	// Base is a place by its code of ISO 3166, such as AT, DE-BY or CH-ZH; see [Bases]. Empty: no holidays but those of Add.
	Base string
	// Add are days on which the desk is closed although the place has no holiday, such as the foundation day of the company.
	Add []wallclock.Date
	// RemoveDates are days on which the desk works although they are holidays of Base.
	RemoveDates []wallclock.Date
	// RemoveNames are holidays of Base that never count, by the English or German name that [Calendar.Names] returns, in any case of letters.
	RemoveNames []string
}

// IsZero reports whether nothing is said of holidays.
func (s *Selection) IsZero() bool {
	return s.Base == "" && len(s.Add) == 0 && len(s.RemoveDates) == 0 && len(s.RemoveNames) == 0
}
