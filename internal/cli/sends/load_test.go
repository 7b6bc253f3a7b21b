package sends

import (
	"testing"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

func TestLoad_SaysTheNumbersThatItIsMadeOf(t *testing.T) {
	send := &assentv1.Send{Department: "newsletter-desk", SenderIdentity: "acme-newsletter"}
	for want, l := range map[string]*assentv1.SendLoad{
		"Warning: more cases than the desk can answer. The desk of newsletter-desk can answer 40 cases while the send goes out: 40 on each of 1 working day. 1 wait there now. " +
			"The send would bring about 60: 12 cases for 2400 messages of acme-newsletter in the last 30 days, and 12000 recipients.": {
			AnswerCapacity: 40, WorkingDays: 1, Waiting: 1, Recipients: 12_000, Contacts: 2_400, Cases: 12, ExpectedCases: new(int64(60)), OverCapacity: true,
		},
		"The desk of newsletter-desk can answer 80 cases while the send goes out: 40 on each of 2 working days. 0 wait there now. " +
			"How many the send would bring cannot be said: 7 messages of acme-newsletter were reported in the last 30 days, and 1000 are the least to go by.": {
			AnswerCapacity: 40, WorkingDays: 2, Recipients: 12_000, Contacts: 7,
		},
		"The desk of newsletter-desk can answer 40 cases while the send goes out: 40 on each of 1 working day. 0 wait there now. " +
			"How many the send would bring cannot be said: it has no expected size, and was not previewed.": {AnswerCapacity: 40, WorkingDays: 1, Contacts: 1_000},
	} {
		if got := load(send, l); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
