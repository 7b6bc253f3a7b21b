package codec

import (
	"encoding/binary"
	"slices"

	"github.com/assent-io/assent/internal/consent"
)

// waitsVersion is the first byte of the packed form of a subject with a void that waits for an undo: the number of the undo, the length of
// the packed state without the void, that state, and the one with it. The first holds while the undo is pending, the second from its end
// on, so that the end of an undo changes every answer at once and no row. docs/decisions/0062-undo-takes-effect-at-once.md says why.
const waitsVersion = 5

// Variants are the states of a subject while a void of it waits for an undo.
type Variants struct {
	Now  *consent.State // without the voids that wait
	Undo int64          // the number of the undo that a void waits for; 0: none waits
	Then *consent.State // once that undo is complete; nil if none waits
}

// FoldVariants folds the events of a subject as of undone, the number of the last undo that is complete. As [consent.Fold] does, it changes the slice.
func FoldVariants(events []consent.Event, undone int64) Variants {
	v := Variants{Undo: consent.Waiting(events, undone)}
	if v.Undo != 0 {
		v.Then = consent.Fold(slices.Clone(events))
	}
	v.Now = consent.Fold(consent.InEffect(events, undone))
	return v
}

// AppendVariants appends the packed form of a subject: of a state, or of two while a void waits. Errors: those of [AppendState].
func AppendVariants(b []byte, v *Variants, names Names) ([]byte, error) {
	now, err := AppendState(nil, v.Now, names)
	if err != nil {
		return nil, err
	}
	if v.Undo == 0 {
		return append(b, now...), nil
	}
	b = binary.AppendUvarint(append(b, waitsVersion), uint64(v.Undo))
	b = binary.AppendUvarint(b, uint64(len(now)))
	return AppendState(append(b, now...), v.Then, names)
}

// InForce returns the part of the packed form b that holds for a head whose last complete undo has the number undone, for [UnpackState] and
// [UnpackInto]; it allocates nothing. Of bytes that are cut short it is nil, which those refuse.
func InForce(b []byte, undone int64) []byte {
	if len(b) == 0 || b[0] != waitsVersion {
		return b
	}
	undo, now, then := variants(b)
	if undo > undone {
		return now
	}
	return then
}

// WaitsFor returns the number of the undo that the packed form waits for; 0 if it waits for none that is not complete.
func WaitsFor(b []byte, undone int64) int64 {
	if len(b) == 0 || b[0] != waitsVersion {
		return 0
	}
	if undo, _, _ := variants(b); undo > undone {
		return undo
	}
	return 0
}

// Settled returns the packed form that the events of the subject give now: b itself, or its second state once the undo that it waits for
// is complete. The row still has both until the subject is written again.
func Settled(b []byte, undone int64) []byte {
	if len(b) == 0 || b[0] != waitsVersion || WaitsFor(b, undone) != 0 {
		return b
	}
	return InForce(b, undone)
}

// variants returns the parts of the packed form of a subject that waits; none if it is cut short.
func variants(b []byte) (undo int64, now, then []byte) {
	number, used := binary.Uvarint(b[1:])
	if used <= 0 || number == 0 || number >= 1<<62 {
		return 0, nil, nil
	}
	b = b[1+used:]
	size, used := binary.Uvarint(b)
	if used <= 0 || size >= uint64(len(b)-used) {
		return 0, nil, nil
	}
	b = b[used:]
	return int64(number), slices.Clip(b[:size]), b[size:]
}
