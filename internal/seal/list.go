package seal

import (
	"errors"
	"slices"

	"github.com/tink-crypto/tink-go/v2/key"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// Keyset names one of the keysets of a key file.
type Keyset string

// The keysets.
const (
	KeysetMaster  Keyset = "master"
	KeysetDigest  Keyset = "digest"
	KeysetEvent   Keyset = "event"
	KeysetSigning Keyset = "signing"
	KeysetClaims  Keyset = "claims"
)

// KeyUse says whether a key is the one in use.
type KeyUse string

// The uses. A key becomes next, primary and old in this order.
const (
	UseNext    KeyUse = "next"    // known, so that what another server makes with it is found, opened or verified; makes nothing yet
	UsePrimary KeyUse = "primary" // makes what is new
	UseOld     KeyUse = "old"     // finds, opens or verifies what was made with it
)

// KeyInfo tells a key of the file without the key itself.
type KeyInfo struct {
	Keyset Keyset
	ID     uint32
	Use    KeyUse
}

// List returns the keys, by keyset, in the order in which they were added.
func (k *Keys) List() []KeyInfo { return slices.Clone(k.held.Load().infos) }

// VerifierKey returns the public key of a signing key as a text that note.NewVerifier reads.
func (k *Keys) VerifierKey(name string, id uint32) (string, error) {
	for _, key := range k.held.Load().signing {
		if key.id == id {
			return verifierKey(name, key.private)
		}
	}
	return "", errors.New("the signing key does not exist")
}

// infosOf tells the keys of a keyset, with the keys. Those added after the primary one are next, those before it old.
func infosOf(name Keyset, handle *keyset.Handle) ([]KeyInfo, []key.Key, error) {
	infos, keys := make([]KeyInfo, handle.Len()), make([]key.Key, handle.Len())
	use := UseOld
	for i := range infos {
		entry, err := handle.Entry(i)
		if err != nil || entry.KeyStatus() != keyset.Enabled {
			return nil, nil, errors.New("it is damaged")
		}
		infos[i], keys[i] = KeyInfo{Keyset: name, ID: entry.KeyID(), Use: use}, entry.Key()
		if entry.IsPrimary() {
			infos[i].Use, use = UsePrimary, UseNext
		}
	}
	return infos, keys, nil
}
