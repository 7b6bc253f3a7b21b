package codec

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/consent"
)

type unpacker struct {
	b     []byte
	names Names
	base  consent.Instant
	lists uint64 // a bit for each list that is there
	err   error
}

// UnpackState unpacks a state from its packed form b. The error is [ErrUnknownName] where names lacks a number, as when
// another process gave it since; else it wraps [ErrEncoding]. There is one packed form of a state; any other is refused.
func UnpackState(b []byte, names Names) (*consent.State, error) {
	s := &consent.State{}
	if err := UnpackInto(s, b, names); err != nil {
		return nil, err
	}
	return s, nil
}

// UnpackInto unpacks the packed form b into s, as [UnpackState] does, in the memory that s has: once it has held as much, nothing
// is allocated. Nothing of before is left; after an error s is empty. It keeps nothing of b. What was taken from s before, such as a
// grant with its channels, must not be used any more, and nothing may be folded into an s that is unpacked into again.
func UnpackInto(s *consent.State, b []byte, names Names) error {
	s.Reset()
	if len(b) == 0 || b[0] != packVersion {
		return fmt.Errorf("%w: a packed state of another version; rebuild the states", ErrEncoding)
	}
	u := unpacker{b: b[1:], names: names}
	u.base = u.time(0)
	s.Last = u.base
	if u.lists = u.uvarint(); u.lists >= 1<<lists {
		u.fail()
	}
	u.unpackLists(s)
	if len(u.b) > 0 {
		u.fail()
	}
	if u.err != nil {
		s.Reset()
		return u.err
	}
	return nil
}

// unpackLists reads the lists that are there.
func (u *unpacker) unpackLists(s *consent.State) {
	for left := u.lists; left != 0 && u.err == nil; left &= left - 1 {
		switch bits.TrailingZeros64(left) {
		case listGrants:
			for n := list(u, &s.Grants); n > 0 && u.err == nil; n-- {
				u.grant(next(&s.Grants))
			}
		case listRefusals:
			for n := list(u, &s.Refusals); n > 0 && u.err == nil; n-- {
				u.refusal(next(&s.Refusals))
			}
		case listSuppressions:
			for n := list(u, &s.Suppressions); n > 0 && u.err == nil; n-- {
				u.suppression(next(&s.Suppressions))
			}
		case listPending:
			for n := list(u, &s.Pending); n > 0 && u.err == nil; n-- {
				u.pending(next(&s.Pending))
			}
		case listErasures:
			for n := list(u, &s.Erasures); n > 0 && u.err == nil; n-- {
				*next(&s.Erasures) = consent.Erasure{Spelling: u.spelling(), At: u.time(u.base)}
			}
		case listMails:
			for n := list(u, &s.Mails); n > 0 && u.err == nil; n-- {
				*next(&s.Mails) = consent.Mail{Channel: u.ref(consent.RefChannel), At: u.time(u.base)}
			}
		case listHolds:
			for n := list(u, &s.Holds); n > 0 && u.err == nil; n-- {
				*next(&s.Holds) = consent.Hold{Position: u.number(), Spelling: u.spelling(), At: u.time(u.base)}
			}
		case listMoves:
			for n := list(u, &s.Moves); n > 0 && u.err == nil; n-- {
				*next(&s.Moves) = consent.Moved{Position: u.number(), Spelling: u.spelling(), At: u.time(u.base)}
			}
		case listVoided:
			for n := list(u, &s.Voided); n > 0 && u.err == nil; n-- {
				*next(&s.Voided) = u.spelling()
			}
		case listLinks:
			for n := list(u, &s.Links); n > 0 && u.err == nil; n-- {
				u.link(next(&s.Links))
			}
		}
	}
}

// next appends an item to a list and returns a pointer to it. The item still has the values of its last use, because
// the memory is used again; the caller must overwrite all of them.
func next[T any](list *[]T) *T {
	n := len(*list)
	if n == cap(*list) {
		*list = slices.Grow(*list, 1)
	}
	*list = (*list)[:n+1]
	return &(*list)[n]
}

func (u *unpacker) fail() {
	if u.err == nil {
		u.err = fmt.Errorf("%w: a packed state is cut short or too long", ErrEncoding)
	}
	u.b = nil
}

// list reads the length of a list and makes room for it. One that is there has items.
func list[T any](u *unpacker, to *[]T) uint64 {
	n := u.count()
	if n == 0 {
		u.fail()
	}
	if room := int(min(n, 1024)); room > cap(*to) {
		*to = slices.Grow(*to, room)
	}
	return n
}

// count reads a number of items, each of at least one byte.
func (u *unpacker) count() uint64 {
	n := u.uvarint()
	if n > uint64(len(u.b)) {
		u.fail()
		return 0
	}
	return n
}

// uvarint reads a number in its shortest form.
func (u *unpacker) uvarint() uint64 {
	if len(u.b) > 0 && u.b[0] < 0x80 {
		n := uint64(u.b[0])
		u.b = u.b[1:]
		return n
	}
	n, used := binary.Uvarint(u.b)
	if used <= 0 || u.b[used-1] == 0 {
		u.fail()
		return 0
	}
	u.b = u.b[used:]
	return n
}

func (u *unpacker) number() int64 { return int64(u.uvarint()) }

func (u *unpacker) byte() byte {
	if len(u.b) == 0 {
		u.fail()
		return 0
	}
	b := u.b[0]
	u.b = u.b[1:]
	return b
}

// flags reads flags, of which only the known ones may be set.
func (u *unpacker) flags(known byte) byte {
	b := u.byte()
	if b&^known != 0 {
		u.fail()
	}
	return b
}

// announced reads an instant that a flag has announced, and which is therefore another one than it would be without.
func (u *unpacker) announced(from, without consent.Instant) consent.Instant {
	t := u.time(from)
	if t == without {
		u.fail()
	}
	return t
}

func (u *unpacker) ref(kind consent.RefKind) string {
	n := u.uvarint()
	if u.err != nil {
		return ""
	}
	name, ok := "", false
	if n <= 1<<31-1 {
		name, ok = u.names.Name(kind, int32(n))
	}
	if !ok {
		u.err, u.b = ErrUnknownName, nil
	}
	return name
}

func (u *unpacker) declaration() consent.Declaration {
	if len(u.b) > 0 && u.b[0] == 0 {
		u.b = u.b[1:]
		return consent.Declaration{}
	}
	id, version, _ := strings.Cut(u.ref(consent.RefDeclaration), "@")
	return consent.Declaration{ID: id, Version: version}
}

func (u *unpacker) spelling() (s [16]byte) {
	if len(u.b) < len(s) {
		u.fail()
		return s
	}
	copy(s[:], u.b)
	u.b = u.b[len(s):]
	return s
}

// spelled reads a spelling that a flag has announced: not the zero one.
func (u *unpacker) spelled() [16]byte {
	s := u.spelling()
	if s == [16]byte{} {
		u.fail()
	}
	return s
}

func fromTable[T any](u *unpacker, table []T, i byte) (value T) {
	if int(i) >= len(table) {
		u.fail()
		return value
	}
	return table[i]
}

func (u *unpacker) grant(g *consent.Grant) {
	channels, goods := g.Channels[:0], g.Goods[:0]
	*g = consent.Grant{Position: u.number()}
	flags := u.byte() // All are known.
	n := uint64(1)
	if flags&grantChannels != 0 {
		if n = u.count(); n == 1 {
			u.fail() // One has no flag.
		}
	}
	for range n {
		channels = append(channels, u.ref(consent.RefChannel))
		if u.err != nil {
			break
		}
	}
	packed, more := u.evidence(moreDetails | moreNoticeShown)
	g.Channels, g.Basis, g.Source = channels, fromTable(u, packedBases[:], packed>>4), fromTable(u, packedSources[:], packed&15)
	g.Details = consent.Details(more & moreDetails)
	if more&moreNoticeShown != 0 {
		if g.NoticeShown = u.declaration(); g.NoticeShown.IsZero() {
			u.fail()
		}
	}
	g.Transaction, g.Document, g.Notice = flags&grantTransaction != 0, flags&grantDocument != 0, flags&grantNotice != 0
	g.Declaration = u.declaration()
	g.At = u.time(u.base)
	g.Origin = g.At
	if flags&grantOrigin != 0 {
		g.Origin = u.announced(g.At, g.At)
	}
	if flags&grantConfirmed != 0 {
		g.Confirmed = u.announced(g.At, 0)
	}
	if flags&grantExpires != 0 {
		g.Expires = u.announced(g.At, 0)
	}
	if flags&grantGoods != 0 {
		n := u.count()
		if n == 0 {
			u.fail()
		}
		for range n {
			goods = append(goods, u.ref(consent.RefGoods))
			if u.err != nil {
				break
			}
		}
	}
	g.Goods = goods
}

// evidence reads a byte of a source, and a basis, and the parts of the evidence behind it, of which only the known ones may be set.
func (u *unpacker) evidence(known byte) (source, more byte) {
	source = u.byte()
	if source&packedMore == 0 {
		return source, 0
	}
	if more = u.flags(known); more == 0 {
		u.fail()
	}
	return source &^ packedMore, more
}

func (u *unpacker) refusal(r *consent.Refusal) {
	*r = consent.Refusal{Channel: u.ref(consent.RefChannel), At: u.time(u.base)}
	flags := u.flags(refusalWithdrew | refusalOnly)
	r.Withdrew = flags&refusalWithdrew != 0
	if flags&refusalOnly != 0 {
		r.Only = u.spelled()
	}
}

func (u *unpacker) suppression(s *consent.Suppression) {
	*s = consent.Suppression{Position: u.number(), Reason: fromTable(u, packedReasons[:], u.byte())}
	s.Scope = consent.Scope(u.ref(consent.RefScope))
	s.At = u.time(u.base)
	flags := u.flags(suppressionUntil | suppressionList | suppressionSpelling)
	if flags&suppressionUntil != 0 {
		s.Until = u.announced(s.At, 0)
	}
	if flags&suppressionList != 0 {
		if s.List = u.ref(consent.RefList); s.List == "" {
			u.fail()
		}
		s.Binds = fromTable(u, packedBinds[:], u.byte())
	}
	if flags&suppressionSpelling != 0 {
		s.Spelling = u.spelled()
	}
}

func (u *unpacker) link(l *consent.Link) {
	*l = consent.Link{Position: u.number()}
	if len(u.b) < len(l.With.Folded) {
		u.fail()
		return
	}
	copy(l.With.Folded[:], u.b)
	u.b = u.b[len(l.With.Folded):]
	l.With.Spelling, l.At = u.spelling(), u.time(u.base)
}

func (u *unpacker) pending(p *consent.Pending) {
	*p = consent.Pending{Position: u.number(), Channel: u.ref(consent.RefChannel), Declaration: u.declaration()}
	source, more := u.evidence(moreDetails | moreDocumentOfAsk)
	p.Source = fromTable(u, packedSources[:], source)
	p.Details, p.Document = consent.Details(more&moreDetails), more&moreDocumentOfAsk != 0
	p.At = u.time(u.base)
	p.Expires = u.time(p.At)
}
