package service

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/storage"
)

// work is what one transaction does: the store as it was locked, and what its members have changed so far.
type work struct {
	ctx      context.Context
	service  *Service
	tx       storage.Tx
	loaded   *storage.Loaded
	head     storage.Head
	tree     *ledger.Tree
	names    *newNames
	recorded consent.Instant // of the member that runs: later than everything recorded before it
	who      Caller          // of the member that runs
	ahead    time.Duration   // of the clock that the ledger was when it was locked; 0: it was not
	named    []int64         // positions of earlier events of exact subjects that the answer of the member that runs names

	asked    map[storage.SubjectKey]bool // what the members wanted to see
	subjects map[storage.SubjectKey]*subject
	keyed    map[eventID]int64 // events recorded by this work
	records  []storage.Record
	catalogs []storage.Catalog
	clients  []storage.Client
	requests []storage.Request
	touched  []*subject
	rows     []*subject // whose rows are to be stored
	changed  bool
	erased   erased
}

type eventID struct {
	subject consent.SubjectID
	key     consent.EventKey
}

// subject is a subject as the work sees it.
type subject struct {
	storage.Subject                   // its id is given when the first event is recorded
	state           *consent.State    // nil: to be folded anew from the events
	position        int64             // of the last event folded
	events          []consent.Event   // recorded by this work
	erasures        []consent.Erasure // of the state, which may have to be folded anew
	moves           []consent.Moved   // likewise
	dirty           bool              // its state is to be stored
	saved           bool              // its row is to be stored
}

func newWork(ctx context.Context, s *Service, tx storage.Tx, load *storage.Load) (*work, error) {
	loaded := tx.Loaded()
	w := &work{
		ctx: ctx, service: s, tx: tx, loaded: loaded, head: loaded.Head,
		asked: make(map[storage.SubjectKey]bool, len(load.Subjects)), subjects: map[storage.SubjectKey]*subject{},
		keyed: map[eventID]int64{},
	}
	for _, k := range load.Subjects {
		w.asked[k] = true
	}
	if off := s.now().Sub(loaded.Now.Time()); off > databaseSkew || off < -databaseSkew {
		return nil, fault.Errorf(fault.ClockSkew, "",
			"this server's clock is %s off the database's; set the clocks right, until then nothing is recorded",
			off.Round(time.Millisecond))
	}
	w.ahead = s.aheadOf(&w.head)
	s.noteAhead(ctx, w.ahead)
	var err error
	if w.tree, err = ledger.ParseTree(w.head.Position, w.head.Tree); err != nil {
		return nil, err
	}
	table, err := s.names.exactly(ctx, &w.head)
	if err != nil {
		return nil, err
	}
	w.names = &newNames{table: table, numbers: map[nameKey]int32{}}
	return w, nil
}

// runMember runs a member at a time of its own, for the caller as it is under the locked head.
func (w *work) runMember(m *member) error {
	w.recorded = w.service.instant()
	if !w.service.unsafe.RecordByOwnClock {
		w.recorded = max(w.recorded, w.head.Recorded+1)
	}
	w.named = nil
	var err error
	if w.who, err = w.service.admit(m.ctx, &w.head); err != nil {
		return err
	}
	return m.run(w)
}

// catalog returns the catalog in force at t.
func (w *work) catalog(t consent.Instant) (*catalog.Catalog, error) {
	cat, _, err := w.catalogVersion(t)
	return cat, err
}

// subject returns the subject at a place; a new one, not yet stored, if there is none.
func (w *work) subject(at *place) (*subject, error) {
	if holds(at.by.Keys, &w.head) != nil {
		return nil, errStaleKeys
	}
	for _, key := range at.keys {
		if found, ok := w.subjects[key]; ok {
			return found, nil
		}
		if !w.asked[key] {
			if err := w.ask(at.keys); err != nil {
				return nil, err
			}
		}
		if row, ok := w.loaded.Subjects[key]; ok {
			return w.known(&row)
		}
	}
	made := &subject{state: &consent.State{}, Subject: storage.Subject{
		Key: at.keys[0], KeyVersion: at.by.versions[0], FoldVersion: address.FoldVersion,
	}}
	nameDigest(&w.head, made.KeyVersion) // From now on nobody may look at anything who would not find it.
	w.subjects[made.Key] = made
	return made, nil
}

// ask loads subjects that no member knew it would need before the lock was had.
func (w *work) ask(keys []storage.SubjectKey) error {
	found, err := w.tx.Subjects(w.ctx, keys)
	if err != nil {
		return err
	}
	for _, key := range keys {
		w.asked[key] = true
	}
	maps.Copy(w.loaded.Subjects, found)
	return nil
}

// known takes a subject that is stored into the work.
func (w *work) known(row *storage.SubjectState) (*subject, error) {
	s := &subject{Subject: row.Subject, position: row.State.Position, state: &consent.State{}}
	w.subjects[row.Key] = s
	if s.ID == (consent.SubjectID{}) {
		return s, nil // Everything about it was erased.
	}
	var err error
	if s.state, err = w.service.unpack(w.names.table, row.State.Packed); err != nil && !errors.Is(err, codec.ErrEncoding) {
		return nil, err
	}
	state, err := w.state(s)
	if err != nil {
		return nil, err
	}
	s.erasures, s.moves = slices.Clone(state.Erasures), slices.Clone(state.Moves)
	return s, nil
}

// identify gives the subject its id and its address, when something is recorded about it for the first time, or again after an
// erasure.
func (w *work) identify(s *subject, canonical string) error {
	if s.ID == (consent.SubjectID{}) {
		if _, err := rand.Read(s.ID[:]); err != nil {
			return err
		}
		w.save(s)
	}
	if s.Address != nil || canonical == "" {
		return nil
	}
	sealed, err := w.service.keys.Seal(seal.PurposeAddress, s.ID[:], []byte(canonical))
	if err != nil {
		return err
	}
	s.Address = sealed
	w.save(s)
	return nil
}

// save has the row of the subject stored.
func (w *work) save(s *subject) {
	if !s.saved {
		s.saved = true
		w.rows = append(w.rows, s)
	}
	w.changed = true
}

// state returns the fold of the subject with everything that the work has recorded.
func (w *work) state(s *subject) (*consent.State, error) {
	if s.state != nil {
		return s.state, nil
	}
	if err := w.refold([]*subject{s}); err != nil {
		return nil, err
	}
	return s.state, nil
}

// refold folds subjects anew: their stored events and those of this work.
func (w *work) refold(list []*subject) error {
	if len(list) == 0 {
		return nil
	}
	all, err := w.eventsOf(list...)
	if err != nil {
		return err
	}
	for _, s := range list {
		events := all[s]
		s.position = 0
		if len(events) > 0 {
			s.position = events[len(events)-1].Position
		}
		s.state = consent.Fold(events)
	}
	return nil
}

// eventsOf returns the events of subjects by position: those stored, but for what this work has blanked, and those of this work.
func (w *work) eventsOf(list ...*subject) (map[*subject][]consent.Event, error) {
	ids := make([]consent.SubjectID, 0, len(list))
	for _, s := range list {
		if s.ID != (consent.SubjectID{}) {
			ids = append(ids, s.ID)
		}
	}
	stored, err := w.tx.Events(w.ctx, ids)
	if err != nil {
		return nil, err
	}
	all := make(map[*subject][]consent.Event, len(list))
	for _, s := range list {
		events := make([]consent.Event, 0, len(stored[s.ID])+len(s.events))
		for _, header := range stored[s.ID] {
			e, err := codec.DecodeHeader(header)
			if err != nil {
				return nil, err
			}
			if !w.erased.blank[e.Position] {
				events = append(events, e)
			}
		}
		all[s] = append(events, s.events...)
	}
	return all, nil
}

// spelling returns the digest of an exact form as events of the subject carry it.
func (w *work) spelling(s *subject, exact string) (consent.Spelling, error) {
	return w.service.keys.Spelling(s.KeyVersion, exact)
}

// prepared is an event that was found right and is yet to be recorded.
type prepared struct {
	subject  *subject
	occurred consent.Instant
	key      consent.EventKey
	entry    *statement.Entry
	batch    consent.BatchID
	known    int64 // position of the same fact, if it was recorded before
}

// prepare finds the subject, the time and the key of what is stated.
func (w *work) prepare(st *stated, entry *statement.Entry, batch consent.BatchID) (*prepared, error) {
	occurred, err := w.clamp(st.statement.Occurred, "occurredTime")
	if err != nil {
		return nil, err
	}
	if occurred, err = w.whenAhead(&st.statement, occurred); err != nil {
		return nil, err
	}
	p := &prepared{occurred: occurred, entry: entry, batch: batch, key: st.key}
	if p.subject, err = w.subject(&st.place); err != nil {
		return nil, err
	}
	if entry.Form == consent.FormExact && entry.Begin(occurred) <= p.subject.Erased {
		return nil, erasedBefore()
	}
	if st.statement.Occurred == 0 {
		if p.key, err = w.service.eventKey(w.recorded, entry); err != nil {
			return nil, err
		}
	}
	if at, ok := w.keyed[eventID{p.subject.ID, p.key}]; ok {
		p.known = at
	} else if at, ok := w.loaded.Events[storage.EventRef{Subject: p.subject.Key, Key: p.key}]; ok {
		p.known = at
	}
	if p.known != 0 && entry.Form == consent.FormExact {
		w.named = append(w.named, p.known)
	}
	confirmed, err := w.clamp(entry.Facts.Confirmed, "evidence.confirmedTime")
	switch {
	case err == nil:
		entry.Facts.Confirmed = confirmed
	case entry.Facts.Kind.IsNo():
		entry.Facts.Confirmed = 0
		entry.Warnings = append(slices.Clone(entry.Warnings), statement.Warning{
			Code: statement.WarningEvidenceRemoved, Field: "evidence.confirmedTime", Message: "the time lies in the future and was left out",
		})
	default:
		return nil, err
	}
	return p, nil
}

// eventKey returns the key of an entry that occurred at the instant, as stated.
func (s *Service) eventKey(occurred consent.Instant, entry *statement.Entry) (consent.EventKey, error) {
	return s.keys.EventKey(codec.EventKeyInput(occurred, &entry.Facts, entry.Exact(), &entry.Evidence))
}

// clamp takes a time that is ahead by no more than a client's clock may be for now.
func (w *work) clamp(t consent.Instant, field string) (consent.Instant, error) {
	switch {
	case t == 0 && field == "occurredTime":
		return w.recorded, nil
	case t <= w.recorded:
		return t, nil
	case t <= w.recorded.Add(clientSkew):
		return w.recorded, nil
	default:
		return 0, fault.Errorf(fault.TimeInFuture, field, "the time lies in the future; leave it out for now")
	}
}

// record appends the event to the ledger and returns its position. All that can go wrong here is a fault of the program.
func (w *work) record(p *prepared) (int64, error) {
	event := consent.Event{Occurred: p.occurred, Key: p.key, Batch: p.batch, Facts: p.entry.Facts}
	if p.entry.Form == consent.FormFolded {
		var err error
		if event.Spelling, err = w.spelling(p.subject, p.entry.Exact()); err != nil {
			return 0, err
		}
	}
	evidence, canonical := p.entry.Evidence, p.entry.Canonical()
	if event.Kind == consent.KindErase || p.entry.Form == consent.FormMail || p.entry.Form == consent.FormFolded && len(p.subject.erasures) > 0 {
		canonical = "" // A folded form may be the very spelling that was erased.
	}
	if event.Spelling.Sum != [16]byte{} && p.subject.erasedAt(event.Spelling.Sum) >= p.occurred {
		// What is said of an erased person from before the erasure blocks, and is not to say who it was. What a client states names
		// the address, and its free texts may name the person, too; what an officer does names neither.
		if canonical = ""; evidence.Address != "" {
			evidence = consent.Evidence{}
		}
	}
	if err := w.identify(p.subject, canonical); err != nil {
		return 0, err
	}
	event.Subject = p.subject.ID
	sealed, err := w.sealEvidence(p.key, &evidence)
	if err != nil {
		return 0, err
	}
	w.use(&event.Facts)
	w.append(&event, sealed)
	w.keyed[eventID{event.Subject, event.Key}] = event.Position
	w.fold(p.subject, &event)
	return event.Position, w.goAlong(p.subject, &event)
}

// sealEvidence seals evidence for the event with the key; nil if there is none.
func (w *work) sealEvidence(key consent.EventKey, evidence *consent.Evidence) ([]byte, error) {
	if *evidence == (consent.Evidence{}) {
		return nil, nil
	}
	return w.service.keys.Seal(seal.PurposeEvidence, key[:], codec.AppendEvidence(nil, evidence))
}

// append gives the event its position and adds it to the ledger.
func (w *work) append(event *consent.Event, sealed []byte) {
	w.head.Position++
	w.head.Recorded = w.recorded
	event.Position, event.Recorded = w.head.Position, w.recorded
	if event.Actor == "" {
		event.Actor = w.who.ID
	}
	if sealed != nil {
		event.Evidence = sha256.Sum256(sealed)
	}
	header := codec.AppendHeader(nil, event)
	leaf := ledger.LeafHash(header)
	w.records = append(w.records, storage.Record{
		Event: *event, Header: header, Evidence: sealed, LeafHash: leaf, TreeHashes: w.tree.Append(leaf),
	})
	w.changed = true
}

// fold applies the event to its subject's state. A late event is folded with all others, once that state is wanted.
func (w *work) fold(s *subject, event *consent.Event) {
	s.events = append(s.events, *event)
	s.position = event.Position
	switch {
	case event.Kind == consent.KindErase:
		s.erasures = append(s.erasures, consent.Erasure{Spelling: event.Spelling.Sum, At: event.Occurred})
	case event.Kind == consent.KindMove && event.Move == consent.MovedAway:
		s.moves = append(s.moves, consent.Moved{Position: event.Position, Spelling: event.Spelling.Sum, At: event.Occurred})
	}
	if s.state != nil && !s.state.Apply(event) {
		s.state = nil
	}
	w.touch(s)
}

// touch has the state of the subject stored.
func (w *work) touch(s *subject) {
	if !s.dirty {
		s.dirty = true
		w.touched = append(w.touched, s)
	}
}

// erasedAt returns the time of the last erasure of the spelling; zero if there was none.
func (s *subject) erasedAt(spelling [16]byte) (last consent.Instant) {
	for i := range s.erasures {
		if s.erasures[i].Spelling == spelling {
			last = max(last, s.erasures[i].At)
		}
	}
	return last
}

// use gives the names that the facts refer to numbers.
func (w *work) use(f *consent.Facts) {
	number := func(kind consent.RefKind, name string) {
		if w.names.give(kind, name) {
			w.head.Refs++
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

func (w *work) putClient(c storage.Client) {
	w.head.ClientsVersion += 1 + mathrand.Int64N(1<<32) // Another history must not come to the same one.
	w.head.Recorded = w.recorded
	w.clients = append(slices.DeleteFunc(w.clients, func(o storage.Client) bool { return o.ID == c.ID }), c)
	w.loaded.Clients = append(slices.DeleteFunc(w.loaded.Clients, func(o storage.Client) bool { return o.ID == c.ID }), c)
	w.changed = true
}

// changes returns what is to be stored; nil if nothing is.
func (w *work) changes() (*storage.Changes, error) {
	if !w.changed {
		return nil, nil //nolint:nilnil // Nothing is what the port takes for no changes.
	}
	var late []*subject
	for _, s := range w.touched {
		if s.state == nil {
			late = append(late, s)
		}
	}
	if err := w.refold(late); err != nil {
		return nil, err
	}
	w.head.Tree = w.tree.Pack()
	w.head.RefsSum = sumRefs(w.names.table.sum(len(w.names.table.refs)), w.names.refs...)
	c := &storage.Changes{
		Head: w.head, Records: w.records, Catalogs: w.catalogs, Clients: w.clients, Requests: w.requests, Refs: w.names.refs,
		States: make([]storage.State, 0, len(w.touched)), Returns: w.erased.returns, Claims: w.erased.claims,
		DropEvidence: w.erased.evidence, Blank: slices.Sorted(maps.Keys(w.erased.blank)), ForgetRequests: w.erased.requests,
		ForgetDisclosures: w.erased.learnt, DropSubjects: w.erased.dropSubjects, DropClaims: w.erased.dropClaims,
	}
	for _, s := range w.touched {
		packed, err := codec.AppendState(nil, s.state, w.names)
		if err != nil {
			return nil, fmt.Errorf("pack a state: %w", err)
		}
		c.States = append(c.States, storage.State{Subject: s.ID, Position: s.position, Packed: packed})
	}
	for _, s := range w.rows {
		c.Subjects = append(c.Subjects, s.Subject)
	}
	w.reread(c)
	return c, nil
}
