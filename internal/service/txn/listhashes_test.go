package txn_test

import (
	"testing"

	"github.com/assent-io/assent/internal/service/txn"
)

func TestUnpackHashes_ReadsWhatWasPacked_AndWhatIsWithoutAVersion(t *testing.T) {
	one, two := [32]byte{1}, [32]byte{31: 2}
	for _, version := range []int{1, 2, 3, 70_000} {
		packed := txn.PackHashes(version, one, two)
		if version == 2 && len(packed) != 64 {
			t.Errorf("programs that know no version cannot read %d bytes", len(packed))
		}
		var gotOne, gotTwo [32]byte
		got, err := txn.UnpackHashes(packed, &gotOne, &gotTwo)
		if err != nil || got != version || gotOne != one || gotTwo != two {
			t.Errorf("version %d: %d %x %x, %v", version, got, gotOne, gotTwo, err)
		}
		for _, cut := range [][]byte{packed[:len(packed)-1], append(packed, 0), nil} {
			if _, err := txn.UnpackHashes(cut, &gotOne, &gotTwo); err == nil {
				t.Errorf("%d bytes are read", len(cut))
			}
		}
	}
}
