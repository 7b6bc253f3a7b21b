package casetable

import (
	"context"

	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// CasesAbout returns the cases of a folded address that came by one way, or by any if that is empty, the last one first; at most limit of them.
func CasesAbout(ctx context.Context, from storage.TableReader, folded [32]byte, origin string, limit int) ([]Case, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the cases of a person",
		SQL:   `SELECT ` + caseColumns + ` FROM cases WHERE folded = $1 AND (origin = $2 OR CAST($3 AS integer) = 1) ORDER BY id DESC LIMIT $4`,
		Args:  []any{folded[:], origin, portable.OneIf(origin == ""), max(limit, 0)},
	}, scanCase)
	return rows, err
}
