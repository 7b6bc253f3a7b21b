package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
)

// Names gives the names of a catalog and of events small permanent numbers, from 1, for packed states.
type Names interface {
	// Number returns the number of a name; false if it has none.
	Number(kind consent.RefKind, name string) (int32, bool)
	// Name returns the name with the number; false if there is none.
	Name(kind consent.RefKind, number int32) (string, bool)
}

// packVersion is the first byte of a packed state. States are a cache: a change of their form is a new version and a rebuild.
// The form is in docs/storage-format.md, "States"; the reasons for it in docs/decisions/0022-hot-path-without-allocations.md.
const packVersion = 4

// ErrUnknownName is returned for a name or number that [Names] does not have.
var ErrUnknownName = errors.New("a reference is not known")

// The bytes that stand for words of closed sets. The order is stored and only grows.
//
//nolint:gochecknoglobals // Tables that nothing changes.
var (
	packedBases   = [...]catalog.Basis{"", catalog.BasisConsent, catalog.BasisExistingCustomer, catalog.BasisTerms, catalog.BasisContract, catalog.BasisLegalObligation}
	packedSources = [...]string{"", consent.SourceWebForm, consent.SourceDoubleOptIn, consent.SourceAPI, consent.SourceImport, consent.SourcePaper, consent.SourceInPerson, consent.SourcePhone}
	packedReasons = [...]consent.Reason{"", consent.ReasonLegalBlock, consent.ReasonProcessingRestricted, consent.ReasonHardBounce, consent.ReasonManual, consent.ReasonObjection, consent.ReasonComplaint, consent.ReasonErased, consent.ReasonExternalList, consent.ReasonUnsubscribeUnclear}
	packedBinds   = [...]consent.Binds{"", consent.BindsAll, consent.BindsExistingCustomer}
)

// The lists of a packed state. The numbers are bits of its third part and are stored.
const (
	listGrants = iota
	listRefusals
	listSuppressions
	listPending
	listErasures
	listMails
	listHolds
	listMoves
	listVoided
	listLinks
	lists
)

type packer struct {
	b     []byte
	names Names
	base  consent.Instant
	err   error
}

// AppendState appends the packed form of s, with the numbers that names gives. The error is
// [ErrUnknownName], or wraps [ErrEncoding] for what this version has no place for.
func AppendState(b []byte, s *consent.State, names Names) ([]byte, error) {
	p := &packer{b: append(b, packVersion), names: names, base: s.Last}
	p.time(s.Last, 0)
	p.b = binary.AppendUvarint(p.b, listsOf(s))
	packList(p, s.Grants, p.grant)
	packList(p, s.Refusals, p.refusal)
	packList(p, s.Suppressions, p.suppression)
	packList(p, s.Pending, p.pending)
	packList(p, s.Erasures, func(x *consent.Erasure) { p.spelled(&x.Spelling, x.At) })
	packList(p, s.Mails, func(m *consent.Mail) { p.ref(consent.RefChannel, m.Channel); p.time(m.At, p.base) })
	packList(p, s.Holds, func(h *consent.Hold) { p.number(h.Position); p.spelled(&h.Spelling, h.At) })
	packList(p, s.Moves, func(m *consent.Moved) { p.number(m.Position); p.spelled(&m.Spelling, m.At) })
	packList(p, s.Voided, func(id *consent.BatchID) { p.b = append(p.b, id[:]...) })
	packList(p, s.Links, p.link)
	return p.b, p.err
}

func (p *packer) link(l *consent.Link) {
	p.number(l.Position)
	p.b = append(p.b, l.With.Folded[:]...)
	p.spelled(&l.With.Spelling, l.At)
}

// listsOf returns a bit for each list that has items. The packed form begins with them, so that one that was cut short is not taken for a
// state that knows less.
func listsOf(s *consent.State) (bits uint64) {
	for i, n := range [lists]int{
		listGrants: len(s.Grants), listRefusals: len(s.Refusals), listSuppressions: len(s.Suppressions), listPending: len(s.Pending),
		listErasures: len(s.Erasures), listMails: len(s.Mails), listHolds: len(s.Holds), listMoves: len(s.Moves), listVoided: len(s.Voided),
		listLinks: len(s.Links),
	} {
		if n > 0 {
			bits |= 1 << i
		}
	}
	return bits
}

// packList appends a list that has items: its length and its items.
func packList[T any](p *packer, list []T, item func(*T)) {
	if len(list) == 0 {
		return
	}
	p.count(len(list))
	for i := range list {
		item(&list[i])
	}
}

// index returns the place of a value in its table. What is not in it must not be stored as if it were nothing.
func index[T comparable](p *packer, table []T, value T) byte {
	i := slices.Index(table, value)
	if i < 0 {
		p.err = fmt.Errorf("%w: a value that no packed state can hold", ErrEncoding)
		return 0
	}
	return byte(i)
}

func (p *packer) count(n int) { p.b = binary.AppendUvarint(p.b, uint64(n)) }

func (p *packer) number(n int64) { p.b = binary.AppendUvarint(p.b, uint64(n)) }

func (p *packer) ref(kind consent.RefKind, name string) {
	n, ok := p.names.Number(kind, name)
	if !ok {
		p.err = ErrUnknownName
	}
	p.b = binary.AppendUvarint(p.b, uint64(n))
}

func (p *packer) declaration(d consent.Declaration) {
	if d.IsZero() {
		p.b = append(p.b, 0)
		return
	}
	p.ref(consent.RefDeclaration, d.String())
}

func (p *packer) flags(flags ...bool) {
	var b byte
	for i, is := range flags {
		if is {
			b |= 1 << i
		}
	}
	p.b = append(p.b, b)
}

// spelling appends a spelling that a flag has announced.
func (p *packer) spelling(s [16]byte) {
	if s != [16]byte{} {
		p.b = append(p.b, s[:]...)
	}
}

// The flags of a grant.
const (
	grantTransaction = 1 << iota
	grantDocument
	grantNotice
	grantOrigin // begins at another time than its own
	grantConfirmed
	grantExpires
	grantGoods
	grantChannels // has not one channel but several, or none
)

// packedMore is set in the byte of a source, and of a basis, where a byte with the parts of the evidence follows. Its lower half has the
// details.
const (
	packedMore        = 0x80
	moreDetails       = 0x0f
	moreNoticeShown   = 0x10 // of a grant: names the notice that was shown
	moreDocumentOfAsk = 0x20 // of a pending request: a document_ref is there
)

// evidence appends a byte of a source, and a basis, with the parts of the evidence behind it where there are any.
func (p *packer) evidence(source byte, more byte) {
	if more == 0 {
		p.b = append(p.b, source)
		return
	}
	p.b = append(p.b, source|packedMore, more)
}

func (p *packer) grant(g *consent.Grant) {
	p.number(g.Position)
	p.flags(g.Transaction, g.Document, g.Notice, g.Origin != g.At, g.Confirmed != 0, g.Expires != 0, len(g.Goods) > 0, len(g.Channels) != 1)
	if len(g.Channels) != 1 {
		p.count(len(g.Channels))
	}
	for _, c := range g.Channels {
		p.ref(consent.RefChannel, c)
	}
	more := byte(g.Details)
	if !g.NoticeShown.IsZero() {
		more |= moreNoticeShown
	}
	p.evidence(index(p, packedBases[:], g.Basis)<<4|index(p, packedSources[:], g.Source), more)
	if !g.NoticeShown.IsZero() {
		p.declaration(g.NoticeShown)
	}
	p.declaration(g.Declaration)
	p.time(g.At, p.base)
	if g.Origin != g.At {
		p.time(g.Origin, g.At)
	}
	if g.Confirmed != 0 {
		p.time(g.Confirmed, g.At)
	}
	if g.Expires != 0 {
		p.time(g.Expires, g.At)
	}
	if len(g.Goods) > 0 {
		p.count(len(g.Goods))
		for _, goods := range g.Goods {
			p.ref(consent.RefGoods, goods)
		}
	}
}

// The flags of a refusal.
const (
	refusalWithdrew = 1 << iota
	refusalOnly     // holds for one spelling
)

func (p *packer) refusal(r *consent.Refusal) {
	p.ref(consent.RefChannel, r.Channel)
	p.time(r.At, p.base)
	p.flags(r.Withdrew, r.Only != [16]byte{})
	p.spelling(r.Only)
}

// The flags of a suppression.
const (
	suppressionUntil = 1 << iota
	suppressionList
	suppressionSpelling // is not of a domain
)

func (p *packer) suppression(s *consent.Suppression) {
	p.number(s.Position)
	p.b = append(p.b, index(p, packedReasons[:], s.Reason))
	p.ref(consent.RefScope, string(s.Scope))
	p.time(s.At, p.base)
	p.flags(s.Until != 0, s.List != "", s.Spelling != [16]byte{})
	if s.Until != 0 {
		p.time(s.Until, s.At)
	}
	if s.List != "" {
		p.ref(consent.RefList, s.List)
		p.b = append(p.b, index(p, packedBinds[:], s.Binds))
	}
	p.spelling(s.Spelling)
}

func (p *packer) pending(q *consent.Pending) {
	p.number(q.Position)
	p.ref(consent.RefChannel, q.Channel)
	p.declaration(q.Declaration)
	more := byte(q.Details)
	if q.Document {
		more |= moreDocumentOfAsk
	}
	p.evidence(index(p, packedSources[:], q.Source), more)
	p.time(q.At, p.base)
	p.time(q.Expires, q.At)
}

func (p *packer) spelled(spelling *[16]byte, at consent.Instant) {
	p.b = append(p.b, spelling[:]...)
	p.time(at, p.base)
}
