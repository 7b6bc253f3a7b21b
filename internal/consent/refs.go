package consent

// RefKind is what a reference of a packed state names. The numbers are stored and never change.
type RefKind uint8

// The kinds of references.
const (
	RefChannel     RefKind = 1
	RefDeclaration RefKind = 2 // id@version
	RefScope       RefKind = 3
	RefGoods       RefKind = 4
	RefList        RefKind = 5
	RefSender      RefKind = 6
	RefDepartment  RefKind = 7
	RefController  RefKind = 8
)

// Refs calls each for every reference that the packed form of the facts needs.
func (f *Facts) Refs(each func(kind RefKind, name string)) {
	for _, c := range f.Channels {
		each(RefChannel, c)
	}
	for _, d := range [...]Declaration{f.Declaration, f.NoticeShown} {
		if !d.IsZero() {
			each(RefDeclaration, d.String())
		}
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
