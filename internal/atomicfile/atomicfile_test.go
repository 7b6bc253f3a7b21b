package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const pattern = ".list.*.tmp"

// holds fails the test unless the folder has only the file list with the text; without a text it has none.
func holds(t *testing.T, path, text string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if text == "" {
		if len(entries) > 0 {
			t.Errorf("the folder has %v", entries)
		}
		return
	}
	data, err := os.ReadFile(path)
	if err != nil || string(data) != text || len(entries) != 1 {
		t.Errorf("the file has %q, %v, and the folder %v", data, err, entries)
	}
}

func begin(t *testing.T, path, text string) *File {
	t.Helper()
	f, err := Create(path, pattern, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFile_IsInItsPlace_OnlyWhenItIsPutThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	f := begin(t, path, "one")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there before it is finished: %v", err)
	}
	if err := f.Finish(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there before it is put there: %v", err)
	}
	if err := errors.Join(f.Replace(), f.Discard()); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "one")
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestDiscard_AtAnyTime_LeavesWhatWasThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	f := begin(t, path, "one")
	if err := errors.Join(f.Discard(), f.Discard()); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "")
	if err := WriteNew(path, pattern, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	f = begin(t, path, "two")
	if err := errors.Join(f.Finish(), f.Discard(), f.Discard()); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "one")
}

func TestPlace_ReplacesNothing_AlsoWithoutLinks(t *testing.T) {
	for name, place := range map[string]func(*File) error{"link": (*File).Place, "reserve": (*File).reserve} {
		path := filepath.Join(t.TempDir(), "list")
		for i, text := range []string{"one", "two"} {
			f := begin(t, path, text)
			if err := f.Finish(); err != nil {
				t.Fatal(err)
			}
			err := place(f)
			if exists := errors.Is(err, fs.ErrExist); exists != (i == 1) || !exists && err != nil {
				t.Errorf("%s: file %d: %v", name, i, err)
			}
			if i == 1 && err != nil && err.Error() != "open "+path+": file exists" {
				t.Errorf("%s: %v", name, err)
			}
			if err := f.Discard(); err != nil {
				t.Fatal(err)
			}
			holds(t, path, "one")
		}
	}
}

func TestReplace_ThatFails_LeavesNothingAfterDiscard(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "list")
	if err := os.MkdirAll(filepath.Join(path, "inside"), 0o700); err != nil {
		t.Fatal(err)
	}
	f := begin(t, path, "one")
	if err := f.Finish(); err != nil {
		t.Fatal(err)
	}
	if err := f.Replace(); err == nil {
		t.Error("a folder was replaced")
	}
	if err := f.Discard(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 || !slices.ContainsFunc(entries, fs.DirEntry.IsDir) {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}

func TestCreate_NoFolder_NamesThePlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no", "list")
	if _, err := Create(path, pattern, 0o600); err == nil || err.Error() != "open "+path+": no such file or directory" {
		t.Errorf("error %v", err)
	}
}
