package tables

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// FeedRemoval is an address that an erasure took, which the consumers that had it in clear, or as a hash without a key of their own, are to
// be told to forget.
type FeedRemoval struct {
	At      storage.Mark // the head after the transaction of the erasure
	ID      [16]byte     // the same of each erasure of the person
	Sealed  []byte       // the exact form of the address
	Expires consent.Instant
}

const feedRemovalColumns = `position, revision, id, address, expires_time`

// FeedRemovals returns the removals that a consumer lacks that has everything up to one mark, and has with another: those with a position or a
// revision after the one, and neither after the other, so that marks in a row return each removal once. They come by position, revision and
// id, what comes after the one given, which may be the zero one, at most limit of them.
func FeedRemovals(
	ctx context.Context, from storage.TableReader, has, upTo storage.Mark, after *FeedRemoval, limit int,
) ([]FeedRemoval, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read removals",
		SQL: `SELECT ` + feedRemovalColumns + ` FROM feed_removals
			WHERE (position > $1 OR revision > $3) AND position <= $2 AND revision <= $4 AND (position, revision, id) > ($5, $6, $7)
			ORDER BY position, revision, id LIMIT $8`,
		Args: []any{
			has.Position, upTo.Position, has.Revision, upTo.Revision, after.At.Position, after.At.Revision, after.ID[:], max(limit, 0),
		},
	}, scanFeedRemoval)
	return rows, err
}

// PutFeedRemoval adds a removal, in the place of an earlier one of the same person.
func PutFeedRemoval(r *FeedRemoval) storage.Statement {
	return storage.Statement{Doing: "store a removal", SQL: portable.ReplaceIn("feed_removals", "id", feedRemovalColumns), Args: []any{
		r.At.Position, r.At.Revision, r.ID[:], column.NotNull(r.Sealed), int64(r.Expires),
	}}
}

// EndedRemovals says which removals are not kept any more: those that expire at Expired or earlier, and of those that expire at Told or
// earlier the ones that every consumer has that has everything up to UpTo.
type EndedRemovals struct {
	Expired, Told consent.Instant
	UpTo          storage.Mark
}

const endedRemovals = ` FROM feed_removals WHERE (expires_time <= $1 OR expires_time <= $2 AND position <= $3 AND revision <= $4)`

// DropFeedRemovals returns what deletes removals, and notes the mark of the last of them, which belong into one transaction.
func DropFeedRemovals(ended EndedRemovals) []storage.Statement {
	args := []any{int64(ended.Expired), int64(ended.Told), ended.UpTo.Position, ended.UpTo.Revision}
	return []storage.Statement{
		{
			Doing: "note which removals are deleted",
			SQL: `INSERT INTO feed_removals_dropped (id, position, revision) SELECT 1, MAX(position), MAX(revision)` + endedRemovals +
				` HAVING COUNT(*) > 0 ON CONFLICT (id) DO UPDATE SET
				position = CASE WHEN excluded.position > feed_removals_dropped.position
					THEN excluded.position ELSE feed_removals_dropped.position END,
				revision = CASE WHEN excluded.revision > feed_removals_dropped.revision
					THEN excluded.revision ELSE feed_removals_dropped.revision END`,
			Args: args,
		},
		{Doing: "delete removals", SQL: `DELETE` + endedRemovals, Args: args},
	}
}

// DroppedFeedRemovals returns the mark up to which removals were deleted; zero: none was.
func DroppedFeedRemovals(ctx context.Context, from storage.TableReader) (storage.Mark, error) {
	_, marks, err := portable.List(ctx, from, storage.Statement{
		Doing: "read up to where removals were deleted", SQL: `SELECT position, revision FROM feed_removals_dropped`,
	}, func(scan storage.Scan) (m storage.Mark, err error) { return m, scan(&m.Position, &m.Revision) })
	if err != nil || len(marks) == 0 {
		return storage.Mark{}, err
	}
	return marks[0], nil
}

// PendingRemovals are how many removals a consumer has not acknowledged.
type PendingRemovals struct {
	Consumer string
	Count    int64
}

// PendingFeedRemovals counts the removals that expire until the instant by the consumers that have not acknowledged them, of all that were
// not revoked and are not of the form that is left out, or of the one with the id. Those without any are missing.
func PendingFeedRemovals(
	ctx context.Context, from storage.TableReader, id, without string, expire consent.Instant,
) ([]PendingRemovals, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "count removals",
		SQL: `SELECT c.id, COUNT(*) FROM consumers c
			JOIN feed_removals r ON r.position > c.acknowledged_position OR r.revision > c.acknowledged_revision
			WHERE c.revoked_time IS NULL AND ($1 = '' OR c.id = $1) AND c.form <> $2 AND r.expires_time <= $3 GROUP BY c.id ORDER BY c.id`,
		Args: []any{id, without, int64(expire)},
	}, func(scan storage.Scan) (p PendingRemovals, err error) { return p, scan(&p.Consumer, &p.Count) })
	return rows, err
}

func scanFeedRemoval(scan storage.Scan) (FeedRemoval, error) {
	var r FeedRemoval
	var id []byte
	if err := scan(&r.At.Position, &r.At.Revision, &id, &r.Sealed, (*int64)(&r.Expires)); err != nil {
		return FeedRemoval{}, err
	}
	return r, column.Fixed("feed_removals.id", r.ID[:], id)
}
