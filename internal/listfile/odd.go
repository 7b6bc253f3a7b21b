package listfile

import (
	"fmt"
	"strings"
)

// OddAddresses counts the addresses of a file that look as if a spreadsheet or a URL had changed them. They may be right, and another
// mailbox than the one that was meant, so they are taken as they stand and the caller is warned.
type OddAddresses struct {
	count int64
	// first is the line of the first.
	first int
}

// Look counts an address that looks odd.
func (o *OddAddresses) Look(address string, line int) {
	if !isOdd(address) {
		return
	}
	if o.count == 0 {
		o.first = line
	}
	o.count++
}

// isOdd reports whether an address begins with the quote of a spreadsheet or a scheme, or is escaped as in a URL.
func isOdd(address string) bool {
	lower := strings.ToLower(address)
	for _, begin := range []string{"'", "`", "’", "mailto:"} {
		if strings.HasPrefix(lower, begin) {
			return true
		}
	}
	return strings.Contains(lower, "%20") || strings.Contains(lower, "%40")
}

// Warning says how many there were; it is empty where there were none.
func (o *OddAddresses) Warning() string {
	if o.count == 0 {
		return ""
	}
	those, look := "addresses", "look"
	if o.count == 1 {
		those, look = "address", "looks"
	}
	return fmt.Sprintf("%d %s %s changed by a spreadsheet or a URL (a quote or mailto: in front, %%20 or %%40 within), the first on line %d; "+
		"taken as written, which may be another mailbox than was meant", o.count, those, look, o.first)
}
