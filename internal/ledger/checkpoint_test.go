package ledger

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

// signer makes a key of the name.
func signer(t *testing.T, name string) (note.Signer, string) {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return s, public
}

func TestCheckpoint_IsASignedNoteThatAnotherImplementationOpens(t *testing.T) {
	origin := Origin([16]byte{0xab, 15: 1})
	if origin != "assent.io/ledger/ab000000000000000000000000000001" {
		t.Errorf("origin %q", origin)
	}
	s, key := signer(t, origin)
	want := Checkpoint{Origin: origin, Size: 4711, Root: [HashSize]byte{1, 2, 3}}
	signed, err := want.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil || len(opened.Sigs) != 1 || opened.Text != origin+"\n4711\nAQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" {
		t.Errorf("opened %+v, %v", opened, err)
	}
	got, err := OpenCheckpoint(signed, origin, key)
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestOpenCheckpoint_ForeignOrAltered_IsRefused(t *testing.T) {
	origin := Origin([16]byte{1})
	s, key := signer(t, origin)
	_, other := signer(t, origin)
	witness, foreign := signer(t, "witness.example")
	c := Checkpoint{Origin: origin, Size: 5}
	signed, err := c.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	cosigned, err := note.Sign(&note.Note{Text: c.Text(), Sigs: nil}, s, witness)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCheckpoint(cosigned, origin, other, key); err != nil {
		t.Errorf("with a signature of a witness: %v", err)
	}
	elsewhere := Checkpoint{Origin: "elsewhere", Size: 5}
	misnamed, err := elsewhere.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]struct {
		signed string
		key    string
	}{
		"other key":    {string(signed), other},
		"altered":      {strings.Replace(string(signed), "\n5\n", "\n6\n", 1), key},
		"other origin": {string(misnamed), key},
		"no note":      {"hello", key},
		"empty":        {"", key},
	} {
		if _, err := OpenCheckpoint([]byte(bad.signed), origin, bad.key); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, bad := range []string{"", "nonsense", foreign} {
		if _, err := OpenCheckpoint(signed, origin, bad); err == nil {
			t.Errorf("the key %q was accepted", bad)
		}
	}
}

const root64 = "AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

func TestParseCheckpoint_ExtensionLines_AreAllowed(t *testing.T) {
	got, err := ParseCheckpoint("o\n0\n" + root64 + "\nextension 1\nextension 2\n")
	if err != nil || got != (Checkpoint{Origin: "o", Root: [HashSize]byte{1, 2, 3}}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseCheckpoint_RefusesWhatIsNone(t *testing.T) {
	for _, text := range []string{
		"", "o\n", "o\n1\n", "o\n1\n" + root64, "\n1\n" + root64 + "\n", "o\n-1\n" + root64 + "\n", "o\n01\n" + root64 + "\n",
		"o\n+1\n" + root64 + "\n", "o\n9223372036854775808\n" + root64 + "\n", "o\n1\nAQID\n", "o\n1\n" + root64 + "\r\n",
		"o\n1\n" + root64 + "\n\n", "o\n1\n" + strings.Replace(root64, "A=", "B=", 1) + "\n",
	} {
		if got, err := ParseCheckpoint(text); err == nil {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add("assent.io/ledger/00\n5\n" + root64 + "\n")
	f.Add("o\n0\n" + root64 + "\nextension\n")
	f.Add("o\n1\n" + root64)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCheckpoint(text)
		if err != nil {
			return
		}
		if !strings.HasPrefix(text, c.Text()) {
			t.Errorf("%q was read as %q", text, c.Text())
		}
		again, err := ParseCheckpoint(c.Text())
		if err != nil || again != c {
			t.Errorf("%q was read as %+v, %v", c.Text(), again, err)
		}
	})
}
