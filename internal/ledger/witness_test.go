package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
)

// cosigner is a witness written after the text of C2SP tlog-cosignature, without code of this package.
type cosigner struct {
	name string
	id   [4]byte
	key  ed25519.PrivateKey
}

func newCosigner(name string, seed byte) *cosigner {
	c := &cosigner{name: name, key: ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize)))}
	sum := sha256.Sum256([]byte(name + "\n\x04" + string(c.public())))
	copy(c.id[:], sum[:])
	return c
}

func (c *cosigner) public() []byte { return c.key[ed25519.SeedSize:] }

func (c *cosigner) vkey() string {
	return fmt.Sprintf("%s+%x+%s", c.name, c.id, base64.StdEncoding.EncodeToString(append([]byte{4}, c.public()...)))
}

// sign returns the line of a cosignature.
func (c *cosigner) sign(text string, seconds uint64) string {
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, text)
	blob := append(c.id[:], binary.BigEndian.AppendUint64(nil, seconds)...)
	blob = append(blob, ed25519.Sign(c.key, []byte(message))...)
	return "— " + c.name + " " + base64.StdEncoding.EncodeToString(blob) + "\n"
}

func (c *cosigner) witness(t testing.TB) *Witness {
	t.Helper()
	w, err := ParseWitness(c.vkey())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// signedBy returns a checkpoint with the key of its ledger.
func signedBy(t *testing.T) (c Checkpoint, signed, key string) {
	t.Helper()
	c = Checkpoint{Origin: Origin([16]byte{7}), Size: 12, Root: [HashSize]byte{1, 2}}
	s, key := signer(t, c.Origin)
	b, err := c.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	return c, string(b), key
}

func TestOpenCosigned_LinesOfKnownWitnesses_AreVerifiedAndKept(t *testing.T) {
	c, signed, key := signedBy(t)
	one, two, stranger := newCosigner("witness.example/w1", 1), newCosigner("Zeuge-ß", 2), newCosigner("stranger", 3)
	text := signed + one.sign(c.Text(), 1679315147) + stranger.sign(c.Text(), 5) + two.sign(c.Text(), 9)
	got, err := OpenCosigned([]byte(text), c.Origin, []string{key}, []*Witness{two.witness(t), one.witness(t)})
	if err != nil {
		t.Fatal(err)
	}
	want := Cosigned{
		Checkpoint: c, Key: key, Note: []byte(signed + one.sign(c.Text(), 1679315147) + two.sign(c.Text(), 9)),
		Cosignatures: []Cosignature{{one.name, 1679315147}, {two.name, 9}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// A reader that has only the ledger's key still opens it as a note.
	verifier, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := note.Open(got.Note, note.VerifierList(verifier)); err != nil || opened.Text != c.Text() {
		t.Errorf("%+v, %v", opened, err)
	}
}

func TestOpenCosigned_WhatNoKnownWitnessSigned_IsRefused(t *testing.T) {
	c, signed, key := signedBy(t)
	other := c
	other.Size++
	w, stranger := newCosigner("w", 1), newCosigner("stranger", 2)
	impostor := newCosigner("w", 3)
	impostor.id = w.id
	for name, test := range map[string]struct {
		note string
		want error // nil: any
	}{
		"without a line":         {signed, ErrNotCosigned},
		"stranger":               {signed + stranger.sign(c.Text(), 1), ErrNotCosigned},
		"of another key":         {signed + impostor.sign(c.Text(), 1), nil},
		"of another checkpoint":  {signed + w.sign(other.Text(), 1), nil},
		"time beyond 63 bits":    {signed + w.sign(c.Text(), math.MaxInt64+1), nil},
		"no signature of ledger": {c.Text() + "\n" + w.sign(c.Text(), 1), ErrSignature},
		"altered":                {strings.Replace(signed, "\n12\n", "\n13\n", 1) + w.sign(other.Text(), 1), ErrSignature},
		"cut off":                {strings.TrimSuffix(signed+w.sign(c.Text(), 1), "\n"), ErrSignature},
	} {
		_, err := OpenCosigned([]byte(test.note), c.Origin, []string{key}, []*Witness{w.witness(t)})
		if err == nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWitness_SignatureWithoutTimeOrOfAnotherLength_DoesNotVerify(t *testing.T) {
	w := newCosigner("w", 1)
	text := "o\n1\n" + root64 + "\n"
	plain := ed25519.Sign(w.key, []byte(text))
	for _, signature := range [][]byte{nil, plain, append(make([]byte, 8), plain...), make([]byte, 73)} {
		if w.witness(t).Verify([]byte(text), signature) {
			t.Errorf("%x verifies", signature)
		}
	}
}

func TestParseWitness_WrongKeys_AreRefused(t *testing.T) {
	w := newCosigner("w", 1)
	good := w.vkey()
	_, plain := signer(t, "w")
	for _, text := range []string{
		"", "w", "w+1", plain, strings.ToUpper(good[:1]) + good[1:], "+" + good, " " + good, good + "A", good[:len(good)-4],
		strings.Replace(good, "+", "+0", 1), strings.Replace(good, "+", "\n+", 1), good + "\n",
	} {
		if _, err := ParseWitness(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	if got, err := ParseWitness(good); err != nil || got.Name() != "w" || got.KeyHash() != binary.BigEndian.Uint32(w.id[:]) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParseWitnesses_OneKeyUnderTwoNames_IsRefused(t *testing.T) {
	one, two := newCosigner("one", 1), newCosigner("two", 1)
	if _, err := ParseWitnesses([]string{one.vkey(), two.vkey()}); err == nil {
		t.Error("one key counts for two witnesses")
	}
	if _, err := ParseWitnesses([]string{one.vkey(), one.vkey()}); err == nil {
		t.Error("a witness counts twice")
	}
	rotated := newCosigner("one", 2)
	if got, err := ParseWitnesses([]string{one.vkey(), rotated.vkey()}); err != nil || len(got) != 2 {
		t.Errorf("two keys of one witness: %v", err)
	}
}

func TestMergeNotes_KeepsTheLinesOfBoth_AndTheFirstOfAKey(t *testing.T) {
	c, signed, _ := signedBy(t)
	one, two := newCosigner("one", 1), newCosigner("two", 2)
	stored, added := signed+one.sign(c.Text(), 5), signed+two.sign(c.Text(), 6)+one.sign(c.Text(), 7)
	got, err := MergeNotes([]byte(stored), []byte(added))
	if want := stored + two.sign(c.Text(), 6); err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	if again, err := MergeNotes(got, got); err != nil || string(again) != string(got) {
		t.Errorf("merged with itself: %s, %v", again, err)
	}
	other, _, _ := signedBy(t)
	other.Size++
	for _, bad := range []string{"", "x", strings.Replace(added, "\n12\n", "\n13\n", 1)} {
		if _, err := MergeNotes([]byte(stored), []byte(bad)); err == nil {
			t.Errorf("%q was merged", bad)
		}
	}
	for n := range 100 {
		stored += newCosigner(fmt.Sprint("more", n), 9).sign(c.Text(), 1)
	}
	if _, err := MergeNotes([]byte(stored), []byte(added)); err == nil {
		t.Error("a note with more lines than can be read again was made")
	}
}

func TestParseNote_WhatIsCutOff_IsNone(t *testing.T) {
	c, signed, _ := signedBy(t)
	if got, err := ParseNote([]byte(signed)); err != nil || got != c {
		t.Errorf("%+v, %v", got, err)
	}
	for n := range signed {
		if got, err := ParseNote([]byte(signed[:n])); err == nil {
			t.Errorf("the first %d bytes are %+v", n, got)
		}
	}
}

func FuzzParseWitness(f *testing.F) {
	f.Add(newCosigner("w", 1).vkey())
	f.Add("a+00000000+BAAA")
	f.Fuzz(func(t *testing.T, text string) {
		w, err := ParseWitness(text)
		if err != nil {
			return
		}
		again := fmt.Sprintf("%s+%08x+%s", w.name, w.hash, base64.StdEncoding.EncodeToString(append([]byte{4}, w.key...)))
		if !strings.EqualFold(again, text) {
			t.Errorf("%q was read as %q", text, again)
		}
	})
}

func FuzzOpenCosigned(f *testing.F) {
	w := newCosigner("w", 1)
	private, public, err := note.GenerateKey(strings.NewReader(strings.Repeat("k", 64)), "o")
	if err != nil {
		f.Fatal(err)
	}
	s, err := note.NewSigner(private)
	if err != nil {
		f.Fatal(err)
	}
	c := Checkpoint{Origin: "o", Size: 1}
	signed, err := c.Sign(s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(signed) + w.sign(c.Text(), 3))
	f.Add(string(signed))
	witnesses := []*Witness{w.witness(f)}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := OpenCosigned([]byte(text), "o", []string{public}, witnesses)
		if err != nil {
			return
		}
		if got.Checkpoint != c || len(got.Cosignatures) != 1 {
			t.Errorf("%q was opened as %+v", text, got)
		}
		again, err := OpenCosigned(got.Note, "o", []string{public}, witnesses)
		if err != nil || !cmp.Equal(again, got) {
			t.Errorf("what was kept of %q is %+v, %v", text, again, err)
		}
	})
}
