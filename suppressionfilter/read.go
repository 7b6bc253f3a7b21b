package suppressionfilter

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/FastFilter/xorfilter"

	"github.com/assent-io/assent/internal/address"
)

// Expect says which file a program wants. What is zero is not asked.
type Expect struct {
	StoreID     [16]byte // else ErrOtherStore
	Channel     string   // else ErrOtherChannel
	MinPosition int64    // the file is complete at least up to here, else ErrTooOld
}

// Open reads the filter in a file. See Read.
func Open(path string, key Key, expect Expect) (*Filter, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	filter, err := Read(file, key, expect)
	_ = file.Close() // Nothing was written.
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return filter, nil
}

// Read reads a filter up to the end of r, and verifies all of it before anything is answered: length, digest, key, what is expected, and
// that this package has the fold versions of all entries.
//
// An error is one of ErrDamaged, ErrOtherVersion, ErrOtherKey, ErrOtherStore, ErrOtherChannel, ErrTooOld and ErrOtherFolding, or one of
// r. A file that promises more than it has costs no more memory than three times what it has.
func Read(r io.Reader, key Key, expect Expect) (*Filter, error) {
	if key.IsZero() {
		return nil, errors.New("the filter file needs a key: the zero Key is none")
	}
	raw, f, err := readFixed(r)
	if err != nil {
		return nil, err
	}
	rest, err := readUpTo(r, int(f.size()-fixedSize))
	switch {
	case isEnd(err):
		return nil, damage(fixedSize+int64(len(rest)), "the file ends here, and its header promises %d bytes", f.size())
	case err != nil:
		return nil, fmt.Errorf("reading the filter file: %w", err)
	}
	if err := checkEnd(r, f.size()); err != nil {
		return nil, err
	}
	body := rest[:len(rest)-digestSize]
	sum := sha256.New()
	sum.Write(raw)
	sum.Write(body)
	digest := [digestSize]byte(rest[len(body):])
	if !bytes.Equal(sum.Sum(nil), digest[:]) {
		return nil, damage(f.size()-digestSize, "the digest is not that of the bytes before it; some of them were changed")
	}
	channel := string(body[:f.ChannelLength])
	if problem := channelProblem(channel); problem != "" {
		return nil, damage(fixedSize, "%s", problem)
	}
	info := f.info(channel, digest)
	if err := expect.check(&info, key); err != nil {
		return nil, err
	}
	return newFilter(&info, &f, body[f.ChannelLength:], key), nil
}

// newFilter returns the filter of a file that was verified.
func newFilter(info *Info, f *fixed, fingerprints []byte, key Key) *Filter {
	return &Filter{
		info: *info, matches: f.Matches, key: key,
		fuse: xorfilter.BinaryFuse[uint8]{
			Seed: f.Seed, SegmentLength: f.SegmentLength, SegmentLengthMask: f.SegmentLength - 1, SegmentCount: f.SegmentCount,
			SegmentCountLength: f.SegmentCount * f.SegmentLength, Fingerprints: fingerprints,
		},
	}
}

// check compares a file with what is expected of it.
func (e *Expect) check(info *Info, key Key) error {
	switch {
	case info.KeyID != key.ID():
		return fmt.Errorf("%w: it names the key %s, and the key that was given is %s", ErrOtherKey, info.KeyID, key.ID())
	case e.StoreID != [16]byte{} && info.StoreID != e.StoreID:
		return fmt.Errorf("%w: it names the store %x, and %x is expected", ErrOtherStore, info.StoreID, e.StoreID)
	case e.Channel != "" && info.Channel != e.Channel:
		return fmt.Errorf("%w: it is about %q, and %q is expected", ErrOtherChannel, info.Channel, e.Channel)
	case info.Position < e.MinPosition:
		return fmt.Errorf("%w: it ends at position %d, and %d or later is expected", ErrTooOld, info.Position, e.MinPosition)
	case info.ListNumber != key.ListNumber():
		return damage(atListNumber, "the number of the list key is %d, and that of the key it names is %d", info.ListNumber, key.ListNumber())
	case info.Entries > 0 && (!canFold(info.OldestFold) || !canFold(info.NewestFold)):
		return otherFolding(info.OldestFold, info.NewestFold)
	default:
		return nil
	}
}

// canFold reports whether this package makes the canonical texts of a fold version, of every match.
func canFold(version int) bool {
	return version >= address.OldestFoldVersion && version <= address.FoldVersion
}

func otherFolding(oldest, newest int) error {
	return fmt.Errorf("%w: they have %d to %d, and this program has %d to %d", ErrOtherFolding, oldest, newest, address.OldestFoldVersion, address.FoldVersion)
}

// firstRoom is how much memory is taken before anything has shown that a file is as long as its header promises.
const firstRoom = 1 << 16

// readUpTo reads n bytes, and takes memory only as they come. At the end of r it returns what there was.
func readUpTo(r io.Reader, n int) ([]byte, error) {
	data := make([]byte, min(n, firstRoom))
	for have := 0; ; {
		got, err := io.ReadFull(r, data[have:])
		have += got
		if err != nil || have == n {
			return data[:have], err
		}
		larger := make([]byte, min(n, 2*have))
		copy(larger, data)
		data = larger
	}
}

// checkEnd holds that nothing follows.
func checkEnd(r io.Reader, size int64) error {
	var more [1]byte
	switch n, err := io.ReadFull(r, more[:]); {
	case n > 0:
		return damage(size, "more bytes follow, where the file ends by its header")
	case !isEnd(err):
		return fmt.Errorf("reading the filter file: %w", err)
	default:
		return nil
	}
}

func isEnd(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
