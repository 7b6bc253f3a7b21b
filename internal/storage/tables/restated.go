package tables

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// Restated are facts that a batch states and that an event of another batch has recorded, so they are not recorded again. They last when that
// batch is undone. The positions are those of the events, in ascending order, each once; there is at least one.
type Restated struct {
	Batch     consent.BatchID
	Positions []int64
	Digest    [16]byte // of the positions, of a row that was read: it tells the rows of a batch apart
}

const (
	restatedColumns = `batch, digest, first_position, last_position, positions`
	// restatedGap is how far apart positions are at most that are asked for together: what is stated in between is read for nothing.
	restatedGap = 1000
	// restatedPage is how many rows are read at once.
	restatedPage = 100
)

// RestatedAt adds to each of the positions, which are in ascending order, the batches that state what the event there does. A batch may be added
// twice. A page of rows at a time is in memory.
func RestatedAt(ctx context.Context, from storage.TableReader, positions []int64, batches map[int64][]consent.BatchID) error {
	for len(positions) > 0 {
		n := 1
		for n < len(positions) && positions[n]-positions[n-1] <= restatedGap {
			n++
		}
		part := positions[:n]
		positions = positions[n:]
		for after := (&Restated{}); after != nil; {
			page, err := RestatedIn(ctx, from, part[0], part[n-1], after, restatedPage)
			if err != nil {
				return err
			}
			for i := range page {
				for _, position := range part {
					if _, found := slices.BinarySearch(page[i].Positions, position); found {
						batches[position] = append(batches[position], page[i].Batch)
					}
				}
			}
			if after = nil; len(page) == restatedPage {
				after = &page[len(page)-1]
			}
		}
	}
	return nil
}

// RestatedIn returns the rows that may have a position from first to last, both included, by their last position: those after the one given, which
// is the zero one for the first page, at most limit of them.
func RestatedIn(ctx context.Context, from storage.TableReader, first, last int64, after *Restated, limit int) ([]Restated, error) {
	var afterFirst, afterLast int64
	if n := len(after.Positions); n > 0 {
		afterFirst, afterLast = after.Positions[0], after.Positions[n-1]
	}
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read what batches state as well",
		// The order is that of an index, which has both ends of a row.
		SQL: `SELECT ` + restatedColumns + ` FROM restated
			WHERE last_position >= $1 AND first_position <= $2 AND (last_position, first_position, batch, digest) > ($3, $4, $5, $6)
			ORDER BY last_position, first_position, batch, digest LIMIT $7`,
		Args: []any{max(first, afterLast), last, afterLast, afterFirst, after.Batch[:], after.Digest[:], max(limit, 0)},
	}, scanRestated)
	return rows, err
}

// Restates reports whether a batch has rows.
func Restates(ctx context.Context, from storage.TableReader, batch consent.BatchID) (bool, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read what a batch states as well",
		SQL:   `SELECT ` + restatedColumns + ` FROM restated WHERE batch = $1 LIMIT 1`, Args: []any{batch[:]},
	}, scanRestated)
	return len(rows) > 0, err
}

// PutRestated adds a row, unless the batch has one with the same positions.
func PutRestated(r *Restated) storage.Statement {
	first, packed := r.Positions[0], packPositions(r.Positions)
	digest := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, uint64(first)), packed...)) //nolint:gosec // Positions are positive.
	return storage.Statement{
		Doing: "note what a batch states as well",
		SQL:   portable.InsertInto("restated", restatedColumns) + ` ON CONFLICT (batch, digest) DO NOTHING`,
		Args:  []any{r.Batch[:], digest[:16], first, r.Positions[len(r.Positions)-1], column.NotNull(packed)},
	}
}

// DropRestated deletes the rows of a batch.
func DropRestated(batch consent.BatchID) storage.Statement {
	return storage.Statement{
		Doing: "forget what a batch states as well", SQL: `DELETE FROM restated WHERE batch = $1`, Args: []any{batch[:]},
	}
}

// packPositions packs what comes after the first of ascending positions: of each the distance from the one before, as an unsigned varint.
func packPositions(positions []int64) []byte {
	var packed []byte
	for i, position := range positions[1:] {
		packed = binary.AppendUvarint(packed, uint64(position-positions[i])) //nolint:gosec // They ascend.
	}
	return packed
}

// errPositions says of a row that its positions are not what packPositions made.
var errPositions = errors.New("restated.positions are not distances from the first position to the last one")

func unpackPositions(first, last int64, packed []byte) ([]int64, error) {
	positions := []int64{first}
	for at := first; len(packed) > 0; {
		distance, n := binary.Uvarint(packed)
		if n <= 0 || distance == 0 || at > last || distance > uint64(last-at) { //nolint:gosec // It is not negative.
			return nil, errPositions
		}
		at += int64(distance) //nolint:gosec // It is at most last.
		positions, packed = append(positions, at), packed[n:]
	}
	if positions[len(positions)-1] != last {
		return nil, errPositions
	}
	return positions, nil
}

func scanRestated(scan storage.Scan) (Restated, error) {
	var r Restated
	var batch, digest, packed []byte
	var first, last int64
	err := scan(&batch, &digest, &first, &last, &packed)
	if err != nil {
		return Restated{}, err
	}
	if r.Positions, err = unpackPositions(first, last, packed); err != nil {
		return Restated{}, err
	}
	if err := column.Fixed("restated.batch", r.Batch[:], batch); err != nil {
		return Restated{}, err
	}
	return r, column.Fixed("restated.digest", r.Digest[:], digest)
}
