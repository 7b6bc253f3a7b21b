package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/daead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// linkPrefix sets the secret of links apart from everything else that is made with the event key.
const linkPrefix = "assent/1/link\x00"

// The uses of keys that are derived from the secret of links. They never change: links are read for as long as mails are kept.
const (
	linkSealing    = "assent/1/link/token"
	linkReturnPath = "assent/1/link/returnpath"
)

// linkKey seals what the links in messages name, and proves return paths. It is derived from the event key, which is never rotated: a link
// never expires, and no key file lacks the key.
type linkKey struct {
	sealing tink.DeterministicAEAD
	paths   *mac
}

func newLinkKey(event *mac, storeID [16]byte) (*linkKey, error) {
	secret := event.sum(linkPrefix, storeID[:])
	sealing, err := hkdf.Expand(sha256.New, secret[:], linkSealing, subtle.AESSIVKeySize)
	if err != nil {
		return nil, fmt.Errorf("derive the key of links: %w", err)
	}
	paths, err := hkdf.Expand(sha256.New, secret[:], linkReturnPath, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive the key of return paths: %w", err)
	}
	k := &linkKey{paths: newMAC(0, paths)}
	if k.sealing, err = subtle.NewAESSIV(sealing); err != nil {
		return nil, fmt.Errorf("derive the key of links: %w", err)
	}
	return k, nil
}

// SealLink seals what a link names, with AES-SIV (RFC 5297): the same is sealed to the same bytes, 16 more than are given.
func (k *Keys) SealLink(plain []byte) ([]byte, error) {
	sealed, err := k.links.sealing.EncryptDeterministically(plain, nil)
	if err != nil {
		return nil, fmt.Errorf("seal a link: %w", err)
	}
	return sealed, nil
}

// OpenLink returns what was sealed by SealLink. The error is [ErrOpen].
func (k *Keys) OpenLink(sealed []byte) ([]byte, error) {
	plain, err := k.links.sealing.DecryptDeterministically(sealed, nil)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

// ReturnPath returns the proof that mail to an exact address came from here: the first 128 bits of an HMAC-SHA-256.
func (k *Keys) ReturnPath(exact string) [16]byte {
	sum := k.links.paths.sum("", []byte(exact))
	return [16]byte(sum[:16])
}
