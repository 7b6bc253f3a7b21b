package found_test

import (
	"slices"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/found"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func TestList_MoreThanThereIsRoomFor_KeepsEachOnceInItsOrder(t *testing.T) {
	all := consent.AllCodes()
	var list, joined found.List[consent.Code]
	for n, code := range all {
		list.Add(code)
		list.Add(all[0])
		if got := list.Codes(); !slices.Equal(got, all[:n+1]) || list.Len() != n+1 {
			t.Fatalf("after %d codes the list is %v, counted as %d", n+1, got, list.Len())
		}
	}
	joined.Add(all[3])
	joined.AddAll(&list)
	want := slices.Insert(slices.Delete(slices.Clone(all), 3, 4), 0, all[3])
	if got := joined.Codes(); !slices.Equal(got, want) {
		t.Errorf("joined lists are %v, want %v", got, want)
	}
}

func TestShared_EqualLists_AreOne(t *testing.T) {
	var shared found.Shared[int]
	first := shared.Of([]int{1, 2})
	if again := shared.Of([]int{1, 2}); &again[0] != &first[0] {
		t.Error("an equal list is another one")
	}
	for n := range 300 {
		if got := shared.Of([]int{n, n}); !slices.Equal(got, []int{n, n}) {
			t.Errorf("list %d is %v", n, got)
		}
	}
}
