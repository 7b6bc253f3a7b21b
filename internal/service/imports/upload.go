package imports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/pipeline"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/textfile"
	"github.com/assent-io/assent/internal/toolfile"
)

const (
	// inFlight is how many parts of a file are worked on at once.
	inFlight = 4
	// noteEvery is how often it is stored how far an upload is, and asked whether it may go on.
	noteEvery = 2 * time.Second
	// endTakes is how long it may take to store the end of an upload that was cut.
	endTakes = 5 * time.Second
)

// Rows says which rows an upload is answered with.
type Rows int

// The choices.
const (
	RowsNotRecorded Rows = iota // those that were skipped or rejected
	RowsAll
	RowsNone
)

// Upload is what a file is uploaded for: an import that was created, or a preview.
type Upload struct {
	ID      string   // of the import
	Preview *Options // instead: only what would be recorded
	SHA256  string   // of the file of a preview, in hexadecimal: it is one of the client's import of the file, if there is one; empty: of a new one
	Rows    Rows
}

// Open begins a file whose reader stops waiting when the context ends.
type Open func(ctx context.Context) io.Reader

// Progress is how far an upload is.
type Progress struct {
	Rows   []Row // as asked, in the order of the file
	Counts Counts
	Read   int64   // bytes of the file at which these rows end
	Import *Import // of the last one only
}

// Upload reads a file and records its rows, in parts of at most txn.Chunk facts, while it is read; or only says what would be recorded. It tells
// how far it is, the last time with the import. It holds a few parts of the file at most. What was recorded before an error stays, and
// is recognised by the next upload. Errors: IMPORT_NOT_FOUND, also for an import of another client, INVALID_IMPORT, INVALID_FILE, FILE_CHANGED,
// UPLOAD_REPLACED, BATCH_UNDONE, SCOPE_MISSING, those of CreateImport of a preview, and those of tell and of the file as they are.
func (s *Imports) Upload(ctx context.Context, in Upload, open Open, tell func(Progress) error) error {
	_, who, err := s.guard.AdmitNow(ctx, access.ScopeRecord, access.ScopeSuppress)
	if err != nil {
		return err
	}
	u := &upload{imports: s, rows: in.Rows, tell: tell, dryRun: in.Preview != nil}
	if u.dryRun {
		if err := s.check(ctx, in.Preview, &who); err != nil {
			return err
		}
		if err := u.preview(ctx, &who, NewImport{Options: *in.Preview, SHA256: in.SHA256}); err != nil {
			return err
		}
		return u.run(ctx, open)
	}
	row, err := s.find(ctx, in.ID)
	if err != nil {
		return err
	}
	if row.Client != who.ID {
		return missing()
	}
	if u.made, err = s.open(&row); err != nil {
		return err
	}
	u.batch, u.identity = row.ID, row.Identity
	// What an upload recorded that is under way, or was cut with its server, is not known. An older program notes only the counts.
	counts := &u.made.Counts
	u.touched.Store(u.made.Touched || row.State != tables.ImportWaiting || counts.Recorded+counts.Duplicates > 0)
	if u.number, err = s.begin(ctx, &row); err != nil {
		return err
	}
	if u.number != ([16]byte{}) && row.Updated != 0 {
		u.met = positions{}
	}
	u.noted = s.Clock()
	err = u.run(ctx, open)
	if err != nil && u.refused && !u.touched.Load() {
		u.forget(ctx)
	}
	return errors.Join(err, u.end(ctx))
}

// forget removes the import of a file that was refused as a whole, of which nothing was recorded.
func (u *upload) forget(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTakes)
	defer cancel()
	if err := u.imports.Store.WriteTables(ctx, tables.RemoveImport(u.batch, u.number)); err != nil {
		u.imports.warn(ctx, u.made.ID, err) // It waits, and nothing comes of it.
	}
}

// upload is one upload under way.
type upload struct {
	imports *Imports
	made    Import // as it was when the upload began
	batch   consent.BatchID
	// identity is that of the import, which proves that the file is its file.
	identity [16]byte
	number   [16]byte // zero: nothing is stored of it, for the import is complete, or it is a preview
	dryRun   bool
	rows     Rows
	tell     func(Progress) error

	file   *toolfile.Reader
	source *countingReader
	broken error // why the rest of the file could not be read; what came before it is recorded

	// refused: the file is not one that can be imported, so an import of it would wait for ever.
	refused bool
	// touched: something was recorded with the import, or may have been, by this upload or an earlier one. Parts set it on their way.
	touched atomic.Bool

	report   Report
	unmapped unmappedKeys
	met      positions // of the facts so far, of an upload that resumes another; nil: it is the first one, or nothing is stored of it
	noted    time.Time // when it was last stored how far it is
	complete bool
}

// countingReader counts and digests what is read of a file. An error of the file is remembered: a reader around it puts it into words.
type countingReader struct {
	from io.Reader
	read int64
	sum  hash.Hash
	err  error
}

// Read reads.
func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.read += int64(n)
	_, _ = r.sum.Write(p[:n]) // A hash takes everything.
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

func (u *upload) run(ctx context.Context, open Open) error {
	reading, err := u.made.Options.reading(u.made.Created)
	if err != nil {
		return err
	}
	reading.MaxBytes = u.imports.limits.Bytes
	// A part that fails ends the waiting for more of the file.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	failing := func(err error) error {
		if err != nil {
			cancel(err)
		}
		return err
	}
	u.source = &countingReader{from: open(ctx), sum: sha256.New()}
	if u.file, err = toolfile.Open(u.source, reading); err != nil {
		return u.unreadable(err)
	}
	err = pipeline.Run(ctx, inFlight, u.produce,
		func(ctx context.Context, p *part) error { return failing(u.record(ctx, p)) },
		func(p *part) error { return failing(u.consume(ctx, p)) })
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err = errors.Join(err, u.broken); err != nil {
		return err
	}
	u.report.Notices = noticesOf(u.file, &u.report.Counts, u.made.Options.Timezone)
	return u.finish(ctx)
}

// preview begins the preview of a file. Of one that was imported it has the batch and the time of that import, as the next upload would.
func (u *upload) preview(ctx context.Context, who *access.Caller, n NewImport) error {
	u.made.Options, u.made.Created = n.Options, u.imports.Instant()
	if n.SHA256 == "" {
		return nil
	}
	identity, err := u.imports.identity(who.ID, &n.Options, n.SHA256)
	if err != nil {
		return err
	}
	found, err := tables.ImportOfFile(ctx, u.imports.Store, identity)
	if err != nil {
		return env.StoreFault(err)
	}
	if len(found) > 0 {
		u.batch, u.made.Created = found[0].ID, found[0].Created
	}
	return nil
}

// unreadable returns why a file cannot be read: what is wrong with it, or what ended its coming.
func (u *upload) unreadable(err error) error {
	if u.source.err != nil {
		return u.source.err
	}
	u.refused = true
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*textfile.TooLargeError](err); ok {
		return fault.Errorf(fault.TooLarge, "", "%s, which is all that a file may have on this server (import_max_bytes)", err.Error())
	}
	return fault.Errorf(fault.InvalidFile, "", "%s", err.Error())
}

// finish ends an upload of which everything was recorded.
func (u *upload) finish(ctx context.Context) error {
	// Of a packed file something may stand behind what was unpacked.
	if _, err := io.Copy(io.Discard, u.source); err != nil {
		return u.unreadable(err)
	}
	u.report.Unmapped = u.unmapped.list()
	made := u.made
	made.Report = u.report
	if u.dryRun {
		return u.tell(Progress{Counts: u.report.Counts, Read: u.source.read, Import: &made})
	}
	identity, err := u.imports.identity(made.Client, &made.Options, hex.EncodeToString(u.source.sum.Sum(nil)))
	if err != nil {
		return err
	}
	if identity != u.identity {
		return fault.Errorf(fault.FileChanged, "", "the file is not the one for which the import was created: its digest is another one. What was "+
			"recorded of it stays; upload the right file, or have the import undone")
	}
	u.complete = true
	number := u.number
	if err := u.end(ctx); err != nil {
		return err
	}
	stored, err := u.imports.find(ctx, u.made.ID)
	if err != nil {
		return err
	}
	if number == ([16]byte{}) {
		number = stored.Upload // The import was complete before: nothing can be in the place of this upload.
	}
	if err := mayGoOn(&stored, number); err != nil {
		return err // It was undone, or replaced, once the last part was recorded.
	}
	if made, err = u.imports.open(&stored); err != nil {
		return err
	}
	made.Report = u.report
	return u.tell(Progress{Counts: u.report.Counts, Read: u.source.read, Import: &made})
}

// reportNow returns the report as it is stored.
func (u *upload) reportNow() (string, error) {
	u.report.Touched = u.touched.Load()
	text, err := json.Marshal(u.report)
	return string(text), err
}

// end stores how the upload ended, once.
func (u *upload) end(ctx context.Context) error {
	if u.number == ([16]byte{}) {
		return nil
	}
	number := u.number
	u.number = [16]byte{}
	text, err := u.reportNow()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTakes)
	defer cancel()
	if err := u.imports.Store.WriteTables(ctx, tables.EndUpload(u.batch, number, u.imports.Instant(), text, u.complete)); err != nil {
		u.imports.warn(ctx, u.made.ID, err) // It is uploaded again, which records nothing twice.
	}
	return nil
}

// note stores from time to time how far the upload is, and returns an error where it may not go on.
func (u *upload) note(ctx context.Context) error {
	now := u.imports.Clock()
	if u.number == ([16]byte{}) || now.Sub(u.noted) < noteEvery {
		return nil
	}
	u.noted = now
	text, err := u.reportNow()
	if err != nil {
		return err
	}
	if err := u.imports.Store.WriteTables(ctx, tables.NoteUpload(u.batch, u.number, u.imports.Instant(), text)); err != nil {
		u.imports.warn(ctx, u.made.ID, err)
		return nil
	}
	row, err := u.imports.find(ctx, uuid.UUID(u.batch).String())
	if err != nil {
		return err
	}
	return mayGoOn(&row, u.number)
}
