package sends

import (
	"fmt"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/phrase"
)

// load says what is known of the cases that a send would bring, with the numbers that it is made of. The load is there.
func load(s *assentv1.Send, l *assentv1.SendLoad) string {
	text := fmt.Sprintf("The desk of %s can answer %s while the send goes out: %d on each of %s. %d wait there now. ", phrase.Printable(s.GetDepartment()),
		phrase.Count(int(l.GetAnswerCapacity()*l.GetWorkingDays()), "case"), l.GetAnswerCapacity(), phrase.Count(int(l.GetWorkingDays()), "working day"), l.GetWaiting())
	if l.GetOverCapacity() {
		text = "Warning: more cases than the desk can answer. " + text
	}
	sender := phrase.Printable(s.GetSenderIdentity())
	switch {
	case l.ExpectedCases != nil:
		return text + fmt.Sprintf("The send would bring about %d: %s for %s of %s in the last 30 days, and %s.", l.GetExpectedCases(), phrase.Count(int(l.GetCases()), "case"),
			phrase.Count(int(l.GetContacts()), "message"), sender, phrase.Count(int(l.GetRecipients()), "recipient"))
	case l.GetContacts() < campaign.LeastContacts:
		return text + fmt.Sprintf("How many the send would bring cannot be said: %s of %s were reported in the last 30 days, and %d are the least to go by.",
			phrase.Count(int(l.GetContacts()), "message"), sender, campaign.LeastContacts)
	default:
		return text + "How many the send would bring cannot be said: it has no expected size, and was not previewed."
	}
}
