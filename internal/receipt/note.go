package receipt

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/assent-io/assent/internal/ledger"
)

// MaxSize is more than any receipt has, in bytes.
const MaxSize = 8 << 10

// ErrSignature is wrapped by the error for a receipt that none of the keys signed, or that was altered.
var ErrSignature = errors.New("it is not signed by the key of this ledger, or was altered")

const namePrefix = "assent.io/receipt/"

// Name returns the name of the key that signs the receipts of a store. It differs from that of the key that signs checkpoints, so
// that one cannot pass for the other, although both are the same Ed25519 key.
func Name(store [16]byte) string { return namePrefix + hex.EncodeToString(store[:]) }

// Sign returns the receipt as a signed note, by a signer of the name for its store.
func (r *Receipt) Sign(signer note.Signer) ([]byte, error) {
	if signer.Name() != Name(r.Store) {
		return nil, fmt.Errorf("receipt: the signer is that of %q, not of %q", signer.Name(), Name(r.Store))
	}
	text := r.Text()
	if _, err := Parse(text); err != nil { // Never sign a receipt that cannot be read.
		return nil, err
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil, fmt.Errorf("receipt: sign: %w", err)
	}
	if len(signed) > MaxSize {
		return nil, fmt.Errorf("receipt: it has %d bytes, more than %d", len(signed), MaxSize)
	}
	return signed, nil
}

// VerifierKey returns a public signing key under the name of receipts. It takes the key as `assent keys show` writes it, under the
// name of checkpoints, too.
func VerifierKey(text string) (string, error) {
	wrong := errors.New("receipt: a verifier key must have the form NAME+HASH+KEY, as `assent keys show` writes it")
	verifier, err := note.NewVerifier(text)
	if err != nil {
		return "", wrong
	}
	if strings.HasPrefix(verifier.Name(), namePrefix) {
		return text, nil
	}
	store, err := readStore(verifier.Name())
	if err != nil {
		return "", wrong
	}
	parts := strings.SplitN(text, "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) < 1 {
		return "", wrong
	}
	return note.NewEd25519VerifierKey(Name(store), key[1:])
}

// readStore returns the store of a ledger's name.
func readStore(origin string) ([16]byte, error) {
	tail := origin[strings.LastIndexByte(origin, '/')+1:]
	id, err := hex.DecodeString(tail)
	if err != nil || len(id) != 16 || ledger.Origin([16]byte(id)) != origin {
		return [16]byte{}, errors.New("receipt: the name of the ledger is missing")
	}
	return [16]byte(id), nil
}

// Open reads a signed receipt. One of the keys, in the form of note.NewVerifier and under the name of receipts or of checkpoints,
// must have signed it, otherwise the error wraps [ErrSignature]; Open returns that key under the name of receipts. A receipt has one
// signature and one form: nothing may be added.
func Open(signed []byte, keys ...string) (r Receipt, key string, err error) {
	if len(signed) > MaxSize {
		return Receipt{}, "", errors.New("receipt: it is too long for a receipt")
	}
	for _, key := range keys {
		if key, err = VerifierKey(key); err != nil {
			return Receipt{}, "", err
		}
		verifier, err := note.NewVerifier(key)
		if err != nil {
			return Receipt{}, "", fmt.Errorf("receipt: %w", err)
		}
		opened, err := note.Open(signed, note.VerifierList(verifier))
		if err != nil {
			continue
		}
		r, err := ofNote(signed, opened, verifier.Name())
		return r, key, err
	}
	return Receipt{}, "", fmt.Errorf("receipt: %w", ErrSignature)
}

// ofNote reads the receipt from a note with a valid signature.
func ofNote(signed []byte, opened *note.Note, name string) (Receipt, error) {
	altered := fmt.Errorf("receipt: %w", ErrSignature)
	if len(opened.Sigs) != 1 || len(opened.UnverifiedSigs) != 0 {
		return Receipt{}, altered
	}
	// Base64 can write the same signature in several ways, of which one is right.
	sig, err := base64.StdEncoding.Strict().DecodeString(opened.Sigs[0].Base64)
	if err != nil {
		return Receipt{}, altered
	}
	whole := opened.Text + "\n— " + name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
	if string(signed) != whole {
		return Receipt{}, altered
	}
	r, err := Parse(opened.Text)
	if err != nil {
		return Receipt{}, err
	}
	if Name(r.Store) != name {
		return Receipt{}, altered
	}
	return r, nil
}
