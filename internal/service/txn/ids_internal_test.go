package txn

import (
	"bytes"
	"testing"

	"github.com/assent-io/assent/internal/consent"
)

func TestSubjectIDs_ThoseOfARunStandBesideEachOther_AndRunsAnywhere(t *testing.T) {
	var ids subjectIDs
	const runs, idRun = 64, 256
	seen := map[consent.SubjectID]bool{{}: true}
	halves := [2]int{}
	for range runs {
		var last consent.SubjectID
		for i := range idRun {
			id, err := ids.next()
			if err != nil || seen[id] {
				t.Fatalf("id %x again, or %v", id, err)
			}
			seen[id] = true
			if i > 0 && (bytes.Compare(last[:], id[:]) >= 0 || !bytes.Equal(last[:4], id[:4])) {
				t.Errorf("%x follows %x", id, last)
			}
			if i > 0 && bytes.Equal(last[5:], id[5:]) {
				t.Errorf("%x and %x differ in their numbers only", last, id)
			}
			last = id
		}
		halves[last[0]>>7]++
	}
	if halves[0] == 0 || halves[1] == 0 {
		t.Errorf("of %d runs %d began in one half of the ids and %d in the other", runs, halves[0], halves[1])
	}
}
