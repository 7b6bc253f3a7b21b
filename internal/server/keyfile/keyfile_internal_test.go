package keyfile

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/seal"
)

func TestKeyFile_Changed_IsTakenUp_AndOneThatIsNotRightIsLoggedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "assent.keys")
	held, err := seal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	k := File{path: path, take: held.Take, log: slog.New(slog.NewTextHandler(&log, nil))}
	look := func(what string, want int) {
		t.Helper()
		for range 2 {
			_ = k.Update(t.Context()) // It has logged what is wrong.
		}
		if got := strings.Count(log.String(), "\n"); got != want {
			t.Errorf("%s: %d lines, want %d:\n%s", what, got, want, log.String())
		}
		log.Reset()
	}
	look("nothing new", 0)
	added, err := seal.AddKey(path, seal.KeysetDigest)
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	look("a new key", 1)
	if _, lacks := held.LacksDigest([]uint32{added.ID}); lacks {
		t.Error("the new key was not taken up")
	}
	for what, data := range map[string][]byte{"half written": good[:len(good)/2], "empty": nil} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		look(what, 1)
		k.wrong = ""
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	look("gone", 1)
	if _, err := seal.Create(path); err != nil {
		t.Fatal(err)
	}
	look("of another store", 1)
	if _, lacks := held.LacksDigest([]uint32{added.ID}); lacks {
		t.Error("the key was lost")
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	look("the same keys again", 0)
	if _, err := seal.PromoteKey(path, seal.KeysetDigest); err != nil {
		t.Fatal(err)
	}
	look("the key promoted", 1)
	if got := held.DigestVersions()[0]; got != added.ID {
		t.Errorf("new rows are made under %d, want %d", got, added.ID)
	}
}
