package consent

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/assent-io/assent/internal/catalog"
)

// The stored form of events, described in docs/storage-format.md. A header is the format version, one byte, and then
// fields in ascending order of their tags; a field is its tag, one byte, the length of its value as an unsigned varint,
// and the value: text as UTF-8, numbers as eight bytes big endian, truth as the byte 1. What is zero is left out; a field
// of several values stands once for each. These numbers never change.

const headerVersion = 1

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

	// From here on: the canonical facts.
	tagKind           = 0x10
	tagChannel        = 0x11
	tagBasis          = 0x12
	tagDeclarationID  = 0x13
	tagDeclarationVer = 0x14
	tagSource         = 0x15
	tagConfirmed      = 0x16
	tagTransaction    = 0x17
	tagDocument       = 0x18
	tagNotice         = 0x19
	tagGoods          = 0x1a
	tagExpires        = 0x1b
	tagReason         = 0x1c
	tagScope          = 0x1d
	tagList           = 0x1e
	tagBinds          = 0x1f
	tagTagged         = 0x20
	tagCatalogVersion = 0x21
	tagEffective      = 0x22
	tagDocument256    = 0x23
	tagVoidPosition   = 0x24
	tagVoidBatch      = 0x25
	tagMove           = 0x26
	tagRemoved        = 0x27
	tagUntil          = 0x28
	tagCount          = 0x29
	tagPositions      = 0x2a // unsigned varints: the first position, then each one's distance from the one before
)

const (
	tagEvAddress        = 0x01
	tagEvURL            = 0x02
	tagEvIP             = 0x03
	tagEvUserAgent      = 0x04
	tagEvTransactionRef = 0x05
	tagEvDocumentRef    = 0x06
	tagEvOperator       = 0x07
	tagEvNote           = 0x08
	tagEvJustification  = 0x09
	tagEvOther          = 0x0a
)

// ErrEncoding is wrapped by the errors for bytes that are not what this package encodes.
var ErrEncoding = errors.New("not a valid encoding")

func appendField[T string | []byte](b []byte, tag byte, value T) []byte {
	if len(value) == 0 {
		return b
	}
	b = append(b, tag)
	b = binary.AppendUvarint(b, uint64(len(value)))
	return append(b, value...)
}

func appendNumber(b []byte, tag byte, n int64) []byte {
	if n == 0 {
		return b
	}
	b = append(b, tag, 8)
	return binary.BigEndian.AppendUint64(b, uint64(n))
}

func appendTruth(b []byte, tag byte, is bool) []byte {
	if !is {
		return b
	}
	return append(b, tag, 1, 1)
}

func appendArray(b []byte, tag byte, value []byte) []byte {
	for _, c := range value {
		if c != 0 {
			return appendField(b, tag, value)
		}
	}
	return b
}

// AppendFacts appends the canonical facts of f: the serialisation that orders events of one instant and that an event's
// key is made of. The spelling is not part of it, for its digest changes with the digest key.
func AppendFacts(b []byte, f *Facts) []byte {
	b = append(b, tagKind, 1, byte(f.Kind))
	for _, c := range f.Channels {
		b = appendField(b, tagChannel, c)
	}
	b = appendField(b, tagBasis, string(f.Basis))
	b = appendField(b, tagDeclarationID, f.Declaration.ID)
	b = appendField(b, tagDeclarationVer, f.Declaration.Version)
	b = appendField(b, tagSource, f.Source)
	b = appendNumber(b, tagConfirmed, int64(f.Confirmed))
	b = appendTruth(b, tagTransaction, f.Transaction)
	b = appendTruth(b, tagDocument, f.Document)
	b = appendTruth(b, tagNotice, f.Notice)
	for _, g := range f.Goods {
		b = appendField(b, tagGoods, g)
	}
	b = appendNumber(b, tagExpires, int64(f.Expires))
	b = appendField(b, tagReason, string(f.Reason))
	b = appendField(b, tagScope, string(f.Scope))
	b = appendField(b, tagList, f.List)
	b = appendField(b, tagBinds, string(f.Binds))
	b = appendTruth(b, tagTagged, f.Tagged)
	b = appendNumber(b, tagCatalogVersion, f.CatalogVersion)
	b = appendNumber(b, tagEffective, int64(f.Effective))
	b = appendArray(b, tagDocument256, f.Document256[:])
	b = appendNumber(b, tagVoidPosition, f.VoidPosition)
	b = appendArray(b, tagVoidBatch, f.VoidBatch[:])
	if f.Move != 0 {
		b = append(b, tagMove, 1, byte(f.Move))
	}
	b = appendField(b, tagRemoved, string(f.Removed))
	b = appendNumber(b, tagUntil, int64(f.Until))
	b = appendNumber(b, tagCount, f.Count)
	return appendField(b, tagPositions, appendPositions(nil, f.Positions))
}

func appendPositions(b []byte, positions []int64) []byte {
	before := int64(0)
	for _, p := range positions {
		b = binary.AppendUvarint(b, uint64(p-before))
		before = p
	}
	return b
}

func readPositions(value []byte, into *[]int64) error {
	last := int64(0)
	for len(value) > 0 {
		distance, used := binary.Uvarint(value)
		if used <= 0 || distance == 0 || distance > math.MaxInt64-uint64(last) {
			return badField(tagPositions)
		}
		last += int64(distance)
		*into = append(*into, last)
		value = value[used:]
	}
	return nil
}

// AppendHeader appends the header of e: the bytes that are stored, and that are a leaf of the ledger's tree.
func AppendHeader(b []byte, e *Event) []byte {
	b = append(b, headerVersion)
	b = appendNumber(b, tagPosition, e.Position)
	b = appendNumber(b, tagRecorded, int64(e.Recorded))
	b = appendArray(b, tagSubject, e.Subject[:])
	b = appendField(b, tagActor, e.Actor)
	b = appendArray(b, tagKey, e.Key[:])
	b = appendArray(b, tagBatch, e.Batch[:])
	b = appendArray(b, tagEvidence, e.Evidence[:])
	if e.Spelling != (Spelling{}) {
		b = append(b, tagSpelling, 20)
		b = binary.BigEndian.AppendUint32(b, e.Spelling.Key)
		b = append(b, e.Spelling.Sum[:]...)
	}
	b = appendNumber(b, tagOccurred, int64(e.Occurred))
	for _, was := range e.Was {
		b = appendNumber(b, tagWas, was)
	}
	return AppendFacts(b, &e.Facts)
}

// AppendEvidence appends the plain bytes of v, to be sealed. Without the address they are part of an event's key.
func AppendEvidence(b []byte, v *Evidence) []byte {
	b = appendField(b, tagEvAddress, v.Address)
	b = appendField(b, tagEvURL, v.URL)
	b = appendField(b, tagEvIP, v.IP)
	b = appendField(b, tagEvUserAgent, v.UserAgent)
	b = appendField(b, tagEvTransactionRef, v.TransactionRef)
	b = appendField(b, tagEvDocumentRef, v.DocumentRef)
	b = appendField(b, tagEvOperator, v.Operator)
	b = appendField(b, tagEvNote, v.Note)
	b = appendField(b, tagEvJustification, v.Justification)
	return appendField(b, tagEvOther, v.Other)
}

// EventKeyInput returns the bytes that an event's key is a keyed digest of: what was given, as it was given. The exact
// address is part of it only where the event stays after an erasure, for every spelling of a folded subject may state the
// same fact; of all else the subject alone says whose it is, so that after an erasure not even somebody with all keys can
// find it by the address.
func EventKeyInput(occurred Instant, f *Facts, exact string, v *Evidence) []byte {
	b := []byte("assent/1/event\x00")
	b = binary.BigEndian.AppendUint64(b, uint64(occurred))
	given := *f
	given.Tagged = false // follows from the exact address and the version of the fold table
	if f.Kind == KindRequest {
		given.Expires = 0 // comes from the policy, not from who states the fact
	}
	b = appendLengthPrefixed(b, AppendFacts(nil, &given))
	switch f.Kind {
	case KindWithdraw, KindRefuse, KindSuppress, KindLift, KindErase, KindMove:
	default:
		exact = ""
	}
	b = appendLengthPrefixed(b, []byte(exact))
	without := *v
	without.Address = ""
	return AppendEvidence(b, &without)
}

func appendLengthPrefixed(b, part []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(part)))
	return append(b, part...)
}

// fields calls each for the fields of b in turn.
func fields(b []byte, each func(tag byte, value []byte) error) error {
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

func badField(tag byte) error {
	return fmt.Errorf("%w: field 0x%02x", ErrEncoding, tag)
}

func readNumber(tag byte, value []byte, into *int64) error {
	if len(value) != 8 {
		return badField(tag)
	}
	*into = int64(binary.BigEndian.Uint64(value))
	return nil
}

func readInstant(tag byte, value []byte, into *Instant) error {
	var n int64
	err := readNumber(tag, value, &n)
	*into = Instant(n)
	return err
}

func readTruth(tag byte, value []byte, into *bool) error {
	if len(value) != 1 || value[0] != 1 {
		return badField(tag)
	}
	*into = true
	return nil
}

func readArray(tag byte, value, into []byte) error {
	if len(value) != len(into) {
		return badField(tag)
	}
	copy(into, value)
	return nil
}

// DecodeHeader returns the event whose header is b. An event has one encoding: bytes that [AppendHeader] would not give are
// refused. Errors wrap [ErrEncoding].
func DecodeHeader(b []byte) (Event, error) {
	var e Event
	if len(b) == 0 || b[0] != headerVersion {
		return Event{}, fmt.Errorf("%w: unknown format version", ErrEncoding)
	}
	err := fields(b[1:], func(tag byte, value []byte) error {
		if tag >= tagKind {
			return decodeFact(&e.Facts, tag, value)
		}
		return decodeFrame(&e, tag, value)
	})
	if err != nil {
		return Event{}, err
	}
	if e.Kind == 0 || e.Position == 0 || e.Recorded == 0 || e.Occurred == 0 {
		return Event{}, fmt.Errorf("%w: a header lacks its kind, position or times", ErrEncoding)
	}
	if !bytes.Equal(AppendHeader(make([]byte, 0, len(b)), &e), b) {
		return Event{}, fmt.Errorf("%w: a header is not in its canonical form", ErrEncoding)
	}
	return e, nil
}

func decodeFrame(e *Event, tag byte, value []byte) error {
	switch tag {
	case tagPosition:
		return readNumber(tag, value, &e.Position)
	case tagRecorded:
		return readInstant(tag, value, &e.Recorded)
	case tagSubject:
		return readArray(tag, value, e.Subject[:])
	case tagActor:
		e.Actor = string(value)
	case tagKey:
		return readArray(tag, value, e.Key[:])
	case tagBatch:
		return readArray(tag, value, e.Batch[:])
	case tagEvidence:
		return readArray(tag, value, e.Evidence[:])
	case tagSpelling:
		if len(value) != 20 {
			return badField(tag)
		}
		e.Spelling.Key = binary.BigEndian.Uint32(value)
		copy(e.Spelling.Sum[:], value[4:])
	case tagOccurred:
		return readInstant(tag, value, &e.Occurred)
	case tagWas:
		var was int64
		if err := readNumber(tag, value, &was); err != nil || was <= 0 {
			return badField(tag)
		}
		e.Was = append(e.Was, was)
	default:
		return badField(tag)
	}
	return nil
}

func decodeFact(f *Facts, tag byte, value []byte) error {
	switch tag {
	case tagKind:
		if len(value) != 1 || value[0] == 0 || value[0] > byte(KindRemoval) {
			return badField(tag)
		}
		f.Kind = Kind(value[0])
	case tagChannel:
		f.Channels = append(f.Channels, string(value))
	case tagBasis:
		f.Basis = catalog.Basis(value)
	case tagDeclarationID:
		f.Declaration.ID = string(value)
	case tagDeclarationVer:
		f.Declaration.Version = string(value)
	case tagSource:
		f.Source = string(value)
	case tagConfirmed:
		return readInstant(tag, value, &f.Confirmed)
	case tagTransaction:
		return readTruth(tag, value, &f.Transaction)
	case tagDocument:
		return readTruth(tag, value, &f.Document)
	case tagNotice:
		return readTruth(tag, value, &f.Notice)
	case tagGoods:
		f.Goods = append(f.Goods, string(value))
	case tagExpires:
		return readInstant(tag, value, &f.Expires)
	case tagReason:
		f.Reason = Reason(value)
	case tagScope:
		f.Scope = Scope(value)
	case tagList:
		f.List = string(value)
	case tagBinds:
		f.Binds = Binds(value)
	case tagTagged:
		return readTruth(tag, value, &f.Tagged)
	case tagCatalogVersion:
		return readNumber(tag, value, &f.CatalogVersion)
	case tagEffective:
		return readInstant(tag, value, &f.Effective)
	case tagDocument256:
		return readArray(tag, value, f.Document256[:])
	default:
		return decodeRights(f, tag, value)
	}
	return nil
}

// decodeRights decodes the facts of voids, moves and removals.
func decodeRights(f *Facts, tag byte, value []byte) error {
	switch tag {
	case tagVoidPosition:
		return readNumber(tag, value, &f.VoidPosition)
	case tagVoidBatch:
		return readArray(tag, value, f.VoidBatch[:])
	case tagMove:
		if len(value) != 1 || value[0] == 0 || value[0] > byte(MovedHere) {
			return badField(tag)
		}
		f.Move = Move(value[0])
	case tagRemoved:
		f.Removed = Removed(value)
		if !KnownRemoved(f.Removed) {
			return badField(tag)
		}
	case tagUntil:
		return readInstant(tag, value, &f.Until)
	case tagCount:
		return readNumber(tag, value, &f.Count)
	case tagPositions:
		return readPositions(value, &f.Positions)
	default:
		return badField(tag)
	}
	return nil
}

// DecodeEvidence returns the evidence whose plain bytes are b. Errors wrap [ErrEncoding].
func DecodeEvidence(b []byte) (Evidence, error) {
	var v Evidence
	err := fields(b, func(tag byte, value []byte) error {
		into, ok := map[byte]*string{
			tagEvAddress: &v.Address, tagEvURL: &v.URL, tagEvIP: &v.IP, tagEvUserAgent: &v.UserAgent,
			tagEvTransactionRef: &v.TransactionRef, tagEvDocumentRef: &v.DocumentRef, tagEvOperator: &v.Operator,
			tagEvNote: &v.Note, tagEvJustification: &v.Justification, tagEvOther: &v.Other,
		}[tag]
		if !ok {
			return badField(tag)
		}
		*into = string(value)
		return nil
	})
	if err != nil {
		return Evidence{}, err
	}
	return v, nil
}
