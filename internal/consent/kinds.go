package consent

import "slices"

// Kind says what an event is. The numbers are stored and never change.
type Kind uint8

// The kinds of events.
const (
	KindRequest  Kind = 1  // a double opt-in was asked for
	KindGrant    Kind = 2  // a legal basis was given
	KindConfirm  Kind = 3  // a double opt-in was confirmed
	KindMail     Kind = 4  // a confirmation mail was allowed
	KindWithdraw Kind = 5  // a refusal of what was granted
	KindRefuse   Kind = 6  // a refusal of what was never granted
	KindSuppress Kind = 7  // contact is forbidden until it ends
	KindLift     Kind = 8  // ends suppressions
	KindErase    Kind = 9  // the data of the person are to be erased
	KindCatalog  Kind = 10 // a catalog came into force
	KindVoid     Kind = 11 // leaves out an event or a batch of its subject, recorded by mistake
	KindMove     Kind = 12 // the person's address changed; of both addresses
	KindHold     Kind = 13 // a legal hold: nothing of the address may be erased
	KindRelease  Kind = 14 // ends the holds before it
	KindRemoval  Kind = 15 // what retention removed
	KindLink     Kind = 16 // two addresses are of one person; of both addresses
	KindUnlink   Kind = 17 // ends the link of two addresses; of both
	KindUndo     Kind = 18 // the voids of an undo take effect, all at once
	KindList     Kind = 19 // a version of an external list came into force
	KindRuling   Kind = 20 // a person decided about a send or a case
)

// kinds is what the program has to know of each kind besides what an event of it does to a state. A new kind is a row here;
// CONTRIBUTING.md lists all other places that it is added to.
//
//nolint:gochecknoglobals // immutable
var kinds = [...]kindRow{
	KindRequest: {
		name: "request", order: 1, forms: []Form{FormExact}, voidable: true, cutOff: true, anew: true, stated: true,
		fields: []Field{FieldChannels, FieldDeclaration},
	},
	KindGrant: {
		name: "grant", order: 2, forms: []Form{FormExact}, voidable: true, cutOff: true, anew: true, stated: true,
		fields: []Field{FieldChannels, FieldLegalBasis, FieldDeclaration, FieldExpires},
	},
	KindConfirm: {
		name: "confirm", order: 3, forms: []Form{FormExact}, voidable: true, cutOff: true, anew: true, stated: true,
		fields: []Field{FieldChannels},
	},
	KindMail: {name: "mail", order: countedOnly, forms: []Form{FormMail}, cutOff: true, anew: true},
	KindWithdraw: {
		name: "withdraw", order: 4, forms: []Form{FormFolded}, spelling: ofOneIfTagged, isNo: true, voidable: true, outlives: true, stated: true,
		fields: []Field{FieldChannels, FieldAllMarketing, FieldDeclaration},
	},
	KindRefuse: {
		name: "refuse", order: 4, forms: []Form{FormFolded}, spelling: ofOneIfTagged, isNo: true, voidable: true, outlives: true, stated: true,
		fields: []Field{FieldChannels, FieldAllMarketing},
	},
	KindSuppress: {
		name: "suppress", order: 7, forms: []Form{FormFolded, FormDomain}, spelling: ofOneIfBounced, isNo: true, voidable: true, outlives: true,
		stated: true, fields: []Field{FieldExpires, FieldReason, FieldScope, FieldList, FieldBinds},
	},
	KindLift: {
		name: "lift", order: 5, forms: []Form{FormFolded, FormDomain}, spelling: ofOneIfBounced, voidable: true, outlives: true, stated: true,
		fields: []Field{FieldReason, FieldScope, FieldList, FieldInformed},
	},
	KindErase:   {name: "erase", order: 6, forms: []Form{FormFolded}, isNo: true, outlives: true, stated: true},
	KindCatalog: {name: "catalog", order: countedOnly},
	KindVoid:    {name: "void", order: countedOnly, forms: []Form{FormExact, FormFolded, FormDomain}, anew: true},
	KindMove:    {name: "move", order: countedOnly, forms: []Form{FormFolded}, spelling: ofOne, outlives: true},
	KindHold:    {name: "hold", order: countedOnly, forms: []Form{FormExact, FormFolded}, spelling: ofOne, anew: true},
	KindRelease: {name: "release", order: countedOnly, forms: []Form{FormExact, FormFolded}, spelling: ofOne, anew: true},
	KindRemoval: {name: "removal", order: countedOnly},
	KindLink:    {name: "link", order: countedOnly, forms: []Form{FormFolded}, outlives: true, stated: true, fields: []Field{FieldWith}},
	KindUnlink:  {name: "unlink", order: countedOnly, forms: []Form{FormFolded}, outlives: true, stated: true, fields: []Field{FieldWith}},
	KindUndo:    {name: "undo", order: countedOnly},
	KindList:    {name: "list", order: countedOnly},
	KindRuling:  {name: "ruling", order: countedOnly},
}

// kindRow is a row of [kinds].
type kindRow struct {
	name     string     // as in a scenario, an import and an export
	order    int        // the place among events of one instant, of which the last wins
	forms    []Form     // of the subjects that such events are of; none: no subject
	spelling spellingOf // which spellings an event of a folded subject holds for

	isNo     bool    // it only ever blocks
	voidable bool    // a void may leave it out
	cutOff   bool    // an erasure ends it
	anew     bool    // an erasure may record it anew in the place of what it blanks
	outlives bool    // it stays after an erasure, so that the exact address is part of its key
	stated   bool    // a caller may state it; the service makes the events of any other kind
	fields   []Field // that a statement of it may have
}

// countedOnly is the order of what by itself blocks and permits nothing: mails, which are only counted, holds, moves and links.
const countedOnly = 8

// spellingOf says which spellings of a folded subject an event holds for.
type spellingOf uint8

const (
	ofAll spellingOf = iota
	ofOneIfTagged
	ofOneIfBounced
	ofOne
)

// Field is a field of a statement that only some kinds have, named as in the API.
type Field string

// The fields of statements besides those of every kind: the time, the address and evidence.
const (
	FieldChannels     Field = "channels"
	FieldAllMarketing Field = "allMarketing"
	FieldLegalBasis   Field = "legalBasis"
	FieldDeclaration  Field = "declaration"
	FieldExpires      Field = "expiresTime"
	FieldReason       Field = "reason"
	FieldScope        Field = "scope"
	FieldList         Field = "list"
	FieldBinds        Field = "binds"
	FieldInformed     Field = "informedTime"
	FieldWith         Field = "otherAddress"
)

// row returns the row of the kind; the zero row for an unknown kind.
func (k Kind) row() *kindRow {
	if int(k) < len(kinds) {
		return &kinds[k]
	}
	return &kinds[0]
}

// Kinds returns every kind, in the order of the numbers.
func Kinds() []Kind {
	all := make([]Kind, 0, len(kinds)-1)
	for k := KindRequest; k.Known(); k++ {
		all = append(all, k)
	}
	return all
}

// StatedKinds returns the kinds that a caller may state.
func StatedKinds() []Kind {
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return !k.row().stated })
}

// KindNamed returns the kind with the name; false if there is none.
func KindNamed(name string) (Kind, bool) {
	i := slices.IndexFunc(kinds[1:], func(r kindRow) bool { return r.name == name })
	return Kind(i + 1), i >= 0
}

// HasOtherSide reports whether events of the kind are recorded of two addresses, each with the other one in its sealed evidence.
func (k Kind) HasOtherSide() bool { return k == KindMove || k == KindLink || k == KindUnlink }

// Known reports whether k is one of the kinds.
func (k Kind) Known() bool { return k.row().name != "" }

// String returns the kind's name, as in a scenario file.
func (k Kind) String() string {
	if !k.Known() {
		return "unknown"
	}
	return k.row().name
}

// HasSubject reports whether events of the kind are about an address.
func (k Kind) HasSubject() bool { return len(k.row().forms) > 0 }

// IsOf reports whether events of the kind may be of a subject of the form.
func (k Kind) IsOf(form Form) bool { return slices.Contains(k.row().forms, form) }

// IsNo reports whether events of the kind only ever block: a withdrawal, refusal, suppression or erasure.
func (k Kind) IsNo() bool { return k.row().isNo }

// IsStated reports whether a caller may state events of the kind.
func (k Kind) IsStated() bool { return k.row().stated }

// Voidable reports whether a void may leave out an event of the kind: an erasure has destroyed what it erased, and the rest does not say
// what a person or an officer wanted.
func (k Kind) Voidable() bool { return k.row().voidable }

// IsCutOff reports whether an erasure ends an event of the kind.
func (k Kind) IsCutOff() bool { return k.row().cutOff }

// MayStandFor reports whether an erasure may record an event of the kind anew, so that it stands for one that was blanked. What blocks is
// never blanked.
func (k Kind) MayStandFor() bool { return k.row().anew }

// OutlivesErasure reports whether an event of the kind stays after an erasure.
func (k Kind) OutlivesErasure() bool { return k.row().outlives }

// Takes reports whether a statement of the kind may have the field.
func (k Kind) Takes(field Field) bool { return slices.Contains(k.row().fields, field) }

// IsOfOneSpelling reports whether an event of a folded subject with these facts holds only for the spelling that it was recorded for.
func (f *Facts) IsOfOneSpelling() bool {
	switch f.Kind.row().spelling {
	case ofOneIfTagged:
		return f.Tagged
	case ofOneIfBounced:
		return f.Reason == ReasonHardBounce
	case ofOne:
		return true
	default:
		return false
	}
}
