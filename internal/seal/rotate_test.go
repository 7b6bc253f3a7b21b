package seal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/assent-io/assent/internal/consent"
)

// copyOf copies a key file, as it is given to another server.
func copyOf(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "copy.keys")
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

func mustOpen(t testing.TB, path string) *Keys {
	t.Helper()
	k, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func mustStep(t testing.TB, step func(string, Keyset) (KeyInfo, error), path string, of Keyset) KeyInfo {
	t.Helper()
	info, err := step(path, of)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// uses returns what the keys of a keyset are used for, in the order in which they were added.
func uses(k *Keys, of Keyset) (all []KeyUse) {
	for _, info := range k.List() {
		if info.Keyset == of {
			all = append(all, info.Use)
		}
	}
	return all
}

func TestRotate_EachStep_SaysWhichKeyIsInUse(t *testing.T) {
	for _, of := range Rotatable() {
		_, path := create(t)
		if _, err := PromoteKey(path, of); err == nil {
			t.Errorf("%s: a key was promoted that nobody added", of)
		}
		added := mustStep(t, AddKey, path, of)
		if got := uses(mustOpen(t, path), of); !slices.Equal(got, []KeyUse{UsePrimary, UseNext}) || added.Use != UseNext {
			t.Errorf("%s: added %v, %v", of, got, added)
		}
		if _, err := AddKey(path, of); err == nil || !strings.Contains(err.Error(), "waits for its promotion") {
			t.Errorf("%s: a second key was added before the first was promoted: %v", of, err)
		}
		promoted := mustStep(t, PromoteKey, path, of)
		if got := uses(mustOpen(t, path), of); !slices.Equal(got, []KeyUse{UseOld, UsePrimary}) || promoted != (KeyInfo{of, added.ID, UsePrimary}) {
			t.Errorf("%s: promoted %v, %v", of, got, promoted)
		}
		mustStep(t, AddKey, path, of)
		mustStep(t, PromoteKey, path, of)
		if got := uses(mustOpen(t, path), of); !slices.Equal(got, []KeyUse{UseOld, UseOld, UsePrimary}) {
			t.Errorf("%s: twice rotated %v", of, got)
		}
	}
}

func TestRotate_KeysetThatIsNeverRotated_Refused(t *testing.T) {
	_, path := create(t)
	before, _ := os.ReadFile(path)
	for _, of := range []Keyset{KeysetEvent, KeysetClaims, "other"} {
		for _, step := range []func(string, Keyset) (KeyInfo, error){AddKey, PromoteKey} {
			if _, err := step(path, of); err == nil {
				t.Errorf("%s was rotated", of)
			}
		}
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
}

func TestRotateMaster_WhoHasTheAddedKeyOpensWhatThePromotedOneSealed_AndBothOpenTheOld(t *testing.T) {
	first, path := create(t)
	old, _ := first.Seal(PurposeEvidence, []byte("e"), []byte("old"))
	mustStep(t, AddKey, path, KeysetMaster)
	added := mustOpen(t, copyOf(t, path))
	mustStep(t, PromoteKey, path, KeysetMaster)
	promoted := mustOpen(t, path)
	sealed, err := promoted.Seal(PurposeEvidence, []byte("e"), []byte("new"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []*Keys{added, promoted} {
		for _, text := range [][]byte{old, sealed} {
			if _, err := k.Open(PurposeEvidence, []byte("e"), text); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := first.Open(PurposeEvidence, []byte("e"), sealed); !errors.Is(err, ErrKeyMissing) || !errors.Is(err, ErrOpen) {
		t.Errorf("opened without the key: %v", err)
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := added.Open(PurposeEvidence, []byte("e"), sealed); !errors.Is(err, ErrOpen) || errors.Is(err, ErrKeyMissing) {
		t.Errorf("altered: %v", err)
	}
}

func TestRotateDigest_EveryVersionIsProbed_ThatForNewRowsFirst(t *testing.T) {
	first, path := create(t)
	old, _ := digestsOf(first, consent.FormExact, "a@example.com")
	added := mustStep(t, AddKey, path, KeysetDigest)
	between, err := digestsOf(mustOpen(t, path), consent.FormExact, "a@example.com")
	if err != nil || len(between) != 2 || between[0] != old[0] || between[1].Version != added.ID {
		t.Errorf("added: %v, %v", between, err)
	}
	mustStep(t, PromoteKey, path, KeysetDigest)
	k := mustOpen(t, path)
	after, _ := digestsOf(k, consent.FormExact, "a@example.com")
	if len(after) != 2 || after[0] != between[1] || after[1] != old[0] {
		t.Errorf("promoted: %v, want %v the other way round", after, between)
	}
	if v, lacks := first.LacksDigest(k.DigestVersions()); !lacks || v != added.ID {
		t.Errorf("the file from before lacks %d, %v", v, lacks)
	}
	if _, lacks := k.LacksDigest(first.DigestVersions()); lacks {
		t.Error("the old version is lacking")
	}
	one, _ := first.Spelling(old[0].Version, "a@example.com")
	if two, err := k.Spelling(old[0].Version, "a@example.com"); err != nil || one != two {
		t.Errorf("the spelling of an old row is another one: %v", err)
	}
	facts := []byte("facts")
	key, _ := first.EventKey(facts)
	if again, err := k.EventKey(facts); err != nil || key != again {
		t.Errorf("the key of an event is another one: %v", err)
	}
}

func TestRotateSigning_OldCheckpointsVerify_AndTheNewKeySignsOnceItIsPromoted(t *testing.T) {
	const name = "assent.io/test"
	sign := func(k *Keys) []byte {
		signer, err := k.Signer(name)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := note.Sign(&note.Note{Text: "hello\n"}, signer)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	first, path := create(t)
	old := sign(first)
	added := mustStep(t, AddKey, path, KeysetSigning)
	announced, err := mustOpen(t, path).VerifierKey(name, added.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := sign(mustOpen(t, path)); !bytes.Equal(got, old) {
		t.Error("the key that was added signs already")
	}
	mustStep(t, PromoteKey, path, KeysetSigning)
	k := mustOpen(t, path)
	texts, err := k.VerifierKeys(name)
	if err != nil || len(texts) != 2 || texts[0] != announced {
		t.Fatalf("verifier keys %v, %v, want %s first", texts, err, announced)
	}
	var verifiers []note.Verifier
	for _, text := range texts {
		v, err := note.NewVerifier(text)
		if err != nil {
			t.Fatal(err)
		}
		verifiers = append(verifiers, v)
	}
	if _, err := note.Open(old, note.VerifierList(verifiers...)); err != nil {
		t.Errorf("an old signature: %v", err)
	}
	if _, err := note.Open(sign(k), note.VerifierList(verifiers[0])); err != nil {
		t.Errorf("a new signature: %v", err)
	}
	if _, err := k.VerifierKey(name, added.ID+1); err == nil {
		t.Error("a verifier key of no key was given")
	}
}

func TestRotate_FileThatIsNotRight_RefusedAndUntouched(t *testing.T) {
	_, path := create(t)
	good, _ := os.ReadFile(path)
	flipped := bytes.Replace(good, []byte(`"value": "`), []byte(`"value": "Gi`), 1)
	for name, data := range map[string][]byte{
		"cut": good[:len(good)-20], "more": append(bytes.Clone(good), good...), "flipped": flipped, "empty": nil,
	} {
		bad := filepath.Join(t.TempDir(), "bad.keys")
		if err := os.WriteFile(bad, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := AddKey(bad, KeysetDigest); err == nil {
			t.Errorf("%s: rotated", name)
		}
		if after, _ := os.ReadFile(bad); !bytes.Equal(after, data) {
			t.Errorf("%s: the file was written over", name)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := AddKey(path, KeysetDigest); err == nil {
		t.Error("a file that others may read was rotated")
	}
	if _, err := AddKey(path+".missing", KeysetDigest); err == nil {
		t.Error("a missing file was rotated")
	}
	if _, err := os.Stat(path + ".missing"); err == nil {
		t.Error("a file was made")
	}
}

func TestOpen_OneBitOfAKeyFlipped_IsRefused(t *testing.T) {
	_, path := create(t)
	good, _ := os.ReadFile(path)
	at := bytes.Index(good, []byte(`"value": "`)) + 20
	for good[at] == 'A' {
		at++
	}
	bad := bytes.Clone(good)
	bad[at] = 'A'
	if err := os.WriteFile(path, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("got %v", err)
	}
}

func TestRotate_LinkStaysALink_ModeStays_NothingIsLeftBeside(t *testing.T) {
	_, path := create(t)
	link := filepath.Join(t.TempDir(), "link.keys")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	mustStep(t, AddKey, link, KeysetMaster)
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("left beside: %v", files)
	}
	if len(uses(mustOpen(t, path), KeysetMaster)) != 2 {
		t.Error("the file behind the link has no new key")
	}
}

func TestRotate_ManyAtOnce_NoKeyIsLost_AndTheFileIsWholeAllTheTime(t *testing.T) {
	_, path := create(t)
	done := make(chan struct{})
	var reading, writing sync.WaitGroup
	reading.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if _, err := Open(path); err != nil {
				t.Errorf("while it was replaced: %v", err)
				return
			}
		}
	})
	for _, of := range Rotatable() {
		writing.Go(func() {
			for range 4 {
				_, added := AddKey(path, of)
				_, promoted := PromoteKey(path, of)
				if err := errors.Join(added, promoted); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	for _, of := range Rotatable() {
		if got := len(uses(mustOpen(t, path), of)); got != 5 {
			t.Errorf("%s has %d keys, want 5", of, got)
		}
	}
}

func TestTake_NewKeysAreTaken_LostOrForeignOnesRefused_ASnapshotStays(t *testing.T) {
	k, path := create(t)
	before := copyOf(t, path)
	snapshot := k.Snapshot()
	added := mustStep(t, AddKey, path, KeysetDigest)
	if news, err := k.Take(mustOpen(t, path)); err != nil || !news {
		t.Fatalf("took %v, %v", news, err)
	}
	if news, err := k.Take(mustOpen(t, path)); err != nil || news {
		t.Errorf("the same over again: %v, %v", news, err)
	}
	if _, lacks := k.LacksDigest([]uint32{added.ID}); lacks {
		t.Error("the new key was not taken")
	}
	if _, lacks := snapshot.LacksDigest([]uint32{added.ID}); !lacks {
		t.Error("a snapshot changed")
	}
	if _, err := k.Take(mustOpen(t, before)); err == nil || !strings.Contains(err.Error(), "lacks the key") {
		t.Errorf("a file without a key that is held was taken: %v", err)
	}
	other, _ := create(t)
	if _, err := k.Take(other); err == nil || !strings.Contains(err.Error(), "another database") {
		t.Errorf("the keys of another store were taken: %v", err)
	}
	if _, lacks := k.LacksDigest([]uint32{added.ID}); lacks {
		t.Error("what was refused was taken all the same")
	}
}
