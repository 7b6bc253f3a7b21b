package extlists

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// Upload is a version of a list to store.
type Upload struct {
	List     string
	Obtained consent.Instant // when it was got from the keeper of the list; zero: now
	File     io.Reader       // as package extlist reads it
	txn.Idempotency
}

// The bytes of a version are stored in chunks, of which some are stored in one transaction.
const (
	chunkSize       = 256 << 10
	chunksPerCommit = 8
)

// UploadVersion stores a version of a list. Nothing changes for checks before it is activated. If the last version has the same bytes and
// was obtained at the same time, that is returned. Errors: INVALID_EXTERNAL_LIST for a file that is none, such as one that is empty or was cut
// off, EXTERNAL_LIST_NOT_FOUND, TIME_IN_FUTURE, SCOPE_MISSING, OTHER_DEPARTMENT, REQUEST_ID_REUSED, and those of reading the file.
func (s *ExternalLists) UploadVersion(ctx context.Context, in Upload) (Version, error) {
	who := access.CallerOf(ctx)
	if err := mayWrite(&who); err != nil {
		return Version{}, err
	}
	l, err := s.list(ctx, in.List)
	if err != nil {
		return Version{}, err
	}
	v, err := s.store(ctx, &in, &l)
	s.note(&l, StepUpload, err)
	return v, err
}

// store reads the file and stores it as a version.
func (s *ExternalLists) store(ctx context.Context, in *Upload, l *List) (Version, error) {
	body, err := extlist.Read(l.Form, in.File)
	var problem *extlist.Problem
	if errors.As(err, &problem) {
		return Version{}, fault.Errorf(fault.InvalidList, "file", "%s", problem)
	}
	if err != nil {
		return Version{}, err
	}
	v, err := extlist.Parse(l.Form, body)
	if err != nil {
		return Version{}, err
	}
	row := tables.ExternalListVersion{
		List: in.List, SHA256: sha256.Sum256(body), Size: int64(len(body)), Entries: int64(v.Entries()), Asked: int64(v.Asked()),
		Obtained: in.Obtained,
	}
	if err := s.storeBody(ctx, row.SHA256, body); err != nil {
		return Version{}, err
	}
	if in.Body, err = json.Marshal(row); err != nil {
		return Version{}, err
	}
	return s.addVersion(ctx, in, &row, l)
}

// uploadsKept is how long the bytes of an upload that was broken off are kept, for the same upload to find them.
const uploadsKept = 24 * time.Hour

// ForgetUploads deletes the bytes of uploads that were broken off a day ago or longer. It is run again and again.
func (s *ExternalLists) ForgetUploads(ctx context.Context) error {
	before := s.Instant().Add(-uploadsKept)
	broken, err := tables.BrokenListUploads(ctx, s.Store, before)
	for i := 0; i < len(broken) && err == nil; i++ {
		err = s.Store.WriteTables(ctx, tables.DropListUpload(broken[i], before)...)
	}
	return env.StoreFault(err)
}

// storeBody stores the bytes of a version. What is stored of them stays for a while, so that an upload that was interrupted goes on.
func (s *ExternalLists) storeBody(ctx context.Context, sum [32]byte, body []byte) error {
	// The upload is touched first, so that what forgets it waits for the end of the transaction, or this one for the end of that.
	touch := func() []storage.Statement { return []storage.Statement{tables.TouchListUpload(sum, s.Instant())} }
	statements := touch()
	for number := int64(0); len(body) > 0; number++ {
		chunk := body[:min(chunkSize, len(body))]
		body = body[len(chunk):]
		statements = append(statements, tables.PutListChunk(sum, number, chunk))
		if len(statements) <= chunksPerCommit && len(body) > 0 {
			continue
		}
		if err := s.Store.WriteTables(ctx, statements...); err != nil {
			return env.StoreFault(err)
		}
		statements = touch()
	}
	return nil
}

// addVersion gives a version whose bytes are stored the next number.
func (s *ExternalLists) addVersion(ctx context.Context, in *Upload, row *tables.ExternalListVersion, l *List) (Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored, err := txn.Idempotent(ctx, s.engine, &txn.Write{}, in.Idempotency, nil, func(w *txn.Tx) (tables.ExternalListVersion, bool, error) {
		if err := mayWrite(&w.Caller); err != nil {
			return *row, false, err
		}
		if row.Obtained == 0 {
			row.Obtained = w.Recorded
		}
		if row.Obtained > w.Recorded {
			return *row, false, fault.Errorf(fault.TimeInFuture, "obtainedTime", "the list cannot have been obtained in the future")
		}
		versions, _, err := w.ListVersions(in.List)
		if err != nil {
			return *row, false, err
		}
		row.Version, row.Uploaded, row.UploadedBy = 1, w.Recorded, w.Caller.ID
		if len(versions) > 0 {
			last := &versions[0]
			if last.SHA256 == row.SHA256 && last.Obtained == row.Obtained {
				return *last, true, nil
			}
			row.Version = last.Version + 1
		}
		w.WriteTable(tables.AddExternalListVersion(row))
		w.WriteTable(tables.EndListUpload(row.SHA256))
		return *row, true, nil
	})
	return Version{ExternalListVersion: stored, Stale: stored.Obtained.Plus(l.Freshness)}, err
}
