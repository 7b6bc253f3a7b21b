// Package storage is the port to the database: what the service asks of it, in words of the domain. Its adapters are the
// packages postgres and sqlite; storagetest is the suite that both pass, with a test for every sentence here that says what
// a caller may rely on.
package storage

import (
	"context"
	"errors"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/ledger"
)

// The errors of a store, wrapped with what was being done. Any other error is a fault of the program or of the data, and
// none holds an address.
var (
	// ErrUnavailable: the database could not be reached or went away; nothing was stored.
	ErrUnavailable = errors.New("the database is not available")
	// ErrCommitUnknown: the connection broke while committing; whether it is stored is unknown.
	ErrCommitUnknown = errors.New("the connection to the database was lost during the commit")
	// ErrNotInitialised: the database has tables, but no head yet.
	ErrNotInitialised = errors.New("the database is not initialised")
	// ErrInitialised: the database has a head already.
	ErrInitialised = errors.New("the database is initialised already")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("the store is closed")
	// ErrText: a text that is stored in clear is not valid UTF-8 or holds control characters; nothing was stored.
	ErrText = errors.New("a text cannot be stored")
)

// Head is the one row that orders everything. Every write locks it.
type Head struct {
	StoreID        [16]byte
	KeysCheck      []byte // proves that a key file belongs to this store
	Position       int64  // of the last event; 0: none yet
	Recorded       consent.Instant
	Tree           []byte   // the compact range of the ledger's tree: hashes of 32 bytes
	CatalogVersion int64    // the last; 0: none yet
	CatalogsSum    [32]byte // of all versions of the catalog, one after the other; zero: not known
	ListsSum       [32]byte // of all activations of external lists, one after the other; zero: there is none yet
	ClientsVersion int64    // grows with every change of the clients, by a number that is never the same
	Refs           int32    // how many references there are
	RefsSum        [32]byte // of all references, one after the other; zero: not known
	DigestKeys     []uint32
	FoldVersion    int32
	Revision       int64 // grows with every write that has Changes.Reread
	Undone         int64 // the number of the last undo that is complete; 0: none yet
}

// SubjectKey is what a subject is found by: a form of an address, as a keyed digest.
type SubjectKey struct {
	Form   consent.Form
	Digest [32]byte
}

// Subject is one form of an address, which events are about.
type Subject struct {
	Key         SubjectKey
	ID          consent.SubjectID // zero of a tombstone
	KeyVersion  uint32
	FoldVersion int32
	Address     []byte          // sealed; nil if erased
	Erased      consent.Instant // of an exact form, of the last erasure; zero: none
}

// State is the fold of a subject, packed.
type State struct {
	Subject  consent.SubjectID
	Position int64 // of the last event folded
	Packed   []byte
}

// SubjectState is a subject with its state; a state without bytes means that none is stored.
type SubjectState struct {
	Subject
	State State
}

// Record is an event as it is stored. The columns beside the header index it; the header is what counts.
type Record struct {
	Event      consent.Event // as decoded from Header; adapters store its indexed fields. Of a blank one position and time only
	Header     []byte        // no bytes: it was blanked
	Evidence   []byte        // sealed; nil: none, or deleted
	LeafHash   [32]byte
	TreeHashes []byte // of the subtrees that the leaf completes, the smallest first, 32 bytes each
}

// Row is an event as it stands in its columns, none of them decoded or trusted: what a verification of the ledger reads.
type Row struct {
	Position   int64
	Subject    []byte
	Key        []byte
	Kind       int64
	Recorded   int64
	Occurred   int64
	Actor      string
	Batch      []byte // nil: none
	Header     []byte
	Evidence   []byte // sealed; nil: none, or deleted
	LeafHash   []byte
	TreeHashes []byte
}

// SubjectHistory is a subject with its stored state (nil bytes if there is none), and the headers of its events.
type SubjectHistory struct {
	ID      consent.SubjectID
	State   State
	Headers [][]byte // by position
}

// Ref is a name that an event refers to, with the number that packed states use for it. It is never taken back.
type Ref struct {
	Number int32 // from 1, without gaps
	Kind   consent.RefKind
	Name   string
}

// Catalog is a version of the catalog.
type Catalog struct {
	Version   int64
	Position  int64
	Effective consent.Instant // zero of the first: for all time before
	Recorded  consent.Instant
	SHA256    [32]byte
	Document  string
}

// Request is a write that was acknowledged under a request id.
type Request struct {
	ID      [32]byte // a digest of the client, the method and the id
	BodyMAC []byte   // nil: it was forgotten, because something that it recorded was erased
	Answer  []byte   // sealed
	Expires consent.Instant
	First   int64 // the positions that it was given or that its answer names, from the first to the last; zero: none
	Last    int64
	Named   []int64 // further ones before First, each once; a request that is loaded has none
}

// BatchEvent is an event of a batch.
type BatchEvent struct {
	Position int64
	Subject  consent.SubjectID
}

// Learnt is how often a client learnt something about the subject of a key, on a day.
type Learnt struct {
	Key SubjectKey
	// Subject is the id that the key led to when it was counted, or zero. It changes nothing of what is counted. Many rows cost less in the
	// order of their ids, and with them.
	Subject consent.SubjectID
	Day     int64 // days since 1970-01-01, UTC
	Client  string
	Channel string // empty: the client learnt of all channels
	Count   int64
	At      consent.Instant // when it was counted last
}

// ReadBy says which disclosures to count by client: those of the day since and later, of one client or of all.
type ReadBy struct {
	Since  int64  // days since 1970-01-01
	Client string // empty: all
}

// Readership is about how many subjects a client learnt something of a channel on a day, and how often. An empty channel stands for all.
type Readership struct {
	Day      int64
	Client   string
	Channel  string
	Subjects int64
	Count    int64
}

// Disclosure is how often a client learnt something about a subject on a day.
type Disclosure struct {
	Subject consent.SubjectID
	Day     int64 // days since 1970-01-01, UTC
	Client  string
	Channel string // empty: the client learnt of all channels
	Count   int64
}

// Outline is what retention has to know of an event to see whether it may be due.
type Outline struct {
	Position int64
	Subject  consent.SubjectID
	Kind     consent.Kind
	Occurred consent.Instant
	Evidence bool // it is held
}

// EventRef finds an event by its key.
type EventRef struct {
	Subject SubjectKey
	Key     consent.EventKey
}

// BatchedAt is where an event stands, and with which batch it was recorded.
type BatchedAt struct {
	Position int64
	Batch    consent.BatchID // zero: none
	Void     bool            // its subject has a void, which may leave it out
}

// Load says what a write needs to see before it decides.
type Load struct {
	Subjects []SubjectKey        // with their states
	IDs      []consent.SubjectID // subjects by id, with their states; for rebuilding
	Events   []EventRef          // which of them are recorded already
	Requests [][32]byte
}

// Loaded is what a write sees: everything as of the same instant, with the head locked until the write ends.
type Loaded struct {
	Head     Head
	Now      consent.Instant // the database's clock, read after the lock was had
	Subjects map[SubjectKey]SubjectState
	States   map[consent.SubjectID]State // of Load.IDs
	Events   map[EventRef][]BatchedAt    // each that is recorded: all events of the subject with the key, by position
	Requests map[[32]byte]Request        // expired ones included
}

// Changes is what a write stores. Head is stored as given. Records, references and catalogs are added: an existing key is an error,
// for the ledger never changes. Subjects, states and requests are added or, where the key exists, replaced.
type Changes struct {
	Head     Head
	Records  []Record
	Subjects []Subject
	States   []State
	Refs     []Ref
	Catalogs []Catalog
	Requests []Request
	Tables   []Statement // on the tables of package tables, run in their order

	// DropEvidence names the events that lose their evidence.
	DropEvidence []int64
	// Blank names the events of which nothing stays but position, time of recording and the hashes of the tree.
	Blank []int64
	// ForgetRequests names the events; the requests that were given them or name them are forgotten: their answers, what their bodies were,
	// and their positions.
	ForgetRequests []int64
	// DropSubjects names the subjects that lose their rows: nothing leads from an address to them any more. Their events and states
	// stay.
	DropSubjects []SubjectKey
	// ForgetDisclosures says of which subjects disclosures are deleted, and up to which day, one after the other.
	ForgetDisclosures []ForgottenDisclosures
	// Reread lists the subjects with rows or states that change in this write, although none of the Records is an event of
	// theirs. Followers of the store read them again. They are kept with Head.Revision, which is incremented by each write
	// that has some; those older than the last RevisionsKept revisions are deleted. A key that is listed twice is kept
	// once.
	Reread []SubjectKey
}

// ForgottenDisclosures ends what is counted for a subject.
type ForgottenDisclosures struct {
	Subject consent.SubjectID
	Until   int64 // the last day of which it is deleted, in days since 1970-01-01, UTC; math.MaxInt64: all
	// Heir is the subject to which the counts of later days are added, because nothing leads to the first one any more; zero: they stay
	// where they are.
	Heir consent.SubjectID
}

// RevisionsKept is how many revisions a follower may be behind before it has to read everything anew.
const RevisionsKept = 10_000

// RequestSpan is how many positions a request has at most from its first to its last: so many requests are looked at for each
// position that is forgotten. Those that are further away stand one by one in Named.
const RequestSpan = 1_000

// Tx is a write under way.
type Tx interface {
	TableReader
	// Loaded returns what was asked to be loaded.
	Loaded() *Loaded
	// Events returns the headers of all events of the subjects, by subject, in order of position. Subjects without events are
	// missing.
	Events(ctx context.Context, subjects []consent.SubjectID) (map[consent.SubjectID][][]byte, error)
	// Subjects returns the subjects that exist for the keys, with their states, as Load.Subjects would have.
	Subjects(ctx context.Context, keys []SubjectKey) (map[SubjectKey]SubjectState, error)
	// Evidence returns the sealed evidence of the events at the positions. Those without any are missing.
	Evidence(ctx context.Context, positions []int64) (map[int64][]byte, error)
	// Disclosures returns what is counted for the subjects, by subject, day, client and channel.
	Disclosures(ctx context.Context, subjects []consent.SubjectID) ([]Disclosure, error)
	// Batch returns the events of a batch, as [Reader] does.
	Batch(ctx context.Context, batch consent.BatchID, after int64, limit int) ([]BatchEvent, error)
}

// Writer changes the store.
type Writer interface {
	// Initialise stores the first head. It returns ErrInitialised if there is one.
	Initialise(ctx context.Context, head Head) error
	// Write locks the head, loads what is asked for, calls decide once, and stores what it returns, all in one transaction.
	// Concurrent writes, also of other processes, are done one after the other. If decide returns nil changes, nothing is
	// stored; if it returns an error, nothing is stored and Write returns that error. Once Write returns nil the changes are
	// durable and seen by every later read. It returns ErrNotInitialised, ErrUnavailable, ErrCommitUnknown, ErrClosed, or ErrText for
	// changes that [Changes.CheckTexts] refuses.
	Write(ctx context.Context, load Load, decide func(ctx context.Context, tx Tx) (*Changes, error)) error
	// DeleteExpiredRequests deletes requests that expired at or before t, at most limit of them, and returns how many.
	DeleteExpiredRequests(ctx context.Context, t consent.Instant, limit int) (int, error)
	// Purge forgets which keys were to be read anew, whereupon every follower has to read everything anew, unless there were none. And it
	// rewrites the tables, so that nothing that was deleted is left in free pages, dead rows or the write-ahead log of the
	// database. Others wait meanwhile.
	Purge(ctx context.Context) error
	// WriteTables runs statements on the tables of package tables, all of them or none, in one transaction. It does not lock the head,
	// so what must be as of a head is written by Write. It returns the errors of Write.
	WriteTables(ctx context.Context, statements ...Statement) error
	// AddDisclosures adds to what is counted for the subjects that the keys lead to, all of it or nothing, without the lock of the
	// head. What is given twice is counted twice; so is what is given under two keys of one subject. What is given under a key that
	// leads to no subject, or to none any more, is left out: once a Write with ForgetDisclosures has returned, nothing is added to
	// subjects that it cut off from their keys. So is what was counted before the subject that the key leads to was erased. The addition is remembered under the id, as requests are, until it expires: added again under the same id, it is not
	// counted again, so it may be repeated after any error, ErrCommitUnknown among them. It returns ErrText for counts that [CheckLearnt]
	// refuses.
	AddDisclosures(ctx context.Context, id [32]byte, expires consent.Instant, counts []Learnt) error
	// DeleteDisclosures deletes disclosures of days before the day given, the earliest first, at most limit of them, and returns how
	// many. Those of the subjects in except are left alone. It does not lock the head.
	DeleteDisclosures(ctx context.Context, before int64, except []consent.SubjectID, limit int) (int, error)
}

// Reader reads the store. Every method reads one snapshot and returns the head of it. They return ErrNotInitialised,
// ErrUnavailable or ErrClosed.
type Reader interface {
	TableReader
	// Head returns the head. It returns ErrUnavailable, too, where the store knows that it could not write.
	Head(ctx context.Context) (Head, error)
	// States returns the subjects that exist for the keys, with their states, in no order, read in one statement. A key that
	// is given twice is returned once; no keys return none.
	States(ctx context.Context, keys []SubjectKey) (Head, []SubjectState, error)
	// EventsOf returns, for each of the subjects that exist for the keys, the headers of its events that occurred at or before
	// until (zero: all) and stand at or before the position upTo (0: all), by position. Voids count whenever they occurred.
	EventsOf(ctx context.Context, keys []SubjectKey, until consent.Instant, upTo int64) (Head, map[SubjectKey][][]byte, error)
	// PositionAt returns the position of the last event that was recorded at or before the instant; 0: none was. It reads a few
	// rows only, however long the ledger is; if one of them is missing, that is an error.
	PositionAt(ctx context.Context, recorded consent.Instant) (Head, int64, error)
	// Records returns the records of the subjects that exist for the keys, by position, those after the position given, at
	// most limit of them.
	Records(ctx context.Context, keys []SubjectKey, after int64, limit int) (Head, []Record, error)
	// Ledger returns the records after the position given, by position without gaps, at most limit of them.
	Ledger(ctx context.Context, after int64, limit int) (Head, []Record, error)
	// SubjectIDs returns the ids of all subjects that have events or states, greater than after, in order, at most limit
	// of them. The zero id is not among them.
	SubjectIDs(ctx context.Context, after consent.SubjectID, limit int) ([]consent.SubjectID, error)
	// SubjectsIn returns the subjects with ids in the range, with their states, in order of their ids, read in one statement. Of more than
	// limit it returns the first limit, and with the last of them all that have its id.
	SubjectsIn(ctx context.Context, ids IDRange, limit int) (Head, []SubjectState, error)
	// SubjectsByID returns the subjects with the ids, without their states, in no order. An id that is given twice is returned once, and one
	// that several subjects have for each of them; the zero id has none.
	SubjectsByID(ctx context.Context, ids []consent.SubjectID) (Head, []Subject, error)
	// Catalogs returns the versions of the catalog greater than after, by version.
	Catalogs(ctx context.Context, after int64) (Head, []Catalog, error)
	// Refs returns the references with a number greater than after, by number.
	Refs(ctx context.Context, after int32) (Head, []Ref, error)
	// Outlines returns the outlines of the events after the position given, by position, at most limit of them.
	Outlines(ctx context.Context, after int64, limit int) ([]Outline, error)
	// DisclosuresBefore returns how many disclosures DeleteDisclosures would delete without a limit, and the earliest of their days,
	// 0 if there are none.
	DisclosuresBefore(ctx context.Context, before int64, except []consent.SubjectID) (n, earliest int64, err error)
	// Disclosures returns what is counted for the subjects, by subject, day, client and channel. It returns no head.
	Disclosures(ctx context.Context, subjects []consent.SubjectID) ([]Disclosure, error)
	// Readers counts disclosures by day, client and channel, in this order, those after the one given (by these three), at most limit
	// of them.
	Readers(ctx context.Context, which ReadBy, after *Readership, limit int) ([]Readership, error)
	// CountReaders counts all disclosures of which Readers would return a part, each subject once. Its day is that of the earliest
	// one; 0 if there is none.
	CountReaders(ctx context.Context, which ReadBy) (Readership, error)
	// Erasures returns the erasures after the position given that have evidence, by position, at most limit of them.
	Erasures(ctx context.Context, after int64, limit int) (Head, []Record, error)
	// Batch returns the events of a batch after the position given, by position, at most limit of them. It looks at every event after
	// that position.
	Batch(ctx context.Context, batch consent.BatchID, after int64, limit int) ([]BatchEvent, error)
	// Hashes returns the hashes that are stored with the events at the positions. Positions without an event are missing; one
	// that is given twice is returned once.
	Hashes(ctx context.Context, positions []int64) (Head, map[int64]ledger.NodeHashes, error)
	// Snapshot calls read once with a snapshot of the whole store, which stays the same while others write. If read returns an
	// error, Snapshot returns it as it is. The methods of the snapshot are called by one goroutine at a time, and return an error
	// once read has returned.
	Snapshot(ctx context.Context, read func(ctx context.Context, s Snapshot) error) error
}

// Snapshot is the store at one instant, to be read page by page. Its methods return the errors of a [Reader].
type Snapshot interface {
	TableReader
	// Head returns the head.
	Head() Head
	// Rows returns the events after the position given, which may be negative, by position, with gaps if there are any, at most
	// limit of them.
	Rows(ctx context.Context, after int64, limit int) ([]Row, error)
	// Subjects returns the subjects that have events or states, with both, those greater than after in order of their ids,
	// at most limit of them. The zero id is not among them.
	Subjects(ctx context.Context, after consent.SubjectID, limit int) ([]SubjectHistory, error)
	// Catalogs returns all versions of the catalog, by version.
	Catalogs(ctx context.Context) ([]Catalog, error)
	// Refs returns all references, by number.
	Refs(ctx context.Context) ([]Ref, error)
}

// PoolStats are the connections that a store has at a moment.
type PoolStats struct {
	InUse int // by reads and writes
	Idle  int
	Max   int
	// Waits is how often a connection had to be waited for, and Waited how long in all. Both are 0 where the store does not count it.
	Waits  int64
	Waited time.Duration
}

// Store is a whole database.
type Store interface {
	Reader
	Writer
	Followed
	// Size returns how many bytes the database takes on disk, its indexes included. It returns ErrNotInitialised, ErrUnavailable or
	// ErrClosed.
	Size(ctx context.Context) (int64, error)
	// Pool tells of the connections at the moment, also while the database is away and after Close.
	Pool() PoolStats
	// Close releases everything. Calls after it, and those under way that cannot end, return ErrClosed.
	Close() error
}
