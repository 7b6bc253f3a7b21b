package presets

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/assent-io/assent/internal/jsonlist"
)

// The limits of an object that is a row.
const (
	maxDepth  = 20
	maxFields = 10_000
	maxPath   = 1_000 // bytes of the name of a column
)

// ObjectRow makes a row of an item of a JSON list. Members of members become columns with dots, and elements of lists have their number from
// 0: {"reason":{"code":"hardBounce"},"tags":["a"]} has the columns reason.code and tags.0. Null and an empty list are an empty cell. An item that is a text has
// it in the column of the address.
//
// The error says what is wrong with the item, and repeats nothing of it.
func (p *Preset) ObjectRow(item jsonlist.Object) (Row, error) {
	if text, ok := item[""].(string); ok && len(item) == 1 {
		return Row{Columns: NewColumns(p.address[:1]), Cells: []string{text}}, nil
	}
	f := &flattener{}
	if err := f.object("", item, 1); err != nil {
		return Row{}, err
	}
	return Row{Columns: NewColumns(f.names), Cells: f.cells}, nil
}

// flattener makes columns and cells of an object.
type flattener struct {
	names []string
	cells []string
}

func (f *flattener) object(path string, object map[string]any, depth int) error {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		// A dot in a name would make it another path.
		if err := f.value(path+strings.ReplaceAll(name, ".", " "), object[name], depth); err != nil {
			return err
		}
	}
	return nil
}

func (f *flattener) value(path string, value any, depth int) error {
	switch {
	case len(path) > maxPath:
		return errors.New("the names of its members are longer than " + strconv.Itoa(maxPath) + " bytes")
	case depth > maxDepth:
		return errors.New("it is nested more than " + strconv.Itoa(maxDepth) + " levels deep")
	}
	switch v := value.(type) {
	case map[string]any:
		return f.object(path+".", v, depth+1)
	case []any:
		if len(v) == 0 {
			return f.add(path, "")
		}
		for i, one := range v {
			if err := f.value(path+"."+strconv.Itoa(i), one, depth+1); err != nil {
				return err
			}
		}
		return nil
	case string:
		return f.add(path, v)
	case json.Number:
		return f.add(path, v.String())
	case bool:
		return f.add(path, strconv.FormatBool(v))
	default:
		return f.add(path, "")
	}
}

func (f *flattener) add(path, text string) error {
	if len(f.names) == maxFields {
		return errors.New("it has more than " + strconv.Itoa(maxFields) + " values")
	}
	f.names, f.cells = append(f.names, path), append(f.cells, text)
	return nil
}
