package consent

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
)

// Names gives the names of a catalog and of events small permanent numbers, from 1, for packed states.
type Names interface {
	// Number returns the number of a name; false if it has none.
	Number(kind RefKind, name string) (int32, bool)
	// Name returns the name with the number; false if there is none.
	Name(kind RefKind, number int32) (string, bool)
}

// packVersion is the first byte of a packed state. States are a cache: a change of their form is a new version and a rebuild.
const packVersion = 2

// ErrUnknownName is returned for a name or number that [Names] does not have.
var ErrUnknownName = errors.New("a reference is not known")

// The bytes that stand for words of closed sets. The order is stored and only grows.
//
//nolint:gochecknoglobals // Tables that nothing changes.
var (
	packedBases   = [...]catalog.Basis{"", catalog.BasisConsent, catalog.BasisExistingCustomer, catalog.BasisTerms, catalog.BasisContract, catalog.BasisLegalObligation}
	packedSources = [...]string{"", SourceWebForm, SourceDoubleOptIn, SourceAPI, SourceImport, SourcePaper, SourceInPerson, SourcePhone}
	packedReasons = [...]Reason{"", ReasonLegalBlock, ReasonProcessingRestricted, ReasonHardBounce, ReasonManual, ReasonObjection, ReasonComplaint, ReasonErased, ReasonExternalList}
	packedBinds   = [...]Binds{"", BindsAll, BindsExistingCustomer}
)

// Refs calls each for every reference that the packed form of the facts needs.
func (f *Facts) Refs(each func(kind RefKind, name string)) {
	for _, c := range f.Channels {
		each(RefChannel, c)
	}
	if !f.Declaration.IsZero() {
		each(RefDeclaration, f.Declaration.String())
	}
	for _, g := range f.Goods {
		each(RefGoods, g)
	}
	if f.List != "" {
		each(RefList, f.List)
	}
	switch {
	case f.Scope != "":
		each(RefScope, string(f.Scope))
	case f.Kind == KindErase:
		each(RefScope, string(ScopeMarketing)) // of the suppression that an erasure leaves
	}
}

type packer struct {
	b     []byte
	names Names
	base  Instant
	err   error
}

// AppendState appends the packed form of s, with the numbers that names gives. The error is
// [ErrUnknownName], or wraps [ErrEncoding] for what this version has no place for.
func AppendState(b []byte, s *State, names Names) ([]byte, error) {
	p := &packer{b: append(b, packVersion), names: names, base: s.Last}
	p.b = binary.AppendVarint(p.b, int64(s.Last))
	p.count(len(s.Grants))
	for i := range s.Grants {
		p.grant(&s.Grants[i])
	}
	p.count(len(s.Refusals))
	for i := range s.Refusals {
		r := &s.Refusals[i]
		p.ref(RefChannel, r.Channel)
		p.time(r.At)
		p.flags(r.Withdrew, r.Only != [16]byte{})
		p.spelling(r.Only)
	}
	p.count(len(s.Suppressions))
	for i := range s.Suppressions {
		p.suppression(&s.Suppressions[i])
	}
	p.count(len(s.Pending))
	for i := range s.Pending {
		q := &s.Pending[i]
		p.number(q.Position)
		p.ref(RefChannel, q.Channel)
		p.declaration(q.Declaration)
		p.b = append(p.b, index(p, packedSources[:], q.Source))
		p.time(q.At)
		p.time(q.Expires)
	}
	p.count(len(s.Erasures))
	for i := range s.Erasures {
		p.b = append(p.b, s.Erasures[i].Spelling[:]...)
		p.time(s.Erasures[i].At)
	}
	p.count(len(s.Mails))
	for i := range s.Mails {
		p.ref(RefChannel, s.Mails[i].Channel)
		p.time(s.Mails[i].At)
	}
	p.rights(s)
	return p.b, p.err
}

// rights appends what only few subjects have: nothing for the others.
func (p *packer) rights(s *State) {
	if len(s.Holds) == 0 && len(s.Moves) == 0 && len(s.Voided) == 0 {
		return
	}
	p.count(len(s.Holds))
	for i := range s.Holds {
		p.number(s.Holds[i].Position)
		p.b = append(p.b, s.Holds[i].Spelling[:]...)
		p.time(s.Holds[i].At)
	}
	p.count(len(s.Moves))
	for i := range s.Moves {
		p.number(s.Moves[i].Position)
		p.b = append(p.b, s.Moves[i].Spelling[:]...)
		p.time(s.Moves[i].At)
	}
	p.count(len(s.Voided))
	for i := range s.Voided {
		p.b = append(p.b, s.Voided[i][:]...)
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

// time appends an instant as its distance from the last event, which mostly is short; none as its own mark.
func (p *packer) time(t Instant) {
	if t == 0 {
		p.b = append(p.b, 0)
		return
	}
	d := int64(t - p.base)
	if d >= 0 {
		d++ // the distance 0 is taken by no instant
	}
	p.b = binary.AppendVarint(p.b, d)
}

func (p *packer) ref(kind RefKind, name string) {
	n, ok := p.names.Number(kind, name)
	if !ok {
		p.err = ErrUnknownName
	}
	p.b = binary.AppendUvarint(p.b, uint64(n))
}

func (p *packer) declaration(d Declaration) {
	if d.IsZero() {
		p.b = append(p.b, 0)
		return
	}
	p.ref(RefDeclaration, d.String())
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

func (p *packer) grant(g *Grant) {
	p.number(g.Position)
	p.count(len(g.Channels))
	for _, c := range g.Channels {
		p.ref(RefChannel, c)
	}
	p.b = append(p.b, index(p, packedBases[:], g.Basis)<<4|index(p, packedSources[:], g.Source))
	p.flags(g.Transaction, g.Document, g.Notice, g.Origin != g.At, g.Confirmed != 0, g.Expires != 0, len(g.Goods) > 0)
	p.declaration(g.Declaration)
	p.time(g.At)
	if g.Origin != g.At {
		p.time(g.Origin)
	}
	if g.Confirmed != 0 {
		p.time(g.Confirmed)
	}
	if g.Expires != 0 {
		p.time(g.Expires)
	}
	if len(g.Goods) > 0 {
		p.count(len(g.Goods))
		for _, goods := range g.Goods {
			p.ref(RefGoods, goods)
		}
	}
}

func (p *packer) suppression(s *Suppression) {
	p.number(s.Position)
	p.b = append(p.b, index(p, packedReasons[:], s.Reason))
	p.ref(RefScope, string(s.Scope))
	p.time(s.At)
	p.flags(s.Until != 0, s.List != "", s.Spelling != [16]byte{})
	if s.Until != 0 {
		p.time(s.Until)
	}
	if s.List != "" {
		p.ref(RefList, s.List)
		p.b = append(p.b, index(p, packedBinds[:], s.Binds))
	}
	p.spelling(s.Spelling)
}
