package index

import (
	"testing"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func TestAdvance_Panic_LeavesNothingToLookAt(t *testing.T) {
	x := New(nil, Options{})
	x.states.Show(&storage.Head{Position: 1})
	x.states.table = nil // so that taking in anything panics
	func() {
		defer func() {
			if recover() == nil {
				t.Error("nothing panicked")
			}
		}()
		_ = x.states.Advance(&storage.Head{Position: 2}, []storage.KeyedState{{Packed: []byte("state")}})
	}()
	if _, ok := x.View(); ok || x.Head() != nil {
		t.Errorf("a view opens, of the head %v", x.Head())
	}
}
