package receipt

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/ledger"
)

// example is a receipt with every field.
func example() Receipt {
	return Receipt{
		Store: [16]byte{1, 2}, Decided: 1_790_841_600_000_001, Position: 50_553, CatalogVersion: 2, ForSending: true,
		Address: Digest{Version: 3_000_000_000, Sum: [32]byte{0xab}}, Channel: "product-marketing", AskedSender: "acme-marketing",
		Reference: "order-1", Advertising: true, Verdict: consent.Allow, Reason: consent.CodeAllowConsent,
		Reasons: []consent.Code{consent.CodeAllowConsent, "OTHER"}, LegalBasis: "consent", GrantPosition: 17,
		Declaration: consent.Declaration{ID: "all-news", Version: "3"}, Sender: "acme-marketing",
	}
}

func TestText_IsWhatTheFormatSays(t *testing.T) {
	r := example()
	const want = `assent receipt v1
ledger: assent.io/ledger/01020000000000000000000000000000
decided_time: 2026-10-01T08:00:00.000001Z
position: 50553
catalog_version: 2
for_sending: true
address_digest: 3000000000:ab00000000000000000000000000000000000000000000000000000000000000
channel: product-marketing
asked_sender_identity: acme-marketing
reference: order-1
contains_advertising: true
verdict: ALLOW
reason: ALLOW_CONSENT
reasons: ALLOW_CONSENT OTHER
legal_basis: consent
grant_position: 17
declaration: all-news@3
sender_identity: acme-marketing
`
	if diff := cmp.Diff(want, r.Text()); diff != "" {
		t.Error(diff)
	}
}

// drawn is any receipt that a service can give.
func drawn(t *rapid.T) Receipt {
	word := rapid.StringMatching(`[A-Za-z0-9_.-]{1,20}`)
	maybe := func(g *rapid.Generator[string], label string) string {
		if rapid.Bool().Draw(t, label+" given") {
			return g.Draw(t, label)
		}
		return ""
	}
	r := Receipt{
		Store:          [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "store")),
		Decided:        consent.Instant(rapid.Int64Range(1, int64(consent.MaxInstant)).Draw(t, "decided")),
		Position:       rapid.Int64Min(1).Draw(t, "position"),
		CatalogVersion: rapid.Int64Min(1).Draw(t, "catalog"),
		ForSending:     rapid.Bool().Draw(t, "for sending"),
		Address: Digest{
			Version: rapid.Uint32().Draw(t, "key"), Sum: [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "sum")),
		},
		Channel:     word.Draw(t, "channel"),
		AskedSender: maybe(rapid.String(), "asked"),
		Reference:   maybe(rapid.OneOf(rapid.String(), rapid.StringMatching(`[ \\un0a:\n\r\t-]{0,12}`)), "reference"),
		Advertising: rapid.Bool().Draw(t, "advertising"),
		Verdict:     rapid.SampledFrom([]consent.Verdict{consent.Allow, consent.Deny, consent.Defer}).Draw(t, "verdict"),
		Reason:      consent.Code(word.Draw(t, "reason")),
		LegalBasis:  maybe(word, "basis"),
		Sender:      maybe(word, "sender"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "reasons") {
		r.Reasons = append(r.Reasons, consent.Code(word.Draw(t, "code")))
	}
	if rapid.Bool().Draw(t, "evidence") {
		r.GrantPosition = rapid.Int64Min(1).Draw(t, "grant")
		r.Declaration = consent.Declaration{ID: word.Draw(t, "declaration"), Version: word.Draw(t, "version")}
	}
	return r
}

func TestProperty_ParseReadsWhatTextWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawn(t)
		got, err := Parse(want.Text())
		if err != nil {
			t.Fatalf("%v\n%s", err, want.Text())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-written +read):\n%s", diff)
		}
		if list := want.Differences(&got); len(list) != 0 {
			t.Errorf("it differs from itself: %v", list)
		}
	})
}

func TestDifferences_NameEveryFieldThatDiffers(t *testing.T) {
	r := example()
	other := Receipt{Verdict: consent.Deny, Reason: "X"}
	list := r.Differences(&other)
	if len(list) != len(r.Fields()) {
		t.Errorf("%d differences, want one for each of %d fields: %v", len(list), len(r.Fields()), list)
	}
	other = example()
	other.GrantPosition, other.Sender = 18, ""
	want := []Difference{{"grant_position", "17", "18"}, {"sender_identity", "acme-marketing", ""}}
	if diff := cmp.Diff(want, r.Differences(&other)); diff != "" {
		t.Error(diff)
	}
}

func TestParse_AnyOtherFormIsRefused(t *testing.T) {
	r := example()
	text := r.Text()
	for name, c := range map[string][2]string{
		"another version":     {"receipt v1", "receipt v2"},
		"an unknown field":    {"channel: ", "colour: red\nchannel: "},
		"a field twice":       {"position: 50553\n", "position: 50553\nposition: 50553\n"},
		"another order":       {"position: 50553\ncatalog_version: 2\n", "catalog_version: 2\nposition: 50553\n"},
		"a leading zero":      {"position: 50553", "position: 050553"},
		"a sign":              {"position: 50553", "position: +50553"},
		"a negative":          {"position: 50553", "position: -50553"},
		"no position":         {"position: 50553\n", ""},
		"a zero left in":      {"grant_position: 17", "grant_position: 0"},
		"an empty field":      {"reference: order-1", "reference: "},
		"upper-case hex":      {":ab00", ":AB00"},
		"a short digest":      {":ab00", ":ab"},
		"another time zone":   {".000001Z", ".000001+00:00"},
		"fewer digits":        {".000001Z", ".00001Z"},
		"another truth":       {"for_sending: true", "for_sending: TRUE"},
		"no truth":            {"for_sending: true\n", ""},
		"an unknown verdict":  {"verdict: ALLOW", "verdict: MAYBE"},
		"another ledger name": {"assent.io/ledger/", "example.com/ledger/"},
		"a needless escape":   {"order-1", `order-\u0031`},
		"a broken escape":     {"order-1", `order-\x1`},
		"a lone backslash":    {"order-1", `order-1\`},
		"two spaces":          {"reasons: ALLOW_CONSENT ", "reasons: ALLOW_CONSENT  "},
		"a carriage return":   {"order-1\n", "order-1\r\n"},
		"no last newline":     {"sender_identity: acme-marketing\n", "sender_identity: acme-marketing"},
	} {
		changed := strings.Replace(text, c[0], c[1], 1)
		if name == "no last newline" {
			changed = strings.TrimSuffix(text, "\n")
		}
		if changed == text {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, err := Parse(changed); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
}

func TestText_WhatBreaksALine_IsEscapedAndReadAgain(t *testing.T) {
	for value, want := range map[string]string{
		"a\nverdict: ALLOW": `a\u000averdict: ALLOW`,
		` both ends `:       `\u0020both ends\u0020`,
		`c:\dir`:            `c:\\dir`,
		"\u2028\u0085\x7f":  `\u2028\u0085\u007f`,
		"Bestellung für Ä":  "Bestellung für Ä",
	} {
		r := example()
		r.Reference = value
		if !strings.Contains(r.Text(), "\nreference: "+want+"\n") {
			t.Errorf("%q is written as\n%s", value, r.Text())
		}
		if got, err := Parse(r.Text()); err != nil || got.Reference != value {
			t.Errorf("%q is read as %q, %v", value, got.Reference, err)
		}
	}
}

// signerOf makes a key for a name.
func signerOf(t testing.TB, seed byte, name string) (note.Signer, string) {
	t.Helper()
	private, public, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 64)), name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer, public
}

func signedExample(t testing.TB) (signed []byte, key string) {
	t.Helper()
	r := example()
	signer, key := signerOf(t, 1, Name(r.Store))
	signed, err := r.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed, key
}

func TestOpen_EveryChangedByteIsFound(t *testing.T) {
	signed, key := signedExample(t)
	if r, _, err := Open(signed, key); err != nil || cmp.Diff(example(), r) != "" {
		t.Fatalf("got %+v, %v", r, err)
	}
	signature := bytes.LastIndex(signed, []byte("\n\n"))
	for i := range signed {
		for change := 1; change < 256; change++ {
			if i < signature && change&(change-1) != 0 {
				continue // Of the text one bit at a time is enough: any change of it breaks the signature.
			}
			altered := bytes.Clone(signed)
			altered[i] ^= byte(change)
			if _, _, err := Open(altered, key); err == nil {
				t.Fatalf("byte %d changed from %q to %q was not found", i, signed[i], altered[i])
			}
		}
	}
	for i := range signed {
		if _, _, err := Open(signed[:i], key); err == nil {
			t.Fatalf("cut after %d bytes it was opened", i)
		}
	}
}

func TestOpen_AnythingAddedIsRefused(t *testing.T) {
	signed, key := signedExample(t)
	other, _ := signerOf(t, 2, "example.com/witness")
	verifier, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	cosigned, err := note.Sign(opened, other)
	if err != nil {
		t.Fatal(err)
	}
	for name, altered := range map[string][]byte{
		"another signature": cosigned,
		"a line":            append(bytes.Clone(signed), '\n'),
		"the last line":     append(bytes.Clone(signed), signed[bytes.LastIndex(signed, []byte("— ")):]...),
		"very much":         append(bytes.Clone(signed), bytes.Repeat([]byte(" "), MaxSize)...),
	} {
		if _, _, err := Open(altered, key); err == nil {
			t.Errorf("%s was added, and it was opened", name)
		}
	}
}

func TestOpen_OtherKeys(t *testing.T) {
	r := example()
	signed, key := signedExample(t)
	_, stranger := signerOf(t, 2, Name(r.Store))
	_, asLedger := signerOf(t, 1, ledger.Origin(r.Store))
	_, ofOther := signerOf(t, 1, Name([16]byte{9}))
	if _, _, err := Open(signed, stranger); !errors.Is(err, ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	if _, _, err := Open(signed, ofOther); !errors.Is(err, ErrSignature) {
		t.Errorf("the key of another ledger: %v", err)
	}
	if _, _, err := Open(signed); !errors.Is(err, ErrSignature) {
		t.Errorf("no key: %v", err)
	}
	if _, used, err := Open(signed, stranger, key); err != nil || used != key {
		t.Errorf("an older key beside a newer one: %q, %v", used, err)
	}
	if _, used, err := Open(signed, asLedger); err != nil || used != key {
		t.Errorf("the key as it is shown for checkpoints: %q, %v", used, err)
	}
	for _, wrong := range []string{"", "nonsense", "a+b+c", strings.Replace(asLedger, "assent.io", "example.com", 1)} {
		if _, _, err := Open(signed, wrong); err == nil {
			t.Errorf("the key %q was taken", wrong)
		}
	}
	_, unknown := signerOf(t, 1, "example.com/ledger/00")
	if _, err := VerifierKey(unknown); err == nil {
		t.Error("a key of no ledger was taken")
	}
}

func TestSign_ByTheKeyOfAnotherName_IsRefused(t *testing.T) {
	r := example()
	for _, name := range []string{ledger.Origin(r.Store), Name([16]byte{9})} {
		signer, _ := signerOf(t, 1, name)
		if _, err := r.Sign(signer); err == nil {
			t.Errorf("a signer of %s signed", name)
		}
	}
	signer, _ := signerOf(t, 1, Name(r.Store))
	if _, err := (&Receipt{Store: r.Store}).Sign(signer); err == nil {
		t.Error("an empty receipt was signed")
	}
}

// A receipt and a checkpoint are signed by the same key. Neither passes for the other, not even with its signature line rewritten
// to the other's name.
func TestReceiptAndCheckpoint_AreNotTakenForEachOther(t *testing.T) {
	r := example()
	origin := ledger.Origin(r.Store)
	receiptSigner, receiptKey := signerOf(t, 1, Name(r.Store))
	ledgerSigner, ledgerKey := signerOf(t, 1, origin)
	signed, err := r.Sign(receiptSigner)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := ledger.Checkpoint{Origin: origin, Size: 1}
	point, err := checkpoint.Sign(ledgerSigner)
	if err != nil {
		t.Fatal(err)
	}
	renamedReceipt, err := note.Sign(&note.Note{Text: r.Text()}, ledgerSigner)
	if err != nil {
		t.Fatal(err)
	}
	renamedPoint, err := note.Sign(&note.Note{Text: checkpoint.Text()}, receiptSigner)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"a receipt": signed, "a receipt under the ledger's name": renamedReceipt} {
		for _, key := range []string{ledgerKey, receiptKey} {
			for _, as := range []string{origin, Name(r.Store), firstLine} {
				if _, err := ledger.OpenCheckpoint(text, as, key); err == nil {
					t.Errorf("%s was opened as a checkpoint", name)
				}
			}
		}
	}
	for name, text := range map[string][]byte{"a checkpoint": point, "a checkpoint under the name of receipts": renamedPoint} {
		for _, key := range []string{ledgerKey, receiptKey} {
			if _, _, err := Open(text, key); err == nil {
				t.Errorf("%s was opened as a receipt", name)
			}
		}
	}
	if _, _, err := Open(renamedReceipt, ledgerKey); err == nil {
		t.Error("a receipt under the ledger's name was opened")
	}
}

// A receipt is verified with Ed25519 alone: the signed text ends with the empty line.
func TestSigned_IsVerifiedWithEd25519Alone(t *testing.T) {
	signed, key := signedExample(t)
	text, last, ok := strings.Cut(string(signed), "\n\n— ")
	if !ok {
		t.Fatal("there is no empty line before the signature")
	}
	_, sig64, _ := strings.Cut(strings.TrimSuffix(last, "\n"), " ")
	sig, err := base64.StdEncoding.DecodeString(sig64)
	if err != nil {
		t.Fatal(err)
	}
	public, err := base64.StdEncoding.DecodeString(strings.SplitN(key, "+", 3)[2])
	if err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(public[1:], []byte(text+"\n"), sig[4:]) {
		t.Error("the signature does not hold")
	}
}

func FuzzParse(f *testing.F) {
	r := example()
	f.Add(r.Text())
	f.Add(firstLine + "\n")
	r.Reference = "\\\n "
	f.Add(r.Text())
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err == nil && r.Text() != text {
			t.Errorf("read from %q, it is written as %q", text, r.Text())
		}
	})
}

func FuzzOpen(f *testing.F) {
	signed, key := signedExample(f)
	other, _, err := note.GenerateKey(rand.Reader, "example.com/other")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add([]byte(other))
	f.Add([]byte("a\n\n— b AAAA\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, _, err := Open(data, key); err == nil && !bytes.Equal(data, signed) {
			t.Errorf("%q was opened", data)
		}
	})
}
