package seal

import (
	"bytes"
	"testing"

	"github.com/assent-io/assent/internal/consent"
)

func TestReceiptDigest_CannotBeMatchedWithTheTables(t *testing.T) {
	k, _ := create(t)
	const exact = "anna@example.com"
	got, err := k.ReceiptDigest(exact)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []consent.Form{consent.FormExact, consent.FormFolded, consent.FormDomain, consent.FormMail} {
		stored, err := digestsOf(k, form, exact)
		if err != nil {
			t.Fatal(err)
		}
		if stored[0].Sum == got.Sum {
			t.Errorf("it is the digest of the form %d", form)
		}
	}
	spelling, err := k.Spelling(got.Version, exact)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(spelling.Sum[:], got.Sum[:16]) {
		t.Error("it begins with the spelling")
	}
}

func TestReceiptDigest_IsMadeAgainUnderItsVersionOnly(t *testing.T) {
	k, path := create(t)
	want, err := k.ReceiptDigest("anna@example.com")
	if err != nil || want.Version != k.DigestVersions()[0] {
		t.Fatalf("version %d, %v", want.Version, err)
	}
	if got, err := k.ReceiptDigestUnder(want.Version, "anna@example.com"); err != nil || got != want {
		t.Errorf("made again: %v, %v", got, err)
	}
	if got, _ := k.ReceiptDigestUnder(want.Version, "ben@example.com"); got == want {
		t.Error("two addresses have one digest")
	}
	if _, err := k.ReceiptDigestUnder(want.Version+1, "anna@example.com"); err == nil {
		t.Error("a version without a key gave a digest")
	}
	for _, step := range []func(string, Keyset) (KeyInfo, error){AddKey, PromoteKey} {
		if _, err := step(path, KeysetDigest); err != nil {
			t.Fatal(err)
		}
	}
	rotated, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := rotated.ReceiptDigestUnder(want.Version, "anna@example.com"); err != nil || got != want {
		t.Errorf("made again after a rotation: %v, %v", got, err)
	}
	if got, err := rotated.ReceiptDigest("anna@example.com"); err != nil || got.Version == want.Version || got.Sum == want.Sum {
		t.Errorf("a new receipt after a rotation: %v, %v", got, err)
	}
}
