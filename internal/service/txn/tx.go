package txn

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/restated"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/tlv"
)

// Tx is what one transaction does: the store as it was locked, and what its writes have changed so far.
type Tx struct {
	ctx      context.Context
	engine   *Engine
	tx       storage.Tx
	loaded   *storage.Loaded
	Head     storage.Head
	tree     *ledger.Tree
	Names    *reference.NewNames
	Recorded consent.Instant // of the write that runs: later than everything recorded before it
	Caller   access.Caller   // of the write that runs
	ahead    time.Duration   // of the clock that the ledger was when it was locked; 0: it was not
	Named    []int64         // positions of earlier events of exact subjects that the answer of the write that runs names

	requestedKeys   map[storage.SubjectKey]bool // what the writes wanted to see
	subjects        map[storage.SubjectKey]*Subject
	eventPositions  map[eventID]int64 // events recorded by this transaction
	records         []storage.Record
	catalogs        []storage.Catalog
	versions        []reference.CatalogVersion // with those in catalogs, which no read of the store sees; nil: catalogs is empty
	requests        []storage.Request
	touchedSubjects []*Subject
	changedRows     []*Subject // their rows are to be stored
	Changed         bool
	written         bool // the write that runs has changed the transaction by more than the note of a return
	Removals        Removals
	Tables          []storage.Statement // on tables beside the ledger; of a transaction that changes nothing they are not run

	undos map[consent.BatchID]*tables.Undo // those that were read or saved; nil values: there is none

	stored *[]tables.Client // as they were, with what was put until they were asked for last; nil: not read yet
	put    []tables.Client  // since then

	consumers *[]tables.Consumer                     // not revoked, as they were; nil: not read yet
	saved     []tables.Consumer                      // since then, each later one in the place of those with its id
	tablesAt  []func(storage.Mark) storage.Statement // that are run with Tables
	mailboxes mailboxes
	restated  restated.Notes
	shared    map[any]any
}

type eventID struct {
	subject consent.SubjectID
	key     consent.EventKey
	batch   consent.BatchID // that the event depends on
}

// Subject is a subject as the transaction sees it.
type Subject struct {
	storage.Subject                   // its id is given when the first event is recorded
	State           *consent.State    // nil: to be folded anew from the events
	undo            int64             // that a void of it waits for: then there is a second state; 0: none
	then            *consent.State    // the second state, once the events were folded
	foldedPosition  int64             // of the last event folded
	Events          []consent.Event   // recorded by this transaction
	erasures        []consent.Erasure // of the state, which may have to be folded anew
	Moves           []consent.Moved   // likewise
	stateChanged    bool              // its state is to be stored
	rowChanged      bool              // its row is to be stored
	onlyErased      bool              // and nothing of it has changed that followers read
}

// newTx returns a transaction of writes that wanted to see load and record about so many events.
func newTx(ctx context.Context, e *Engine, tx storage.Tx, load *storage.Load, events int) (*Tx, error) {
	loaded := tx.Loaded()
	w := &Tx{
		ctx: ctx, engine: e, tx: tx, loaded: loaded, Head: loaded.Head,
		requestedKeys: make(map[storage.SubjectKey]bool, len(load.Subjects)), subjects: map[storage.SubjectKey]*Subject{},
		eventPositions: map[eventID]int64{}, records: make([]storage.Record, 0, events),
	}
	for _, k := range load.Subjects {
		w.requestedKeys[k] = true
	}
	if off := e.Clock().Sub(loaded.Now.Time()); off > maxDatabaseSkew || off < -maxDatabaseSkew {
		return nil, fault.Errorf(fault.ClockSkew, "",
			"this server's clock differs from the database's by %s; nothing is recorded until the clocks are corrected",
			off.Round(time.Millisecond))
	}
	w.ahead = e.aheadOf(&w.Head)
	e.noteClockLag(ctx, w.ahead)
	var err error
	if w.tree, err = ledger.ParseTree(w.Head.Position, w.Head.Tree); err != nil {
		return nil, err
	}
	table, err := e.Names.OfLocked(ctx, &w.Head)
	if err != nil {
		return nil, err
	}
	w.Names = table.Extend()
	return w, nil
}

// runWrite runs a write at a time of its own, for the caller as it is under the locked head.
func (w *Tx) runWrite(write *Write) error {
	w.Recorded = w.engine.Instant()
	if !w.engine.unsafe.RecordByOwnClock {
		w.Recorded = max(w.Recorded, w.Head.Recorded+1)
	}
	w.Named, w.written = nil, false
	var err error
	if w.Caller, err = w.engine.guard.Admit(write.ctx, &w.Head); err != nil {
		return err
	}
	return write.Run(w)
}

// Subject returns the subject at a place; a new one, not yet stored, if there is none.
func (w *Tx) Subject(at *subjects.Place) (*Subject, error) {
	if env.CheckKeys(at.Digests.Keys, &w.Head) != nil {
		return nil, env.ErrStaleKeys
	}
	for _, key := range at.Keys {
		if found, ok := w.subjects[key]; ok {
			return found, nil
		}
		if !w.requestedKeys[key] {
			if err := w.LoadSubjects(at.Keys); err != nil {
				return nil, err
			}
		}
		if row, ok := w.loaded.Subjects[key]; ok {
			return w.loadedSubject(&row)
		}
	}
	made := &Subject{State: &consent.State{}, Subject: storage.Subject{
		Key: at.Keys[0], KeyVersion: at.Digests.Versions[0], FoldVersion: address.FoldVersion,
	}}
	nameDigest(&w.Head, made.KeyVersion) // A server without the key must not answer from now on: it would not find the row.
	w.subjects[made.Key] = made
	return made, nil
}

// loadedSubject takes a subject that is stored into the transaction.
func (w *Tx) loadedSubject(row *storage.SubjectState) (*Subject, error) {
	s := &Subject{Subject: row.Subject, foldedPosition: row.State.Position, State: &consent.State{}}
	w.subjects[row.Key] = s
	if s.ID == (consent.SubjectID{}) {
		return s, nil // Everything about it was erased.
	}
	var err error
	if s.State, err = asof.UnpackState(w.Names, row.State.Packed, &w.Head); err != nil && !errors.Is(err, tlv.ErrEncoding) {
		return nil, err
	}
	s.undo = codec.WaitsFor(row.State.Packed, w.Head.Undone)
	state, err := w.State(s)
	if err != nil {
		return nil, err
	}
	s.erasures, s.Moves = slices.Clone(state.Erasures), slices.Clone(state.Moves)
	return s, nil
}

// Identify gives the subject its id and its address, when something is recorded about it for the first time, or again after an
// erasure.
func (w *Tx) Identify(s *Subject, canonical string) error {
	if s.ID == (consent.SubjectID{}) {
		var err error
		if s.ID, err = w.engine.ids.next(); err != nil {
			return err
		}
		w.SaveRow(s)
	}
	if s.Address != nil || canonical == "" {
		return nil
	}
	sealed, err := w.engine.Keys.Seal(seal.PurposeAddress, s.ID[:], []byte(canonical))
	if err != nil {
		return err
	}
	s.Address = sealed
	w.SaveRow(s)
	if s.Key.Form == consent.FormExact {
		return w.mailboxes.keepAddress(w.engine.Keys, w.Head.DigestKeys, &s.Subject, canonical)
	}
	return nil
}

// SaveRow has the row of the subject stored.
func (w *Tx) SaveRow(s *Subject) {
	s.onlyErased = false
	w.saveRow(s)
}

// SaveErased has the row of a subject that outlives erasures stored, with the instant of one. Followers do not read it and are not told.
func (w *Tx) SaveErased(s *Subject, until consent.Instant) {
	s.Erased, s.onlyErased = max(s.Erased, until), s.onlyErased || !s.rowChanged
	w.saveRow(s)
}

func (w *Tx) saveRow(s *Subject) {
	if !s.rowChanged {
		s.rowChanged = true
		w.changedRows = append(w.changedRows, s)
	}
	w.Changed, w.written = true, true
}

// Spelling returns the digest of an exact form as events of the subject carry it.
func (w *Tx) Spelling(s *Subject, exact string) (consent.Spelling, error) {
	return w.engine.Keys.Spelling(s.KeyVersion, exact)
}

// Record appends the event to the ledger and returns its position. All that can go wrong here is a fault of the program.
func (w *Tx) Record(p *Prepared) (int64, error) {
	event := consent.Event{Occurred: p.Occurred, Key: p.Key, Batch: p.Batch, Facts: p.Entry.Facts}
	if p.Entry.Form == consent.FormFolded {
		var err error
		if event.Spelling, err = w.Spelling(p.Subject, p.Entry.Exact()); err != nil {
			return 0, err
		}
	}
	evidence, canonical := p.Entry.Evidence, p.Entry.Canonical()
	if event.Kind == consent.KindErase || p.Entry.Form == consent.FormMail || p.Entry.Form == consent.FormFolded && len(p.Subject.erasures) > 0 {
		canonical = "" // A folded form may be the very spelling that was erased.
	}
	if event.Spelling.Sum != [16]byte{} && p.Subject.ErasedAt(event.Spelling.Sum) >= p.Occurred {
		// An event from before an erasure still blocks, but must not identify the erased person. The evidence of a client has
		// the address, and its free texts may name the person, too. The evidence of an officer has neither.
		if canonical = ""; evidence.Address != "" {
			evidence = consent.Evidence{}
		}
	}
	if err := w.Identify(p.Subject, canonical); err != nil {
		return 0, err
	}
	event.Subject = p.Subject.ID
	sealed, err := w.SealEvidence(p.Key, &evidence)
	if err != nil {
		return 0, err
	}
	w.NumberNames(&event.Facts)
	w.AppendTo(p.Subject, &event, sealed)
	return event.Position, w.RunRecorded(p.Subject, &event)
}

// Append gives the event its position and adds it to the ledger.
func (w *Tx) Append(event *consent.Event, sealed []byte) {
	w.Head.Position++
	w.Head.Recorded = w.Recorded
	event.Position, event.Recorded = w.Head.Position, w.Recorded
	if event.Actor == "" {
		event.Actor = w.Caller.ID
	}
	if sealed != nil {
		event.Evidence = sha256.Sum256(sealed)
	}
	header := codec.AppendHeader(nil, event)
	leaf := ledger.LeafHash(header)
	w.records = append(w.records, storage.Record{
		Event: *event, Header: header, Evidence: sealed, LeafHash: leaf, TreeHashes: w.tree.Append(leaf),
	})
	w.Changed, w.written = true, true
}

// foldEvent applies the event to its subject's state. A late event is folded with all others, once that state is wanted.
func (w *Tx) foldEvent(s *Subject, event *consent.Event) {
	s.Events = append(s.Events, *event)
	s.foldedPosition = event.Position
	switch {
	case event.Kind == consent.KindErase:
		s.erasures = append(s.erasures, consent.Erasure{Spelling: event.Spelling.Sum, At: event.Occurred})
	case event.Kind == consent.KindMove && event.Move == consent.MovedAway:
		s.Moves = append(s.Moves, consent.Moved{Position: event.Position, Spelling: event.Spelling.Sum, At: event.Occurred})
	}
	if s.undo != 0 || s.State != nil && !s.State.Apply(event) {
		s.State = nil // Both states of one that waits are folded anew.
	}
	w.SaveState(s)
}

// SaveState has the state of the subject stored.
func (w *Tx) SaveState(s *Subject) {
	if !s.stateChanged {
		s.stateChanged = true
		w.touchedSubjects = append(w.touchedSubjects, s)
	}
}

// ErasedAt returns the time of the last erasure of the spelling; zero if there was none.
func (s *Subject) ErasedAt(spelling [16]byte) (last consent.Instant) {
	for i := range s.erasures {
		if s.erasures[i].Spelling == spelling {
			last = max(last, s.erasures[i].At)
		}
	}
	return last
}

// NumberNames gives the names that the facts refer to numbers, but for goods that no state will name.
func (w *Tx) NumberNames(f *consent.Facts) {
	number := func(kind consent.RefKind, name string) {
		if (kind != consent.RefGoods || numbersGoods(f)) && w.Names.Add(kind, name) {
			w.Head.Refs++
		}
	}
	f.Refs(number)
	switch kind, id := f.Scope.Split(); kind {
	case consent.ScopeController:
		number(consent.RefController, id)
	case consent.ScopeDepartment:
		number(consent.RefDepartment, id)
	case consent.ScopeChannel:
		number(consent.RefChannel, id)
	case consent.ScopeSender:
		number(consent.RefSender, id)
	}
}

// changes returns what is to be stored; nil if nothing is.
func (w *Tx) changes() (*storage.Changes, error) {
	if !w.Changed {
		return nil, nil //nolint:nilnil // Nothing is what the port takes for no changes.
	}
	var late []*Subject
	for _, s := range w.touchedSubjects {
		if s.State == nil || s.undo != 0 && s.then == nil {
			late = append(late, s)
		}
	}
	if err := w.refoldStates(late); err != nil {
		return nil, err
	}
	w.Head.Tree = w.tree.Pack()
	w.Head.RefsSum = w.Names.Sum()
	c := &storage.Changes{
		Head: w.Head, Records: w.records, Catalogs: w.catalogs, Requests: w.requests, Refs: w.Names.Added(),
		States: make([]storage.State, 0, len(w.touchedSubjects)), Tables: w.Tables,
		DropEvidence: w.Removals.Evidence, Blank: slices.Sorted(maps.Keys(w.Removals.blank)), ForgetRequests: w.Removals.Requests,
		ForgetDisclosures: w.Removals.Disclosures, DropSubjects: w.Removals.DropSubjects,
	}
	if s := twice(w.touchedSubjects); s != nil {
		return nil, fmt.Errorf("a transaction has two states of the subject %x: it was taken by its key and by its id", s.ID)
	}
	for _, s := range w.touchedSubjects {
		packed, err := codec.AppendVariants(nil, &codec.Variants{Now: s.State, Undo: s.undo, Then: s.then}, w.Names)
		if err != nil {
			return nil, fmt.Errorf("pack a state: %w", err)
		}
		c.States = append(c.States, storage.State{Subject: s.ID, Position: s.foldedPosition, Packed: packed})
	}
	for _, s := range w.changedRows {
		c.Subjects = append(c.Subjects, s.Subject)
	}
	w.reread(c)
	c.Tables = append(append(c.Tables, w.mailboxes.statements()...), w.restated.Statements()...)
	for _, statement := range w.tablesAt {
		c.Tables = append(c.Tables, statement(storage.MarkOf(&c.Head)))
	}
	return c, nil
}

// twice returns a subject whose id another one of the list has as well, as where one is taken by its key and the other by its id: each
// lacks what was done to the other. nil: there is none.
func twice(list []*Subject) *Subject {
	if len(list) < 2 {
		return nil
	}
	seen := make(map[consent.SubjectID]bool, len(list))
	for _, s := range list {
		if seen[s.ID] {
			return s
		}
		seen[s.ID] = true
	}
	return nil
}

// nameDigest makes the head name a version of the digest key, for new rows. The head is stored with the row that is the first of it at the
// latest, so from that transaction on every server that lacks the key refuses to answer.
func nameDigest(head *storage.Head, version uint32) {
	if !slices.Contains(head.DigestKeys, version) {
		head.DigestKeys = append([]uint32{version}, head.DigestKeys...)
	}
}

// RunRecorded runs the hook for an event that was just recorded of a subject.
func (w *Tx) RunRecorded(s *Subject, e *consent.Event) error {
	if w.engine.hooks.Recorded == nil {
		return nil
	}
	return w.engine.hooks.Recorded(w, s, e)
}

// AppendTo gives the event of a subject its position, adds it to the ledger and applies it to the state of the subject. From then on
// a write of the same transaction that states the same fact finds it by its key.
func (w *Tx) AppendTo(s *Subject, event *consent.Event, sealed []byte) {
	w.Append(event, sealed)
	w.eventPositions[eventID{event.Subject, event.Key, DependsOn(event)}] = event.Position
	w.foldEvent(s, event)
}

// Replace puts a fresh subject without events under the key of one, and returns it.
func (w *Tx) Replace(s *Subject) *Subject {
	fresh := &Subject{State: &consent.State{}, Subject: storage.Subject{
		Key: s.Key, KeyVersion: s.KeyVersion, FoldVersion: s.FoldVersion, Erased: s.Erased,
	}}
	w.subjects[s.Key] = fresh
	return fresh
}

// StoredSubjects returns the rows of subjects as they were when the head was locked.
func (w *Tx) StoredSubjects(keys []storage.SubjectKey) (map[storage.SubjectKey]storage.SubjectState, error) {
	return w.tx.Subjects(w.ctx, keys)
}

// StoredEvidence returns the sealed evidence at positions, as far as it was held when the head was locked.
func (w *Tx) StoredEvidence(positions []int64) (map[int64][]byte, error) {
	return w.tx.Evidence(w.ctx, positions)
}

// CatalogVersions returns the versions of the catalog that the head counts, those that this transaction puts included.
func (w *Tx) CatalogVersions() ([]reference.CatalogVersion, error) {
	if w.versions != nil {
		return slices.Clip(w.versions), nil
	}
	return w.engine.Catalogs.UpTo(w.ctx, &w.Head)
}

// PutCatalog records a version of the catalog, which follows those of the head. Parsed is what its document says.
func (w *Tx) PutCatalog(c *storage.Catalog, parsed *catalog.Catalog, event *consent.Event) error {
	var versions []reference.CatalogVersion
	var sum [32]byte
	if w.Head.CatalogVersion > 0 {
		var err error
		if versions, err = w.CatalogVersions(); err != nil {
			return err
		}
		sum = versions[len(versions)-1].Sum
	}
	w.Append(event, nil)
	w.Head.CatalogVersion, w.Head.CatalogsSum = c.Version, reference.SumCatalog(sum, c)
	w.catalogs = append(w.catalogs, *c)
	w.versions = append(versions, reference.CatalogVersion{Catalog: *c, Parsed: parsed, Sum: w.Head.CatalogsSum})
	return nil
}
