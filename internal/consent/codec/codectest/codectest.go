// Package codectest has what the tests of packed states share.
package codectest

import (
	"bytes"
	"maps"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
)

type name struct {
	kind consent.RefKind
	text string
}

// Names numbers references in the order of their first appearance, from 1, as a store does.
type Names struct {
	numbers map[name]int32
	texts   map[consent.RefKind][]string
}

// NewNames returns names of which none has a number yet.
func NewNames() *Names {
	return &Names{numbers: map[name]int32{}, texts: map[consent.RefKind][]string{}}
}

// Learn gives a name the next number of its kind, unless it has one.
func (n *Names) Learn(kind consent.RefKind, text string) {
	if _, known := n.numbers[name{kind, text}]; known {
		return
	}
	n.texts[kind] = append(n.texts[kind], text)
	n.numbers[name{kind, text}] = int32(len(n.texts[kind]))
}

// Number returns the number of a name.
func (n *Names) Number(kind consent.RefKind, text string) (int32, bool) {
	number, ok := n.numbers[name{kind, text}]
	return number, ok
}

// Name returns the name with the number.
func (n *Names) Name(kind consent.RefKind, number int32) (string, bool) {
	if number < 1 || int(number) > len(n.texts[kind]) {
		return "", false
	}
	return n.texts[kind][number-1], true
}

// Kinds returns the kinds of which there are names.
func (n *Names) Kinds() []consent.RefKind { return slices.Collect(maps.Keys(n.texts)) }

// Without returns the names of all other kinds.
func (n *Names) Without(kind consent.RefKind) *Names {
	fewer := NewNames()
	for other, texts := range n.texts {
		for _, text := range texts {
			if other != kind {
				fewer.Learn(other, text)
			}
		}
	}
	return fewer
}

// CheckCanonical fails unless b either is refused or is what packing gives of what it is unpacked as: a state has one packed form, so
// equal bytes are equal states, and the other way round. It unpacks into scratch, which may have been used, too.
func CheckCanonical(tb interface {
	Helper()
	Fatalf(format string, args ...any)
}, b []byte, n codec.Names, scratch *consent.State,
) {
	tb.Helper()
	state, err := codec.UnpackState(b, n)
	reused := codec.UnpackInto(scratch, b, n)
	if (err == nil) != (reused == nil) || err != nil && err.Error() != reused.Error() {
		tb.Fatalf("unpacked anew: %v; into a state that was used: %v", err, reused)
	}
	if err != nil {
		if diff := cmp.Diff(&consent.State{}, scratch, cmpopts.EquateEmpty()); diff != "" {
			tb.Fatalf("after an error something is left:\n%s", diff)
		}
		return
	}
	if diff := cmp.Diff(state, scratch, cmpopts.EquateEmpty()); diff != "" {
		tb.Fatalf("unpacked into a state that was used (-anew +used):\n%s", diff)
	}
	again, err := codec.AppendState(nil, state, n)
	if err != nil || !bytes.Equal(again, b) {
		tb.Fatalf("% x is unpacked, but packed as % x (%v)", b, again, err)
	}
}
