package feed_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
)

func TestExactCard_OfACustomer_SaysWhatEachGrantIsWorth(t *testing.T) {
	w := mustWorths(t)
	exact, folded, spelling := customer()
	shown := map[string]int{}
	for _, r := range w.ExactCard(exact, folded, spelling) {
		if r.Match != consent.FormExact {
			t.Errorf("on an exact card: %+v", r)
		}
		switch {
		case r.Kind == feed.KindGrant:
			shown[r.Channel+" "+string(r.Code)]++
		case r.Kind == feed.KindReopening && r.Since == at(6):
			shown["reopening"]++
		case r.Kind == feed.KindSuppression && r.Until == at(9):
			shown[string(r.Reason)]++
		default:
			t.Errorf("unexpected: %+v", r)
		}
	}
	want := map[string]int{
		"newsletter ALLOW_CONSENT": 2, "product-marketing ALLOW_CONSENT": 1, "product-marketing ALLOW_EXISTING_CUSTOMER": 1, "reopening": 1, "HARD_BOUNCE": 1,
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("the card (-want +got):\n%s", diff)
	}
	if got := feed.FoldedCard(folded, nil); len(got) != 1 || got[0].Code != consent.CodeWithdrawn {
		t.Errorf("the folded card: %+v", got)
	}
}

func TestExactCard_ConfirmedLaterThanGiven_CountsAsUnconfirmedUntilThen(t *testing.T) {
	w := mustWorths(t)
	exact, folded, spelling := customer()
	g := exact.Grants[2]
	g.Confirmed = at(20)
	var found []string
	for _, r := range w.ExactCard(&consent.State{Grants: []consent.Grant{g}}, folded, spelling) {
		if r.Kind == feed.KindReopening || r.Code == consent.CodeAllowConsent {
			found = append(found, r.Channel)
			if r.From != at(20) {
				t.Errorf("it counts from %s: %+v", r.From, r)
			}
		}
	}
	if diff := cmp.Diff([]string{"newsletter", "product-marketing", ""}, found); diff != "" {
		t.Errorf("the channels that it is for once it is confirmed, and the reopening (-want +got):\n%s", diff)
	}
}

func TestExactCard_WithoutABounceBefore_HasNoReopening(t *testing.T) {
	w := mustWorths(t)
	exact, bounced, spelling := customer()
	ofAnother, later := *bounced, *bounced
	ofAnother.Suppressions = slices.Clone(bounced.Suppressions)
	ofAnother.Suppressions[0].Spelling = [16]byte{9}
	later.Suppressions = slices.Clone(bounced.Suppressions)
	later.Suppressions[0].At = at(6)
	unconfirmed := *exact
	unconfirmed.Grants = slices.Clone(exact.Grants)
	unconfirmed.Grants[2].Confirmed = at(20) // It counts from then on, and begins at once.
	for _, test := range []struct {
		name          string
		exact, folded *consent.State
		want          int
	}{
		{"no bounce", exact, nil, 0},
		{"that of another spelling", exact, &ofAnother, 0},
		{"a bounce at the same time", exact, &later, 0},
		{"a bounce before", exact, bounced, 1},
		{"no bounce, confirmed later", &unconfirmed, nil, 0},
		{"a bounce before, confirmed later", &unconfirmed, bounced, 1},
	} {
		n := 0
		for _, r := range w.ExactCard(test.exact, test.folded, spelling) {
			if r.Kind == feed.KindReopening {
				n++
			}
		}
		if n != test.want {
			t.Errorf("%s: %d reopenings, want %d", test.name, n, test.want)
		}
	}
}

func TestExactCard_AfterAnErasure_HasNoGrants(t *testing.T) {
	w := mustWorths(t)
	exact, folded, spelling := customer()
	folded.Erasures = []consent.Erasure{{Spelling: spelling, At: at(10)}, {Spelling: [16]byte{9}, At: at(10)}}
	for _, r := range w.ExactCard(exact, folded, spelling) {
		if r.Kind != feed.KindSuppression {
			t.Errorf("it was erased: %+v", r)
		}
	}
	if diff := cmp.Diff([][16]byte{{1}, {9}}, feed.Spellings(folded)); diff != "" {
		t.Errorf("the spellings that the folded subject says something about (-want +got):\n%s", diff)
	}
}

func TestFoldedCard_OfLinkedAddresses_LeavesOutWhatIsAboutTheirMailboxes(t *testing.T) {
	tagged, other := [16]byte{2}, [16]byte{3}
	linked := []consent.LinkedState{{Spelling: tagged, State: &consent.State{
		Refusals: []consent.Refusal{
			{Channel: "newsletter", At: at(1)}, {Channel: "product-marketing", At: at(2), Only: tagged}, {Channel: "order-updates", At: at(3), Only: other},
		},
		Suppressions: []consent.Suppression{
			{Reason: consent.ReasonHardBounce, Scope: consent.ScopeAll, At: at(4), Spelling: tagged},
			{Reason: consent.ReasonObjection, Scope: consent.ScopeMarketing, At: at(5)},
		},
	}}}
	want := []feed.Rule{
		{Kind: feed.KindRefusal, Match: consent.FormFolded, Channel: "newsletter", Code: consent.CodeRefused, Since: at(1)},
		{Kind: feed.KindRefusal, Match: consent.FormFolded, Channel: "product-marketing", Code: consent.CodeRefused, Since: at(2)},
		{Kind: feed.KindSuppression, Match: consent.FormFolded, Reason: consent.ReasonObjection, Scope: consent.ScopeMarketing, Since: at(5)},
	}
	if diff := cmp.Diff(want, feed.FoldedCard(nil, linked)); diff != "" {
		t.Errorf("the card (-want +got):\n%s", diff)
	}
}

func TestRule_ToConsumers_SaysWhatItStopsAndWhatEndsItButNotEveryReason(t *testing.T) {
	for _, test := range []struct {
		r     feed.Rule
		shown consent.Code
		stops feed.Stops
		ended feed.EndedBy
	}{
		{feed.Rule{Reason: consent.ReasonLegalBlock}, consent.CodeSuppressed, feed.StopsEverything, feed.EndedByNothing},
		{feed.Rule{Reason: consent.ReasonProcessingRestricted}, consent.CodeSuppressed, feed.StopsAllButNotices, feed.EndedByNothing},
		{feed.Rule{Reason: consent.ReasonErased}, consent.CodeSuppressed, feed.StopsMarketing, feed.EndedByConfirmedConsent},
		{feed.Rule{Reason: consent.ReasonObjection}, consent.CodeObjection, feed.StopsMarketing, feed.EndedByConfirmedConsent},
		{feed.Rule{Reason: consent.ReasonObjection, Match: consent.FormDomain}, consent.CodeObjection, feed.StopsMarketing, feed.EndedByNothing},
		{feed.Rule{Reason: consent.ReasonComplaint}, consent.CodeComplaint, feed.StopsMarketing, feed.EndedByConfirmedConsent},
		{feed.Rule{Reason: consent.ReasonUnsubscribeUnclear}, consent.CodeSuppressed, feed.StopsMarketing, feed.EndedByClarification},
		{feed.Rule{Reason: consent.ReasonHardBounce}, consent.CodeHardBounce, feed.StopsAllButNotices, feed.EndedByAnyConfirmedConsent},
		{feed.Rule{Reason: consent.ReasonHardBounce, Match: consent.FormDomain}, consent.CodeHardBounce, feed.StopsAllButNotices, feed.EndedByNothing},
		{feed.Rule{Reason: consent.ReasonManual, Scope: consent.ScopeAll}, "MANUAL", feed.StopsAllButNotices, feed.EndedByNothing},
		{feed.Rule{Reason: consent.ReasonManual, Scope: consent.ScopeMarketing}, "MANUAL", feed.StopsMarketing, feed.EndedByNothing},
		{feed.Rule{Reason: consent.ReasonExternalList, Binds: consent.BindsAll}, consent.CodeExternalList, feed.StopsMarketing, feed.EndedByNothing},
		{feed.Rule{Reason: consent.ReasonExternalList, Binds: consent.BindsExistingCustomer}, consent.CodeExternalList, feed.StopsCustomerMarketing, feed.EndedByNothing},
		{feed.Rule{Kind: feed.KindRefusal, Code: consent.CodeWithdrawn}, consent.CodeWithdrawn, 0, feed.EndedByConsent},
		{feed.Rule{Kind: feed.KindGrant, Code: consent.CodeAllowTerms}, consent.CodeAllowTerms, 0, 0},
	} {
		if test.r.Kind == 0 {
			test.r.Kind = feed.KindSuppression
		}
		if shown, stops, ended := test.r.Shown(), test.r.Stops(), test.r.EndedBy(); shown != test.shown || stops != test.stops || ended != test.ended {
			t.Errorf("%+v: shown as %s, stops %d, ended by %d; want %s, %d, %d", test.r, shown, stops, ended, test.shown, test.stops, test.ended)
		}
	}
}

// sorted are the rules of a set in the order of a card.
func sorted(set map[feed.Rule]bool) []feed.Rule {
	return slices.SortedFunc(maps.Keys(set), func(a, b feed.Rule) int { return a.Compare(&b) })
}

func TestCompare_RulesThatDifferInAnyField_AreNotEqual(t *testing.T) {
	var zero feed.Rule
	fields := reflect.TypeFor[feed.Rule]()
	for i := range fields.NumField() {
		other := zero
		switch field := reflect.ValueOf(&other).Elem().Field(i); field.Kind() {
		case reflect.String:
			field.SetString("x")
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Uint8:
			field.SetUint(1)
		default:
			field.SetInt(1)
		}
		if zero.Compare(&other) >= 0 || other.Compare(&zero) <= 0 {
			t.Errorf("rules that differ in %s are not told apart", fields.Field(i).Name)
		}
	}
}

func TestDiff_OfAnyCards_IsWhatTheOtherLacks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) map[feed.Rule]bool {
			set := map[feed.Rule]bool{}
			for _, r := range rapid.SliceOfN(rapid.Make[feed.Rule](), 0, 12).Draw(t, label) {
				r.Kind, r.Match, r.Until, r.From = r.Kind%3, r.Match%2, r.Until%2, r.From%2
				set[r] = true
			}
			return set
		}
		before, after := draw("before"), draw("after")
		for r := range before {
			if rapid.Bool().Draw(t, "stays") {
				after[r] = true
			}
		}
		removed, added := feed.Diff(sorted(before), sorted(after))
		for _, r := range removed {
			if !before[r] || after[r] {
				t.Fatalf("removed: %+v", r)
			}
			delete(before, r)
		}
		for _, r := range added {
			if before[r] || !after[r] {
				t.Fatalf("added: %+v", r)
			}
			before[r] = true
		}
		if diff := cmp.Diff(after, before); diff != "" {
			t.Fatalf("after the difference (-want +got):\n%s", diff)
		}
	})
}

func TestFilter_Kinds_AreTheOnlyOnesLeft(t *testing.T) {
	w := mustWorths(t)
	exact, folded, spelling := customer()
	card := w.ExactCard(exact, folded, spelling)
	if got := w.Filter(nil, nil).Of(card); len(got) != len(card) {
		t.Errorf("without a filter: %d of %d", len(got), len(card))
	}
	for _, r := range w.Filter(nil, []feed.Kind{feed.KindSuppression}).Of(card) {
		if r.Kind != feed.KindSuppression {
			t.Errorf("not asked for: %+v", r)
		}
	}
	for _, r := range w.Filter([]string{"order-updates"}, nil).Of(card) {
		if r.Kind == feed.KindGrant {
			t.Errorf("of another channel: %+v", r)
		}
	}
	if got := w.Filter([]string{"lost"}, nil).Of(feed.FoldedCard(folded, nil)); got != nil {
		t.Errorf("of a channel that the catalog does not have: %+v", got)
	}
}

func TestFilter_GrantOfAnHonouredChannel_SaysOnlyWhatItEnds(t *testing.T) {
	w := mustWorths(t)
	exact, folded, spelling := customer()
	exact.Grants[0].Expires = at(50)
	card := w.ExactCard(exact, folded, spelling)
	honoured := 0
	for _, r := range w.Filter([]string{"product-marketing"}, nil).Of(card) {
		switch {
		case r.Kind != feed.KindGrant:
		case r.Channel == "newsletter":
			honoured++
			if r.Code != "" || r.Until != 0 || r.EndsRefusal || r.Imported || !r.EndsHonoured && !r.EndsObjection {
				t.Errorf("of the honoured channel: %+v", r)
			}
		case r.Code == "" || !slices.Contains(card, r):
			t.Errorf("of its own channel: %+v", r)
		}
	}
	if honoured == 0 {
		t.Error("nothing says what a consent to the honoured channel ended")
	}
	once := []feed.Rule{card[0], card[0]}
	once[0].Channel, once[1].Channel, once[1].Until = "newsletter", "newsletter", at(60)
	once[0].EndsObjection, once[1].EndsObjection = true, true
	if got := w.Filter([]string{"product-marketing"}, nil).Of(once); len(got) != 1 {
		t.Errorf("rules that are the same without what is left out: %+v", got)
	}
}

func TestFilter_Stops_SaysNoMoreThanItsChannelsDifferIn(t *testing.T) {
	w := mustWorths(t)
	rule := func(reason consent.Reason, binds consent.Binds) feed.Rule {
		return feed.Rule{Kind: feed.KindSuppression, Reason: reason, Scope: consent.ScopeAll, Binds: binds}
	}
	block, restricted := rule(consent.ReasonLegalBlock, ""), rule(consent.ReasonProcessingRestricted, "")
	objection, listed := rule(consent.ReasonObjection, ""), rule(consent.ReasonExternalList, consent.BindsExistingCustomer)
	for _, test := range []struct {
		channels                             []string
		block, restricted, objection, listed feed.Stops
	}{
		{nil, feed.StopsEverything, feed.StopsAllButNotices, feed.StopsMarketing, feed.StopsCustomerMarketing},
		{[]string{"newsletter", "product-marketing"}, feed.StopsMarketing, feed.StopsMarketing, feed.StopsMarketing, feed.StopsCustomerMarketing},
		{[]string{"newsletter", "order-updates"}, feed.StopsAllButNotices, feed.StopsAllButNotices, feed.StopsMarketing, feed.StopsCustomerMarketing},
	} {
		f := w.Filter(test.channels, nil)
		for _, of := range []struct {
			r    feed.Rule
			want feed.Stops
		}{{block, test.block}, {restricted, test.restricted}, {objection, test.objection}, {listed, test.listed}, {feed.Rule{Kind: feed.KindRefusal}, 0}} {
			if got := f.Stops(&of.r); got != of.want {
				t.Errorf("a reader of %v: %s stops %d, want %d", test.channels, of.r.Reason, got, of.want)
			}
		}
	}
}
