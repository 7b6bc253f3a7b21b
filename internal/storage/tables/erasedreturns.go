package tables

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// Return tells that a client stated something about an erased person from before the erasure.
type Return struct {
	Subject consent.SubjectID // the folded one
	Day     int64             // days since 1970-01-01 UTC
	Client  string
	Count   int64
}

const returnColumns = `subject, day, client, count`

// Returns returns what came back of erased persons on the day and later, by day, client and subject, what comes after the one given, at
// most limit of them.
func Returns(ctx context.Context, from storage.TableReader, day int64, after *Return, limit int) ([]Return, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read returns",
		SQL: `SELECT ` + returnColumns + ` FROM erased_returns WHERE day >= $1 AND (day, client, subject) > ($2, $3, $4)
			ORDER BY day, client, subject LIMIT $5`,
		Args: []any{day, after.Day, after.Client, after.Subject[:], max(limit, 0)},
	}, scanReturn)
	return rows, err
}

// AddReturn adds to what is counted of the subject, the day and the client.
func AddReturn(r *Return) storage.Statement {
	return storage.Statement{
		Doing: "count a return",
		SQL: portable.InsertInto("erased_returns", returnColumns) +
			` ON CONFLICT (subject, day, client) DO UPDATE SET count = erased_returns.count + excluded.count`,
		Args: []any{r.Subject[:], r.Day, r.Client, r.Count},
	}
}

func scanReturn(scan storage.Scan) (Return, error) {
	var r Return
	var subject []byte
	if err := scan(&subject, &r.Day, &r.Client, &r.Count); err != nil {
		return Return{}, err
	}
	return r, column.Fixed("erased_returns.subject", r.Subject[:], subject)
}
