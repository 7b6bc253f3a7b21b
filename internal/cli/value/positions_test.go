package value_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/cli/value"
)

func TestPositions_SeveralTimesAndWithCommas_AreListed(t *testing.T) {
	var list value.Positions
	for _, text := range []string{"7", "12, 3"} {
		if err := list.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(list, value.Positions{7, 12, 3}) || list.String() != "7,12,3" {
		t.Errorf("got %v", list)
	}
}

func TestPositions_WhatIsNone_IsRefusedAndNotRepeated(t *testing.T) {
	for _, text := range []string{"", "0", "-1", "1.5", "1,", "anna@example.com", "9223372036854775808"} {
		var list value.Positions
		if err := list.Set(text); err == nil || len(text) > 3 && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
