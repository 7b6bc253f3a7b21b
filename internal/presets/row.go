package presets

import (
	"strings"

	"github.com/assent-io/assent/internal/table"
)

// Columns are the names of the cells of rows. They are the same for all rows of a CSV file, so they are made once.
type Columns struct {
	// Names are the names as the file has them.
	Names []string
	at    map[string][]int
}

// NewColumns takes the header of a file. Columns are found without regard to case, spaces, hyphens and underscores. A name may be there twice.
func NewColumns(header []string) *Columns {
	c := &Columns{Names: header, at: make(map[string][]int, len(header))}
	for i, name := range header {
		name = plainName(name)
		c.at[name] = append(c.at[name], i)
	}
	return c
}

// plainName is the form of a name, and of a word in a cell, that is compared.
func plainName(name string) string { return table.Fold(name) }

// has reports whether there is such a column.
func (c *Columns) has(name string) bool { return len(c.at[plainName(name)]) > 0 }

func (c *Columns) hasAny(names []string) bool {
	for _, name := range names {
		if c.has(name) {
			return true
		}
	}
	return false
}

// Row is one row of a file.
type Row struct {
	Columns *Columns
	// Cells are as many as the columns.
	Cells []string
}

// cell returns the text of a column without spaces around it; empty: there is none. Two columns of the name that differ are ambiguous.
func (r Row) cell(plain string) (text string, ambiguous bool) {
	for _, i := range r.Columns.at[plain] {
		if i >= len(r.Cells) {
			continue
		}
		switch next := strings.TrimSpace(r.Cells[i]); {
		case next == "":
		case text == "":
			text = next
		case text != next:
			return text, true
		}
	}
	return text, false
}
