// Package portable writes and runs the SQL of tables that PostgreSQL and SQLite have in common, for package tables and those below it.
package portable

import (
	"context"
	"strconv"
	"strings"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

// List reads rows of one kind.
func List[Row any](
	ctx context.Context, from storage.TableReader, statement storage.Statement, scan func(storage.Scan) (Row, error),
) (storage.Head, []Row, error) {
	var rows []Row
	head, err := from.QueryTable(ctx, statement, column.AppendTo(&rows, scan))
	if err != nil {
		return storage.Head{}, nil, err
	}
	return head, rows, nil
}

// InsertInto returns the SQL that adds a row to a table.
func InsertInto(table, columns string) string {
	placeholders := make([]string, strings.Count(columns, ",")+1)
	for i := range placeholders {
		placeholders[i] = "$" + strconv.Itoa(i+1)
	}
	return "INSERT INTO " + table + " (" + columns + ") VALUES (" + strings.Join(placeholders, ", ") + ")"
}

// ReplaceIn returns the SQL that adds a row to a table, or replaces the one that has its key.
func ReplaceIn(table, key, columns string) string {
	var sets []string
	for name := range strings.SplitSeq(columns, ",") {
		name = strings.TrimSpace(name)
		sets = append(sets, name+" = excluded."+name)
	}
	return InsertInto(table, columns) + " ON CONFLICT (" + key + ") DO UPDATE SET " + strings.Join(sets, ", ")
}

// OneIf returns a truth as both databases store it: 1 or 0.
func OneIf(is bool) int {
	if is {
		return 1
	}
	return 0
}
