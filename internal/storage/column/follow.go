package column

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// What followers select of the tables e (events), k (subjects, or keys that may lead to none) and s (states): the columns that
// [Follow.AddLeaf] and [Keyed] expect, and with states that do not belong to these events.
const (
	Leaf       = `e.position, e.leaf_hash`
	KeyedState = `k.form, k.digest, k.subject IS NULL, s.state`
	// Mails is the number of the form of confirmation mails, the greatest of all forms: so those before it are one range of keys.
	Mails = `4`
)

// Keyed reads rows of [KeyedState] one after the other. Bytes is the type by which a driver hands over bytes that are its own: so
// none are copied, and what is read is valid until the next row.
type Keyed[Bytes ~[]byte] struct {
	form           int16
	gone           bool
	digest, packed Bytes
	dest           []any
}

// NewKeyed returns a reader of rows.
func NewKeyed[Bytes ~[]byte]() *Keyed[Bytes] {
	k := &Keyed[Bytes]{}
	k.dest = []any{&k.form, &k.digest, &k.gone, &k.packed}
	return k
}

// Scan reads a row.
func (k *Keyed[Bytes]) Scan(scan Scan) (storage.KeyedState, error) {
	k.digest, k.packed = nil, nil
	if err := scan(k.dest...); err != nil {
		return storage.KeyedState{}, err
	}
	state := storage.KeyedState{
		Key: storage.SubjectKey{Form: consent.Form(k.form)}, Packed: OrNull([]byte(k.packed)), Gone: k.gone,
	}
	return state, Fixed("subjects.digest", state.Key.Digest[:], []byte(k.digest))
}

// Follow gathers the news after a mark.
type Follow[Bytes ~[]byte] struct {
	News  storage.News
	since storage.Mark
	limit int64
	row   *Keyed[Bytes]
	seen  map[storage.SubjectKey]bool
}

// NewFollow returns the news after the mark, which are none yet, of at most limit events.
func NewFollow[Bytes ~[]byte](since storage.Mark, limit int64) *Follow[Bytes] {
	return &Follow[Bytes]{
		News: storage.News{Mark: since}, since: since, limit: limit, row: NewKeyed[Bytes](), seen: map[storage.SubjectKey]bool{},
	}
}

// UpTo returns the last position that may be read.
func (f *Follow[Bytes]) UpTo() int64 {
	return f.since.Position + min(f.limit, math.MaxInt64-f.since.Position)
}

// AddLeaf reads a row of [Leaf].
func (f *Follow[Bytes]) AddLeaf(scan Scan) error {
	var position int64
	var leaf []byte
	var sum [32]byte
	if err := scan(&position, &leaf); err != nil {
		return err
	}
	if position != f.News.Mark.Position+1 {
		return fmt.Errorf("the ledger lacks the event at position %d", f.News.Mark.Position+1)
	}
	f.News.Mark.Position = position
	if err := Fixed("events.leaf_hash", sum[:], leaf); err != nil {
		return err
	}
	f.News.Leaves = append(f.News.Leaves, sum)
	return nil
}

// AddState reads a row of [KeyedState]. A subject may come more than once.
func (f *Follow[Bytes]) AddState(scan Scan) error {
	state, err := f.row.Scan(scan)
	if err != nil || f.seen[state.Key] {
		return err
	}
	f.seen[state.Key] = true
	state.Packed = bytes.Clone(state.Packed)
	f.News.States = append(f.News.States, state)
	return nil
}

// End returns the news as of the head, which is of the same snapshot as the rows.
func (f *Follow[Bytes]) End(head *storage.Head) (storage.News, error) {
	if news, quiet := Quiet(head, f.since); quiet {
		return news, nil // The store was exchanged, or much was written, since it was looked at first.
	}
	if f.News.Mark.Position != min(head.Position, f.UpTo()) {
		return storage.News{}, fmt.Errorf("the ledger lacks the event at position %d", f.News.Mark.Position+1)
	}
	f.News.Mark.Revision = head.Revision
	f.News.Leaves, f.News.States = slices.Clip(f.News.Leaves), slices.Clip(f.News.States)
	return f.News, nil
}

// Reload reports whether the mark is so far behind the head that it is not kept what changed.
func Reload(head *storage.Head, since storage.Mark) bool {
	return since.Revision < head.Revision-storage.RevisionsKept
}

// Quiet returns the news of a mark that need no reading, and reports whether that is so.
func Quiet(head *storage.Head, since storage.Mark) (storage.News, bool) {
	news := storage.News{Mark: since}
	at := storage.MarkOf(head)
	switch {
	case !at.Reaches(since), since.Reaches(at):
		return news, true
	case Reload(head, since):
		news.Reload = true
		return news, true
	default:
		return news, false
	}
}
