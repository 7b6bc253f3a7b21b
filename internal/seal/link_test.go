package seal

import (
	"bytes"
	"errors"
	"testing"
)

func TestLink_IsOpenedByTheStoreThatSealedIt_AndByNoOther(t *testing.T) {
	k, _ := create(t)
	other, _ := create(t)
	sealed, err := k.SealLink([]byte("what a link names"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := k.OpenLink(sealed); err != nil || string(plain) != "what a link names" {
		t.Errorf("got %q, %v", plain, err)
	}
	if again, err := k.SealLink([]byte("what a link names")); err != nil || !bytes.Equal(again, sealed) {
		t.Errorf("sealed again it is %x, not %x (%v)", again, sealed, err)
	}
	if _, err := other.OpenLink(sealed); !errors.Is(err, ErrOpen) {
		t.Errorf("another store opened it: %v", err)
	}
	for i := range sealed {
		altered := bytes.Clone(sealed)
		altered[i] ^= 1
		if _, err := k.OpenLink(altered); !errors.Is(err, ErrOpen) {
			t.Fatalf("altered at %d: got %v", i, err)
		}
	}
	if _, err := k.OpenLink(sealed[:len(sealed)-1]); !errors.Is(err, ErrOpen) {
		t.Errorf("cut: got %v", err)
	}
	if _, err := k.OpenLink(nil); !errors.Is(err, ErrOpen) {
		t.Errorf("empty: got %v", err)
	}
}

func TestLink_OutlivesRotations(t *testing.T) {
	k, path := create(t)
	sealed, err := k.SealLink([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	proof := k.ReturnPath("anna@example.at")
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
	if plain, err := changed.Snapshot().OpenLink(sealed); err != nil || string(plain) != "x" {
		t.Errorf("got %q, %v", plain, err)
	}
	if changed.ReturnPath("anna@example.at") != proof {
		t.Error("a rotation changed the proof of return paths")
	}
}

func TestReturnPath_IsOfOneAddressAndOneStore(t *testing.T) {
	k, _ := create(t)
	other, _ := create(t)
	proof := k.ReturnPath("anna@example.at")
	if proof == k.ReturnPath("anna@example.com") || proof == other.ReturnPath("anna@example.at") {
		t.Error("another address or store has the same proof")
	}
}
