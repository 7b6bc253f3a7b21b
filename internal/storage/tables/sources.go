package tables

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// Source is an account of a provider that tells by webhook what became of messages.
type Source struct {
	ID         string
	Kind       string
	Client     string // whose account it is: what the source reports is recorded as by this client
	Department string // of that client; empty: it acts for all
	PathHash   [32]byte
	Settings   []byte // sealed: its path, secrets and what else its kind needs
	PriorUntil consent.Instant
	Created    consent.Instant
	CreatedBy  string // id of a client

	Held   consent.Instant // since when its complaints wait for a person; zero: they do not
	HeldBy string          // id of a client; empty: it reported too many

	// ComplaintHour is the hour since 1970 in which Complaints came.
	ComplaintHour, Complaints int64
}

const sourceColumns = `id, kind, client, department, path_hash, settings, prior_until, created_time, created_by, held_time, held_by,
	complaint_hour, complaints`

// Sources returns all sources, by id.
func Sources(ctx context.Context, from storage.TableReader) ([]Source, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read sources", SQL: `SELECT ` + sourceColumns + ` FROM sources ORDER BY id`,
	}, scanSource)
	return rows, err
}

// SourceOf returns the source with the id, if there is one.
func SourceOf(ctx context.Context, from storage.TableReader, id string) ([]Source, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read a source", SQL: `SELECT ` + sourceColumns + ` FROM sources WHERE id = $1`, Args: []any{id},
	}, scanSource)
	return rows, err
}

// SourceAt returns the source whose path has the hash, if there is one.
func SourceAt(ctx context.Context, from storage.TableReader, pathHash [32]byte) ([]Source, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "find a source", SQL: `SELECT ` + sourceColumns + ` FROM sources WHERE path_hash = $1`, Args: []any{pathHash[:]},
	}, scanSource)
	return rows, err
}

// AddSource adds a source; that its id or its path exists already is an error.
func AddSource(s *Source) storage.Statement {
	return storage.Statement{Doing: "store a source", SQL: portable.InsertInto("sources", sourceColumns), Args: []any{
		s.ID, s.Kind, s.Client, s.Department, s.PathHash[:], column.NotNull(s.Settings), column.InstantOrNull(s.PriorUntil), int64(s.Created),
		s.CreatedBy, column.InstantOrNull(s.Held), s.HeldBy, s.ComplaintHour, s.Complaints,
	}}
}

// ChangeSource stores the settings of a source.
func ChangeSource(s *Source) storage.Statement {
	return storage.Statement{
		Doing: "change a source", SQL: `UPDATE sources SET settings = $2, prior_until = $3 WHERE id = $1`,
		Args: []any{s.ID, column.NotNull(s.Settings), column.InstantOrNull(s.PriorUntil)},
	}
}

// HoldSource holds a source that is not held.
func HoldSource(id string, at consent.Instant, by string) storage.Statement {
	return storage.Statement{
		Doing: "hold a source", SQL: `UPDATE sources SET held_time = $2, held_by = $3 WHERE id = $1 AND held_time IS NULL`,
		Args: []any{id, int64(at), by},
	}
}

// ReleaseSource ends that a source is held, and begins its count of complaints anew.
func ReleaseSource(id string) storage.Statement {
	return storage.Statement{
		Doing: "release a source", SQL: `UPDATE sources SET held_time = NULL, held_by = '', complaint_hour = 0, complaints = 0 WHERE id = $1`,
		Args: []any{id},
	}
}

// CountComplaints adds complaints to those that a source reported in an hour, and forgets those of other hours.
func CountComplaints(id string, hour, complaints int64) storage.Statement {
	return storage.Statement{
		Doing: "count complaints",
		SQL: `UPDATE sources SET complaints = CASE WHEN complaint_hour = $2 THEN complaints + $3 ELSE CAST($3 AS bigint) END,
			complaint_hour = $2 WHERE id = $1`,
		Args: []any{id, hour, complaints},
	}
}

// DropSource deletes a source with the tokens that it has used.
func DropSource(id string) []storage.Statement {
	return []storage.Statement{
		{Doing: "delete tokens of a source", SQL: `DELETE FROM source_tokens WHERE source = $1`, Args: []any{id}},
		{Doing: "delete a source", SQL: `DELETE FROM sources WHERE id = $1`, Args: []any{id}},
	}
}

func scanSource(scan storage.Scan) (Source, error) {
	var s Source
	var pathHash []byte
	var priorUntil, held *int64
	err := scan(&s.ID, &s.Kind, &s.Client, &s.Department, &pathHash, &s.Settings, &priorUntil, (*int64)(&s.Created), &s.CreatedBy, &held,
		&s.HeldBy, &s.ComplaintHour, &s.Complaints)
	if err != nil {
		return Source{}, err
	}
	s.PriorUntil, s.Held = column.Instant(priorUntil), column.Instant(held)
	return s, column.Fixed("sources.path_hash", s.PathHash[:], pathHash)
}
