package imports

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/undo"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/token"
)

// Recorder records what the rows of files say.
type Recorder interface {
	BatchRecord(ctx context.Context, in record.Batch) ([]record.Item, error)
}

// Undoer undoes batches.
type Undoer interface {
	Run(ctx context.Context, batch consent.BatchID, justification string) (undo.Result, error)
}

// Limits bound what one file may take, and say what is told of imports. The zero value of a field is its default.
type Limits struct {
	// Bytes is how many bytes a file may have after unpacking; 0: 4 GiB.
	Bytes int64
	// Counted is told of rows that were imported, previews left out, by what became of them. It may be nil.
	Counted func(outcome string, rows int64)
}

// Imports is the use cases about imports.
type Imports struct {
	*env.Env
	*reference.Reference

	guard    *access.Guard
	recorder Recorder
	undoer   Undoer
	limits   Limits
}

// New returns the use cases about imports.
func New(env *env.Env, reference *reference.Reference, guard *access.Guard, recorder Recorder, undoer Undoer, limits Limits) *Imports {
	if limits.Bytes == 0 {
		limits.Bytes = 4 << 30
	}
	if limits.Counted == nil {
		limits.Counted = func(string, int64) {}
	}
	return &Imports{Env: env, Reference: reference, guard: guard, recorder: recorder, undoer: undoer, limits: limits}
}

// The states of imports. See package tables.
const (
	StateWaiting  = tables.ImportWaiting
	StateRunning  = tables.ImportRunning
	StateComplete = tables.ImportComplete
	StateUndoing  = tables.ImportUndoing
	StateUndone   = tables.ImportUndone
)

// Import is a list of another tool that was, or is to be, recorded.
type Import struct {
	ID         string // a UUID, which is the batch id of its events
	Client     string
	Department string // of the client; empty: it acts for all
	Options    Options
	Size       int64
	State      string
	Created    consent.Instant
	Updated    consent.Instant
	Completed  consent.Instant
	UndoneBy   string
	Undone     consent.Instant
	Report
}

// NewImport is a file to import.
type NewImport struct {
	Options Options
	SHA256  string // of the file, in hexadecimal
	Size    int64
}

// CreateImport returns the import of a file, which is a new one unless the client has one of the same file with the same options that is not
// undone. Existed reports that it has. Errors: INVALID_IMPORT, UNKNOWN_CHANNEL, NO_CATALOG, OTHER_DEPARTMENT, TOO_LARGE,
// SCOPE_MISSING.
func (s *Imports) CreateImport(ctx context.Context, n NewImport) (_ Import, existed bool, err error) {
	_, who, err := s.guard.AdmitNow(ctx, access.ScopeRecord, access.ScopeSuppress)
	if err != nil {
		return Import{}, false, err
	}
	if err := s.check(ctx, &n.Options, &who); err != nil {
		return Import{}, false, err
	}
	plain, err := json.Marshal(n.Options)
	if err != nil {
		return Import{}, false, err
	}
	if n.Size > s.limits.Bytes {
		return Import{}, false, fault.Errorf(fault.TooLarge, "size", "a file may have %d bytes on this server (import_max_bytes)", s.limits.Bytes)
	}
	row := tables.Import{
		ID: consent.BatchID(uuid.New()), Client: who.ID, Size: n.Size, Created: s.Instant(), State: tables.ImportWaiting, Report: "{}",
	}
	if !who.AllDepartments {
		row.Department = who.Department
	}
	if row.Identity, err = s.identity(who.ID, &n.Options, n.SHA256); err != nil {
		return Import{}, false, err
	}
	if row.Sealed, err = s.Keys.Seal(seal.PurposeImport, row.ID[:], plain); err != nil {
		return Import{}, false, err
	}
	if err := s.Store.WriteTables(ctx, tables.AddImport(&row)); err != nil {
		return Import{}, false, env.StoreFault(err)
	}
	found, err := tables.ImportOfFile(ctx, s.Store, row.Identity)
	if err != nil {
		return Import{}, false, env.StoreFault(err)
	}
	if len(found) == 0 { // It was undone between the two statements.
		return Import{}, false, missing()
	}
	made, err := s.open(&found[0])
	return made, found[0].ID != row.ID, err
}

// identity returns by what an import is found again, and by what a file is known to be its file: a keyed digest of the client, the options and the
// digest of the file, which is in hexadecimal. The digest itself is not stored: of a file of one address it would tell which one, also once the
// person was erased.
func (s *Imports) identity(client string, o *Options, sha256 string) ([16]byte, error) {
	same := *o
	same.Status, same.NameSays = cmp.Or(o.Status, o.NameSays), ""
	text, err := json.Marshal(struct {
		Options Options
		SHA256  string
	}{same, strings.ToLower(sha256)})
	if err != nil {
		return [16]byte{}, err
	}
	return s.Keys.EventKey(slices.Concat([]byte("assent/1/import\x00"+client+"\x00"), text))
}

// GetImport returns an import. Errors: IMPORT_NOT_FOUND, also for one of another department, SCOPE_MISSING.
func (s *Imports) GetImport(ctx context.Context, id string) (Import, error) {
	_, who, err := s.guard.AdmitNow(ctx, access.ScopeRecord, access.ScopeSuppress, access.ScopeRead)
	if err != nil {
		return Import{}, err
	}
	row, err := s.find(ctx, id)
	if err != nil {
		return Import{}, err
	}
	if !who.AllDepartments && row.Department != who.Department {
		return Import{}, missing()
	}
	return s.open(&row)
}

// UndoImport leaves all that an import recorded out of every answer. Of one that was undone before it returns what was left out then. Errors:
// IMPORT_NOT_FOUND, SCOPE_MISSING and OTHER_DEPARTMENT for a caller that is no officer, and those of undo.Undoer.
func (s *Imports) UndoImport(ctx context.Context, id, justification string) (Import, undo.Result, error) {
	_, who, err := s.guard.AdmitNow(ctx, access.ScopeErase)
	if err != nil {
		return Import{}, undo.Result{}, err
	}
	if err := who.NeedOfficer(); err != nil {
		return Import{}, undo.Result{}, err
	}
	row, err := s.find(ctx, id)
	if err != nil {
		return Import{}, undo.Result{}, err
	}
	result, err := s.undoer.Run(ctx, row.ID, justification)
	if err != nil {
		return Import{}, undo.Result{}, err
	}
	if row, err = s.find(ctx, id); err != nil {
		return Import{}, undo.Result{}, err
	}
	one, err := s.open(&row)
	return one, result, err
}

// Page is a page of imports.
type Page struct {
	Imports []Import
	Next    string // the token of the next page; empty after the last
}

// ListImports returns imports, the newest first: of a client of one department those of that department. Errors: INVALID_PAGE_TOKEN,
// SCOPE_MISSING.
func (s *Imports) ListImports(ctx context.Context, size int, pageToken string) (Page, error) {
	const method = "imports"
	at, err := token.ReadPage(s.Keys, method, pageToken)
	if err != nil {
		return Page{}, env.InvalidPage()
	}
	_, who, err := s.guard.AdmitNow(ctx, access.ScopeRecord, access.ScopeSuppress, access.ScopeRead)
	if err != nil {
		return Page{}, err
	}
	before := tables.Import{Created: consent.Instant(at.After)}
	copy(before.ID[:], at.AfterKey)
	department := ""
	if !who.AllDepartments {
		department = who.Department
	}
	rows, err := tables.Imports(ctx, s.Store, department, &before, size+1)
	if err != nil {
		return Page{}, env.StoreFault(err)
	}
	var page Page
	if len(rows) > size {
		rows = rows[:size]
		last := &rows[size-1]
		page.Next, err = token.NewPage(s.Keys, method, token.Page{After: int64(last.Created), AfterKey: string(last.ID[:])})
		if err != nil {
			return Page{}, err
		}
	}
	for i := range rows {
		one, err := s.open(&rows[i])
		if err != nil {
			return Page{}, err
		}
		page.Imports = append(page.Imports, one)
	}
	return page, nil
}

// ImportStates returns how many imports there are in each state that any has.
func (s *Imports) ImportStates(ctx context.Context) (map[string]int64, error) {
	states, err := tables.ImportStates(ctx, s.Store)
	return states, env.StoreFault(err)
}

// find returns the row of an import.
func (s *Imports) find(ctx context.Context, id string) (tables.Import, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return tables.Import{}, fault.Errorf(fault.InvalidRequest, "id", "the id of an import is a UUID")
	}
	found, err := tables.ImportOf(ctx, s.Store, consent.BatchID(parsed))
	if err != nil {
		return tables.Import{}, env.StoreFault(err)
	}
	if len(found) == 0 {
		return tables.Import{}, missing()
	}
	return found[0], nil
}

func missing() error {
	return fault.Errorf(fault.ImportMissing, "id", "the import does not exist, or it is not the client's own")
}

// open returns the import that is stored in a row.
func (s *Imports) open(row *tables.Import) (Import, error) {
	plain, err := s.Keys.Open(seal.PurposeImport, row.ID[:], row.Sealed)
	if err != nil {
		return Import{}, fmt.Errorf("an import: %w", err)
	}
	i := Import{
		ID: uuid.UUID(row.ID).String(), Client: row.Client, Department: row.Department, Size: row.Size, State: row.State, Created: row.Created,
		Updated: row.Updated, Completed: row.Completed, UndoneBy: row.UndoneBy, Undone: row.Undone,
	}
	if err := json.Unmarshal(plain, &i.Options); err != nil {
		return Import{}, fmt.Errorf("an import: %w", err)
	}
	if err := json.Unmarshal([]byte(row.Report), &i.Report); err != nil {
		return Import{}, fmt.Errorf("the report of an import: %w", err)
	}
	return i, nil
}

// begin lets an upload of an import go on in the place of any other. It returns the number of the upload, which is zero for an import that is
// complete: then only the answers say what became of the rows.
func (s *Imports) begin(ctx context.Context, row *tables.Import) (upload [16]byte, err error) {
	if _, err := rand.Read(upload[:]); err != nil {
		return upload, err
	}
	if err := s.Store.WriteTables(ctx, tables.BeginUpload(row.ID, upload, s.Instant())); err != nil {
		return upload, env.StoreFault(err)
	}
	now, err := s.find(ctx, uuid.UUID(row.ID).String())
	switch {
	case err != nil:
		return upload, err
	case now.State == tables.ImportComplete:
		return [16]byte{}, nil
	default:
		return upload, mayGoOn(&now, upload)
	}
}

// mayGoOn returns an error where an upload may not go on.
func mayGoOn(row *tables.Import, upload [16]byte) error {
	switch {
	case row.State == tables.ImportUndoing || row.State == tables.ImportUndone:
		return undone()
	case row.Upload != upload:
		return fault.Errorf(fault.UploadReplaced, "", "a later upload of this import began, which goes on in the place of this one")
	default:
		return nil
	}
}

func undone() error {
	return fault.Errorf(fault.BatchUndone, "id", "the import was undone, or is being undone: nothing is recorded with it any more; create a new one")
}

// warn logs that what is told of an import could not be stored; the facts are.
func (s *Imports) warn(ctx context.Context, id string, err error) {
	s.Log.LogAttrs(ctx, slog.LevelWarn, "how far an import is could not be stored", slog.String("import", id), slog.Any("error", err))
}
