package kept

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func opened(t testing.TB, path string) *Dir {
	t.Helper()
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// notes returns what signs checkpoints of a size and a root.
func notes(t *testing.T) func(size int64, root byte) []byte {
	t.Helper()
	private, _, err := note.GenerateKey(rand.Reader, "o")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return func(size int64, root byte) []byte {
		c := ledger.Checkpoint{Origin: "o", Size: size, Root: [ledger.HashSize]byte{root}}
		signed, err := c.Sign(signer)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
}

// age makes a file older than it takes another server to write it.
func age(t *testing.T, path string) {
	t.Helper()
	then := time.Now().Add(-2 * settled)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOpen_WhatIsNoDirectoryOrCannotBeWritten_IsRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	write(t, file, "")
	blocked := filepath.Join(dir, "blocked")
	if err := os.MkdirAll(filepath.Join(blocked, erasuresName), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "missing"), file, blocked} {
		if d, err := Open(path); err == nil {
			t.Errorf("%s was opened: %v", path, d.Close())
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "missing")); err == nil {
		t.Error("a directory was made")
	}
}

func TestName_HasOneForm_AndSortsBySize(t *testing.T) {
	for text, want := range map[string]Name{
		"checkpoint-00000000000000012345.txt":    {Size: 12345},
		"checkpoint-00000000000000000000.r2.txt": {Run: 2},
		"checkpoint-09223372036854775807.txt":    {Size: 1<<63 - 1},
	} {
		if got, ok := parseName(text); !ok || got != want || got.String() != text {
			t.Errorf("%s: %+v, %t", text, got, ok)
		}
	}
	for _, text := range []string{
		"", "checkpoint-.txt", "checkpoint-1.txt", "checkpoint-0000000000000000001x.txt", "checkpoint-00000000000000000001.r0.txt",
		"checkpoint-00000000000000000001.r-1.txt", "checkpoint-00000000000000000001.r01.txt", "checkpoint-00000000000000000001",
		"checkpoint-99999999999999999999.txt", "checkpoint--0000000000000000001.txt", erasuresName,
	} {
		if got, ok := parseName(text); ok {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}

func TestCheckpoints_NewestFirst_LaterRunsBeforeEarlier(t *testing.T) {
	dir := t.TempDir()
	d, sign := opened(t, dir), notes(t)
	for _, name := range []Name{{Size: 9}, {Size: 100}, {Size: 20, Run: 1}, {Size: 0}, {Size: 30, Run: 1}} {
		if err := d.Keep(name, sign(name.Size, 1)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "README"), "of the officer")
	got, err := d.Checkpoints()
	want := []Name{{Size: 30, Run: 1}, {Size: 20, Run: 1}, {Size: 100}, {Size: 9}, {Size: 0}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestKeep_Again_ReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	d, other, sign := opened(t, dir), opened(t, dir), notes(t)
	name := Name{Size: 5}
	first := sign(5, 1)
	if err := d.Keep(name, first); err != nil {
		t.Fatal(err)
	}
	if err := other.Keep(name, notes(t)(5, 1)); err != nil {
		t.Errorf("the same by another key: %v", err)
	}
	if err := other.Keep(name, sign(5, 2)); !errors.Is(err, ErrConflict) {
		t.Errorf("another root: %v", err)
	}
	text, c, err := d.Checkpoint(name)
	if err != nil || !bytes.Equal(text, first) || c.Size != 5 {
		t.Errorf("%s, %+v, %v", text, c, err)
	}
}

func TestKeep_FileThatACrashCutOff_IsCompletedOnceItHasSettled(t *testing.T) {
	dir := t.TempDir()
	d, sign := opened(t, dir), notes(t)
	name := Name{Size: 5}
	path := filepath.Join(dir, name.String())
	signed := sign(5, 1)
	for _, n := range []int{0, 1, 20, len(signed) - 1} {
		write(t, path, string(signed[:n]))
		if err := d.Keep(name, signed); !errors.Is(err, ErrUnsettled) {
			t.Errorf("%d bytes, young: %v", n, err)
		}
		if _, _, err := d.Checkpoint(name); !errors.Is(err, ErrUnsettled) {
			t.Errorf("%d bytes, young, read: %v", n, err)
		}
		age(t, path)
		if _, _, err := d.Checkpoint(name); err == nil || errors.Is(err, ErrUnsettled) {
			t.Errorf("%d bytes, read: %v", n, err)
		}
		if err := d.Keep(name, signed); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		if text, _, err := d.Checkpoint(name); err != nil || !bytes.Equal(text, signed) {
			t.Errorf("%d bytes: %q, %v", n, text, err)
		}
	}
	write(t, path, "something else")
	age(t, path)
	if err := d.Keep(name, signed); err == nil {
		t.Error("a file of somebody else was taken for a checkpoint")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "something else" {
		t.Errorf("it is %q now", text)
	}
}

func TestCheckpoint_UnderTheNameOfAnotherSize_IsRefused(t *testing.T) {
	dir := t.TempDir()
	d := opened(t, dir)
	write(t, filepath.Join(dir, Name{Size: 6}.String()), string(notes(t)(5, 1)))
	if _, _, err := d.Checkpoint(Name{Size: 6}); err == nil {
		t.Error("it was read")
	}
}

func TestKeep_DirectoryGone_IsAnError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d := opened(t, dir)
	if err := os.Rename(dir, dir+".gone"); err != nil {
		t.Fatal(err)
	}
	if err := d.Keep(Name{Size: 1}, notes(t)(1, 1)); err == nil {
		t.Error("it was kept nowhere")
	}
}

func erasure(n int) Erasure {
	return Erasure{
		Position: int64(n), Recorded: consent.Instant(1_790_000_000_000_000 + n), Occurred: consent.Instant(1_780_000_000_000_000 + n),
		Actor: "officer<&>", Subjects: []Subject{
			{Form: consent.FormExact, KeyVersion: 4_000_000_000, Digest: [32]byte{1, byte(n)}},
			{Form: consent.FormFolded, KeyVersion: 1, Digest: [32]byte{2, byte(n)}}, {Form: consent.FormMail, KeyVersion: 1, Digest: [32]byte{3}},
		},
		Spellings: []consent.Spelling{{Key: 1, Sum: [16]byte{4, byte(n)}}},
	}
}

func mustAppend(t *testing.T, d *Dir, erasures ...Erasure) {
	t.Helper()
	if err := d.Append(erasures); err != nil {
		t.Fatal(err)
	}
}

func mustRead(t *testing.T, d *Dir, want ...Erasure) {
	t.Helper()
	got, err := d.Read()
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestErasures_AreReadAsTheyWereAppended_AlsoByAnother(t *testing.T) {
	dir := t.TempDir()
	d := opened(t, dir)
	mustRead(t, d)
	mustAppend(t, d)
	mustAppend(t, d, erasure(3), erasure(9))
	other := opened(t, dir)
	mustAppend(t, other, erasure(12))
	mustRead(t, d, erasure(3), erasure(9), erasure(12))
	for position, want := range map[int64]int{0: 3, 3: 2, 9: 1, 11: 1, 12: 0} {
		if got, err := d.ErasuresAfter(position); err != nil || len(got) != want {
			t.Errorf("after %d: %+v, %v", position, got, err)
		}
	}
}

func TestErasures_StoredForm_NeverChanges(t *testing.T) {
	dir := t.TempDir()
	d := opened(t, dir)
	e := erasure(7)
	e.Subjects = e.Subjects[:1]
	mustAppend(t, d, e)
	const want = `{"position":7,"recorded":1790000000000007,"occurred":1780000000000007,"actor":"officer\u003c\u0026\u003e",` +
		`"subjects":[{"form":"exact","key":4000000000,"digest":"0107000000000000000000000000000000000000000000000000000000000000"}],` +
		`"spellings":[{"key":1,"digest":"04070000000000000000000000000000"}],"sum":"SUM"}` + "\n"
	text, err := os.ReadFile(filepath.Join(dir, erasuresName))
	if err != nil {
		t.Fatal(err)
	}
	i := strings.Index(string(text), `"sum":"`) + len(`"sum":"`)
	if got := string(text[:i]) + "SUM" + string(text[i+16:]); got != want {
		t.Errorf("got %s", got)
	}
}

func TestErasures_LineThatACrashCutOff_IsLeftOut_AndTheNextBeginsALine(t *testing.T) {
	whole, err := appendLine(nil, new(Erasure))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 2, len(whole) / 2, len(whole) - 2, len(whole) - 1} {
		dir := t.TempDir()
		d := opened(t, dir)
		mustAppend(t, d, erasure(1))
		path := filepath.Join(dir, erasuresName)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, string(text)+string(whole[:n]))
		mustRead(t, d, erasure(1))
		mustAppend(t, d, erasure(2))
		mustRead(t, d, erasure(1), erasure(2))
	}
}

func TestErasures_LineThatWasDamaged_IsAnErrorThatNamesIt(t *testing.T) {
	dir := t.TempDir()
	d := opened(t, dir)
	mustAppend(t, d, erasure(1), erasure(2), erasure(3))
	path := filepath.Join(dir, erasuresName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	second := bytes.IndexByte(text, '\n') + 1
	end := second + bytes.IndexByte(text[second:], '\n')
	for i := second; i < end; i++ {
		damaged := bytes.Clone(text)
		damaged[i] ^= 1
		write(t, path, string(damaged))
		if got, err := d.Read(); err == nil || !strings.Contains(err.Error(), "line 2") && damaged[i] != '\n' {
			t.Fatalf("byte %d: %+v, %v", i-second, got, err)
		}
	}
	write(t, path, string(text[:second])+"\n"+string(text[second:]))
	if got, err := d.Read(); err == nil {
		t.Errorf("an empty line: %+v", got)
	}
	write(t, path, strings.Repeat("x", maxLine+1)+"\n")
	if got, err := d.Read(); err == nil {
		t.Errorf("a line that is too long: %+v", got)
	}
}

func TestAppend_AtOnceByTwo_LosesNone(t *testing.T) {
	dir := t.TempDir()
	dirs := []*Dir{opened(t, dir), opened(t, dir)}
	var wg sync.WaitGroup
	errs := make([]error, 40)
	for n := range errs {
		wg.Go(func() { errs[n] = dirs[n%2].Append([]Erasure{erasure(n + 1)}) })
	}
	wg.Wait()
	got, err := dirs[0].Read()
	if err = errors.Join(append(errs, err)...); err != nil || len(got) != len(errs) {
		t.Errorf("%d erasures, %v", len(got), err)
	}
}

func TestAppend_WhatCannotBeWritten_IsAnError_AndAppendsNothing(t *testing.T) {
	d := opened(t, t.TempDir())
	domain, long := erasure(2), erasure(3)
	domain.Subjects[0].Form = consent.FormDomain
	for range 2000 {
		long.Spellings = append(long.Spellings, consent.Spelling{})
	}
	for _, bad := range []Erasure{domain, long} {
		if err := d.Append([]Erasure{erasure(1), bad}); err == nil {
			t.Error("it was appended")
		}
	}
	mustRead(t, d)
}

func FuzzReadErasures(f *testing.F) {
	var seed []byte
	for n := range 3 {
		e := erasure(n)
		var err error
		if seed, err = appendLine(seed, &e); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(seed)
	f.Add(seed[:len(seed)-1])
	f.Add(append([]byte(`{"position":1`+cutMark+"\n"), seed...))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		erasures, err := readErasures(bytes.NewReader(text))
		if err != nil {
			return
		}
		var want []byte
		for line := range bytes.Lines(text) {
			if bytes.HasSuffix(line, []byte("\n")) && !bytes.HasSuffix(line, []byte(cutMark+"\n")) {
				want = append(want, line...)
			}
		}
		var got []byte
		for i := range erasures {
			if got, err = appendLine(got, &erasures[i]); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%q was read as %s", text, fmt.Sprint(erasures))
		}
	})
}
