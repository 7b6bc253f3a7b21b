package storage_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

func TestSplitIDs_EveryID_IsInOneOfThePartsWhichAreOfOneSize(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.IntRange(1, 5000).Draw(t, "of")
		id := consent.SubjectID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		if id == (consent.SubjectID{}) {
			return // it has no waiter
		}
		within := -1
		var last consent.SubjectID
		for part := range of {
			r := storage.SplitIDs(part, of)
			if r.After != last {
				t.Fatalf("part %d of %d begins after %x, want after %x", part, of, r.After, last)
			}
			last = r.Through
			if bytes.Compare(id[:], r.After[:]) > 0 && bytes.Compare(id[:], r.Through[:]) <= 0 {
				within = part
			}
		}
		if last != storage.AllIDs().Through || last != consent.SubjectID(bytes.Repeat([]byte{0xff}, 16)) {
			t.Fatalf("the last part of %d ends at %x", of, last)
		}
		if want := (int(id[0])<<8 | int(id[1])) * of >> 16; within != want && within != want+1 {
			t.Fatalf("%x is in part %d of %d, want %d", id, within, of, want)
		}
	})
}
