package tables

import (
	"context"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

// Reread is a subject with a row or a state that a write changed without an event of it, as storage.Changes.Reread names it.
type Reread struct {
	Revision int64 // of the head after the write
	Key      storage.SubjectKey
}

// Rereads returns what was changed so after one revision, up to another, by revision, at most limit of them; 0: all.
func Rereads(ctx context.Context, from storage.TableReader, after, upTo int64, limit int) ([]Reread, error) {
	statement := storage.Statement{
		Doing: "read which rows changed",
		SQL:   `SELECT revision, form, digest FROM revisions WHERE revision > $1 AND revision <= $2 ORDER BY revision, form, digest`,
		Args:  []any{after, upTo},
	}
	if limit > 0 {
		statement.SQL += ` LIMIT $3`
		statement.Args = append(statement.Args, limit)
	}
	_, rows, err := list(ctx, from, statement, func(scan storage.Scan) (r Reread, err error) {
		var digest []byte
		if err := scan(&r.Revision, &r.Key.Form, &digest); err != nil {
			return r, err
		}
		return r, column.Fixed("revisions.digest", r.Key.Digest[:], digest)
	})
	return rows, err
}
