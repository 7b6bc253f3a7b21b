package codec

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/facttag"
	"github.com/assent-io/assent/internal/tlv"
)

// The stored form of events, described in docs/storage-format.md. A header is the format version, one byte, and then
// fields in ascending order of their tags; a field is its tag, one byte, the length of its value as an unsigned varint,
// and the value: text as UTF-8, numbers as eight bytes big endian, truth as the byte 1. What is zero is left out; a field
// of several values stands once for each. These numbers never change.

const headerVersion = 1

// ErrEncoding is wrapped by the errors for bytes that are not what this package encodes.
var ErrEncoding = tlv.ErrEncoding

const (
	tagPosition = 0x01
	tagRecorded = 0x02
	tagSubject  = 0x03
	tagActor    = 0x04
	tagKey      = 0x05
	tagBatch    = 0x06
	tagEvidence = 0x07
	tagSpelling = 0x08 // key version as four bytes big endian, then the sum
	tagOccurred = 0x09
	tagWas      = 0x0a
	tagLinked   = 0x0b // the digest of the folded subject, 32 bytes, then the spelling, 16
)

// AppendHeader appends the header of e: the bytes that are stored, and that are a leaf of the ledger's tree.
func AppendHeader(b []byte, e *consent.Event) []byte {
	b = append(b, headerVersion)
	b = tlv.AppendNumber(b, tagPosition, e.Position)
	b = tlv.AppendNumber(b, tagRecorded, e.Recorded)
	b = tlv.AppendArray(b, tagSubject, e.Subject[:])
	b = tlv.Append(b, tagActor, e.Actor)
	b = tlv.AppendArray(b, tagKey, e.Key[:])
	b = tlv.AppendArray(b, tagBatch, e.Batch[:])
	b = tlv.AppendArray(b, tagEvidence, e.Evidence[:])
	if e.Spelling != (consent.Spelling{}) {
		b = append(b, tagSpelling, 20)
		b = binary.BigEndian.AppendUint32(b, e.Spelling.Key)
		b = append(b, e.Spelling.Sum[:]...)
	}
	b = tlv.AppendNumber(b, tagOccurred, e.Occurred)
	for _, was := range e.Was {
		b = tlv.AppendNumber(b, tagWas, was)
	}
	if e.Linked != (consent.Linked{}) {
		b = append(b, tagLinked, 48)
		b = append(b, e.Linked.Folded[:]...)
		b = append(b, e.Linked.Spelling[:]...)
	}
	return consent.AppendFacts(b, &e.Facts)
}

// DecodeHeader decodes an event from its header b. An event has one encoding: bytes that [AppendHeader] would not give are
// refused. Errors wrap [ErrEncoding].
func DecodeHeader(b []byte) (consent.Event, error) {
	var e consent.Event
	if len(b) == 0 || b[0] != headerVersion {
		return consent.Event{}, fmt.Errorf("%w: unknown format version", ErrEncoding)
	}
	err := tlv.Fields(b[1:], func(tag byte, value []byte) error {
		if tag >= facttag.First {
			return decodeFact(&e.Facts, tag, value)
		}
		return decodeFrame(&e, tag, value)
	})
	if err != nil {
		return consent.Event{}, err
	}
	if e.Kind == 0 || e.Position == 0 || e.Recorded == 0 || e.Occurred == 0 {
		return consent.Event{}, fmt.Errorf("%w: a header lacks its kind, position or times", ErrEncoding)
	}
	if !bytes.Equal(AppendHeader(make([]byte, 0, len(b)), &e), b) {
		return consent.Event{}, fmt.Errorf("%w: a header is not in its canonical form", ErrEncoding)
	}
	return e, nil
}

func decodeFrame(e *consent.Event, tag byte, value []byte) error {
	switch tag {
	case tagPosition:
		return tlv.Number(tag, value, &e.Position)
	case tagRecorded:
		return tlv.Number(tag, value, &e.Recorded)
	case tagSubject:
		return tlv.Array(tag, value, e.Subject[:])
	case tagActor:
		e.Actor = string(value)
	case tagKey:
		return tlv.Array(tag, value, e.Key[:])
	case tagBatch:
		return tlv.Array(tag, value, e.Batch[:])
	case tagEvidence:
		return tlv.Array(tag, value, e.Evidence[:])
	case tagSpelling:
		if len(value) != 20 {
			return tlv.Bad(tag)
		}
		e.Spelling.Key = binary.BigEndian.Uint32(value)
		copy(e.Spelling.Sum[:], value[4:])
	case tagOccurred:
		return tlv.Number(tag, value, &e.Occurred)
	case tagWas:
		var was int64
		if err := tlv.Number(tag, value, &was); err != nil || was <= 0 {
			return tlv.Bad(tag)
		}
		e.Was = append(e.Was, was)
	case tagLinked:
		if len(value) != 48 {
			return tlv.Bad(tag)
		}
		copy(e.Linked.Folded[:], value)
		copy(e.Linked.Spelling[:], value[32:])
	default:
		return tlv.Bad(tag)
	}
	return nil
}
