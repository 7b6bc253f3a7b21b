package column

import (
	"fmt"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/storage"
)

// Scan is the Scan method of a row of either driver.
type Scan = storage.Scan

// AppendTo returns a function that scans a row and keeps it.
func AppendTo[Row any](rows *[]Row, scan func(Scan) (Row, error)) func(Scan) error {
	return func(from Scan) error {
		row, err := scan(from)
		if err != nil {
			return err
		}
		*rows = append(*rows, row)
		return nil
	}
}

// skip returns destinations for columns that are not wanted.
func skip(n int) []any {
	dest := make([]any, n)
	for i := range dest {
		dest[i] = new(any)
	}
	return dest
}

// Fixed copies the bytes of a column into an array. They must have its length.
func Fixed(name string, into, b []byte) error {
	if len(b) != len(into) {
		return fmt.Errorf("%s has %d bytes instead of %d", name, len(b), len(into))
	}
	copy(into, b)
	return nil
}

// ScanHead reads the columns of [Head].
func ScanHead(scan Scan) (storage.Head, error) { return scanHead(scan, nil) }

// ScanHeadOnly reads the head's row of a compound select. Its other columns are those of [SubjectState].
func ScanHeadOnly(scan Scan) (storage.Head, error) { return scanHead(scan, skip(subjectStateWidth)) }

func scanHead(scan Scan, others []any) (storage.Head, error) {
	var h storage.Head
	var id, keys, refs, catalogs, lists []byte
	dest := append([]any{
		&id, &h.KeysCheck, &h.Position, (*int64)(&h.Recorded), &h.Tree, &h.CatalogVersion, &h.ClientsVersion, &h.Refs, &keys,
		&h.FoldVersion, &h.Revision, &refs, &catalogs, &h.Undone, &lists,
	}, others...)
	if err := scan(dest...); err != nil {
		return storage.Head{}, err
	}
	if err := Fixed("ledger_head.store_id", h.StoreID[:], id); err != nil {
		return storage.Head{}, err
	}
	copy(h.RefsSum[:], refs) // The tables hold them to their length.
	copy(h.CatalogsSum[:], catalogs)
	copy(h.ListsSum[:], lists)
	var err error
	if h.DigestKeys, err = unpackKeys(keys); err != nil {
		return storage.Head{}, fmt.Errorf("ledger_head: %w", err)
	}
	h.KeysCheck, h.Tree = OrNull(h.KeysCheck), OrNull(h.Tree)
	return h, nil
}

// SubjectStates reads the subjects of one result, with the same destinations for all rows.
type SubjectStates struct {
	dest                  []any
	form                  int16
	digest, subject       []byte
	keyVersion            int64
	foldVersion           int32
	address, state        []byte
	erased, statePosition *int64
	subjects              []storage.SubjectState
}

// NewSubjectStates returns a reader of rows of [SubjectState]; afterHead says that the columns of the head come before.
func NewSubjectStates(afterHead bool) *SubjectStates {
	var s SubjectStates
	if afterHead {
		s.dest = skip(headWidth)
	}
	s.dest = append(s.dest, &s.form, &s.digest, &s.subject, &s.keyVersion, &s.foldVersion, &s.address, &s.erased,
		&s.statePosition, &s.state)
	return &s
}

// mostExpected is for how many rows there is room before they come: a limit may be any number.
const mostExpected = 5000

// Expect makes room for so many rows.
func (s *SubjectStates) Expect(rows int) {
	s.subjects = slices.Grow(s.subjects, min(max(rows, 0), mostExpected))
}

// Add reads a row.
func (s *SubjectStates) Add(scan Scan) error {
	s.digest, s.subject, s.address, s.state = nil, nil, nil, nil
	if err := scan(s.dest...); err != nil {
		return err
	}
	row := storage.SubjectState{Subject: storage.Subject{
		Key:         storage.SubjectKey{Form: consent.Form(s.form)},
		KeyVersion:  uint32(s.keyVersion),
		FoldVersion: s.foldVersion,
		Address:     OrNull(s.address),
		Erased:      Instant(s.erased),
	}}
	if err := Fixed("subjects.digest", row.Key.Digest[:], s.digest); err != nil {
		return err
	}
	if s.subject != nil {
		if err := Fixed("subjects.subject", row.ID[:], s.subject); err != nil {
			return err
		}
	}
	if s.statePosition != nil {
		row.State = storage.State{Subject: row.ID, Position: *s.statePosition, Packed: OrNull(s.state)}
	}
	s.subjects = append(s.subjects, row)
	return nil
}

// All returns the subjects that were read.
func (s *SubjectStates) All() []storage.SubjectState { return s.subjects }

// Instant returns the instant of a number that [InstantOrNull] made.
func Instant(n *int64) consent.Instant {
	if n == nil {
		return 0
	}
	return consent.Instant(*n)
}

// ScanState reads the columns of [States].
func ScanState(scan Scan) (storage.State, error) {
	var s storage.State
	var subject []byte
	if err := scan(&subject, &s.Position, &s.Packed); err != nil {
		return storage.State{}, err
	}
	s.Packed = OrNull(s.Packed)
	return s, Fixed("states.subject", s.Subject[:], subject)
}

// ScanRecord reads the columns of [Record].
func ScanRecord(scan Scan) (storage.Record, error) {
	var r storage.Record
	var leaf []byte
	var position, recorded int64
	err := scan(&position, &recorded, &r.Header, &r.Evidence, &leaf, &r.TreeHashes)
	if err != nil {
		return storage.Record{}, err
	}
	if err := Fixed("events.leaf_hash", r.LeafHash[:], leaf); err != nil {
		return storage.Record{}, err
	}
	if len(r.Header) == 0 {
		r.Event = consent.Event{Position: position, Recorded: consent.Instant(recorded)}
	} else if r.Event, err = codec.DecodeHeader(r.Header); err != nil {
		return storage.Record{}, fmt.Errorf("events.header: %w", err)
	}
	r.Header, r.Evidence, r.TreeHashes = OrNull(r.Header), OrNull(r.Evidence), OrNull(r.TreeHashes)
	return r, nil
}

// ScanRow reads the columns of [Events].
func ScanRow(scan Scan) (storage.Row, error) {
	var r storage.Row
	err := scan(&r.Position, &r.Subject, &r.Key, &r.Kind, &r.Recorded, &r.Occurred, &r.Actor, &r.Batch, &r.Header, &r.Evidence,
		&r.LeafHash, &r.TreeHashes)
	r.Batch, r.Evidence, r.TreeHashes = OrNull(r.Batch), OrNull(r.Evidence), OrNull(r.TreeHashes)
	return r, err
}

// ScanHashes reads the columns of [Hashes]: a position and what is stored with it.
func ScanHashes(scan Scan) (int64, ledger.NodeHashes, error) {
	var position int64
	var leaf []byte
	var h ledger.NodeHashes
	if err := scan(&position, &leaf, &h.Tree); err != nil {
		return 0, h, err
	}
	h.Tree = OrNull(h.Tree)
	return position, h, Fixed("events.leaf_hash", h.Leaf[:], leaf)
}

// ScanSubjectID reads the id of a subject.
func ScanSubjectID(scan Scan) (consent.SubjectID, error) {
	var b []byte
	var id consent.SubjectID
	if err := scan(&b); err != nil {
		return id, err
	}
	return id, Fixed("subject", id[:], b)
}

// ScanIDHeader reads the id of a subject and a header of one of its events.
func ScanIDHeader(scan Scan) (consent.SubjectID, []byte, error) {
	var b, header []byte
	var id consent.SubjectID
	if err := scan(&b, &header); err != nil {
		return id, nil, err
	}
	return id, header, Fixed("events.subject", id[:], b)
}

// ScanKeyHeader reads the key of a subject and a header of one of its events, or nil if it has none.
func ScanKeyHeader(scan Scan) (storage.SubjectKey, []byte, error) {
	var digest, header []byte
	var form int16
	if err := scan(&form, &digest, &header); err != nil {
		return storage.SubjectKey{}, nil, err
	}
	key := storage.SubjectKey{Form: consent.Form(form)}
	return key, OrNull(header), Fixed("subjects.digest", key.Digest[:], digest)
}

// AddEvent adds an event that has one of the keys asked for, unless it is there: a key may be asked for twice. The columns are the key of a
// subject, an event key, a position, a batch, and whether the subject has a void. Rows come by position.
func AddEvent(to map[storage.EventRef][]storage.BatchedAt, scan Scan) error {
	var digest, key, batch []byte
	var form int16
	var at storage.BatchedAt
	if err := scan(&form, &digest, &key, &at.Position, &batch, &at.Void); err != nil {
		return err
	}
	ref := storage.EventRef{Subject: storage.SubjectKey{Form: consent.Form(form)}}
	if err := Fixed("subjects.digest", ref.Subject.Digest[:], digest); err != nil {
		return err
	}
	if err := Fixed("events.event_key", ref.Key[:], key); err != nil {
		return err
	}
	copy(at.Batch[:], batch) // The tables hold it to its length.
	if all := to[ref]; len(all) == 0 || all[len(all)-1].Position != at.Position {
		to[ref] = append(all, at)
	}
	return nil
}

// ScanCatalog reads the columns of [Catalogs].
func ScanCatalog(scan Scan) (storage.Catalog, error) {
	var c storage.Catalog
	var sum []byte
	var effective *int64
	if err := scan(&c.Version, &c.Position, &effective, (*int64)(&c.Recorded), &sum, &c.Document); err != nil {
		return storage.Catalog{}, err
	}
	c.Effective = Instant(effective)
	return c, Fixed("catalogs.sha256", c.SHA256[:], sum)
}

// ScanRef reads the columns of [Refs].
func ScanRef(scan Scan) (storage.Ref, error) {
	var r storage.Ref
	var kind int16
	err := scan(&r.Number, &kind, &r.Name)
	r.Kind = consent.RefKind(kind)
	return r, err
}

// ScanRequest reads the columns of [Requests].
func ScanRequest(scan Scan) (storage.Request, error) {
	var r storage.Request
	var id []byte
	var first, last *int64
	if err := scan(&id, &r.BodyMAC, &r.Answer, (*int64)(&r.Expires), &first, &last); err != nil {
		return storage.Request{}, err
	}
	r.BodyMAC, r.Answer = OrNull(r.BodyMAC), OrNull(r.Answer)
	if first != nil && last != nil {
		r.First, r.Last = *first, *last
	}
	return r, Fixed("requests.id", r.ID[:], id)
}

// ScanBatchEvent reads a position and the subject of the event there.
func ScanBatchEvent(scan Scan) (storage.BatchEvent, error) {
	var e storage.BatchEvent
	var subject []byte
	if err := scan(&e.Position, &subject); err != nil {
		return storage.BatchEvent{}, err
	}
	return e, Fixed("events.subject", e.Subject[:], subject)
}

// ScanEvidence reads a position and the sealed evidence of the event there.
func ScanEvidence(scan Scan) (position int64, sealed []byte, err error) {
	err = scan(&position, &sealed)
	return position, sealed, err
}

// ScanDisclosure reads the columns of [Disclosures].
func ScanDisclosure(scan Scan) (storage.Disclosure, error) {
	var d storage.Disclosure
	var subject []byte
	if err := scan(&subject, &d.Day, &d.Client, &d.Channel, &d.Count); err != nil {
		return storage.Disclosure{}, err
	}
	return d, Fixed("disclosures.subject", d.Subject[:], subject)
}

// ScanReadership reads the day, the client, the channel, and how many subjects and disclosures there are.
func ScanReadership(scan Scan) (storage.Readership, error) {
	var r storage.Readership
	err := scan(&r.Day, &r.Client, &r.Channel, &r.Subjects, &r.Count)
	return r, err
}

// ScanOutline reads the columns of [Outline].
func ScanOutline(scan Scan) (storage.Outline, error) {
	var o storage.Outline
	var subject []byte
	var kind int16
	if err := scan(&o.Position, &subject, &kind, (*int64)(&o.Occurred), &o.Evidence); err != nil {
		return storage.Outline{}, err
	}
	o.Kind = consent.Kind(kind)
	return o, Fixed("events.subject", o.Subject[:], subject)
}
