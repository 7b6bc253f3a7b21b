package seal

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/tink-crypto/tink-go/v2/prf"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
)

// digestsOf returns the digests of a canonical form under all versions, the one for new rows first.
func digestsOf(k *Keys, form consent.Form, canonical string) ([]Digest, error) {
	h := k.Hasher()
	defer h.Release()
	var all []Digest
	for i, version := range k.DigestVersions() {
		sum, err := h.Digest(i, form, canonical)
		if err != nil {
			return nil, err
		}
		all = append(all, Digest{Version: version, Sum: sum})
	}
	return all, nil
}

// tinks returns Tink's own PRFs of a keyset of a key file.
func tinks(t *testing.T, path string, of func(*keyFile) json.RawMessage) *prf.Set {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, _, err := decodeFile(data)
	if err != nil {
		t.Fatal(err)
	}
	handle, err := readKeyset(of(file))
	if err != nil {
		t.Fatal(err)
	}
	set, err := prf.NewPRFSet(handle)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func wantPRF(t *rapid.T, p prf.PRF, input string, got []byte) {
	t.Helper()
	want, err := p.ComputePRF([]byte(input), uint32(len(got)))
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got %x, Tink gives %x (%v)", got, want, err)
	}
}

// Digests are stored. They must stay what Tink's PRFs of the same keys give, over the prefixes of docs/storage-format.md.
func TestDigests_AreWhatTinkComputes(t *testing.T) {
	_, path := create(t)
	if _, err := AddKey(path, KeysetDigest); err != nil {
		t.Fatal(err)
	}
	if _, err := PromoteKey(path, KeysetDigest); err != nil {
		t.Fatal(err)
	}
	k, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	digests := tinks(t, path, func(f *keyFile) json.RawMessage { return f.Digest })
	event := tinks(t, path, func(f *keyFile) json.RawMessage { return f.Event })
	prefixes := map[consent.Form]string{
		consent.FormExact: "assent/1/email/exact\x00", consent.FormFolded: "assent/1/email/folded\x00",
		consent.FormDomain: "assent/1/email/domain\x00", consent.FormMail: "assent/1/email/mail\x00",
	}
	if versions := k.DigestVersions(); len(versions) != 2 || versions[0] != digests.PrimaryID {
		t.Fatalf("versions %d, the primary key is %d", versions, digests.PrimaryID)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 300, 400).Draw(t, "text")
		for form, prefix := range prefixes {
			all, err := digestsOf(k, form, text)
			if err != nil || len(all) != len(digests.PRFs) {
				t.Fatalf("%d digests, %v", len(all), err)
			}
			for _, d := range all {
				wantPRF(t, digests.PRFs[d.Version], prefix+text, d.Sum[:])
			}
		}
		for version, p := range digests.PRFs {
			spelling, err := k.Spelling(version, text)
			if err != nil || spelling.Key != version {
				t.Fatal(spelling.Key, err)
			}
			wantPRF(t, p, "assent/1/email/spelling\x00"+text, spelling.Sum[:])
			receipt, err := k.ReceiptDigestUnder(version, text)
			if err != nil {
				t.Fatal(err)
			}
			wantPRF(t, p, "assent/1/email/receipt\x00"+text, receipt.Sum[:])
		}
		key, _ := k.EventKey([]byte(text))
		wantPRF(t, event.PRFs[event.PrimaryID], text, key[:])
		body, _ := k.BodyMAC([]byte(text))
		wantPRF(t, event.PRFs[event.PrimaryID], "assent/1/request\x00"+text, body)
	})
}

// The bytes themselves, so that no change of both this package and Tink goes unseen.
func TestMAC_KnownBytes(t *testing.T) {
	key := bytes.Repeat([]byte{0x0b}, 32)
	m := newMAC(7, key)
	sum := m.sum("assent/1/email/exact\x00", []byte("anna@example.com"))
	const want = "9da9458ae8b7ce565dec21479d3deaca21738ed1a96e27a06e78f1e39abb3939"
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	plain := hmac.New(sha256.New, key)
	plain.Write([]byte("assent/1/email/exact\x00anna@example.com"))
	if !bytes.Equal(plain.Sum(nil), sum[:]) {
		t.Error("it is no HMAC-SHA-256 of prefix and data")
	}
}

func TestHasher_TakesNoMemory(t *testing.T) {
	k, _ := create(t)
	h := k.Hasher()
	defer h.Release()
	direct, err := digestsOf(k, consent.FormExact, "anna.huber@example.at")
	if err != nil {
		t.Fatal(err)
	}
	allocated := testing.AllocsPerRun(100, func() {
		if sum, err := h.Digest(0, consent.FormExact, "anna.huber@example.at"); err != nil || sum != direct[0].Sum {
			t.Errorf("another digest: %v", err)
		}
		if s, err := h.Spelling(direct[0].Version, "anna.huber@example.at"); err != nil || s.Key != direct[0].Version {
			t.Error(err)
		}
	})
	if allocated != 0 {
		t.Errorf("digests take %v pieces of memory", allocated)
	}
	if _, err := h.Digest(0, 99, "x"); err == nil {
		t.Error("a digest of an unknown form was made")
	}
}

func TestHasher_KeepsItsKeys_WhenOthersAreTaken(t *testing.T) {
	k, path := create(t)
	before := k.Hasher()
	old, err := before.Digest(0, consent.FormExact, "a@example.com")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []func(string, Keyset) (KeyInfo, error){AddKey, PromoteKey} {
		if _, err := step(path, KeysetDigest); err != nil {
			t.Fatal(err)
		}
	}
	changed, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if took, err := k.Take(changed); !took || err != nil {
		t.Fatal(took, err)
	}
	defer before.Release()
	after := k.Hasher()
	defer after.Release()
	if sum, err := before.Digest(0, consent.FormExact, "a@example.com"); err != nil || sum != old {
		t.Errorf("the hasher of before gives another digest: %v", err)
	}
	sum, _ := after.Digest(0, consent.FormExact, "a@example.com")
	if same, err := after.Digest(1, consent.FormExact, "a@example.com"); err != nil || sum == old || same != old {
		t.Errorf("the hasher of afterwards does not give the new digest before the old one: %v", err)
	}
}

func TestHasher_ManyAtOnce_DoNotDisturbEachOther(t *testing.T) {
	k, _ := create(t)
	var all sync.WaitGroup
	for n := range 8 {
		text := string(rune('a'+n)) + "@example.com"
		want, _ := digestsOf(k, consent.FormFolded, text)
		all.Go(func() {
			for range 200 {
				if got, err := digestsOf(k, consent.FormFolded, text); err != nil || !slices.Equal(got, want) {
					t.Errorf("got other digests, %v", err)
					return
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkDigest(b *testing.B) {
	k, err := Create(b.TempDir() + "/bench.keys")
	if err != nil {
		b.Fatal(err)
	}
	const text = "anna.huber2874@example.at"
	b.Run("hasher", func(b *testing.B) {
		b.ReportAllocs()
		h := k.Hasher()
		defer h.Release()
		for b.Loop() {
			if _, err := h.Digest(0, consent.FormExact, text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("keys", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			h := k.Hasher()
			if _, err := h.Digest(0, consent.FormExact, text); err != nil {
				b.Fatal(err)
			}
			h.Release()
		}
	})
	b.Run("anew", func(b *testing.B) { // as Tink's PRF does it: without the hashes of the padded key
		b.ReportAllocs()
		key := bytes.Repeat([]byte{1}, 32)
		for b.Loop() {
			plain := hmac.New(sha256.New, key)
			plain.Write([]byte("assent/1/email/exact\x00" + text))
			plain.Sum(nil)
		}
	})
	b.Run("event", func(b *testing.B) {
		b.ReportAllocs()
		input := bytes.Repeat([]byte("x"), 150)
		for b.Loop() {
			if _, err := k.EventKey(input); err != nil {
				b.Fatal(err)
			}
		}
	})
}
