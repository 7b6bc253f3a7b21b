package suppressionfilter

import (
	"errors"
	"fmt"
)

// The ways in which a file or an address is refused, for errors.Is. The error that is returned says more: what was found, and what would
// be right. No error holds an address or a key.
var (
	// ErrDamaged: the file was cut, something was added, or bytes changed. The error is a *DamageError. Take the file again.
	ErrDamaged = errors.New("the filter file is damaged")
	// ErrOtherVersion: the file has a version of the format that this package does not read. Update the program.
	ErrOtherVersion = errors.New("the filter file has another version of the format")
	// ErrOtherKey: the file was made for another key. Take the file of this consumer, or the key that belongs to the file.
	ErrOtherKey = errors.New("the filter file belongs to another key")
	// ErrOtherStore: the file was made by another store than the expected one.
	ErrOtherStore = errors.New("the filter file is of another store")
	// ErrOtherChannel: the file is about another channel than the expected one.
	ErrOtherChannel = errors.New("the filter file is about another channel")
	// ErrTooOld: the file ends at a position before the one that was expected. Take a newer file.
	ErrTooOld = errors.New("the filter file is too old")
	// ErrOtherFolding: entries of the file were made by a version of the rules for canonical text that this package does not have, so that
	// a look-up could miss them. Update the program, or take a newer file. A Builder refuses such an entry.
	ErrOtherFolding = errors.New("entries have a fold version that this program does not have")
	// ErrAddress: the text that was looked up, or given to a Builder, is no address or domain, or not in its canonical form.
	ErrAddress = errors.New("this is no address")
	// ErrFull: a Builder has as many entries as a file can hold.
	ErrFull = errors.New("the filter is full")
)

// DamageError says what is wrong with a damaged file, and where. It is an ErrDamaged.
type DamageError struct {
	Offset  int64  // the first byte of the part that is wrong, from 0
	Problem string // a sentence without a full stop
}

// Error returns the offset and the problem.
func (e *DamageError) Error() string {
	return fmt.Sprintf("%v at byte %d: %s", ErrDamaged, e.Offset, e.Problem)
}

// Unwrap returns ErrDamaged.
func (e *DamageError) Unwrap() error { return ErrDamaged }

func damage(offset int64, problem string, values ...any) error {
	return &DamageError{Offset: offset, Problem: fmt.Sprintf(problem, values...)}
}
