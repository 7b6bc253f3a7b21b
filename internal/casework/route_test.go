package casework

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// sent is a message of a department on its only channel in December.
func sent(department string, day int, evidence Evidence) Candidate {
	return Candidate{Department: department, Channel: department + "-news", SenderIdentity: department, Time: december(day), Evidence: evidence}
}

func TestFind_AComplaintGoesToWhoSentIt(t *testing.T) {
	token := Candidate{Department: "sales", Channel: "offers", SenderIdentity: "tariffs", Time: december(2)}
	for _, c := range []struct {
		why     string
		clues   Clues
		want    string
		certain bool
		first   Evidence
		others  []string // departments of all candidates, in their order
	}{
		{
			"our token, whatever the mailbox is",
			Clues{Kind: Complaint, Token: &token, Owners: []string{"press"}, Sent: []Candidate{sent("press", 9, ByContact)}},
			"sales", true, ByToken,
			[]string{"sales", "press"},
		},
		{
			"the latest message",
			Clues{Kind: Complaint, Sent: []Candidate{sent("press", 3, ByContact), sent("sales", 9, ByContact)}},
			"sales", false, ByContact,
			[]string{"sales", "press"},
		},
		{
			"a message before an answer that allowed a later one",
			Clues{Kind: Complaint, Sent: []Candidate{sent("press", 3, ByContact), sent("sales", 9, ByAllow)}},
			"press", false, ByContact,
			[]string{"press", "sales"},
		},
		{
			"what the letter mentions before all that",
			Clues{Kind: Complaint, Quoted: []string{"sales"}, Sent: []Candidate{sent("press", 9, ByContact), sent("sales", 3, ByAllow)}},
			"sales", false, ByAllow,
			[]string{"sales", "press"},
		},
		{
			"the sender before the mailbox",
			Clues{Kind: Complaint, Owners: []string{"press"}, Sent: []Candidate{sent("sales", 9, ByContact)}},
			"sales", false, ByContact,
			[]string{"sales", "press"},
		},
		{"the mailbox when nothing was sent", Clues{Kind: Complaint, Owners: []string{"press"}}, "press", true, ByMailbox, []string{"press"}},
		{"a mailbox that two share", Clues{Kind: Complaint, Owners: []string{"press", "sales"}}, "press", false, ByMailbox, []string{"press", "sales"}},
		{
			"an inquiry goes to the mailbox",
			Clues{Kind: Inquiry, Owners: []string{"press"}, Sent: []Candidate{sent("sales", 9, ByContact)}},
			"press", false, ByMailbox,
			[]string{"press", "sales"},
		},
		{
			"an objection as a complaint",
			Clues{Kind: Objection, Owners: []string{"press"}, Sent: []Candidate{sent("sales", 9, ByContact)}},
			"sales", false, ByContact,
			[]string{"sales", "press"},
		},
		{
			"mailbox and sender agree",
			Clues{Kind: Complaint, Owners: []string{"sales"}, Sent: []Candidate{sent("sales", 9, ByContact), sent("sales", 8, ByAllow)}},
			"sales", true, ByContact,
			[]string{"sales"},
		},
		{"what is older than thirty days does not count", Clues{Kind: Complaint, Owners: []string{"press"}, Sent: []Candidate{
			{Department: "sales", Time: december(10).AddDate(0, 0, -30), Evidence: ByContact},
		}}, "press", true, ByMailbox, []string{"press"}},
		{"a day younger does", Clues{Kind: Complaint, Owners: []string{"press"}, Sent: []Candidate{
			{Department: "sales", Time: december(10).AddDate(0, 0, -29), Evidence: ByContact},
		}}, "sales", false, ByContact, []string{"sales", "press"}},
		{"nor what was sent after it", Clues{Kind: Complaint, Sent: []Candidate{sent("sales", 11, ByContact)}}, "", false, "", nil},
		{"nothing at all is the officer's", Clues{Kind: Complaint}, "", false, "", nil},
	} {
		c.clues.Received = december(10)
		got := Find(&c.clues)
		var departments []string
		for _, o := range got.Candidates {
			departments = append(departments, o.Department)
		}
		if got.Department != c.want || got.Certain != c.certain || len(got.Candidates) > 0 && got.Candidates[0].Evidence != c.first {
			t.Errorf("%s: %+v", c.why, got)
		}
		if diff := cmp.Diff(c.others, departments); diff != "" {
			t.Errorf("%s: candidates (-want +got):\n%s", c.why, diff)
		}
	}
}

// TestFind_OrderOfTheClues_DoesNotMatter holds that the same facts give the same desk.
func TestFind_OrderOfTheClues_DoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Clues{Kind: rapid.SampledFrom(Kinds()).Draw(t, "kind"), Received: december(20)}
		for range rapid.IntRange(0, 6).Draw(t, "messages") {
			c.Sent = append(c.Sent, sent(rapid.SampledFrom([]string{"press", "sales", "shop"}).Draw(t, "department"), rapid.IntRange(1, 22).Draw(t, "day"),
				rapid.SampledFrom([]Evidence{ByContact, ByAllow}).Draw(t, "evidence")))
		}
		want := Find(&c)
		c.Sent = rapid.Permutation(c.Sent).Draw(t, "order")
		if diff := cmp.Diff(want, Find(&c)); diff != "" {
			t.Fatalf("another order changes it:\n%s", diff)
		}
		if want.Certain && want.Department == "" {
			t.Fatalf("%+v", want)
		}
	})
}
