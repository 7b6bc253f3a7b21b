package suppressionfilter

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/FastFilter/xorfilter"

	"github.com/assent-io/assent/internal/address"
)

// Builder collects the entries of a list and writes the file. It takes 8 bytes of memory for an entry, and while it writes about 25 more:
// some 330 MB for ten million entries. Grow takes the 8 bytes at once; without it up to twice as much is held while the list grows. A
// Builder is for one goroutine at a time.
type Builder struct {
	key     Key
	matches uint16
	keys    []uint64

	oldestFold, newestFold int // of the entries; 0 without any

	// Tests replace these: how many entries there can be, and what makes the filter.
	limit int
	make  func(keys []uint64) (*xorfilter.BinaryFuse[uint8], error)
}

// NewBuilder returns a builder of files for the consumer with the key. It panics for the zero Key.
func NewBuilder(key Key) *Builder {
	key.must()
	return &Builder{key: key, limit: MaxEntries, make: xorfilter.NewBinaryFuse[uint8]}
}

// Grow makes room for so many more entries.
func (b *Builder) Grow(entries int) {
	b.keys = slices.Grow(b.keys, min(max(entries, 0), b.limit-len(b.keys)))
}

// AddExact adds one spelling of an address, as people type it: what a hard bounce is about, or a refusal by a tagged address. The error is
// an ErrAddress or ErrFull.
func (b *Builder) AddExact(typed string) error {
	a, err := address.Parse(typed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
	return b.addText(MatchExact, a.Exact())
}

// AddFolded adds all spellings of the mailbox of an address, as people type it. The error is an ErrAddress or ErrFull.
func (b *Builder) AddFolded(typed string) error {
	a, err := address.Parse(typed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
	return b.addText(MatchFolded, a.Folded())
}

// AddDomain adds a domain with all addresses at it and below it, as people type it. A public suffix, such as co.uk, is refused. The error
// is an ErrAddress or ErrFull.
func (b *Builder) AddDomain(typed string) error {
	domain, err := address.ParseDomain(typed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
	return b.addText(MatchDomain, domain)
}

// AddCanonical adds an entry that was stored as the canonical text of its match. A text that is not canonical by the rules of
// this program would never be found, so it is refused with ErrAddress. A domain that has become a public suffix since it was stored is
// taken. AddCanonical panics for an unknown match.
func (b *Builder) AddCanonical(match Match, text string) error {
	if !isCanonical(match, text) {
		return fmt.Errorf("%w: the text is not in the canonical spelling of the match %q", ErrAddress, match.String())
	}
	return b.addText(match, text)
}

// AddInner adds an entry of which only the inner hash is left, as of a person who was erased. The fold version is that by which the text
// was made canonical when it was hashed. The error is ErrFull, or ErrOtherFolding for a fold version that this package does not have: no
// program with this package would find the entry, so it belongs to Header.Missing. AddInner panics for an unknown match.
func (b *Builder) AddInner(match Match, foldVersion int, inner InnerHash) error {
	s := b.key.must()
	w := s.start()
	defer s.idle.Put(w)
	return b.AddHash(match, foldVersion, w.outerOf(inner))
}

// AddHash adds an entry by its hash under the key of the builder, with the fold version as AddInner has it. The errors are those of
// AddInner. AddHash panics for an unknown match.
func (b *Builder) AddHash(match Match, foldVersion int, h Hash) error {
	bit := match.bit()
	switch {
	case !canFold(foldVersion):
		return otherFolding(foldVersion, foldVersion)
	case len(b.keys) >= b.limit:
		return fmt.Errorf("%w: a file has at most %d entries", ErrFull, b.limit)
	case len(b.keys) == 0:
		b.oldestFold, b.newestFold = foldVersion, foldVersion
	default:
		b.oldestFold, b.newestFold = min(b.oldestFold, foldVersion), max(b.newestFold, foldVersion)
	}
	b.matches |= bit
	b.keys = append(b.keys, h.short())
	return nil
}

func (b *Builder) addText(match Match, canonical string) error {
	s := b.key.must()
	w := s.start()
	defer s.idle.Put(w)
	return b.AddHash(match, address.FoldVersion, w.hash(match, canonical))
}

// isCanonical reports whether a text is what address makes of some address, for the match.
func isCanonical(match Match, text string) bool {
	switch match.bit() {
	case MatchExact.bit():
		a, err := address.Parse(text)
		return err == nil && a.Exact() == text
	case MatchFolded.bit():
		a, err := address.Parse(text)
		if err != nil { // Without its tag, "a.+b" ends in a dot, which is right in a folded form only.
			at := max(strings.LastIndexByte(text, '@'), 0)
			a, err = address.Parse(text[:at] + "+" + text[at:])
		}
		return err == nil && a.Folded() == text
	default:
		domain, err := address.CanonicalDomain(text)
		return err == nil && domain == text
	}
}

// WriteFilter writes the file. With one build of a program the same entries, in any order and any number of times, and the same header make
// the same bytes. The builder may be used on. A list without entries also makes a file.
func (b *Builder) WriteFilter(w io.Writer, h Header) (Info, error) {
	if err := h.validate(); err != nil {
		return Info{}, err
	}
	slices.Sort(b.keys)
	b.keys = slices.Compact(b.keys)
	fuse, err := b.build()
	if err != nil {
		return Info{}, err
	}
	f := newFixed(&h, b.key, fuse)
	f.Entries, f.Matches, f.OldestFold, f.NewestFold = uint64(len(b.keys)), b.matches, uint32(b.oldestFold), uint32(b.newestFold)
	head, err := binary.Append(nil, binary.BigEndian, &f)
	if err != nil {
		return Info{}, fmt.Errorf("writing the filter: %w", err)
	}
	sum := sha256.New()
	both := io.MultiWriter(w, sum)
	for _, part := range [][]byte{append(head, h.Channel...), fuse.Fingerprints} {
		if _, err := both.Write(part); err != nil {
			return Info{}, fmt.Errorf("writing the filter: %w", err)
		}
	}
	digest := [digestSize]byte(sum.Sum(nil))
	if _, err := w.Write(digest[:]); err != nil {
		return Info{}, fmt.Errorf("writing the filter: %w", err)
	}
	return f.info(h.Channel, digest), nil
}

// build makes the filter of the keys, and holds that none of them is missing: an entry that the filter lacks would let a message go out to a
// person who refused.
func (b *Builder) build() (*xorfilter.BinaryFuse[uint8], error) {
	if len(b.keys) == 0 {
		return &xorfilter.BinaryFuse[uint8]{}, nil
	}
	fuse, err := b.make(b.keys)
	if err != nil {
		return nil, fmt.Errorf("making the filter: %w", err)
	}
	for _, key := range b.keys {
		if !fuse.Contains(key) {
			return nil, errors.New("making the filter: it lacks one of its entries, which is a fault of this program")
		}
	}
	return fuse, nil
}
