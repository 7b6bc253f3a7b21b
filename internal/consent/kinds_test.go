package consent_test

import (
	"slices"
	"testing"

	"github.com/assent-io/assent/internal/consent"
)

func TestKinds_AreAllOfTheirNumbers_WithNamesOfTheirOwn(t *testing.T) {
	kinds := consent.Kinds()
	for i, k := range kinds {
		if i > 0 && k <= kinds[i-1] {
			t.Errorf("the kind %s has the number %d, after %d", k, k, kinds[i-1])
		}
		if named, ok := consent.KindNamed(k.String()); !ok || named != k {
			t.Errorf("%s is the name of %d, want %d", k, named, k)
		}
	}
	if last := kinds[len(kinds)-1]; last != consent.KindRuling {
		t.Errorf("the last kind is %s", last)
	}
	for _, k := range []consent.Kind{0, consent.KindRuling + 1, 255} {
		if k.Known() || k.String() != "unknown" || k.HasSubject() || k.IsNo() {
			t.Errorf("%d is a kind: %s", k, k)
		}
	}
	for _, name := range []string{"", "unknown", "REQUEST"} {
		if k, ok := consent.KindNamed(name); ok {
			t.Errorf("%q is the name of %s", name, k)
		}
	}
}

func TestKinds_WhatIsSaidOfEach_FitsTogether(t *testing.T) {
	for _, k := range consent.Kinds() {
		folded, exact := k.IsOf(consent.FormFolded), k.IsOf(consent.FormExact)
		switch {
		case k.IsNo() && (!folded || !k.OutlivesErasure()):
			t.Errorf("%s is a no that an erasure takes", k)
		case k.IsCutOff() && (folded || !k.MayStandFor()):
			t.Errorf("%s is cut off by an erasure, but outlives it", k)
		case k.OutlivesErasure() && (exact || k.MayStandFor()):
			t.Errorf("%s outlives an erasure, but is blanked", k)
		case k.Voidable() && !k.IsStated():
			t.Errorf("%s may be void, but no caller states it", k)
		case !k.HasSubject() && (k.IsStated() || k.MayStandFor()):
			t.Errorf("%s is about no address, but is treated as if it were", k)
		}
	}
}

// The sets that other packages read of the table, so that a changed row is a change on purpose.
func TestKinds_SetsThatAreReadOfThem(t *testing.T) {
	for name, test := range map[string]struct {
		is   func(consent.Kind) bool
		want []consent.Kind
	}{
		"no": {consent.Kind.IsNo, []consent.Kind{consent.KindWithdraw, consent.KindRefuse, consent.KindSuppress, consent.KindErase}},
		"voidable": {consent.Kind.Voidable, []consent.Kind{
			consent.KindRequest, consent.KindGrant, consent.KindConfirm, consent.KindWithdraw, consent.KindRefuse, consent.KindSuppress,
			consent.KindLift,
		}},
		"cut off": {consent.Kind.IsCutOff, []consent.Kind{consent.KindRequest, consent.KindGrant, consent.KindConfirm, consent.KindMail}},
		"stands for": {consent.Kind.MayStandFor, []consent.Kind{
			consent.KindRequest, consent.KindGrant, consent.KindConfirm, consent.KindMail, consent.KindVoid, consent.KindHold,
			consent.KindRelease,
		}},
		"outlives": {consent.Kind.OutlivesErasure, []consent.Kind{
			consent.KindWithdraw, consent.KindRefuse, consent.KindSuppress, consent.KindLift, consent.KindErase, consent.KindMove,
			consent.KindLink, consent.KindUnlink,
		}},
		"stated": {consent.Kind.IsStated, []consent.Kind{
			consent.KindRequest, consent.KindGrant, consent.KindConfirm, consent.KindWithdraw, consent.KindRefuse, consent.KindSuppress,
			consent.KindLift, consent.KindErase, consent.KindLink, consent.KindUnlink,
		}},
		"without a subject": {
			func(k consent.Kind) bool { return !k.HasSubject() },
			[]consent.Kind{consent.KindCatalog, consent.KindRemoval, consent.KindUndo, consent.KindList, consent.KindRuling},
		},
	} {
		got := slices.DeleteFunc(consent.Kinds(), func(k consent.Kind) bool { return !test.is(k) })
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestFacts_OfOneSpelling(t *testing.T) {
	for _, test := range []struct {
		facts consent.Facts
		want  bool
	}{
		{consent.Facts{Kind: consent.KindRefuse}, false},
		{consent.Facts{Kind: consent.KindRefuse, Tagged: true}, true},
		{consent.Facts{Kind: consent.KindSuppress, Tagged: true, Reason: consent.ReasonObjection}, false},
		{consent.Facts{Kind: consent.KindLift, Reason: consent.ReasonHardBounce}, true},
		{consent.Facts{Kind: consent.KindHold}, true},
		{consent.Facts{Kind: consent.KindErase, Tagged: true}, false},
	} {
		if got := test.facts.IsOfOneSpelling(); got != test.want {
			t.Errorf("%+v: got %t", test.facts, got)
		}
	}
}
