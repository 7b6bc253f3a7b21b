package suppressionfile

import (
	"bytes"
	"encoding/binary"
	"math"
	"time"
)

// row is an entry on its way to a list.
type row struct {
	Entry
	key  string
	list int
}

// appendRecord appends an entry in a form whose order, byte by byte, is that of the files: by key, then by list, then by precedence, and of
// entries of the same precedence the latest first. All that an entry says follows, so that the order of rows never depends on the order
// in which entries came.
//
//	key 0x00 list precedence since until match kind scope 0x00 reason
//
// A key, a scope and a reason have no 0x00. The hash is in the key.
func appendRecord(to []byte, p place, e Entry) []byte {
	to = append(to, p.key...)
	to = append(to, 0, byte(p.list.at), p.precedence)
	to = binary.BigEndian.AppendUint64(to, ^timeNumber(e.Since))
	to = binary.BigEndian.AppendUint64(to, timeNumber(e.Until))
	to = append(to, e.Match[0], e.Kind[0])
	to = append(to, e.Scope...)
	to = append(to, 0)
	return append(to, e.Reason...)
}

// timeNumber is a time in microseconds as a number that orders as the time does; zero where there is none.
func timeNumber(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixMicro()) ^ (1 << 63) //nolint:gosec // The sign bit is turned over on purpose: negative numbers come first.
}

func numberTime(n uint64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(n ^ (1 << 63))).UTC() //nolint:gosec // The way back.
}

// The record of a row, after its key.
const (
	afterList  = 1 + 1     // the 0x00 and the list
	afterFixed = 3 + 8 + 8 // and the precedence and the times
)

// readRecord is the way back. A record that is none has a list that no form has.
func readRecord(record []byte) row {
	key, _, found := bytes.Cut(record, []byte{0})
	rest := record[len(key):]
	if !found || len(rest) < afterFixed+2 {
		return row{list: math.MaxInt}
	}
	scope, reason, _ := bytes.Cut(rest[afterFixed+2:], []byte{0})
	r := row{key: string(key), list: int(rest[1]), Entry: Entry{
		Match: Exact, Kind: Refusal, Scope: string(scope), Reason: string(reason),
		Since: numberTime(^binary.BigEndian.Uint64(rest[3:])), Until: numberTime(binary.BigEndian.Uint64(rest[11:])),
	}}
	switch rest[afterFixed] {
	case Folded[0]:
		r.Match = Folded
	case Domain[0]:
		r.Match = Domain
	}
	if rest[afterFixed+1] == Suppression[0] {
		r.Kind = Suppression
	}
	if r.Match == Domain {
		r.Domain = r.key
	} else {
		r.Address = r.key
	}
	return r
}

// sameRow reports whether the row of the record before also stands for this record.
func (l *list) sameRow(before, record []byte, r row) bool {
	end := len(r.key) + 1
	switch l.oneRow {
	case perEqualEntry:
		return bytes.Equal(before, record)
	case perAddress:
		end = len(r.key) + afterList
	case perContact:
	}
	return len(before) >= end && bytes.Equal(before[:end], record[:end])
}
