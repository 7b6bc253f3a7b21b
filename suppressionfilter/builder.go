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
	key   Key
	forms uint16
	keys  []uint64
}

// NewBuilder returns a builder of files for the consumer with the key. It panics for the zero Key.
func NewBuilder(key Key) *Builder {
	key.must()
	return &Builder{key: key}
}

// Grow makes room for so many more entries.
func (b *Builder) Grow(entries int) {
	b.keys = slices.Grow(b.keys, min(max(entries, 0), MaxEntries-len(b.keys)))
}

// AddExact adds one spelling of an address, as people type it: what a hard bounce is about, or a refusal by a tagged address. The error is
// an ErrAddress or ErrFull.
func (b *Builder) AddExact(typed string) error {
	a, err := address.Parse(typed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
	return b.addText(FormExact, a.Exact())
}

// AddFolded adds all spellings of the mailbox of an address, as people type it. The error is an ErrAddress or ErrFull.
func (b *Builder) AddFolded(typed string) error {
	a, err := address.Parse(typed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
	return b.addText(FormFolded, a.Folded())
}

// AddDomain adds a domain with all addresses at it and below it, as people type it. A public suffix, such as co.uk, is refused. The error
// is an ErrAddress or ErrFull.
func (b *Builder) AddDomain(typed string) error {
	domain, err := address.ParseDomain(typed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
	return b.addText(FormDomain, domain)
}

// AddCanonical adds a form of an address or a domain that was stored as its canonical text. A text that is not canonical would never be
// found, so it is refused with ErrAddress. A domain that has become a public suffix since it was stored is taken. AddCanonical panics for
// an unknown form.
func (b *Builder) AddCanonical(form Form, text string) error {
	if !isCanonical(form, text) {
		return fmt.Errorf("%w: the text is not in the canonical spelling of the form %q", ErrAddress, form.String())
	}
	return b.addText(form, text)
}

// AddInner adds an entry of which only the inner hash is left, as of a person who was erased. The error is ErrFull. AddInner panics for an
// unknown form.
func (b *Builder) AddInner(form Form, inner InnerHash) error {
	s := b.key.must()
	w := s.start()
	defer s.idle.Put(w)
	return b.AddHash(form, w.outerOf(inner))
}

// AddHash adds an entry by its hash under the key of the builder. The error is ErrFull. AddHash panics for an unknown form.
func (b *Builder) AddHash(form Form, h Hash) error {
	bit := form.bit()
	if len(b.keys) >= MaxEntries {
		return fmt.Errorf("%w: a file has at most %d entries", ErrFull, MaxEntries)
	}
	b.forms |= bit
	b.keys = append(b.keys, h.short())
	return nil
}

func (b *Builder) addText(form Form, canonical string) error {
	s := b.key.must()
	w := s.start()
	defer s.idle.Put(w)
	return b.AddHash(form, w.hash(form, canonical))
}

// isCanonical reports whether a text is what address makes of some address, for the form.
func isCanonical(form Form, text string) bool {
	switch form.bit() {
	case FormExact.bit():
		a, err := address.Parse(text)
		return err == nil && a.Exact() == text
	case FormFolded.bit():
		a, err := address.Parse(text)
		if err != nil { // Without its tag, "a.+b" ends in a dot, which is right in a folded form only.
			at := max(strings.LastIndexByte(text, '@'), 0)
			a, err = address.Parse(text[:at] + "+" + text[at:])
		}
		return err == nil && a.Folded() == text
	default:
		a, err := address.Parse("x@" + text)
		return err == nil && a.Domain() == text
	}
}

// WriteFilter writes the file. The same entries, in any order and any number of times, and the same header make the same bytes. The
// builder may be used on. A list without entries is a file, too.
func (b *Builder) WriteFilter(w io.Writer, h Header) (Info, error) {
	if err := h.validate(); err != nil {
		return Info{}, err
	}
	slices.Sort(b.keys)
	b.keys = slices.Compact(b.keys)
	fuse, err := build(b.keys)
	if err != nil {
		return Info{}, err
	}
	f := newFixed(&h, b.key.ID(), len(b.keys), b.forms, fuse)
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

// build makes the filter of different keys, and holds that none of them is missing: an entry that the filter lacks would let a message go
// out to a person who refused.
func build(keys []uint64) (*xorfilter.BinaryFuse[uint8], error) {
	if len(keys) == 0 {
		return &xorfilter.BinaryFuse[uint8]{}, nil
	}
	fuse, err := xorfilter.NewBinaryFuse[uint8](keys)
	if err != nil {
		return nil, fmt.Errorf("making the filter: %w", err)
	}
	for _, key := range keys {
		if !fuse.Contains(key) {
			return nil, errors.New("making the filter: it lacks one of its entries, which is a fault of this program")
		}
	}
	return fuse, nil
}
