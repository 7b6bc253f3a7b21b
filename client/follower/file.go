package follower

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"slices"

	"google.golang.org/protobuf/encoding/protojson"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/address"
)

// A file has, in this order: magic; the length of its head in four bytes, big-endian, and the head as JSON; for each match the cards, of each
// the length of its key as a varint, the key, the length of its rules, and the rules; and the SHA-256 of all that.
const (
	magic      = "assent-follower\n"
	fileFormat = 2 // 1 knew no quiet hours and freezes.
	maxHead    = 64 << 20
	maxKey     = 1 << 16
	maxCard    = 256 << 20
	bufferSize = 1 << 16
)

// identity is what a set must be of to be gone on from.
type identity struct {
	Format      int      `json:"format"`
	Consumer    string   `json:"consumer"`
	Channels    []string `json:"channels"`
	Key         string   `json:"key"`
	FoldVersion int      `json:"foldVersion"`
}

func (f *Follower) identity() *identity {
	as := &identity{Format: fileFormat, Consumer: f.options.Consumer, Channels: f.options.Channels, FoldVersion: address.FoldVersion}
	if !f.options.Key.IsZero() {
		as.Key = f.options.Key.ID().String()
	}
	return as
}

// differs says how a set is another one than is wanted; empty: it is not.
func (i *identity) differs(want *identity) string {
	switch {
	case i.Format != want.Format:
		return fmt.Sprintf("it has the format %d, and this program reads %d", i.Format, want.Format)
	case i.Consumer != want.Consumer:
		return fmt.Sprintf("it is of the consumer %.64q", i.Consumer)
	case !slices.Equal(i.Channels, want.Channels):
		return "it is of other channels"
	case i.Key != want.Key:
		return "it was made with another key"
	case i.FoldVersion != want.FoldVersion:
		return "it was made by a program that folds addresses otherwise"
	default:
		return ""
	}
}

// head is what a file says before its cards.
type head struct {
	identity

	Token    string            `json:"token"`
	Position int64             `json:"position"`
	Told     []json.RawMessage `json:"told"`
	Shapes   []shape           `json:"shapes"`
	Cards    [matches]int      `json:"cards"`
}

// encode writes a set.
func encode(to io.Writer, as *identity, v *view) error {
	h := head{identity: *as, Token: v.token, Position: v.position, Shapes: v.shapes}
	for _, m := range v.channels {
		text, err := protojson.Marshal(m)
		if err != nil {
			return err
		}
		h.Told = append(h.Told, text)
	}
	for i := range v.cards {
		h.Cards[i] = v.cards[i].Len()
	}
	text, err := json.Marshal(&h)
	if err != nil {
		return err
	}
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(to, sum), bufferSize)
	buffer := append([]byte(magic), binary.BigEndian.AppendUint32(nil, uint32(len(text)))...) //nolint:gosec // Shapes are few.
	if _, err := out.Write(append(buffer, text...)); err != nil {
		return err
	}
	for i := range v.cards {
		for key, card := range v.cards[i].All() {
			buffer = append(binary.AppendUvarint(buffer[:0], uint64(len(key))), key...)
			buffer = append(binary.AppendUvarint(buffer, uint64(len(card))), card...)
			if _, err := out.Write(buffer); err != nil {
				return err
			}
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err = to.Write(sum.Sum(nil))
	return err
}

// load reads the set that File has. What is wrong with it is told, and leaves the Follower without a set.
func (f *Follower) load() {
	if f.options.File == "" {
		return
	}
	file, err := os.Open(f.options.File)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var s *set
	if err == nil {
		s, err = decode(file, f.identity())
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		f.tell(Event{Kind: EventFileRefused, Err: fmt.Errorf("the set in %s cannot be used, so a snapshot is taken: %w", f.options.File, err)})
		return
	}
	f.set, f.saver.written = s, s.token // It answers once the server said what is missing.
}

// What is wrong with a file.
var (
	errNoSet    = errors.New("it is no file of a Follower")
	errCut      = errors.New("it was cut")
	errAltered  = errors.New("its checksum does not fit: it was altered")
	errTrailing = errors.New("something follows after its end")
)

// source reads a file and sums it up.
type source struct {
	in  *bufio.Reader
	sum hash.Hash
	one [1]byte
}

func (s *source) ReadByte() (byte, error) {
	b, err := s.in.ReadByte()
	s.one[0] = b
	if err == nil {
		s.sum.Write(s.one[:])
	}
	return b, err
}

// next returns the next n bytes. What it takes grows with what is there, not with what is said.
func (s *source) next(n uint64) ([]byte, error) {
	var data bytes.Buffer
	if n <= bufferSize {
		data.Grow(int(n))
	}
	got, err := io.CopyN(&data, s.in, int64(n)) //nolint:gosec // Each caller bounds n.
	if err != nil || uint64(got) != n {         //nolint:gosec // It is not negative.
		return nil, errCut
	}
	s.sum.Write(data.Bytes())
	return data.Bytes(), nil
}

// sized returns bytes whose length stands before them.
func (s *source) sized(limit uint64) ([]byte, error) {
	n, err := binary.ReadUvarint(s)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errCut
	case err != nil, n > limit:
		return nil, errAltered
	default:
		return s.next(n)
	}
}

// decode reads a set. Its errors say why it cannot be used.
func decode(from io.Reader, want *identity) (*set, error) {
	in := &source{in: bufio.NewReaderSize(from, bufferSize), sum: sha256.New()}
	h, err := in.head(want)
	if err != nil {
		return nil, err
	}
	channels := make([]*assentv1.FeedChannel, len(h.Told))
	for i, text := range h.Told {
		channels[i] = &assentv1.FeedChannel{}
		if err := protojson.Unmarshal(text, channels[i]); err != nil {
			return nil, fmt.Errorf("%w: its channels cannot be read", errAltered)
		}
	}
	s, err := newSet(want.Key != "", channels, h.Shapes)
	if err != nil {
		return nil, err
	}
	if len(s.shapes.list) != len(h.Shapes) {
		return nil, errAltered // Two are the same, so the numbers in the rules would mean others.
	}
	s.token, s.position, s.caughtUp = h.Token, h.Position, true
	for i := range s.cards {
		for range h.Cards[i] {
			if err := s.read(in, i); err != nil {
				return nil, err
			}
		}
	}
	if err := in.end(); err != nil {
		return nil, err
	}
	return s, nil
}

// head reads what stands before the cards.
func (s *source) head(want *identity) (*head, error) {
	start, err := s.next(uint64(len(magic)))
	if err != nil || string(start) != magic {
		return nil, errNoSet
	}
	length, err := s.next(4)
	if err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length)
	if n > maxHead {
		return nil, errAltered
	}
	text, err := s.next(uint64(n))
	if err != nil {
		return nil, err
	}
	var of identity
	if err := json.Unmarshal(text, &of); err != nil {
		return nil, fmt.Errorf("%w: its head cannot be read", errAltered)
	}
	if different := of.differs(want); different != "" {
		return nil, errors.New(different)
	}
	var h head
	if err := json.Unmarshal(text, &h); err != nil || h.Token == "" {
		return nil, fmt.Errorf("%w: its head cannot be read", errAltered)
	}
	return &h, nil
}

// read reads a card.
func (s *set) read(in *source, match int) error {
	key, err := in.sized(maxKey - 1)
	if err != nil {
		return err
	}
	card, err := in.sized(maxCard)
	if err != nil {
		return err
	}
	if len(key) == 0 || s.keyed && len(key) != sha256.Size || len(card) == 0 || s.cards[match].Get(key) != nil {
		return errAltered
	}
	for rest := card; len(rest) > 0; {
		_, size := nextRule(rest, s.shapes.held)
		if size == 0 {
			return errAltered
		}
		rest = rest[size:]
	}
	s.put(Match(match+1), key, card)
	return nil
}

// end reads the checksum, after which nothing may come.
func (s *source) end() error {
	want := s.sum.Sum(nil)
	sum := make([]byte, sha256.Size)
	if _, err := io.ReadFull(s.in, sum); err != nil {
		return errCut
	}
	if !bytes.Equal(sum, want) {
		return errAltered
	}
	if _, err := s.in.ReadByte(); !errors.Is(err, io.EOF) {
		return errTrailing
	}
	return nil
}
