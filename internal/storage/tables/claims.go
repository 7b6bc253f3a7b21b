package tables

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// Claim is what is kept of an erased person for the defence of claims, sealed under the key of an officer.
type Claim struct {
	ID     [16]byte
	Until  consent.Instant
	Sealed []byte
}

// HasEnded reports whether the claim is to be destroyed, which the next run of the retention does: then nothing may tell it any more.
func (c *Claim) HasEnded(now consent.Instant) bool { return c.Until <= now }

const claimColumns = `id, until_time, sealed`

// Claims returns the claims with an id greater than after, by id, at most limit of them.
func Claims(ctx context.Context, from storage.TableReader, after [16]byte, limit int) ([]Claim, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read claims", SQL: `SELECT ` + claimColumns + ` FROM claims WHERE id > $1 ORDER BY id LIMIT $2`,
		Args: []any{after[:], max(limit, 0)},
	}, scanClaim)
	return rows, err
}

// ClaimsOf returns the claim with the id, if there is one.
func ClaimsOf(ctx context.Context, from storage.TableReader, id [16]byte) ([]Claim, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read a claim", SQL: `SELECT ` + claimColumns + ` FROM claims WHERE id = $1`, Args: []any{id[:]},
	}, scanClaim)
	return rows, err
}

// AddClaim adds a claim; that its id exists already is an error.
func AddClaim(c *Claim) storage.Statement {
	return storage.Statement{
		Doing: "store a claim", SQL: portable.InsertInto("claims", claimColumns), Args: []any{c.ID[:], int64(c.Until), column.NotNull(c.Sealed)},
	}
}

// DropClaim deletes a claim, if there is one with the id.
func DropClaim(id [16]byte) storage.Statement {
	return storage.Statement{Doing: "delete a claim", SQL: `DELETE FROM claims WHERE id = $1`, Args: []any{id[:]}}
}

func scanClaim(scan storage.Scan) (Claim, error) {
	var c Claim
	var id []byte
	if err := scan(&id, (*int64)(&c.Until), &c.Sealed); err != nil {
		return Claim{}, err
	}
	return c, column.Fixed("claims.id", c.ID[:], id)
}
