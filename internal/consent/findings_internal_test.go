package consent

import (
	"slices"
	"testing"
)

func TestFindings_MoreThanThereIsRoomFor_KeepsEachOnceInItsOrder(t *testing.T) {
	all := AllCodes()
	var found, joined findings
	for n, code := range all {
		found.add(code)
		found.add(all[0])
		if got := found.codes(); !slices.Equal(got, all[:n+1]) || found.n != n+1 {
			t.Fatalf("after %d codes the findings are %v, counted as %d", n+1, got, found.n)
		}
	}
	joined.add(all[3])
	joined.addAll(&found)
	want := slices.Insert(slices.Delete(slices.Clone(all), 3, 4), 0, all[3])
	if got := joined.codes(); !slices.Equal(got, want) {
		t.Errorf("joined findings are %v, want %v", got, want)
	}
}
