package tables

import (
	"context"
	"math"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// The states of imports.
const (
	ImportWaiting  = "waiting"  // its file was not read to its end, and no upload is under way
	ImportRunning  = "running"  // an upload is under way, or was cut with its server
	ImportComplete = "complete" // its file was read to its end
	ImportUndoing  = "undoing"  // its undo is pending; this and the next are not stored, they follow from the undo of its batch
	ImportUndone   = "undone"
)

// Import is a list of another tool that was, or is to be, recorded as one batch.
type Import struct {
	ID consent.BatchID
	// Identity is a keyed digest of the client, the file and the options. Of one identity there is at most one import that is not undone.
	Identity   [16]byte
	Client     string
	Department string // of the client; empty: it acts for all
	// Sealed has the options, but neither the name of the file nor its digest: both can tell of a person.
	Sealed  []byte
	Size    int64 // of the file, in bytes
	Created consent.Instant

	State     string
	Upload    [16]byte        // the upload that may go on; zero: none
	Updated   consent.Instant // zero: no upload began
	Completed consent.Instant // zero: not
	Report    string          // JSON
	UndoneBy  string          // the client that began its undo; empty: none did
	Undone    consent.Instant // when; zero: none did
}

const (
	importColumns = `id, identity, client, department, sealed, size, created_time, state, upload, updated_time, completed_time, report`
	// readImports reads imports with what became of their batches, of which the undo notes nothing in their rows.
	readImports = `SELECT ` + importColumns + `, u.position, u.started_by, u.started_time FROM imports LEFT JOIN undos AS u ON u.batch = imports.id`
)

// ImportOf returns the import with the id, if there is one.
func ImportOf(ctx context.Context, from storage.TableReader, id consent.BatchID) ([]Import, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read an import", SQL: readImports + ` WHERE id = $1`, Args: []any{id[:]},
	}, scanImport)
	return rows, err
}

// ImportOfFile returns the import of an identity that is not undone and not being undone, if there is one.
func ImportOfFile(ctx context.Context, from storage.TableReader, identity [16]byte) ([]Import, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the import of a file",
		SQL:   readImports + ` WHERE identity = $1 AND u.batch IS NULL`, Args: []any{identity[:]},
	}, scanImport)
	return rows, err
}

// Imports returns imports of a department, or of all if it is empty, the newest first: those created before the one given, which is the zero one
// for the first page, at most limit of them.
func Imports(ctx context.Context, from storage.TableReader, department string, before *Import, limit int) ([]Import, error) {
	created := int64(before.Created)
	if created == 0 {
		created = math.MaxInt64
	}
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read imports",
		SQL: readImports + ` WHERE ($1 = '' OR department = $1) AND (created_time, id) < ($2, $3)
			ORDER BY created_time DESC, id DESC LIMIT $4`,
		Args: []any{department, created, before.ID[:], max(limit, 0)},
	}, scanImport)
	return rows, err
}

// ImportStates returns how many imports there are in each state that any has.
func ImportStates(ctx context.Context, from storage.TableReader) (map[string]int64, error) {
	counts := map[string]int64{}
	_, _, err := portable.List(ctx, from, storage.Statement{
		Doing: "count imports",
		SQL: `SELECT CASE WHEN u.position IS NULL THEN state WHEN u.position = 0 THEN 'undoing' ELSE 'undone' END AS now, COUNT(*)
			FROM imports LEFT JOIN undos AS u ON u.batch = imports.id GROUP BY now`,
	}, func(scan storage.Scan) (struct{}, error) {
		var state string
		var n int64
		err := scan(&state, &n)
		counts[state] = n
		return struct{}{}, err
	})
	return counts, err
}

// AddImport adds an import, unless there is one of its identity that is not undone: which one there is, is read afterwards.
func AddImport(i *Import) storage.Statement {
	return storage.Statement{
		Doing: "store an import",
		// The generation is how many imports of the identity were undone: of two that are added at once, the index takes one.
		SQL: `INSERT INTO imports (` + importColumns + `, generation) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
			(SELECT COUNT(*) FROM imports AS i JOIN undos AS u ON u.batch = i.id WHERE i.identity = $2)) ON CONFLICT DO NOTHING`,
		Args: []any{
			i.ID[:], i.Identity[:], i.Client, i.Department, column.NotNull(i.Sealed), i.Size, int64(i.Created), i.State, i.Upload[:],
			column.InstantOrNull(i.Updated), column.InstantOrNull(i.Completed), i.Report,
		},
	}
}

// BeginUpload lets an upload of an import go on in the place of any other, unless the import is complete, or is or was undone: which upload goes
// on is read afterwards.
func BeginUpload(id consent.BatchID, upload [16]byte, at consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "begin an upload",
		SQL: `UPDATE imports SET upload = $2, state = 'running', updated_time = $3
			WHERE id = $1 AND (state = 'waiting' OR state = 'running')`,
		Args: []any{id[:], upload[:], int64(at)},
	}
}

// NoteUpload stores how far an upload is, unless it may not go on.
func NoteUpload(id consent.BatchID, upload [16]byte, at consent.Instant, report string) storage.Statement {
	return storage.Statement{
		Doing: "note how far an upload is",
		SQL:   `UPDATE imports SET updated_time = $3, report = $4 WHERE id = $1 AND upload = $2 AND state = 'running'`,
		Args:  []any{id[:], upload[:], int64(at), report},
	}
}

// EndUpload ends an upload that may go on: with the file read to its end, or cut.
func EndUpload(id consent.BatchID, upload [16]byte, at consent.Instant, report string, complete bool) storage.Statement {
	state, completed := ImportWaiting, consent.Instant(0)
	if complete {
		state, completed = ImportComplete, at
	}
	return storage.Statement{
		Doing: "end an upload",
		SQL: `UPDATE imports SET updated_time = $3, report = $4, state = $5, completed_time = $6
			WHERE id = $1 AND upload = $2 AND state = 'running'`,
		Args: []any{id[:], upload[:], int64(at), report, state, column.InstantOrNull(completed)},
	}
}

// RemoveImport removes an import with the upload that may go on. Nothing may have been recorded with it.
func RemoveImport(id consent.BatchID, upload [16]byte) storage.Statement {
	return storage.Statement{
		Doing: "remove an import",
		SQL:   `DELETE FROM imports WHERE id = $1 AND upload = $2 AND state = 'running'`,
		Args:  []any{id[:], upload[:]},
	}
}

func scanImport(scan storage.Scan) (Import, error) {
	var i Import
	var id, identity, upload []byte
	var updated, completed, position, undone *int64
	var undoneBy *string
	err := scan(&id, &identity, &i.Client, &i.Department, &i.Sealed, &i.Size, (*int64)(&i.Created), &i.State, &upload, &updated, &completed,
		&i.Report, &position, &undoneBy, &undone)
	if err != nil {
		return Import{}, err
	}
	if position != nil && undoneBy != nil {
		i.UndoneBy = *undoneBy
		if i.State = ImportUndoing; *position != 0 {
			i.State = ImportUndone
		}
	}
	i.Updated, i.Completed, i.Undone = column.Instant(updated), column.Instant(completed), column.Instant(undone)
	if err := column.Fixed("imports.identity", i.Identity[:], identity); err != nil {
		return Import{}, err
	}
	if err := column.Fixed("imports.upload", i.Upload[:], upload); err != nil {
		return Import{}, err
	}
	return i, column.Fixed("imports.id", i.ID[:], id)
}
