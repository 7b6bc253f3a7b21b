package seal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/consent"
)

func create(t *testing.T) (*Keys, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.keys")
	k, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	return k, path
}

func TestCreate_FileIsForItsOwnerOnlyAndNeverReplaced(t *testing.T) {
	_, path := create(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode %04o, want 0600", got)
	}
	before, _ := os.ReadFile(path)
	if _, err := Create(path); err == nil {
		t.Error("a second Create replaced the file")
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("a second Create changed the file")
	}
}

func TestOpen_KeepsTheKeys(t *testing.T) {
	k, path := create(t)
	again, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := k.Seal(PurposeEvidence, []byte("event"), []byte("evidence"))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := again.Open(PurposeEvidence, []byte("event"), sealed)
	if err != nil || string(plain) != "evidence" {
		t.Errorf("got %q, %v", plain, err)
	}
	one, _ := digestsOf(k, consent.FormExact, "a@example.com")
	two, _ := digestsOf(again, consent.FormExact, "a@example.com")
	if one[0] != two[0] {
		t.Error("digests differ after reopening")
	}
	check, err := k.Check()
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Verify(k.StoreID(), check); err != nil {
		t.Error(err)
	}
}

func TestVerify_KeysOfAnotherStore_Refused(t *testing.T) {
	k, _ := create(t)
	other, _ := create(t)
	check, _ := k.Check()
	if err := other.Verify(k.StoreID(), check); err == nil || !strings.Contains(err.Error(), "another database") {
		t.Errorf("got %v", err)
	}
	if err := other.Verify(other.StoreID(), check); err == nil {
		t.Error("a check of other keys passed under the right id")
	}
}

func TestOpenSealed_OtherPurposeOrOwnerOrAltered_Fails(t *testing.T) {
	k, _ := create(t)
	sealed, _ := k.Seal(PurposeEvidence, []byte("one"), []byte("x"))
	altered := bytes.Clone(sealed)
	altered[len(altered)-1] ^= 1
	for name, try := range map[string]func() error{
		"purpose": func() error { _, err := k.Open(PurposeAddress, []byte("one"), sealed); return err },
		"owner":   func() error { _, err := k.Open(PurposeEvidence, []byte("two"), sealed); return err },
		"altered": func() error { _, err := k.Open(PurposeEvidence, []byte("one"), altered); return err },
	} {
		if err := try(); !errors.Is(err, ErrOpen) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestDigests_FormsOfOneTextDiffer(t *testing.T) {
	k, _ := create(t)
	seen := map[[32]byte]bool{}
	for _, form := range []consent.Form{consent.FormExact, consent.FormFolded, consent.FormDomain, consent.FormMail} {
		d, err := digestsOf(k, form, "example.com")
		if err != nil {
			t.Fatal(err)
		}
		seen[d[0].Sum] = true
	}
	s, err := k.Spelling(k.DigestVersions()[0], "example.com")
	if err != nil {
		t.Fatal(err)
	}
	for sum := range seen {
		if bytes.Equal(sum[:16], s.Sum[:]) {
			t.Error("a spelling can be matched with a subject's digest")
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d distinct digests, want 4", len(seen))
	}
	if _, err := k.Spelling(k.DigestVersions()[0]+1, "x"); err == nil {
		t.Error("a spelling under an unknown version was made")
	}
	if _, err := digestsOf(k, 99, "x"); err == nil {
		t.Error("a digest of an unknown form was made")
	}
}

func TestOpen_DamagedOrReadableByOthers_SaysSoWithoutKeyMaterial(t *testing.T) {
	_, path := create(t)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"empty":      "",
		"cut":        string(good[:len(good)/2]),
		"no json":    "hello",
		"format":     strings.Replace(string(good), "assent-keys/1", "assent-keys/9", 1),
		"field":      strings.Replace(string(good), `"storeId"`, `"store"`, 1),
		"no keyset":  `{"format":"assent-keys/1","storeId":"00000000000000000000000000000000"}`,
		"wrong kind": strings.Replace(string(good), `"master"`, `"event"`, 1),
		"more":       string(good) + string(good),
		"checksum":   strings.Replace(string(good), `"checksum": "`, `"checksum": "0`, 1),
	} {
		bad := filepath.Join(t.TempDir(), "bad.keys")
		if err := os.WriteFile(bad, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(bad); err == nil || !strings.Contains(err.Error(), "bad.keys") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Errorf("mode: got %v", err)
	}
	if _, err := Open(path + ".missing"); err == nil {
		t.Error("a missing file was opened")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"format":"assent-keys/1","storeId":"00000000000000000000000000000000","master":{},"digest":{},"event":{}}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := parse(data)
		if err != nil {
			return
		}
		if held := k.held.Load(); len(held.digests) == 0 || k.event == nil || held.master == nil || len(held.signing) == 0 {
			t.Error("accepted without all keys")
		}
	})
}
