package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"github.com/assent-io/assent/internal/consent"
)

func TestListHash_IsHMACOfTheDocumentedInputUnderTheListKey(t *testing.T) {
	k, _ := create(t)
	key := k.ListKey()
	for form, name := range map[consent.Form]string{consent.FormExact: "exact", consent.FormFolded: "folded", consent.FormDomain: "domain"} {
		got, err := k.ListHash(form, "anna@example.at")
		if err != nil {
			t.Fatal(err)
		}
		h := hmac.New(sha256.New, key[:])
		h.Write([]byte("assent/1/email/" + name + "\x00anna@example.at"))
		if want := h.Sum(nil); !hmac.Equal(got[:], want) {
			t.Errorf("%s: got %x, want %x", name, got, want)
		}
	}
	for _, form := range []consent.Form{consent.FormMail, 0} {
		if _, err := k.ListHash(form, "anna@example.at"); err == nil {
			t.Errorf("the form %d has a list hash", form)
		}
	}
}

func TestListKey_IsOfTheStore_AndOutlivesRotations(t *testing.T) {
	k, path := create(t)
	other, _ := create(t)
	if k.ListKey() == other.ListKey() {
		t.Error("two stores have the same list key")
	}
	for _, keyset := range Rotatable() {
		for _, step := range []func(string, Keyset) (KeyInfo, error){AddKey, PromoteKey} {
			if _, err := step(path, keyset); err != nil {
				t.Fatal(err)
			}
		}
	}
	changed, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Take(changed); err != nil {
		t.Fatal(err)
	}
	if k.ListKey() != changed.ListKey() || k.Snapshot().ListKey() != k.ListKey() {
		t.Error("a rotation changed the list key")
	}
}
