package casework

import (
	"slices"
	"testing"
)

func TestState_CanBecome_NothingButOpenFollowsClosed(t *testing.T) {
	for _, from := range States() {
		for _, to := range States() {
			want := from != to && (from != Closed || to == Open)
			if from.CanBecome(to) != want {
				t.Errorf("%s to %s: %t", from, to, !want)
			}
		}
	}
	if State("lost").CanBecome(Open) {
		t.Error("a state that is none can become another")
	}
}

func TestOutcomes_EachKindHasItsOwn(t *testing.T) {
	for _, k := range Kinds() {
		all := Outcomes(k)
		if !k.Valid() || len(all) == 0 || slices.Contains(all, Justified) != (k == Complaint) || slices.Contains(all, Refused) != k.Right() ||
			slices.Contains(all, Done) == (k == Complaint) || !slices.Contains(all, Duplicate) {
			t.Errorf("%s: %v", k, all)
		}
	}
	if Kind("rant").Valid() || Outcomes("rant") != nil || Unfounded.AgainstSender() || !RuleWrong.AgainstSender() {
		t.Error("a kind that is none, or an outcome, is not told apart")
	}
}
