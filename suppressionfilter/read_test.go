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

	"github.com/assent-io/assent/internal/address"
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
		says   string
	}{
		{"negative position", put(file, 32, int64(-1)), 32, "negative"},
		{"made at zero", put(file, 40, int64(0)), 40, "1970"},
		{"another number of the list key", put(file, 56, uint32(1)), 56, "list key is 1, and that of the key it names is 0"},
		{"no fold version", put(file, 60, uint32(0)), 60, "0 to 2"},
		{"oldest fold version after the newest", put(file, 64, uint32(1)), 60, "2 to 1"},
		{"no matches", put(file, 68, uint16(0)), 68, "matches"},
		{"unknown match", put(file, 68, uint16(8)), 68, "0x0008"},
		{"no channel", put(file, 70, uint16(0)), 70, "0 bytes"},
		{"long channel", put(file, 70, uint16(256)), 70, "256 bytes"},
		{"channel is not UTF-8", put(file, 112, byte(0xff)), 112, "not UTF-8"},
		{"channel with a control character", put(file, 113, byte('\n')), 112, "control character"},
		{"too many entries", put(file, 72, uint64(1)<<28+1), 72, "268435457 entries, and at most 268435456"},
		{"far too many entries", put(file, 72, uint64(1)<<40), 72, "and at most 268435456"},
		{"more entries than fingerprints", put(file, 72, uint64(25)), 72, "do not fit into 24 fingerprints"},
		{"negative missing entries", put(file, 80, int64(-1)), 80, "missing"},
		{"segments of 6", put(file, 96, uint32(6)), 96, "is 6"},
		{"segments of 0", put(file, 96, uint32(0)), 96, "is 0"},
		{"segments of 2^31", put(file, 96, uint32(1)<<31), 96, "2147483648"},
		{"no segment", put(file, 100, uint32(0)), 104, "0 segments"},
		{"too many segments", put(file, 100, ^uint32(0)), 104, "segments"},
		{"too many fingerprints", put(file, 104, ^uint64(0)), 104, "fingerprints"},
		{"no entries, but fingerprints", put(file, 72, uint64(0)), 72, "no entries"},
		{"entries without fold versions", put(empty, 72, uint64(1)), 60, "0 to 0"},
		{"entries without matches", put(put(empty, 60, uint64(2)<<32|2), 72, uint64(1)), 68, "0x0000"},
		{"entries without fingerprints", put(put(put(empty, 60, uint64(2)<<32|2), 68, uint16(1)), 72, uint64(1)), 96, "is 0"},
		{"fold versions without entries", put(empty, 60, uint64(2)<<32|2), 72, "no entries"},
		{"matches without entries", put(empty, 68, uint16(1)), 72, "no entries"},
		{"seed without entries", put(empty, 88, uint64(1)), 72, "no entries"},
		{"segment without entries", put(empty, 100, uint32(1)), 72, "no entries"},
	} {
		_, err := refusal(t, c.file)
		if found, ok := errors.AsType[*suppressionfilter.DamageError](err); !ok || found.Offset != c.offset || !strings.Contains(found.Problem, c.says) {
			t.Errorf("%s: %v, want an error at %d with %q", c.name, err, c.offset, c.says)
		}
	}
}

func TestRead_FileThatIsNotTheExpectedOne_SaysWhatItIs(t *testing.T) {
	file, _ := write(t, vectors(t))
	header := testHeader()
	_, consumer := testKeys()
	other, err := suppressionfilter.NewKey(0, consumer, consumer)
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
		{suppressionfilter.ErrOtherFolding, "have 2 to 77, and this program has 2 to 2", put(file, 64, uint32(77)), testKey(t), suppressionfilter.Expect{}},
		{suppressionfilter.ErrOtherFolding, "have 1 to 2,", put(file, 60, uint32(1)), testKey(t), suppressionfilter.Expect{}},
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

// The exact form and the domain also follow rules that can change, so no file is read by another version, whatever its entries match.
func TestRead_OtherFoldVersion_IsRefusedForEveryMatch(t *testing.T) {
	for _, match := range []suppressionfilter.Match{suppressionfilter.MatchExact, suppressionfilter.MatchFolded, suppressionfilter.MatchDomain} {
		b := suppressionfilter.NewBuilder(testKey(t))
		must(t, b.AddHash(match, address.FoldVersion, hashOf(1)))
		file, info := write(t, b)
		if info.OldestFold != address.FoldVersion || info.NewestFold != address.FoldVersion {
			t.Errorf("%s: it says %d to %d", match, info.OldestFold, info.NewestFold)
		}
		for _, changed := range [][]byte{put(file, 64, uint32(address.FoldVersion+1)), put(file, 60, uint32(address.OldestFoldVersion-1))} {
			if reason, err := refusal(t, changed); !errors.Is(reason, suppressionfilter.ErrOtherFolding) {
				t.Errorf("%s: %v", match, err)
			}
		}
	}
}

// A header may promise half a gigabyte; memory is taken for what comes, also behind the first part that is read.
func TestRead_HeaderThatPromisesTooMuch_TakesNoMemoryForIt(t *testing.T) {
	small, _ := write(t, vectors(t))
	large := promise(append(bytes.Clone(small), make([]byte, 300_000)...))
	for name, file := range map[string][]byte{"fingerprints": promise(small), "entries": put(small, 72, uint64(1)<<40), "behind the first part": large} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := refusal(t, file)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<19+4*uint64(len(file)) {
			t.Errorf("%s: %d bytes were taken for a file of %d: %v", name, took, len(file), err)
		}
	}
	if _, err := refusal(t, large); !strings.Contains(err.Error(), "the file ends here, and its header promises 536871066") {
		t.Errorf("the large file is refused for another reason: %v", err)
	}
}

// promise changes a file so that its header promises the most fingerprints.
func promise(file []byte) []byte {
	return put(put(put(file, 100, uint32(1)<<26-2), 104, uint64(1)<<29), 72, uint64(1)<<28)
}

func TestRead_InPiecesOfAnySize_IsTheSame(t *testing.T) {
	b := suppressionfilter.NewBuilder(testKey(t))
	for i := range 200_000 { // Longer than what is read at once.
		must(t, b.AddHash(suppressionfilter.MatchExact, address.FoldVersion, suppressionfilter.Hash{0: byte(i), 3: byte(i >> 8), 7: byte(i >> 16)}))
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
