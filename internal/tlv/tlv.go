// Package tlv writes and reads fields of bytes: a field is its tag, one byte, the length of its value as an unsigned varint, and the
// value. Text is UTF-8, a number is eight bytes big endian, truth is the byte 1. A field with the value zero is left out; a field of
// several values stands once for each. The fields of docs/storage-format.md are written so.
package tlv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrEncoding is wrapped by the errors for bytes that are no valid encoding.
var ErrEncoding = errors.New("not a valid encoding")

// Append appends a field with a text or with bytes.
func Append[T string | []byte](b []byte, tag byte, value T) []byte {
	if len(value) == 0 {
		return b
	}
	b = append(b, tag)
	b = binary.AppendUvarint(b, uint64(len(value)))
	return append(b, value...)
}

// AppendNumber appends a field with a number.
func AppendNumber[T ~int64](b []byte, tag byte, n T) []byte {
	if n == 0 {
		return b
	}
	b = append(b, tag, 8)
	return binary.BigEndian.AppendUint64(b, uint64(n))
}

// AppendTruth appends a field that says that something is so.
func AppendTruth(b []byte, tag byte, is bool) []byte {
	if !is {
		return b
	}
	return append(b, tag, 1, 1)
}

// AppendArray appends a field with the bytes of an array, unless they are all zero.
func AppendArray(b []byte, tag byte, value []byte) []byte {
	for _, c := range value {
		if c != 0 {
			return Append(b, tag, value)
		}
	}
	return b
}

// Fields calls each for the fields of b in turn, until it returns an error.
func Fields(b []byte, each func(tag byte, value []byte) error) error {
	for len(b) > 0 {
		tag := b[0]
		n, used := binary.Uvarint(b[1:])
		if used <= 0 || n > uint64(len(b)-1-used) {
			return fmt.Errorf("%w: field 0x%02x is cut short", ErrEncoding, tag)
		}
		start := 1 + used
		if err := each(tag, b[start:start+int(n)]); err != nil {
			return err
		}
		b = b[start+int(n):]
	}
	return nil
}

// Bad returns the error for a field with an unknown tag, or with a value that is not valid.
func Bad(tag byte) error {
	return fmt.Errorf("%w: field 0x%02x", ErrEncoding, tag)
}

// Number reads the number of a field.
func Number[T ~int64](tag byte, value []byte, into *T) error {
	if len(value) != 8 {
		return Bad(tag)
	}
	*into = T(binary.BigEndian.Uint64(value))
	return nil
}

// Truth reads a field of [AppendTruth].
func Truth(tag byte, value []byte, into *bool) error {
	if len(value) != 1 || value[0] != 1 {
		return Bad(tag)
	}
	*into = true
	return nil
}

// Array reads a field of [AppendArray].
func Array(tag byte, value, into []byte) error {
	if len(value) != len(into) {
		return Bad(tag)
	}
	copy(into, value)
	return nil
}

// AppendAscending appends positive numbers in ascending order: the first, then each one's distance from the one before, as unsigned varints.
func AppendAscending(b []byte, numbers []int64) []byte {
	before := int64(0)
	for _, n := range numbers {
		b = binary.AppendUvarint(b, uint64(n-before))
		before = n
	}
	return b
}

// Ascending appends to into the numbers that [AppendAscending] made the value of.
func Ascending(tag byte, value []byte, into *[]int64) error {
	last := int64(0)
	for len(value) > 0 {
		distance, used := binary.Uvarint(value)
		if used <= 0 || distance == 0 || distance > math.MaxInt64-uint64(last) {
			return Bad(tag)
		}
		last += int64(distance)
		*into = append(*into, last)
		value = value[used:]
	}
	return nil
}
