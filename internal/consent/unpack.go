package consent

import (
	"encoding/binary"
	"fmt"
	"strings"
)

type unpacker struct {
	b     []byte
	names Names
	base  Instant
	err   error
}

// UnpackState returns the state whose packed form is b. The error is [ErrUnknownName] where names lacks a number, as when
// another process gave it since; else it wraps [ErrEncoding].
func UnpackState(b []byte, names Names) (*State, error) {
	if len(b) == 0 || b[0] != packVersion {
		return nil, fmt.Errorf("%w: a packed state of another version; rebuild the states", ErrEncoding)
	}
	u := unpacker{b: b[1:], names: names}
	u.base = Instant(u.varint())
	s := &State{Last: u.base}
	s.Grants = unpackList(&u, u.grant)
	s.Refusals = unpackList(&u, u.refusal)
	s.Suppressions = unpackList(&u, u.suppression)
	s.Pending = unpackList(&u, u.pending)
	s.Erasures = unpackList(&u, func() Erasure { return Erasure{Spelling: u.spelling(true), At: u.time()} })
	s.Mails = unpackList(&u, func() Mail { return Mail{Channel: u.ref(RefChannel), At: u.time()} })
	if u.err == nil && len(u.b) > 0 {
		s.Holds = unpackList(&u, func() Hold {
			return Hold{Position: int64(u.uvarint()), Spelling: u.spelling(true), At: u.time()}
		})
		s.Moves = unpackList(&u, func() Moved {
			return Moved{Position: int64(u.uvarint()), Spelling: u.spelling(true), At: u.time()}
		})
		s.Voided = unpackList(&u, func() BatchID { return u.spelling(true) })
		if len(s.Holds)+len(s.Moves)+len(s.Voided) == 0 {
			u.fail() // It has one packed form.
		}
	}
	if u.err == nil && len(u.b) > 0 {
		u.fail()
	}
	if u.err != nil {
		return nil, u.err
	}
	return s, nil
}

func (u *unpacker) fail() {
	if u.err == nil {
		u.err = fmt.Errorf("%w: a packed state is cut short or too long", ErrEncoding)
	}
	u.b = nil
}

// unpackList reads a list of items, each of at least one byte.
func unpackList[T any](u *unpacker, item func() T) []T {
	n := u.uvarint()
	if n > uint64(len(u.b)) {
		u.fail()
	}
	if n == 0 || u.err != nil {
		return nil
	}
	list := make([]T, 0, min(n, 1024))
	for range n {
		list = append(list, item())
		if u.err != nil {
			return nil
		}
	}
	return list
}

func (u *unpacker) uvarint() uint64 {
	n, used := binary.Uvarint(u.b)
	if used <= 0 {
		u.fail()
		return 0
	}
	u.b = u.b[used:]
	return n
}

func (u *unpacker) varint() int64 {
	n, used := binary.Varint(u.b)
	if used <= 0 {
		u.fail()
		return 0
	}
	u.b = u.b[used:]
	return n
}

func (u *unpacker) byte() byte {
	if len(u.b) == 0 {
		u.fail()
		return 0
	}
	b := u.b[0]
	u.b = u.b[1:]
	return b
}

func (u *unpacker) time() Instant {
	d := u.varint()
	switch {
	case d == 0:
		return 0
	case d > 0:
		d--
	}
	return u.base + Instant(d)
}

func (u *unpacker) ref(kind RefKind) string {
	n := u.uvarint()
	if u.err != nil {
		return ""
	}
	name, ok := "", false
	if n <= 1<<31-1 {
		name, ok = u.names.Name(kind, int32(n))
	}
	if !ok {
		u.err = ErrUnknownName
	}
	return name
}

func (u *unpacker) declaration() Declaration {
	if len(u.b) > 0 && u.b[0] == 0 {
		u.b = u.b[1:]
		return Declaration{}
	}
	id, version, _ := strings.Cut(u.ref(RefDeclaration), "@")
	return Declaration{ID: id, Version: version}
}

func (u *unpacker) spelling(is bool) (s [16]byte) {
	if !is {
		return s
	}
	if len(u.b) < 16 {
		u.fail()
		return s
	}
	copy(s[:], u.b)
	u.b = u.b[16:]
	return s
}

func fromTable[T any](u *unpacker, table []T, i byte) (value T) {
	if int(i) >= len(table) {
		u.fail()
		return value
	}
	return table[i]
}

func (u *unpacker) grant() Grant {
	g := Grant{Position: int64(u.uvarint())}
	g.Channels = unpackList(u, func() string { return u.ref(RefChannel) })
	packed := u.byte()
	g.Basis, g.Source = fromTable(u, packedBases[:], packed>>4), fromTable(u, packedSources[:], packed&15)
	flags := u.byte()
	g.Transaction, g.Document, g.Notice = flags&1 != 0, flags&2 != 0, flags&4 != 0
	g.Declaration = u.declaration()
	g.At = u.time()
	g.Origin = g.At
	if flags&8 != 0 {
		g.Origin = u.time()
	}
	if flags&16 != 0 {
		g.Confirmed = u.time()
	}
	if flags&32 != 0 {
		g.Expires = u.time()
	}
	if flags&64 != 0 {
		g.Goods = unpackList(u, func() string { return u.ref(RefGoods) })
	}
	return g
}

func (u *unpacker) refusal() Refusal {
	r := Refusal{Channel: u.ref(RefChannel), At: u.time()}
	flags := u.byte()
	r.Withdrew = flags&1 != 0
	r.Only = u.spelling(flags&2 != 0)
	return r
}

func (u *unpacker) suppression() Suppression {
	s := Suppression{Position: int64(u.uvarint()), Reason: fromTable(u, packedReasons[:], u.byte())}
	s.Scope = Scope(u.ref(RefScope))
	s.At = u.time()
	flags := u.byte()
	if flags&1 != 0 {
		s.Until = u.time()
	}
	if flags&2 != 0 {
		s.List = u.ref(RefList)
		s.Binds = fromTable(u, packedBinds[:], u.byte())
	}
	s.Spelling = u.spelling(flags&4 != 0)
	return s
}

func (u *unpacker) pending() Pending {
	return Pending{
		Position: int64(u.uvarint()), Channel: u.ref(RefChannel), Declaration: u.declaration(),
		Source: fromTable(u, packedSources[:], u.byte()), At: u.time(), Expires: u.time(),
	}
}
