package tables

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// SoftBounce is a bounce that alone says little: several of them, without a delivery between, say that an address is dead.
type SoftBounce struct {
	ID       [16]byte // keyed digest of the report: the same report twice is one row
	Exact    [32]byte // keyed digest of the exact address
	Folded   [32]byte // and of its folded form
	Second   bool     // two of these are enough
	Report   consent.Instant
	Received consent.Instant
	Ended    bool // its series has ended: by a delivery, or because it was enough. It is there so that the report is known again.
}

const softBounceColumns = `id, exact, folded, second, report_time, received_time, ended`

// SoftBounces returns the soft bounces of an address, those whose series has ended included, by time and id.
func SoftBounces(ctx context.Context, from storage.TableReader, exact [32]byte) ([]SoftBounce, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read soft bounces",
		SQL:   `SELECT ` + softBounceColumns + ` FROM soft_bounces WHERE exact = $1 ORDER BY report_time, id`, Args: []any{exact[:]},
	}, scanSoftBounce)
	return rows, err
}

// AddSoftBounce adds a soft bounce, unless there is one of its id.
func AddSoftBounce(b *SoftBounce) storage.Statement {
	return storage.Statement{
		Doing: "store a soft bounce", SQL: portable.InsertInto("soft_bounces", softBounceColumns) + " ON CONFLICT DO NOTHING",
		Args: []any{b.ID[:], b.Exact[:], b.Folded[:], portable.OneIf(b.Second), int64(b.Report), int64(b.Received), portable.OneIf(b.Ended)},
	}
}

// EndSoftBounces ends the series of an address: of the bounces up to an instant.
func EndSoftBounces(exact [32]byte, upTo consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "end a series of soft bounces",
		SQL:   `UPDATE soft_bounces SET ended = 1 WHERE exact = $1 AND report_time <= $2 AND ended = 0`, Args: []any{exact[:], int64(upTo)},
	}
}

// DropSoftBouncesAbout deletes the soft bounces of an address by the digest of its exact or of its folded form.
func DropSoftBouncesAbout(exact, folded [32]byte) storage.Statement {
	return storage.Statement{
		Doing: "delete soft bounces of an address", SQL: `DELETE FROM soft_bounces WHERE exact = $1 OR folded = $2`,
		Args: []any{exact[:], folded[:]},
	}
}

// DropOldSoftBounces deletes the soft bounces that were received before an instant.
func DropOldSoftBounces(before consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "delete old soft bounces", SQL: `DELETE FROM soft_bounces WHERE received_time < $1`, Args: []any{int64(before)},
	}
}

func scanSoftBounce(scan storage.Scan) (SoftBounce, error) {
	var b SoftBounce
	var id, exact, folded []byte
	var second, ended int64
	if err := scan(&id, &exact, &folded, &second, (*int64)(&b.Report), (*int64)(&b.Received), &ended); err != nil {
		return SoftBounce{}, err
	}
	b.Second, b.Ended = second != 0, ended != 0
	if err := column.Fixed("soft_bounces.exact", b.Exact[:], exact); err != nil {
		return SoftBounce{}, err
	}
	if err := column.Fixed("soft_bounces.folded", b.Folded[:], folded); err != nil {
		return SoftBounce{}, err
	}
	return b, column.Fixed("soft_bounces.id", b.ID[:], id)
}
