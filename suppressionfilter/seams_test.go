package suppressionfilter

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/FastFilter/xorfilter"

	"github.com/assent-io/assent/internal/address"
)

func newBuilder(t *testing.T) *Builder {
	t.Helper()
	key, err := NewKey(0, [KeySize]byte{1}, [KeySize]byte{2})
	if err != nil {
		t.Fatal(err)
	}
	return NewBuilder(key)
}

func (b *Builder) written(t *testing.T) ([]byte, error) {
	t.Helper()
	var file bytes.Buffer
	_, err := b.WriteFilter(&file, Header{StoreID: [16]byte{1}, Channel: "newsletter", Position: 1, Made: time.Unix(1_796_000_000, 0)})
	return file.Bytes(), err
}

// A filter that lacks an entry would let a message go out, so no file is made of it.
func TestWriteFilter_FilterLacksAnEntry_IsAnErrorAndNoFile(t *testing.T) {
	b := newBuilder(t)
	for _, typed := range []string{"anna@example.at", "bernd@example.at", "carla@example.at"} {
		if err := b.AddExact(typed); err != nil {
			t.Fatal(err)
		}
	}
	b.make = func(keys []uint64) (*xorfilter.BinaryFuse[uint8], error) {
		return xorfilter.NewBinaryFuse[uint8](append([]uint64(nil), keys[1:]...))
	}
	if file, err := b.written(t); err == nil || !strings.Contains(err.Error(), "lacks one of its entries") || len(file) > 0 {
		t.Errorf("%d bytes are written: %v", len(file), err)
	}
	b.make = func([]uint64) (*xorfilter.BinaryFuse[uint8], error) { return nil, errors.New("too many iterations") }
	if file, err := b.written(t); err == nil || !strings.Contains(err.Error(), "too many iterations") || len(file) > 0 {
		t.Errorf("%d bytes are written: %v", len(file), err)
	}
}

func TestBuilder_AsManyEntriesAsAFileHolds_IsFull(t *testing.T) {
	b := newBuilder(t)
	b.limit = 2
	b.Grow(1 << 30)
	if cap(b.keys) > 64 {
		t.Errorf("room was made for %d entries", cap(b.keys))
	}
	if err := errors.Join(b.AddExact("anna@example.at"), b.AddFolded("anna@example.at")); err != nil {
		t.Fatal(err)
	}
	if err := b.AddDomain("example.at"); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "at most 2 entries") {
		t.Errorf("a third entry: %v", err)
	}
	if full := newBuilder(t); full.limit != MaxEntries {
		t.Errorf("a builder holds %d entries, want %d", full.limit, MaxEntries)
	}
}

// A program may look up an address for each message of a campaign. The idle workers of a key are taken away now and then, so one is held here.
func TestMayContain_CanonicalAddress_TakesNoMemory(t *testing.T) {
	b := newBuilder(t)
	if err := errors.Join(b.AddExact("anna@example.at"), b.AddFolded("bernd@gmail.com"), b.AddDomain("example.org")); err != nil {
		t.Fatal(err)
	}
	file, err := b.written(t)
	if err != nil {
		t.Fatal(err)
	}
	filter, err := Read(bytes.NewReader(file), b.key, Expect{})
	if err != nil {
		t.Fatal(err)
	}
	w := b.key.must().start()
	asked := 0
	allocated := testing.AllocsPerRun(1_000, func() {
		a, err := address.Parse("carla.maier@mail.example.at")
		if err != nil || filter.covers(w, &a) {
			t.Error("it is no miss")
		}
		asked++
	})
	if allocated != 0 || asked < 1_000 {
		t.Errorf("a look-up takes %v pieces of memory", allocated)
	}
}
