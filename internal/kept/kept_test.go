package kept

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

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
