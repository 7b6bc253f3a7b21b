package tables

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// ExternalList is an external list as it was created.
type ExternalList struct {
	ID        string
	Name      string
	Binds     string
	Form      string
	Freshness string // a period of ISO 8601; empty: the list never becomes stale
	WhenStale string

	Created   consent.Instant
	CreatedBy string // id of a client
}

// ExternalListVersion is a version of an external list. Its bytes are stored in chunks under their SHA-256.
type ExternalListVersion struct {
	List     string
	Version  int64 // 1, 2, 3 … of each list
	SHA256   [32]byte
	Size     int64 // of the stored bytes
	Entries  int64
	Asked    int64 // how many addresses the keeper of the list was asked about; 0: the list is about all
	Obtained consent.Instant

	Uploaded   consent.Instant
	UploadedBy string // id of a client
}

// ListActivation is an event of kind list.
type ListActivation struct {
	Position int64
	List     string
	Version  int64
	Header   []byte // of the event
}

const (
	externalListColumns        = `id, name, binds, form, freshness, when_stale, created_time, created_by`
	externalListVersionColumns = `list, version, sha256, size, entries, asked, obtained_time, uploaded_time, uploaded_by`
	listActivationColumns      = `position, list, version, header`
)

// ExternalLists returns the lists with an id greater than after, by id, at most limit of them.
func ExternalLists(ctx context.Context, from storage.TableReader, after string, limit int) ([]ExternalList, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read external lists", SQL: `SELECT ` + externalListColumns + ` FROM external_lists WHERE id > $1 ORDER BY id LIMIT $2`,
		Args: []any{after, max(limit, 0)},
	}, scanExternalList)
	return rows, err
}

// ExternalListOf returns the list with the id, if there is one.
func ExternalListOf(ctx context.Context, from storage.TableReader, id string) ([]ExternalList, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read an external list", SQL: `SELECT ` + externalListColumns + ` FROM external_lists WHERE id = $1`, Args: []any{id},
	}, scanExternalList)
	return rows, err
}

// AddExternalList adds a list; that its id exists already is an error.
func AddExternalList(l *ExternalList) storage.Statement {
	return storage.Statement{
		Doing: "store an external list", SQL: portable.InsertInto("external_lists", externalListColumns),
		Args: []any{l.ID, l.Name, l.Binds, l.Form, l.Freshness, l.WhenStale, int64(l.Created), l.CreatedBy},
	}
}

func scanExternalList(scan storage.Scan) (ExternalList, error) {
	var l ExternalList
	err := scan(&l.ID, &l.Name, &l.Binds, &l.Form, &l.Freshness, &l.WhenStale, (*int64)(&l.Created), &l.CreatedBy)
	return l, err
}

// ExternalListVersions returns the versions of a list, the last first.
func ExternalListVersions(ctx context.Context, from storage.TableReader, id string) ([]ExternalListVersion, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the versions of an external list",
		SQL:   `SELECT ` + externalListVersionColumns + ` FROM external_list_versions WHERE list = $1 ORDER BY version DESC`, Args: []any{id},
	}, scanExternalListVersion)
	return rows, err
}

// AddExternalListVersion adds a version; that its number exists already is an error.
func AddExternalListVersion(v *ExternalListVersion) storage.Statement {
	return storage.Statement{
		Doing: "store a version of an external list", SQL: portable.InsertInto("external_list_versions", externalListVersionColumns),
		Args: []any{
			v.List, v.Version, v.SHA256[:], v.Size, v.Entries, v.Asked, int64(v.Obtained), int64(v.Uploaded), v.UploadedBy,
		},
	}
}

func scanExternalListVersion(scan storage.Scan) (ExternalListVersion, error) {
	var v ExternalListVersion
	var sum []byte
	if err := scan(&v.List, &v.Version, &sum, &v.Size, &v.Entries, &v.Asked, (*int64)(&v.Obtained), (*int64)(&v.Uploaded),
		&v.UploadedBy); err != nil {
		return ExternalListVersion{}, err
	}
	return v, column.Fixed("external_list_versions.sha256", v.SHA256[:], sum)
}

// ListChunks returns the chunks of stored bytes from a number on, by number, at most limit of them.
func ListChunks(ctx context.Context, from storage.TableReader, sum [32]byte, number int64, limit int) ([][]byte, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the bytes of an external list",
		SQL:   `SELECT bytes FROM external_list_chunks WHERE sha256 = $1 AND number >= $2 ORDER BY number LIMIT $3`,
		Args:  []any{sum[:], number, max(limit, 0)},
	}, func(scan storage.Scan) (chunk []byte, err error) { return chunk, scan(&chunk) })
	return rows, err
}

// PutListChunk stores a chunk. One that is stored has the same bytes, and stays.
func PutListChunk(sum [32]byte, number int64, chunk []byte) storage.Statement {
	return storage.Statement{
		Doing: "store the bytes of an external list",
		SQL:   portable.InsertInto("external_list_chunks", `sha256, number, bytes`) + ` ON CONFLICT (sha256, number) DO NOTHING`,
		Args:  []any{sum[:], number, chunk},
	}
}

// TouchListUpload notes that bytes are being stored that no version has yet.
func TouchListUpload(sum [32]byte, at consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "note the upload of an external list", SQL: portable.ReplaceIn("external_list_uploads", "sha256", "sha256, touched_time"),
		Args: []any{sum[:], int64(at)},
	}
}

// EndListUpload notes that bytes have become those of a version.
func EndListUpload(sum [32]byte) storage.Statement {
	return storage.Statement{
		Doing: "end the upload of an external list", SQL: `DELETE FROM external_list_uploads WHERE sha256 = $1`, Args: []any{sum[:]},
	}
}

// BrokenListUploads returns the uploads of which nothing came since a time.
func BrokenListUploads(ctx context.Context, from storage.TableReader, before consent.Instant) (sums [][32]byte, err error) {
	_, sums, err = portable.List(ctx, from, storage.Statement{
		Doing: "read broken uploads of external lists",
		SQL:   `SELECT sha256 FROM external_list_uploads WHERE touched_time < $1`, Args: []any{int64(before)},
	}, func(scan storage.Scan) (sum [32]byte, err error) {
		var stored []byte
		if err := scan(&stored); err != nil {
			return sum, err
		}
		return sum, column.Fixed("external_list_uploads.sha256", sum[:], stored)
	})
	return sums, err
}

// DropListUpload deletes what an upload stored of which nothing came since a time, unless a version has the same bytes. The row goes first: an
// upload that touches it waits for the end of the transaction, and then stores its chunks.
func DropListUpload(sum [32]byte, before consent.Instant) []storage.Statement {
	const doing = "delete a broken upload of an external list"
	return []storage.Statement{{
		Doing: doing, SQL: `DELETE FROM external_list_uploads WHERE sha256 = $1 AND touched_time < $2`, Args: []any{sum[:], int64(before)},
	}, {
		Doing: doing,
		SQL: `DELETE FROM external_list_chunks WHERE sha256 = $1 AND sha256 NOT IN (SELECT sha256 FROM external_list_uploads)
			AND sha256 NOT IN (SELECT sha256 FROM external_list_versions)`,
		Args: []any{sum[:]},
	}}
}

// ListActivations returns the activations after a position, by position.
func ListActivations(ctx context.Context, from storage.TableReader, after int64) ([]ListActivation, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read the activations of external lists",
		SQL:   `SELECT ` + listActivationColumns + ` FROM external_list_activations WHERE position > $1 ORDER BY position`, Args: []any{after},
	}, func(scan storage.Scan) (a ListActivation, err error) {
		return a, scan(&a.Position, &a.List, &a.Version, &a.Header)
	})
	return rows, err
}

// AddListActivation adds an activation; that its position exists already is an error.
func AddListActivation(a *ListActivation) storage.Statement {
	return storage.Statement{
		Doing: "store the activation of an external list", SQL: portable.InsertInto("external_list_activations", listActivationColumns),
		Args: []any{a.Position, a.List, a.Version, a.Header},
	}
}
