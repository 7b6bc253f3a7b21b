package table

import (
	"slices"
	"strings"
)

// Fold returns the name of a column without what programs write differently: case, spaces, hyphens, underscores and a byte order mark.
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\u00a0', '-', '_', '\ufeff':
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// Places returns where the columns with one of these names stand, in the order of the columns, compared by Fold. Several columns may have
// one name; At reads them as one.
func (r *Reader) Places(names ...string) []int {
	var wanted []string
	for _, name := range names {
		wanted = append(wanted, Fold(name))
	}
	var places []int
	for at, name := range r.header {
		if slices.Contains(wanted, Fold(name)) {
			places = append(places, at)
		}
	}
	return places
}

// At returns what stands in those columns of a row: nothing where all are empty or there are none. It returns a *RowError where two of them
// say different things, for then none can be believed.
func (r *Reader) At(row *Row, places []int) (string, error) {
	text := ""
	for _, at := range places {
		cell := row.Cells[at]
		if cell == "" || cell == text {
			continue
		}
		if text != "" {
			return "", &RowError{Line: row.Line, Last: row.Last, Text: r.ColumnName(at) + ": it stands there twice with different values"}
		}
		text = cell
	}
	return text, nil
}
