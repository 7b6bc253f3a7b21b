package tables

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

// FeedRemoval is an address that an erasure took, which the consumers that had it in clear, or as a hash without a key of their own, are to
// be told to forget.
type FeedRemoval struct {
	At      storage.Mark // the head after the transaction of the erasure
	ID      [16]byte     // random
	Sealed  []byte       // the exact form of the address
	Expires consent.Instant
}

const feedRemovalColumns = `position, revision, id, address, expires_time`

// FeedRemovals returns the removals that a consumer lacks that has everything up to one mark, and is to have everything up to another: those
// with a position or a revision after the one and not after the other. They come by position, revision and id, what comes after the one
// given, which may be the zero one, at most limit of them.
func FeedRemovals(
	ctx context.Context, from storage.TableReader, has, upTo storage.Mark, after *FeedRemoval, limit int,
) ([]FeedRemoval, error) {
	_, rows, err := list(ctx, from, storage.Statement{
		Doing: "read removals",
		SQL: `SELECT ` + feedRemovalColumns + ` FROM feed_removals
			WHERE (position > $1 AND position <= $2 OR revision > $3 AND revision <= $4) AND (position, revision, id) > ($5, $6, $7)
			ORDER BY position, revision, id LIMIT $8`,
		Args: []any{
			has.Position, upTo.Position, has.Revision, upTo.Revision, after.At.Position, after.At.Revision, after.ID[:], max(limit, 0),
		},
	}, scanFeedRemoval)
	return rows, err
}

// AddFeedRemoval adds a removal.
func AddFeedRemoval(r *FeedRemoval) storage.Statement {
	return storage.Statement{Doing: "store a removal", SQL: insertInto("feed_removals", feedRemovalColumns), Args: []any{
		r.At.Position, r.At.Revision, r.ID[:], column.NotNull(r.Sealed), int64(r.Expires),
	}}
}

// DropFeedRemovals deletes the removals that have expired, and those that every consumer has that has everything up to the mark.
func DropFeedRemovals(now consent.Instant, upTo storage.Mark) storage.Statement {
	return storage.Statement{
		Doing: "delete removals", SQL: `DELETE FROM feed_removals WHERE expires_time <= $1 OR position <= $2 AND revision <= $3`,
		Args: []any{int64(now), upTo.Position, upTo.Revision},
	}
}

func scanFeedRemoval(scan storage.Scan) (FeedRemoval, error) {
	var r FeedRemoval
	var id []byte
	if err := scan(&r.At.Position, &r.At.Revision, &id, &r.Sealed, (*int64)(&r.Expires)); err != nil {
		return FeedRemoval{}, err
	}
	return r, column.Fixed("feed_removals.id", r.ID[:], id)
}
