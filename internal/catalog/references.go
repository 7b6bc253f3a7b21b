package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/catalog/yamlread"
	"github.com/assent-io/assent/internal/yamltext"
)

// at returns the path of an entry of a list.
func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// distinct reports ids of a list that are defined twice.
func distinct[T any](d *yamlread.Reader, list, key string, items []T, id func(*T) string) {
	first := map[string]int{}
	for i := range items {
		name := id(&items[i])
		if name == "" {
			continue
		}
		path := at(list, i) + "." + key
		if earlier, taken := first[name]; taken {
			d.Fail(path, "%s is defined twice, first on line %d; give this one another %s",
				yamltext.Quote(name), d.Lines()[at(list, earlier)+"."+key], key)
			continue
		}
		first[name] = i
	}
}

// refer reports an id that nothing defines. An empty one was reported when it
// was read.
func refer[T any](d *yamlread.Reader, path, kind, id string, defined map[string]*T) bool {
	if _, ok := defined[id]; ok || id == "" {
		return ok
	}
	d.Fail(path, "no %s has the id %s; %s", kind, yamltext.Quote(id), known(kind, defined))
	return false
}

// known lists the ids that would be right, as far as they can be read at a
// glance.
func known[T any](kind string, defined map[string]*T) string {
	const shown = 8
	var ids []string
	for id := range defined {
		if id != "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	switch {
	case len(ids) == 0:
		return "the catalog defines no " + kind
	case len(ids) > shown:
		return fmt.Sprintf("the catalog defines %s and %d more", strings.Join(ids[:shown], ", "), len(ids)-shown)
	default:
		return "the catalog defines " + strings.Join(ids, ", ")
	}
}
