package seal

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	tinked25519 "github.com/tink-crypto/tink-go/v2/signature/ed25519"
	"golang.org/x/mod/sumdb/note"
)

// Signer signs under the name that it was asked for. It is a note.Signer of golang.org/x/mod/sumdb/note.
type Signer struct {
	name string
	hash uint32
	key  ed25519.PrivateKey
}

// Name returns the name of the key.
func (s *Signer) Name() string { return s.name }

// KeyHash returns the hash of name and key by which a signature is found in a note.
func (s *Signer) KeyHash() uint32 { return s.hash }

// Sign returns the Ed25519 signature of the message.
func (s *Signer) Sign(message []byte) ([]byte, error) { return ed25519.Sign(s.key, message), nil }

// Signer returns what signs with the primary signing key under the name.
func (k *Keys) Signer(name string) (*Signer, error) {
	key := k.held.Load().signing[0].private
	text, err := verifierKey(name, key)
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(text)
	if err != nil {
		return nil, fmt.Errorf("the name %q is not valid for a signing key: %w", name, err)
	}
	return &Signer{name: name, hash: verifier.KeyHash(), key: key}, nil
}

// VerifierKeys returns the public signing keys as texts that note.NewVerifier reads, the primary one first.
func (k *Keys) VerifierKeys(name string) ([]string, error) {
	signing := k.held.Load().signing
	texts := make([]string, len(signing))
	for i, key := range signing {
		var err error
		if texts[i], err = verifierKey(name, key.private); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

func verifierKey(name string, key ed25519.PrivateKey) (string, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("a signing key has no public key")
	}
	text, err := note.NewEd25519VerifierKey(name, public)
	if err != nil {
		return "", fmt.Errorf("public signing key: %w", err)
	}
	return text, nil
}

// signingKey is a key that signs or has signed.
type signingKey struct {
	id      uint32
	private ed25519.PrivateKey
}

// readSigning reads the keyset of signing keys, the primary first. Their signatures have no prefix: others verify them, too.
func readSigning(handle *keyset.Handle) ([]signingKey, error) {
	var keys []signingKey
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, errors.New("it is damaged")
		}
		private, ok := entry.Key().(*tinked25519.PrivateKey)
		if !ok || len(private.OutputPrefix()) > 0 {
			return nil, errors.New("it is not a key for Ed25519 signatures without a prefix")
		}
		key := signingKey{
			id:      entry.KeyID(),
			private: ed25519.NewKeyFromSeed(private.PrivateKeyBytes().Data(insecuresecretdataaccess.Token{})),
		}
		if entry.IsPrimary() {
			keys = append([]signingKey{key}, keys...)
		} else {
			keys = append(keys, key)
		}
	}
	return keys, nil
}
