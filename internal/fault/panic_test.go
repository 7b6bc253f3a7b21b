package fault

import (
	"errors"
	"strings"
	"testing"
)

func TestPanicText_AnythingButAnErrorOfTheRuntime_IsItsTypeAlone(t *testing.T) {
	var broken any
	func() {
		defer func() { broken = recover() }()
		_ = []int{}[len(t.Name())]
	}()
	if got := PanicText(broken); !strings.Contains(got, "index out of range") {
		t.Errorf("of an error of the runtime: %q", got)
	}
	for _, thrown := range []any{"anna@example.com", errors.New("anna@example.com"), struct{ Address string }{"anna@example.com"}} {
		if got := PanicText(thrown); !strings.HasPrefix(got, "a value of type ") || strings.Contains(got, "example.com") {
			t.Errorf("of another value: %q", got)
		}
	}
}
