package tables

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
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
	_, rows, err := portable.List(ctx, from, statement, func(scan storage.Scan) (r Reread, err error) {
		var digest []byte
		if err := scan(&r.Revision, &r.Key.Form, &digest); err != nil {
			return r, err
		}
		return r, column.Fixed("revisions.digest", r.Key.Digest[:], digest)
	})
	return rows, err
}

// RereadSubjects returns the subjects of what was changed so after one revision, up to another: of whole revisions, and no more than so many
// subjects unless the first revision has more. It returns the last of these revisions.
func RereadSubjects(ctx context.Context, from storage.TableReader, after, upTo int64, most int) ([]storage.SubjectKey, int64, error) {
	rows, err := Rereads(ctx, from, after, upTo, most+1)
	if err != nil {
		return nil, 0, err
	}
	if len(rows) > most {
		if next := rows[most].Revision; rows[0].Revision < next {
			upTo = next - 1
			rows = slices.DeleteFunc(rows, func(r Reread) bool { return r.Revision > upTo })
		} else {
			upTo = next
			if rows, err = Rereads(ctx, from, after, upTo, 0); err != nil {
				return nil, 0, err
			}
		}
	}
	keys := make([]storage.SubjectKey, len(rows))
	for i := range rows {
		keys[i] = rows[i].Key
	}
	return keys, upTo, nil
}
