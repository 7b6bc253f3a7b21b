package txn

import (
	"strings"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/storedtext"
)

// maxReason is how long the reason of an officer may be, in bytes.
const maxReason = 2048

// CheckJustification returns an error if a reason is missing or could identify the person: the reason stays when the
// person is erased.
func CheckJustification(reason string) error {
	problem := storedtext.Problem(reason, maxReason)
	switch {
	case strings.TrimSpace(reason) == "":
		return fault.Errorf(fault.InvalidEvidence, "justification", "give a reason; it is kept with the event")
	case problem != "":
		return fault.Errorf(fault.InvalidEvidence, "justification", "the text %s", problem)
	case strings.Contains(reason, "@"):
		return fault.Errorf(fault.InvalidEvidence, "justification",
			"the text must not have an address, because it is kept when the person is erased; name a case or a ticket")
	default:
		return nil
	}
}
