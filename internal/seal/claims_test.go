package seal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// claimsOf makes a pair of claims keys for a key file and opens both parts.
func claimsOf(t testing.TB, path string) (*Keys, *Claims, string) {
	t.Helper()
	officer := filepath.Join(t.TempDir(), "officer.key")
	if _, err := CreateClaims(path, officer); err != nil {
		t.Fatal(err)
	}
	claims, err := OpenClaims(officer)
	if err != nil {
		t.Fatal(err)
	}
	return mustOpen(t, path), claims, officer
}

func TestClaims_OnlyTheOfficerOpens_OnlyUnderItsID(t *testing.T) {
	without, path := create(t)
	id, other := [16]byte{1}, [16]byte{2}
	if _, err := without.SealClaim(id, []byte("evidence")); err == nil || without.HasClaimsKey() {
		t.Errorf("sealed without a claims key: %v", err)
	}
	keys, claims, _ := claimsOf(t, path)
	if !keys.HasClaimsKey() || claims.StoreID() != keys.StoreID() {
		t.Error("the key file has no claims key, or the officer's is of another store")
	}
	sealed, err := keys.SealClaim(id, []byte("evidence"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := claims.Open(id, sealed); err != nil || string(plain) != "evidence" {
		t.Errorf("opened %q, %v", plain, err)
	}
	if _, err := claims.Open(other, sealed); !errors.Is(err, ErrOpen) {
		t.Errorf("under another id: %v", err)
	}
	if _, err := keys.Open(purposeClaim, id[:], sealed); !errors.Is(err, ErrOpen) {
		t.Errorf("by the server: %v", err)
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := claims.Open(id, sealed); !errors.Is(err, ErrOpen) {
		t.Errorf("altered: %v", err)
	}
}

func TestClaims_SecondPair_TheEarlierFileAloneOpensWhatWasSealedEarlier(t *testing.T) {
	_, path := create(t)
	id := [16]byte{1}
	running, first, _ := claimsOf(t, path)
	earlier, err := running.SealClaim(id, []byte("earlier"))
	if err != nil {
		t.Fatal(err)
	}
	keys, second, _ := claimsOf(t, path)
	if news, err := running.Take(keys); err != nil || !news {
		t.Fatalf("took %v, %v", news, err)
	}
	later, err := running.SealClaim(id, []byte("later"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Open(id, earlier); err != nil {
		t.Error(err)
	}
	if _, err := second.Open(id, later); err != nil {
		t.Error(err)
	}
	if _, err := second.Open(id, earlier); !errors.Is(err, ErrOpen) || !strings.Contains(err.Error(), "claims key") {
		t.Errorf("the later key opened what was sealed earlier: %v", err)
	}
	if _, err := first.Open(id, later); !errors.Is(err, ErrOpen) {
		t.Errorf("the earlier key opened what was sealed later: %v", err)
	}
}

func TestClaims_OfficersFile_IsForItsOwnerOnlyAndNeverReplaced(t *testing.T) {
	_, path := create(t)
	_, _, officer := claimsOf(t, path)
	info, err := os.Stat(officer)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	private, _ := os.ReadFile(officer)
	shared, _ := os.ReadFile(path)
	if _, err := CreateClaims(path, officer); err == nil {
		t.Error("the officer's file was replaced")
	}
	if after, _ := os.ReadFile(officer); string(after) != string(private) {
		t.Error("the officer's file was changed")
	}
	if after, _ := os.ReadFile(path); string(after) != string(shared) {
		t.Error("the key file was changed")
	}
	if _, err := CreateClaims(path, path); err == nil {
		t.Error("the key file was taken for the officer's")
	}
	if err := os.Chmod(officer, 0o604); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenClaims(officer); err == nil {
		t.Error("a file that others may read was opened")
	}
}

func TestClaims_KeyFileThatIsNotRight_NoOfficersFileIsMade(t *testing.T) {
	_, path := create(t)
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	officer := filepath.Join(t.TempDir(), "officer.key")
	if _, err := CreateClaims(path, officer); err == nil {
		t.Error("a pair was made for no store")
	}
	if exists, _ := Exists(officer); exists {
		t.Error("an officer's file was left")
	}
}

func TestOpen_PrivateClaimsKeyInTheKeyFile_IsRefused(t *testing.T) {
	_, path := create(t)
	_, _, officer := claimsOf(t, path)
	data, _ := os.ReadFile(officer)
	var file claimsFile
	if err := decodeOne(data, &file); err != nil {
		t.Fatal(err)
	}
	if _, err := update(path, func(f *keyFile) error { f.Claims = file.Keyset; return nil }); err == nil ||
		!strings.Contains(err.Error(), "claims keyset") {
		t.Errorf("got %v", err)
	}
	if _, err := OpenClaims(path); err == nil {
		t.Error("a key file was opened as an officer's")
	}
}

func FuzzParseClaims(f *testing.F) {
	f.Add([]byte(`{"format":"assent-claims-key/1","storeId":"00000000000000000000000000000000","keyset":{}}`))
	f.Add([]byte(`{"format":"assent-keys/1"}`))
	path := filepath.Join(f.TempDir(), "test.keys")
	if _, err := Create(path); err != nil {
		f.Fatal(err)
	}
	_, _, officer := claimsOf(f, path)
	good, err := os.ReadFile(officer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, data []byte) {
		claims, err := parseClaims(data)
		if err != nil {
			return
		}
		if _, err := claims.Open([16]byte{}, []byte("not sealed")); !errors.Is(err, ErrOpen) {
			t.Errorf("opened what was not sealed: %v", err)
		}
	})
}
