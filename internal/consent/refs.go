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
