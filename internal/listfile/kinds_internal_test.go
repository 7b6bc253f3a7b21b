package listfile

import (
	"slices"
	"testing"

	"github.com/assent-io/assent/internal/consent"
)

// columnOf names the column of a field of a statement, where it has another name than the field.
func columnOf(kind consent.Kind, field consent.Field) string {
	switch field {
	case consent.FieldLegalBasis:
		return colBasis
	case consent.FieldExpires:
		if kind == consent.KindSuppress {
			return ColUntil
		}
		return colExpires
	default:
		return string(field)
	}
}

// A kind of event that a caller may state can be imported, with the fields that a statement of it has.
func TestEventColumns_AreThoseOfTheKindsThatMayBeStated(t *testing.T) {
	if got, want := len(eventColumns), len(consent.StatedKinds()); got != want {
		t.Errorf("%d kinds have columns, and %d may be stated", got, want)
	}
	for _, kind := range consent.StatedKinds() {
		columns, ok := eventColumns[kind.String()]
		if !ok {
			t.Errorf("a file cannot have events of kind %s", kind)
			continue
		}
		for _, field := range []consent.Field{
			consent.FieldChannels, consent.FieldLegalBasis, consent.FieldDeclaration, consent.FieldExpires, consent.FieldReason,
			consent.FieldScope, consent.FieldList, consent.FieldBinds,
		} {
			column := columnOf(kind, field)
			isConfirmed := kind == consent.KindConfirm && field == consent.FieldDeclaration // The request that is confirmed has it.
			if takes := slices.Contains(columns, column); takes != kind.Takes(field) && !isConfirmed {
				t.Errorf("%s: column %s %v, field %s %v", kind, column, takes, field, kind.Takes(field))
			}
		}
		if slices.Contains(columns, colDomain) != kind.IsOf(consent.FormDomain) {
			t.Errorf("%s: the column domain is not where the kind has domains", kind)
		}
	}
}
