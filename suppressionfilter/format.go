package suppressionfilter

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/FastFilter/xorfilter"
)

// The format, described byte by byte in docs/suppression-filter.md: fixed fields, the channel, the fingerprints, and the SHA-256 of all of
// them. Numbers are big endian.
const (
	magic         = "assent-filter\x00"
	formatVersion = 1

	fixedSize  = 112
	digestSize = sha256.Size
	maxChannel = 255 // bytes

	// MaxEntries is how many entries a file holds at most.
	MaxEntries = 1 << 28

	maxFingerprints  = 1 << 29 // more than MaxEntries need
	maxSegmentLength = 1 << 18 // what the filter is built with at most
)

// Where the fields begin that an error can name.
const (
	atPosition      = 14 + 2 + 16
	atMade          = atPosition + 8
	atListNumber    = atMade + 8 + 8
	atOldestFold    = atListNumber + 4
	atMatches       = atOldestFold + 4 + 4
	atChannelLength = atMatches + 2
	atEntries       = atChannelLength + 2
	atMissing       = atEntries + 8
	atSegmentLength = atMissing + 8 + 8
	atFingerprints  = atSegmentLength + 4 + 4
)

// fixed is the fixed fields, in their order.
type fixed struct {
	Magic         [14]byte
	Version       uint16
	StoreID       [16]byte
	Position      int64
	Made          int64 // microseconds since 1970-01-01T00:00:00Z
	KeyID         KeyID
	ListNumber    uint32
	OldestFold    uint32
	NewestFold    uint32
	Matches       uint16
	ChannelLength uint16
	Entries       uint64
	Missing       int64
	Seed          uint64
	SegmentLength uint32
	SegmentCount  uint32
	Fingerprints  uint64
}

// Header says what a file is about.
type Header struct {
	StoreID  [16]byte  // of the store that made it; never zero
	Channel  string    // id of the channel, 1 to 255 bytes of UTF-8 without control characters
	Position int64     // in the ledger: the list is complete up to it; 0 for an empty ledger
	Made     time.Time // after 1970; kept in microseconds, UTC
	// Missing counts the entries of the list that the server could not make, as of people whose address is not known any more and of whom no
	// inner hash was kept. Their addresses are misses, so where a miss has to be certain and this is not 0, ask the server for misses as well.
	Missing int64
}

// Info says what a file is about and what is in it.
type Info struct {
	Header

	KeyID      KeyID            // names the key that the entries were hashed under
	ListNumber uint32           // number of the list key in that key
	Entries    int64            // how many different entries there are
	Matches    []Match          // of which there are entries
	OldestFold int              // oldest fold version of an entry; 0 without entries
	NewestFold int              // newest fold version of an entry; 0 without entries
	Size       int64            // of the file, in bytes
	Digest     [digestSize]byte // the last bytes of the file: the SHA-256 of all that is before
}

// newFixed returns the fields of a file, but for what the builder knows of its entries. The header was validated.
func newFixed(h *Header, key Key, fuse *xorfilter.BinaryFuse[uint8]) fixed {
	return fixed{
		Magic: [14]byte([]byte(magic)), Version: formatVersion, StoreID: h.StoreID, Position: h.Position, Made: h.Made.UnixMicro(),
		KeyID: key.ID(), ListNumber: key.ListNumber(), ChannelLength: uint16(len(h.Channel)), Missing: h.Missing, Seed: fuse.Seed, SegmentLength: fuse.SegmentLength, SegmentCount: fuse.SegmentCount,
		Fingerprints: uint64(len(fuse.Fingerprints)),
	}
}

func (h *Header) validate() error {
	switch {
	case h.StoreID == [16]byte{}:
		return fmt.Errorf("the header of the filter has no store id: 16 bytes that are not all zero would be right")
	case channelProblem(h.Channel) != "":
		return fmt.Errorf("the header of the filter has no right channel: %s", channelProblem(h.Channel))
	case h.Position < 0:
		return fmt.Errorf("the header of the filter has the position %d: 0 or more would be right", h.Position)
	case h.Missing < 0:
		return fmt.Errorf("the header of the filter has %d missing entries: 0 or more would be right", h.Missing)
	case h.Made.UnixMicro() <= 0:
		return fmt.Errorf("the header of the filter says that it was made in %d: a time after 1970 would be right", h.Made.Year())
	default:
		return nil
	}
}

func channelProblem(channel string) string {
	switch {
	case channel == "":
		return "the id of the channel is empty"
	case len(channel) > maxChannel:
		return fmt.Sprintf("the id of the channel has %d bytes, and at most %d would be right", len(channel), maxChannel)
	case !utf8.ValidString(channel):
		return "the id of the channel is not UTF-8"
	case strings.ContainsFunc(channel, unicode.IsControl):
		return "the id of the channel has a control character"
	default:
		return ""
	}
}

// readFixed reads the fixed fields and refuses what cannot be, before anything is done with a number in them.
func readFixed(r io.Reader) (raw []byte, f fixed, err error) {
	raw = make([]byte, fixedSize)
	n, err := io.ReadFull(r, raw)
	switch {
	case n < len(magic) && string(raw[:n]) == magic[:n] && isEnd(err):
		return nil, f, damage(int64(n), "the file ends here, in the first %d of its bytes", len(magic))
	case string(raw[:min(n, len(magic))]) != magic[:min(n, len(magic))]:
		return nil, f, damage(0, "it does not begin as a filter file does; it may be a file of another kind")
	case isEnd(err):
		return nil, f, damage(int64(n), "the file ends here, within its header of %d bytes and the channel", fixedSize)
	case err != nil:
		return nil, f, fmt.Errorf("reading the filter file: %w", err)
	}
	if _, err := binary.Decode(raw, binary.BigEndian, &f); err != nil {
		return nil, f, fmt.Errorf("reading the filter file: %w", err)
	}
	if f.Version != formatVersion {
		return nil, f, fmt.Errorf("%w: %d, and this program reads %d", ErrOtherVersion, f.Version, formatVersion)
	}
	return raw, f, f.check()
}

func (f *fixed) check() error {
	switch {
	case f.Position < 0:
		return damage(atPosition, "the position is negative")
	case f.Made <= 0:
		return damage(atMade, "the time at which it was made is not after 1970")
	case f.ChannelLength == 0 || f.ChannelLength > maxChannel:
		return damage(atChannelLength, "the id of the channel has %d bytes, and 1 to %d would be right", f.ChannelLength, maxChannel)
	case f.Entries > MaxEntries:
		return damage(atEntries, "it promises %d entries, and at most %d would be right", f.Entries, MaxEntries)
	case f.Missing < 0:
		return damage(atMissing, "the number of missing entries is negative")
	case f.Entries == 0:
		return f.checkEmpty()
	case f.OldestFold == 0 || f.OldestFold > f.NewestFold:
		return damage(atOldestFold, "the fold versions of the entries are %d to %d, and 1 or more, the oldest first, would be right", f.OldestFold, f.NewestFold)
	case f.Matches == 0 || f.Matches >= MatchDomain.bit()<<1:
		return damage(atMatches, "the matches of the entries are %#04x, and 0x0001 to 0x0007 would be right", f.Matches)
	case bits.OnesCount32(f.SegmentLength) != 1 || f.SegmentLength > maxSegmentLength:
		return damage(atSegmentLength, "the length of a segment is %d, and a power of two up to %d would be right", f.SegmentLength, maxSegmentLength)
	case f.SegmentCount == 0 || f.Fingerprints > maxFingerprints || f.Fingerprints != (uint64(f.SegmentCount)+2)*uint64(f.SegmentLength):
		return damage(atFingerprints, "it promises %d fingerprints, which does not fit to %d segments of %d", f.Fingerprints, f.SegmentCount, f.SegmentLength)
	case f.Entries > f.Fingerprints:
		return damage(atEntries, "it promises %d entries, which do not fit into %d fingerprints", f.Entries, f.Fingerprints)
	default:
		return nil
	}
}

// checkEmpty holds that there is one way only to write that a file has no entries.
func (f *fixed) checkEmpty() error {
	if f.Matches != 0 || f.OldestFold != 0 || f.NewestFold != 0 || f.Seed != 0 || f.SegmentLength != 0 || f.SegmentCount != 0 || f.Fingerprints != 0 {
		return damage(atEntries, "it promises no entries, and yet a match, a fold version or the fingerprints of some")
	}
	return nil
}

// size returns the length of the file.
func (f *fixed) size() int64 {
	return fixedSize + int64(f.ChannelLength) + int64(f.Fingerprints) + digestSize
}

func (f *fixed) info(channel string, digest [digestSize]byte) Info {
	info := Info{
		Header: Header{StoreID: f.StoreID, Channel: channel, Position: f.Position, Made: time.UnixMicro(f.Made).UTC(), Missing: f.Missing},
		KeyID:  f.KeyID, ListNumber: f.ListNumber, Entries: int64(f.Entries), OldestFold: int(f.OldestFold), NewestFold: int(f.NewestFold), Size: f.size(), Digest: digest,
	}
	for _, match := range matches() {
		if f.Matches&match.bit() != 0 {
			info.Matches = append(info.Matches, match)
		}
	}
	return info
}
