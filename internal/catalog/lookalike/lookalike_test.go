package lookalike

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestProperty_Likeness_IsSymmetricAndOfEveryTextWithItself(t *testing.T) {
	text := rapid.OneOf(
		rapid.StringMatching(`(the |der )?(ab|News|INFO|weekly|cd)( Аb| from| info)?`),
		rapid.StringMatching(`[a-dA-D0OIlmrn]{1,4}( [a-dmrn]{1,6})?`),
		rapid.StringMatching(`[a-zäöüßаеосрх ]{1,12}`),
		rapid.String(),
	).Filter(func(s string) bool { return HasWord(s) })
	w := newWriter()
	v := w.vocabulary([]string{"ab"})
	rapid.Check(t, func(t *rapid.T) {
		a, b := w.appearance(text.Draw(t, "a")), w.appearance(text.Draw(t, "b"))
		ab, _ := compare(a, b, v)
		ba, _ := compare(b, a, v)
		if ab != ba {
			t.Fatalf("one way %d, the other %d", ab, ba)
		}
		if aa, _ := compare(a, a, v); aa != Similar {
			t.Fatalf("a text is %d to itself", aa)
		}
	})
}

func TestFind_OfOneDepartment_IsNotCompared(t *testing.T) {
	senders := []Sender{
		{Department: "a", Name: "Acme News", Address: "news@acme.example"},
		{Department: "a", Name: "Acme News", Address: "news@acme.example"},
		{Department: "b", Name: "Blue Kettle", Address: "x@blue.example"},
	}
	if pairs := Find(senders, nil); pairs != nil {
		t.Errorf("pairs %v, want none", pairs)
	}
}

func TestFind_SeveralPairs_AreInOrderWithTheReasonsOfTheClosest(t *testing.T) {
	pairs := Find([]Sender{
		{Department: "a", Name: "Acme News", Address: "modern@acme.example", ReplyTo: "r@acme.example"},
		{Department: "b", Name: "Acme Weekly", Address: "modem@acme.example", ReplyTo: "r@acme.example"},
		{Department: "c", Name: "Modem", Address: "x@blue.example"},
		{Department: "d", Name: "Modern", Address: "y@red.example"},
	}, nil)
	if len(pairs) != 2 {
		t.Fatalf("pairs %v, want two", pairs)
	}
	first, second := pairs[0], pairs[1]
	if first.First != 0 || first.Second != 1 || first.Likeness != Similar || len(first.Reasons) != 2 {
		t.Errorf("the first pair is %+v, want 0 and 1 by name and reply_to, not by what may be alike besides", first)
	}
	if second.First != 2 || second.Second != 3 || second.Likeness != Maybe || len(second.Reasons) != 1 {
		t.Errorf("the second pair is %+v, want 2 and 3, perhaps", second)
	}
}

func TestFind_WhatIsNoAddressOrName_IsNotCompared(t *testing.T) {
	senders := []Sender{{Department: "a", Name: "**"}, {Department: "b", Name: "**", Address: "none"}, {Department: "c", ReplyTo: "none", Address: "none"}}
	if pairs := Find(senders, []string{"", "**"}); pairs != nil {
		t.Errorf("pairs %v, want none", pairs)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("Acme Newsletter", "weekly@news.acme.example", "Acme Weekly", "weekly@acme.example", "depesche")
	f.Add("The Weekly", "x@new.acme.co.uk", "Асmе", "y@xn--mller-kva.example", "")
	f.Add("ẞ", "a@b.github.io", "ſ", "a@github.io", "ſ")
	f.Fuzz(func(t *testing.T, nameA, addressA, nameB, addressB, word string) {
		a := Sender{Department: "a", Name: nameA, Address: addressA, ReplyTo: addressB, ComplaintsTo: addressA}
		b := Sender{Department: "b", Name: nameB, Address: addressB, ReplyTo: addressB, ComplaintsTo: addressB}
		there, back := Find([]Sender{a, b}, []string{word}), Find([]Sender{b, a}, []string{word})
		if len(there) != len(back) {
			t.Fatalf("one way %v, the other %v", there, back)
		}
		for i := range there {
			if there[i].Likeness == Unlike || there[i].Likeness != back[i].Likeness || len(there[i].Reasons) == 0 ||
				len(there[i].Reasons) != len(back[i].Reasons) || slices.Contains(there[i].Reasons, "") {
				t.Fatalf("one way %v, the other %v", there, back)
			}
		}
	})
}
