package dossier

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/locale"
)

// untold are the facts that a dossier tells otherwise than by a field of their own, or that are about no person.
func untold() []string {
	return []string{
		"Transaction", "Document", "Details", // which parts of the evidence there are: it is shown, or said to be gone
		"Spelling", "Tagged", "Linked", // the address itself is shown, with the evidence
		"Retention",                                  // the client that recorded the event is
		"CatalogVersion", "Effective", "Document256", // of a catalog
		"ListVersion", "ListForm", "Obtained", "Freshness", "StaleDenies", // of a version of an external list, which is about no person
		"Resource", "Outcome", // of a ruling, which is about a send or a case
	}
}

func TestEvent_ShowsEveryFact(t *testing.T) {
	names := func(string, string) locale.Text { return locale.Text{} }
	of := func(facts consent.Facts) Event { return eventOf(nil, &consent.Event{Facts: facts}, names) }
	facts := reflect.TypeFor[consent.Facts]()
	for i := range facts.NumField() {
		field := facts.Field(i)
		if slices.Contains(untold(), field.Name) {
			continue
		}
		base := consent.Facts{Kind: consent.KindGrant}
		if field.Name == "Kind" {
			base.Kind = 0
		}
		if slices.Contains([]string{"Removed", "Until", "Count", "Positions"}, field.Name) {
			base.Kind = consent.KindRemoval
		}
		set := base
		fill(t, reflect.ValueOf(&set).Elem().Field(i))
		before, after := of(base), of(set)
		before.Summary, after.Summary = locale.Text{}, locale.Text{}
		if cmp.Equal(before, after) {
			t.Errorf("%s of an event is not in the dossier", field.Name)
		}
	}
}

// fill sets a value to another than its zero value, and than that of the facts it is in.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint, reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(2)
	case reflect.String:
		v.SetString("x")
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Array:
		fill(t, v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("a fact has the type %s", v.Type())
	}
}
