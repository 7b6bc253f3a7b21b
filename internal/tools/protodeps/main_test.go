package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWrite_EveryImport_IsWrittenToo(t *testing.T) {
	dir := t.TempDir()
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	for _, root := range roots() {
		text, err := os.ReadFile(filepath.Join(dir, root.Path()))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			path, found := strings.CutPrefix(strings.TrimSpace(line), `import "`)
			if !found {
				continue
			}
			path = strings.TrimSuffix(path, `";`)
			_, err := os.Stat(filepath.Join(dir, path))
			if builtin := strings.HasPrefix(path, "google/protobuf/"); builtin == (err == nil) {
				t.Errorf("%s imports %s: written = %v, comes with buf = %v", root.Path(), path, err == nil, builtin)
			}
		}
	}
}

func TestWrite_FolderThatCannotBeMade_IsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(file); err == nil {
		t.Error("write into a path that is a file succeeded")
	}
}
