package sendtable

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// PersonalCap is how many messages of marketing a person wants at most within a period.
type PersonalCap struct {
	Folded [32]byte // keyed digest of the folded address
	Max    int64    // at least 1
	Per    string   // a period of ISO 8601
	Set    consent.Instant
}

const personalCapColumns = `folded, most, per, set_time`

// PersonalCaps returns the caps of persons, of those that have one.
func PersonalCaps(ctx context.Context, from storage.TableReader, of [][32]byte) ([]PersonalCap, error) {
	return readAbout(ctx, from, "read caps of persons", `SELECT `+personalCapColumns+` FROM personal_caps WHERE folded IN (`, `)`, of, scanPersonalCap)
}

// PersonalCapsBetween returns the caps of all persons from one digest to another, both included, at most limit of them.
func PersonalCapsBetween(ctx context.Context, from storage.TableReader, first, last [32]byte, limit int) ([]PersonalCap, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read caps of persons between",
		SQL:   `SELECT ` + personalCapColumns + ` FROM personal_caps WHERE folded >= $1 AND folded <= $2 ORDER BY folded LIMIT $3`,
		Args:  []any{first[:], last[:], max(limit, 0)},
	}, scanPersonalCap)
	return rows, err
}

// PutPersonalCap sets the cap of a person.
func PutPersonalCap(c *PersonalCap) storage.Statement {
	return storage.Statement{
		Doing: "set the cap of a person", SQL: portable.ReplaceIn("personal_caps", "folded", personalCapColumns),
		Args: []any{c.Folded[:], c.Max, c.Per, int64(c.Set)},
	}
}

// DropPersonalCap deletes the cap of a person, if there is one.
func DropPersonalCap(folded [32]byte) storage.Statement {
	return storage.Statement{Doing: "delete the cap of a person", SQL: `DELETE FROM personal_caps WHERE folded = $1`, Args: []any{folded[:]}}
}

func scanPersonalCap(scan storage.Scan) (PersonalCap, error) {
	var c PersonalCap
	var folded []byte
	if err := scan(&folded, &c.Max, &c.Per, (*int64)(&c.Set)); err != nil {
		return PersonalCap{}, err
	}
	return c, column.Fixed("personal_caps.folded", c.Folded[:], folded)
}
