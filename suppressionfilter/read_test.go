package suppressionfilter_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/assent-io/assent/suppressionfilter"
)

func refusals() []error {
	return []error{
		suppressionfilter.ErrDamaged, suppressionfilter.ErrOtherVersion, suppressionfilter.ErrOtherKey, suppressionfilter.ErrOtherStore,
		suppressionfilter.ErrOtherChannel, suppressionfilter.ErrTooOld, suppressionfilter.ErrOtherFolding,
	}
}

// refusal reads a file that must be refused, and returns the one reason for it.
func refusal(t testing.TB, file []byte) (reason, err error) {
	t.Helper()
	filter, err := suppressionfilter.Read(bytes.NewReader(file), testKey(t), suppressionfilter.Expect{})
	if err == nil || filter != nil {
		t.Fatal("the file is read")
	}
	for _, named := range refusals() {
		if errors.Is(err, named) {
			if reason != nil {
				t.Fatalf("%v has two reasons", err)
			}
			reason = named
		}
	}
	return reason, err
}

// sign makes the digest that of what is before it.
func sign(file []byte) []byte {
	sum := sha256.Sum256(file[:len(file)-len(sha256.Sum256(nil))])
	copy(file[len(file)-len(sum):], sum[:])
	return file
}

func TestRead_EveryByteChanged_IsRefused(t *testing.T) {
	file, _ := write(t, vectors(t))
	for i := range file {
		for _, flip := range []byte{0x01, 0x02, 0x10, 0x20, 0x80, 0xff} {
			changed := bytes.Clone(file)
			changed[i] ^= flip
			reason, err := refusal(t, changed)
			want := suppressionfilter.ErrDamaged
			if i == 14 || i == 15 {
				want = suppressionfilter.ErrOtherVersion
			}
			if !errors.Is(reason, want) {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
	}
}

func TestRead_CutOrLengthenedAnywhere_IsDamaged(t *testing.T) {
	file, _ := write(t, vectors(t))
	for i := range file {
		reason, err := refusal(t, file[:i])
		found, ok := errors.AsType[*suppressionfilter.DamageError](err)
		if !errors.Is(reason, suppressionfilter.ErrDamaged) || !ok || found.Offset != int64(i) {
			t.Fatalf("cut at %d: %v", i, err)
		}
		without := append(bytes.Clone(file[:i]), file[i+1:]...)
		if reason, err := refusal(t, without); reason == nil {
			t.Fatalf("without byte %d: %v", i, err)
		}
	}
	for _, more := range [][]byte{{0}, file} {
		_, err := refusal(t, append(bytes.Clone(file), more...))
		if found, ok := errors.AsType[*suppressionfilter.DamageError](err); !ok || found.Offset != int64(len(file)) {
			t.Errorf("with more bytes: %v", err)
		}
	}
}

func TestRead_FileOfAnotherKind_SaysSo(t *testing.T) {
	for _, text := range []string{"address,reason\nanna@example.at,bounce\n", "\x1f\x8b\x08", strings.Repeat("\x00", 500)} {
		if _, err := refusal(t, []byte(text)); !strings.Contains(err.Error(), "another kind") || strings.Contains(err.Error(), "anna") {
			t.Errorf("%.8q: %v", text, err)
		}
	}
}

// put changes a field of a file, with the digest made right, so that the field alone is wrong.
func put[T any](file []byte, offset int, value T) []byte {
	field, err := binary.Append(nil, binary.BigEndian, value)
	if err != nil {
		panic(err)
	}
	changed := bytes.Clone(file)
	copy(changed[offset:], field)
	return sign(changed)
}

// The offsets are those of docs/suppression-filter.md.
func TestRead_HeaderThatCannotBe_IsDamagedThere(t *testing.T) {
	file, _ := write(t, vectors(t))
	empty, _ := write(t, suppressionfilter.NewBuilder(testKey(t)))
	for _, c := range []struct {
		name   string
		file   []byte
		offset int64
	}{
		{"negative position", put(file, 32, int64(-1)), 32},
		{"made at zero", put(file, 40, int64(0)), 40},
		{"no forms", put(file, 60, uint16(0)), 60},
		{"unknown form", put(file, 60, uint16(8)), 60},
		{"no channel", put(file, 62, uint16(0)), 62},
		{"long channel", put(file, 62, uint16(256)), 62},
		{"channel is not UTF-8", put(file, 96, byte(0xff)), 96},
		{"channel with a control character", put(file, 97, byte('\n')), 96},
		{"too many entries", put(file, 64, uint64(1)<<28+1), 64},
		{"far too many entries", put(file, 64, uint64(1)<<40), 64},
		{"more entries than fingerprints", put(file, 64, uint64(25)), 64},
		{"segments of 6", put(file, 80, uint32(6)), 80},
		{"segments of 0", put(file, 80, uint32(0)), 80},
		{"segments of 2^31", put(file, 80, uint32(1)<<31), 80},
		{"no segment", put(file, 84, uint32(0)), 88},
		{"too many segments", put(file, 84, ^uint32(0)), 88},
		{"too many fingerprints", put(file, 88, ^uint64(0)), 88},
		{"no entries, but fingerprints", put(file, 64, uint64(0)), 64},
		{"entries without fingerprints", put(put(empty, 60, uint16(1)), 64, uint64(1)), 80},
		{"forms without entries", put(empty, 60, uint16(1)), 64},
		{"seed without entries", put(empty, 72, uint64(1)), 64},
		{"segment without entries", put(empty, 84, uint32(1)), 64},
	} {
		_, err := refusal(t, c.file)
		if found, ok := errors.AsType[*suppressionfilter.DamageError](err); !ok || found.Offset != c.offset {
			t.Errorf("%s: %v, want an error at %d", c.name, err, c.offset)
		}
	}
}

func TestRead_FileThatIsNotTheExpectedOne_SaysWhatItIs(t *testing.T) {
	file, _ := write(t, vectors(t))
	header := testHeader()
	_, consumer := testKeys()
	other, err := suppressionfilter.NewKey(consumer, consumer)
	must(t, err)
	for _, c := range []struct {
		reason error
		says   string
		file   []byte
		key    suppressionfilter.Key
		expect suppressionfilter.Expect
	}{
		{suppressionfilter.ErrOtherKey, other.ID().String(), file, other, suppressionfilter.Expect{StoreID: header.StoreID, Channel: header.Channel}},
		{suppressionfilter.ErrOtherStore, "aa0102", file, testKey(t), suppressionfilter.Expect{StoreID: [16]byte{1}}},
		{suppressionfilter.ErrOtherChannel, `"newsletter", and "offers"`, file, testKey(t), suppressionfilter.Expect{Channel: "offers"}},
		{suppressionfilter.ErrTooOld, "position 4711, and 4712", file, testKey(t), suppressionfilter.Expect{MinPosition: 4712}},
		{suppressionfilter.ErrOtherFolding, "77", put(file, 56, uint32(77)), testKey(t), suppressionfilter.Expect{}},
		{suppressionfilter.ErrOtherVersion, "2, and this program reads 1", put(file, 14, uint16(2)), testKey(t), suppressionfilter.Expect{}},
	} {
		filter, err := suppressionfilter.Read(bytes.NewReader(c.file), c.key, c.expect)
		if filter != nil || !errors.Is(err, c.reason) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want %v with %q", err, c.reason, c.says)
		}
	}
	all := suppressionfilter.Expect{StoreID: header.StoreID, Channel: header.Channel, MinPosition: header.Position}
	if _, err := suppressionfilter.Read(bytes.NewReader(file), testKey(t), all); err != nil {
		t.Errorf("the expected file: %v", err)
	}
}

// Where no entry was folded, another table of providers can make nothing missed.
func TestRead_OtherFoldingWithoutFoldedEntries_IsRead(t *testing.T) {
	b := suppressionfilter.NewBuilder(testKey(t))
	must(t, b.AddExact("anna@example.at"))
	filter := read(t, put(first(write(t, b)), 56, uint32(77)))
	if filter.Info().FoldVersion != 77 || !ask(t, filter, "anna@example.at") {
		t.Error("it answers something else")
	}
}

// A header may promise half a gigabyte; memory is taken for what comes.
func TestRead_HeaderThatPromisesTooMuch_TakesNoMemoryForIt(t *testing.T) {
	file, _ := write(t, vectors(t))
	promise := put(put(put(file, 84, uint32(1)<<26-2), 88, uint64(1)<<29), 64, uint64(1)<<28)
	for name, file := range map[string][]byte{"fingerprints": promise, "entries": put(file, 64, uint64(1)<<40)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := refusal(t, file)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
			t.Errorf("%s: %d bytes were taken for a file of %d: %v", name, took, len(file), err)
		}
	}
}

func TestRead_InPiecesOfAnySize_IsTheSame(t *testing.T) {
	b := suppressionfilter.NewBuilder(testKey(t))
	for i := range 200_000 { // Longer than what is read at once.
		must(t, b.AddHash(suppressionfilter.FormExact, suppressionfilter.Hash{0: byte(i), 3: byte(i >> 8), 7: byte(i >> 16)}))
	}
	file, info := write(t, b)
	for name, r := range map[string]io.Reader{
		"halves": iotest.HalfReader(bytes.NewReader(file)), "with the end": iotest.DataErrReader(bytes.NewReader(file)),
	} {
		filter, err := suppressionfilter.Read(r, testKey(t), suppressionfilter.Expect{})
		if err != nil || filter.Info().Digest != info.Digest {
			t.Errorf("%s: %v", name, err)
		}
	}
	small, _ := write(t, vectors(t))
	if _, err := suppressionfilter.Read(iotest.OneByteReader(bytes.NewReader(small)), testKey(t), suppressionfilter.Expect{}); err != nil {
		t.Errorf("byte by byte: %v", err)
	}
}

func TestRead_ReaderFails_IsItsErrorAndNoDamage(t *testing.T) {
	file, _ := write(t, vectors(t))
	broken := errors.New("the network is gone")
	for i := range len(file) + 1 {
		r := io.MultiReader(bytes.NewReader(file[:i]), iotest.ErrReader(broken))
		filter, err := suppressionfilter.Read(r, testKey(t), suppressionfilter.Expect{})
		if filter != nil || !errors.Is(err, broken) || errors.Is(err, suppressionfilter.ErrDamaged) {
			t.Fatalf("after %d bytes: %v", i, err)
		}
	}
}

func TestOpen_ReadsAFile_AndNamesTheOneThatItRefuses(t *testing.T) {
	file, _ := write(t, vectors(t))
	good, cut := filepath.Join(t.TempDir(), "good.filter"), filepath.Join(t.TempDir(), "cut.filter")
	must(t, os.WriteFile(good, file, 0o600), os.WriteFile(cut, file[:100], 0o600))
	filter, err := suppressionfilter.Open(good, testKey(t), suppressionfilter.Expect{Channel: "newsletter"})
	if err != nil || !ask(t, filter, "x@example.org") {
		t.Errorf("the file is not read: %v", err)
	}
	if _, err := suppressionfilter.Open(cut, testKey(t), suppressionfilter.Expect{}); !errors.Is(err, suppressionfilter.ErrDamaged) || !strings.Contains(err.Error(), cut) {
		t.Errorf("a file that was cut: %v", err)
	}
	if _, err := suppressionfilter.Open(good+"x", testKey(t), suppressionfilter.Expect{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}
